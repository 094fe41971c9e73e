"""`path:line:col: CODE message`, one line per finding, for editors and grep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from veteran.findings import Finding
from veteran.reporting import ReadLine
from veteran.reporting.style import first, painter, printable


def render(findings: Sequence[Finding], *, read_line: ReadLine, color: bool) -> Iterator[str]:
    """One line per finding."""
    paint = painter(color)
    for finding in findings:
        place = f"{first(finding.path)}:{finding.span.line}:{finding.span.column}:"
        code = paint(finding.code, "code")
        yield f"{paint(place, 'bold')} {code} {printable(finding.message)}"
