"""Which files call a function that spreads jobs over threads.

`def each(work, items): pool.map(work, items)` spreads `work` over threads wherever it is called, in files too that say
no word of threads. Which of them have to be read follows from their imports. It may name too many of them.
"""

from __future__ import annotations

import re
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from veteran.families.cpu.told import SPREADS
from veteran.project.family import Linking
from veteran.project.import_index import IMPORTED, Imports, absolute, below
from veteran.project.kinds import IMPORTS
from veteran.project.world import World

#: Names with more dots, and ways over more names, are not followed.
_MAX_STEPS = 20
_MAX_NODES = 1_000
_Node = tuple[Path, str]


def spreading_names(file: Linking) -> dict[str, frozenset[str]]:
    """What a file imports that may start jobs on threads for it. See `Spreading.names`."""
    imports = file.summary.of(IMPORTED)
    if not imports.names:
        return {}
    found = file.world.once(Spreading).names(file.path, imports)
    with suppress(OSError):  # where the file itself is checked, it is said what went wrong
        if found and calls_any(file.world.read(file.path), imports, found):
            return found
    return {}


def calls_any(data: bytes, imports: Imports, wanted: Container[str]) -> bool:
    """Whether the bytes of a file may call one of these imports or something of it."""
    names = [re.escape(name.encode()) for name, meant in imports.names.items() if meant in wanted]
    return bool(names and re.search(rb"(?<![\w.])(?:" + b"|".join(names) + rb")\s*[.(]", data))


class Spreading:
    """Which names of a project lead to functions that spread jobs over threads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.project = world.project
        self._known: dict[_Node, frozenset[str]] = {}
        self._names: dict[str, tuple[_Node | None, frozenset[str]]] = {}
        self.leads = world.leads(IMPORTS)

    def names(self, path: Path, imports: Imports) -> dict[str, frozenset[str]]:
        """What a file imports, as imported, that leads to such functions, and their own names."""
        found = ((name, self.ends(name, path)) for name in set(imports.names.values()))
        return {name: ends for name, ends in found if ends}

    def ends(self, name: str, path: Path) -> frozenset[str]:
        """The last words of such functions that a name, as a file imports it, leads to."""
        full = absolute(self.project, name, path) if name[:1] == "." else name
        known = self._names.get(full)
        if known is None:
            start = self._node(full, path)
            known = self._names[full] = start, self._reach(start) if start is not None else frozenset()
        start, ends = known
        if start is not None:
            self.leads.setdefault(path, set()).add(start[0])
        return ends

    def _node(self, name: str, by: Path) -> _Node | None:
        found = self.project.innermost(name)
        if found is None:
            return None
        module, rest = found
        self.leads.setdefault(by, set()).add(module.path)
        return module.path, rest

    def _reach(self, start: _Node) -> frozenset[str]:
        """Follows all ways from a name; circles end. An answer depends on nothing that was asked before."""
        if start not in self._known:
            ends: set[str] = set()
            seen = {start: None}
            pending = [start]
            while pending and len(seen) <= _MAX_NODES:
                here, after = self._step(*pending.pop())
                ends.update(here)
                for node in after:
                    if node not in seen:
                        seen[node] = None
                        pending.append(node)
            self._known[start] = frozenset(ends)
            if not ends and not pending:
                self._known.update(dict.fromkeys(seen, frozenset()))
        return self._known[start]

    def _step(self, path: Path, name: str) -> tuple[list[str], list[_Node]]:
        """What a module's name ends at, and what it leads on to. Without a name: all that the module has, and as a
        package hands on."""
        imports = self.world.told(IMPORTED, path)
        head, _, rest = name.partition(".")
        ends = [one for one in self.world.told(SPREADS, path) if not head or one == head or one.startswith(f"{head}.")]
        onward: list[str] = []
        if not head:
            onward = [*imports.names.values()] if path.stem == "__init__" else []
        elif not ends and head in imports.names:
            onward = [imports.names[head] + (f".{rest}" if rest else "")]
        elif not ends and name.count(".") < _MAX_STEPS:
            onward = [below(star, name) for star in imports.stars]
        nodes = (self._node(absolute(self.project, one, path), path) for one in onward if one.count(".") < _MAX_STEPS)
        return [one.rpartition(".")[2] for one in ends], [node for node in nodes if node is not None]
