"""What rules say of a module, and what becomes of it: findings, some of which depend on more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from veteran.findings import Confidence, Finding, Span

if TYPE_CHECKING:
    import libcst as cst

    from veteran.analysis.semantics.ir import At, Scope


class ReportStep(NamedTuple):
    """A place that explains a report. anchor: another tool would report, and be silenced, here."""

    node: cst.CSTNode
    at: At
    text: str
    anchor: bool = False


class Report(NamedTuple):
    """What a rule says of a node. unless_safe: it holds only if one of these parameters can be unsafe."""

    node: cst.CSTNode
    at: At
    message: str
    confidence: Confidence
    steps: tuple[ReportStep, ...] = ()
    unless_safe: tuple[tuple[Scope, str], ...] = ()


class LinkedStep(NamedTuple):
    """A place in a module that explains a linked report."""

    path: Path
    span: Span
    text: str


class Linked(NamedTuple):
    """What a rule says of a call whose consequences lie elsewhere."""

    span: Span
    message: str
    confidence: Confidence
    steps: tuple[LinkedStep, ...]


class Parameter(NamedTuple):
    """A parameter of a private function, by the function's dotted name within its module."""

    function: str
    name: str


class ArgumentFact(NamedTuple):
    """What one call passes for a parameter: unsafe text, or whatever these parameters of the caller hold."""

    parameter: Parameter
    unsafe: bool
    depends: tuple[Parameter, ...] = ()


class Conditional(NamedTuple):
    """A finding that holds if one of these parameters can receive unsafe text."""

    finding: Finding
    parameters: tuple[Parameter, ...]
