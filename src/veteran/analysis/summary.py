"""What one file yields, as plain data: its findings, those that depend on more, and the facts they depend on.

No tree outlives the file: summaries can be sent between processes and kept.
"""

from __future__ import annotations

from typing import NamedTuple

from veteran.findings import Finding


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


class Comment(NamedTuple):
    """A comment that may suppress; first, last: the lines of its logical line, 0 if it stands alone."""

    line: int
    column: int
    text: str
    first: int
    last: int


class Summary(NamedTuple):
    """One file. comments: only where something might be suppressed."""

    path: str
    findings: tuple[Finding, ...] = ()
    conditional: tuple[Conditional, ...] = ()
    arguments: tuple[ArgumentFact, ...] = ()
    comments: tuple[Comment, ...] = ()
