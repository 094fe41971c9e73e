"""Which rules can find anything in a file, judged by its bytes alone: what passes for none is never parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from veteran.catalog import Catalog
from veteran.registry import Rule


class Gate:
    """The words of some rules, as patterns over bytes.

    A file that passes for no rule costs one search by a regular expression, besides looking for the few literal
    words that rules cannot do without.
    """

    def __init__(self, rules: Iterable[Rule], catalog: Catalog) -> None:
        self.rules: list[tuple[Rule, list[bytes], re.Pattern[bytes]]] = []
        self.words: dict[Rule, set[bytes]] = {}
        for rule in rules:
            words = {word.encode() for subscription, _ in rule.handlers for word in catalog.roots(subscription.table)}
            self.words[rule] = words
            self.rules.append((rule, [need.encode() for need in rule.needs], _any_word(words)))
        self.together: dict[tuple[Rule, ...], re.Pattern[bytes]] = {}

    def live(self, data: bytes) -> list[Rule]:
        """The rules that might find something in these bytes."""
        possible = [entry for entry in self.rules if all(need in data for need in entry[1])]
        if len(possible) > 1:
            key = tuple(rule for rule, _, _ in possible)
            if key not in self.together:
                self.together[key] = _any_word(set().union(*(self.words[rule] for rule in key)))
            if not self.together[key].search(data):
                return []
        return [rule for rule, _, pattern in possible if pattern.search(data)]


def _any_word(words: Iterable[bytes]) -> re.Pattern[bytes]:
    # Byte classes, not \w: a neighbouring non-ASCII letter belongs to the word all the same.
    body = b"|".join(sorted(re.escape(word) for word in words)) or b"(?!)"
    return re.compile(rb"(?<![\w\x80-\xff])(?:" + body + rb")(?![\w\x80-\xff])")


@lru_cache(maxsize=64)
def gate_for(rules: tuple[Rule, ...], catalog: Catalog) -> Gate:
    """The gate of these rules, compiled once."""
    return Gate(rules, catalog)
