"""The families of pitfalls, each in a folder of its own; none knows another."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veteran.project.family import Family
    from veteran.project.kinds import Teller
    from veteran.registry import Rule


@cache
def all_families() -> dict[str, Family]:
    """The families that tell other files anything, or ask them, by name. Read once per process."""
    names = sorted(file.parent.name for folder in __path__ for file in Path(folder).glob("*/family.py"))
    return {name: importlib.import_module(f"{__name__}.{name}.family").family for name in names}


@cache
def tellers() -> dict[str, Teller]:
    """Who finds what files tell, by the names of the kinds."""
    from veteran.project import import_index

    of_families = (teller for family in all_families().values() for teller in family.tellers)
    return {teller.kind.name: teller for teller in (import_index.TELLER, *of_families)}


def heard_by(rules: Iterable[Rule]) -> dict[Family, list[Rule]]:
    """The families that link files for these rules, and which rules hear of each."""
    found: dict[Family, list[Rule]] = {}
    for rule in rules:
        for name in dict.fromkeys(on.family for on, _ in rule.handlers if on.kind == "linked"):
            found.setdefault(all_families()[name], []).append(rule)
    return found
