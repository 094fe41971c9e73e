"""Keeps small blobs between runs: what files yielded, and which content they had.

A folder of packs. A pack is written once, to the side, and renamed into place: the blobs, each with
a checksum, and then an index with its own. Processes share the folder without waiting for each other: each
adds packs, whoever finds too many merges the newest into one, and removes packs only when their
content is in another one or has had its time. What is damaged, cut short or of another version is
not there. Nothing here raises for what the disk does: without a usable folder nothing is kept.

A used entry that is older than `FRESH` days is written anew, so that packs grow old with what nobody uses:
these go after `STALE` days, or earlier where the folder outgrows its limit, oldest first.
"""

# ruff: noqa: PTH100, PTH116, PTH117 - text paths are what thousands of look-ups can afford

from __future__ import annotations

import os
import re
import struct
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from veteran.reading import read

KEY_SIZE = 20
#: Most that is held in memory before it is written, in bytes.
BATCH = 8 * 2**20
#: So many questions are answered without a table of all that is there.
FEW = 8
#: How much is read at once, in bytes.
AHEAD = 2**17
#: Small packs beyond which they are merged.
MANY = 8
FRESH, STALE = 7, 45
#: A file that changed this shortly before it was read may change again and look the same: clocks of
#: file systems tick in up to two seconds. Git calls such a file racy.
RACY = 3 * 10**9
#: How far the clock of a file system may be ahead of ours, in nanoseconds.
AHEAD_OF_TIME = 86_400 * 10**9
#: When a process that left these behind is surely gone, in seconds.
ABANDONED = 900

_MAGIC = b"vetpack1"
_HEAD = struct.Struct("<8sIIQ")  # magic, entries, checksum of the index, size of the blobs
_ENTRY = struct.Struct(f"<{KEY_SIZE}sIQII")  # key, day of last use, offset, size, checksum
_STAT = struct.Struct("<QQQQ")  # mtime, ctime, inode, size; of each the last 64 bits
_PACK = re.compile(r"[0-9]{12}-[0-9a-f]{16}\.vetpack")
_PART = re.compile(r"[0-9]{12}-[0-9a-f]{16}\.vetpart")
_LOCK = "veteran-merging.lock"
_MARKS = {
    ".gitignore": b"# Made by veteran.\n*\n",
    "CACHEDIR.TAG": (
        b"Signature: 8a477f597d28d172789f06886806bc55\n"
        b"# This directory holds what veteran can compute again; see https://bford.info/cachedir/\n"
    ),
}
_DAY = 86_400


STATE_SIZE = _STAT.size


def key_of(*parts: bytes | str) -> bytes:
    """A digest that tells any two different sequences of parts apart."""
    digest = blake2b(digest_size=KEY_SIZE)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(b"%c%d:" % (b"s" if isinstance(part, str) else b"b", len(data)))
        digest.update(data)
    return digest.digest()


def state_of(stat: os.stat_result) -> bytes:
    """What tells a changed file or directory from one that is as it was, whatever its times are."""
    said = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_size)
    return _STAT.pack(*(number & (2**64 - 1) for number in said))


def changed_at(stat: os.stat_result) -> int:
    """When a file last changed in any way, by the clock of its file system, in nanoseconds.

    A time that is more than `AHEAD_OF_TIME` to come was set by hand: no change from now on will bear it.
    """
    last = time.time_ns() + AHEAD_OF_TIME
    return max((when for when in (stat.st_mtime_ns, stat.st_ctime_ns) if when <= last), default=0)


def clean(folder: Path) -> int:
    """Removes a cache and returns the number of files; whatever else is there stays."""
    try:
        with os.scandir(folder) as entries:
            names = {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
    except (OSError, ValueError):
        return 0
    ours = [name for name in names if name == _LOCK or _PACK.fullmatch(name) or _PART.fullmatch(name)]
    for name, text in _MARKS.items():
        with suppress(OSError):
            if name in names and read(folder / name) == text:
                ours.append(name)
    removed = sum(_remove(folder / name) for name in ours)
    with suppress(OSError):  # it holds something else, or is a link
        folder.rmdir()
    return removed


class Cache:
    """A folder of blobs, for one thread.

    What is put is there for others once it is flushed; what others write meanwhile is not seen.
    """

    def __init__(self, folder: Path, *, limit: int = 256 * 2**20) -> None:
        """limit: of the folder's size, in bytes. The disk is not touched before something is asked."""
        self.folder = folder
        self.limit = limit
        self._loaded = False
        self._opened: list[_Pack] = []
        self._places: dict[bytes, tuple[_Pack, int]] | None = None
        self._asked = 0
        self._new: dict[bytes, bytes] = {}
        self._size = 0
        self._used: set[bytes] = set()
        self._usable = True
        self._stats: dict[bytes, tuple[int, bytes]] = {}
        self._today = int(time.time() // _DAY)
        self._since = time.time_ns()

    def get(self, key: bytes) -> bytes | None:
        """What was put under the key; None where that is not known, or damaged."""
        key = _sized(key)
        value = self._new.get(key)
        if value is not None:
            return value
        if not self._loaded:
            self._load()
        found = self._find(key)
        if found is None:
            return None
        pack, index = found
        value, day = pack.read(index)
        if value is None:
            if self._places:
                del self._places[key]
        elif day + FRESH < self._today:
            self._used.add(key)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """Keeps the value; it is written with the next `flush`, or when there is much to write."""
        if not self._usable or len(value) > min(self.limit // 8, 2**31):
            return
        key = _sized(key)
        self._size += len(value) - len(self._new.get(key, b""))
        self._new[key] = value
        if self._size > BATCH:
            self.flush()

    def flush(self) -> None:
        """Writes what was put. What cannot be written is given up, and nothing is tried again."""
        self._settle()
        if self._used:
            for key in self._used - self._new.keys():
                value = self.get(key)
                if value is not None:
                    self._new[key] = value
            self._used.clear()
        new, self._new, self._size = self._new, {}, 0
        if not new or not self._usable:
            return
        try:
            self._prepare()
            packs = self._packs()
            number = _number(packs[-1].name) + 1 if packs else 1
            packs.append(self._write(number, ((key, self._today, value) for key, value in new.items())))
            self._tidy(packs)
        except (OSError, ValueError):
            self._usable = False

    def remembered(self, path: Path) -> bytes | None:
        """The digest of a file's content, if it is surely the file that was read then."""
        key = _path_key(path)
        held = self._stats.get(key)
        value = self.get(key) if held is None else held[1]
        if value is None or len(value) <= _STAT.size:
            return None
        try:
            stat = state_of(os.stat(path))
        except (OSError, ValueError):
            return None
        if value[: _STAT.size] != stat or (held and held[0] >= self._since - RACY):
            return None
        return value[_STAT.size :]

    def held(self, path: Path) -> bytes | None:
        """The state of a file and the digest of its content, as they were when it was last read."""
        key = _path_key(path)
        known = self._stats.get(key)
        return known[1] if known else self.get(key)

    def remember(self, path: Path, stat: os.stat_result, digest: bytes) -> None:
        """Notes which content a file has. stat: taken before the content was read.

        It is not kept where the file changed so shortly before that a later change could look the
        same, by the clock of the folder's file system.
        """
        if not self._usable:
            return
        self._stats[_path_key(path)] = changed_at(stat), state_of(stat) + digest

    def close(self) -> None:
        """Lets go of the files; what was not flushed is lost."""
        self._loaded, self._opened, self._places = False, [], None

    def _settle(self) -> None:
        """Puts what was remembered, but for files that may still change unseen."""
        stats, self._stats = self._stats, {}
        since, self._since = self._since, time.time_ns()
        if not stats or not self._usable:
            return
        try:
            settled = self.settled(since)
        except (OSError, ValueError):
            self._usable = False
            return
        for key, (changed, value) in stats.items():
            if changed < settled:
                self.put(key, value)

    def settled(self, since: int) -> int:
        """What changed earlier, by the clock of the file system, cannot have changed unseen since then.

        since: by our clock, in nanoseconds. OSError or ValueError where the folder cannot be used.
        """
        self._prepare()
        return min(since, since + self._skew()) - RACY

    def _skew(self) -> int:
        """How far the clock of the file system is ahead of ours."""
        handle, path = _scratch(self.folder, 0)
        try:
            ours = time.time_ns()
            ahead = os.fstat(handle).st_mtime_ns - ours
            if ahead > AHEAD_OF_TIME:
                raise ValueError("no clock to rely on")
            return ahead
        finally:
            os.close(handle)
            _remove(path)

    # The folder

    def _prepare(self) -> None:
        """Makes the folder. One that holds other things gets no marks."""
        try:
            self.folder.mkdir(parents=True)
        except FileExistsError:
            if any(self.folder.iterdir()):
                return
        for name, text in _MARKS.items():
            (self.folder / name).write_bytes(text)

    def _packs(self) -> list[_File]:
        """What is there, oldest first."""
        packs = []
        with suppress(OSError, ValueError), os.scandir(self.folder) as entries:
            for entry in entries:
                if _PACK.fullmatch(entry.name):
                    with suppress(FileNotFoundError):
                        stat = entry.stat(follow_symlinks=False)
                        packs.append(_File(entry.name, stat.st_size, stat.st_mtime))
        return sorted(packs)

    def _load(self) -> None:
        self._loaded = True
        for pack in self._packs():
            self._use(self.folder / pack.name)

    def _use(self, path: Path) -> None:
        pack = _Pack.open(path)
        if pack:
            self._opened.append(pack)
            if self._places is not None:
                self._places.update(pack.places())

    def _find(self, key: bytes) -> tuple[_Pack, int] | None:
        """The newest entry of that key."""
        if self._places is None and self._asked < FEW:
            self._asked += 1
            return next((found for pack in reversed(self._opened) if (found := pack.find(key))), None)
        if self._places is None:
            self._places = {}
            for pack in self._opened:
                self._places.update(pack.places())
        return self._places.get(key)

    def _write(self, number: int, entries: Iterable[tuple[bytes, int, bytes]]) -> _File:
        """Writes a pack of that number and takes it into use."""
        handle, part = _scratch(self.folder, number)
        try:
            index: list[bytes] = []
            with os.fdopen(handle, "wb") as file:
                file.write(bytes(_HEAD.size))
                size = 0
                for key, day, value in entries:
                    index.append(_ENTRY.pack(key, day, size, len(value), _checksum(key, value)))
                    file.write(value)
                    size += len(value)
                data = b"".join(index)
                file.write(data)
                file.seek(0)
                file.write(_HEAD.pack(_MAGIC, len(index), zlib.crc32(data), size))
            path = part.with_suffix(".vetpack")
            part.replace(path)
        except BaseException:
            _remove(part)
            raise
        if self._loaded:
            self._use(path)
        return _File(path.name, _HEAD.size + size + len(data), time.time())

    def _tidy(self, packs: list[_File]) -> None:
        """Merges small packs where there are many; removes old ones, and where there is too much the oldest."""
        small = _small(packs, self.limit // 8)
        if not small and not self._surplus(packs):
            return
        if not self._lock():
            return
        try:
            self.close()  # on Windows nothing goes that is open
            self._remove_abandoned()
            if small:
                self._merge(small)
            for name in self._surplus(self._packs()):
                _remove(self.folder / name)
        finally:
            _remove(self.folder / _LOCK)

    def _surplus(self, packs: list[_File]) -> list[str]:
        """The packs that nobody used for long, and the oldest ones beyond the limit."""
        total = sum(size for _, size, _ in packs)
        surplus = []
        for name, size, written in packs:
            if total > self.limit or written < (self._today - STALE) * _DAY:
                surplus.append(name)
                total -= size
        return surplus

    def _lock(self) -> bool:
        """Whether it is ours to tidy. Nobody waits: two at once would only do the same work twice."""
        path = self.folder / _LOCK
        with suppress(OSError):
            if _is_abandoned(path):
                path.unlink()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except OSError:
            return False
        return True

    def _remove_abandoned(self) -> None:
        for path in self.folder.glob("*.vetpart"):
            with suppress(OSError):
                if _PART.fullmatch(path.name) and _is_abandoned(path):
                    path.unlink()

    def _merge(self, names: list[str]) -> None:
        """One pack from several; it takes the place of the newest."""
        last: dict[bytes, tuple[_Pack, int]] = {}
        for name in names:
            pack = _Pack.open(self.folder / name)
            if pack:
                last.update(pack.places())

        def entries() -> Iterator[tuple[bytes, int, bytes]]:
            for key, (pack, number) in last.items():
                value, day = pack.read(number)
                if value is not None and day + STALE >= self._today:
                    yield key, day, value

        self._write(_number(names[-1]), entries())
        del pack
        last.clear()
        for name in names:
            _remove(self.folder / name)


class _File(NamedTuple):
    """A pack on the disk."""

    name: str
    size: int
    written: float


class _Pack:
    """An open pack, whose index is known to be whole."""

    def __init__(self, handle: int, index: bytes) -> None:
        self._handle = handle
        self._index = index
        self._ahead = b""  # what was read beyond the last blob, and where it begins
        self._start = self._end = 0

    @classmethod
    def open(cls, path: Path) -> _Pack | None:
        """None where it cannot be used."""
        # A pipe of that name is not waited for.
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            handle = os.open(path, flags)
        except OSError:
            return None
        pack = None
        with suppress(OSError, OverflowError, struct.error):
            magic, count, checksum, size = _HEAD.unpack(_read(handle, _HEAD.size, 0))
            whole = _HEAD.size + count * _ENTRY.size + size
            if magic == _MAGIC and os.fstat(handle).st_size == whole:
                index = _read(handle, count * _ENTRY.size, _HEAD.size + size)
                if zlib.crc32(index) == checksum:
                    pack = cls(handle, index)
        if pack is None:
            os.close(handle)
        return pack

    def places(self) -> Iterator[tuple[bytes, tuple[_Pack, int]]]:
        """Each key and where its entry is."""
        for number, entry in enumerate(_ENTRY.iter_unpack(self._index)):
            yield entry[0], (self, number)

    def find(self, key: bytes) -> tuple[_Pack, int] | None:
        """As of `places`, for one key."""
        start = self._index.rfind(key)
        while start >= 0 and start % _ENTRY.size:
            start = self._index.rfind(key, 0, start + len(key) - 1)
        return (self, start // _ENTRY.size) if start >= 0 else None

    def read(self, number: int) -> tuple[bytes | None, int]:
        """The blob of an entry, None where it is damaged, and the day of its last use."""
        key, day, offset, size, checksum = _ENTRY.unpack_from(self._index, number * _ENTRY.size)
        try:
            start = offset - self._start
            if start >= 0 and start + size <= len(self._ahead):
                value = self._ahead[start : start + size]
            elif self._end <= offset < self._end + AHEAD:  # they are asked for in the order of their writing
                self._start = offset
                self._ahead = _read(self._handle, max(size, AHEAD), _HEAD.size + offset)
                value = self._ahead[:size]
            else:
                value = _read(self._handle, size, _HEAD.size + offset)
            self._end = offset + size
        except (OSError, OverflowError):
            return None, day
        return (value if _checksum(key, value) == checksum else None), day

    def __del__(self) -> None:
        with suppress(OSError):
            os.close(self._handle)


if hasattr(os, "pread"):
    _read = os.pread
else:  # Windows

    def _read(handle: int, size: int, offset: int) -> bytes:
        os.lseek(handle, offset, os.SEEK_SET)
        return os.read(handle, size)


def _sized(key: bytes) -> bytes:
    return key if len(key) == KEY_SIZE else key_of(key)


def _checksum(key: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(key))


def _path_key(path: Path) -> bytes:
    text = os.fspath(path)
    return key_of("stat", os.fsencode(text if os.path.isabs(text) else os.path.abspath(text)))


def _number(name: str) -> int:
    return int(name[:12])


def _small(packs: list[_File], full: int) -> list[str]:
    """The newest packs that fit into one, but for those much larger than all that came after them."""
    fitting = 0
    total = 0
    for _, size, _ in reversed(packs):
        total += size
        if total > full:
            break
        fitting += 1
    if fitting <= MANY:
        return []
    held = 0
    taken: list[str] = []
    for name, size, _ in packs[: -fitting - 1 : -1]:
        if len(taken) > MANY // 2 and size > 2 * held:
            break
        taken.append(name)
        held += size
    return taken[::-1]


def _scratch(folder: Path, number: int) -> tuple[int, Path]:
    """A file that nobody else writes to, open."""
    path = folder / f"{number:012d}-{os.urandom(8).hex()}.vetpart"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666), path


def _is_abandoned(path: Path) -> bool:
    """Whether a file is too old, or too far in the future, for a process that still runs."""
    return abs(time.time() - path.stat().st_mtime) > ABANDONED


def _remove(path: Path) -> bool:
    """Whether it was there, and could be removed."""
    try:
        path.unlink()
    except OSError:
        return False
    return True
