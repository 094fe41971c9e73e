"""VET301 where another function, of this module or another one, hands the work to threads."""

# Small projects are written on few lines.
# ruff: noqa: E501

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from helpers import EVERYTHING
from test_threads_project import HEAVY, INIT, POOL, READS, check, found, project
from veteran.analysis.syntax.gate import Glance
from veteran.catalog import catalog_for
from veteran.project.import_index import imports_of
from veteran.runs.batch import run
from veteran.runs.store import Stores

EACH = POOL + "\n\ndef each(fn, xs):\n    with ThreadPoolExecutor() as pool:\n        return list(pool.map(fn, xs))\n"
CALL = "\n\ndef go(xs):\n    return {call}\n"
LATER = POOL + "\n\nKEPT = ThreadPoolExecutor(4)\n\n\ndef later(fn, *args):\n    return KEPT.submit(fn, *args)\n"
ONE = "import asyncio\n\n\nasync def one(fn, x):\n    return await asyncio.to_thread(fn, x)\n"


def caller(imports: str, call: str = "each(work, xs)", work: str = "from .b import work\n") -> str:
    return f"{imports}\n{work}" + CALL.format(call=call)


B = INIT | {"pkg/b.py": HEAVY}
SPREADS = {
    "in the same module": B | {"pkg/a.py": EACH + "\n\nfrom .b import work\n" + CALL.format(call="each(work, xs)")},
    "all in one module": INIT | {"pkg/a.py": EACH + "\n\n" + HEAVY + CALL.format(call="each(work, xs)")},
    "in another module": B | {"pkg/a.py": caller("from .c import each"), "pkg/c.py": EACH},
    "work here": INIT | {"pkg/a.py": caller("from .c import each", work="\n\n" + HEAVY), "pkg/c.py": EACH},
    "absolute": B | {"pkg/a.py": caller("import pkg.c", "pkg.c.each(work, xs)"), "pkg/c.py": EACH},
    "other name": B | {"pkg/a.py": caller("from .c import each as all_of", "all_of(work, xs)"), "pkg/c.py": EACH},
    "of a module": B | {"pkg/a.py": caller("from . import c", "c.each(work, xs)"), "pkg/c.py": EACH},
    "re-export": B
    | {"pkg/a.py": caller("from . import each"), "pkg/c.py": EACH, "pkg/__init__.py": "from .c import each\n"},
    "re-export by star": B
    | {"pkg/a.py": caller("from .d import each"), "pkg/c.py": EACH, "pkg/d.py": "from .c import *\n"},
    "package that hands it on": B
    | {
        "pkg/a.py": caller("import pkg", "pkg.each(work, xs)"),
        "pkg/c.py": EACH,
        "pkg/__init__.py": "from .c import each\n",
    },
    "keyword": B | {"pkg/a.py": caller("from .c import each", "each(xs=xs, fn=work)"), "pkg/c.py": EACH},
    "lambda": B | {"pkg/a.py": caller("from .c import each", "each(lambda x: work(x), xs)"), "pkg/c.py": EACH},
    "partial": B
    | {"pkg/a.py": "from functools import partial\n" + caller("from .c import each", "each(partial(work), xs)"), "pkg/c.py": EACH},
    "two functions": B
    | {"pkg/a.py": caller("from .c import outer", "outer(work, xs)"), "pkg/c.py": EACH + "\n\ndef outer(f, ys):\n    return each(f, ys)\n"},
    "method": B
    | {
        "pkg/a.py": caller("from .c import Runner", "Runner().each(work, xs)"),
        "pkg/c.py": POOL + "\n\nclass Runner:\n    def __init__(self):\n        self.pool = ThreadPoolExecutor(4)\n\n"
        "    def each(self, fn, xs):\n        return list(self.pool.map(fn, xs))\n",
    },
    "submitted later": B
    | {"pkg/a.py": caller("from .c import later", "[later(work, x) for x in xs]"), "pkg/c.py": LATER},
    "gathered": B
    | {
        "pkg/a.py": "import asyncio\nfrom .c import one\nfrom .b import work\n\n\nasync def go(xs):\n"
        "    await asyncio.gather(*(one(work, x) for x in xs))\n",
        "pkg/c.py": ONE,
    },
    "pool elsewhere": B
    | {"pkg/a.py": caller("from .c import KEPT", "list(KEPT.map(work, xs))"), "pkg/c.py": LATER},
    "pool of a module": B
    | {"pkg/a.py": caller("from . import c", "list(c.KEPT.map(work, xs))"), "pkg/c.py": LATER},
}  # fmt: skip

A = B | {"pkg/a.py": caller("from .c import each")}


def each(body: str, head: str = "def each(fn, xs):") -> dict[str, str]:
    return A | {"pkg/c.py": f"{POOL}from os import process\n\n\n{head}\n{body}"}


MAPS = "    with ThreadPoolExecutor() as pool:\n        return list(pool.map(fn, xs))\n"
LOOK_ALIKES = {
    "work that reads": A | {"pkg/b.py": READS, "pkg/c.py": EACH},
    "light work": A | {"pkg/b.py": "def work(n):\n    return n + 1\n", "pkg/c.py": EACH},
    "no function": A | {"pkg/b.py": "work = None\n", "pkg/c.py": EACH},
    "work of a third party": B | {"pkg/a.py": caller("from .c import each", work="from fancy import work\n"), "pkg/c.py": EACH},
    "processes": A | {"pkg/c.py": EACH.replace("Thread", "Process") + "\n\nimport threading  # Thread\n"},
    "one worker": A | {"pkg/c.py": EACH.replace("Executor()", "Executor(1)")},
    "a flag decides": each("    if xs:\n" + MAPS.replace("    ", "        ")),
    "one after another as well": each("    if len(xs) < 3:\n        return [fn(x) for x in xs]\n" + MAPS),
    "re-bound": each("    fn = process(fn)\n" + MAPS),
    "another is handed over": each(MAPS.replace("map(fn", "map(process")),
    "wrapped": each(MAPS.replace("map(fn", "map(process(fn)")),
    "decorated": each(MAPS, "@process\ndef each(fn, xs):"),
    "generator": each("    yield 1\n" + MAPS),
    "never in the same call": each("    def inner():\n        return fn\n    return process(inner, xs)\n"),
    "default instead": B | {"pkg/a.py": caller("from .c import each", "each(xs=xs)"), "pkg/c.py": EACH},
    "other argument": B | {"pkg/a.py": caller("from .c import each", "each(xs, work)"), "pkg/c.py": EACH},
    "starred": B | {"pkg/a.py": caller("from .c import each", "each(*xs, work)"), "pkg/c.py": EACH},
    "re-bound name": B | {"pkg/a.py": caller("from .c import each\neach = print"), "pkg/c.py": EACH},
    "bound twice there": A | {"pkg/c.py": EACH + "\n\nif FAST:\n    from fast import each\n"},
    "missing module": A,
    "unparsable module": A | {"pkg/c.py": EACH + "\n\ndef broken(:\n"},
    "stub only": A | {"pkg/c.pyi": EACH},
    "third party": B | {"pkg/a.py": caller("from fancy import each")},
    "cycle of imports": A | {"pkg/c.py": "from .d import each\n", "pkg/d.py": "from .c import each\n"},
    "cycle of stars": A | {"pkg/c.py": "from .d import *\n", "pkg/d.py": "from .c import *\n"},
    "circle of functions": A | {"pkg/c.py": "# Thread\ndef each(fn, xs):\n    return other(fn, xs)\n\n\ndef other(fn, xs):\n    return each(fn, xs)\n"},
    "only named": B | {"pkg/a.py": "from .c import each\nfrom .b import work\n\nPAIR = each, work\n", "pkg/c.py": EACH},
    "in a text": B | {"pkg/a.py": '"""\nfrom .c import each\n"""\nfrom .b import work\n\n\ndef go(each, xs):\n    return each(work, xs)\n', "pkg/c.py": EACH},
    "one job": B | {"pkg/a.py": caller("from .c import later", "later(work, xs)"), "pkg/c.py": LATER},
    "waited for one by one": B | {"pkg/a.py": caller("from .c import later", "[later(work, x).result() for x in xs]"), "pkg/c.py": LATER},
    "waited for there": B | {"pkg/a.py": caller("from .c import later", "[later(work, x) for x in xs]"), "pkg/c.py": LATER.replace("*args)\n", "*args).result()\n")},
    "one awaited": B | {"pkg/a.py": "from .c import one\nfrom .b import work\n\n\nasync def go(x):\n    return await one(work, x)\n", "pkg/c.py": ONE},
    "awaited in turn": B | {"pkg/a.py": "from .c import one\nfrom .b import work\n\n\nasync def go(xs):\n    for x in xs:\n        await one(work, x)\n", "pkg/c.py": ONE},
    "pool of one elsewhere": B | {"pkg/a.py": caller("from .c import KEPT", "list(KEPT.map(work, xs))"), "pkg/c.py": LATER.replace("(4)", "(1)")},
    "processes elsewhere": B | {"pkg/a.py": caller("from .c import KEPT", "list(KEPT.map(work, xs))"), "pkg/c.py": LATER.replace("Thread", "Process") + "# Thread\n"},
    "no pool": B | {"pkg/a.py": caller("from .c import KEPT", "list(KEPT.map(work, xs))"), "pkg/c.py": LATER.replace("ThreadPoolExecutor(4)", "[1]")},
    "method on the class": B | {"pkg/a.py": caller("from .c import Runner", "Runner.each(work, xs)"), "pkg/c.py": POOL + "\n\nclass Runner:\n    def each(self, fn, xs):\n        with ThreadPoolExecutor() as pool:\n            return list(pool.map(fn, xs))\n"},
    "asks for the GIL": A | {"pkg/c.py": EACH + "\n\nimport sys\nsys._is_gil_enabled()\n"},
    "another module of that name": B | {"pkg/a.py": caller("from c import each"), "pkg/c.py": EACH},
}  # fmt: skip


@pytest.mark.parametrize("name", SPREADS)
def test_functions_that_spread_jobs_are_followed(tmp_path: Path, name: str) -> None:
    assert len(found(tmp_path, SPREADS[name])) == 1


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_what_only_looks_like_it_is_silent(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, LOOK_ALIKES[name]) == []


def test_there_are_many_look_alikes() -> None:
    assert len(LOOK_ALIKES) >= 2 * len(SPREADS)


def test_message_and_steps(tmp_path: Path) -> None:
    paths = project(tmp_path, SPREADS["in another module"])
    (finding,) = check([paths["pkg/a.py"]])
    assert "the threads of `each` take as long as one after another" in finding.message
    assert [(Path(step.path).name, step.span.line, step.text) for step in finding.steps] == [
        ("b.py", 1, "`work` runs in every thread"),
        ("c.py", 6, "`each` hands it to several threads"),
        ("b.py", 2, "this loop is the work"),
    ]


@pytest.mark.parametrize("name", ["in another module", "re-export", "pool elsewhere", "gathered"])
def test_files_named_and_the_cache_change_nothing(tmp_path: Path, name: str) -> None:
    paths = list(project(tmp_path, SPREADS[name]).values())
    whole = check(paths)
    assert len(whole) == 1
    settings = EVERYTHING._replace(root=tmp_path, cache_dir="kept")
    for some in (*combinations(paths, 1), tuple(paths), *combinations(paths, 1)):
        names = {path.name for path in some}
        expected = [finding for finding in whole if Path(finding.path).name in names]
        assert check(list(some)) == expected
        warm = run(list(some), lambda _: settings, stores=Stores()).findings
        assert [finding for finding in warm if finding.code == "VET301"] == expected


def test_the_function_changes(tmp_path: Path) -> None:
    paths = project(tmp_path, SPREADS["in another module"])
    settings = EVERYTHING._replace(root=tmp_path, cache_dir="kept")

    def codes() -> list[str]:
        return [f.code for f in run([paths["pkg/a.py"]], lambda _: settings, stores=Stores()).findings]

    assert codes() == ["VET301"]
    paths["pkg/c.py"].write_text(EACH.replace("Thread", "Process"))
    assert codes() == []
    paths["pkg/c.py"].write_text(EACH)
    assert codes() == ["VET301"]


@pytest.mark.parametrize("comment", ["noqa", "noqa: VET301", "veteran: ignore[VET301]", "veteran: ignore[VET301] why"])
def test_a_comment_silences_where_nothing_else_is_looked_for(tmp_path: Path, comment: str) -> None:
    files = dict(SPREADS["in another module"])
    files["pkg/a.py"] = files["pkg/a.py"].replace("each(work, xs)\n", f"each(work, xs)  # {comment}\n")
    assert found(tmp_path, files) == []


@pytest.mark.parametrize(
    ("text", "imports", "stars"),
    [
        ("import a", {"a": "a"}, ()),
        ("import a.b, c as d", {"a.b": "a.b", "d": "c"}, ()),
        ("from . import x", {"x": ".x"}, ()),
        ("from ..a.b import x as y, z", {"y": "..a.b.x", "z": "..a.b.z"}, ()),
        ("from a import (\n    x,  # why, not\n    y as z,\n)", {"x": "a.x", "z": "a.y"}, ()),
        ("from a import x, \\\n    y", {"x": "a.x", "y": "a.y"}, ()),
        ("from a import *", {}, ("a",)),
        ("if b:\r\n    from a import x\r\n", {"x": "a.x"}, ()),
        ("from a import x; y = 1", {"x": "a.x"}, ()),
        ("from größe import ß", {"ß": "größe.ß"}, ()),
        ("x = 1 # import a\nimported = from_ = 2\n", {}, ()),
        ("from a import\nimport", {}, ()),
        ("from a import (", {}, ()),
    ],
)
def test_imports_are_read_without_a_parse(text: str, imports: dict[str, str], stars: tuple[str, ...]) -> None:
    assert imports_of(Glance(text.encode(), catalog_for())) == (imports, stars)
