"""A line of a file as families see it that say why something is reported there, or why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import libcst as cst

from veteran.analysis.dataflow.trace import Because
from veteran.analysis.module import Module
from veteran.findings import Finding, Span, Step
from veteran.once import Concluding
from veteran.project.summary import Summary
from veteran.project.symbols import Loaded
from veteran.project.world import World
from veteran.registry import Rule

T = TypeVar("T")
#: More steps than this say no more.
MAX_STEPS = 12


class Line(Concluding):
    """A line of a file, or a column of it, and all that was found in the file.

    findings: all of them, hidden ones included. excused: those that the callers of private functions decided against.
    rules: by code, those that may find something in the file and are on.
    """

    def __init__(
        self,
        module: Module,
        path: Path,
        world: World,
        summary: Summary,
        findings: list[Finding],
        excused: list[Finding],
        rules: Mapping[str, Rule],
    ) -> None:
        super().__init__()
        self.module = module
        self.path = path
        self.world = world
        self.shown = summary.path
        self.findings = findings
        self.excused = excused
        self.rules = rules
        self.line = 1
        self.column: int | None = None

    def touches(self, span: Span | None) -> bool:
        """Whether a range is on the line, and around the column."""
        if span is None:
            return False
        if self.column is None:
            return span.line <= self.line <= span.end_line
        here = self.line, self.column
        return (span.line, span.column) <= here < (span.end_line, span.end_column)

    def span(self, node: cst.CSTNode) -> Span | None:
        """Where a node of the file stands; None of one that the analysis has put together."""
        try:
            return self.module.tree.span(node)
        except KeyError:
            return None

    def step(self, because: Because) -> Step | None:
        """A reason with its place, where that is in the file."""
        span = self.span(because.node)
        return Step(self.shown, span, because.text) if span is not None else None

    def steps(self, reasons: Iterable[Because]) -> tuple[Step, ...]:
        """Reasons with their places."""
        return tuple(step for because in reasons if (step := self.step(because)) is not None)[:MAX_STEPS]

    def codes(self, table: str) -> tuple[str, ...]:
        """The rules that listen to a table or to what is linked by that name."""
        return tuple(code for code, rule in self.rules.items() if any(table == on.table for on, _ in rule.handlers))

    @cached_property
    def loaded(self) -> Loaded | None:
        """The file as a module of its project."""
        return self.world.program.module_at(self.path)
