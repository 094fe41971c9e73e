"""Decides the findings that depend on the callers of private functions: by the calls in the same file."""

from __future__ import annotations

from collections.abc import Iterable

from veteran.analysis.reports import ArgumentFact, Parameter
from veteran.findings import Finding
from veteran.project.summary import Summary


def decided(summary: Summary) -> list[Finding]:
    """The findings of a file that need no other file."""
    findings = list(summary.findings)
    if summary.conditional:
        unsafe = unsafe_parameters(summary.arguments)
        findings += [
            conditional.finding for conditional in summary.conditional if unsafe.intersection(conditional.parameters)
        ]
    return findings


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
