"""Runs rules over a module, and makes findings of what they say."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import libcst as cst

from veteran.analysis.catalog_calls import catalog_call, note_unlisted
from veteran.analysis.dataflow.callers import callers, is_private, unsafe_passed
from veteran.analysis.reports import ArgumentFact, Conditional, Parameter, Report
from veteran.analysis.semantics.ir import Scope
from veteran.findings import Confidence, Finding, Step
from veteran.registry import Handler, Rule, subscribers
from veteran.timings import phase

if TYPE_CHECKING:
    from veteran.analysis.module import Module


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
            events_of = importlib.import_module(f"veteran.families.{name}").events
            module.judged = None
            found = module.trying([rule for rule, _ in handlers], lambda: list(events_of(module)))  # noqa: B023
            said = []
            for event in found or ():
                module.judged = _about(event)
                said += [one for rule, handler in handlers for one in _said(module, rule, handler, event)]
        yield from said
    if calls:
        with phase(_shared([one for handlers in calls.values() for one in handlers])):
            said = list(_of_calls(module, calls))
        yield from said


def _said(module: Module, rule: Rule, handler: Handler, event: Any) -> list[tuple[Rule, Report]]:
    """What a rule says of what it hears of."""
    return [(rule, report) for report in module.trying([rule], lambda: list(handler(event))) or ()]


def _about(event: Any) -> cst.CSTNode | None:
    """The node that an event is about, as far as it says so."""
    node = getattr(getattr(event, "call", event), "node", None)
    return node if isinstance(node, cst.CSTNode) else None


def _of_calls(module: Module, calls: dict[str, list[tuple[Rule, Handler]]]) -> Iterator[tuple[Rule, Report]]:
    """What the rules say of calls that the catalogue lists."""
    tails = module.catalog.tails
    for call in module.lowered.calls:
        module.judged = call.node
        func = call.node.func
        if isinstance(func, cst.Attribute):
            if func.attr.value not in tails:
                note_unlisted(module, call, calls)
                continue
        elif not isinstance(func, (cst.Name, cst.IfExp)):
            note_unlisted(module, call, calls)
            continue
        for table, handlers in calls.items():
            rules = [rule for rule, _ in handlers]
            if found := module.trying(rules, lambda: catalog_call(module, table, call)):  # noqa: B023
                for rule, handler in handlers:
                    yield from _said(module, rule, handler, found)


def run(module: Module, rules: Collection[Rule]) -> Results:
    """Runs the rules and turns what they say into plain data."""
    findings, conditional = [], []
    needed: set[tuple[Scope, str]] = set()
    for rule, report in reports(module, rules):
        module.judged = report.node
        finding = module.trying([rule], lambda: _finding(module, rule, report))  # noqa: B023
        if finding is None:
            continue
        if report.unless_safe:
            parameters = tuple(Parameter(s.qualname, name) for s, name in report.unless_safe)
            conditional.append(Conditional(finding, parameters))
            needed.update(report.unless_safe)
        else:
            findings.append(finding)
    depending = [rule for rule in rules if conditional]
    passed = module.trying(depending, lambda: tuple(_arguments(module, needed)))
    return Results(tuple(findings), tuple(conditional), passed or ())


def _finding(module: Module, rule: Rule, report: Report) -> Finding | None:
    """None where the rule does not run in the context of the place."""
    if rule.off_in and rule.off_in & module.contexts.of(report.at.scope.function):
        return None
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
