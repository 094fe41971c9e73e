"""Links files with what they import: reads the modules that are needed, each once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from veteran.catalog import Catalog, catalog_for
from veteran.families.blocking.link import chained
from veteran.families.http.client_reach import Nearby
from veteran.families.http.fact_types import NO_ANSWERS, AnswerFacts
from veteran.families.http.link import answered
from veteran.findings import Finding, failed
from veteran.project.caller_decided import decided
from veteran.project.import_index import NOTHING, Outlook
from veteran.project.summary import Facts
from veteran.reading import read
from veteran.runs import understand
from veteran.runs.snapshot import Edges
from veteran.runs.store import Damaged, decoded

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.families.blocking.call_chains import Chains
    from veteran.families.http.link import Answers
    from veteran.project.import_index import Spreading
    from veteran.project.import_resolver import Project
    from veteran.project.summary import Summary
    from veteran.registry import Rule
    from veteran.runs.store import Store, Stores
    from veteran.settings import Settings

#: Of more modules than this the facts are not held longer than a program needs them.
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
        self._chains: dict[object, Chains] = {}
        self._facts: dict[tuple[str, Path], Facts | None] = {}  # what is in no package belongs to many programs
        self._held: dict[tuple[str, Path], bytes] = {}
        self._modules: dict[str, dict[Path, Module | None]] = {}
        self._outlooks: dict[str, dict[Path, Outlook]] = {}
        self._spreading: dict[object, Spreading] = {}
        self._answers: dict[object, Answers] = {}
        self._answer_facts: dict[str, dict[Path, AnswerFacts]] = {}
        self._asked: set[Path] = set()
        self._edges = Edges({}, {}, {})

    def edges(self) -> Edges:
        """What was read of other files so far."""
        for program in dict.fromkeys([*self._chains, *self._spreading]):
            self._note(program)
        self._edges.add((((path, {path}) for path in self._asked), (), ()))
        return self._edges

    def _note(self, program: object) -> None:
        """Notes what was read of a program."""
        if chains := self._chains.get(program):
            self._edges.add((chains.program.reads(), (), ()))
        if spreading := self._spreading.get(program):
            self._edges.add(((), spreading.leads.items(), ()))
        if answers := self._answers.get(program):
            searched = ((path, {path}) for path in answers.searched)
            self._edges.add((answers.leads.items(), answers.nearby.looked.items(), searched))

    def link(self, summaries: Iterable[tuple[Summary, Path, Settings]]) -> list[list[Finding]]:
        """The findings of each file, in the order given."""
        summaries = list(summaries)
        programs: dict[object, list[int]] = {}
        for index, (summary, path, settings) in enumerate(summaries):
            if summary.facts is not None:
                self._facts[repr(settings.catalog), path] = summary.facts
            if summary.outlook is not None:
                self.look(path, settings, summary.outlook)
            if summary.answers is not None:
                self.tell(path, settings, summary.answers)
            views = summary.outlook is not None and (summary.outlook.imports or summary.outlook.stars)
            alone = not (summary.begins or summary.asks or summary.answers or views)
            programs.setdefault(None if alone else self._program(path, settings), []).append(index)
        found: dict[int, list[Finding]] = {}
        for program, indices in programs.items():
            for index in indices:
                found[index] = self._linked(*summaries[index])
            if len(programs) > 1:
                self._leave(program)
        return [found[index] for index in range(len(summaries))]

    def _program(self, path: Path, settings: Settings) -> tuple[Project, str]:
        """What the files of a program share."""
        from veteran.project.import_resolver import project_for

        return project_for(path, settings.source_roots), repr(settings.catalog)

    def _leave(self, program: object) -> None:
        """Lets go of what is only needed for that program."""
        self._note(program)
        for held in (self._chains, self._spreading, self._answers):
            held.pop(program, None)
        if len(self._facts) > MANY:
            for known in self._facts.keys() & self._held.keys():
                del self._facts[known]

    def _linked(self, summary: Summary, path: Path, settings: Settings) -> list[Finding]:
        findings = decided(summary)
        spreading = self._spreading_names(summary.outlook, path, settings) if summary.outlook else {}
        if summary.asks or spreading:
            findings += self._fan_outs(summary, path, settings, spreading)
        if not summary.begins and summary.outlook is None:
            return findings
        rules = understand.enabled_rules(summary.path, settings)
        if summary.begins:
            catalog = catalog_for(settings.catalog)
            for rule in filter(understand.of_chains, rules):

                def of_rule(one: Rule = rule) -> Iterator[Finding]:
                    return chained(summary, path, [one], self.chains_for(path, settings), catalog, self.shown)

                findings += _trying(summary, [rule], of_rule)
        if (outlook := summary.outlook) is not None:
            answering = [*filter(understand.of_answers, rules)]
            findings += _trying(summary, answering, lambda: self._answered(summary, outlook, path, settings, answering))
        return findings

    def _answered(
        self, summary: Summary, outlook: Outlook, path: Path, settings: Settings, rules: Sequence[Rule]
    ) -> Iterator[Finding]:
        """What is said of decoded data that other modules decide on."""
        if not rules or not (summary.answers or (outlook.reads and (outlook.imports or outlook.stars))):
            return
        answering = self._answers_for(path, settings)
        if summary.answers is None and not answering.may_use(path, summary.facts):
            return
        if answering.at(path).data:
            module = self.chains_for(path, settings).program.module_at(path)
            if module is not None:
                yield from answered(summary.path, module, rules, answering, self.shown)

    def answers_at(self, path: Path, settings: Settings) -> AnswerFacts:
        """What a module tells of decoded data; nothing where it cannot be read."""
        self._asked.add(path)
        known = self._answer_facts.setdefault(repr(settings.catalog), {})
        if path not in known:
            known[path] = self._told(AnswerFacts, understand.answers, path, settings) or NO_ANSWERS
        return known[path]

    def _answers_for(self, path: Path, settings: Settings) -> Answers:
        """Who answers for the program that a file belongs to."""
        from veteran.families.http.link import Answers

        key = self._program(path, settings)
        if key not in self._answers:
            nearby = Nearby(key[0], lambda path: self._outlook(path, settings))
            program = self.chains_for(path, settings).program
            self._answers[key] = Answers(program, nearby, lambda path: self.answers_at(path, settings), self._read)
        return self._answers[key]

    def _spreading_names(self, outlook: Outlook, path: Path, settings: Settings) -> dict[str, frozenset[str]]:
        """What a file imports that may start jobs on threads for it. See `Spreading.names`."""
        if not outlook.imports:
            return {}
        from veteran.project.import_index import Spreading, calls_any

        key = self._program(path, settings)
        if key not in self._spreading:
            self._spreading[key] = Spreading(key[0], lambda path: self._outlook(path, settings))
        found = self._spreading[key].names(path, outlook)
        with suppress(OSError):  # where the file itself is checked, it is said what went wrong
            if found and calls_any(self._read(path), outlook, found):
                return found
        return {}

    def tell(self, path: Path, settings: Settings, answers: AnswerFacts) -> None:
        """Gives what a file that was read already tells of decoded data."""
        self._answer_facts.setdefault(repr(settings.catalog), {})[path] = answers

    def look(self, path: Path, settings: Settings, outlook: Outlook) -> None:
        """Gives the outlook of a file that was read already."""
        self._outlooks.setdefault(repr(settings.catalog), {})[path] = outlook

    def _outlook(self, path: Path, settings: Settings) -> Outlook:
        """What a module says of others; nothing where it cannot be read."""
        known = self._outlooks.setdefault(repr(settings.catalog), {})
        if path not in known:
            known[path] = self._told(Outlook, understand.outlook, path, settings) or NOTHING
        return known[path]

    def _fan_outs(
        self, summary: Summary, path: Path, settings: Settings, spreading: dict[str, frozenset[str]]
    ) -> list[Finding]:
        """The jobs on threads of a file whose work is in other modules."""
        from veteran.families.cpu.link import linked_findings

        rules = understand.enabled_rules(summary.path, settings)
        catalog = catalog_for(settings.catalog)
        modules = self._modules.setdefault(repr(settings.catalog), {})

        def module_at(other: Path) -> Module | None:
            if other != path:
                self._edges.whole.setdefault(path, set()).add(other)
            if other not in modules:
                try:
                    modules[other] = understand.module(self.shown(other), self._read(other), catalog)
                except Exception:  # where the file itself is checked, it is said what went wrong
                    modules[other] = None
            return modules[other]

        project, _ = self._program(path, settings)
        spread = [*filter(understand.of_fan_outs, rules)]
        return _trying(summary, spread, lambda: linked_findings(summary, path, spread, project, module_at, spreading))

    def chains_for(self, path: Path, settings: Settings) -> Chains:
        """The chains of the program that a file belongs to."""
        from veteran.families.blocking.call_chains import Chains
        from veteran.project.symbols import Program

        key = self._program(path, settings)
        if key not in self._chains:
            program = Program(key[0], lambda path: self.facts_at(path, settings), catalog_for(settings.catalog))
            self._chains[key] = Chains(program)
        return self._chains[key]

    def _read(self, path: Path) -> bytes:
        """The bytes of a file: those that were given, else what is on the disk."""
        return self.given[path] if path in self.given else read(path)

    def _store(self, path: Path, settings: Settings) -> Store | None:
        """Where what is known of a file on the disk is kept."""
        return self.stores.of(settings) if self.stores and path not in self.given else None

    def facts_at(self, path: Path, settings: Settings) -> Facts | None:
        """The facts of a module; None where it cannot be read, is no program, or veteran fails on it."""
        known = repr(settings.catalog), path
        if known not in self._facts:
            held = self._held.get(known)
            if held is not None:
                self._facts[known] = decoded(held)
            else:
                self._facts[known] = self._told(Facts, understand.facts, path, settings)
        return self._facts[known]

    def hold(self, path: Path, settings: Settings, facts: bytes) -> None:
        """Gives the facts of a file that was read already, as `store.encoded` makes them."""
        self._held[repr(settings.catalog), path] = facts

    def _told(
        self, kind: type[T], made: Callable[[bytes, Catalog], T | None], path: Path, settings: Settings
    ) -> T | None:
        """What a file tells of that kind, from an earlier run or made and kept; None where it tells nothing."""
        store = self._store(path, settings)
        catalog = catalog_for(settings.catalog)
        try:
            if store is None:
                return self._made(made, self._read(path), catalog)
            content = store.content(path)
            known = store.told(kind, content.digest, settings)
            if known:
                return known[0]
            if content.data is None:
                content = store.content(path, read=True)
            found = self._made(made, content.data or b"", catalog)
            store.keep_told(kind, content.digest, settings, found)
        except Exception:  # where the file itself is checked, it is said what went wrong
            return None
        return found

    @staticmethod
    def _made(made: Callable[[bytes, Catalog], T], data: bytes, catalog: Catalog) -> T:
        """What a file tells. Its tree holds itself, and in a run nobody else collects it."""
        try:
            return made(data, catalog)
        finally:
            if not gc.isenabled():
                gc.collect(0)


def _trying(summary: Summary, rules: Iterable[Rule], found: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What is found of a file; where veteran fails, that it did so, which costs these rules alone."""
    try:
        return list(found())
    except Damaged:
        raise
    except Exception as error:
        return [failed(summary.path, error, [rule.code for rule in rules])]
