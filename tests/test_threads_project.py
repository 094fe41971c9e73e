"""VET301 over several modules: what a job on threads leads to elsewhere in the project."""

# Small projects are written on few lines.
# ruff: noqa: E501

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from helpers import EVERYTHING
from veteran.findings import Finding
from veteran.runs.batch import run

POOL = "from concurrent.futures import ThreadPoolExecutor\n"
MAP = "\n\ndef go(xs):\n    with ThreadPoolExecutor() as pool:\n        return list(pool.map({target}, xs))\n"
THREAD = "\n\ndef go(xs):\n    threads = [{made} for x in xs]\n    for t in threads:\n        t.start()\n"
HEAVY = "def work(n):\n    return sum(i * i for i in range(n))\n"
READS = "def work(n):\n    with open(n) as file:\n        return sum(len(line) for line in file)\n"


def fan_out(imports: str, target: str = "work", more: str = "") -> str:
    return POOL + imports + "\n" + more + MAP.format(target=target)


def project(root: Path, files: dict[str, str]) -> dict[str, Path]:
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    paths = {}
    for name, text in files.items():
        paths[name] = root / name
        paths[name].parent.mkdir(parents=True, exist_ok=True)
        paths[name].write_text(text)
    return paths


def check(paths: list[Path]) -> list[Finding]:
    return [found for found in run(paths, lambda _: EVERYTHING).findings if found.code == "VET301"]


def found(root: Path, files: dict[str, str]) -> list[str]:
    paths = project(root, files)
    return [f"{Path(finding.path).name}:{finding.span.line}" for finding in check(list(paths.values()))]


INIT = {"pkg/__init__.py": ""}
CLASS = """class Crunch:
    size = 1000

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def work(self, n):
        total = 0
        for i in range(n):
            total += i * self.limit
        return total

    @staticmethod
    def plain(n):
        return sum(i * i for i in range(n))
"""
READER = "class Crunch:\n    def __init__(self, path):\n        self.file = open(path)\n" + (
    "    def work(self, n):\n        total = 0\n        for i in range(n):\n"
    "            total += len(self.file.readline())\n        return total\n"
)
COUNTER = """from threading import Thread


class Counter(Thread):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def run(self):
        total = 0
        for i in range(self.n):
            total += i * i
        self.total = total
"""

HEAVY_PROJECTS: dict[str, dict[str, str]] = {
    "function": {"pkg/a.py": fan_out("from pkg.b import work"), "pkg/b.py": HEAVY},
    "relative": {"pkg/a.py": fan_out("from .b import work"), "pkg/b.py": HEAVY},
    "of a module": {"pkg/a.py": fan_out("from . import b", "b.work"), "pkg/b.py": HEAVY},
    "plain import": {"pkg/a.py": fan_out("import pkg.b", "pkg.b.work"), "pkg/b.py": HEAVY},
    "other name": {"pkg/a.py": fan_out("from .b import work as job", "job"), "pkg/b.py": HEAVY},
    "alias there": {"pkg/a.py": fan_out("from .b import job", "job"), "pkg/b.py": HEAVY + "\n\njob = work\n"},
    "re-export": {
        "pkg/a.py": fan_out("from .c import work"),
        "pkg/c/__init__.py": "from .work import work\n",
        "pkg/c/work.py": HEAVY,
    },
    "star": {
        "pkg/a.py": fan_out("from .c import work"),
        "pkg/c/__init__.py": "from .other import *\nfrom .work import *\n",
        "pkg/c/other.py": "X = 1\n",
        "pkg/c/work.py": HEAVY,
    },
    "two modules down": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from .c import inner\n\n\ndef work(n):\n    return inner(n) + 1\n",
        "pkg/c.py": HEAVY.replace("work", "inner"),
    },
    "helper of a target here": {
        "pkg/a.py": fan_out("from .b import step", more="\n\ndef work(n):\n    return [step(i) for i in range(n)]\n"),
        "pkg/b.py": "def step(i):\n    return i * i + 1\n",
    },
    "lambda": {"pkg/a.py": fan_out("from .b import work", "lambda n: work(n)"), "pkg/b.py": HEAVY},
    "partial": {
        "pkg/a.py": fan_out("from functools import partial\nfrom .b import work", "partial(work, 100000)"),
        "pkg/b.py": "def work(k, n):\n    return sum(i * k for i in range(n))\n",
    },
    "constants": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from .c import TABLE\n\n\ndef work(n):\n    return sum(TABLE[i % 3] * i for i in range(n))\n",
        "pkg/c.py": "TABLE = [1, 2, 3]\n",
    },
    "method": {"pkg/a.py": fan_out("from .b import Crunch", "Crunch(3).work"), "pkg/b.py": CLASS},
    "static method": {"pkg/a.py": fan_out("from .b import Crunch", "Crunch.plain"), "pkg/b.py": CLASS},
    "instance": {"pkg/a.py": fan_out("from .b import Crunch", "c.work", "c = Crunch(3)\n"), "pkg/b.py": CLASS},
    "instance there": {
        "pkg/a.py": fan_out("from .b import crunch", "crunch.work"),
        "pkg/b.py": CLASS + "\n\ncrunch = Crunch(4)\n",
    },
    "attribute of an instance": {
        "pkg/a.py": POOL
        + "from .b import Crunch\n\n\nclass Runner:\n    def __init__(self):\n        self.c = Crunch(3)\n\n"
        "    def go(self, xs):\n        with ThreadPoolExecutor() as pool:\n            pool.map(self.c.work, xs)\n",
        "pkg/b.py": CLASS,
    },
    "inherited method": {
        "pkg/a.py": fan_out("from .b import Crunch", "My(3).work", "\n\nclass My(Crunch):\n    size = 3\n"),
        "pkg/b.py": CLASS,
    },
    "cycle of imports": {
        "pkg/a.py": fan_out("from .b import work", more="\n\ndef step(i):\n    return i * i\n"),
        "pkg/b.py": "from . import a\n\n\ndef work(n):\n    return sum(a.step(i) for i in range(n))\n",
    },
    "recursion over modules": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from . import c\n\n\ndef work(n):\n    return 1 if n < 2 else c.other(n - 1) * 2\n",
        "pkg/c.py": "from . import b\n\n\ndef other(n):\n    return b.work(n - 1) + b.work(n - 2)\n",
    },
    "a name that a broken module has too": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": HEAVY,
        "pkg/broken.py": "def work(:\n",
    },
    "threads": {
        "pkg/a.py": "from threading import Thread\nfrom .b import work\n"
        + THREAD.format(made="Thread(target=work, args=(x,))"),
        "pkg/b.py": HEAVY,
    },
    "thread class": {
        "pkg/a.py": "import threading\nfrom threading import Thread\nfrom .b import Counter\n"
        + THREAD.format(made="Counter(x)"),
        "pkg/b.py": COUNTER,
    },
    "base of a thread class": {
        "pkg/a.py": "from threading import Thread\nfrom .b import Base\n\n\nclass Counter(Base):\n    def run(self):\n"
        "        self.total = sum(i * i for i in range(100_000))\n" + THREAD.format(made="Counter()"),
        "pkg/b.py": "from threading import Thread\n\n\nclass Base(Thread):\n    total = 0\n",
    },
    "inherited run": {
        "pkg/a.py": "from threading import Thread\nfrom .b import Counter\n\n\nclass My(Counter):\n    pass\n"
        + THREAD.format(made="My(x)"),
        "pkg/b.py": COUNTER,
    },
    "to_thread": {
        "pkg/a.py": "import asyncio\nfrom .b import work\n\n\nasync def go(xs):\n"
        "    await asyncio.gather(*(asyncio.to_thread(work, x) for x in xs))\n",
        "pkg/b.py": HEAVY,
    },
    "scripts beside each other": {"a.py": fan_out("from b import work"), "b.py": HEAVY},
}

TWO_DOWN = {
    "pkg/a.py": fan_out("from .b import work"),
    "pkg/b.py": "from .c import inner\n\n\ndef work(n):\n    return sum(inner(i) for i in range(n))\n",
}
B = {"pkg/a.py": fan_out("from .b import work")}

LOOK_ALIKES: dict[str, dict[str, str]] = {
    "reads files": B | {"pkg/b.py": READS},
    "reads two down": TWO_DOWN | {"pkg/c.py": READS.replace("work", "inner")},
    "network two down": TWO_DOWN
    | {"pkg/c.py": "import requests\n\n\ndef inner(n):\n    return requests.get(str(n), timeout=3).status_code\n"},
    "sleeps two down": TWO_DOWN | {"pkg/c.py": "import time\n\n\ndef inner(n):\n    time.sleep(n)\n    return n\n"},
    "locks two down": TWO_DOWN
    | {
        "pkg/c.py": "import threading\nlock = threading.Lock()\n\n\ndef inner(n):\n    with lock:\n"
        "        return n * n\n"
    },
    "numpy two down": TWO_DOWN
    | {"pkg/c.py": "import numpy as np\n\n\ndef inner(n):\n    return np.sum(np.arange(n))\n"},
    "arrays handed on": {
        "pkg/a.py": POOL + "import numpy as np\nfrom .b import work\n" + MAP.format(target="work"),
        "pkg/b.py": "def work(rows):\n    total = 0\n    for row in rows:\n        total = total + row * 2\n"
        "    return total\n",
    },
    "arrays handed on in the middle": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "import numpy as np\nfrom .c import inner\n\n\ndef work(n):\n    return inner(np.zeros(n))\n",
        "pkg/c.py": "def inner(rows):\n    total = 0\n    for row in rows:\n        total = total + row * 2\n"
        "    return total\n",
    },
    "third party two down": TWO_DOWN | {"pkg/c.py": "import fancy\n\n\ndef inner(n):\n    return fancy.compute(n)\n"},
    "subprocess two down": TWO_DOWN
    | {"pkg/c.py": "import subprocess\n\n\ndef inner(n):\n    return subprocess.run(['a', str(n)]).returncode\n"},
    "missing module": B,
    "missing name": B | {"pkg/b.py": "def other(n):\n    return sum(i for i in range(n))\n"},
    "unparsable module": B | {"pkg/b.py": HEAVY + "\n\ndef broken(:\n"},
    "unparsable in the middle": TWO_DOWN | {"pkg/c.py": "def inner(:\n"},
    "bound twice": B | {"pkg/b.py": HEAVY + "\n\nif FAST:\n    from fast import work\n"},
    "fast version": B
    | {
        "pkg/b.py": "try:\n    from ._fast import work\nexcept ImportError:\n    "
        + HEAVY.replace("\n    ", "\n        ")
    },
    "re-bound there": B | {"pkg/b.py": HEAVY + "\n\nwork = wrap(work)\n"},
    "re-bound here": {
        "pkg/a.py": POOL + "from .b import work\nwork = wrap(work)\n" + MAP.format(target="work"),
        "pkg/b.py": HEAVY,
    },
    "re-bound by global": B | {"pkg/b.py": HEAVY + "\n\ndef swap(f):\n    global work\n    work = f\n"},
    "attribute re-bound": {
        "pkg/a.py": POOL + "from . import b\nb.work = open\n" + MAP.format(target="b.work"),
        "pkg/b.py": HEAVY,
    },
    "decorated": B | {"pkg/b.py": "import numba\n\n\n@numba.njit(nogil=True)\n" + HEAVY},
    "decorated by the project": B
    | {"pkg/b.py": "from .c import fast\n\n\n@fast\n" + HEAVY, "pkg/c.py": "def fast(f):\n    return f\n"},
    "parameter of that name": {
        "pkg/a.py": POOL + "from .b import work\n\n\ndef go(work, xs):\n    with ThreadPoolExecutor() as pool:\n"
        "        pool.map(work, xs)\n",
        "pkg/b.py": HEAVY,
    },
    "generator": B | {"pkg/b.py": "def work(n):\n    for i in range(n):\n        yield i * i\n"},
    "coroutine": B | {"pkg/b.py": "async " + HEAVY},
    "light": B | {"pkg/b.py": "def work(n):\n    return n * 2 + 1\n"},
    "few rounds": B | {"pkg/b.py": "def work(n):\n    return sum(i * n for i in range(10))\n"},
    "cycle of re-exports": B | {"pkg/b.py": "from .c import work\n", "pkg/c.py": "from .b import work\n"},
    "cycle of stars": B | {"pkg/b.py": "from .c import *\n", "pkg/c.py": "from .b import *\n"},
    "star of two": B | {"pkg/b.py": "from .c import *\nfrom .d import *\n", "pkg/c.py": HEAVY, "pkg/d.py": READS},
    "star of a third party": B | {"pkg/b.py": "from .c import *\nfrom fancy import *\n", "pkg/c.py": HEAVY},
    "re-export of I/O": {
        "pkg/a.py": fan_out("from .c import work"),
        "pkg/c/__init__.py": "from .work import work\n",
        "pkg/c/work.py": READS,
    },
    "submodule, not function": {
        "pkg/a.py": fan_out("from .c import work"),
        "pkg/c/__init__.py": "",
        "pkg/c/work.py": HEAVY,
    },
    "method that reads": {"pkg/a.py": fan_out("from .b import Crunch", "Crunch('x').work"), "pkg/b.py": READER},
    "overridden here": {
        "pkg/a.py": fan_out(
            "from .b import Crunch",
            "My(3).work",
            "\n\nclass My(Crunch):\n    def work(self, n):\n        return open(n)\n",
        ),
        "pkg/b.py": CLASS,
    },
    "part overridden here": {
        "pkg/a.py": fan_out(
            "from .b import Base", "My().work", "\n\nclass My(Base):\n    def step(self, i):\n        return open(i)\n"
        ),
        "pkg/b.py": "class Base:\n    def step(self, i):\n        return i\n\n    def work(self, n):\n"
        "        return sum(self.step(i) for i in range(n))\n",
    },
    "part overridden in a third module": {
        "pkg/a.py": fan_out("from .c import My", "My().work"),
        "pkg/c.py": "from .b import Base\n\n\nclass My(Base):\n    def step(self, i):\n        return open(i)\n",
        "pkg/b.py": "class Base:\n    def step(self, i):\n        return i\n\n    def work(self, n):\n"
        "        return sum(self.step(i) for i in range(n))\n",
    },
    "method assigned": {
        "pkg/a.py": fan_out("from .b import Crunch", "Crunch(3).work"),
        "pkg/b.py": CLASS + "\n\nCrunch.work = None\n",
    },
    "method of an unknown base": {
        "pkg/a.py": fan_out("from .b import Crunch", "Crunch(3).work"),
        "pkg/b.py": "from fancy import Base\n\n\nclass Crunch(Base):\n    size = 3\n",
    },
    "part of an unknown base": {
        "pkg/a.py": fan_out("from .b import Crunch", "Crunch(3).work"),
        "pkg/b.py": "from fancy import Base\n\n\nclass Crunch(Base):\n    def work(self, n):\n"
        "        return sum(self.step(i) for i in range(n))\n",
    },
    "object of an unknown base": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from .c import Box\n\n\ndef work(n):\n    return [Box(i) for i in range(n)]\n",
        "pkg/c.py": "from fancy import Base\n\n\nclass Box(Base):\n    pass\n",
    },
    "object with a constructor that reads": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from .c import Box\n\n\ndef work(n):\n    return [Box(i) for i in range(n)]\n",
        "pkg/c.py": "class Box:\n    def __init__(self, n):\n        self.text = open(n).read()\n",
    },
    "catalogued below a re-export": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from zlib import compress as work\n",
    },
    "stub only": {"pkg/a.py": fan_out("from .b import work"), "pkg/b.pyi": HEAVY},
    "array object": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from .c import Vector\n\n\ndef work(n):\n    v = Vector(n)\n    for i in range(n):\n        v = v * i\n"
        "    return v\n",
        "pkg/c.py": "class Vector:\n    def __init__(self, n):\n        self.n = n\n\n    def __mul__(self, other):\n"
        "        return native(self, other)\n",
    },
    "shared counter": B
    | {
        "pkg/b.py": "from .c import state\n\n\ndef work(n):\n    for i in range(n):\n        state.done += 1\n",
        "pkg/c.py": "class State:\n    def __init__(self):\n        self.done = 0\n\n\nstate = State()\n",
    },
    "property that reads": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from .c import Box\n\n\ndef work(n):\n    box = Box()\n    return sum(box.size * i for i in range(n))\n",
        "pkg/c.py": "class Box:\n    @property\n    def size(self):\n        return open('x').read()\n",
    },
    "iterates over a reader": B
    | {
        "pkg/b.py": "from .c import Rows\n\n\ndef work(n):\n    return sum(len(row) for row in Rows(n))\n",
        "pkg/c.py": "class Rows:\n    def __init__(self, n):\n        self.n = n\n\n    def __iter__(self):\n"
        "        return iter(open(self.n))\n",
    },
    "generator that reads": B
    | {
        "pkg/b.py": "from .c import rows\n\n\ndef work(n):\n    return sum(len(row) for row in rows(n))\n",
        "pkg/c.py": "def rows(n):\n    for line in open(n):\n        yield line\n",
    },
    "logs in every round": TWO_DOWN
    | {
        "pkg/c.py": "import logging\nlog = logging.getLogger()\n\n\ndef inner(n):\n    log.info('%s', n)\n    return n\n"
    },
    "constant that is a client": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from .c import client\n\n\ndef work(n):\n    return sum(client.get(i) for i in range(n))\n",
        "pkg/c.py": "import fancy\n\nclient = fancy.Client()\n",
    },
    "handed function that reads": {
        "pkg/a.py": fan_out("from .b import work"),
        "pkg/b.py": "from .c import inner\n\n\ndef work(n):\n    return sum(map(inner, range(n)))\n",
        "pkg/c.py": READS.replace("work", "inner"),
    },
    "thread class that waits": {
        "pkg/a.py": "from threading import Thread\nfrom .b import Counter\n" + THREAD.format(made="Counter(x)"),
        "pkg/b.py": COUNTER.replace("total += i * i", "self.queue.get()"),
    },
    "class that is no thread": {
        "pkg/a.py": "from threading import Thread\nfrom .b import Counter\n" + THREAD.format(made="Counter(x)"),
        "pkg/b.py": COUNTER.replace("from threading import Thread", "from multiprocessing import Process as Thread"),
    },
    "base that is a process": {
        "pkg/a.py": "from threading import Thread\nfrom .b import Base\n\n\nclass Counter(Base):\n    def run(self):\n"
        "        self.total = sum(i * i for i in range(100_000))\n" + THREAD.format(made="Counter()"),
        "pkg/b.py": "from multiprocessing import Process\n\n\nclass Base(Process):\n    total = 0\n",
    },
    "base that starts itself otherwise": {
        "pkg/a.py": "from threading import Thread\nfrom fancy import Base\n\n\nclass Counter(Base):\n    def run(self):\n"
        "        self.total = sum(i * i for i in range(100_000))\n" + THREAD.format(made="Counter()"),
    },
    "one worker": {
        "pkg/a.py": fan_out("from .b import work").replace("Executor()", "Executor(max_workers=1)"),
        "pkg/b.py": HEAVY,
    },
    "processes": {
        "pkg/a.py": fan_out("from .b import work").replace("ThreadPool", "ProcessPool"),
        "pkg/b.py": HEAVY,
    },
    "one thread": {
        "pkg/a.py": "from threading import Thread\nfrom .b import work\n\n\ndef go(x):\n    Thread(target=work, args=(x,)).start()\n",
        "pkg/b.py": HEAVY,
    },
}


@pytest.mark.parametrize("name", HEAVY_PROJECTS)
def test_work_elsewhere_is_found(tmp_path: Path, name: str) -> None:
    assert len(found(tmp_path, INIT | HEAVY_PROJECTS[name])) == 1


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_what_only_looks_like_work_is_not(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, INIT | LOOK_ALIKES[name]) == []


def test_there_are_many_look_alikes() -> None:
    assert len(LOOK_ALIKES) >= 2 * len(HEAVY_PROJECTS)


def test_message_and_steps_show_the_way(tmp_path: Path) -> None:
    paths = project(tmp_path, INIT | HEAVY_PROJECTS["two modules down"])
    (finding,) = check([paths["pkg/a.py"]])
    assert finding.message.startswith(f"`work` in {paths['pkg/b.py'].as_posix()} only computes in Python")
    assert [(Path(step.path).name, step.span.line, step.text) for step in finding.steps] == [
        ("b.py", 4, "`work` runs in every thread"),
        ("c.py", 2, "this loop is the work"),
    ]


def test_findings_do_not_depend_on_the_files_named(tmp_path: Path) -> None:
    files = INIT | HEAVY_PROJECTS["two modules down"]
    files["pkg/d.py"] = fan_out("from .c import inner\nfrom .b import work", "inner")
    files["pkg/e.py"] = fan_out("from .d import work")
    paths = list(project(tmp_path, files).values())
    whole = check(paths)
    assert len(whole) == 3
    for count in (1, 2, 3):
        for some in combinations(paths, count):
            names = {path.name for path in some}
            assert check(list(some)) == [finding for finding in whole if Path(finding.path).name in names]


def test_a_comment_silences(tmp_path: Path) -> None:
    files = INIT | HEAVY_PROJECTS["function"]
    files["pkg/a.py"] = files["pkg/a.py"].replace("xs))\n", "xs))  # veteran: ignore[VET301]\n")
    assert found(tmp_path, files) == []


SOLVE = """from threading import Thread


class Solver:
    def __init__(self, board):
        self.board = board
        self.steps = 0

    def solve(self):
        for row in range(100):
            for number in range(100):
                self.steps += number * row
        return self.steps


class Words(Thread):
    def __init__(self, lines):
        super().__init__()
        self.lines = lines
        self.found = {}

    def run(self):
        for line in self.lines:
            for word in line.split():
                self.found[word] = self.found.get(word, 0) + 1


def words(lines):
    found = {}
    for line in lines:
        for word in line.lower().split():
            found[word] = found.get(word, 0) + 1
    return found


def chunks(items, size):
    return [items[i : i + size] for i in range(0, len(items), size)]


def load(path):
    with open(path) as stream:
        return stream.readlines()


def opened(paths):
    return [open(path) for path in paths]
"""
HELD = POOL + "from pkg.solve import Solver, Words, chunks, load, opened, words\n\n\n"


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        ("solvers = [Solver(x) for x in xs]\n    with ThreadPoolExecutor() as pool:\n        return [pool.submit(s.solve) for s in solvers]", True),
        ("solvers = [Solver(x) for x in xs]\n    with ThreadPoolExecutor() as pool:\n        return list(pool.map(lambda s: s.solve(), solvers))", True),
        ("with ThreadPoolExecutor() as pool:\n        return list(pool.map(words, chunks(load(xs), 100)))", True),
        ("with ThreadPoolExecutor() as pool:\n        return list(pool.map(words, opened(xs)))", False),
        ("with ThreadPoolExecutor() as pool:\n        return list(pool.map(words, xs))", False),
        ("lines = load(xs)\n    threads = [Words(lines[i::4]) for i in range(4)]\n    for t in threads:\n        t.start()", True),
        ("threads = [Words(open(x)) for x in xs]\n    for t in threads:\n        t.start()", False),
        ("threads = [Words(x) for x in opened(xs)]\n    for t in threads:\n        t.start()", False),
    ],
)  # fmt: skip
def test_what_other_modules_give_back_and_are_made_with(tmp_path: Path, body: str, reported: bool) -> None:
    files = INIT | {"pkg/solve.py": SOLVE, "pkg/a.py": f"{HELD}def go(xs):\n    {body}\n"}
    assert bool(found(tmp_path, files)) is reported
