"""Decides the conditional findings: a pure function over summaries, without any tree.

For now a condition only speaks of functions of the same module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from veteran.analysis.summary import ArgumentFact, Parameter, Summary
from veteran.findings import Finding


def link(summaries: Iterable[Summary]) -> Iterator[tuple[Summary, list[Finding]]]:
    """Each summary with the findings that hold, in the order given."""
    for summary in summaries:
        findings = list(summary.findings)
        if summary.conditional:
            unsafe = unsafe_parameters(summary.arguments)
            findings += [
                conditional.finding
                for conditional in summary.conditional
                if unsafe.intersection(conditional.parameters)
            ]
        yield summary, findings


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
