"""How findings are shown: one module per output format, named as `--output-format` names it.

A format's `render` yields lines without their ends. It reads nothing but what it is given.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, cast

from veteran.findings import Finding

#: The source line at (path, line from 1), or None where it cannot be read.
ReadLine = Callable[[str, int], "str | None"]


class Render(Protocol):
    """The findings, in the order given, as the lines of one format."""

    def __call__(self, findings: Sequence[Finding], *, read_line: ReadLine, color: bool) -> Iterator[str]: ...


def renderer(output_format: str) -> Render:
    """The `render` of that format."""
    return cast(Render, importlib.import_module(f"{__name__}.{output_format}").render)
