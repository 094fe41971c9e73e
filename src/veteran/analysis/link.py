"""Decides what one file's summary leaves open: a pure function over summaries, without any tree.

Findings that depend on the callers of private functions are decided by the file's own calls; blocking helpers by
the facts of what the file imports. Nobody who imports the file is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from veteran.analysis.chains import Chain, Chains, Direct
from veteran.analysis.program import Function, Loaded
from veteran.analysis.reports import ArgumentFact, Parameter
from veteran.analysis.summary import Summary
from veteran.catalog import Catalog
from veteran.findings import Confidence, Finding, Step
from veteran.registry import Rule, Subscription, subscribers

if TYPE_CHECKING:
    from veteran.analysis.answers_linked import Answers


class Blocked(NamedTuple):
    """What a rule hears of: a coroutine's call that reaches a blocking one."""

    chain: Chain
    catalog: Catalog


class LinkedCall(NamedTuple):
    """What a rule hears of: a coroutine's own call that blocks, as other modules tell."""

    direct: Direct
    catalog: Catalog
    table: str


def decided(summary: Summary) -> list[Finding]:
    """The findings of a file that need no other file."""
    findings = list(summary.findings)
    if summary.conditional:
        unsafe = unsafe_parameters(summary.arguments)
        findings += [
            conditional.finding for conditional in summary.conditional if unsafe.intersection(conditional.parameters)
        ]
    return findings


def chained(
    summary: Summary, path: Path, rules: Iterable[Rule], chains: Chains, catalog: Catalog, shown: Callable[[Path], str]
) -> Iterator[Finding]:
    """What the rules say of the chains that begin in a file. shown: a path as findings show it."""
    heard = [(rule, handler, on) for on, rule, handler in subscribers(rules) if on.kind in ("chain", "linked")]
    if not heard:
        return
    module = chains.program.module_at(path)
    if module is None:
        return
    events: dict[Subscription, list[tuple[Function, Blocked | LinkedCall]]] = {}
    for rule, handler, on in heard:
        if on not in events and on.kind == "chain":
            events[on] = [(chain.coroutine, Blocked(chain, catalog)) for chain in chains.of(module)]
        elif on not in events:
            found = chains.direct(module, on.table)
            events[on] = [(direct.coroutine, LinkedCall(direct, catalog, on.table)) for direct in found]
        for coroutine, event in events[on]:
            contexts = coroutine.fact.contexts
            if rule.off_in.intersection(contexts):
                continue
            low = rule.low_in.intersection(contexts)
            for report in handler(event):
                confidence = Confidence.LOW if low else report.confidence
                steps = tuple(Step(shown(step.path), step.span, step.text) for step in report.steps)
                yield Finding(summary.path, report.span, rule.code, report.message, confidence, steps)


def answered(
    shown_path: str, module: Loaded, rules: Iterable[Rule], answers: Answers, shown: Callable[[Path], str]
) -> Iterator[Finding]:
    """What the rules say of a file's decoded data that other modules decide on. shown_path: as in the summary."""
    heard = [(rule, handler) for on, rule, handler in subscribers(rules) if on.kind == "answer"]
    for event in answers.of(module):
        for rule, handler in heard:
            if rule.off_in.intersection(event.data.contexts):
                continue
            low = rule.low_in.intersection(event.data.contexts)
            for report in handler(event):
                confidence = Confidence.LOW if low else report.confidence
                steps = tuple(Step(shown(step.path), step.span, step.text) for step in report.steps)
                yield Finding(shown_path, report.span, rule.code, report.message, confidence, steps)


def unsafe_parameters(arguments: Iterable[ArgumentFact]) -> set[Parameter]:
    """The parameters that can receive unsafe text: the least set that agrees with every call."""
    receivers: dict[Parameter, list[Parameter]] = {}
    unsafe: set[Parameter] = set()
    pending: list[Parameter] = []
    for fact in arguments:
        for source in fact.depends:
            receivers.setdefault(source, []).append(fact.parameter)
        if fact.unsafe:
            pending.append(fact.parameter)
    while pending:
        parameter = pending.pop()
        if parameter not in unsafe:
            unsafe.add(parameter)
            pending += receivers.get(parameter, ())
    return unsafe
