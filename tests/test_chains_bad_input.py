"""VET312 over projects that are broken, odd or huge: a clear result each."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from test_chains import CONFIG, by_cli, by_engine
from veteran.catalog import catalog_for
from veteran.families.blocking.call_chains import Chains
from veteran.frontends.cli import main
from veteran.project.import_resolver import project_for
from veteran.project.summary import FACTS
from veteran.project.symbols import Program
from veteran.runs import one_file, understand
from veteran.runs.job import FileJob
from veteran.runs.linker import Linker
from veteran.settings import Settings, load

BLOCKS = "import time\n\n\ndef wait():\n    time.sleep(1)\n"


def write(root: Path, files: dict[str, str], *, config: bool = True) -> None:
    if config:
        (root / "pyproject.toml").write_text(CONFIG)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def lines(path: Path) -> list[int]:
    """The lines of the findings of a file."""
    found = by_engine(path)
    assert [finding for finding in found if finding.code != "VET312"] == []
    return [finding.span.line for finding in found]


def caller(name: str) -> str:
    """A module with one coroutine that calls `wait` of another module."""
    return f"from {name} import wait\n\n\nasync def f():\n    wait()\n"


def test_import_circles(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "from b import f\n\n\ndef g():\n    f()\n\n\nasync def h():\n    g()\n",
            "b.py": "from a import g\nimport time\n\n\ndef f():\n    g()\n    time.sleep(1)\n",
        },
    )
    assert lines(tmp_path / "a.py") == [9]


def test_names_that_lead_in_circles(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "from b import wait\nfrom b import *\n",
            "b.py": "from c import wait\nfrom c import *\n",
            "c.py": "from a import wait\nfrom a import *\n",
            "d.py": "from d import wait\n",
            "main.py": caller("a"),
            "other.py": "from a import *\n\n\nasync def f():\n    wait()\n    nothing()\n",
            "own.py": caller("d"),
            "classes.py": "from classes import B\n\n\nclass A(B):\n    pass\n\n\nclass B(A):\n    pass\n\n\n"
            "async def f():\n    A().x()\n    B.y()\n",
        },
    )
    for name in ("main", "other", "own", "classes"):
        assert lines(tmp_path / f"{name}.py") == []


def test_circles_do_not_depend_on_where_one_begins(tmp_path: Path) -> None:
    either = "try:\n    from {} import wait\nexcept ImportError:\n    from {} import wait\n"
    write(
        tmp_path,
        {
            "a.py": either.format("b", "quiet"),
            "b.py": either.format("a", "loud"),
            "loud.py": BLOCKS,
            "quiet.py": "def wait():\n    pass\n",
            "first.py": caller("a"),
            "second.py": caller("b"),
        },
    )
    paths = [tmp_path / "first.py", tmp_path / "second.py"]
    alone = [f["path"] for path in paths for f in by_cli(path)]
    assert [f["path"] for f in by_cli(*paths)] == alone
    (tmp_path / "zero.py").write_text(caller("b"))
    (tmp_path / "aaa.py").write_text(caller("a"))
    assert [f["path"] for f in by_cli(tmp_path) if Path(str(f["path"])) in paths] == alone


def test_a_module_that_does_not_parse_ends_the_chain(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.py": "from middle import wait, other\n\n\nasync def f():\n    wait()\n    other()\n",
            "middle.py": "from last import wait\n\n\ndef other():\n    wait(\n",
            "last.py": BLOCKS,
        },
    )
    assert lines(tmp_path / "main.py") == []
    (tmp_path / "middle.py").write_text("from last import wait\n\n\ndef other():\n    wait()\n")
    assert lines(tmp_path / "main.py") == [5, 6]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("try:\n    from low import wait\nexcept ImportError:\n    from calm import wait\n", True),
        ("try:\n    from gone import wait\nexcept ImportError:\n    from low import wait\n", True),
        ("try:\n    from low import wait\nexcept ImportError:\n    def wait():\n        pass\n", True),
        ("if sys.version_info > (3, 8):\n    from low import wait\nelse:\n    from calm import wait\n", True),
        ("try:\n    from calm import wait\nexcept ImportError:\n    from low import wait\n", False),
        ("try:\n    from low import wait\nexcept ImportError:\n    wait = print\n", False),
        ("from low import wait\nfrom calm import wait\n", False),
        ("try:\n    from gone import wait\nexcept ImportError:\n    from gone_too import wait\n", False),
    ],
)
def test_an_import_and_what_takes_its_place(tmp_path: Path, head: str, expected: bool) -> None:
    """As for a re-export: the first that is part of the project."""
    call = "\n\nasync def f():\n    wait()\n"
    write(tmp_path, {"main.py": f"import sys\n{head}{call}", "low.py": BLOCKS, "calm.py": "def wait():\n    pass\n"})
    assert bool(lines(tmp_path / "main.py")) is expected
    local = f"import sys\n{head}\n\ndef g():\n    wait()\n\n\nasync def f(wait):\n    wait()\n    g()\n"
    (tmp_path / "main.py").write_text(local)
    assert lines(tmp_path / "main.py") == ([local.count("\n")] if expected else [])


KEEPER = """import functools
import time


class Base:
    @property
    def above(self):
        time.sleep(9)


class Keeper(Base):
    limit = 3

    def __init__(self):
        self.kept = 1

    @property
    def slow(self):
        time.sleep(9)

    @property
    def calm(self):
        return self.kept

    @functools.cached_property
    def once(self):
        time.sleep(9)

    def method(self):
        time.sleep(9)

    class Inner:
        def __call__(self):
            time.sleep(9)
"""


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("k.slow", True),
        ("k.slow + 1", True),
        ("k.slow.more", True),
        ("k.slow.more()", True),
        ("k.above", True),
        ("Keeper().slow", True),
        ("k.once", True),  # of low confidence
        ("k.method", False),
        ("k.calm", False),
        ("k.limit + k.kept", False),
        ("k.nothing", False),
        ("k.Inner", False),
        ("Keeper.slow", False),
        ("lambda: k.slow", False),
        ("given.slow", True),
        ("other.slow", False),
    ],
)
def test_properties_of_other_modules(tmp_path: Path, read: str, expected: bool) -> None:
    head = "from fancy import Other\nfrom low import Keeper\n\n\n"
    main = f"{head}async def f(given: Keeper, other: Other):\n    k = Keeper()\n    return {read}\n"
    write(tmp_path, {"main.py": main, "low.py": KEEPER})
    assert lines(tmp_path / "main.py") == ([7] if expected else [])


@pytest.mark.parametrize("data", [b"\0", b"\xff\xfe", b"# coding: none\n", b"", b"x = (" + b"(" * 5000])
def test_modules_that_cannot_be_read_end_the_chain(tmp_path: Path, data: bytes) -> None:
    write(tmp_path, {"main.py": caller("middle")})
    (tmp_path / "middle.py").write_bytes(data)
    assert lines(tmp_path / "main.py") == []


def test_two_modules_of_one_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/one/__init__.py": "",
            "src/one/main.py": caller("one.helper"),
            "src/one/helper.py": BLOCKS,
            "one/__init__.py": "",
            "one/helper.py": "def wait():\n    pass\n",
            "one/main.py": caller("one.helper"),
        },
    )
    assert lines(tmp_path / "src/one/main.py") == [5]
    assert lines(tmp_path / "one/main.py") == []


def test_a_package_goes_before_a_module(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": caller("helper"), "helper.py": BLOCKS, "helper/__init__.py": "def wait(): pass\n"})
    assert lines(tmp_path / "main.py") == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_linked_packages(tmp_path: Path) -> None:
    write(tmp_path, {"real/__init__.py": "", "real/helper.py": BLOCKS, "main.py": caller("linked.helper")})
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    assert lines(tmp_path / "main.py") == [5]
    write(tmp_path, {"loops.py": caller("real.loop.loop.loop.helper")})
    assert lines(tmp_path / "loops.py") in ([], [5])


def test_no_packaging_file(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": caller("helper"), "helper.py": BLOCKS}, config=False)
    settings = Settings(root=tmp_path, select=("VET312",))
    path = tmp_path / "main.py"
    assert [f.span.line for f in one_file.check_bytes(str(path), path.read_bytes(), settings)] == [5]


def test_files_outside_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"project/x.py": "", "outside/main.py": caller("helper"), "outside/helper.py": BLOCKS}
    write(tmp_path, files, config=False)
    write(tmp_path / "project", {})
    monkeypatch.chdir(tmp_path / "project")
    (found,) = one_file.check_bytes(
        "../outside/main.py", Path("../outside/main.py").read_bytes(), Settings(root=Path.cwd(), select=("VET312",))
    )
    assert found.span.line == 5
    assert Path(found.steps[0].path).resolve() == (tmp_path / "outside" / "helper.py").resolve()


@pytest.mark.parametrize(("name", "count"), [("main.py", 1), ("absent/main.py", 0), (None, 1)])
def test_standard_input(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str | None,
    count: int,
) -> None:
    write(tmp_path, {"helper.py": BLOCKS})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(caller("helper").encode())))
    options = ["--stdin-filename", name] if name else []
    main(["check", "--exit-zero", "--output-format", "json", *options, "-"])
    found = json.loads(capsys.readouterr().out)["findings"]
    assert len(found) in ((count,) if name != "absent/main.py" else (0, 1))


def test_a_file_that_is_removed_after_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"main.py": caller("helper"), "helper.py": BLOCKS})
    path, helper = tmp_path / "main.py", tmp_path / "helper.py"
    settings = load(tmp_path)
    told = understand.told

    def once(*arguments: Any) -> Any:
        found = told(*arguments)
        helper.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(understand, "told", once)
    job = FileJob.of(str(path), settings)
    ((finding,),) = Linker(str).link([(understand.summarise(job, path.read_bytes()), job)])
    assert (finding.code, [step.span.line for step in finding.steps]) == ("VET312", [5])


def test_a_module_of_five_megabytes(tmp_path: Path) -> None:
    filler = "x = 1\n" * 850_000
    write(tmp_path, {"main.py": caller("helper"), "helper.py": f"VALUES = '''{filler}'''\n" + BLOCKS})
    assert lines(tmp_path / "main.py") == [5]


def test_ten_thousand_functions_in_a_chain(tmp_path: Path) -> None:
    chain = "".join(f"def f{n}():\n    f{n + 1}()\n\n" for n in range(10_000))
    text = f"import time\n\n{chain}\ndef f10000():\n    time.sleep(1)\n\n\nasync def main():\n    f0()\n"
    write(tmp_path, {"main.py": text})
    (found,) = by_engine(tmp_path / "main.py")
    assert len(found.steps) == 10_001
    assert len(found.message) < 300


def test_long_ways_of_names_end(tmp_path: Path) -> None:
    """Re-exports, aliases and bases without end are followed for some steps, whatever was asked before."""
    files = {f"m{n}.py": f"from m{n + 1} import wait\nfrom m{n + 1} import *\n" for n in range(300)}
    files |= {f"c{n}.py": f"from c{n + 1} import C as B\n\n\nclass C(B):\n    pass\n" for n in range(300)}
    files |= {"m300.py": BLOCKS, "c300.py": "import time\n\n\nclass C:\n    def m(self):\n        time.sleep(1)\n"}
    files["main.py"] = caller("m0")
    files["near.py"] = caller("m290")
    files["bases.py"] = "from c0 import C\n\n\nasync def f():\n    C().m()\n"
    files["some.py"] = "from c280 import C\n\n\nasync def f():\n    C().m()\n"
    files["same.py"] = (
        "import time\n\n\nclass C0:\n    def m(self):\n        time.sleep(1)\n\n\n"
        + "".join(f"class C{n + 1}(C{n}):\n    pass\n\n\n" for n in range(1_000))
        + "async def f():\n    C1000().m()\n    C100().m()\n"
    )
    write(tmp_path, files)
    assert lines(tmp_path / "main.py") == []
    assert lines(tmp_path / "near.py") == [5]
    assert lines(tmp_path / "some.py") == [5]
    assert lines(tmp_path / "bases.py") == []
    assert len(lines(tmp_path / "same.py")) == 1
    alone = [f["line"] for name in ("main", "near", "some", "bases") for f in by_cli(tmp_path / f"{name}.py")]
    assert [f["line"] for f in by_cli(*(tmp_path / f"{n}.py" for n in ("bases", "main", "near", "some")))] == alone


def test_deep_attributes_and_calls(tmp_path: Path) -> None:
    deep = "a" + ".b" * 500 + "()" + ".c()" * 500
    body = f"    {deep}\n    self{'.x' * 300}()\n"
    text = f"class A:\n    b = 1\n\n\na = A()\n\n\ndef g():\n{body}\n\nasync def f():\n    g()\n"
    write(tmp_path, {"main.py": text})
    assert lines(tmp_path / "main.py") == []


def test_wide_graphs_stay_cheap(tmp_path: Path) -> None:
    """Each function calls all of the next layer: the ways are beyond counting."""
    layers, width = 12, 12
    text = ["import time"]
    for layer in range(layers):
        for n in range(width):
            calls = [f"    f{layer + 1}_{m}()" for m in range(width)] if layer < layers - 1 else ["    time.sleep(1)"]
            text += [f"def f{layer}_{n}():", *calls]
    text += ["async def f():", "    f0_0()"]
    write(tmp_path, {"main.py": "\n".join(text) + "\n"})
    (found,) = by_engine(tmp_path / "main.py")
    assert len(found.steps) == layers


def test_the_graph_is_explored_once(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": caller("helper"), "helper.py": BLOCKS})
    settings = load(tmp_path)
    asked: list[Path] = []

    def facts(path: Path) -> object:
        asked.append(path)
        return understand.told(FACTS, path.read_bytes(), catalog_for(settings.catalog))

    program = Program(project_for(tmp_path / "main.py", ()), facts)  # type: ignore[arg-type]
    chains = Chains(program)
    for _ in range(2):
        module = program.module_at(tmp_path / "main.py")
        assert module is not None
        assert len(list(chains.of(module))) == 1
    assert asked == [tmp_path / "main.py", tmp_path / "helper.py"]
