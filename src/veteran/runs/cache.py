"""Keeps small blobs between runs: what files yielded, and which content they had.

A folder of packs. A pack is written once, to the side, and renamed into place: the blobs, each with
a seal, and then an index with its own. Processes share the folder without waiting for each other: each
adds packs, whoever finds too many merges the newest into one, and removes packs only when their
content is in another one or has had its time. What is damaged, cut short or of another version is
not there. Nothing here raises for what the disk does: without a usable folder nothing is kept.

A seal can be made by this user only (see `secret`): a cache that came with a repository is not there either.
Nothing is written to, and nothing removed from, a folder that is there and has no tag of ours.

A used entry that is older than `FRESH` days is written anew, so that packs grow old with what nobody uses:
these go after `STALE` days, or earlier where the folder outgrows its limit, oldest first.
"""

# ruff: noqa: PTH100, PTH116, PTH117, PTH118 - text paths are what thousands of look-ups can afford

from __future__ import annotations

import os
import re
import struct
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, cast

from veteran.runs import secret as secrets

try:
    from _blake2 import blake2b  # `hashlib` loads all of OpenSSL before it takes this one
except ImportError:
    from hashlib import blake2b

KEY_SIZE = 20
SEAL_SIZE = 16
#: Most that is held in memory before it is written, in bytes.
BATCH = 8 * 2**20
#: So many questions are answered without a table of all that is there.
FEW = 8
#: How much is read at once, in bytes.
AHEAD = 2**17
#: Small packs beyond which they are merged.
MANY = 8
#: Packs beyond which something keeps them from being merged: no more are read, and none are added.
MOST = 100
#: What a blob may unpack to, in bytes.
LARGEST = 64 * 2**20
FRESH, STALE = 7, 45
#: A file that changed this shortly before it was read may change again and look the same: clocks of
#: file systems tick in up to two seconds. Git calls such a file racy.
RACY = 3 * 10**9
#: How far the clock of a file system may be ahead of ours, in nanoseconds.
AHEAD_OF_TIME = 86_400 * 10**9
#: When a process that left these behind is surely gone, in seconds.
ABANDONED = 900

_MAGIC = b"vetpack2"
_HEAD = struct.Struct(
    f"<8s{SEAL_SIZE}sI{SEAL_SIZE}sQ"
)  # magic, its seal, entries, seal of the index, size of the blobs
_ENTRY = struct.Struct(f"<{KEY_SIZE}sIQI{SEAL_SIZE}s")  # key, day of last use, offset, size, seal
_STAT = struct.Struct("<QQQQ")  # mtime, ctime, inode, size; of each the last 64 bits
_PACK = re.compile(r"[0-9]{12}-[0-9a-f]{16}\.vetpack")
_PART = re.compile(r"[0-9]{12}-[0-9a-f]{16}\.vetpart")
_LOCK = "veteran-merging.lock"
_TAG = "CACHEDIR.TAG"
_MARKS = {
    ".gitignore": b"# Made by veteran.\n*\n",
    "CACHEDIR.TAG": (
        b"Signature: 8a477f597d28d172789f06886806bc55\n"
        b"# This directory holds what veteran can compute again; see https://bford.info/cachedir/\n"
    ),
}
_DAY = 86_400


STATE_SIZE = _STAT.size
#: The number of a pack after which there is none.
LAST = 10**12 - 1


def key_of(*parts: bytes | str) -> bytes:
    """A digest that tells any two different sequences of parts apart."""
    digest = blake2b(digest_size=KEY_SIZE)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(b"%c%d:" % (b"s" if isinstance(part, str) else b"b", len(data)))
        digest.update(data)
    return digest.digest()


def inflated(data: bytes) -> bytes:
    """What was compressed; ValueError or zlib.error where it is damaged or more than `LARGEST`."""
    inflater = zlib.decompressobj()
    found = inflater.decompress(data, LARGEST)
    if not inflater.eof:
        raise ValueError("cut short, or too large")
    return found


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


def is_ours(folder: str) -> bool:
    """Whether a folder has the tag of veteran's caches."""
    return _is_mark(folder, _TAG)


def may_keep(folder: str) -> bool:
    """Whether a folder is ours, or can become so: there is nothing yet, or what a process has just begun."""
    if is_ours(folder):
        return True
    try:
        with os.scandir(folder) as entries:
            return all(_is_named_as_ours(entry.name) or _is_mark(folder, entry.name) for entry in entries)
    except FileNotFoundError:
        return not os.path.lexists(folder)
    except (OSError, ValueError):
        return False


def clean(folder: Path) -> int:
    """Removes a cache and returns the number of files; whatever else is there stays."""
    place = os.fspath(folder)
    if not is_ours(place):
        return 0
    try:
        with os.scandir(place) as entries:
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return 0
    ours = [name for name in names if _is_named_as_ours(name)]
    ours += [name for name in _MARKS if _is_mark(place, name)]
    removed = sum(_remove(folder / name) for name in ours)
    with suppress(OSError):  # it holds something else, or is a link
        folder.rmdir()
    return removed


def caches_below(top: str) -> Iterator[str]:
    """The folders below a directory that are ours; links are not followed."""
    pending = [top]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
            pending += sorted((e.path for e in found if e.is_dir(follow_symlinks=False)), reverse=True)
        except OSError:
            continue
        if any(entry.name == _TAG for entry in found) and is_ours(folder):
            yield folder


def _is_mark(folder: str, name: str) -> bool:
    """Whether a file of that name is there, and holds what we write there."""
    text = _MARKS.get(name)
    return text is not None and secrets.content(os.path.join(folder, name), len(text)) == text


def _is_named_as_ours(name: str) -> bool:
    return bool(name == _LOCK or _PACK.fullmatch(name) or _PART.fullmatch(name))


class Cache:
    """A folder of blobs, for one thread.

    What is put is there for others once it is flushed; what others write meanwhile is not seen.
    """

    def __init__(self, folder: Path, secret: bytes | None = None, *, limit: int = 256 * 2**20) -> None:
        """secret: None: this user's. limit: of the folder's size, in bytes.

        The folder is not touched before something is asked.
        """
        self.folder = folder
        self.limit = limit
        secret = secret or secrets.own(secrets.place())
        self._seal = _Seal(secret) if secret else None
        self._loaded = self._doubted = False
        self._opened: list[_Pack] = []
        self._places: dict[bytes, tuple[_Pack, int]] | None = None
        self._asked = 0
        self._new: dict[bytes, bytes] = {}
        self._size = 0
        self._used: set[bytes] = set()
        self._usable = secret is not None
        self._stats: dict[bytes, tuple[int, bytes]] = {}
        self._today = int(time.time() // _DAY)
        self._since = time.time_ns()

    def doubt(self) -> None:
        """Believes nothing of what is there; what is put takes its place."""
        self.close()
        self._doubted = True
        for known in (self._used, self._stats, self._new):
            known.clear()
        self._size = 0

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
            if len(packs) > MOST:
                raise OSError("there are too many packs")
            number = min(_number(packs[-1].name) + 1, LAST) if packs else 1
            packs.append(self._write(number, ((key, self._today, value) for key, value in new.items())))
            self._tidy(packs)
        except (OSError, ValueError):
            self._usable = False

    def remembered(self, path: Path) -> bytes | None:
        """The digest of a file's content, if it is surely the file that was read then."""
        key = _path_key(path)
        held = self._stats.get(key)
        value = self.get(key) if held is None else held[1]
        if value is None or len(value) != _STAT.size + KEY_SIZE:
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
        value = known[1] if known else self.get(key)
        return value if value is not None and len(value) == _STAT.size + KEY_SIZE else None

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
        """Makes the folder, with its marks. OSError where it is not ours and holds anything."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = os.fspath(self.folder)
        if is_ours(place):
            return
        if not may_keep(place):
            raise OSError("not a cache of veteran's")
        for name, text in _MARKS.items():
            handle, part = _scratch(self.folder, 0)
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            part.replace(self.folder / name)

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
        if not self._doubted and self._seal and is_ours(os.fspath(self.folder)):
            for pack in self._packs()[-MOST:]:
                self._use(self.folder / pack.name)

    def _use(self, path: Path) -> None:
        pack = self._pack(path)
        if pack:
            self._opened.append(pack)
            if self._places is not None:
                self._places.update(pack.places())

    def _pack(self, path: Path) -> _Pack | None:
        return _Pack.open(path, self._seal, self.limit) if self._seal else None

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
        seal = cast("_Seal", self._seal)
        try:
            index: list[bytes] = []
            with os.fdopen(handle, "wb") as file:
                file.write(bytes(_HEAD.size))
                size = 0
                for key, day, value in entries:
                    index.append(_ENTRY.pack(key, day, size, len(value), seal(key, value)))
                    file.write(value)
                    size += len(value)
                data = b"".join(index)
                file.write(data)
                file.seek(0)
                file.write(_HEAD.pack(_MAGIC, seal(_MAGIC), len(index), seal(data), size))
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
            pack = self._pack(self.folder / name)
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


class _Seal:
    """What only who knows the secret can make of bytes; different parts have different seals."""

    def __init__(self, secret: bytes) -> None:
        self._keyed = blake2b(digest_size=SEAL_SIZE, key=secret)

    def __call__(self, *parts: bytes) -> bytes:
        digest = self._keyed.copy()
        for part in parts:
            digest.update(b"%d:" % len(part))
            digest.update(part)
        return digest.digest()


class _File(NamedTuple):
    """A pack on the disk."""

    name: str
    size: int
    written: float


class _Pack:
    """An open pack, whose index is known to be whole, and this user's."""

    def __init__(self, handle: int, index: bytes, seal: _Seal) -> None:
        self._handle = handle
        self._index = index
        self._seal = seal
        self._ahead = b""  # what was read beyond the last blob, and where it begins
        self._start = self._end = 0

    @classmethod
    def open(cls, path: Path, seal: _Seal, limit: int) -> _Pack | None:
        """None where it cannot be used, or is larger than the limit."""
        # A pipe of that name is not waited for.
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            handle = os.open(path, flags)
        except OSError:
            return None
        pack = None
        with suppress(OSError, OverflowError, struct.error):
            magic, whose, count, checked, size = _HEAD.unpack(_read(handle, _HEAD.size, 0))
            whole = _HEAD.size + count * _ENTRY.size + size
            if (magic, whose) == (_MAGIC, seal(_MAGIC)) and os.fstat(handle).st_size == whole <= limit:
                index = _read(handle, count * _ENTRY.size, _HEAD.size + size)
                if seal(index) == checked:
                    pack = cls(handle, index, seal)
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
        key, day, offset, size, seal = _ENTRY.unpack_from(self._index, number * _ENTRY.size)
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
        return (value if self._seal(key, value) == seal else None), day

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
