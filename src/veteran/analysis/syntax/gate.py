"""Which rules can find anything in a file, judged by its bytes alone: what passes for none is never parsed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from veteran.catalog import Catalog
from veteran.registry import Rule

#: Everything but the bytes of names as blanks; non-ASCII letters belong to names.
_BLANKS = bytes(code if code == 95 or code > 127 or chr(code).isalnum() else 32 for code in range(256))
#: How statements of query languages are spelled in programs; in small letters only what is rare in Python.
SQL_WORDS = frozenset(
    word.encode()
    for word in (
        *("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "TRUNCATE", "MERGE", "MATCH"),
        *("DESCRIBE", "WHERE", "select"),
    )
)


class Gate:
    """The words of some rules. A file costs one translation of its bytes and a set of its words."""

    def __init__(self, rules: Iterable[Rule], catalog: Catalog) -> None:
        self.rules = [
            (
                rule,
                [need.encode() for need in rule.needs],
                frozenset(
                    word.encode()
                    for subscription, _ in rule.handlers
                    for word in subscription.words or catalog.roots(subscription.table)
                ),
                frozenset(
                    word.encode()
                    for subscription, _ in rule.handlers
                    if not subscription.words
                    for word in catalog.weak_roots(subscription.table)
                ),
            )
            for rule in rules
        ]

    def lacks(self, data: bytes) -> list[str]:
        """The words of which the bytes lack each; empty where a rule might find something."""
        if self.live(data):
            return []
        words = set(data.translate(_BLANKS).split())
        for _, needs, wanted, weak in self.rules:
            missing = [need.decode() for need in needs if need not in data]
            if missing:
                return missing
            if wanted.isdisjoint(words):
                known = sorted(word.decode() for word in wanted)
                return known if weak.isdisjoint(words) else ["a word of SQL beside " + min(weak & words).decode()]
        return []

    def live(self, data: bytes) -> list[Rule]:
        """The rules that might find something in these bytes."""
        words = set(data.translate(_BLANKS).split())
        return [
            rule
            for rule, needs, wanted, weak in self.rules
            if (not wanted.isdisjoint(words) or (not weak.isdisjoint(words) and not SQL_WORDS.isdisjoint(words)))
            and all(need in data for need in needs)
        ]


@lru_cache(maxsize=64)
def gate_for(rules: tuple[Rule, ...], catalog: Catalog) -> Gate:
    """The gate of these rules, made once."""
    return Gate(rules, catalog)
