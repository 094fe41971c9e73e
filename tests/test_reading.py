"""Files that are none: pipes, devices, sockets, endless ones; and what reading one file at a time promises."""

from __future__ import annotations

import ast
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import veteran
from veteran import reading
from veteran.settings import ConfigError, forget, load

PACKAGE = Path(veteran.__file__).parent
BAD = "import time\n\n\nasync def f():\n    time.sleep(1)\n"
posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def terminal(path: Path) -> None:
    path.symlink_to("/dev/tty")


def door(path: Path) -> None:
    # Names of sockets are short.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def folder(path: Path) -> None:
    (path / "inside").mkdir(parents=True)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


def kernel(path: Path) -> None:
    path.symlink_to("/proc/kmsg" if Path("/proc/kmsg").exists() else "/dev/null")


KINDS = [pipe, endless, terminal, door, folder, dangling, circle, sparse, kernel]
#: These are said to be no files; what is no file at all, or not there, is passed over.
SAID = {pipe, endless, terminal, door, sparse}


def veteran_check(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "veteran", "check", "--output-format", "concise", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=120, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    forget()
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "__init__.py").touch()
    (root / "pkg" / "bad.py").write_text(BAD, encoding="utf-8")
    (root / ".git" / "info").mkdir(parents=True)
    yield root
    forget()


@posix
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_only_looked_at_is_passed_over(project: Path, kind: Callable[[Path], None]) -> None:
    (project / "pkg" / "sub").mkdir()
    (project / "pkg" / "sub" / "__init__.pyi").touch()
    (project / "pkg" / "bad.py").write_text(f"from pkg.sub import *\nfrom pkg import x\n{BAD}x.f()\n", encoding="utf-8")
    for name in ("setup.cfg", "setup.py", "pkg/x.py", "pkg/x.pyi", "pyvenv", "pkg/sub/__init__.py"):
        kind(project / name)
    for _ in range(2):
        done = veteran_check(".", cwd=project)
        found = done.stdout.splitlines()
        assert "pkg/bad.py:7:5: VET311" in found[0]
        assert done.returncode == 1
        # Where a link or a hole leads to what has a size, it is a file, and it is said why it is not read.
        assert all("VET001" in line and kind in (sparse, kernel) for line in found[1:])


@posix
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["veteran.toml", "pyproject.toml"])
def test_a_configuration_that_is_no_file(project: Path, kind: Callable[[Path], None], name: str) -> None:
    kind(project / name)
    if kind in SAID:
        with pytest.raises(ConfigError, match=rf"{name}: cannot be read: (not a regular file|larger than 4 MiB)"):
            load(project)
    done = veteran_check(".", cwd=project)
    assert done.returncode == (2 if kind in (SAID | {kernel}) else 1)
    assert name in done.stderr if done.returncode == 2 else "VET311" in done.stdout


@posix
@pytest.mark.parametrize("kind", KINDS)
def test_an_ignore_file_that_is_none(project: Path, kind: Callable[[Path], None]) -> None:
    names = (".gitignore", "pkg/.gitignore", ".git/info/exclude")
    for name in names:
        kind(project / name)
    done = veteran_check(".", cwd=project)
    assert "VET311" in done.stdout
    if kind in SAID:
        assert done.returncode == 2
        assert all(f"{name}: cannot be read: " in done.stderr for name in names)


@posix
@pytest.mark.parametrize("kind", KINDS)
def test_a_named_file_that_is_none(project: Path, kind: Callable[[Path], None]) -> None:
    kind(project / "named.py")
    done = veteran_check("named.py", "pkg/bad.py", cwd=project)
    if kind in (dangling, circle):
        assert "named.py: no such file or directory" in done.stderr
    elif kind is not folder:
        reason = "larger than 32 MiB" if kind is sparse else "not a regular file"
        assert f"named.py:1:1: VET001 cannot read: {reason}" in done.stdout or kind is kernel
    assert "pkg/bad.py:5:5: VET311" in done.stdout
    why = subprocess.run(
        [sys.executable, "-m", "veteran", "why", "named.py:1"],
        cwd=project, capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert why.returncode == 2
    assert "named.py: " in why.stderr


@posix
def test_a_repository_that_is_a_pipe(project: Path) -> None:
    (project / ".git" / "info").rmdir()
    (project / ".git").rmdir()
    pipe(project / ".git")
    assert veteran_check(".", cwd=project).returncode == 1


# One file


def test_what_a_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data in (b"", b"x", b"\r\n\x1a" * 5, bytes(300_000)):
        path.write_bytes(data)
        assert reading.read(path) == reading.read(str(path), len(data)) == data
        assert reading.content(path).stat.st_size == len(data)


def test_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(2**20 + 1))
    with pytest.raises(OSError, match="larger than 1 MiB") as raised:
        reading.read(path, 2**20)
    assert raised.value.errno == errno.EFBIG
    assert raised.value.strerror == "larger than 1 MiB"


@pytest.mark.parametrize("claimed", [0, 1, 5_000, 10_000_000])
def test_a_file_that_grows_or_shrinks_meanwhile(tmp_path: Path, claimed: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"ab" * 200_000)
    with path.open("rb") as file:
        assert reading._all(file.fileno(), claimed, 10**9) == b"ab" * 200_000
    with path.open("rb") as file:
        assert len(reading._all(file.fileno(), claimed, 300_000)) == 300_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no such file system")
def test_a_file_that_claims_to_be_empty() -> None:
    assert reading.read("/proc/self/status").startswith(b"Name:")


@posix
def test_what_is_put_in_the_place_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The open file is judged: between a look at its name and its opening another may come."""
    pipe(tmp_path / "a.py")
    (tmp_path / "b.py").touch()
    looked = (tmp_path / "b.py").stat()
    monkeypatch.setattr(os, "stat", lambda _: looked)
    with pytest.raises(OSError, match="not a regular file"):
        reading.read(tmp_path / "a.py")


@posix
def test_what_is_still_to_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").touch()

    def later(handle: int, size: int) -> bytes:
        raise BlockingIOError(errno.EAGAIN, "later")

    monkeypatch.setattr(os, "read", later)
    with pytest.raises(OSError, match="not a regular file"):
        reading.read(tmp_path / "a.py")


@posix
def test_nothing_stays_open(tmp_path: Path) -> None:
    pipe(tmp_path / "a")
    sparse(tmp_path / "b")
    lowest = os.dup(0)
    os.close(lowest)
    for name in ("a", "b", "missing", "."):
        with pytest.raises(OSError, match=name):
            reading.read(tmp_path / name)
    again = os.dup(0)
    os.close(again)
    assert again == lowest


def test_every_file_is_read_in_one_way() -> None:
    """Nothing else in the package opens a file to read it.

    Packs of the cache are read piece by piece, the secret without following links; the others open the null device.
    """
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Attribute) and node.attr in ("read_bytes", "read_text"):
                found.append((path.name, node.attr))
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("open", "os.open", "io.open"):
                found.append((path.name, ast.unparse(node.func)))
    assert {name for name, _ in found} == {"reading.py", "cache.py", "secret.py", "cli.py", "processes.py"}
    assert {call for _, call in found} == {"os.open"}


# TOML


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * 101) + " = 1",
        "x = 1\n[" + " . ".join(["'a b'"] * 200) + "]",
        'x = {y = "", ' + '"".' * 400 + "a = 1}",
        'x = {y = """\n\' """, ' + '"\\"".' * 101 + "a = 1}",
        '"\\"".' + "a." * 100 + '"b" = 1',
    ],
)
def test_keys_of_many_parts(text: str) -> None:
    with pytest.raises(ValueError, match=r"a key of more than 100 parts \(at line [12]\)"):
        reading.tables(text)


def test_dots_that_are_no_keys() -> None:
    text = "x = ['" + "', '".join([".py"] * 999) + "']\ny = '" + "." * 999 + "'\nz = '" + "a, .b" * 999 + "'\n"
    assert "x" in reading.tables(text)
    assert reading.tables(".".join(["a"] * 100) + " = 1")["a"]
