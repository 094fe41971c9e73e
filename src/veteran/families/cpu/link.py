"""Fan-outs of a file whose work is proven by other modules of its project.

Rare enough that nothing is kept for them: the modules are read again, and only those that the work leads through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from veteran.analysis.reports import Linked, LinkedStep
from veteran.families.cpu.fan_out import linked_events
from veteran.families.cpu.project import Others, leads_into
from veteran.project.family import Heard, Linking

if TYPE_CHECKING:
    from veteran.analysis.reports import Report


def events(file: Linking, asks: Collection[str], spreading: Mapping[str, frozenset[str]]) -> Iterator[Heard]:
    """The fan-outs of a file that others prove. asks: see `told.ASKS`. spreading: see `linked_events`."""
    world = file.world

    def leads(name: str) -> bool:
        return leads_into(world.project, name, file.path)

    if not (spreading or any(map(leads, asks))):
        return
    others = Others(world.project, lambda path: world.parsed(path, file.path), file.path)
    if others.entry is not None:
        for event in linked_events(others.entry, leads, spreading):
            yield Heard(event, (), lambda report: _placed(report, others))


def _placed(report: Report, others: Others) -> Linked:
    """A report with its places, which lie in several files."""
    steps = []
    for step in report.steps:
        span = others.of(step.at.scope).module.tree.span(step.node)
        steps.append(LinkedStep(others.path_of(step.at.scope), span, step.text))
    span = others.of(report.at.scope).module.tree.span(report.node)
    return Linked(span, report.message, report.confidence, tuple(steps))
