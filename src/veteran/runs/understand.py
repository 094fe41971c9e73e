"""One file understood, from bytes to summary and facts: source, gate, tree, lowering, model, rules."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from veteran import suppressions
from veteran.analysis.syntax.gate import gate_for
from veteran.catalog import Catalog, catalog_for
from veteran.families.http.fact_types import NO_ANSWERS, AnswerFacts
from veteran.findings import SUPPRESSION, UNPARSABLE, Confidence, Finding, Span, failed
from veteran.project.import_index import Outlook, outlook_in, outlook_of
from veteran.project.summary import Facts, Summary
from veteran.registry import Rule, all_rules
from veteran.stacks import roomy
from veteran.suppressions import Comment
from veteran.timings import phase

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.analysis.syntax.source import Source
    from veteran.settings import Settings


@roomy
def summarise(path: str, data: bytes, settings: Settings) -> Summary:
    """The summary of a file's bytes. Never raises: what goes wrong becomes a VET001 or VET003 finding."""
    from veteran.analysis.syntax.source import Source

    return guarded(path, data, settings, lambda: Source.from_bytes(data))


def unreadable(path: str, error: OSError) -> Summary:
    """The summary of a file that could not be read."""
    return Summary(path, (_finding(path, UNPARSABLE, f"cannot read: {error.strerror or error}"),))


def crashed(path: str, error: object) -> Summary:
    """The summary of a file on which veteran itself failed. error: what was raised, or words."""
    return Summary(path, (failed(path, error),))


def enabled_rules(path: str, settings: Settings) -> tuple[Rule, ...]:
    """The rules that run in a file, in the order of their codes."""
    enabled = settings.enabled(Path(path))
    return tuple(rule for code, rule in all_rules().items() if code in enabled)


def facts(data: bytes, catalog: Catalog) -> Facts | None:
    """What a file's bytes tell other modules; None where they are no program."""
    from veteran.families.blocking.facts import facts_of

    with uncollected(), phase("facts for other modules"):
        known = _understood("", data, catalog)
        if known is None:
            return None
        found = facts_of(known)
        known.forget()
        return found


def outlook(data: bytes, catalog: Catalog) -> Outlook:
    """What a file's bytes say of other modules."""
    gate = gate_for(tuple(rule for rule in all_rules().values() if of_fan_outs(rule)), catalog)
    clients = catalog.client_libraries
    if not gate.live(data):
        return outlook_of(data, clients=clients)
    with uncollected():
        known = module("", data, catalog)
        if known is None:
            return outlook_of(data, clients=clients)
        from veteran.families.cpu.fan_out import spreads_of

        found = outlook_of(data, spreads_of(known), clients=clients)
        known.forget()
        return found


def answers(data: bytes, catalog: Catalog) -> AnswerFacts:
    """What a file's bytes tell other modules of decoded data."""
    from veteran.families.http.facts import answers_of

    with uncollected():
        known = _understood("", data, catalog)  # where veteran fails, it is asked again next time
        if known is None:
            return NO_ANSWERS
        found = answers_of(known)
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


def guarded(path: str, data: bytes, settings: Settings, read: Callable[[], Source]) -> Summary:
    """The summary of a file's bytes, and what is read of them where it is needed. Never raises."""
    from veteran.analysis.syntax.source import SourceError

    try:
        enabled = settings.enabled(Path(path))
        rules = enabled_rules(path, settings)
        catalog = catalog_for(settings.catalog)
        answering = any(map(of_answers, rules))
        with phase("gate"):
            live = gate_for(rules, catalog).live(data)
            outlook = None
            if answering or any(map(of_fan_outs, rules)):
                outlook = outlook_of(data, clients=catalog.client_libraries)
        if live:
            with uncollected():
                return _analysed(path, read(), live, rules, catalog, outlook)
        if SUPPRESSION in enabled and suppressions.GATE.search(data):
            return Summary(path, comments=comments(read()), outlook=outlook)
        if outlook is not None and outlook.imports and suppressions.MAY_SILENCE.search(data):
            with suppress(SourceError):  # nothing has to be parsed yet
                return Summary(path, comments=comments(read()), outlook=outlook)
        return Summary(path, outlook=outlook)
    except SourceError as error:
        return Summary(path, (_finding(path, UNPARSABLE, error.message, error.line, error.column),))
    except Exception as error:
        return crashed(path, error)


def _analysed(
    path: str,
    source: Source,
    live: Collection[Rule],
    rules: Collection[Rule],
    catalog: Catalog,
    outlook: Outlook | None,
) -> Summary:
    """live: those of the rules that may find something.

    Where other files may ask for the facts, they are read now: that is cheaper than a second parse.
    """
    from veteran.analysis.module import Module
    from veteran.analysis.rule_runner import run
    from veteran.analysis.syntax.tree import parse

    with phase("parse"):
        tree = parse(source)
    module = Module(path, source, tree, catalog)
    if outlook is not None:
        module.give(outlook_in, outlook)
    summary = Summary(path, *run(module, live))._replace(comments=comments(source), outlook=outlook)
    if outlook is not None and any(map(of_fan_outs, live)):
        from veteran.families.cpu.fan_out import Beyond

        beyond = module.once(Beyond)
        spreads = tuple(sorted(beyond.spreads))
        summary = summary._replace(asks=tuple(sorted(beyond.asks)), outlook=outlook._replace(spreads=spreads))
    answering, linked = [*filter(of_answers, rules)], [*filter(of_chains, rules)]
    if answering and module.once(outlook_in).tells:
        from veteran.families.http.facts import answers_of

        if (told := module.trying(answering, lambda: answers_of(module))) is not None:
            summary = summary._replace(answers=told)
    if linked or (summary.answers is not None and (summary.answers.data or summary.answers.given)):
        from veteran.families.blocking.facts import facts_of

        with phase("facts for other modules"):
            facts = module.trying(linked or answering, lambda: facts_of(module))
        if facts is not None:
            summary = summary.explained(facts)
    summary = summary._replace(findings=(*summary.findings, *module.failures()))
    module.forget()
    return summary


def of_chains(rule: Rule) -> bool:
    """Whether a rule asks what other modules know of calls."""
    return any(subscription.kind in ("chain", "linked") for subscription, _ in rule.handlers)


def of_answers(rule: Rule) -> bool:
    """Whether a rule asks what other modules know of decoded data."""
    return any(subscription.kind == "answer" for subscription, _ in rule.handlers)


def of_fan_outs(rule: Rule) -> bool:
    """Whether a rule asks what jobs on threads do."""
    return any(subscription.table == "cpu.fan_out" for subscription, _ in rule.handlers)


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
