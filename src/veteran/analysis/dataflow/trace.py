"""What the analysis looked at and dropped, and why: kept only where somebody asks.

A module has no trace as a rule, so that a check pays nothing for it but a look where something is dropped.
"""

from __future__ import annotations

from typing import NamedTuple

import libcst as cst

from veteran.analysis.dataflow.sanitizers import Checked
from veteran.analysis.semantics.ir import At, Call

#: In a note's text, the line of the first place that explains it.
LINE = "\0"


class Because(NamedTuple):
    """A place that explains a note."""

    node: cst.CSTNode
    text: str


class Note(NamedTuple):
    """What was concluded of a node. table: that of the subscription it would have been told to."""

    table: str
    node: cst.CSTNode
    at: At
    text: str
    because: tuple[Because, ...] = ()


class Trace:
    """The notes on one module, in the order in which they were made."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def note(self, table: str, node: cst.CSTNode, at: At, text: str, *because: Because) -> None:
        """Keeps what was concluded."""
        self.notes.append(Note(table, node, at, text, because))

    def statement(self, call: Call, text: cst.CSTNode, reason: str) -> None:
        """Keeps what was concluded of the statement that a call executes, for the call and for the text."""
        self.note("sql.sinks", call.node, call, reason, Because(text, "the statement"))


def told(why: str | Checked) -> tuple[str, tuple[Because, ...]]:
    """A reason in words, with the check that it rests on."""
    if isinstance(why, Checked):
        return f"checked at line {LINE}", (Because(why.node, "checked here"),)
    return why, ()
