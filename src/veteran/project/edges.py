"""A record of which file asked what of which: so that a change is followed by what it can have changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

#: Begins what stands in `Edges.asked` for the content of files that were read by such a way.
CONTENT = "content by "


class Edges:
    """Who asked what of whom.

    ways: by the name of a way (see `project.kinds`), the files that each file was led to. asked: by the name of a
    kind, or `CONTENT` and a way, the files that were asked for it, by whomever.
    """

    def __init__(self) -> None:
        self.ways: dict[str, dict[Path, set[Path]]] = {}
        self.asked: dict[str, set[Path]] = {}

    def way(self, name: str) -> dict[Path, set[Path]]:
        """The files that each file was led to by that way; whoever leads writes into it."""
        return self.ways.setdefault(name, {})

    def lead(self, name: str, more: Iterable[tuple[Path, set[Path]]]) -> None:
        """Notes what files were led to."""
        known = self.way(name)
        for path, others in more:
            if others:
                known.setdefault(path, set()).update(others)

    def add(self, more: Edges) -> None:
        """Adds what others asked."""
        for name, led in more.ways.items():
            self.lead(name, led.items())
        for what, files in more.asked.items():
            self.asked.setdefault(what, set()).update(files)
