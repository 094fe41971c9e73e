"""`--statistics`: how often each code was found, instead of the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from veteran.findings import Finding
from veteran.reporting.cards import card_of
from veteran.reporting.style import as_json, painter

VERSION = 1


def counts(findings: Sequence[Finding]) -> list[tuple[str, int]]:
    """(code, count), the most frequent first, then by code."""
    counter = Counter(finding.code for finding in findings)
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def render(findings: Sequence[Finding], *, output_format: str, color: bool) -> Iterator[str]:
    """One line per code (count, code, name), or for `json` one object."""
    rows = counts(findings)
    if output_format == "json":
        named = [{"code": code, "name": card_of(code).name, "count": count} for code, count in rows]
        yield as_json({"version": VERSION, "statistics": named})
        return
    paint = painter(color)
    digits = max((len(str(count)) for _, count in rows), default=0)
    for code, count in rows:
        yield f"{count:>{digits}}  {paint(code, 'code')}  {card_of(code).name}"
