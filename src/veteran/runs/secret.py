"""What nobody else knows: by it a cache tells what this user's veteran wrote from what came with a repository.

A file in the user's own cache directory, made once: 32 random bytes that only the user may read.
"""

# ruff: noqa: PTH103, PTH105, PTH108, PTH111, PTH116, PTH117, PTH118, PTH120 - the import of pathlib is not worth it

from __future__ import annotations

import os
import sys
from contextlib import suppress
from stat import S_ISREG

SIZE = 32


def place() -> str:
    """The path of the secret; empty where this user has no directory for such things."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA", "")
        else:
            base = os.path.expanduser("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    return os.path.join(base, "veteran", "secret") if os.path.isabs(base) else ""


def own(path: str) -> bytes | None:
    """The secret at an absolute path, made where there is none or others may know it; None where it cannot be kept."""
    try:
        return (_known(path) or _made(path)) if path else None
    except (OSError, ValueError):
        return None


def content(path: str, size: int, *, private: bool = False) -> bytes | None:
    """The bytes of a regular file of that size, which is no link; None where it is anything else.

    private: nobody but this user may have read or written it.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except (OSError, ValueError):
        return None
    try:
        stat = os.fstat(handle)
        if not S_ISREG(stat.st_mode) or stat.st_size != size or (private and not _is_private(stat)):
            return None
        data = os.read(handle, size)
    except OSError:
        return None
    finally:
        os.close(handle)
    return data if len(data) == size else None


def _known(path: str) -> bytes | None:
    return content(path, SIZE, private=True)


def _made(path: str) -> bytes | None:
    folder = os.path.dirname(path)
    if not _is_own(folder):
        return None
    os.makedirs(folder, mode=0o700, exist_ok=True)
    part = f"{path}-{os.urandom(8).hex()}"
    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    try:
        try:
            os.write(handle, os.urandom(SIZE))
        finally:
            os.close(handle)
        try:
            os.link(part, path)  # of several processes the first one decides
        except OSError:
            if _known(path) is None:
                os.replace(part, path)
    finally:
        with suppress(OSError):
            os.unlink(part)
    return _known(path)


def _is_own(folder: str) -> bool:
    """Whether the directory, or the one it would be made in, is this user's: root must not leave files elsewhere."""
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return not hasattr(os, "geteuid") or os.stat(folder).st_uid == os.geteuid()


def _is_private(stat: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or (stat.st_uid == os.geteuid() and not stat.st_mode & 0o077)
