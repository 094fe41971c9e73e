"""How families decide what other files tell: one protocol for all of them.

Whoever reads, keeps and links files loops over families and knows none: a family is `families/<name>/family.py`, with
`family = SomeFamily()` at its top.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # what only some runs need is not imported here
    from pathlib import Path

    from veteran.analysis.dataflow.trace import Note
    from veteran.analysis.reports import Linked
    from veteran.conclusions import Conclusion
    from veteran.findings import Finding
    from veteran.project.explained import Line
    from veteran.project.kinds import Teller, Telling
    from veteran.project.summary import Summary
    from veteran.project.world import World
    from veteran.registry import Subscription


class Heard(NamedTuple):
    """What a rule hears of when files are linked. contexts: of where it is, see `analysis.contexts`.

    placed: makes a `Linked` of what a handler yields; left out where that is one.
    """

    event: Any
    contexts: Collection[str] = ()
    placed: Callable[[Any], Linked] | None = None


class Linking(NamedTuple):
    """A file that is linked. path: absolute; findings show `summary.path`."""

    summary: Summary
    path: Path
    world: World


class Family:
    """What rules of one family need of other files, and what they say of a line. Each method says nothing by itself.

    name: that of its folder. tellers: of the kinds that it tells. nothing: by the table that a rule listens to, what is
    said of a line that has nothing of it.
    """

    name = ""
    tellers: tuple[Teller, ...] = ()
    nothing: Mapping[str, str] = {}

    def tell(self, telling: Telling) -> None:
        """Adds what a parsed file tells, as far as it is worth telling; the rest is found where others ask."""

    def begins(self, summary: Summary) -> bool:
        """Whether there may be anything in a file that others decide."""
        return False

    def events(self, file: Linking, on: Subscription) -> Iterator[Heard]:
        """What a `linked` subscription hears of in a file."""
        yield from ()

    def conclusions(self, line: Line) -> Iterator[Conclusion]:
        """Why nothing is reported of the code of a line, beside what is in the trace."""
        yield from ()

    def concerns(self, code: str, note: Note) -> bool:
        """Whether a rule that listens to the table of a note would speak of what the note is about."""
        return True

    def touches(self, line: Line, note: Note) -> bool:
        """Whether a note is about code of a line although it does not stand there."""
        return False

    def why_low(self, line: Line, finding: Finding, *, in_context: bool) -> str:
        """What makes a finding of low confidence, after a colon. in_context: its place does."""
        return ""
