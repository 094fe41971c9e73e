"""The cache: what was put comes back or nothing does, whatever happens to its folder."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import veteran
from veteran.runs import cache as module_under_test
from veteran.runs.cache import KEY_SIZE, RACY, Cache, clean, key_of

DAY = 86_400
DIGEST = key_of("a file")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".veteran_cache"


def filled(folder: Path, **values: bytes) -> Cache:
    """A cache with these entries, written."""
    cache = Cache(folder)
    for name, value in values.items():
        cache.put(key_of(name), value)
    cache.flush()
    return cache


def packs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.vetpack"))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# Keys


PARTS = st.lists(st.binary(max_size=4) | st.text(max_size=4), max_size=4)


@given(one=PARTS, two=PARTS)
def test_keys_are_equal_for_equal_parts_only(one: list[bytes | str], two: list[bytes | str]) -> None:
    assert (key_of(*one) == key_of(*two)) == (one == two)
    assert len(key_of(*one)) == KEY_SIZE


def test_keys_do_not_depend_on_the_run() -> None:
    assert key_of("a", b"b").hex() == "78aa10972c3fb415038adbeb33cfe627c9ec616d"
    assert key_of("\ud800") != key_of("")
    assert key_of("ab", "c") != key_of("a", "bc") != key_of("abc")


# Getting and putting


def test_what_was_put_comes_back(folder: Path) -> None:
    cache = Cache(folder)
    assert cache.get(key_of("a")) is None
    assert not folder.exists()  # nothing was asked of the disk
    cache.put(key_of("a"), b"one")
    cache.put(key_of("empty"), b"")
    cache.put(b"a short key", b"two")
    for now in (cache, cache, Cache(folder)):
        assert now.get(key_of("a")) == b"one"
        assert now.get(key_of("empty")) == b""
        assert now.get(b"a short key") == b"two"
        assert now.get(key_of("b")) is None
        cache.flush()
    assert len(packs(folder)) == 1


def test_the_folder_keeps_itself_out_of_the_way(folder: Path) -> None:
    filled(folder, a=b"1")
    assert (folder / ".gitignore").read_text().splitlines()[-1] == "*"
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_git_does_not_see_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    filled(tmp_path / ".veteran_cache", a=b"1")
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert status == ""


@pytest.mark.parametrize("name", ["mine.txt", "CACHEDIR.TAG", ".gitignore", "1.vetpack", "below/a.py", ".git/HEAD"])
def test_a_folder_with_other_things_is_left_alone(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("mine")
    before = files(folder)
    cache = filled(folder, a=b"1")
    cache.remember(folder / name, (folder / name).stat(), key_of(""))
    cache.flush()
    assert cache.get(key_of("a")) is Cache(folder).get(key_of("a")) is None
    assert clean(folder) == 0
    assert files(folder) == before
    assert (folder / name).read_text() == "mine"


def test_a_folder_that_is_being_made_is_ours(folder: Path) -> None:
    folder.mkdir()
    assert filled(folder, a=b"1").get(key_of("a")) == b"1"
    (folder / "CACHEDIR.TAG").unlink()  # what another process sees that comes between
    assert Cache(folder).get(key_of("a")) is None
    filled(folder, b=b"2")
    assert Cache(folder).get(key_of("a")) == b"1"
    assert {".gitignore", "CACHEDIR.TAG"} <= files(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_marks_that_are_links_or_pipes_are_none(folder: Path, tmp_path: Path) -> None:
    filled(folder, a=b"1")
    tag = folder / "CACHEDIR.TAG"
    tag.rename(tmp_path / "tag")
    for kind in ("link", "endless", "pipe", "directory"):
        if kind == "directory":
            tag.mkdir()
        elif kind == "pipe":
            os.mkfifo(tag)
        else:
            tag.symlink_to(tmp_path / "tag" if kind == "link" else "/dev/zero")
        assert filled(folder, b=b"2").get(key_of("a")) is None
        assert clean(folder) == 0
        if kind == "directory":
            tag.rmdir()
        else:
            tag.unlink()
    (tmp_path / "tag").rename(tag)
    assert Cache(folder).get(key_of("a")) == b"1"


def test_nothing_to_write_writes_nothing(folder: Path) -> None:
    filled(folder)
    assert not folder.exists()
    filled(folder, a=b"1")
    before = files(folder)
    cache = Cache(folder)
    assert cache.get(key_of("a")) == b"1"
    cache.flush()
    assert files(folder) == before


def test_much_is_written_before_it_fills_the_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_under_test, "BATCH", 1000)
    cache = Cache(folder)
    for number in range(50):
        cache.put(key_of(str(number)), b"x" * 100)
    assert len(packs(folder)) >= 2
    cache.flush()
    assert all(Cache(folder).get(key_of(str(number))) == b"x" * 100 for number in range(50))


def test_many_packs_become_one(folder: Path) -> None:
    cache = Cache(folder)
    for number in range(200):
        cache.put(key_of(str(number)), b"%d" % number * 50)
        cache.put(key_of("last"), b"%d" % number)
        cache.flush()
        assert len(packs(folder)) <= module_under_test.MANY
        if number % 3 == 0:  # loaded, or not
            assert cache.get(key_of(str(number // 2))) == b"%d" % (number // 2) * 50
    for now in (cache, Cache(folder)):
        assert all(now.get(key_of(str(number))) == b"%d" % number * 50 for number in range(200))
        assert now.get(key_of("last")) == b"199"
    assert not list(folder.glob("*.vetpart"))
    assert not list(folder.glob("*.lock"))


def test_open_files_are_few_and_let_go(folder: Path) -> None:
    handles = Path("/proc/self/fd")
    if not handles.exists():
        pytest.skip("needs /proc")
    before = len(list(handles.iterdir()))
    cache = Cache(folder)
    for number in range(100):
        cache.put(key_of(str(number)), b"x")
        cache.flush()
        cache.get(key_of("0"))
    assert len(list(handles.iterdir())) <= before + module_under_test.MANY
    cache.close()
    assert len(list(handles.iterdir())) == before
    assert cache.get(key_of("99")) == b"x"


class Clock:
    """A clock that tests set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        self._now, self._now_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: self._now() + self.ahead)
        monkeypatch.setattr(time, "time_ns", lambda: self._now_ns() + int(self.ahead * 10**9))


def test_the_folder_stays_within_its_limit(folder: Path) -> None:
    limit = 100_000
    for run in range(60):
        cache = Cache(folder, limit=limit)
        for number in range(10):
            cache.put(key_of(str(run), str(number)), os.urandom(500))
        cache.flush()
        assert sum(pack.stat().st_size for pack in packs(folder)) <= limit
    newest = Cache(folder)
    assert all(newest.get(key_of("59", str(number))) for number in range(10))
    assert all(newest.get(key_of("50", str(number))) for number in range(10))
    assert newest.get(key_of("0", "0")) is None
    # What could never stay is not even written.
    newest = Cache(folder, limit=limit)
    newest.put(key_of("huge"), bytes(limit))
    newest.flush()
    assert newest.get(key_of("huge")) is None


def test_what_is_used_outlives_what_is_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    filled(folder, used=b"1", unused=b"2")
    for week in range(1, 12):
        clock.ahead = week * 9 * DAY
        cache = Cache(folder)
        assert cache.get(key_of("used")) == b"1"
        cache.put(key_of(str(week)), b"3")
        cache.flush()
        for pack in packs(folder)[-1:]:
            os.utime(pack, (time.time(), time.time()))
    assert Cache(folder).get(key_of("used")) == b"1"
    assert Cache(folder).get(key_of("unused")) is None


# Whatever happens to the folder


def damaged(data: bytes, seed: int) -> bytes:
    """The bytes with something wrong."""
    rng = random.Random(seed)
    kind = rng.randrange(4)
    place = rng.randrange(len(data))
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]
    if kind == 2:
        return data[:place] + rng.randbytes(rng.randrange(1, 40)) + data[place:]
    return data[:place] + bytes(len(data) - place)


@pytest.mark.parametrize("seed", range(150))
def test_damage_loses_entries_but_never_changes_them(folder: Path, seed: int) -> None:
    values = {str(number): b"value %d " % number * number for number in range(20)}
    filled(folder, **values)
    (pack,) = packs(folder)
    pack.write_bytes(damaged(pack.read_bytes(), seed))
    cache = Cache(folder)
    assert all(cache.get(key_of(name)) in (None, value) for name, value in values.items())
    # It is mended by what is put anew.
    for name, value in values.items():
        cache.put(key_of(name), value)
    cache.flush()
    assert all(now.get(key_of(name)) == value for now in (cache, Cache(folder)) for name, value in values.items())


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"vetpack2", b"vetpack1" + bytes(100), b"vetpack2" + b"\xff" * 100, b"vetpack2" + bytes(44)]
)
def test_foreign_packs_are_passed_over(folder: Path, data: bytes) -> None:
    filled(folder, a=b"1")
    for number in (0, 999_999):
        (folder / f"{number:012d}-{'0' * 16}.vetpack").write_bytes(data)
    assert Cache(folder).get(key_of("a")) == b"1"
    assert filled(folder, b=b"2").get(key_of("a")) == b"1"
    assert Cache(folder).get(key_of("b")) == b"2"


def test_a_pack_that_is_a_directory_or_a_link(folder: Path) -> None:
    filled(folder, a=b"1")
    (folder / f"{0:012d}-{'0' * 16}.vetpack").mkdir()
    if sys.platform != "win32":
        (folder / f"{0:012d}-{'1' * 16}.vetpack").symlink_to("nowhere")
        (folder / f"{0:012d}-{'2' * 16}.vetpack").symlink_to(folder / f"{0:012d}-{'2' * 16}.vetpack")
    for number in range(30):
        assert filled(folder, **{str(number): b"2"}).get(key_of("a")) == b"1"
    assert Cache(folder).get(key_of("7")) == b"2"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pack_that_is_a_pipe_is_not_waited_for(folder: Path) -> None:
    filled(folder, a=b"1")
    os.mkfifo(folder / f"{0:012d}-{'3' * 16}.vetpack")
    assert Cache(folder).get(key_of("a")) == b"1"


@pytest.mark.parametrize("path", ["file", "file/below", "a\0b", "x" * 300])
def test_folders_that_cannot_be(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("mine")
    cache = filled(tmp_path / path, a=b"1")
    assert cache.get(key_of("a")) is None
    cache.put(key_of("a"), b"1")
    cache.remember(tmp_path / "file", (tmp_path / "file").stat(), DIGEST)
    cache.flush()
    assert cache.remembered(tmp_path / "file") is None
    assert clean(tmp_path / path) == 0
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs permissions that bind us")
def test_a_folder_that_may_not_be_written(folder: Path) -> None:
    filled(folder, a=b"1")
    folder.chmod(0o500)
    try:
        assert filled(folder, b=b"2").get(key_of("a")) == b"1"
        assert Cache(folder).get(key_of("b")) is None
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("after", range(8))
def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    values = {str(number): b"%d" % number * 100 for number in range(9)}
    for name, value in values.items():
        filled(folder, **{name: value})

    class Full:
        """Files of a disk on which there is room for so many writes."""

        def __init__(self, file: Any) -> None:
            self.file = file
            self.left = after

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def seek(self, place: int) -> None:
            self.file.seek(place)

        def write(self, data: bytes) -> None:
            self.left -= 1
            if self.left < 0:
                raise OSError(28, "No space left on device")
            self.file.write(data)

    whole = os.fdopen
    monkeypatch.setattr(os, "fdopen", lambda handle, mode: Full(whole(handle, mode)))
    cache = filled(folder, new=b"2")
    assert cache.get(key_of("new")) in (b"2", None)
    monkeypatch.undo()
    for now in (cache, Cache(folder)):
        assert all(now.get(key_of(name)) == value for name, value in values.items())
    assert not list(folder.glob("*.vetpart"))
    assert not list(folder.glob("*.lock"))


def test_what_dead_processes_left_is_removed(folder: Path) -> None:
    filled(folder, a=b"1")
    old = time.time() - 2 * module_under_test.ABANDONED
    left = folder / f"{7:012d}-{'0' * 16}.vetpart"
    lock = folder / "veteran-merging.lock"
    others = folder / "mine.vetpart"
    for path in (left, lock, others):
        path.touch()
    for number in range(20):  # somebody else seems to be at it: nobody waits
        filled(folder, **{str(number): b"2"})
    assert len(packs(folder)) == 21
    for path in (left, lock, others):
        os.utime(path, (old, old))
    filled(folder, b=b"2")
    assert len(packs(folder)) <= module_under_test.MANY
    assert others.exists()
    assert not left.exists()
    assert not lock.exists()
    assert Cache(folder).get(key_of("3")) == b"2"


def test_removed_while_in_use(folder: Path) -> None:
    cache = filled(folder, a=b"1")
    assert cache.get(key_of("a")) == b"1"
    clean(folder)
    assert cache.get(key_of("a")) in (b"1", None)
    cache.put(key_of("b"), b"2")
    cache.flush()
    assert Cache(folder).get(key_of("b")) == b"2"
    assert ".gitignore" in files(folder)


# Many processes


def works(folder: Path, worker: int, rounds: int) -> None:
    """Puts and gets; dies of what is wrong."""
    rng = random.Random(worker)
    for _ in range(rounds):
        cache = Cache(folder, limit=400_000)
        for _ in range(30):
            name = str(rng.randrange(300))
            value = cache.get(key_of(name))
            assert value in (None, expected(name)), name
            if value is None:
                cache.put(key_of(name), expected(name))
        cache.flush()
        assert cache._usable


def expected(name: str) -> bytes:
    return key_of(name) * (1 + int(name) % 50)


def test_processes_share_a_folder(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=works, args=(folder, worker, 25)) for worker in range(6)]
    for process in running:
        process.start()
    for process in running:
        process.join(120)
    assert [process.exitcode for process in running] == [0] * 6
    cache = Cache(folder)
    found = [cache.get(key_of(str(number))) for number in range(300)]
    assert all(value in (None, expected(str(number))) for number, value in enumerate(found))
    assert sum(value is not None for value in found) > 200
    cache.put(key_of("0"), expected("0"))
    cache.flush()
    assert len(packs(folder)) <= 3 * module_under_test.MANY


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_killed_processes_leave_a_whole_cache(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    for attempt in range(3):
        process = context.Process(target=works, args=(folder, attempt, 10_000))
        process.start()
        deadline = time.monotonic() + 30
        while not (folder.exists() and packs(folder)) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05 * attempt)
        process.kill()
        process.join()
        cache = Cache(folder)
        assert all(cache.get(key_of(str(number))) in (None, expected(str(number))) for number in range(300))


# Content of files


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file that has been at rest for long."""
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    return path


def rested(folder: Path, since: int = 10**12) -> Cache:
    """A cache that was opened long after whatever changed last."""
    cache = Cache(folder)
    cache._since += since
    return cache


def test_files_at_rest_are_remembered(folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = rested(folder)
    assert cache.remembered(source) is None
    cache.remember(source, source.stat(), DIGEST)
    assert cache.remembered(source) == DIGEST
    cache.flush()
    for now in (cache, Cache(folder)):
        assert now.remembered(source) == DIGEST
        assert now.remembered(source.with_name("b.py")) is None
    monkeypatch.chdir(source.parent)
    assert Cache(folder).remembered(Path("a.py")) == DIGEST
    source.unlink()
    assert Cache(folder).remembered(source) is None


@pytest.mark.parametrize("change", ["content", "size", "mtime", "replaced"])
def test_changed_files_are_not(folder: Path, source: Path, change: str) -> None:
    before = source.stat()
    cache = rested(folder)
    cache.remember(source, before, DIGEST)
    cache.flush()
    if change == "content":
        source.write_text("x = 2\n")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))  # the time of the change of the inode stays
    elif change == "size":
        source.write_text("x = 10\n")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "mtime":
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    else:
        other = source.with_name("other")
        other.write_text("x = 3\n")
        other.replace(source)
    if sys.platform == "win32" and change == "content":
        pytest.skip("no time of change there")
    assert Cache(folder).remembered(source) is None


def test_files_that_may_still_change_unseen_are_not(folder: Path, source: Path) -> None:
    cache = Cache(folder)  # as old as the file, within the ticks of a clock
    cache.remember(source, source.stat(), DIGEST)
    assert cache.remembered(source) is None
    cache.flush()
    assert cache.remembered(source) is None
    assert Cache(folder).remembered(source) is None
    # The next run remembers it.
    cache = rested(folder)
    cache.remember(source, source.stat(), DIGEST)
    cache.flush()
    assert Cache(folder).remembered(source) == DIGEST


def test_files_from_the_near_future_are_not(folder: Path, source: Path) -> None:
    """Those from the far future are: no clock is so wrong that a change would bear such a time."""
    for ahead, known in ((10**4, None), (10**6, DIGEST)):
        os.utime(source, (time.time() + ahead, time.time() + ahead))
        cache = rested(folder, 10**10)
        cache.remember(source, source.stat(), DIGEST)
        cache.flush()
        assert Cache(folder).remembered(source) == known


def test_a_file_that_changes_after_it_was_read(folder: Path, source: Path) -> None:
    """What is written in the very tick of the clock in which the file was read."""
    cache = Cache(folder)
    stat = source.stat()
    source.write_text("x = 2\n")
    os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    changed = source.stat()
    # All of it equal, as on a file system with slow ticks.
    cache.remember(source, changed, DIGEST)
    cache.flush()
    assert Cache(folder).remembered(source) is None


def test_the_clock_of_the_file_system_counts(folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = rested(folder, 10 * RACY)
    monkeypatch.setattr(cache, "_skew", lambda: -20 * RACY)
    cache.remember(source, source.stat(), DIGEST)
    cache.flush()
    assert Cache(folder).remembered(source) is None


# Removing


def test_clean_removes_what_is_ours(folder: Path) -> None:
    filled(folder, a=b"1")
    filled(folder, b=b"1")
    (folder / f"{7:012d}-{'0' * 16}.vetpart").touch()
    (folder / "veteran-merging.lock").touch()
    assert clean(folder) == 6
    assert not folder.exists()
    assert clean(folder) == 0


def test_clean_leaves_what_is_not(folder: Path, tmp_path: Path) -> None:
    filled(folder, a=b"1")
    (folder / ".gitignore").write_text("mine\n")
    (folder / "1.vetpack").touch()
    (folder / f"{7:012d}-{'0' * 16}.vetpack").mkdir()
    (folder / "below").mkdir()
    (folder / "below" / f"{7:012d}-{'0' * 16}.vetpack").touch()
    (tmp_path / "target").touch()
    kept = {".gitignore", "1.vetpack", f"{7:012d}-{'0' * 16}.vetpack", "below"}
    if sys.platform != "win32":
        (folder / f"{8:012d}-{'0' * 16}.vetpack").symlink_to(tmp_path / "target")
        kept.add(f"{8:012d}-{'0' * 16}.vetpack")
    assert clean(folder) == 2
    assert files(folder) == kept
    assert len(files(folder / "below")) == 1
    assert (tmp_path / "target").exists()


# Laws


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 7), st.binary(max_size=20)),
        st.tuples(st.sampled_from(["flush", "reopen", "close"]), st.just(0), st.just(b"")),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=100)
@given(steps=STEPS)
def test_behaves_as_a_dictionary_does(steps: list[tuple[str, int, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "cache"
        cache = Cache(folder)
        model: dict[int, bytes] = {}
        for step, key, value in steps:
            if step == "put":
                cache.put(key_of(str(key)), value)
                model[key] = value
            elif step == "close":
                cache.close()
            else:
                cache.flush()
                cache = Cache(folder) if step == "reopen" else cache
            assert {key: cache.get(key_of(str(key))) for key in range(8)} == {key: model.get(key) for key in range(8)}
        cache.close()


# Cost


def test_its_import_is_cheap() -> None:
    script = "import sys; import veteran.runs.cache; print(*sorted(sys.modules))"
    env = {**os.environ, "PYTHONPATH": str(Path(veteran.__file__).parents[1])}
    out = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=env).stdout
    assert {"pickle", "marshal", "tempfile", "shutil", "random", "json", "sqlite3", "libcst"} & set(out.split()) <= {
        "marshal"  # the interpreter's own
    }


def test_many_entries_are_read_quickly(folder: Path) -> None:
    keys = [key_of(str(number)) for number in range(20_000)]
    cache = Cache(folder)
    for key in keys:
        cache.put(key, key * 50)
    cache.flush()
    fastest = min(_reading(folder, keys) for _ in range(3))
    assert fastest < 1  # a tenth of that where nothing else runs
    assert len(packs(folder)) <= 5


def _reading(folder: Path, keys: list[bytes]) -> float:
    started = time.perf_counter()
    cache = Cache(folder)
    assert all(cache.get(key) == key * 50 for key in keys)
    return time.perf_counter() - started


# Times that no clock shows


class _Stat(NamedTuple):
    st_mtime_ns: int
    st_ctime_ns: int
    st_ino: int
    st_size: int


@given(st.tuples(*[st.integers()] * 4))
def test_whatever_a_file_system_says_is_a_state(numbers: tuple[int, int, int, int]) -> None:
    stat = _Stat(*numbers)
    state = module_under_test.state_of(stat)  # type: ignore[arg-type]
    assert len(state) == module_under_test.STATE_SIZE
    for index in range(4):
        other = stat._replace(**{stat._fields[index]: numbers[index] + 1})
        assert module_under_test.state_of(other) != state  # type: ignore[arg-type]
    changed = module_under_test.changed_at(stat)  # type: ignore[arg-type]
    assert changed in (0, *numbers[:2])
    assert changed <= time.time_ns() + module_under_test.AHEAD_OF_TIME


def test_a_change_counts_whatever_time_is_set_by_hand() -> None:
    now, never = time.time_ns(), 10**20
    for mtime, ctime, changed in (
        (never, now, now),
        (now, never, now),
        (never, never, 0),
        (now - 5, now, now),
        (now + 10**10, now, now + 10**10),
        (-never, now, now),
    ):
        assert module_under_test.changed_at(_Stat(mtime, ctime, 1, 1)) == changed  # type: ignore[arg-type]


def test_a_file_system_whose_clock_is_days_ahead(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that has just changed there looks like one whose time was set by hand."""
    source = tmp_path / "a.py"
    source.touch()
    old = time.time_ns() - 10**15
    os.utime(source, ns=(old, old))
    monkeypatch.setattr(time, "time_ns", lambda: old)
    kept = Cache(folder)
    kept.remember(source, source.stat(), b"digest")
    kept.flush()
    assert Cache(folder).remembered(source) is None


def test_locks_and_parts_from_the_future_are_abandoned(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    lock, part = folder / "veteran-merging.lock", folder / f"{0:012d}-{'3' * 16}.vetpart"
    for path in (lock, part):
        path.touch()
        os.utime(path, (9_999_999_999, 9_999_999_999))
    kept = Cache(folder, limit=1_000)
    for number in range(30):
        kept.put(b"%d" % number, bytes(100))
        kept.flush()
    assert not lock.exists()
    assert not part.exists()
