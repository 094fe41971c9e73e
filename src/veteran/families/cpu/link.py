"""Fan-outs of a file whose work is proven by other modules of its project.

Rare enough that nothing is kept for them: the modules are read again, and only those that the work leads through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from veteran.families.cpu.fan_out import linked_events
from veteran.families.cpu.project import Others, leads_into
from veteran.findings import Finding, Step
from veteran.registry import subscribers

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.analysis.reports import Report
    from veteran.project.import_resolver import Project
    from veteran.project.summary import Summary
    from veteran.registry import Rule


def linked_findings(
    summary: Summary,
    path: Path,
    rules: Iterable[Rule],
    project: Project,
    module_at: Callable[[Path], Module | None],
    spreading: Mapping[str, frozenset[str]],
) -> Iterator[Finding]:
    """What the rules say of them. module_at: reads the module in a file. spreading: see `linked_events`."""
    wanted = ("event", "cpu.fan_out")
    heard = [(rule, handler) for on, rule, handler in subscribers(rules) if (on.kind, on.table) == wanted]

    def leads(name: str) -> bool:
        return leads_into(project, name, path)

    if not heard or not (spreading or any(map(leads, summary.asks))):
        return
    others = Others(project, module_at, path)
    if others.entry is None:
        return
    for event in linked_events(others.entry, leads, spreading):
        for rule, handler in heard:
            for report in handler(event):
                yield _finding(summary.path, rule, report, others)


def _finding(shown: str, rule: Rule, report: Report, others: Others) -> Finding:
    """A report with its places, which lie in several files."""
    steps = []
    for step in report.steps:
        home = others.of(step.at.scope).module
        steps.append(Step(home.path, home.tree.span(step.node), step.text))
    span = others.of(report.at.scope).module.tree.span(report.node)
    return Finding(shown, span, rule.code, report.message, report.confidence, tuple(steps))
