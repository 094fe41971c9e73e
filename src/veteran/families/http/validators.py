"""Functions of a module that see to decoded values for others: they raise after checks, or all their callers catch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import TYPE_CHECKING, Any

import libcst as cst

from veteran.analysis.semantics.def_use import names_in
from veteran.analysis.semantics.ir import Block, Call, Compound, Scope
from veteran.analysis.syntax.expressions import dotted, running
from veteran.analysis.types.values import Local
from veteran.families.http.conventions import MAY_CHECK

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.catalog import Catalog

_MAX_CALLERS = 20


class Boundaries:
    """Answers, for one module, which functions are the boundary where data comes in."""

    def __init__(self, module: Module, validates: Callable[[Call], bool]) -> None:
        self.module = module
        self.types = module.types
        self.validates = validates
        self._raising: dict[tuple[Scope, str, bool], bool] = {}
        self._callers: dict[Scope, list[Call]] = {}
        self._read: dict[Scope, list[tuple[str, cst.BaseExpression, set[str]]]] = {}
        self._judging: dict[Scope, list[set[str]]] = {}

    def raises(self, function: Scope, name: str, *, response: bool = False) -> bool:
        """Whether a function raises for some values of a parameter. response: for what it decodes from it."""
        key = function, name, response
        if key not in self._raising:
            self._raising[key] = False  # while it is being found out
            self._raising[key] = self._raises(function, name, response)
        return self._raising[key]

    def _raises(self, function: Scope, name: str, response: bool) -> bool:
        if response:
            return self._decoding(function) and self._raises_for_response(function, name)
        judged = self._judged(function)
        if any(name in read for read in judged):
            return True
        checking = [
            call
            for call in self.module.lowered.index.within.get(function, ())
            if call.node.args and self.validates(call)
        ]
        if not judged and not checking:
            return False
        names = self._derived(function, {name})
        if any(read & names for read in judged):
            return True
        return any(names_in(a.value) & names for call in checking for a in call.node.args)

    def _raises_for_response(self, function: Scope, name: str) -> bool:
        names: set[str] = set()
        for bound, value, read in self._bound(function):
            if read & names or (name in read and _decodes(value)):
                names.add(bound)
        for compound in _compounds(function.body, name):
            if any(bool(read & names) or decoding for read, decoding in self._tests(compound, name)):
                return True
        return any(
            self.validates(call)
            for call in self.module.lowered.index.within.get(function, ())
            if any(names_in(a.value) & names for a in call.node.args)
        )

    def _judged(self, function: Scope) -> list[set[str]]:
        """The names in each test or reading of a function that it raises for."""
        if function not in self._judging:
            found = self._judging[function] = []
            for compound in _compounds(function.body, ""):
                found += [read for read, _ in self._tests(compound, "")]
        return self._judging[function]

    def _tests(self, compound: Compound, response: str) -> Iterator[tuple[set[str], bool]]:
        """The names in what a compound statement raises for, and whether it decodes a response there."""
        node: Any = compound.node
        kind, leaving = type(node), self.module.catalog.leaving
        tested: list[cst.BaseExpression] = []
        if kind is cst.Assert:
            tested = [node.test]
        elif kind is cst.If:
            if _raises_in(node.body, leaving) or (node.orelse is not None and _raises_in(node.orelse, leaving)):
                tested = [node.test]
        elif kind is cst.Match:
            if _raises_in(node, leaving):
                tested = [node.subject]
        elif (kind is cst.Try or kind is cst.TryStar) and any(_raises_in(h.body, leaving) for h in node.handlers):
            tested = [inner.value for inner in _within(node.body) if type(inner) is cst.Subscript]
        for test in tested:
            read = names_in(test)
            yield read, bool(response) and kind is not cst.Try and response in read and _decodes(test)

    def _bound(self, function: Scope) -> list[tuple[str, cst.BaseExpression, set[str]]]:
        """The names that a function binds to expressions, with the names in them."""
        if function not in self._read:
            self._read[function] = [
                (binding.name, binding.value, names_in(binding.value))
                for bound in function.bindings.values()
                for binding in bound
                if binding.kind in ("assign", "walrus", "for") and isinstance(binding.value, cst.BaseExpression)
            ]
        return self._read[function]

    def _derived(self, function: Scope, names: set[str]) -> set[str]:
        """These names, and those that are bound to what they are read for."""
        for bound, _, read in self._bound(function):
            if read & names:
                names.add(bound)
        return names

    def _decoding(self, function: Scope) -> bool:
        """Whether a function may decode something."""
        text = self.module.tree.code(function.node)
        return "json" in text or "load" in text

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
        calls = self.module.lowered.index.named.get(function.name, [])
        named = len(self.module.uses.named(function.name)) + len(self.module.lowered.private.get(function.name, ()))
        if named > len(calls) or len(calls) > _MAX_CALLERS:
            return []
        if any(self.types.of(call.node.func, call) != (Local(function),) for call in calls):
            return []
        return [call for call in calls if call.scope.function is not function]


def raises_or_checks(text: str, catalog: Catalog) -> bool:
    """Whether a function may raise for what it is given, judged by its text."""
    return any(word in text for word in MAY_CHECK) or any(name.rpartition(".")[2] in text for name in catalog.leaving)


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


def _raises_in(node: cst.CSTNode, leaving: Set[str]) -> bool:
    """Whether a statement or suite raises, or makes a call that leaves; inner functions aside."""
    pending: list[cst.CSTNode] = [node]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is cst.Raise:
            return True
        if kind is cst.Expr:
            value = item.value  # type: ignore[attr-defined]
            if type(value) is cst.Await:
                value = value.expression
            if type(value) is cst.Call and dotted(value.func) in leaving:
                return True
        elif kind is cst.Return or kind is cst.Assign:
            value = item.value  # type: ignore[attr-defined]
            if type(value) is cst.Call and dotted(value.func) in leaving:
                return True
        elif kind in _SUITES:
            pending += running(item)
    return False


_SUITES = frozenset(
    (
        *(cst.IndentedBlock, cst.SimpleStatementLine, cst.SimpleStatementSuite, cst.If, cst.Else, cst.For, cst.While),
        *(cst.Try, cst.TryStar, cst.ExceptHandler, cst.ExceptStarHandler, cst.Finally, cst.With, cst.Match),
        cst.MatchCase,
    )
)


def _within(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and what is below it, inner functions aside."""
    pending = [node]
    while pending:
        item = pending.pop()
        if type(item) in _INNER:
            continue
        yield item
        pending += running(item)


_INNER = (cst.FunctionDef, cst.Lambda, cst.ClassDef)
