"""Where modules come from: not from the working directory, whose files are there to be read and not to be run.

This module imports only what Python has loaded at its start; not even `__future__`, which is a file as well.
"""

import os
import sys

#: Where Python and what is installed for it lie: from there it has run code before it runs ours.
_INSTALLED = tuple(
    os.path.join(prefix, *folder)  # noqa: PTH118
    for prefix in {sys.prefix, sys.base_prefix}
    for folder in (("lib", "python"), ("Lib", ""), ("DLLs", ""))
)
#: The directory in which veteran itself is installed.
HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120


def outside() -> list[str]:
    """`sys.path` without the working directory, but for one of Python's. If veteran itself lies in it, it is last."""
    try:
        here = os.stat(os.curdir)  # noqa: PTH116
    except OSError:  # it is gone
        return [_absolute(entry) for entry in sys.path if entry]
    kept = [_absolute(entry) for entry in sys.path if entry and (entry.startswith(_INSTALLED) or not _is(entry, here))]
    return [*kept, HOME] if _is(HOME, here) else kept


def secure() -> None:
    """From now on this process imports nothing from the working directory."""
    sys.path[:] = outside()


class Secured:
    """The same for the time of a `with`, in a process that is not ours."""

    def __enter__(self) -> None:
        self._before = sys.path[:]
        secure()

    def __exit__(self, *_: object) -> None:
        sys.path[:] = self._before


def _is(entry: str, here: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(entry), here)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def _absolute(entry: str) -> str:
    try:
        return os.path.abspath(entry)  # noqa: PTH100
    except OSError:
        return entry
