"""What rules concluded of the code of a line, as plain data."""

from __future__ import annotations

from typing import NamedTuple

from veteran.findings import Confidence, Span, Step


class Conclusion(NamedTuple):
    """What rules concluded of a piece of code.

    verdict: `fired`; `hidden`: found, but not reported; `elsewhere`: part of a finding on another line; `silent`:
    looked at, and nothing was found; `nothing`: there is nothing to look at; `off`: the rule does not run here.
    """

    codes: tuple[str, ...]
    verdict: str
    text: str
    span: Span | None = None
    confidence: Confidence | None = None
    steps: tuple[Step, ...] = ()


class Answer(NamedTuple):
    """All conclusions on one line. remarks: what holds for the file."""

    path: str
    line: int
    column: int | None
    remarks: tuple[str, ...]
    conclusions: tuple[Conclusion, ...]


def silent(text: str, steps: tuple[Step, ...] = ()) -> Conclusion:
    """What was looked at, and why nothing is said of it."""
    return Conclusion((), "silent", text, None, None, steps)
