"""Links files with what they import: reads the modules that are needed, each once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from veteran.catalog import Catalog, catalog_for
from veteran.families import all_families
from veteran.findings import Confidence, Finding, Step, failed
from veteran.project.caller_decided import decided
from veteran.project.edges import Edges
from veteran.project.family import Heard, Linking
from veteran.project.kinds import Kind
from veteran.project.world import World
from veteran.reading import read
from veteran.registry import Handler, Rule, Subscription, subscribers
from veteran.runs import understand
from veteran.runs.job import FileJob
from veteran.runs.store import Damaged, decoded

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.analysis.reports import Linked
    from veteran.project.import_resolver import Project
    from veteran.project.summary import Summary
    from veteran.runs.store import Store, Stores
    from veteran.settings import Settings

#: Of more modules than this what is kept apart is not held decoded longer than a program needs it.
MANY = 1_000
T = TypeVar("T")


class Linker:
    """The programs that the files of one run belong to.

    shown: a path as findings show it. given: the bytes of files whose content on the disk does not count.
    """

    def __init__(
        self,
        shown: Callable[[Path], str],
        given: Mapping[Path, bytes] | None = None,
        stores: Stores | None = None,
    ) -> None:
        self.shown = shown
        self.given = given or {}
        self.stores = stores
        self._worlds: dict[object, World] = {}
        self._sources: dict[str, _Source] = {}
        self._edges = Edges()

    def edges(self) -> Edges:
        """What was asked of other files so far."""
        for world in self._worlds.values():
            world.note()
        return self._edges

    def link(self, summaries: Iterable[tuple[Summary, FileJob]]) -> list[list[Finding]]:
        """The findings of each file, in the order given."""
        summaries = list(summaries)
        programs: dict[object, list[int]] = {}
        for index, (summary, job) in enumerate(summaries):
            self.give(job, summary.told)
            programs.setdefault(self._program(job) if summary.begins else None, []).append(index)
        found: dict[int, list[Finding]] = {}
        for program, indices in programs.items():
            for index in indices:
                found[index] = self._linked(*summaries[index])
            if len(programs) > 1:
                self._leave(program)
        return [found[index] for index in range(len(summaries))]

    def _program(self, job: FileJob) -> tuple[Project, str]:
        """What the files of a program share."""
        from veteran.project.import_resolver import project_for

        return project_for(job.path, job.settings.source_roots), repr(job.settings.catalog)

    def _leave(self, program: object) -> None:
        """Lets go of what is only needed for that program."""
        if world := self._worlds.pop(program, None):
            world.note()
        for source in self._sources.values():
            source.lessen()

    def world(self, job: FileJob) -> World:
        """The program that a file belongs to."""
        key = self._program(job)
        if key not in self._worlds:
            self._worlds[key] = World(key[0], job.catalog, self._source(job), self._edges, self.shown)
        return self._worlds[key]

    def _source(self, job: FileJob) -> _Source:
        """What files tell by that catalogue: what is in no package belongs to many programs."""
        key = repr(job.settings.catalog)
        if key not in self._sources:
            self._sources[key] = _Source(self, job.settings)
        return self._sources[key]

    def give(self, job: FileJob, told: Mapping[str, Any]) -> None:
        """Gives what a file that was read already tells."""
        self._source(job).give(job, told)

    def told(self, kind: Kind[T], job: FileJob) -> T:
        """What a file tells; `kind.nothing` where it cannot be read."""
        return self._source(job).told(kind, job.path)

    def _linked(self, summary: Summary, job: FileJob) -> list[Finding]:
        findings = decided(summary)
        for family, hearing in job.heard.items() if summary.begins else ():
            if family.name in summary.begins:
                findings += self._of_family(Linking(summary, job.path, self.world(job)), hearing)
        return findings

    def _of_family(self, file: Linking, rules: Iterable[Rule]) -> Iterator[Finding]:
        """What the rules say of what their family finds. Where one fails, that costs it alone."""
        heard: dict[Subscription, list[tuple[Rule, Handler]]] = {}
        for on, rule, handler in subscribers(rules):
            if on.kind == "linked":
                heard.setdefault(on, []).append((rule, handler))
        for on, handlers in heard.items():
            family = all_families()[on.family]
            events = _trying(file, [rule for rule, _ in handlers], lambda: family.events(file, on))  # noqa: B023
            yield from (event for event in events if isinstance(event, Finding))
            known = [event for event in events if isinstance(event, Heard)]
            for rule, handler in handlers:
                yield from _trying(file, [rule], lambda: self._said(file, rule, handler, known))  # noqa: B023

    def _said(self, file: Linking, rule: Rule, handler: Handler, events: Sequence[Heard]) -> Iterator[Finding]:
        """What a rule says of what it hears of."""
        for event, contexts, placed in events:
            if rule.off_in.intersection(contexts):
                continue
            low = rule.low_in.intersection(contexts)
            for report in handler(event):
                linked: Linked = placed(report) if placed else report
                confidence = Confidence.LOW if low else linked.confidence
                steps = tuple(Step(self.shown(step.path), step.span, step.text) for step in linked.steps)
                yield Finding(file.summary.path, linked.span, rule.code, linked.message, confidence, steps)


class _Source:
    """What files tell, in the eyes of one catalogue; from earlier runs, or made and kept."""

    def __init__(self, linker: Linker, settings: Settings) -> None:
        self._linker = linker
        self._settings = settings
        self._own: dict[Path, Settings] = {}
        self._told: dict[tuple[str, Path], Any] = {}
        self._held: dict[tuple[str, Path], bytes] = {}
        self._modules: dict[Path, Module | None] = {}

    def give(self, job: FileJob, told: Mapping[str, Any]) -> None:
        """Gives what a file that was read already tells."""
        self._own[job.path] = job.settings
        for name, found in told.items():
            if isinstance(found, bytes):
                self._held[name, job.path] = found
            elif found is not None:
                self._told[name, job.path] = found

    def lessen(self) -> None:
        """Lets go of what can be decoded again, where that is much."""
        if len(self._told) > MANY:
            for known in self._told.keys() & self._held.keys():
                del self._told[known]

    def told(self, kind: Kind[T], path: Path) -> T:
        key = kind.name, path
        if key not in self._told:
            held = self._held.get(key)
            found = decoded(kind, held) if held is not None else self._read(kind, path)
            self._told[key] = kind.nothing if found is None else found
        return cast(T, self._told[key])

    def read(self, path: Path) -> bytes:
        """The bytes of a file: those that were given, else what is on the disk."""
        given = self._linker.given
        return given[path] if path in given else read(path)

    def parsed(self, path: Path) -> Module | None:
        if path not in self._modules:
            catalog = catalog_for(self._settings.catalog)
            try:
                self._modules[path] = understand.module(self._linker.shown(path), self.read(path), catalog)
            except Exception:  # where the file itself is checked, it is said what went wrong
                self._modules[path] = None
        return self._modules[path]

    def _store(self, path: Path) -> tuple[Store | None, Settings]:
        """Where what is known of a file on the disk is kept, and its settings."""
        settings = self._own.get(path, self._settings)
        stores = self._linker.stores
        return stores.of(settings) if stores and path not in self._linker.given else None, settings

    def _read(self, kind: Kind[T], path: Path) -> T | None:
        """What a file tells, from an earlier run or made and kept; None where it tells nothing."""
        store, settings = self._store(path)
        catalog = catalog_for(settings.catalog)
        try:
            if store is None:
                return _made(kind, self.read(path), catalog)
            content = store.content(path)
            known = store.told(kind, content.digest, settings)
            if known:
                return known[0]
            if content.data is None:
                content = store.content(path, read=True)
            found = _made(kind, content.data or b"", catalog)
            store.keep_told(kind, content.digest, settings, found)
        except Exception:  # where the file itself is checked, it is said what went wrong
            return None
        return found


def _made(kind: Kind[T], data: bytes, catalog: Catalog) -> T | None:
    """What a file tells. Its tree holds itself, and in a run nobody else collects it."""
    try:
        return understand.told(kind, data, catalog)
    finally:
        if not gc.isenabled():
            gc.collect(0)


def _trying(file: Linking, rules: Iterable[Rule], found: Callable[[], Iterable[T]]) -> list[T | Finding]:
    """What is found of a file; where veteran fails, that it did so, which costs these rules alone."""
    try:
        return list(found())
    except Damaged:
        raise
    except Exception as error:
        return [failed(file.summary.path, error, [rule.code for rule in rules])]
