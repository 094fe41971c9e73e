"""What the rules say of calls that block in other modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from veteran.catalog import Catalog
from veteran.families.blocking.call_chains import Chain, Chains, Direct
from veteran.findings import Confidence, Finding, Step
from veteran.project.summary import Summary
from veteran.project.symbols import Function
from veteran.registry import Rule, Subscription, subscribers


class Blocked(NamedTuple):
    """What a rule hears of: a coroutine's call that reaches a blocking one."""

    chain: Chain
    catalog: Catalog


class LinkedCall(NamedTuple):
    """What a rule hears of: a coroutine's own call that blocks, as other modules tell."""

    direct: Direct
    catalog: Catalog
    table: str


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
