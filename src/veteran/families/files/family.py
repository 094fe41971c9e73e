"""What is said of files read whole beside the findings; it asks nothing of other files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from veteran.project.family import Family

if TYPE_CHECKING:
    from veteran.analysis.dataflow.trace import Note


class Files(Family):
    """Files that are read whole."""

    name = "files"
    nothing: Mapping[str, str] = {
        "files.whole_reads": "no `readlines`, no text that is split and no list of a file on this line",
    }

    def concerns(self, code: str, note: Note) -> bool:
        """Of a call of `readlines` one rule speaks, of all else the other."""
        import libcst as cst

        func = note.node.func if isinstance(note.node, cst.Call) else None
        reads_lines = isinstance(func, cst.Attribute) and func.attr.value == "readlines"
        return reads_lines == (code == "VET101")


family = Files()
