"""Where the time of a run goes: seconds by phase, if `start` was called. Each moment counts for one phase only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")
R = TypeVar("R")
#: What is in no phase.
OTHER = "other"


class Clock:
    """Adds up what passes in each phase, without what passes in phases within."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._phase = OTHER
        self._since = perf_counter()

    def switch(self, phase: str) -> str:
        """Begins a phase, and returns the one that ends."""
        now = perf_counter()
        ended, since, self._phase, self._since = self._phase, self._since, phase, now
        self.add({ended: now - since})
        return ended

    def add(self, seconds: dict[str, float]) -> None:
        """Adds what another clock measured."""
        for phase, more in seconds.items():
            self.seconds[phase] = self.seconds.get(phase, 0.0) + more


class _Phase:
    __slots__ = ("before", "clock", "name")

    def __init__(self, clock: Clock, name: str) -> None:
        self.clock = clock
        self.name = name

    def __enter__(self) -> None:
        self.before = self.clock.switch(self.name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.clock.switch(self.before)


_clock: Clock | None = None
_NOTHING: AbstractContextManager[None] = nullcontext()


def start() -> None:
    """Begins to measure, anew."""
    global _clock  # noqa: PLW0603 - one per process
    _clock = Clock()


def stop() -> dict[str, float]:
    """Ends it. The seconds of each phase; nothing where nothing was measured."""
    global _clock
    if _clock is None:
        return {}
    _clock.switch(OTHER)
    seconds, _clock = _clock.seconds, None
    return seconds


def phase(name: str) -> AbstractContextManager[None]:
    """What happens within counts for that phase."""
    return _NOTHING if _clock is None else _Phase(_clock, name)


def running() -> Clock | None:
    """The clock of this process, if it measures."""
    return _clock


def measured(function: Callable[[T], R], batch: T) -> tuple[R, dict[str, float]]:
    """What a function makes of a batch in another process, and the seconds that it took there."""
    start()
    return function(batch), stop()
