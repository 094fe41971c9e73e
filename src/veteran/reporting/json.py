"""All findings as one JSON object; its `version` changes when that would break its readers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from veteran.findings import Finding, Span
from veteran.reporting import ReadLine
from veteran.reporting.cards import card_of

VERSION = 1


def render(findings: Sequence[Finding], *, read_line: ReadLine, color: bool) -> Iterator[str]:
    """The object, indented. Pure ASCII, so that no encoding and no file name can break it."""
    found = [_finding(finding) for finding in findings]
    yield json.dumps({"version": VERSION, "findings": found}, indent=2)


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
