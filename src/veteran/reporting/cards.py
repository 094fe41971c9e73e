"""What reports say of a rule."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from veteran.findings import TOOL_CODES


class Card(NamedTuple):
    """The name of a rule, or of the tool's own finding, and the first sentence of why it matters."""

    name: str
    reason: str = ""


@cache
def card_of(code: str) -> Card:
    """The card of a code."""
    if code in TOOL_CODES:
        return Card(TOOL_CODES[code])
    from veteran.registry import all_rules

    rule = all_rules().get(code)
    return Card(rule.name, rule.reason) if rule else Card("unknown-rule")
