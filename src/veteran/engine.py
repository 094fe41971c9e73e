"""One file, from bytes to summary: source, gate, tree, lowering, model, rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from veteran import suppressions
from veteran.analysis import link
from veteran.analysis.gate import gate_for
from veteran.analysis.summary import Comment, Summary
from veteran.catalog import Catalog, catalog_for
from veteran.findings import INTERNAL, SUPPRESSION, UNPARSABLE, Confidence, Finding, Span
from veteran.registry import Rule, all_rules

if TYPE_CHECKING:
    from veteran.analysis.source import Source
    from veteran.settings import Settings


def summarise(path: str, data: bytes, settings: Settings) -> Summary:
    """The summary of a file's bytes. Never raises: what goes wrong becomes a VET001 or VET003 finding."""
    from veteran.analysis.source import Source

    return _guarded(path, data, settings, lambda: Source.from_bytes(data))


def unreadable(path: str, error: OSError) -> Summary:
    """The summary of a file that could not be read."""
    return Summary(path, (_finding(path, UNPARSABLE, f"cannot read: {error.strerror or error}"),))


def crashed(path: str, what: str) -> Summary:
    """The summary of a file on which veteran itself failed."""
    return Summary(path, (_finding(path, INTERNAL, f"veteran failed on this file: {' '.join(what.split())}"),))


def check_bytes(path: str, data: bytes, settings: Settings) -> list[Finding]:
    """One file all the way, by itself."""
    return judge(summarise(path, data, settings), settings)[0]


def check_text(path: str, text: str, settings: Settings, *, suppress: bool = True) -> list[Finding]:
    """One file all the way, from text that a host has decoded. suppress: whether comments silence findings."""
    from veteran.analysis.source import Source

    data = text.encode("utf-8", "surrogatepass")
    summary = _guarded(path, data, settings, lambda: Source(text))
    if not suppress:
        summary = summary._replace(comments=())
    return judge(summary, settings)[0]


def judge(summary: Summary, settings: Settings) -> tuple[list[Finding], list[Finding]]:
    """Link and `finish` for a file by itself."""
    ((_, findings),) = link.link([summary])
    return finish(summary, findings, settings)


def finish(summary: Summary, findings: Iterable[Finding], settings: Settings) -> tuple[list[Finding], list[Finding]]:
    """What is reported of a linked file, sorted; and malformed suppressions if VET002 does not report them."""
    enabled = settings.enabled(Path(summary.path))
    found = [finding for finding in findings if finding.code in enabled]
    own = [finding for finding in found if finding.code in (UNPARSABLE, INTERNAL)]
    rest = [finding for finding in found if finding.code not in (UNPARSABLE, INTERNAL)]
    warnings: list[Finding] = []
    if summary.comments:
        applied = suppressions.apply(summary.path, rest, summary.comments, all_rules(), enabled)
        rest = applied.kept
        if SUPPRESSION in enabled:
            own += applied.malformed + applied.unused
        else:
            warnings = applied.malformed
    contexts = settings.contexts_of(Path(summary.path))
    rest = [
        finding
        for finding in (_in_context(finding, contexts) for finding in rest)
        if finding.confidence >= settings.min_confidence
    ]
    return sorted({*own, *rest}, key=lambda f: (f.span, f.code, f.message)), warnings


def _in_context(finding: Finding, contexts: frozenset[str]) -> Finding:
    """The finding, of low confidence where its rule says so of the file's contexts."""
    if all_rules()[finding.code].low_in.isdisjoint(contexts):
        return finding
    return finding._replace(confidence=Confidence.LOW)


def _guarded(path: str, data: bytes, settings: Settings, read: Callable[[], Source]) -> Summary:
    from veteran.analysis.source import SourceError

    try:
        enabled = settings.enabled(Path(path))
        rules = tuple(rule for code, rule in all_rules().items() if code in enabled)
        catalog = catalog_for(settings.catalog)
        live = gate_for(rules, catalog).live(data)
        if live:
            return _analysed(path, read(), live, catalog)
        if SUPPRESSION in enabled and suppressions.GATE.search(data):
            return Summary(path, comments=_comments(read()))
        return Summary(path)
    except SourceError as error:
        return Summary(path, (_finding(path, UNPARSABLE, error.message, error.line, error.column),))
    except Exception as error:
        return crashed(path, f"{type(error).__name__}: {error}")


def _analysed(path: str, source: Source, rules: Iterable[Rule], catalog: Catalog) -> Summary:
    from veteran.analysis.model import Module
    from veteran.analysis.tree import parse

    module = Module(path, source, parse(source), catalog)
    return module.summary(rules)._replace(comments=_comments(source))


def _comments(source: Source) -> tuple[Comment, ...]:
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
