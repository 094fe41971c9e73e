"""One file understood, from bytes to summary and facts: source, gate, tree, lowering, model, rules."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from veteran import suppressions
from veteran.analysis.syntax.gate import Glance, gate_for
from veteran.catalog import Catalog
from veteran.families import tellers
from veteran.findings import SUPPRESSION, UNPARSABLE, Confidence, Finding, Span, failed
from veteran.project import import_index
from veteran.project.family import Family
from veteran.project.kinds import Kind, Telling
from veteran.project.summary import Summary
from veteran.registry import Rule
from veteran.runs.job import FileJob
from veteran.stacks import roomy
from veteran.suppressions import Comment
from veteran.timings import phase

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.analysis.syntax.source import Source

T = TypeVar("T")


@roomy
def summarise(job: FileJob, data: bytes) -> Summary:
    """The summary of a file's bytes. Never raises: what goes wrong becomes a VET001 or VET003 finding."""
    from veteran.analysis.syntax.source import Source

    return guarded(job, data, lambda: Source.from_bytes(data))


def unreadable(path: str, error: OSError) -> Summary:
    """The summary of a file that could not be read."""
    return Summary(path, (_finding(path, UNPARSABLE, f"cannot read: {error.strerror or error}"),))


def crashed(path: str, error: object) -> Summary:
    """The summary of a file on which veteran itself failed. error: what was raised, or words."""
    return Summary(path, (failed(path, error),))


def told(kind: Kind[T], data: bytes, catalog: Catalog) -> T | None:
    """What a file's bytes tell of a kind; None where they are no program."""
    teller = tellers()[kind.name]
    glance = Glance(data, catalog)
    seen: T | None = glance.once(teller.see) if teller.see else None
    if seen is not None or teller.tell is None:
        return seen
    with uncollected(), phase("facts for other modules"):
        known = _understood("", data, catalog)
        if known is None:
            return None
        found: T = teller.tell(known)
        known.forget()
        return found


def module(path: str, data: bytes, catalog: Catalog) -> Module | None:
    """A file's bytes, understood; None where they are no program, or veteran fails. path: as findings show it."""
    try:
        return _understood(path, data, catalog)
    except Exception:  # reported where the file itself is checked
        return None


def _understood(path: str, data: bytes, catalog: Catalog) -> Module | None:
    """A file's bytes, understood; None where they are no program."""
    from veteran.analysis.module import Module
    from veteran.analysis.syntax.source import Source, SourceError
    from veteran.analysis.syntax.tree import parse

    try:
        source = Source.from_bytes(data)
        return Module(path, source, parse(source), catalog)
    except SourceError:
        return None


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector: of a tree it frees nothing, and it looks through all summaries that are kept."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def guarded(job: FileJob, data: bytes, read: Callable[[], Source]) -> Summary:
    """The summary of a file's bytes, and what is read of them where it is needed. Never raises."""
    from veteran.analysis.syntax.source import SourceError

    try:
        glance = Glance(data, job.catalog)
        with phase("gate"):
            live = gate_for(job.rules, job.catalog).live(glance)
            summary = Summary(job.shown, told=_seen(glance, job.heard))
        if live:
            with uncollected():
                return _analysed(job, summary, read(), live, glance)
        summary = _begun(summary, job.heard)
        if SUPPRESSION in job.enabled and suppressions.GATE.search(data):
            return summary._replace(comments=comments(read()))
        if summary.begins and suppressions.MAY_SILENCE.search(data):
            with suppress(SourceError):  # nothing has to be parsed yet
                return summary._replace(comments=comments(read()))
        return summary
    except SourceError as error:
        return Summary(job.shown, (_finding(job.shown, UNPARSABLE, error.message, error.line, error.column),))
    except Exception as error:
        return crashed(job.shown, error)


def _seen(glance: Glance, heard: Iterable[Family]) -> dict[str, Any]:
    """What the bytes alone tell, by kinds."""
    every = [teller for family in heard for teller in family.tellers]
    seen = {t.kind.name: glance.once(t.see) for t in ([import_index.TELLER, *every] if every else ()) if t.see}
    return {name: told for name, told in seen.items() if told is not None}


def _begun(summary: Summary, heard: Iterable[Family]) -> Summary:
    """The summary, with the families that may find something in the file that others decide."""
    return summary._replace(begins=tuple(family.name for family in heard if family.begins(summary)))


def _analysed(job: FileJob, summary: Summary, source: Source, live: Collection[Rule], glance: Glance) -> Summary:
    """The summary of a parsed file. live: those of the rules that may find something.

    What other files may ask for is told now: that is cheaper than a second parse.
    """
    from veteran.analysis.module import Module
    from veteran.analysis.rule_runner import run
    from veteran.analysis.syntax.tree import parse

    with phase("parse"):
        tree = parse(source)
    module = Module(job.shown, source, tree, job.catalog)
    module.glance = glance
    summary = Summary(job.shown, *run(module, live), comments=comments(source), told=summary.told)
    summary = told_by(module, summary, job.heard, live)
    summary = summary._replace(findings=(*summary.findings, *module.failures()))
    module.forget()
    return summary


def told_by(
    module: Module, summary: Summary, heard: Mapping[Family, Collection[Rule]], live: Collection[Rule]
) -> Summary:
    """The summary with what a parsed file tells. heard: the families, and the rules that hear of them."""
    telling = Telling(module, summary.told or _seen(module.glance, heard), tellers())
    with phase("facts for other modules"):
        for family, hearing in heard.items():
            telling.live = [rule for rule in hearing if rule in live]
            module.trying(hearing, lambda: family.tell(telling))  # noqa: B023
    return _begun(summary._replace(told=telling.told), heard)


def comments(source: Source) -> tuple[Comment, ...]:
    """The comments that may suppress, each with its logical line; from 0 for a line of its own."""
    found = []
    for comment in source.comments:
        if suppressions.RELEVANT.search(comment.text):
            line = source.logical_at(comment.line)
            first, last = (line.first, line.last) if source.is_statement(comment.line) else (0, 0)
            found.append(Comment(*comment, first, last))
    return tuple(found)


def _finding(path: str, code: str, message: str, line: int = 1, column: int = 1) -> Finding:
    return Finding(path, Span(line, column, line, column + 1), code, message, Confidence.HIGH)
