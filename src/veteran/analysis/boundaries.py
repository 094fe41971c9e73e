"""Functions of a module that see to decoded values for others: they raise after checks, or all their callers catch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.lowering import Block, Call, Compound, Scope, dotted
from veteran.analysis.nodes import children
from veteran.analysis.types import Local
from veteran.analysis.uses import names_in

if TYPE_CHECKING:
    from veteran.analysis.model import Module

_MAX_CALLERS = 20
_LEAVING = ("sys.exit", "exit", "quit", "fail", "abort")


class Boundaries:
    """Answers, for one module, which functions are the boundary where data comes in."""

    def __init__(self, module: Module, calls_of: dict[str, list[Call]], validates: Callable[[Call], bool]) -> None:
        self.module = module
        self.types = module.types
        self.calls_of = calls_of
        self.validates = validates
        self._raising: dict[tuple[Scope, str, bool], bool] = {}
        self._callers: dict[Scope, list[Call]] = {}
        self._calls_in: dict[Scope, list[Call]] | None = None

    def raises(self, function: Scope, name: str, *, response: bool = False) -> bool:
        """Whether a function raises for some values of a parameter. response: for what it decodes from it."""
        key = function, name, response
        if key not in self._raising:
            self._raising[key] = False  # while it is being found out
            self._raising[key] = self._raises(function, name, response)
        return self._raising[key]

    def _raises(self, function: Scope, name: str, response: bool) -> bool:
        names = set() if response else {name}
        for bound in function.bindings.values():
            for binding in bound:
                value = binding.value
                if binding.kind not in ("assign", "walrus", "for") or not isinstance(value, cst.BaseExpression):
                    continue
                read = names_in(value)
                if read & names or (response and name in read and _decodes(value)):
                    names.add(binding.name)
        for compound in _compounds(function.body, name if response else ""):
            node = compound.node
            if isinstance(node, (cst.If, cst.Assert)) and _mentions(node.test, names, name, response):
                if isinstance(node, cst.Assert) or _raise_in(node.body):
                    return True
                if node.orelse is not None and _raise_in(node.orelse):
                    return True
            elif isinstance(node, cst.Match) and _mentions(node.subject, names, name, response) and _raise_in(node):
                return True
            elif isinstance(node, (cst.Try, cst.TryStar)) and any(_raise_in(h.body) for h in node.handlers):
                tried = [inner for inner in _within(node.body) if isinstance(inner, cst.Subscript)]
                if any(names_in(inner.value) & names for inner in tried):
                    return True
        return any(
            self.validates(call)
            for call in self._calls(function)
            if any(names_in(a.value) & names for a in call.node.args)
        )

    def _calls(self, function: Scope) -> list[Call]:
        if self._calls_in is None:
            self._calls_in = {}
            for call in self.module.lowered.calls:
                self._calls_in.setdefault(call.scope.function, []).append(call)
        return self._calls_in.get(function, [])

    def callers(self, function: Scope) -> list[Call]:
        """All calls of a private function; nothing where some are unknown."""
        if function not in self._callers:
            self._callers[function] = self._all_calls(function)
        return self._callers[function]

    def _all_calls(self, function: Scope) -> list[Call]:
        inner = function.parent is not None and function.parent.kind == "function"
        private = function.name.startswith("_") and not function.name.endswith("__")
        if not isinstance(function.node, cst.FunctionDef) or not (inner or private):
            return []
        calls = self.calls_of.get(function.name, [])
        named = len(self.module.uses.named(function.name)) + len(self.module.lowered.private.get(function.name, ()))
        if named > len(calls) or len(calls) > _MAX_CALLERS:
            return []
        if any(self.types.of(call.node.func, call) != (Local(function),) for call in calls):
            return []
        return [call for call in calls if call.scope.function is not function]


def _compounds(block: Block, response: str) -> Iterator[Compound]:
    """The compound statements in a block, nested ones included; not those for failed requests of a response."""
    pending = [*block.compounds]
    while pending:
        compound = pending.pop()
        yield compound
        arms = [arm for _, arm in compound.arms]
        node = compound.node
        if response and isinstance(node, cst.If) and response in names_in(node.test) and not _decodes(node.test):
            arms = arms[:1] if _succeeds(node.test) else arms[1:]
        pending += [inner for arm in arms for inner in arm.compounds]


def _succeeds(test: cst.BaseExpression) -> bool:
    """Whether a test of a status says that the request went well: `response.ok`, `response.status_code == 200`."""
    if isinstance(test, cst.Attribute):
        return test.attr.value in ("ok", "is_success")
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return False
    operator, right = test.comparisons[0].operator, test.comparisons[0].comparator
    if isinstance(operator, cst.Equal):
        return isinstance(right, cst.Integer) and right.value.startswith("2")
    return isinstance(operator, (cst.LessThan, cst.LessThanEqual))


def _decodes(node: cst.CSTNode) -> bool:
    """Whether an expression decodes something."""
    return any(
        isinstance(inner, cst.Call)
        and (
            (isinstance(inner.func, cst.Attribute) and inner.func.attr.value == "json")
            or (dotted(inner.func) or "").rpartition(".")[2] in ("loads", "load")
        )
        for inner in _within(node)
    )


def _mentions(test: cst.BaseExpression, names: set[str], name: str, response: bool) -> bool:
    read = names_in(test)
    return bool(read & names) or (response and name in read and _decodes(test))


def _raise_in(node: cst.CSTNode) -> bool:
    return any(
        isinstance(inner, cst.Raise) or (isinstance(inner, cst.Call) and dotted(inner.func) in _LEAVING)
        for inner in _within(node)
    )


def _within(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and what is below it, inner functions aside."""
    pending = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
            continue
        yield item
        pending += children(item)
