"""What calls that block need of other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from veteran.project.family import Family, Heard, Linking
from veteran.project.kinds import Teller, Telling
from veteran.project.summary import FACTS, Facts, Summary
from veteran.registry import Subscription

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.conclusions import Conclusion
    from veteran.findings import Finding
    from veteran.project.explained import Line


def _facts(module: Module) -> Facts:
    from veteran.families.blocking.facts import facts_of

    return facts_of(module)


class Blocking(Family):
    """Who calls whom, and what blocks at the end."""

    name = "blocking"
    tellers = (Teller(FACTS, None, _facts),)
    nothing: Mapping[str, str] = dict.fromkeys(
        ("blocking", "metadata", "blocking.chains", "blocking.calls", "blocking.locks"), "no call on this line"
    )

    def tell(self, telling: Telling) -> None:
        telling.add(FACTS)

    def begins(self, summary: Summary) -> bool:
        facts = summary.of(FACTS)
        return facts is not None and any(f.kind.startswith("async") for f in facts.functions.values())

    def events(self, file: Linking, on: Subscription) -> Iterator[Heard]:
        from veteran.families.blocking.link import events

        return events(file, on)

    def conclusions(self, line: Line) -> Iterator[Conclusion]:
        from veteran.families.blocking.explanation import Explanation

        return line.once(Explanation).conclusions()

    def why_low(self, line: Line, finding: Finding, *, in_context: bool) -> str:
        from veteran.families.blocking.explanation import Explanation

        return line.once(Explanation).why_low(finding, in_context=in_context)


family = Blocking()
