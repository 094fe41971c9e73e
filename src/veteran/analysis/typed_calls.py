"""Blocking methods of what another module of the project made: a client that it exports, a path that it returns.

Decided when files are linked, by the facts of the modules; in doubt nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from veteran.analysis.chains import alive
from veteran.analysis.program import Class, Function, Loaded, Program
from veteran.analysis.summary import CallFact
from veteran.catalog import Blocking, Catalog
from veteran.findings import Confidence

_ENTER = ".__enter__()"
_MAX_DEPTH = 6
#: Groups whose calls wait wherever they stand: no earlier call or test can say that they will not.
_GROUPS = frozenset(("network", "db", "device", "file", "entry", "metadata", "certificates"))


class TypedCall(NamedTuple):
    """A coroutine's call of a blocking method, whose receiver only another module tells. kind: its type."""

    coroutine: Function
    call: CallFact
    kind: str
    entry: Blocking
    sure: Confidence
    catalog: Catalog


def typed_calls(program: Program, module: Loaded, catalog: Catalog, table: str) -> Iterator[TypedCall]:
    """The calls of a module's coroutines whose receivers other modules tell, in source order."""
    listed = catalog.calls[table]
    for key, fact in module.facts.functions.items():
        if fact.kind not in ("async", "asyncgenerator"):
            continue
        for call in fact.calls:
            owner, _, method = call.target.rpartition(".")
            if not owner or method not in catalog.tails or "a" in call.flags or "p" in call.flags:
                continue
            if program.resolve(call.target, module) is not None:
                continue
            kind = _Kinds(program, catalog).of(owner, module, 0)
            entry: Blocking | None = catalog.lookup(listed, f"{kind}.{method}") if kind else None
            if entry is None or entry.group not in _GROUPS or entry.unless or entry.opens is not None:
                continue
            if kind.startswith("io.") or (entry.lazy and "c" not in call.flags):
                continue
            sure = alive(call.when, (), fact)
            if sure is not None:
                yield TypedCall(Function(module, key), call, kind, entry, Confidence.LOW if call.low else sure, catalog)


class _Kinds:
    """The catalogue's types of what the symbols of facts mean."""

    def __init__(self, program: Program, catalog: Catalog) -> None:
        self.program = program
        self.catalog = catalog

    def of(self, symbol: str, module: Loaded, depth: int) -> str:
        """The type of what a symbol (see `CallFact`) is, as the catalogue names it; empty where it is not known."""
        if depth > _MAX_DEPTH or symbol.startswith(":*"):
            return ""
        if symbol.endswith(_ENTER):
            inner = symbol[: -len(_ENTER)]
            made = self.program.resolve(inner[:-2], module) if inner.endswith("()") else None
            if isinstance(made, Function):
                return self._returned(made, "manager") if made.module is not module else ""
            kind = self.of(inner, module, depth + 1)
            return self.catalog.types["enters"].get(kind, kind)
        if symbol.endswith("()"):
            made = self.program.resolve(symbol[:-2], module)
            # Of the module's own functions its types know best.
            return self._returned(made, "") if isinstance(made, Function) and made.module is not module else ""
        owner, _, name = symbol.rpartition(".")
        if not owner:
            return ""
        holder = self.program.resolve(owner, module)
        if isinstance(holder, Loaded):
            return self._exported(holder, name)
        if isinstance(holder, Class):
            return self._held(holder, name)
        kind = self.of(owner, module, depth + 1)
        return self.catalog.lookup(self.catalog.types["attribute"], f"{kind}.{name}") or "" if kind else ""

    def _returned(self, function: Function, mark: str) -> str:
        fact = function.fact
        if fact.kind not in ("sync", "generator") or "decorated" in fact.marks or "offloaded" in fact.marks:
            return ""
        if ("manager" in fact.marks) != (mark == "manager") or (fact.kind == "generator") != (mark == "manager"):
            return ""
        return self._foreign(fact.returns, function.module)

    def _exported(self, module: Loaded, name: str) -> str:
        targets = module.facts.exports.get(name, ())
        if len(targets) != 1:
            return ""
        target = targets[0]
        if target.endswith("()"):
            return self._foreign(target[:-2], module)
        return ""

    def _held(self, owner: Class, name: str) -> str:
        if (method := self.program.method(owner, name)) is not None:
            return self._returned(method, "") if "property" in method.fact.marks else ""
        for each in self.program.bases(owner):
            if name in each.fact.attributes:
                return self._foreign(each.fact.attributes[name], each.module)
        return ""

    def _foreign(self, kind: str, module: Loaded) -> str:
        """A type of a library; empty for one of the project's own."""
        if not kind or kind[0] in ":." or "()" in kind or self.program.resolve(kind, module) is not None:
            return ""
        return self.catalog.canonical(kind)
