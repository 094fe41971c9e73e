"""The files of one project as a link sees them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from veteran.once import Concluding
from veteran.project.edges import CONTENT, Edges
from veteran.project.kinds import NAMES, TREES, Kind
from veteran.project.summary import FACTS
from veteran.project.symbols import Program

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.catalog import Catalog
    from veteran.project.import_resolver import Project

T = TypeVar("T")


class Source(Protocol):
    """Where a world has it from. Paths are absolute."""

    def told(self, kind: Kind[T], path: Path) -> T:
        """What a file tells; `kind.nothing` where it cannot be read."""

    def read(self, path: Path) -> bytes:
        """The bytes of a file. OSError as `open`."""

    def parsed(self, path: Path) -> Module | None:
        """A file, understood; None where it is no program."""


class World(Concluding):
    """What links may ask of the files of a project. shown: a path as findings show it."""

    def __init__(
        self, project: Project, catalog: Catalog, source: Source, edges: Edges, shown: Callable[[Path], str]
    ) -> None:
        super().__init__()
        self.project = project
        self.catalog = catalog
        self.shown = shown
        self._source = source
        self._edges = edges

    def told(self, kind: Kind[T], path: Path) -> T:
        """What a file tells; `kind.nothing` where it cannot be read."""
        self._edges.asked.setdefault(kind.name, set()).add(path)
        return self._source.told(kind, path)

    def leads(self, way: str) -> dict[Path, set[Path]]:
        """By file, those that it was led to by a way; whoever leads there writes into it."""
        return self._edges.way(way)

    def read(self, path: Path) -> bytes:
        """The bytes of a file. OSError as `open`."""
        return self._source.read(path)

    def counts(self, path: Path, way: str) -> None:
        """Notes that the very bytes of a file decided something for those that were led to it by a way."""
        self._edges.asked.setdefault(CONTENT + way, set()).add(path)

    def parsed(self, path: Path, reader: Path) -> Module | None:
        """A file, understood, for the link of another one; None where it is no program."""
        if path != reader:
            self.counts(path, TREES)
            self._edges.way(TREES).setdefault(reader, set()).add(path)
        return self._source.parsed(path)

    @cached_property
    def program(self) -> Program:
        """What names lead to."""
        return Program(self.project, lambda path: self.told(FACTS, path), self.catalog)

    def note(self) -> None:
        """Notes what names led to so far."""
        if "program" in vars(self):
            self._edges.lead(NAMES, self.program.reads())
