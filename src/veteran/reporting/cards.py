"""What reports say of a rule, without the import of all rules where an earlier run knows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from veteran.findings import TOOL_CODES


class Card(NamedTuple):
    """The name of a rule, or of the tool's own finding, and the first sentence of why it matters."""

    name: str
    reason: str = ""


_given: dict[str, Card] = {}


def card_of(code: str) -> Card:
    """The card of a code."""
    if code in TOOL_CODES:
        return Card(TOOL_CODES[code])
    found = _given.get(code)
    if found is None:
        from veteran.registry import all_rules

        rule = all_rules().get(code)
        found = _given[code] = Card(rule.name, rule.reason) if rule else Card("unknown-rule")
    return found


def cards_of(codes: Iterable[str]) -> dict[str, Card]:
    """The cards of these codes."""
    return {code: card_of(code) for code in sorted(set(codes))}


def give(cards: Mapping[str, Iterable[str]]) -> None:
    """Tells what cards say, as of this very veteran."""
    _given.update((code, Card(*card)) for code, card in cards.items())
