"""Which rules can find anything in a file, judged by its bytes alone: what passes for none is never parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from veteran.catalog import Catalog
from veteran.registry import Rule


class Gate:
    """The words of some rules, as patterns over bytes."""

    def __init__(self, rules: Iterable[Rule], catalog: Catalog) -> None:
        self.rules: list[tuple[Rule, list[re.Pattern[bytes]]]] = []
        first: list[bytes] = []
        for rule in rules:
            words = {word.encode() for subscription, _ in rule.handlers for word in catalog.roots(subscription.table)}
            patterns = [re.compile(need.encode()) for need in rule.needs]
            patterns.append(_any_word(words))
            self.rules.append((rule, patterns))
            # Without the looks at neighbours that make a search several times dearer.
            first += [need.encode() for need in rule.needs[:1]] or [re.escape(word) for word in sorted(words)]
        # A file that holds none of these costs this one search.
        self.first = re.compile(b"|".join(first) or b"(?!)")

    def live(self, data: bytes) -> list[Rule]:
        """The rules that might find something in these bytes."""
        if not self.first.search(data):
            return []
        return [rule for rule, patterns in self.rules if all(p.search(data) for p in patterns)]


def _any_word(words: Iterable[bytes]) -> re.Pattern[bytes]:
    # Byte classes, not \w: a neighbouring non-ASCII letter belongs to the word all the same.
    body = b"|".join(sorted(re.escape(word) for word in words)) or b"(?!)"
    return re.compile(rb"(?<![\w\x80-\xff])(?:" + body + rb")(?![\w\x80-\xff])")


@lru_cache(maxsize=64)
def gate_for(rules: tuple[Rule, ...], catalog: Catalog) -> Gate:
    """The gate of these rules, compiled once."""
    return Gate(rules, catalog)
