"""Runs rules over a module, and makes findings of what they say."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.callers import callers, is_private, unsafe_passed
from veteran.analysis.catalog_calls import catalog_call, note_unlisted
from veteran.analysis.lowering import Scope
from veteran.analysis.reports import ArgumentFact, Conditional, Parameter, Report
from veteran.findings import Confidence, Finding, Step
from veteran.registry import Handler, Rule, subscribers
from veteran.timings import phase

if TYPE_CHECKING:
    from veteran.analysis.model import Module


class Results(NamedTuple):
    """What rules found in a module. arguments: the facts that the conditional findings depend on."""

    findings: tuple[Finding, ...]
    conditional: tuple[Conditional, ...]
    arguments: tuple[ArgumentFact, ...]


def reports(module: Module, rules: Iterable[Rule]) -> Iterator[tuple[Rule, Report]]:
    """Runs the handlers of the rules over the module's calls."""
    calls: dict[str, list[tuple[Rule, Handler]]] = {}
    events: dict[str, list[tuple[Rule, Handler]]] = {}
    for subscription, rule, handler in subscribers(rules):
        if subscription.kind == "call":
            calls.setdefault(subscription.table, []).append((rule, handler))
        elif subscription.kind == "event":
            events.setdefault(subscription.table, []).append((rule, handler))
    for name, handlers in events.items():
        with phase(_shared(handlers)):
            events_of = importlib.import_module(f"veteran.analysis.{name}").events
            said = [
                (rule, report) for event in events_of(module) for rule, handler in handlers for report in handler(event)
            ]
        yield from said
    if calls:
        with phase(_shared([one for handlers in calls.values() for one in handlers])):
            said = list(_of_calls(module, calls))
        yield from said


def _of_calls(module: Module, calls: dict[str, list[tuple[Rule, Handler]]]) -> Iterator[tuple[Rule, Report]]:
    """What the rules say of calls that the catalogue lists."""
    tails = module.catalog.tails
    for call in module.lowered.calls:
        func = call.node.func
        if isinstance(func, cst.Attribute):
            if func.attr.value not in tails:
                note_unlisted(module, call, calls)
                continue
        elif not isinstance(func, (cst.Name, cst.IfExp)):
            note_unlisted(module, call, calls)
            continue
        for table, handlers in calls.items():
            if found := catalog_call(module, table, call):
                for rule, handler in handlers:
                    yield from ((rule, report) for report in handler(found))


def run(module: Module, rules: Iterable[Rule]) -> Results:
    """Runs the rules and turns what they say into plain data."""
    said = [
        (rule, report)
        for rule, report in reports(module, rules)
        if not (rule.off_in and rule.off_in & module.contexts.of(report.at.scope.function))
    ]
    findings, conditional = [], []
    needed: set[tuple[Scope, str]] = set()
    for rule, report in said:
        finding = _finding(module, rule, report)
        if report.unless_safe:
            parameters = tuple(Parameter(s.qualname, name) for s, name in report.unless_safe)
            conditional.append(Conditional(finding, parameters))
            needed.update(report.unless_safe)
        else:
            findings.append(finding)
    return Results(tuple(findings), tuple(conditional), tuple(_arguments(module, needed)))


def _finding(module: Module, rule: Rule, report: Report) -> Finding:
    steps = tuple(Step(module.path, module.tree.span(step.node), step.text, step.anchor) for step in report.steps)
    confidence = report.confidence
    if rule.low_in and rule.low_in & module.contexts.of(report.at.scope.function):
        confidence = Confidence.LOW
    return Finding(module.path, module.tree.span(report.node), rule.code, report.message, confidence, steps)


def _arguments(module: Module, needed: set[tuple[Scope, str]]) -> Iterator[ArgumentFact]:
    """What every caller passes for these parameters, and for those that they depend on in turn."""
    pending = sorted(needed, key=lambda item: (item[0].qualname, item[1]))
    seen = set(pending)
    while pending:
        function, name = pending.pop()
        parameter = Parameter(function.qualname, name)
        if not is_private(module.flow, function):
            yield ArgumentFact(parameter, True)
            continue
        for call in callers(module.flow, function):
            unsafe, depends = unsafe_passed(module.flow, call.node, call, function, name)
            yield ArgumentFact(parameter, unsafe, tuple(Parameter(s.qualname, n) for s, n in depends))
            for source in depends:
                if source not in seen:
                    seen.add(source)
                    pending.append(source)


def _shared(handlers: list[tuple[Rule, Handler]]) -> str:
    """The phase of what is done for these rules."""
    return f"rules {', '.join(dict.fromkeys(rule.code for rule, _ in handlers))}"
