"""Processes of our own: what they import, when they end, and runs that get none."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import ROOT
from veteran import imports
from veteran.runs.processes import Lost, Pool

BLOCKING = "import time\nasync def f():\n    time.sleep(1)\n"
#: Modules of the standard library, and some that are only there elsewhere, which it tries to import.
SHADOWS = (
    *("__future__", "_winapi", "abc", "argparse", "array", "ast", "base64", "bisect", "codecs", "contextlib", "copy"),
    *("copyreg", "dataclasses", "datetime", "difflib", "enum", "fnmatch", "functools", "genericpath", "gettext"),
    *("hashlib", "heapq", "inspect", "io", "keyword", "linecache", "locale", "math", "msvcrt", "ntpath", "opcode"),
    *("operator", "os", "pathlib", "pickle", "platform", "posixpath", "queue", "random", "re", "reprlib", "runpy"),
    *("selectors", "shutil", "signal", "site", "sitecustomize", "socket", "stat", "string", "struct", "subprocess"),
    *("tempfile", "textwrap", "threading", "token", "tokenize", "tomllib", "traceback", "types", "typing"),
    *("unicodedata", "usercustomize", "warnings", "weakref", "winreg", "zipfile", "zlib"),
)
PACKAGES = (
    "collections",
    "concurrent",
    "ctypes",
    "encodings",
    "importlib",
    "json",
    "logging",
    "multiprocessing",
    "org",
)
OTHERS = ("libcst", "tomli", "veteran", "yaml")
SCRIPT = shutil.which("veteran", path=str(Path(sys.executable).parent))
#: The command with something else in place of a part of it. It stands where nothing but it can be imported from.
DRIVER = """
import os, sys, threading, time
from veteran.runs import batch, processes
batch.WORTH_A_PROCESS = 1
{change}
from veteran.frontends.cli import run
sys.exit(run())
"""
FRESH = "processes._may_fork = lambda: False\n"
#: No platform starts a process in both ways, but Linux.
STARTS = [pytest.param("", id="default"), *([pytest.param(FRESH, id="fresh")] if sys.platform == "linux" else [])]
linux = pytest.mark.skipif(sys.platform != "linux", reason="forks")


def driver(folder: Path, change: str) -> list[str]:
    """A command line."""
    folder.mkdir(exist_ok=True)
    (folder / "driver").write_text(DRIVER.format(change=change), encoding="utf-8")
    return [sys.executable, str(folder / "driver")]


def check(command: list[str], folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*command, "check", "--no-cache", "--output-format=concise", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A few files with findings, and enough bytes for two processes."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in "abcdef":
        (folder / f"{name}.py").write_text(BLOCKING, encoding="utf-8")
    for name in ("large", "larger"):
        (folder / f"{name}.py").write_text("# nothing\n" * 100_000, encoding="utf-8")
    return folder


# What is imported


def shadow(folder: Path, witnesses: Path, names: set[str]) -> None:
    """Modules with these names, each of which leaves a witness when it is imported."""
    witnesses.mkdir()
    for name in names:
        path = folder / (f"{name}/__init__.py" if name in PACKAGES else f"{name}.py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"open({str(witnesses / name)!r}, 'w').close()\n{BLOCKING}", encoding="utf-8")


def loaded(*command: str, folder: Path) -> set[str]:
    """The modules that are there when Python runs an empty program so."""
    folder.mkdir()
    (folder / "empty.py").write_text("import sys\nprint(*{name.partition('.')[0] for name in sys.modules})\n")
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def ran(witnesses: Path) -> list[str]:
    return sorted(path.name for path in witnesses.iterdir())


@pytest.mark.parametrize("start", [*STARTS, pytest.param("", id="script")])
def test_the_command_runs_nothing_of_the_working_directory(
    tree: Path, tmp_path: Path, start: str, request: pytest.FixtureRequest
) -> None:
    shadow(tree, tmp_path / "witnesses", {*SHADOWS, *PACKAGES, *OTHERS})
    command = driver(tmp_path / "bin", start)
    if "script" in request.node.name:
        if SCRIPT is None:
            pytest.skip("the command is not installed")
        command = [SCRIPT]
    several = check(command, tree, "-j2")
    assert ran(tmp_path / "witnesses") == []
    assert several.stdout.count("VET311") == len({*SHADOWS, *PACKAGES, *OTHERS}) + 6
    assert several.stderr == ""
    alone = check(command, tree, "-j1")
    assert (several.stdout, several.returncode) == (alone.stdout, 1)
    assert ran(tmp_path / "witnesses") == []


def test_the_module_runs_nothing_but_what_python_looks_for_before_it(tree: Path, tmp_path: Path) -> None:
    before = loaded("-m", "empty", folder=tmp_path / "empty")
    names = {*SHADOWS, *PACKAGES, *OTHERS} - before - {"veteran"}
    assert len(names) > 30
    shadow(tree, tmp_path / "witnesses", names)
    done = check([sys.executable, "-m", "veteran"], tree, "-j2")
    assert ran(tmp_path / "witnesses") == []
    assert done.stdout.count("VET311") == len(names) + 6


@pytest.mark.skipif(sys.version_info < (3, 11), reason="-P is new in 3.11")
@pytest.mark.parametrize("change", ["-P", "-I"])
def test_the_module_runs_nothing_if_python_is_told_so(tree: Path, tmp_path: Path, change: str) -> None:
    shadow(tree, tmp_path / "witnesses", {*SHADOWS, *PACKAGES, *OTHERS})
    done = check([sys.executable, change, "-m", "veteran"], tree, "-j2")
    assert ran(tmp_path / "witnesses") == []
    assert "VET003" not in done.stdout


FLAKE8 = """
import importlib.metadata, multiprocessing, multiprocessing.pool, os, sys
from multiprocessing import queues, resource_tracker, spawn, synchronize
sys.path.append(BENCHMARKS)
from flake8_with import only
only(["veteran"])  # what other plugins import is theirs
from flake8.main.cli import main
importlib.metadata.metadata("flake8")["name"]  # flake8 asks that of every plugin
if "--loaded" in sys.argv:
    print(*{name.partition(".")[0] for name in sys.modules})
elif __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    sys.path.insert(0, os.getcwd())  # as `python -m flake8`
    sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_the_plugin_runs_nothing_that_flake8_does_not(tree: Path, tmp_path: Path, method: str) -> None:
    """Its own processes start as `multiprocessing` starts them, so what these import before it is left out."""
    for large in tree.glob("large*"):
        large.unlink()  # flake8's other plugins would be at it for long
    program = tmp_path / "flake8_driver.py"
    program.write_text(FLAKE8.replace("BENCHMARKS", repr(str(ROOT / "benchmarks"))), encoding="utf-8")
    done = subprocess.run([sys.executable, program, "--loaded"], capture_output=True, text=True, check=True)
    names = {*SHADOWS, *PACKAGES, *OTHERS} - set(done.stdout.split()) - {"sitecustomize", "usercustomize", "veteran"}
    if method != "fork":
        names -= {"_winapi", "msvcrt", "org", "winreg"}  # `multiprocessing` itself tries them
    assert {"libcst", "unicodedata"} < names
    shadow(tree, tmp_path / "witnesses", names)
    command = [sys.executable, str(program), method, "--isolated", "--select=VET", "-j2", "."]
    found = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=300)
    assert found.stdout.count("VET311") == len(names) + 6
    assert found.returncode == 1
    assert ran(tmp_path / "witnesses") == []


@pytest.mark.parametrize("folder", [os.path.dirname(os.__file__), os.path.dirname(pytest.__path__[0])])  # noqa: PTH120
def test_python_s_own_directories_can_be_checked_from_within(folder: str) -> None:
    for options in ([], ["-P"] if sys.version_info >= (3, 11) else ["-I"]):
        command = [sys.executable, *options, "-m", "veteran", "check", "--no-cache", os.__file__]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_path_without_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, other, link = tmp_path / "here", tmp_path / "other", tmp_path / "link"
    here.mkdir()
    other.mkdir()
    link.symlink_to(here)
    monkeypatch.chdir(here)
    before = ["", str(other), ".", str(here), str(link), os.path.join("..", "other"), "gone", "nul\0"]  # noqa: PTH118
    monkeypatch.setattr(sys, "path", before)
    found = imports.outside()
    assert found == [str(other), str(other), str(here / "gone"), str(here / "nul\0")]
    with imports.Secured():
        assert sys.path == found
    assert sys.path == ["", str(other), ".", str(here), str(link), os.path.join("..", "other"), "gone", "nul\0"]  # noqa: PTH118
    monkeypatch.setattr(imports, "HOME", str(here))
    assert imports.outside() == [*found, str(here)]
    imports.secure()
    assert sys.path is before


# Their end


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM"])
def test_processes_end_with_the_command(tree: Path, tmp_path: Path, start: str, number: str) -> None:
    """Even those that are busy: the end of both streams means that nobody holds them."""
    busy = tmp_path / "bin" / "busy.py"
    busy.parent.mkdir()
    busy.write_text(
        f"import os\ndef work(batch):\n    open(f'{tmp_path}/at-work-{{os.getpid()}}', 'w').close()\n"
        "    while True: pass\n"
    )
    command = driver(busy.parent, f"{start}import busy\nbatch.summarise_all = busy.work\n")
    with subprocess.Popen(
        [*command, "check", "-j2", "--no-cache", "."], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            at_work = once_two_are_there(tmp_path)
        finally:
            process.send_signal(getattr(signal, number))
        out, errors = process.communicate(timeout=120)
    assert (out, errors) == (b"", b"")
    assert process.returncode == -getattr(signal, number)
    assert len(at_work) == 2


def once_two_are_there(folder: Path) -> list[Path]:
    for _ in range(6000):
        found = list(folder.glob("at-work-*"))
        if len(found) == 2:
            return found
        time.sleep(0.02)
    raise AssertionError("no process is at work")


@linux
@pytest.mark.parametrize("start", STARTS)
def test_processes_hold_no_standard_output(tree: Path, tmp_path: Path, start: str) -> None:
    busy = tmp_path / "bin" / "busy.py"
    busy.parent.mkdir()
    busy.write_text(
        "import os\ndef work(batch):\n"
        "    streams = [os.readlink(f'/proc/self/fd/{number}') for number in (0, 1)]\n"
        f"    open(f'{tmp_path}/at-work-{{os.getpid()}}', 'w').write(repr(streams))\n"
        "    raise ValueError\n"
    )
    command = driver(busy.parent, f"{start}import busy\nbatch.summarise_all = busy.work\n")
    done = check(command, tree, "-j2")
    assert {path.read_text() for path in tmp_path.glob("at-work-*")} == {repr(["/dev/null", "/dev/null"])}
    assert done.stdout.count("VET003 veteran failed on this file: ValueError:") == 8


def test_what_becomes_of_batches() -> None:
    pool = Pool(2)
    try:
        assert pool.size == 2
        found = dict(pool.run(len, ["", "a", 5, [1, 2], lambda: 0]))
        assert [found[0], found[1], found[3]] == [0, 1, 2]
        assert "TypeError" in str(found[2])
        assert isinstance(found[4], Exception)  # it cannot be sent
        assert not isinstance(found[4], Lost)
        assert dict(pool.run(len, ["abc"])) == {0: 3}
        ended = dict(pool.run(os._exit, [1] * 5))
        assert sorted(ended) == [0, 1, 2, 3, 4]
        assert all(isinstance(found, Lost) for found in ended.values())
        assert all(isinstance(found, Lost) for _, found in pool.run(len, ["", "a"]))
    finally:
        pool.end()


@pytest.mark.parametrize("start", STARTS)
def test_a_process_that_dies_costs_one_file(tree: Path, tmp_path: Path, start: str) -> None:
    deadly = tmp_path / "bin" / "deadly.py"
    deadly.parent.mkdir()
    deadly.write_text(
        "import os\nfrom veteran.runs.batch import summarise_all\n"
        "def work(batch):\n"
        "    if any(task.job.shown == 'd.py' for task in batch):\n        os._exit(1)\n"
        "    return summarise_all(batch)\n"
    )
    done = check(driver(deadly.parent, f"{start}import deadly\nbatch.summarise_all = deadly.work\n"), tree, "-j2")
    codes = [line.partition(" ")[2][:6] for line in done.stdout.splitlines()]
    assert codes == ["VET311", "VET311", "VET311", "VET003", "VET311", "VET311"]
    assert "the process died" in done.stdout
    assert done.returncode == 2


# None to be had

COUNTED = """
calls = 0
def refuses(function, number):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls >= number:
            raise {error}
        return function(*args, **kwargs)
    return call
"""
BUSY = "BlockingIOError(11, 'Resource temporarily unavailable')"
NO_THREAD = 'RuntimeError("can\'t start new thread")'
#: There is no thread for a process, but one to parse on.
THREADS = """
calls = 0
start = threading.Thread.start
def some(thread):
    global calls
    calls += thread.name == "veteran-process"
    if thread.name == "veteran-process" and calls >= {number}:
        raise RuntimeError("can't start new thread")
    start(thread)
threading.Thread.start = some
"""


def refused(what: str, number: int, error: str = BUSY) -> str:
    """The change by which a function fails from its call of that number on."""
    return f"{COUNTED.format(error=error)}{what} = refuses({what}, {number})\n"


def refusals() -> Iterator[Any]:
    forks = sys.platform == "linux"
    popen = f"{FRESH}import subprocess\n"
    for number in (1, 2):
        if forks:
            yield pytest.param(refused("os.fork", number), BUSY[21:-2], id=f"fork-{number}")
        yield pytest.param(popen + refused("subprocess.Popen", number), BUSY[21:-2], id=f"popen-{number}")
        yield pytest.param(THREADS.format(number=number), "can't start new thread", id=f"thread-{number}")
    if forks:
        yield pytest.param(refused("os.pipe", 3, "OSError(24, 'Too many open files')"), "Too many open", id="pipe")
        yield pytest.param("processes._settle = lambda *_: os._exit(1)\n", "ended at its start", id="dies")
        no_stack = "MemoryError('no stack')"
        yield pytest.param(refused("processes._try_stack", 1, no_stack), "no stack", id="stack")
    yield pytest.param(f"{FRESH}sys.executable = '/nowhere/python'\n", "", id="no interpreter")


@pytest.mark.parametrize(("change", "reason"), list(refusals()))
def test_a_run_without_processes(tree: Path, tmp_path: Path, change: str, reason: str) -> None:
    alone = check(driver(tmp_path / "bin", ""), tree, "-j1")
    done = check(driver(tmp_path / "bin", change), tree, "-j2")
    (line,) = done.stderr.splitlines()
    assert line.startswith("veteran: no processes to be had (")
    assert line.endswith("): going on with one")
    assert reason in line
    assert (done.stdout, done.returncode) == (alone.stdout, 1)


@linux
def test_a_run_with_fewer_processes(tree: Path, tmp_path: Path) -> None:
    alone = check(driver(tmp_path / "bin", ""), tree, "-j1")
    done = check(driver(tmp_path / "bin", refused("os.fork", 3)), tree, "-j4")
    assert done.stderr == "veteran: 2 of 4 processes to be had (Resource temporarily unavailable)\n"
    assert (done.stdout, done.returncode) == (alone.stdout, 1)


@linux
def test_no_process_for_a_second_try(tree: Path, tmp_path: Path) -> None:
    """What took its process along is never run in this one."""
    die = "batch._summarise = lambda task: os._exit(1)\nprocesses._fresh = processes._forked\n"
    done = check(driver(tmp_path / "bin", die + refused("os.fork", 3)), tree, "-j2")
    assert done.stdout.count("VET003") == 8
    assert "no process to be had (Resource temporarily unavailable)" in done.stdout
    assert done.returncode == 2


def test_semaphores_are_not_needed(tree: Path, tmp_path: Path) -> None:
    absent = "import _multiprocessing\ndel _multiprocessing.SemLock\n"
    done = check(driver(tmp_path / "bin", absent), tree, "-j2")
    assert (done.stderr, done.returncode) == ("", 1)


def test_a_run_without_threads(tree: Path, tmp_path: Path) -> None:
    """There is no stack to parse on: each file that had to be parsed says so."""
    done = check(driver(tmp_path / "bin", refused("threading.Thread.start", 1, NO_THREAD)), tree, "-j2")
    assert done.stderr == "veteran: no processes to be had (can't start new thread): going on with one\n"
    assert done.stdout.count("VET003") == 6
    assert done.stdout.count("no thread with a large stack to be had (can't start new thread)") == 6
    assert done.returncode == 2
