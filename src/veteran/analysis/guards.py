"""What is known of a value where it is used, from the conditions that had to hold to get there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import libcst as cst

from veteran.analysis import scopes
from veteran.analysis.lowering import At, Call, Compound, dotted
from veteran.analysis.types import Instance, Types

#: String methods whose truth leaves no room for quotes, blanks or operators.
_CHECKS = frozenset(["isdigit", "isdecimal", "isnumeric", "isidentifier", "isalnum", "isalpha"])
_MATCHES = frozenset(("fullmatch", "match"))


class Condition(NamedTuple):
    """A test that was evaluated on the way to a place: how it came out, and where it stands."""

    test: cst.BaseExpression
    outcome: bool
    at: At


def conditions(at: At) -> Iterator[Condition]:
    """The tests that decided that a place is reached, nearest first."""
    scope, block, place = at.scope, at.block, at.place
    while True:
        for compound in reversed(block.compounds):
            if compound.place < place:
                yield from _passed(compound)
        owner = block.owner
        if owner is not None:
            here = At(owner.scope, owner.block, owner.place, at.statement)
            if owner.kind == "if" and isinstance(owner.node, cst.If):
                yield Condition(owner.node.test, owner.arms[0][1] is block, here)
            elif isinstance(owner.node, cst.While) and owner.arms[0][1] is block:
                yield Condition(owner.node.test, True, here)
            block, place = owner.block, owner.place
        elif isinstance(scope.node, (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)):
            loop: cst.CompFor | None = scope.node.for_in
            while loop is not None:
                for condition in loop.ifs:
                    yield Condition(condition.test, True, At(scope, scope.body, place, at.statement))
                loop = loop.inner_for_in
            outside = scope.entry
            if outside is None:
                return
            scope, block, place = outside.scope, outside.block, outside.place
        elif scope.inline and (entry := scope.entry) is not None:
            scope, block, place = entry.scope, entry.block, entry.place
        else:
            return


def _passed(compound: Compound) -> Iterator[Condition]:
    """What an earlier `assert`, or an `if` of which one arm leaves, says of what follows it."""
    here = At(compound.scope, compound.block, compound.place, 0)
    if isinstance(compound.node, cst.Assert):
        yield Condition(compound.node.test, True, here)
    elif isinstance(compound.node, cst.If) and compound.arms:
        if compound.arms[0][1].leaves:
            yield Condition(compound.node.test, False, here)
        elif len(compound.arms) > 1 and compound.arms[1][1].leaves:
            yield Condition(compound.node.test, True, here)


def parts(test: cst.BaseExpression, outcome: bool) -> Iterator[tuple[cst.BaseExpression, bool]]:
    """The simple tests that an outcome of a compound test decides."""
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1 and isinstance(test.left, cst.Call):
        target = test.comparisons[0]
        if dotted(target.comparator) == "None" and isinstance(target.operator, (cst.Is, cst.IsNot)):
            yield from parts(test.left, outcome is isinstance(target.operator, cst.IsNot))
            return
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        yield from parts(test.expression, not outcome)
    elif isinstance(test, cst.BooleanOperation):
        if isinstance(test.operator, cst.And) is outcome:
            yield from parts(test.left, outcome)
            yield from parts(test.right, outcome)
    else:
        yield test, outcome


def spelling(node: cst.CSTNode) -> str | None:
    """`a.b["c"]` of names, attributes and literal keys: what a test and a use can have in common."""
    if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
        key, inner = node.slice[0].slice.value, spelling(node.value)
        if inner is not None and isinstance(key, (cst.SimpleString, cst.Integer)):
            value = key.evaluated_value if isinstance(key, cst.SimpleString) else key.value
            return f"{inner}[{value!r}]"
        return None
    if isinstance(node, cst.Attribute):
        inner = spelling(node.value)
        return None if inner is None else f"{inner}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else None


class Guards:
    """What checks say of values. safe: whether values of a type cannot carry text of their own."""

    def __init__(self, types: Types, safe: Callable[[str], bool]) -> None:
        self.types = types
        self.safe = safe

    @cached_property
    def _validated(self) -> dict[str, list[Call]]:
        """The calls of functions that by their names raise for bad values, by the argument."""
        found: dict[str, list[Call]] = {}
        for call in self.types.lowered.calls:
            name = (dotted(call.node.func) or "").rpartition(".")[2]
            if _RAISES.match(name):
                for arg in call.node.args:
                    found.setdefault(spelling(arg.value) or "", []).append(call)
        return found

    def restricted(
        self, node: cst.BaseExpression, at: At, assumed: Iterable[tuple[cst.BaseExpression, bool]] = ()
    ) -> bool:
        """Whether a check on the way here leaves the value no room for text of its own.

        Membership in a collection, `isinstance` of a number and the like, string predicates, regular expressions
        that match the whole, and validators count; the value must not be bound anew in between. assumed: tests of
        conditional expressions around the node, and how they came out.
        """
        name = spelling(node)
        if name is None or (name in self.types.lowered.assigned and not name.startswith(("self.", "cls."))):
            return False
        for test, outcome in assumed:
            if any(self._restricts(part, holds, name, at) for part, holds in parts(test, outcome)):
                return True
        for condition in conditions(at):
            for part, holds in parts(condition.test, condition.outcome):
                if self._restricts(part, holds, name, at):
                    return _same(name, condition.at, at)
        return any(
            call.place < at.place and call.scope is at.scope and _encloses(call, at) and _same(name, call, at)
            for call in self._validated.get(name, ())
        )

    def replaced(self, name: str, binding: At, at: At) -> bool:
        """Whether `if name not in …: name = default` stands between a binding and its use."""
        block, place = at.block, at.place
        while True:
            for compound in block.compounds:
                if not binding.place < compound.place < place or not isinstance(compound.node, cst.If):
                    continue
                tests = parts(compound.node.test, False)
                if any(self._restricts(part, holds, name, at) for part, holds in tests):
                    arm = compound.arms[0][1]
                    if any(other.block is arm for other in at.scope.bindings.get(name, ())):
                        return True
            owner = block.owner
            if owner is None:
                return False
            block, place = owner.block, owner.place

    def _restricts(self, test: cst.BaseExpression, holds: bool, name: str, at: At) -> bool:
        if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
            return self._compares(test.left, test.comparisons[0], holds, name, at)
        if not isinstance(test, cst.Call):
            return False
        func = test.func
        named = any(spelling(arg.value) == name for arg in test.args)
        if isinstance(func, cst.Attribute):
            if func.attr.value in _CHECKS:
                return holds and spelling(_unchanged(func.value)) == name
            if func.attr.value in _MATCHES:
                return holds and matches_whole(func.attr.value, test) and spelling(test.args[-1].value) == name
            if func.attr.value == "search" and test.args:
                pattern = test.args[0].value
                return not holds and named and isinstance(pattern, cst.SimpleString) and "[^" in pattern.value[:5]
        if dotted(func) == "isinstance" and len(test.args) == 2:
            return holds and spelling(test.args[0].value) == name and self._all_safe(test.args[1].value, at)
        return holds and named and bool(_APPROVES.search((dotted(func) or "").rpartition(".")[2]))

    def _compares(self, left: cst.BaseExpression, target: cst.ComparisonTarget, holds: bool, name: str, at: At) -> bool:
        operator, right = target.operator, target.comparator
        if isinstance(left, cst.Call) and dotted(left.func) == "type" and len(left.args) == 1:
            if spelling(left.args[0].value) != name or not isinstance(operator, (cst.Is, cst.IsNot, cst.Equal)):
                return False
            return holds is not isinstance(operator, cst.IsNot) and self._all_safe(right, at)
        if spelling(left) != name:
            return False
        if isinstance(operator, (cst.In, cst.NotIn)):
            return holds is isinstance(operator, cst.In) and not isinstance(right, cst.SimpleString)
        if isinstance(operator, (cst.Equal, cst.NotEqual)):
            literal = isinstance(right, (cst.SimpleString, cst.Integer))
            return holds is isinstance(operator, cst.Equal) and literal
        return isinstance(operator, cst.Is) and holds and dotted(right) == "None"

    def _all_safe(self, kinds: cst.BaseExpression, at: At) -> bool:
        """Whether no class of an `isinstance` can carry text."""
        wanted = [element.value for element in kinds.elements] if isinstance(kinds, cst.Tuple) else [kinds]
        for kind in wanted:
            found = self.types.annotation(kind, at)
            if not found or not all(isinstance(value, Instance) and self.safe(value.type) for value in found):
                return False
        return True


def _unchanged(node: cst.BaseExpression) -> cst.BaseExpression:
    """The string below methods that only take characters away or change their case."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        if node.func.attr.value not in ("replace", "strip", "lstrip", "rstrip", "lower", "upper"):
            break
        node = node.func.value
    return node


def matches_whole(method: str, test: cst.Call) -> bool:
    """Whether a pattern speaks of the whole text and leaves no room for quotes; a compiled one is taken to."""
    if not test.args:
        return False
    pattern = test.args[0].value
    if not isinstance(pattern, cst.SimpleString):
        return True
    if _ROOM.search(pattern.raw_value):
        return False
    if method == "fullmatch":
        return True
    return pattern.raw_value.endswith(("$", "\\Z", "\\z"))


def _encloses(outer: At, inner: At) -> bool:
    """Whether code at `outer` certainly ran before a later place `inner` of the same scope."""
    block = inner.block
    while block is not outer.block:
        if block.owner is None:
            return False
        block = block.owner.block
    return True


def _same(name: str, before: At, after: At) -> bool:
    """Whether the name still means what the test saw."""
    root = re.split(r"[.\[]", name, maxsplit=1)[0]
    return scopes.lookup(root, before).bindings == scopes.lookup(root, after).bindings


#: What leaves room for quotes and the like in a pattern.
_ROOM = re.compile(r"(?<!\\)\.|\[\^|\\[WDS]|['\"]")
_RAISES = re.compile(r"_?(?:validate|check|ensure|verify|require|assert)_")
_APPROVES = re.compile(r"(?i)valid|is_safe|is_allowed|is_known")
