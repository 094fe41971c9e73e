"""`--timings`: the seconds of each phase, those of all processes together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def render(seconds: Mapping[str, float]) -> Iterator[str]:
    """One line per phase (seconds, share, name), the longest first, then the sum."""
    total = sum(seconds.values())
    for phase, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        yield f"{spent:9.3f} s {spent / total if total else 0:5.0%}  {phase}"
    yield f"{total:9.3f} s        together, in all processes"
