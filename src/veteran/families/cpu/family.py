"""What jobs on threads need of other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from veteran.analysis.syntax.gate import Glance, gate_for
from veteran.families.cpu.told import ASKS, SPREADS
from veteran.project.family import Family, Heard, Linking
from veteran.project.import_index import IMPORTED
from veteran.project.kinds import Teller, Telling
from veteran.project.summary import Summary
from veteran.registry import Rule, Subscription, all_rules

if TYPE_CHECKING:
    from veteran.analysis.module import Module


@cache
def _hearing() -> tuple[Rule, ...]:
    return tuple(r for r in all_rules().values() if any(on.table == "cpu.fan_out" for on, _ in r.handlers))


def _seen(glance: Glance) -> tuple[str, ...] | None:
    """Nothing, in a file without a word of threads."""
    return None if gate_for(_hearing(), glance.catalog).live(glance) else ()


def _spreads(module: Module) -> tuple[str, ...]:
    from veteran.families.cpu.fan_out import spreads_of

    return spreads_of(module)


def _asks(module: Module) -> tuple[str, ...]:
    from veteran.families.cpu.fan_out import Beyond

    return tuple(sorted(module.once(Beyond).asks))


class Cpu(Family):
    """Work that other files do, or spread over threads."""

    name = "cpu"
    tellers = (Teller(SPREADS, _seen, _spreads), Teller(ASKS, None, _asks))
    nothing: Mapping[str, str] = {"cpu.fan_out": "no call on this line that hands a function to threads"}

    def tell(self, telling: Telling) -> None:
        if telling.live:
            telling.add(SPREADS)
            telling.add(ASKS)

    def begins(self, summary: Summary) -> bool:
        return bool(summary.of(ASKS) or summary.of(IMPORTED).names)

    def events(self, file: Linking, on: Subscription) -> Iterator[Heard]:
        from veteran.families.cpu.spreading import spreading_names

        asks, spreading = file.summary.of(ASKS), spreading_names(file)
        if asks or spreading:
            from veteran.families.cpu.link import events

            yield from events(file, asks, spreading)


family = Cpu()
