"""`veteran why`: every conclusion in words, and that it never disagrees with a check."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers import EVERYTHING, FIXTURES, ROOT, check, fixtures
from veteran.analysis.syntax.source import Source
from veteran.analysis.syntax.tree import parse
from veteran.explain import Explainer
from veteran.frontends import cli
from veteran.settings import forget


class Result(NamedTuple):
    """A finished command."""

    code: int
    out: str
    err: str


Why = Callable[..., Result]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, which is the working directory."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    forget()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    return tmp_path


@pytest.fixture
def why(capsys: pytest.CaptureFixture[str]) -> Why:
    """Runs the command in this process."""

    def run(*arguments: str) -> Result:
        try:
            code: Any = cli.main(["why", *arguments])
        except SystemExit as end:
            code = end.code
        return Result(code, *capsys.readouterr())

    return run


def ask(project: Path, why: Why, text: str, *options: str, path: str = "module.py") -> str:
    """The answer for the line that ends in `# ?`."""
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    line = next(number for number, found in enumerate(text.splitlines(), 1) if found.endswith("# ?"))
    (project / path).write_text(text, encoding="utf-8")
    result = why(f"{path}:{line}", *options)
    assert result.err == ""
    assert result.code == 0
    return result.out


SQL = "import sqlite3\nimport re\nfrom enum import Enum\nimport uuid\nTABLE = 'users'\nclass C(Enum):\n    A = 'a'\n\n"
SQL += "def f(db: sqlite3.Connection, x, n: int, known):\n"
ASYNC = "import time, os, asyncio, subprocess, requests, socket, threading, queue\nfrom functools import cache\n\n"
FILES = "import csv\nfrom pathlib import Path\n\n"
JSON = "import requests, json\nfrom pydantic import BaseModel\n\ndef check_it(d): ...\n\ndef f(url):\n"
JSON += "    data = requests.get(url).json()\n"
THREADS = "import time, threading\nfrom concurrent.futures import ThreadPoolExecutor\n\n"
THREADS += "def heavy(n):\n    total = 0\n    for i in range(n):\n        total += i * i\n    return total\n\n"
THREADS += "def waits(n):\n    for i in range(n):\n        time.sleep(1)\n\n"

CASES: list[tuple[str, str, str]] = [
    # VET201, VET202
    (
        "fired",
        SQL + "    db.execute(f\"SELECT a FROM t WHERE b = '{x}'\")  # ?\n",
        "VET201 fired (medium): `x` is built",
    ),
    ("no-sink", SQL + "    known.frobnicate(f'SELECT {x}')  # ?\n", "`known.frobnicate` is not known to execute SQL"),
    (
        "literal",
        SQL + "    db.execute('SELECT 1')  # ?\n",
        "`db.execute` has only literals as arguments: no text is built",
    ),
    ("no-argument", SQL + "    db.execute()  # ?\n", "`db.execute` is called without an argument"),
    (
        "constant",
        SQL + "    db.execute(f'SELECT a FROM {TABLE} WHERE b = {n}')  # ?\n",
        "`TABLE` is safe because it is constant: 'users'",
    ),
    (
        "int",
        SQL + "    db.execute(f'SELECT a FROM t WHERE b = {n}')  # ?\n",
        "`n`, a value in the SQL, is safe: `int` by its type",
    ),
    (
        "guarded",
        SQL + "    if x not in ('a', 'b'):\n        return\n    db.execute(f'SELECT a FROM {x}')  # ?\n",
        "`x`, an identifier in the SQL, is safe: checked at line 10",
    ),
    (
        "validator",
        SQL + "    check_name(x)\n    db.execute(f'SELECT a FROM {x}')  # ?\n",
        "is safe: checked at line 10",
    ),
    (
        "pattern",
        SQL + "    if not re.fullmatch('[a-z]+', x):\n        return\n    db.execute(f'SELECT a FROM {x}')  # ?\n",
        "is safe: checked at line 10",
    ),
    (
        "match",
        SQL + "    match x:\n        case 'a' | 'b':\n            db.execute(f'SELECT a FROM {x}')  # ?\n",
        "is safe: checked at line 10",
    ),
    (
        "quoted",
        SQL + "    db.execute(f'SELECT a FROM {quote_name(x)}')  # ?\n",
        "is safe: quoted or checked by `quote_name`",
    ),
    (
        "placeholders",
        SQL + "    marks = ','.join('?' * len(x))\n    db.execute(f'SELECT a FROM t WHERE b IN ({marks})', x)  # ?\n",
        "`marks` is safe because it is constant: '?'",
    ),
    (
        "enum",
        SQL + "    db.execute(f'SELECT a FROM {C.A.value}')  # ?\n",
        "is safe: of a number, or a member of an enumeration",
    ),
    (
        "number-format",
        SQL + "    db.execute('SELECT a FROM t WHERE b = %d' % x)  # ?\n",
        "is safe: formatted as a number",
    ),
    (
        "doubled",
        SQL + "    x = x.replace('\"', '\"\"')\n    db.execute(f'SELECT a FROM \"{x}\"')  # ?\n",
        "is safe: its quotes are doubled",
    ),
    (
        "name-constant",
        SQL + "    from settings import COLUMN\n    db.execute(f'SELECT {COLUMN} FROM t')  # ?\n",
        "is safe: a constant by its name",
    ),
    (
        "private",
        "import sqlite3\n\ndef _find(db: sqlite3.Connection, t):\n    return db.execute(f'SELECT a FROM {t}')  # ?\n\n"
        "def f(db):\n    _find(db, 'users')\n",
        "`t` of `_find` is a parameter of a private function, and all its callers pass what is safe",
    ),
    (
        "handed-on",
        "import sqlite3\n\ndef run(db: sqlite3.Connection, q):\n    return db.execute(q)  # ?\n",
        "`q` is a parameter of `run`: its calls in this module decide",
    ),
    (
        "no-sql",
        "def f(cursor, x):\n    cursor.execute(f'hello {x}')  # ?\n",
        "the text does not read as SQL, and the receiver is not known as a database",
    ),
    (
        "elsewhere",
        SQL + '    query = "SELECT a FROM t WHERE b = \'" + x + "\'"\n    db.execute(query)  # ?\n',
        "VET201 fired elsewhere (medium): part of the finding at line 10",
    ),
    (
        "other-kind",
        SQL + "    db.execute(f\"SELECT a FROM t WHERE b = '{x}'\")  # ?\n",
        "VET202 silent: no name, keyword or statement",
    ),
    (
        "conditional-statement",
        SQL + "    db.execute(f'{x}; SELECT 1 FROM {TABLE}') if x in ('a', 'b') else None  # ?\n",
        "VET201",
    ),
    # VET311, VET312
    ("async-fired", ASYNC + "async def f():\n    time.sleep(1)  # ?\n", "VET311 fired (high): `time.sleep` sleeps"),
    (
        "unlisted",
        ASYNC + "async def f():\n    os.getpid()  # ?\n",
        "is `os.getpid`, which the catalogue does not list as blocking",
    ),
    (
        "receiver",
        ASYNC + "async def f(thing):\n    thing.get(1)  # ?\n",
        "unknown receiver: what `thing` is cannot be told",
    ),
    ("sync", ASYNC + "def f():\n    time.sleep(1)  # ?\n", "`time.sleep` is listed, but `f` is no coroutine"),
    ("module", ASYNC + "async def f(): ...\ntime.sleep(1)  # ?\n", "it stands in no coroutine but in a module"),
    (
        "lambda",
        ASYNC + "async def f():\n    return lambda: time.sleep(1)  # ?\n",
        "it stands in no coroutine but in a lambda",
    ),
    ("awaited", ASYNC + "async def f():\n    await time.sleep(1)  # ?\n", "`time.sleep` is listed, but it is awaited"),
    (
        "lazy",
        ASYNC + "async def f(xs):\n    return (time.sleep(x) for x in xs)  # ?\n",
        "it stands in a generator expression that may run elsewhere",
    ),
    (
        "harmless",
        ASYNC + "async def f():\n    lock = threading.Lock()\n    await f()\n    lock.acquire(blocking=False)  # ?\n",
        "is listed, but an argument makes it harmless",
    ),
    (
        "flag",
        ASYNC + "async def f(is_async):\n    if not is_async:\n        time.sleep(1)  # ?\n",
        "a flag on the way here says that no event loop is in use",
    ),
    (
        "proc",
        ASYNC + "async def f():\n    return open('/proc/stat')  # ?\n",
        "the kernel answers this path from memory",
    ),
    (
        "queue",
        ASYNC + "async def f():\n    q = queue.Queue()\n    q.put(1)  # ?\n",
        "the queue has no limit, or none in sight",
    ),
    (
        "local-function",
        ASYNC + "def g(): ...\n\nasync def f():\n    g()  # ?\n",
        "`g` is `g` of this module, which the catalogue does not list as blocking",
    ),
    (
        "helper-fired",
        ASYNC + "def g():\n    time.sleep(1)\n\nasync def f():\n    g()  # ?\n",
        "VET312 fired (high): `g` sleeps",
    ),
    (
        "helper-quiet",
        ASYNC + "def h(): ...\n\ndef g():\n    h()\n    os.getpid()\n\nasync def f():\n    g()  # ?\n",
        "`g` is `g` in module.py: nothing in it is known to block (2 functions followed)",
    ),
    (
        "helper-quiet-steps",
        ASYNC + "def g():\n    os.getpid()\n\nasync def f():\n    g()  # ?\n",
        "`os.getpid` is `os.getpid`, of which nothing is known to block",
    ),
    (
        "helper-memoised",
        ASYNC + "@cache\ndef g():\n    time.sleep(1)\n\nasync def f():\n    g()  # ?\n",
        "below the minimum confidence, which is medium: `g` is a memoised helper",
    ),
    (
        "helper-dead",
        ASYNC + "def g(wait=True):\n    if wait:\n        time.sleep(1)\n\nasync def f():\n    g(wait=False)  # ?\n",
        "`time.sleep` blocks, but the arguments make this a dead branch: see `wait`",
    ),
    (
        "helper-again",
        ASYNC + "def g():\n    time.sleep(1)\n\nasync def f():\n    g()\n    g()  # ?\n",
        "reported once for each coroutine and helper, at another call",
    ),
    ("helper-async", ASYNC + "async def g(): ...\n\nasync def f():\n    await g()  # ?\n", "which is a coroutine"),
    (
        "helper-offloaded",
        ASYNC + "@sync_to_async\ndef g():\n    time.sleep(1)\n\nasync def f():\n    await g()  # ?\n",
        "which is handed over to a thread or executor by its decorator",
    ),
    (
        "helper-generator",
        ASYNC + "def g():\n    time.sleep(1)\n    yield 1\n\nasync def f():\n    return g()  # ?\n",
        "which is a generator that is not gone through in place",
    ),
    ("helper-unknown", ASYNC + "async def f(g):\n    g()  # ?\n", "`g` is not resolved"),
    (
        "helper-foreign",
        ASYNC + "async def f():\n    os.getpid()  # ?\n",
        "which is no function of this project's modules",
    ),
    (
        "helper-class",
        ASYNC + "class G: ...\n\nasync def f():\n    G()  # ?\n",
        "a class: making an object of it runs no function",
    ),
    (
        "helper-sync-caller",
        ASYNC + "async def g(): ...\n\ndef f():\n    g()  # ?\n",
        "is called by the function `f`, which is no coroutine",
    ),
    # VET101, VET102
    (
        "lines-fired",
        FILES
        + "def f(path):\n    with open(path) as log:\n        for x in log.readlines():  # ?\n            print(x)\n",
        "VET101 fired",
    ),
    (
        "lines-unknown",
        FILES + "def f(log):\n    for x in log.readlines():  # ?\n        print(x)\n",
        "unknown receiver: `log` is not known as a file",
    ),
    (
        "lines-needed",
        FILES + "def f(path):\n    with open(path) as log:\n        return sorted(log.readlines())  # ?\n",
        "the list is needed, or its use is not known as one pass: `sorted(log.readlines())`, line 6",
    ),
    (
        "lines-twice",
        FILES + "def f(path):\n    with open(path) as log:\n        xs = log.readlines()  # ?\n"
        "    for x in xs:\n        print(x)\n    print(len(xs))\n",
        "the list is needed: `xs` is used more than once",
    ),
    (
        "lines-small",
        FILES
        + "def f():\n    with open('.env') as env:\n        for x in env.readlines():  # ?\n            print(x)\n",
        "the file is small by its name",
    ),
    (
        "lines-limit",
        FILES
        + "def f(path):\n    with open(path) as log:\n        for x in log.readlines(9):  # ?\n            print(x)\n",
        "`readlines` has a limit",
    ),
    (
        "split-unknown",
        FILES + "def f(path):\n    for x in path.read_text().splitlines():  # ?\n        print(x)\n",
        "unknown receiver: `path` is not known as a file or path",
    ),
    (
        "split-other",
        FILES + "def f(path: Path):\n    for x in path.read_text().split(','):  # ?\n        print(x)\n",
        "it is not split at the ends of lines",
    ),
    (
        "split-moved",
        FILES + "def f(path):\n    with open(path) as log:\n        for x in list(log):  # ?\n            print(x)\n"
        "        log.seek(0)\n",
        "`log` is moved, written or read again after it was read",
    ),
    # VET301
    (
        "threads-fired",
        THREADS + "def f():\n    with ThreadPoolExecutor() as pool:\n        pool.map(heavy, range(9, 99))  # ?\n",
        "VET301",
    ),
    (
        "threads-waits",
        THREADS + "def f(xs):\n    with ThreadPoolExecutor() as pool:\n        pool.map(waits, xs)  # ?\n",
        "`waits` is not proven to compute only:",
    ),
    (
        "threads-waits-line",
        THREADS + "def f(xs):\n    with ThreadPoolExecutor() as pool:\n        pool.map(waits, xs)  # ?\n",
        "line 12",
    ),
    (
        "threads-unknown",
        THREADS + "def f(xs, g):\n    with ThreadPoolExecutor() as pool:\n        pool.map(g, xs)  # ?\n",
        "target unknown: which function `g` is",
    ),
    (
        "threads-one",
        THREADS + "def f(xs):\n    t = threading.Thread(target=heavy, args=(9,))  # ?\n    t.start()\n",
        "no fan-out: it is the only one here",
    ),
    (
        "threads-single-worker",
        THREADS + "def f(xs):\n    with ThreadPoolExecutor(1) as pool:\n        pool.map(heavy, xs)  # ?\n",
        "no fan-out: this hands nothing to threads, or one worker does it",
    ),
    (
        "threads-none",
        THREADS + "def f(xs):\n    print(xs)  # ?\n",
        "VET301 no call on this line that hands a function to threads",
    ),
    # VET401
    ("json-fired", JSON + "    return data['a']  # ?\n", "VET401 fired (high): `data['a']` reads"),
    (
        "json-receiver",
        JSON + "    return url.json()['a']  # ?\n",
        "unknown receiver: `url` is not known as an HTTP response",
    ),
    (
        "json-loads",
        JSON + "    return json.loads(url)['a']  # ?\n",
        "what is decoded is not known as the body of an HTTP response",
    ),
    ("json-get", JSON + "    return data.get('a')  # ?\n", "`get` raises nothing for a missing key"),
    (
        "json-guarded",
        JSON + "    if 'a' in data:\n        return data['a']  # ?\n",
        "`data['a']` is guarded by `'a' in data` at line 8",
    ),
    (
        "json-caught",
        JSON + "    try:\n        return data['a']  # ?\n    except KeyError:\n        return None\n",
        "`data['a']` is caught by `except KeyError` at line 10",
    ),
    (
        "json-bare",
        JSON + "    try:\n        return data['a']  # ?\n    except:\n        return None\n",
        "`data['a']` is caught by a bare `except` at line 10",
    ),
    (
        "json-validated",
        JSON + "    check_it(data)\n    return data['a']  # ?\n",
        "`data['a']` is validated by `check_it(data)` at line 8",
    ),
    (
        "json-stored",
        JSON + "    data['a'] = 1\n    return data['a']  # ?\n",
        "put there before by the program itself",
    ),
    (
        "json-again",
        JSON + "    if 'a' in data:\n        print(data['a'])\n        return data['a']  # ?\n",
        "accessed before, where its absence was seen to",
    ),
    # Whatever the rule
    (
        "suppressed",
        ASYNC + "async def f():\n    time.sleep(1)  # noqa: VET311 # ?\n",
        "suppressed by the comment at line 5",
    ),
    (
        "off",
        ASYNC + "async def f():\n    os.stat('x')  # ?\n",
        "VET313 found, not reported (medium): not selected: off by default",
    ),
    ("empty", ASYNC + "# a comment # ?\n", "the line holds no code that any rule looks at"),
    ("assignment", ASYNC + "async def f():\n    x = 1  # ?\n", "the line holds no code that any rule looks at"),
    ("gate", "x = print(1)  # ?\n", "VET101 not run: the file does not pass the gate, it lacks `readlines`"),
]


@pytest.mark.parametrize(("text", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_reason(project: Path, why: Why, text: str, said: str) -> None:
    assert said in ask(project, why, text)


def test_built_sql(project: Path, why: Why) -> None:
    text = "def f(x):\n    return f\"SELECT a FROM t WHERE b = '{x}'\"  # ?\n"
    assert "VET203 found, not reported (medium): not selected: off by default" in ask(project, why, text)
    assert "VET203 fired" in ask(project, why, text, "--extend-select", "VET203")
    text = 'def f(x: int):\n    return f"SELECT a FROM t WHERE b = {x}"  # ?\n'
    assert "does not read as SQL, or all of it is safe" in ask(project, why, text, "--extend-select", "VET203")


SLEEP = ASYNC + "async def f():\n    time.sleep(1)  # ?\n"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("ignore = ['VET311']", "not selected: `ignore` names it"),
        ("select = ['VET2']", "not selected: `select` does not name it"),
        ("per-file-ignores = {'*.py' = ['VET311']}", "not selected: `per-file-ignores` names it for this file"),
        ("contexts = {tests = ['module.py']}", "off in the context `tests`, which the file is in"),
        ("contexts = {cli = ['module.py']}", "in the context `cli` of low confidence, below the minimum confidence"),
        ("extend-exclude = ['module.py']", "the file is excluded"),
        ("min-confidence = 'high'", "VET311 fired (high)"),
    ],
)
def test_settings(project: Path, why: Why, settings: str, said: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.veteran]\n{settings}\n")
    forget()
    assert said in ask(project, why, SLEEP)


def test_free_threaded(project: Path, why: Why) -> None:
    (project / "pyproject.toml").write_text("[tool.veteran]\nfree-threaded = true\n")
    forget()
    text = THREADS + "def f(xs):\n    with ThreadPoolExecutor() as pool:\n        pool.map(waits, xs)  # ?\n"
    assert "VET301 off: the settings say `free-threaded`" in ask(project, why, text)


def test_minimum_confidence_of_the_command_line(project: Path, why: Why) -> None:
    text = "async def f(path):\n    open(path)  # ?\n"
    assert "VET311 fired (medium)" in ask(project, why, text)
    said = ask(project, why, text, "--min-confidence", "high")
    assert "of medium confidence, below the minimum confidence, which is high" in said


def test_helper_in_another_module(project: Path, why: Why) -> None:
    (project / "pkg").mkdir()
    (project / "pkg/__init__.py").write_text("")
    (project / "pkg/low.py").write_text(
        "import time\n\n\ndef wait():\n    time.sleep(1)\n\n\ndef calm():\n    print()\n"
    )
    head = "from pkg.low import wait, calm\n\n\nasync def f():\n    wait()\n    calm()\n"
    fired = ask(project, why, head.replace("wait()\n", "wait()  # ?\n"), path="pkg/top.py")
    assert "VET312 fired" in fired
    assert "pkg/low.py:5" in fired
    calm = ask(project, why, head.replace("calm()\n", "calm()  # ?\n"), path="pkg/top.py")
    assert "`calm` is `calm` in pkg/low.py: nothing in it is known to block" in calm


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("broken.wait()", "`.broken.wait`, and pkg/broken.py does not parse or cannot be read: the chain ends there"),
        ("low.gone()", "and pkg/low.py is not known to bind `gone` to a function or class"),
        ("gone.wait()", "and pkg/__init__.py is not known to bind `gone` to a function or class"),
        ("low.Job().join()", "and nothing in this project is known to give `Job` in pkg/low.py its `join`"),
        ("low.outside().wait()", "and `fancy.outside` is no part of this project"),
        ("low.seldom().wait()", "and what `seldom` in pkg/low.py gives is not known"),
        ("fancy.wait()", "`fancy.wait`, which is no function of this project's modules"),
        ("low.seldom()", "`time.sleep` at line 8 is called rarely, waits shortly, or its outcome is kept"),
        ("low.way()", "`seldom` is called rarely at line 15, or its outcome is kept"),
        ("low.kept()", "below the minimum confidence, which is medium: `kept` is a memoised helper"),
    ],
)
def test_where_a_chain_ends(project: Path, why: Why, call: str, said: str) -> None:
    (project / "pkg").mkdir()
    (project / "pkg/__init__.py").write_text("")
    (project / "pkg/broken.py").write_text("def wait(:\n")
    (project / "pkg/low.py").write_text(
        "import functools, time\nfrom fancy import outside\nfrom multiprocessing import Process\n"
        "def seldom():\n    try:\n        print()\n    except OSError:\n        time.sleep(9)\n"
        "\n\ndef way():\n    try:\n        print()\n    except OSError:\n        seldom()\n"
        "\n\n@functools.cache\ndef kept():\n    time.sleep(9)\n"
        "\n\nclass Job(Process):\n    pass\n"
    )
    text = f"import fancy\nfrom . import broken, gone, low\n\n\nasync def f():\n    {call}  # ?\n"
    assert said in ask(project, why, text, path="pkg/top.py")


def test_callers_excuse_a_place_alone(project: Path, why: Why) -> None:
    text = SQL + "    return _find(db, 'users')\n\n\ndef _find(db: sqlite3.Connection, t):\n"
    said = ask(project, why, text + "    db.execute(f'SELECT a FROM {t}')  # ?\n")
    assert "all its callers pass what is safe" in said
    assert "another place" not in said


def test_jobs_that_another_module_starts(project: Path, why: Why) -> None:
    (project / "each.py").write_text(
        THREADS + "def each(fn, xs):\n    with ThreadPoolExecutor() as pool:\n        return list(pool.map(fn, xs))\n"
    )
    head = "from each import each\n\n\ndef work(n):\n    return sum(i * i for i in range(n))\n\n\n"
    said = ask(project, why, head + "def go(xs):\n    return each(work, xs)  # ?\n")
    assert "VET301 fired (high): `work` only computes in Python" in said
    assert "`each` hands it to several threads" in said


def test_the_example_of_the_manual(project: Path, why: Why) -> None:
    manual = (ROOT / "docs/why.md").read_text(encoding="utf-8")
    program, shown = (manual.split(f"```{kind}\n")[1].split("```")[0] for kind in ("python", "text"))
    (project / "app.py").write_text(program)
    assert shown in why("app.py:5").out


def test_json(project: Path, why: Why) -> None:
    said = json.loads(ask(project, why, SLEEP, "--output-format", "json"))
    assert said["version"] == 1
    assert (said["path"], said["line"], said["column"]) == ("module.py", 5, None)
    first = said["conclusions"][0]
    assert first["rules"] == [{"code": "VET311", "name": "blocking-call-in-async"}]
    assert (first["verdict"], first["confidence"], first["place"]["column"]) == ("fired", "high", 5)
    assert {one["verdict"] for one in said["conclusions"]} <= {
        "fired",
        "hidden",
        "elsewhere",
        "silent",
        "nothing",
        "off",
    }
    spoken = {rule["code"] for one in said["conclusions"] for rule in one["rules"]}
    assert {"VET101", "VET201", "VET301", "VET311", "VET312", "VET313", "VET401"} <= spoken


def test_column(project: Path, why: Why) -> None:
    (project / "a.py").write_text("import time\n\nasync def f():\n    time.sleep(1); print(2)\n")
    assert "time.sleep" in why("a.py:4:6").out
    assert "`print`" not in why("a.py:4:6").out
    assert "`print`" in why("a.py:4:20").out
    assert "VET311 fired" not in why("a.py:4:20").out


def test_file_that_does_not_parse(project: Path, why: Why) -> None:
    (project / "a.py").write_text("import time\nasync def f(:\n    time.sleep(1)\n")
    result = why("a.py:3")
    assert result.code == 0
    assert "the file does not parse, so no rule looks at it: line 2" in result.out
    assert "VET001 fired" in why("a.py:2").out


@pytest.mark.parametrize("place", ["a.py", "a.py:0", "a.py:x", ":3", "a.py:99", "a.py:1:99", "b.py:1", ".:1", ""])
def test_misuse(project: Path, why: Why, place: str) -> None:
    (project / "a.py").write_text("x = 1\n")
    result = why(place)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("veteran: ")
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: str(path.relative_to(FIXTURES)))
def test_it_says_fired_where_a_check_does_and_nowhere_else(path: Path) -> None:
    data = path.read_bytes()
    source = Source.from_bytes(data)
    explainer = Explainer(Path(path.name), data, EVERYTHING, source, parse(source))
    findings = check(source.text, path.name)
    for line in range(1, len(source.lines) + 1):
        expected = {(f.code, f.message) for f in findings if f.span.line <= line <= f.span.end_line}
        said = explainer.at(line)
        assert {(one.codes[0], one.text) for one in said if one.verdict == "fired"} == expected
        assert all(one.text and "\0" not in one.text for one in said)
