"""The same command again: whatever changed meanwhile, it says what a run without a cache says, and repeats little."""

from __future__ import annotations

import importlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import veteran
from veteran.frontends import cli
from veteran.project import import_resolver as projects
from veteran.project.summary import Summary
from veteran.runs import batch, cache, one_file, snapshot, store, understand
from veteran.runs.job import FileJob
from veteran.settings import forget

SOURCES = Path(veteran.__file__).parents[1]
FILES = {
    "pyproject.toml": "[tool.veteran]\n",
    "pkg/__init__.py": "from pkg.helpers import fetch\n",
    "pkg/app.py": "from pkg import fetch\n\n\nasync def handle(url):\n    return fetch(url)\n",
    "pkg/helpers.py": "from pkg import low\n\n\ndef fetch(url):\n    return low.get(url)\n",
    "pkg/low.py": "import requests\n\n\ndef get(url):\n    return requests.get(url)\n",
    "pkg/direct.py": "import time\n\n\nasync def f():\n    time.sleep(1)  # noqa: E501\n",
    "pkg/stars.py": "from pkg.low import *\n\n\nasync def star(url):\n    get(url)\n",
    "pkg/broken.py": "import time\nasync def f(:\n    time.sleep(1)\n",
    "pkg/spread.py": "def each(pool, work, items):\n    for item in items:\n        pool.submit(work, item)\n",
    "pkg/work.py": "def count(limit):\n    total = 0\n    for number in range(limit):\n"
    "        total += number * number\n    return total\n",
    "pkg/jobs.py": "from concurrent.futures import ThreadPoolExecutor\n\nfrom pkg.spread import each\n"
    "from pkg.work import count\n\n\ndef run():\n    with ThreadPoolExecutor() as pool:\n"
    "        each(pool, count, range(9_000_000, 9_000_100))\n"
    "        pool.map(count, range(9_000_000, 9_000_100))\n",
    "tests/test_app.py": "import time\n\n\nasync def f():\n    time.sleep(1)\n",
    "pkg/plain.py": "x = 1\n",
    "pkg/client.py": "import requests\n\n\ndef load(url):\n    return requests.get(url, timeout=9).json()\n",
    "pkg/checks.py": "def need(data):\n    if 'name' not in data:\n        raise ValueError(data)\n",
    "pkg/bare.py": "from pkg.client import load\n\n\ndef name(url):\n    return load(url)['name']\n",
    "pkg/checked.py": "from pkg import checks\nfrom pkg.client import load\n\n\ndef name(url):\n    data = load(url)\n"
    "    checks.need(data)\n    return data['name']\n",
}
#: What a file may become.
OTHERS = {
    "pkg/low.py": [
        "def get(url):\n    return url\n",
        "import requests\n\n\n\n\ndef get(url):\n    return requests.get(url)\n",
        "(",
    ],
    "pkg/helpers.py": ["async def fetch(url):\n    return url\n", "from pkg.direct import f as fetch\n"],
    "pkg/__init__.py": ["", "from pkg.low import get as fetch\n", "from pkg.late import fetch\n"],
    "pkg/app.py": [
        "from pkg import fetch\n\n\nasync def handle(url):\n    return fetch(url)  # veteran: ignore[VET312]\n"
    ],
    "pkg/late.py": ["import time\n\n\ndef fetch(url):\n    time.sleep(1)\n"],
    "pkg/client.py": ["def load(url):\n    return {'name': url}\n", "# moved\n" + FILES["pkg/client.py"]],
    "pkg/checks.py": ["def need(data):\n    print(data)\n"],
    "pkg/work.py": ["def count(limit):\n    open(limit)\n"],
    "pkg/spread.py": ["each = print\n"],
    "requests.py": ["def get(url):\n    return url\n"],
    "pyproject.toml": ["[tool.veteran]\nignore = ['VET311']\n", "[tool.veteran]\nsrc = ['first', '.']\n", "", "["],
    "pkg/veteran.toml": ["select = ['VET312']\n"],
    ".gitignore": ["direct.py\n", "pkg/\n"],
    "first/pkg/__init__.py": ["def fetch(url):\n    return url\n"],
    "pkg/low/__init__.py": ["from time import sleep as get\n"],
    "pkg/__pycache__/low.py": ["import time\n\n\nasync def f():\n    time.sleep(1)\n"],
    "setup.cfg": ["[options]\npackage_dir =\n    = first\n"],
}


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def plant(files: dict[str, str]) -> None:
    for name, text in files.items():
        write(name, text)


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose files are trusted to be as old as they look, a few milliseconds after they were written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(store.OFF, raising=False)
    monkeypatch.setattr(cache, "RACY", 0)
    monkeypatch.setattr(snapshot, "RACY", 0)
    plant(FILES)
    yield tmp_path
    forget()
    projects.forget()


Call = Callable[..., str]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs the command as a process of its own would, and returns all that it says."""

    def run(*options: str) -> str:
        time.sleep(0.012)  # the clock of file systems ticks
        forget()
        projects.forget()
        code = cli.main(["check", "-j1", "--min-confidence", "low", *options])
        said = capsys.readouterr()
        return f"{code}\n{said.out}\n{said.err}"

    return run


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are analysed or whose links are made, as it happens."""
    names: list[str] = []
    summarise, linked = understand.summarise, one_file.finish

    def summarised(job: FileJob, data: bytes) -> Summary:
        names.append(job.path.name)
        return summarise(job, data)

    def finish(summary: object, *rest: object) -> object:
        names.append(f"link {Path(summary.path).name}")  # type: ignore[attr-defined]
        return linked(summary, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(understand, "summarise", summarised)
    monkeypatch.setattr(one_file, "finish", finish)
    return names


def test_nothing_changed(call: Call, read: list[str]) -> None:
    first = call()
    assert all(code in first for code in ("VET001", "VET301", "VET311", "VET312", "VET401"))
    assert first == call("--no-cache")
    for options in ((), ("--output-format", "concise"), ("--output-format", "json"), ("--statistics",), ("-q",)):
        wanted = call("--no-cache", *options)
        read.clear()
        assert call(*options) == wanted
        assert read == []


def test_the_options_that_decide_what_is_found_count(call: Call) -> None:
    for options in (
        ("--select", "VET312"),
        ("--ignore", "VET311"),
        ("--min-confidence", "high"),
        ("pkg",),
        ("pkg/app.py",),
    ):
        for _ in range(2):
            assert call(*options) == call("--no-cache", *options)


def test_a_leaf_is_read_alone(call: Call, read: list[str]) -> None:
    call()
    write("pkg/direct.py", FILES["pkg/direct.py"] + "\n\nx = 1\n")
    read.clear()
    again = call()
    assert read == ["direct.py", "link direct.py"]
    assert again == call("--no-cache")
    read.clear()
    assert call() == again
    assert read == []


def test_a_helper_is_followed_to_its_readers(call: Call, read: list[str]) -> None:
    call()
    write("pkg/low.py", OTHERS["pkg/low.py"][1])
    read.clear()
    again = call()
    assert [name for name in read if not name.startswith("link")] == ["low.py"]
    assert {"link app.py", "link stars.py"} <= set(read)
    assert "link direct.py" not in read
    assert again == call("--no-cache")


def test_answers_are_followed_where_the_facts_stay(call: Call, read: list[str]) -> None:
    first = call()
    assert "pkg/bare.py" in first
    assert "pkg/checked.py" not in first
    write("pkg/checks.py", OTHERS["pkg/checks.py"][0])
    read.clear()
    again = call()
    assert [name for name in read if not name.startswith("link")] == ["checks.py"]
    assert "pkg/checked.py" in again
    assert again == call("--no-cache")


def test_what_tells_others_nothing_else_is_linked_alone(call: Call, read: list[str]) -> None:
    call()
    write("pkg/low.py", FILES["pkg/low.py"] + "# nothing\n")
    read.clear()
    again = call()
    assert read == ["low.py", "link low.py"]
    assert again == call("--no-cache")


def test_touched_files_are_not_analysed(call: Call, read: list[str]) -> None:
    first = call()
    for path in Path("pkg").glob("*.py"):
        os.utime(path)
    read.clear()
    assert call() == first
    assert not [name for name in read if not name.startswith("link")]
    read.clear()
    assert call() == first
    assert read == []


def test_tools_that_leave_directories_behind(call: Call, read: list[str]) -> None:
    first = call()
    for name in ("pkg/__pycache__", ".mypy_cache", "tests/__pycache__"):
        Path(name).mkdir()
        Path(name, "low.cpython-311.pyc").write_bytes(b"")
    read.clear()
    assert call() == first
    assert read == []


def test_a_file_that_changes_too_soon_is_read_again(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "RACY", 3 * 10**9)
    for text in ("time.sleep(1)", "time.sleep(x)", "anext(pass_)  ", "time.sleep(1)"):
        write("pkg/direct.py", FILES["pkg/direct.py"].replace("time.sleep(1)", text))
        assert call() == call("--no-cache")


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_one_change_and_back(name: str, call: Call) -> None:
    call()
    for text in OTHERS[name]:
        write(name, text)
        assert call() == call("--no-cache")
    Path(name).unlink()
    assert call() == call("--no-cache")
    if name in FILES:
        write(name, FILES[name])
        assert call() == call("--no-cache")


@pytest.mark.parametrize("name", sorted(FILES))
def test_each_file_may_go(name: str, call: Call) -> None:
    call()
    Path(name).rename("elsewhere")
    assert call() == call("--no-cache")
    Path("elsewhere").rename(name)
    assert call() == call("--no-cache")


def test_links_that_lead_elsewhere(call: Call) -> None:
    write("one/low.py", FILES["pkg/low.py"])
    write("two/low.py", "def get(url):\n    return url\n")
    Path("pkg/low.py").unlink()
    for target in ("one", "two", "one"):
        Path("pkg/low.py").unlink(missing_ok=True)
        Path("pkg/low.py").symlink_to(Path.cwd() / target / "low.py")
        assert call() == call("--no-cache")
        assert call("pkg/app.py") == call("--no-cache", "pkg/app.py")
    Path("one/low.py").write_text("def get(url):\n    return None\n")
    assert call() == call("--no-cache")


@pytest.mark.parametrize("name", ["pkg/late.py", "pkg/late"])
def test_links_that_lead_nowhere_yet(name: str, call: Call, tree: Path) -> None:
    """What they point to appears where nobody looks for files."""
    (tree / "project").mkdir()
    os.chdir("project")
    plant({"pyproject.toml": "", "app.py": "from pkg import late\n\n\nasync def f(url):\n    late.fetch(url)\n"})
    Path("pkg").mkdir()
    Path(name).symlink_to(tree / "elsewhere" / Path(name).name)
    for _ in range(2):
        assert call() == call("--no-cache")
        assert call("app.py") == call("--no-cache", "app.py")
    write("../elsewhere/late.py", OTHERS["pkg/late.py"][0])
    write("../elsewhere/late/__init__.py", OTHERS["pkg/late.py"][0])
    assert "VET312" in call()
    assert call() == call("--no-cache")
    assert "VET312" in call("app.py")
    (tree / "elsewhere").rename(tree / "away")
    assert call() == call("--no-cache")
    assert call("app.py") == call("--no-cache", "app.py")


def test_paths_that_come_to_mean_the_same(call: Call) -> None:
    text = "def f(path):\n    for line in open(path).readlines():\n        print(line)\n"
    plant({"one/a.py": text, "two/a.py": text, "two/b.py": text})
    named = (["one", "two"], ["one/a.py", "two/a.py"], ["one/a.py", "two/b.py"])
    for names in named:
        assert call(*names) == call("--no-cache", *names)
    Path("two/b.py").unlink()
    Path("two/b.py").symlink_to("../one/a.py")
    for names in named:
        assert call(*names) == call("--no-cache", *names)
    Path("two").rename("three")
    Path("two").symlink_to("one")
    for names in named[:2]:
        assert call(*names) == call("--no-cache", *names)
    Path("two").unlink()
    Path("three").rename("two")
    for names in named:
        assert call(*names) == call("--no-cache", *names)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_becomes_a_file(call: Call) -> None:
    os.mkfifo("pkg/late.py")
    assert call() == call("--no-cache")
    Path("pkg/late.py").unlink()
    write("pkg/late.py", FILES["pkg/direct.py"])
    assert call() == call("--no-cache")


def test_the_bytes_of_a_module_decide_for_others(call: Call, read: list[str]) -> None:
    between = "from pkg.client import load as get\n\n\ndef ask(url):\n    data = get(url)\n    return data\n"
    plant(
        {"pkg/between.py": between + "# load(\n", "pkg/last.py": "from pkg.between import ask\n\nx = ask('')['name']\n"}
    )
    call()
    for end in ("# other\n", "# load(\n", "# load(url)\n"):
        write("pkg/between.py", between + end)
        read.clear()
        again = call()
        assert "link last.py" in read
        assert "link direct.py" not in read
        assert again == call("--no-cache")


def _exchange(one: str, other: str) -> None:
    Path(one).rename("between")
    Path(other).rename(one)
    Path("between").rename(other)


@pytest.mark.parametrize("step", ["_read", "_link"])
@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("names", [("here",), ("here/a.py",), ("link",), ("user.py",), (".",)])
def test_what_is_exchanged_during_a_run(
    names: tuple[str, ...], changed: bool, step: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files are older than the run."""
    plant({"here/a.py": FILES["pkg/direct.py"], "there/a.py": "x = 1\n", "here/in/b.py": "x = 1\n"})
    plant(
        {"there/in/b.py": FILES["pkg/direct.py"], "here/help.py": FILES["pkg/low.py"], "there/help.py": "get = print\n"}
    )
    plant({"user.py": "from here import help\n\n\nasync def f(url):\n    help.get(url)\n"})
    Path("link").symlink_to("here")
    if changed:
        call(*names)
        for name in ("here/a.py", "user.py"):
            write(name, f"{Path(name).read_text()}# changed\n")
    function = getattr(batch, step)

    def exchanging(*given: object) -> object:
        done = function(*given)
        time.sleep(0.012)
        _exchange("here", "there")
        Path("link").unlink()
        Path("link").symlink_to("there" if names == ("link",) else "here")
        time.sleep(0.012)
        monkeypatch.setattr(batch, step, function)
        return done

    monkeypatch.setattr(batch, step, exchanging)
    call(*names)
    for _ in range(2):
        assert call(*names) == call("--no-cache", *names)


def test_named_files_go_and_come(call: Call) -> None:
    for _ in range(2):
        assert call("pkg/app.py", "pkg/direct.py") == call("--no-cache", "pkg/app.py", "pkg/direct.py")
    Path("pkg/direct.py").unlink()
    assert call("pkg/app.py", "pkg/direct.py") == call("--no-cache", "pkg/app.py", "pkg/direct.py")
    Path("pkg/direct.py").mkdir()
    write("pkg/direct.py/inner.py", FILES["pkg/direct.py"])
    assert call("pkg/app.py", "pkg/direct.py") == call("--no-cache", "pkg/app.py", "pkg/direct.py")


def test_what_is_read_beside_the_files_that_are_checked(call: Call, read: list[str]) -> None:
    call("pkg/app.py")
    read.clear()
    assert "VET312" in call("pkg/app.py")
    assert read == []
    write("pkg/low.py", "def get(url):\n    return url\n")
    assert "VET312" not in call("pkg/app.py")


@pytest.mark.parametrize("what", ["cut", "garbage", "flipped"])
def test_a_damaged_snapshot_is_made_anew(what: str, call: Call) -> None:
    first = call()
    call()
    for pack in Path(".veteran_cache").glob("*.vetpack"):
        data = pack.read_bytes()
        at = len(data) // 3
        damaged = {
            "cut": data[:at],
            "garbage": b"garbage",
            "flipped": data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :],
        }
        pack.write_bytes(damaged[what])
    assert call() == first
    assert call() == first


@pytest.mark.parametrize("blob", [b"", b"1", (2).to_bytes(8, "little") + b"{}", (2).to_bytes(8, "little") + b"[]x"])
def test_an_entry_of_another_form_is_none(blob: bytes, tmp_path: Path) -> None:
    kept = cache.Cache(tmp_path / "kept")
    kept.put(b"k" * cache.KEY_SIZE, blob)
    assert snapshot.look(kept, b"k" * cache.KEY_SIZE) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_any_changes_in_any_order(seed: int) -> None:
    """Run by hand and not by fixtures: hypothesis wants every example to begin anew."""
    chance = random.Random(seed)
    home = Path.cwd() / f"project{seed}"
    home.mkdir(exist_ok=True)
    back = Path.cwd()
    os.chdir(home)
    try:
        plant(FILES)
        for _ in range(6):
            for _ in range(chance.choice((0, 1, 1, 2, 4))):
                name = chance.choice(sorted({*FILES, *OTHERS} - {"pkg/low/__init__.py"}))
                texts = [*OTHERS.get(name, ()), *([FILES[name]] if name in FILES else ())]
                if chance.random() < 0.2:
                    Path(name).unlink(missing_ok=True)
                else:
                    write(name, chance.choice(texts))
            names = chance.choice((["."], ["."], ["pkg"], ["pkg/app.py", "pkg/jobs.py"]))
            assert _said(*names) == _said("--no-cache", *names), seed
    finally:
        os.chdir(back)


def _said(*options: str) -> str:
    from contextlib import redirect_stderr, redirect_stdout
    from io import StringIO

    time.sleep(0.012)
    forget()
    projects.forget()
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(["check", "-j1", "--min-confidence", "low", *options])
    return f"{code}\n{out.getvalue()}\n{err.getvalue()}"


def test_a_warm_run_imports_neither_libcst_nor_the_model(tree: Path) -> None:
    for path in (*tree.rglob("*"), tree):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    code = """
import sys
from veteran.runs import cache
cache.RACY = 0
from veteran.frontends import cli
cli.main(["check", "-j1"])
heavy = ("libcst", "inspect", "veteran.catalog", "veteran.runs.understand", "veteran.analysis.module")
print([name for name in sys.modules if name.startswith(heavy)], file=sys.stderr)
"""
    said = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
        )
        said.append((done.stdout, done.stderr.strip()))
    assert said[0][0] == said[2][0]
    assert "libcst" in said[0][1]
    assert said[2][1] == "[]"


def test_released_packages(tmp_path: Path) -> None:
    """Cold and warm, by one process and by several: the output is the same to the byte."""
    for name in ("filelock", "virtualenv", "pre_commit", "libcst"):  # enough for two processes
        home = Path(str(importlib.import_module(name).__file__)).parent
        shutil.copytree(home, tmp_path / "released" / name, ignore=shutil.ignore_patterns("*.pyc"))
    command = [sys.executable, "-m", "veteran", "check", "released", "--select", "VET", "--min-confidence", "low"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    said = set()
    for options in (["-j1", "--no-cache"], ["-j2", "--no-cache"], ["-j2"], ["-j1"], ["-j3"]):
        done = subprocess.run([*command, *options], capture_output=True, env=environment, check=False)
        said.add((done.returncode, done.stdout, done.stderr))
    assert len(said) == 1
    ((code, out, _),) = said
    assert code == 1
    assert out.count(b"VET") > 2


@pytest.mark.parametrize("common", [True, False])
def test_the_exclude_file_of_a_work_tree(call: Call, tree: Path, common: bool) -> None:
    """Whatever leads to it, and what it says, is looked at again."""
    away, shared = tree.parent / f"away-{tree.name}", tree.parent / f"shared-{tree.name}"
    place = shared if common else away
    (place / "info").mkdir(parents=True)
    away.mkdir(exist_ok=True)
    if common:
        (away / "commondir").write_text(f"../{shared.name}\n")
    Path(".git").write_text(f"gitdir: {away}\n")
    wanted = call()

    def follows(excluded: bool) -> None:
        for _ in range(2):
            assert ("pkg/direct.py" not in call()) == excluded
            assert call() == call("--no-cache")

    (place / "info/exclude").write_text("direct.py\n")
    follows(excluded=True)
    (place / "info/exclude").write_text("direct.px\n")
    follows(excluded=False)
    (place / "info/exclude").write_text("direct.py\n")
    (away / "commondir").write_text("../nowhere\n")
    follows(excluded=False)
    (away / "commondir").write_text(f"../{place.name}\n")
    follows(excluded=True)
    Path(".git").write_text("gitdir: nowhere\n")
    follows(excluded=False)
    assert call() == wanted


# Times that no clock shows

FUTURE = 99_999_999_999
TIMES = [FUTURE, -FUTURE, 0, -1, -62_135_596_800, 2**63 // 10**9, 2**63 // 10**9 + 1, 2**64 // 10**9 + 1]


def set_time(path: str, seconds: int) -> None:
    try:
        os.utime(path, (seconds, seconds))
    except (OSError, OverflowError):  # the file system knows no such time
        os.utime(path, (2**31 - 1, 2**31 - 1))


@pytest.mark.parametrize("seconds", TIMES)
def test_times_that_no_clock_shows(call: Call, read: list[str], seconds: int) -> None:
    """Of files, directories, configurations and the cache: cold, warm, and after edits that bear the same time."""
    paths = [*FILES, ".gitignore", "setup.cfg", ".", "pkg", "tests"]
    plant({".gitignore": "", "setup.cfg": ""})
    for path in paths:
        set_time(path, seconds)
    wanted = call()
    assert "VET311" in wanted
    for pack in Path(".veteran_cache").iterdir():
        set_time(str(pack), seconds)
    read.clear()
    assert call() == wanted
    assert read == []  # of use as always
    for name in ("pkg/helpers.py", "pkg/app.py", "pyproject.toml"):
        write(name, OTHERS[name][0])
        set_time(name, seconds)
        changed = call()
        assert changed == call("--no-cache") != wanted
        write(name, FILES[name])
        set_time(name, seconds)
        assert call() == wanted


def test_a_change_of_the_same_size_that_bears_the_same_time(call: Call) -> None:
    set_time("pkg/direct.py", FUTURE)
    assert "pkg/direct.py:5:5" in call("--output-format", "concise")
    write("pkg/direct.py", FILES["pkg/direct.py"].replace("sleep(1)", "ctime(1)"))
    set_time("pkg/direct.py", FUTURE)
    assert "pkg/direct.py:5:5" not in call("--output-format", "concise")
