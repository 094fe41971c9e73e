"""All findings as one JSON object; its `version` changes when that would break its readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from veteran.findings import Finding, Span
from veteran.reporting import ReadLine
from veteran.reporting.cards import card_of
from veteran.reporting.style import as_json

VERSION = 1


def render(findings: Sequence[Finding], *, read_line: ReadLine, color: bool) -> Iterator[str]:
    """The object, indented."""
    found = [_finding(finding) for finding in findings]
    yield as_json({"version": VERSION, "findings": found})


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "code": finding.code,
        "name": card_of(finding.code).name,
        "message": finding.message,
        "confidence": str(finding.confidence),
        **_range(finding.span),
        "steps": [{"path": step.path, **_range(step.span), "text": step.text} for step in finding.steps],
    }


def _range(span: Span) -> dict[str, int]:
    return dict(span._asdict())
