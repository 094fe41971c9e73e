"""Programs from grammars: files of rules, each with the texts that it stands for.

    name:
      | data
      | rows
    statement:
      | <name> = <name>
      | if <name>:
            <statement*3>
      |3 print(<name,2>)

`<x>` stands for any of the texts of `x`, `<x*3>` for one to three of them, each on lines of its own, and `<x,2>` for
none to two with commas between. What stands for lines is indented as its place is. `|3` counts three times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent / "grammars"
_RULE = re.compile(r"(\w+):$")
_TEXT = re.compile(r"  \|(\d?) ")
_PLACE = re.compile(r"<(\w+)(?:([*,])(\d))?>")
#: How many places are filled freely; after these the shortest way out is taken.
FREE = 400
DEPTH = 9


class Grammar:
    """Rules by name. The texts of a rule that several files have are those of all."""

    def __init__(self, names: Iterable[str]) -> None:
        self.rules: dict[str, list[str]] = {}
        for name in names:
            self._read((FOLDER / f"{name}.txt").read_text("utf-8"))
        self._heights: dict[str, int] = {}
        self._ends: dict[str, list[str]] = {}
        while self._grow():
            pass
        for rule, texts in self.rules.items():
            for text in texts:
                missing = [name for name, _, _ in _PLACE.findall(text) if name not in self._heights]
                if missing:
                    raise ValueError(f"{rule}: {missing[0]} has no end, or is no rule")

    def program(self, random: Random, start: str = "module") -> str:
        """A text that the grammar allows."""
        return _Writing(self, random).text(start, 0) + "\n"

    def ends(self, rule: str) -> list[str]:
        """The texts of a rule that are soonest at an end."""
        if rule not in self._ends:
            least = min(map(self._height, self.rules[rule]))
            self._ends[rule] = [text for text in self.rules[rule] if self._height(text) == least]
        return self._ends[rule]

    def _read(self, text: str) -> None:
        texts: list[str] = []
        last: list[str] = []
        for line in text.splitlines():
            if rule := _RULE.match(line):
                texts = self.rules.setdefault(rule[1], [])
            elif start := _TEXT.match(line):
                last = [line[start.end() :]] * int(start[1] or 1)
                texts += last
            elif line.startswith("    "):
                texts[-len(last) :] = last = [last[0] + "\n" + line[4:]] * len(last)
            elif line and not line.startswith("#"):
                raise ValueError(f"not understood: {line}")

    def _grow(self) -> bool:
        """Notes how far each rule is from an end, as far as is known; whether more became known."""
        grown = False
        for rule, texts in self.rules.items():
            heights = [height for height in map(self._height, texts) if height >= 0]
            if rule not in self._heights and heights:
                self._heights[rule] = min(heights)
                grown = True
        return grown

    def _height(self, text: str) -> int:
        """How far a text is from an end; -1 where that is not known."""
        needed = [self._heights.get(name, -1) for name, sign, _ in _PLACE.findall(text) if sign != ","]
        return -1 if -1 in needed else 1 + max(needed, default=0)


class _Writing:
    def __init__(self, grammar: Grammar, random: Random) -> None:
        self.grammar = grammar
        self.random = random
        self.free = FREE

    def text(self, rule: str, depth: int) -> str:
        self.free -= 1
        ends = depth > DEPTH or self.free < 0
        chosen = self.random.choice(self.grammar.ends(rule) if ends else self.grammar.rules[rule])
        return "\n".join(self._line(line, depth + 1, ends) for line in chosen.splitlines())

    def _line(self, line: str, depth: int, ends: bool) -> str:
        indent = line[: len(line) - len(line.lstrip())]
        filled = _PLACE.sub(lambda place: self._filled(place, depth, ends), line)
        return filled.replace("\n", "\n" + indent)

    def _filled(self, place: re.Match[str], depth: int, ends: bool) -> str:
        rule, sign, most = place.groups()
        if not sign:
            return self.text(rule, depth)
        least = 0 if sign == "," else 1
        count = least if ends else self.random.randint(least, int(most))
        return (", " if sign == "," else "\n").join(self.text(rule, depth) for _ in range(count))


@cache
def grammar(*names: str) -> Grammar:
    """The grammar of these files."""
    return Grammar(names)
