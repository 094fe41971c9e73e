"""What is concluded of something on demand, by whoever asks, and kept with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

S = TypeVar("S", bound="Concluding")
T = TypeVar("T")


class Concluding:
    """Something that is looked at more than once, and does not know by whom."""

    def __init__(self) -> None:
        self._concluded: dict[Callable[[Any], Any], Any] = {}

    def once(self: S, make: Callable[[S], T]) -> T:
        """What `make` concludes of it, concluded once. make: a function or class at the top of a file."""
        try:
            found: T = self._concluded[make]
        except KeyError:
            found = self._concluded[make] = make(self)
        return found
