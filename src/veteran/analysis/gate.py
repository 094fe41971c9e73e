"""Which rules can find anything in a file, judged by its bytes alone: what passes for none is never parsed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from veteran.catalog import Catalog
from veteran.registry import Rule

#: Everything but the bytes of names as blanks; non-ASCII letters belong to names.
_BLANKS = bytes(code if code == 95 or code > 127 or chr(code).isalnum() else 32 for code in range(256))


class Gate:
    """The words of some rules. A file costs one translation of its bytes and a set of its words."""

    def __init__(self, rules: Iterable[Rule], catalog: Catalog) -> None:
        self.rules = [
            (
                rule,
                [need.encode() for need in rule.needs],
                frozenset(
                    word.encode() for subscription, _ in rule.handlers for word in catalog.roots(subscription.table)
                ),
            )
            for rule in rules
        ]

    def live(self, data: bytes) -> list[Rule]:
        """The rules that might find something in these bytes."""
        words = set(data.translate(_BLANKS).split())
        return [
            rule
            for rule, needs, wanted in self.rules
            if not wanted.isdisjoint(words) and all(need in data for need in needs)
        ]


@lru_cache(maxsize=64)
def gate_for(rules: tuple[Rule, ...], catalog: Catalog) -> Gate:
    """The gate of these rules, made once."""
    return Gate(rules, catalog)
