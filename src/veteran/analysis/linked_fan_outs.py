"""Fan-outs of a file whose work is proven by other modules of its project.

Rare enough that nothing is kept for them: the modules are read again, and only those that the work leads through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from veteran.analysis.cpu_project import Others, leads_into
from veteran.analysis.fan_outs import linked_events
from veteran.analysis.tree import locate
from veteran.findings import Finding, Span, Step
from veteran.registry import subscribers

if TYPE_CHECKING:
    import libcst as cst

    from veteran.analysis.model import Module, Report
    from veteran.analysis.project import Project
    from veteran.analysis.summary import Summary
    from veteran.registry import Rule


def linked_findings(
    summary: Summary,
    path: Path,
    rules: Iterable[Rule],
    project: Project,
    module_at: Callable[[Path], Module | None],
) -> Iterator[Finding]:
    """What the rules say of them, in order. module_at: reads the module in a file."""
    wanted = ("event", "fan_outs")
    heard = [(rule, handler) for on, rule, handler in subscribers(rules) if (on.kind, on.table) == wanted]

    def leads(name: str) -> bool:
        return leads_into(project, name, path)

    if not heard or not any(map(leads, summary.asks)):
        return
    others = Others(project, module_at, path)
    if others.entry is None:
        return
    for event in linked_events(others.entry, leads):
        for rule, handler in heard:
            for report in handler(event):
                yield _finding(summary.path, rule, report, others)


def _finding(shown: str, rule: Rule, report: Report, others: Others) -> Finding:
    """A report with its places, which lie in several files."""
    places = [(report.at, report.node), *((step.at, step.node) for step in report.steps)]
    wanted: dict[Path, tuple[Module, list[tuple[int, cst.CSTNode]]]] = {}
    for at, node in places:
        entry = wanted.setdefault(others.path_of(at.scope), (others.of(at.scope).module, []))
        entry[1].append((at.statement, node))
    spans: dict[cst.CSTNode, Span] = {}
    for module, nodes in wanted.values():
        spans.update(locate(module.source, module.lowered.tree, nodes))
    steps = tuple(
        Step(others.of(step.at.scope).module.path, spans[step.node], step.text)
        for step in report.steps
        if step.node in spans
    )
    return Finding(shown, spans[report.node], rule.code, report.message, report.confidence, steps)
