"""One line that shows how far a long run is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TextIO

#: Seconds before the line appears, and between redraws.
DELAY = 1.0
INTERVAL = 0.1
BAR = 30
ERASE = "\r\x1b[K"


class Progress:
    """Call it with (files done, files in all); leaving its `with` block erases the line."""

    def __init__(self, stream: TextIO, *, enabled: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._enabled = enabled
        self._clock = clock
        self._next = clock() + DELAY
        self._drawn = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drawn:
            self._write(ERASE)

    def __call__(self, done: int, total: int) -> None:
        now = self._clock()
        if self._enabled and now >= self._next:
            self._next = now + INTERVAL
            self._drawn = True
            self._write(ERASE + _line(done, total)[: _columns(self._stream) - 1])

    def _write(self, text: str) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._stream.write(text)
            self._stream.flush()


def _line(done: int, total: int) -> str:
    filled = BAR * done // max(total, 1)
    return f"[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total} files"


def _columns(stream: TextIO) -> int:
    """The width of the terminal; a full last column would wrap and leave lines behind."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
