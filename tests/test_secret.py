"""The secret that tells this user's cache from others: made once, kept from others, done without where that fails."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from veteran.runs import secret

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs permissions and links of POSIX")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "veteran" / "secret"


def test_it_is_made_once(place: Path) -> None:
    made = secret.own(str(place))
    assert made is not None
    assert len(made) == secret.SIZE
    assert secret.own(str(place)) == made
    assert secret.own(str(place.with_name("other"))) != made
    assert {path.name for path in place.parent.iterdir()} == {"secret", "other"}


@POSIX
def test_nobody_else_can_read_it(place: Path) -> None:
    secret.own(str(place))
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o077 == 0


@POSIX
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o666, 0o602])
def test_one_that_others_may_know_is_replaced(place: Path, mode: int) -> None:
    before = secret.own(str(place))
    place.chmod(mode)  # as what comes with a clone has
    after = secret.own(str(place))
    assert after is not None
    assert after != before
    assert secret.own(str(place)) == after


@pytest.mark.parametrize("size", [0, 1, secret.SIZE - 1, secret.SIZE + 1, 10_000])
def test_one_of_another_size_is_replaced(place: Path, size: int) -> None:
    place.parent.mkdir(parents=True)
    place.write_bytes(bytes(size))
    place.chmod(0o600)
    made = secret.own(str(place))
    assert made is not None
    assert secret.own(str(place)) == made


@POSIX
@pytest.mark.parametrize("kind", ["link", "endless", "nowhere", "pipe"])
def test_one_that_is_no_file_is_replaced(place: Path, tmp_path: Path, kind: str) -> None:
    place.parent.mkdir(parents=True)
    known = tmp_path / "known"
    known.write_bytes(b"k" * secret.SIZE)
    known.chmod(0o600)
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to({"link": known, "endless": Path("/dev/zero"), "nowhere": Path("nowhere")}[kind])
    made = secret.own(str(place))
    assert made not in (None, b"k" * secret.SIZE)
    assert secret.own(str(place)) == made
    assert known.read_bytes() == b"k" * secret.SIZE


@POSIX
@pytest.mark.parametrize("kind", ["file above", "directory", "a\0b", "too long"])
def test_without_a_place_there_is_none(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    places = {"file above": tmp_path / "file" / "secret", "directory": tmp_path / "directory"}
    assert secret.own(str(places.get(kind, tmp_path / ("x" * 300 if kind == "too long" else kind)))) is None


@POSIX
def test_nothing_is_left_in_the_directory_of_another_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)  # as root in somebody's home
    assert secret.own(str(place)) is None
    assert not place.parent.parent.exists()
    monkeypatch.undo()
    assert secret.own(str(place)) is not None
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert secret.own(str(place)) is None


def test_a_disk_that_is_full(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    assert secret.own(str(place)) is None
    assert list(place.parent.iterdir()) == []


def test_a_file_system_without_links(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    made = secret.own(str(place))
    assert made is not None
    assert secret.own(str(place)) == made


@pytest.mark.parametrize("named", ["", "relative", "./.cache", "~/.cache"])
def test_only_an_absolute_directory_counts(named: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert secret.place() == str(tmp_path / "veteran" / "secret")
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    for variable in ("HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    assert Path(secret.place()).is_relative_to(tmp_path / "home")
    for variable in ("HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, "relative")
    assert secret.place() == ""
    assert secret.own("") is None


def _tell(place: str, answers: multiprocessing.Queue[bytes | None]) -> None:
    answers.put(secret.own(place))


def test_processes_agree(place: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    running = [context.Process(target=_tell, args=(str(place), answers)) for _ in range(4)]
    for process in running:
        process.start()
    found = {answers.get(timeout=120) for _ in running}
    for process in running:
        process.join(120)
    assert found == {secret.own(str(place))}
