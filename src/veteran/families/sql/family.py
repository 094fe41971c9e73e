"""What is said of SQL beside its findings; it asks nothing of other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from veteran.project.family import Family

if TYPE_CHECKING:
    from veteran.analysis.dataflow.trace import Note
    from veteran.conclusions import Conclusion
    from veteran.project.explained import Line


class Sql(Family):
    """Statements that are built from parts."""

    name = "sql"
    nothing: Mapping[str, str] = {
        "sql.sinks": "no call on this line, and no statement that one executes",
        "sql.unexecuted": "no text on this line that is built from parts and might be SQL",
    }

    def touches(self, line: Line, note: Note) -> bool:
        """Whether the statement that a call executes is on the line."""
        return note.table == "sql.sinks" and any(line.touches(line.span(because.node)) for because in note.because)

    def conclusions(self, line: Line) -> Iterator[Conclusion]:
        from veteran.families.sql.explanation import conclusions

        return conclusions(line)


family = Sql()
