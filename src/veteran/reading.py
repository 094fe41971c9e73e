"""The one way in which files are read: regular ones, without waiting, and no more of them than is reasonable.

A checked repository may hold named pipes, sockets and links to devices under any name, and files of any size. What
kind of file it is, is asked of the open file, so that none can be put in its place meanwhile.
"""

# ruff: noqa: PTH116 - text paths are what thousands of files afford

from __future__ import annotations

import errno
import os
import sys
from stat import S_ISDIR, S_ISREG
from typing import Any, NamedTuple

from veteran.patterns import lazily

#: The largest Python file that is read, in bytes: generated modules have a few million.
SOURCE_LIMIT = 32 * 2**20
#: The largest configuration, packaging or ignore file.
TEXT_LIMIT = 4 * 2**20

#: More parts of a dotted key in TOML than this: parsers take quadratic time for them.
MAX_PARTS = 100
_LONG_KEY = lazily(
    r"""\.(?:[ \t]*(?:[A-Za-z0-9_-]+|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\n]*')[ \t]*\.){%d}""" % (MAX_PARTS - 1)  # noqa: UP031
)
_FLAGS = os.O_RDONLY
for _name in ("O_BINARY", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC"):
    _FLAGS |= getattr(os, _name, 0)  # what a system has of them
_CHUNK = 2**16


class Content(NamedTuple):
    """What a file holds, and the state that it had before it was read."""

    data: bytes
    stat: os.stat_result


def read(path: str | os.PathLike[str], limit: int = SOURCE_LIMIT) -> bytes:
    """The bytes of a regular file; OSError as of `open`, and where it is no such file or has more than `limit` bytes.

    ValueError for a name that no file can have.
    """
    return content(path, limit).data


def content(path: str | os.PathLike[str], limit: int = SOURCE_LIMIT) -> Content:
    """As `read`, with the state of the file."""
    _judge(os.stat(path), path, limit)  # merely to open a device or pipe may have an effect
    handle = os.open(path, _FLAGS)
    try:
        stat = os.fstat(handle)
        _judge(stat, path, limit)
        data = _all(handle, stat.st_size, limit + 1)
    except BlockingIOError:  # it looks like a file, but what it holds is yet to come: /proc/kmsg
        raise _special(path) from None
    finally:
        os.close(handle)
    if len(data) > limit:
        raise _large(path, limit)
    return Content(data, stat)


def tables(text: str) -> dict[str, Any]:
    """The tables of a text in TOML; ValueError, with `at line …`, or RecursionError where it is none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    found = _LONG_KEY.search(text)
    if found:
        raise ValueError(f"a key of more than {MAX_PARTS} parts (at line {text.count(chr(10), 0, found.start()) + 1})")
    return tomllib.loads(text)


def _judge(stat: os.stat_result, path: str | os.PathLike[str], limit: int) -> None:
    """OSError for what is not read."""
    if S_ISDIR(stat.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not S_ISREG(stat.st_mode):
        raise _special(path)
    if stat.st_size > limit:
        raise _large(path, limit)


def _all(handle: int, size: int, most: int) -> bytes:
    """What is left to read, at most so many bytes. size: what is expected; there may be more or less."""
    parts: list[bytes] = []
    wanted = size + 1
    while most > 0 and (part := os.read(handle, min(wanted, most))):
        parts.append(part)
        most -= len(part)
        wanted = max(wanted - len(part), _CHUNK)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _special(path: str | os.PathLike[str]) -> OSError:
    return OSError(errno.EINVAL, "not a regular file", os.fspath(path))


def _large(path: str | os.PathLike[str], limit: int) -> OSError:
    return OSError(errno.EFBIG, f"larger than {limit // 2**20} MiB", os.fspath(path))
