"""Decides what one file's summary leaves open: a pure function over summaries, without any tree.

Findings that depend on the callers of private functions are decided by the file's own calls; blocking helpers by
the facts of what the file imports. Nobody who imports the file is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from veteran.analysis.chains import Chain, Chains
from veteran.analysis.summary import ArgumentFact, Parameter, Place, Summary
from veteran.catalog import Catalog
from veteran.findings import Confidence, Finding, Span, Step
from veteran.registry import Rule


class Blocked(NamedTuple):
    """What a rule hears of: a coroutine's call that reaches a blocking one."""

    chain: Chain
    catalog: Catalog


class LinkedStep(NamedTuple):
    """A place in a module that explains a linked report."""

    path: Path
    place: Place
    text: str


class Linked(NamedTuple):
    """What a rule says of a call whose consequences lie elsewhere."""

    place: Place
    message: str
    confidence: Confidence
    steps: tuple[LinkedStep, ...]


class Open(NamedTuple):
    """A linked report of which the places are still to be found."""

    rule: Rule
    path: Path
    shown: str
    report: Linked

    @property
    def places(self) -> Iterator[tuple[Path, Place]]:
        """All places it speaks of."""
        yield self.path, self.report.place
        for step in self.report.steps:
            yield step.path, step.place

    def finding(self, spans: dict[tuple[Path, Place], Span], shown: dict[Path, str]) -> Finding:
        """The report with its places. shown: the paths as findings show them."""
        nowhere = Span(1, 1, 1, 2)
        steps = tuple(
            Step(shown[step.path], spans.get((step.path, step.place), nowhere), step.text) for step in self.report.steps
        )
        span = spans.get((self.path, self.report.place), nowhere)
        return Finding(self.shown, span, self.rule.code, self.report.message, self.report.confidence, steps)


def decided(summary: Summary) -> list[Finding]:
    """The findings of a file that need no other file."""
    findings = list(summary.findings)
    if summary.conditional:
        unsafe = unsafe_parameters(summary.arguments)
        findings += [
            conditional.finding for conditional in summary.conditional if unsafe.intersection(conditional.parameters)
        ]
    return findings


def chained(summary: Summary, path: Path, rules: Iterable[Rule], chains: Chains, catalog: Catalog) -> Iterator[Open]:
    """What the rules say of the chains that begin in a file."""
    if summary.facts is None:
        return
    heard = [(rule, handler) for rule in rules for kind, handler in rule.handlers if kind.kind == "chain"]
    if not heard:
        return
    chains.program.add(path, summary.facts)
    module = chains.program.module_at(path)
    if module is None:
        return
    for chain in chains.of(module):
        for rule, handler in heard:
            if rule.off_in.intersection(chain.coroutine.fact.contexts):
                continue
            low = rule.low_in.intersection(chain.coroutine.fact.contexts)
            for report in handler(Blocked(chain, catalog)):
                confidence = Confidence.LOW if low else report.confidence
                yield Open(rule, path, summary.path, report._replace(confidence=confidence))


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
