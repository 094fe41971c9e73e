"""What veteran found, as plain frozen data that every front end shares."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple


class Confidence(IntEnum):
    """How sure veteran is that a finding matters; `--min-confidence` filters on it."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @classmethod
    def parse(cls, text: str) -> Confidence:
        """The confidence of that name; ValueError for any other text."""
        try:
            return cls[text.upper()]
        except KeyError:
            raise ValueError(text) from None

    def __str__(self) -> str:
        return self.name.lower()


class Span(NamedTuple):
    """A range of source text: lines and columns from 1, columns in code points, end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Step(NamedTuple):
    """One place that helps to explain a finding, in the order in which the code runs."""

    path: str
    span: Span
    text: str
    #: A suppression of another tool's equivalent rule also counts on this line.
    anchor: bool = False


class Finding(NamedTuple):
    """One reported place."""

    path: str
    span: Span
    code: str
    message: str
    confidence: Confidence
    steps: tuple[Step, ...] = ()


class Result(NamedTuple):
    """What is reported of one file. warnings: about suppressions, where no finding says so."""

    findings: list[Finding]
    warnings: list[Finding]


class Outcome(NamedTuple):
    """All findings in the order of the files, then of their places; warnings likewise. files: how many were checked."""

    findings: list[Finding]
    files: int
    warnings: list[Finding]

    @classmethod
    def of(cls, results: Sequence[Result], files: int) -> Outcome:
        """The results of these files, in their order."""
        findings = [finding for result in results for finding in result.findings]
        return cls(findings, files, [warning for result in results for warning in result.warnings])


#: The tool's own findings. They are not rules: no selection by context or confidence applies.
UNPARSABLE = "VET001"
SUPPRESSION = "VET002"
INTERNAL = "VET003"
TOOL_CODES = {
    UNPARSABLE: "unparsable-file",
    SUPPRESSION: "bad-suppression",
    INTERNAL: "internal-error",
}

#: Where nothing says more than that it is somewhere in a file.
_START = Span(1, 1, 1, 2)
#: Begins the message of a VET003 where nothing of the file was checked.
_UNCHECKED = "veteran failed on this file"


def failed(path: str, error: object, rules: Sequence[str] = (), span: Span = _START) -> Finding:
    """What is said where veteran itself failed. error: what was raised, or words. rules: the codes that it cost.

    The traceback is printed where the environment has `VETERAN_TRACEBACK`.
    """
    if isinstance(error, Exception) and os.environ.get("VETERAN_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    try:
        what = f"{type(error).__name__}: {error}" if isinstance(error, Exception) else str(error)
    except Exception:  # it holds what cannot be shown
        what = type(error).__name__
    begins = f"veteran failed in {', '.join(rules)}" if rules else _UNCHECKED
    return Finding(path, span, INTERNAL, f"{begins}: {' '.join(what.split())}", Confidence.HIGH)


def is_unchecked(finding: Finding) -> bool:
    """Whether veteran failed, so that nothing of the file was checked."""
    return finding.code == INTERNAL and finding.message.startswith(_UNCHECKED)
