"""Which rules can find anything in a file, judged by its bytes alone: what passes for none is never parsed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import TypeVar

from veteran.catalog import Catalog
from veteran.once import Concluding
from veteran.registry import Rule

T = TypeVar("T")

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


class Glance(Concluding):
    """The bytes of a file, of which nothing is parsed, and what is concluded from them."""

    def __init__(self, data: bytes, catalog: Catalog) -> None:
        super().__init__()
        self.data = data
        self.catalog = catalog

    @cached_property
    def words(self) -> frozenset[bytes]:
        """The names and other words."""
        return frozenset(self.data.translate(_BLANKS).split())


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

    def lacks(self, glance: Glance) -> list[str]:
        """The words of which the bytes lack each; empty where a rule might find something."""
        if self.live(glance):
            return []
        words, data = glance.words, glance.data
        for _, needs, wanted, weak in self.rules:
            missing = [need.decode() for need in needs if need not in data]
            if missing:
                return missing
            if wanted.isdisjoint(words):
                known = sorted(word.decode() for word in wanted)
                return known if weak.isdisjoint(words) else ["a word of SQL beside " + min(weak & words).decode()]
        return []

    def live(self, glance: Glance) -> list[Rule]:
        """The rules that might find something in these bytes."""
        words, data = glance.words, glance.data
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
