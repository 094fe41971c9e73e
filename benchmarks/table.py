"""Numbers, set in columns."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *notes: str) -> None:
    """Prints a table; the first column is text, the others are numbers."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print(f"\n{title}\n")
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  " + "  ".join(cells).rstrip())
    for note in notes:
        print(f"  {note}")


def ratio(numbers: Sequence[float], base: Sequence[float]) -> float:
    """The median of the ratios, each of two numbers that were measured one after the other."""
    return statistics.median(a / b for a, b in zip(numbers, base, strict=True))


def spread(numbers: Sequence[float], base: Sequence[float]) -> str:
    """The median ratio, and the smallest and the largest one."""
    ratios = [a / b for a, b in zip(numbers, base, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def seconds(numbers: Sequence[float]) -> str:
    """The median, in seconds."""
    return f"{statistics.median(numbers):.3f} s"
