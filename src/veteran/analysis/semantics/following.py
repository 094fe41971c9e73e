"""One guard for every walk through what programs say of names, attributes, calls and bases."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Following:
    """A walk that ends where it leads back to itself, goes too deep, or costs too much.

    cuts: how often something was not followed to its end; what was found meanwhile holds for that question only.
    """

    #: How deep a question goes, and how many further ones it asks.
    max_depth = 60
    max_steps = 2_000

    def __init__(self) -> None:
        self.depth = 0
        self.steps = 0
        self.cuts = 0
        self.active: set[object] = set()

    def deeper(self, ask: Callable[[], T], end: T) -> T:
        """What `ask()` says; `end` where the question has led too deep or cost too much."""
        if self.depth == 0:
            self.steps = 0
        self.steps += 1
        if self.depth > self.max_depth or self.steps > self.max_steps:
            self.cuts += 1
            return end
        self.depth += 1
        try:
            return ask()
        finally:
            self.depth -= 1

    def once(self, key: object, ask: Callable[[], T], end: T) -> T:
        """What `ask()` says; `end` where just that is being asked already."""
        if key in self.active:
            self.cuts += 1
            return end
        self.active.add(key)
        try:
            return ask()
        finally:
            self.active.discard(key)

    def follow(self, key: object, ask: Callable[[], T], end: T) -> T:
        """Both: for what leads from one place of the program to another."""
        return self.deeper(lambda: self.once(key, ask, end), end)

    def remembered(self, known: dict[K, T], key: K, ask: Callable[[], T], end: T) -> T:
        """The same, once; what was cut short counts only where nothing further stands on it."""
        if key in known:
            return known[key]
        cuts = self.cuts
        found = self.follow(key, ask, end)
        if self.cuts == cuts or not self.depth:
            known[key] = found
        return found
