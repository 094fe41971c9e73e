"""One file to check, and what is decided about it beforehand: once, and handed on as one value."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veteran.catalog import Catalog, catalog_for
from veteran.registry import Rule, all_rules

if TYPE_CHECKING:
    from veteran.project.family import Family
    from veteran.settings import Settings


class FileJob:
    """A file to check. path: absolute. shown: the path as findings show it. settings: those that hold for it."""

    def __init__(self, path: Path, shown: str, settings: Settings) -> None:
        self.path = path
        self.shown = shown
        self.settings = settings

    @classmethod
    def of(cls, shown: str, settings: Settings) -> FileJob:
        """The job of a file that is known by the path that findings show."""
        return cls(Path(shown).absolute(), shown, settings)

    def __reduce__(self) -> Any:
        return FileJob, (self.path, self.shown, self.settings)

    @cached_property
    def enabled(self) -> frozenset[str]:
        """The codes that are reported in the file, the tool's own included."""
        return self.settings.enabled(self.path)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that run in the file, in the order of their codes."""
        return tuple(rule for code, rule in all_rules().items() if code in self.enabled)

    @cached_property
    def heard(self) -> dict[Family, list[Rule]]:
        """The families that link the file, and the rules that hear of each."""
        from veteran.families import heard_by

        return heard_by(self.rules)

    @cached_property
    def catalog(self) -> Catalog:
        """The catalogue, with what the project adds to it."""
        return catalog_for(self.settings.catalog)

    @cached_property
    def contexts(self) -> frozenset[str]:
        """The contexts that the file is in."""
        return self.settings.contexts_of(self.path)
