"""The files that are measured: a sample, the same on every machine, of a released package or of local trees."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import libcst as cst


class File(NamedTuple):
    """One file. name: below the directory that holds all of them, with forward slashes."""

    name: str
    path: Path
    data: bytes


class Sample(NamedTuple):
    """Some files, in a directory that holds nothing else, so that no tool finds a configuration.

    origin: where they come from, for people. total: how many there were to choose from.
    """

    origin: str
    root: Path
    files: list[File]
    total: int


def collect(packages: Sequence[str], paths: Sequence[Path], scratch: Path) -> tuple[str, dict[str, Path]]:
    """(origin, files by name): what the packages' wheels and the paths hold. scratch: for what is unpacked."""
    trees: list[tuple[str, Path]] = [(path.resolve().name, path) for path in paths]
    trees += [(package, unpacked(package, scratch / f"package{index}")) for index, package in enumerate(packages)]
    files = {
        f"{Path(name).name}/{path.relative_to(tree).as_posix()}": path
        for name, tree in trees
        for path in tree.rglob("*.py")
        if path.is_file()
    }
    return ", ".join(name for name, _ in trees), files


def standard_library() -> tuple[str, dict[str, Path]]:
    """(origin, files by name) of this Python's standard library: what is always there."""
    tree = Path(sysconfig.get_paths()["stdlib"])
    files = {
        f"lib/{path.relative_to(tree).as_posix()}": path
        for path in tree.rglob("*.py")
        if path.is_file() and not {"site-packages", "test", "tests", "lib2to3"}.intersection(path.parts)
    }
    return "the standard library", files


def unpacked(package: str, where: Path) -> Path:
    """The directory in which a package's wheel was unpacked. A wheel, so that nothing of it runs."""
    where.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*command, "--disable-pip-version-check", "--dest", str(where), package], check=True)
    (wheel,) = where.glob("*.whl")
    shutil.unpack_archive(wheel, where / "unpacked", "zip")
    return where / "unpacked"


def draw(origin: str, files: dict[str, Path], count: int, root: Path) -> Sample:
    """Copies `count` files to below `root`; all where there are fewer.

    The hash of the path within its tree decides: a larger sample holds the smaller ones, and a package gives
    the same one whether it was downloaded or lies in some directory.
    """
    drawn: list[File] = []
    for name in sorted(files, key=_rank):
        if len(drawn) == count:
            break
        data = files[name].read_bytes()
        if _is_program(data):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            drawn.append(File(name, path, data))
    return Sample(origin, root, drawn, len(files))


def _rank(name: str) -> tuple[bytes, str]:
    return hashlib.sha256(name.partition("/")[2].encode()).digest(), name


def _is_program(data: bytes) -> bool:
    """Whether the parser reads it: what it refuses would be measured as a very cheap file."""
    try:
        cst.parse_module(data)
    except Exception:
        return False
    return True


def size(files: Iterable[File]) -> str:
    """The sum of their sizes, for people."""
    return f"{sum(len(file.data) for file in files) / 1e6:.2f} MB"
