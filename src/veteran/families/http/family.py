"""What decoded data needs of other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from veteran.families.http.client_reach import reach_of
from veteran.families.http.fact_types import ANSWERS, REACH, AnswerFacts
from veteran.project.family import Family, Heard, Linking
from veteran.project.import_index import IMPORTED
from veteran.project.kinds import Teller, Telling
from veteran.project.summary import FACTS, Summary
from veteran.registry import Subscription

if TYPE_CHECKING:
    from veteran.analysis.module import Module


def _answers(module: Module) -> AnswerFacts:
    from veteran.families.http.facts import answers_of

    return answers_of(module)


class Http(Family):
    """Who decodes data, and who checks it."""

    name = "http"
    tellers = (Teller(REACH, reach_of), Teller(ANSWERS, None, _answers))
    nothing: Mapping[str, str] = {
        "http.json_access": "no JSON is decoded or read on this line, as far as is known",
    }

    def tell(self, telling: Telling) -> None:
        if telling.module.glance.once(reach_of).tells:
            answers = telling.add(ANSWERS)
            if answers.data or answers.given:
                telling.add(FACTS)

    def begins(self, summary: Summary) -> bool:
        imports = summary.of(IMPORTED)
        return ANSWERS.name in summary.told or (summary.of(REACH).reads and bool(imports.names or imports.stars))

    def events(self, file: Linking, on: Subscription) -> Iterator[Heard]:
        from veteran.families.http.link import events

        return events(file)


family = Http()
