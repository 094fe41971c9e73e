"""What is known of a value where it is used, from the conditions that had to hold to get there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple, Protocol

import libcst as cst

from veteran.analysis.dataflow.conventions import APPROVES, RAISES
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.conditions import alternatives, conditions, conditions_after, outwards, parts
from veteran.analysis.semantics.ir import At, Binding, Block, Call, Compound
from veteran.analysis.semantics.places import encloses, same_value, spelling
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import operands
from veteran.analysis.types.calls import is_enumeration
from veteran.analysis.types.inference import Types
from veteran.analysis.types.values import Instance

#: String methods whose truth leaves no room for quotes, blanks or operators.
_CHECKS = frozenset(["isdigit", "isdecimal", "isnumeric", "isidentifier", "isalnum", "isalpha"])
_MATCHES = frozenset(("fullmatch", "match"))


class Checked(NamedTuple):
    """What leaves a value no room for text of its own: a test, a validator's call, a loop or `match` that tests."""

    node: cst.CSTNode
    at: At


class Validators(Protocol):
    """What functions of a module check of what they are passed; see `validators.Checks`."""

    def refuses(self, call: Call, name: str) -> bool: ...

    def tells(self, node: cst.Call, at: At, name: str, outcome: bool, *, awaited: bool = False) -> bool: ...


class Guards:
    """What checks say of values.

    safe: whether values of a type cannot carry text of their own. is_literal: whether an expression is nothing but
    text that the program writes out. rows: the items of a collection that it writes out, and where they stand.
    """

    def __init__(
        self,
        types: Types,
        safe: Callable[[str], bool],
        checks: Callable[[], Validators],
        is_literal: Callable[[cst.CSTNode, At], bool],
        rows: Callable[[cst.CSTNode, At], list[tuple[cst.BaseExpression, At]] | None],
    ) -> None:
        self.types = types
        self.safe = safe
        self._make_checks = checks
        self.is_literal = is_literal
        self.rows = rows
        self.comparing: set[cst.CSTNode] = set()  # what is compared with and followed right here

    @cached_property
    def checks(self) -> Validators:
        """What the functions of the module check."""
        return self._make_checks()

    @cached_property
    def _passing(self) -> dict[str, list[Call]]:
        """The calls that pass a value, by its spelling."""
        found: dict[str, list[Call]] = {}
        for call in self.types.lowered.calls:
            for arg in call.node.args:
                if not arg.star and (name := spelling(arg.value)) is not None:
                    found.setdefault(name, []).append(call)
        return found

    @cached_property
    def _looked_up(self) -> dict[str, list[Binding]]:
        """The assignments of what an object or the module keeps under a key, by the key's name."""
        found: dict[str, list[Binding]] = {}
        for scope in self.types.lowered.scopes:
            for bound in scope.bindings.values():
                for binding in bound:
                    if binding.kind == "assign" and isinstance(value := binding.value, cst.Subscript):
                        index = value.slice[0].slice if len(value.slice) == 1 else None
                        if (
                            isinstance(index, cst.Index)
                            and isinstance(index.value, cst.Name)
                            and _is_table(value.value)
                        ):
                            found.setdefault(index.value.value, []).append(binding)
        return found

    def restricted(
        self, node: cst.BaseExpression, at: At, assumed: Iterable[tuple[cst.BaseExpression, bool]] = ()
    ) -> Checked | None:
        """The check on the way here that leaves the value no room for text of its own; None without one.

        Membership in a collection, `isinstance` of a number and the like, string predicates, regular expressions
        that match the whole, and validators count; the value must not be bound anew in between. assumed: tests of
        conditional expressions around the node, and how they came out.
        """
        name = spelling(node)
        if name is None or (name in self.types.lowered.assigned and not name.startswith(("self.", "cls."))):
            return None
        for test, outcome in assumed:
            if any(self.restricts(part, holds, name, at) for part, holds in parts(test, outcome)):
                return Checked(test, at)
        for condition in conditions(at, closures=True):
            for part, holds in alternatives(condition.test, condition.outcome):
                if self.restricts(part, holds, name, condition.at):
                    return Checked(part, condition.at) if same_value(name, condition.at, at) else None
        for here in outwards(at):
            for call in self._passing.get(name, ()):
                before = call.place < here.place and call.scope is here.scope and encloses(call, here)
                if before and self._refuses(call, name) and same_value(name, call, at):
                    return Checked(call.node, call)
            for binding in self._looked_up.get(name, ()):  # what is no key raises
                before = binding.place < here.place and binding.scope is here.scope and encloses(binding, here)
                if before and same_value(name, binding, at):
                    return Checked(binding.value, binding)
        return next((by for by in self._checked_by_statements(name, at) if same_value(name, by.at, at)), None)

    def vouched(self, name: str, at: At) -> set[Binding]:
        """The bindings of a name that passed a check on the way here, though it was bound anew since."""
        found: set[Binding] = set()
        for condition in conditions(at):
            if any(
                self.restricts(*part, name, condition.at) for part in alternatives(condition.test, condition.outcome)
            ):
                seen = scopes.lookup(name, condition.at)
                found.update(binding for binding in seen.bindings if binding.place < condition.at.place)
        return found

    def _refuses(self, call: Call, name: str) -> bool:
        """Whether a call comes back only where the value that it is passed is restricted."""
        func = call.node.func
        called = (dotted(func) or "").rpartition(".")[2]
        if RAISES.match(called) or called in _PARSES:
            return True
        if call.optional or call.lazy:
            return False
        if is_enumeration(self.types, func, call):
            return True
        if called == "index" and isinstance(func, cst.Attribute) and len(call.node.args) == 1:
            return self._is_listed(func.value, call)
        return self.checks.refuses(call, name)

    def _is_listed(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an expression is a list or tuple that the program writes out."""
        if isinstance(node, (cst.List, cst.Tuple)):
            return True
        rows = self.rows(node, at) if isinstance(node, (cst.Name, cst.Attribute)) else None
        return bool(rows)

    def _checked_by_statements(self, name: str, at: At) -> Iterator[Checked]:
        """Earlier loops that leave for a bad element of a collection, and `match` arms that name the values."""
        scope, block, place = at.scope, at.block, at.place
        while True:
            for compound in block.compounds:
                if compound.place >= place:
                    continue
                if isinstance(compound.node, cst.Match) and spelling(compound.node.subject) == name:
                    stays = [
                        _is_literal(case.pattern)
                        for case, (_, arm) in zip(compound.node.cases, compound.arms, strict=False)
                        if not arm.leaves
                    ]
                    if compound.complete and stays and all(stays):
                        yield Checked(compound.node.subject, At(compound.scope, compound.block, compound.place, 0))
                if compound.kind != "loop" or not isinstance(compound.node, cst.For):
                    continue
                target = compound.node.target
                if isinstance(target, cst.Name) and spelling(_keys(compound.node.iter)) == name:
                    here = At(compound.scope, compound.block, compound.place, 0)
                    if self._refused_in(compound.arms[0][1], target.value) or any(
                        self.restricts(part, holds, target.value, here)
                        for inner in compound.arms[0][1].compounds
                        if inner.kind == "assert" or (inner.arms and inner.arms[0][1].leaves == "return")
                        for condition in conditions_after(inner)
                        for part, holds in parts(condition.test, condition.outcome)
                    ):
                        yield Checked(compound.node.iter, here)
            owner = block.owner
            if owner is None:
                outside = scope.entry if scope.inline else None
                if outside is None:
                    return
                scope, block, place = outside.scope, outside.block, outside.place
                continue
            if owner.kind == "match" and isinstance(owner.node, cst.Match) and spelling(owner.node.subject) == name:
                arms = [arm for _, arm in owner.arms]
                if block in arms and _is_literal(owner.node.cases[arms.index(block)].pattern):
                    yield Checked(owner.node.subject, At(owner.scope, owner.block, owner.place, 0))
            block, place = owner.block, owner.place

    def _refused_in(self, body: Block, name: str) -> bool:
        """Whether a loop's body calls what comes back only for a good element."""
        return any(call.block is body and self._refuses(call, name) for call in self._passing.get(name, ()))

    def replaced(self, name: str, binding: At, at: At) -> bool:
        """Whether `if name not in …: name = default` stands between a binding and its use."""
        block, place = at.block, at.place
        while True:
            for compound in block.compounds:
                if binding.place < compound.place < place and self._settles(name, compound, at):
                    return True
            owner = block.owner
            if owner is None:
                return False
            block, place = owner.block, owner.place

    def _settles(self, name: str, compound: Compound, at: At) -> bool:
        """Whether a value that comes out of an `if` was checked there, or bound anew."""
        if not isinstance(compound.node, cst.If) or not compound.arms:
            return False
        ways: list[tuple[bool, Block | None]] = [(True, compound.arms[0][1])]
        ways.append((False, compound.arms[1][1] if len(compound.arms) > 1 else None))
        return all(
            any(
                _is_empty(part, holds, name) or self.restricts(part, holds, name, at)
                for part, holds in alternatives(compound.node.test, outcome)
            )
            or (arm is not None and self._settled_in(name, arm, at))
            for outcome, arm in ways
        )

    def _settled_in(self, name: str, arm: Block, at: At) -> bool:
        if arm.leaves or any(other.block is arm for other in at.scope.bindings.get(name, ())):
            return True
        return any(self._settles(name, compound, at) for compound in arm.compounds)

    def restricts(self, test: cst.BaseExpression, holds: bool, name: str, at: At) -> bool:
        if isinstance(test, cst.Name):  # `unknown = set(names) - ALLOWED`, then `if unknown: raise`
            found = scopes.lookup(test.value, at).bindings
            if len(found) != 1 or found[0].kind not in ("assign", "walrus") or found[0].path:
                return False
            test = found[0].value
            return not isinstance(test, cst.Name) and self.restricts(test, holds, name, found[0])
        if isinstance(test, cst.NamedExpr):
            return self.restricts(test.value, holds, name, at)
        if isinstance(test, cst.BooleanOperation):  # `if name and name not in ALLOWED: raise`
            return all(
                any(
                    _is_empty(part, truth, name) or self.restricts(part, truth, name, at)
                    for part, truth in parts(way, holds)
                )
                for way in operands(test)
            )
        awaited = isinstance(test, cst.Await)
        if isinstance(test, cst.Await):
            test = test.expression
        if isinstance(test, cst.BinaryOperation):
            return not holds and isinstance(test.operator, cst.Subtract) and spelling(_members(test.left)) == name
        if isinstance(test, (cst.ListComp, cst.SetComp)):  # those that are not allowed
            return not holds and self._all_of(test, name, False, at)
        if isinstance(test, cst.Comparison) and _orders(test, name):
            return True
        if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
            return self._compares(test.left, test.comparisons[0], holds, name, at)
        if not isinstance(test, cst.Call):
            return False
        func = test.func
        named = any(spelling(arg.value) == name for arg in test.args)
        if dotted(func) in ("all", "any") and len(test.args) == 1:
            comprehension = test.args[0].value
            if not isinstance(comprehension, (cst.GeneratorExp, cst.ListComp)):
                return False
            return holds is (dotted(func) == "all") and self._all_of(comprehension, name, holds, at)
        if isinstance(func, cst.Attribute):
            if func.attr.value in ("issubset", "difference"):
                return holds is (func.attr.value == "issubset") and spelling(_members(func.value)) == name
            if func.attr.value == "issuperset":
                return holds and named
            if func.attr.value in _CHECKS:
                return holds and spelling(_unchanged(func.value)) == name
            if func.attr.value in _MATCHES:
                return holds and matches_whole(func.attr.value, test) and spelling(test.args[-1].value) == name
            if func.attr.value == "search" and test.args:
                pattern = test.args[0].value
                return not holds and named and isinstance(pattern, cst.SimpleString) and "[^" in pattern.value[:5]
        if dotted(func) == "isinstance" and len(test.args) == 2:
            return holds and spelling(test.args[0].value) == name and self._all_safe(test.args[1].value, at)
        if holds and named and APPROVES.search((dotted(func) or "").rpartition(".")[2]):
            return True
        return named and self.checks.tells(test, at, name, holds, awaited=awaited)

    def _all_of(self, node: cst.ListComp | cst.SetComp | cst.GeneratorExp, name: str, passes: bool, at: At) -> bool:
        """Whether the outcome says of every element of a collection that it is restricted.

        passes: it is `all(test …)`; otherwise nothing is left by `any(test …)` or by `[x … if test]`.
        """
        loop = node.for_in
        if loop.inner_for_in is not None or not isinstance(loop.target, cst.Name):
            return False
        if spelling(_keys(loop.iter)) != name:
            return False
        element = loop.target.value
        if loop.ifs:
            tests = [part for one in loop.ifs for part in parts(one.test, False)] if not passes else []
            return len(loop.ifs) == 1 and any(self.restricts(part, holds, element, at) for part, holds in tests)
        return any(self.restricts(part, holds, element, at) for part, holds in parts(node.elt, passes))

    def _compares(self, left: cst.BaseExpression, target: cst.ComparisonTarget, holds: bool, name: str, at: At) -> bool:
        operator, right = target.operator, target.comparator
        if isinstance(left, cst.Call) and dotted(left.func) == "type" and len(left.args) == 1:
            if spelling(left.args[0].value) != name or not isinstance(operator, (cst.Is, cst.IsNot, cst.Equal)):
                return False
            return holds is not isinstance(operator, cst.IsNot) and self._all_safe(right, at)
        if isinstance(operator, (cst.LessThanEqual, cst.LessThan)) and spelling(_members(left)) == name:
            return holds and (_members(left) is not left or isinstance(right, cst.Set))
        if isinstance(operator, (cst.GreaterThanEqual, cst.GreaterThan)) and spelling(_members(right)) == name:
            return holds and _members(right) is not right
        if isinstance(operator, (cst.Equal, cst.NotEqual)) and spelling(right) == name:
            left, right = right, left
        if spelling(_unchanged(left)) != name:
            return False
        if isinstance(operator, (cst.In, cst.NotIn)):
            return holds is isinstance(operator, cst.In) and not isinstance(right, cst.SimpleString)
        if isinstance(operator, (cst.Equal, cst.NotEqual)):
            if holds is not isinstance(operator, cst.Equal):
                return False
            return isinstance(right, (cst.SimpleString, cst.Integer)) or self._is_known(right, at)
        return dotted(right) == "None" and isinstance(operator, cst.Is if holds else cst.IsNot)

    def _is_known(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an expression is one of the texts that the program writes out."""
        if not isinstance(node, (cst.Name, cst.Attribute)) or node in self.comparing:
            return False
        self.comparing.add(node)
        try:
            return self.is_literal(node, at)
        finally:
            self.comparing.discard(node)

    def _all_safe(self, kinds: cst.BaseExpression, at: At) -> bool:
        """Whether no class of an `isinstance` can carry text."""
        wanted = [element.value for element in kinds.elements] if isinstance(kinds, cst.Tuple) else [kinds]
        for kind in wanted:
            found = self.types.annotation(kind, at)
            if not found or not all(isinstance(value, Instance) and self.safe(value.type) for value in found):
                return False
        return True


def _is_empty(test: cst.BaseExpression, holds: bool, name: str) -> bool:
    """Whether the outcome of a test says that a value is None or empty."""
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1 and spelling(test.left) == name:
        target = test.comparisons[0]
        if dotted(target.comparator) == "None":
            return isinstance(target.operator, cst.Is if holds else cst.IsNot)
    return not holds and spelling(test) == name


def _unchanged(node: cst.BaseExpression) -> cst.BaseExpression:
    """The string below methods that only take characters away or change their case."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        if node.func.attr.value not in ("replace", "strip", "lstrip", "rstrip", "lower", "upper"):
            break
        node = node.func.value
    return node


def _orders(test: cst.Comparison, name: str) -> bool:
    """Whether a value is put in order with a number, which raises for text, however it comes out."""
    left = test.left
    for index, target in enumerate(test.comparisons):
        right = target.comparator
        if index and not isinstance(test.left, (cst.Integer, cst.Float)):
            return False  # it may end before
        if isinstance(target.operator, _ORDERS) and name in (spelling(left), spelling(right)):
            other = right if spelling(left) == name else left
            return isinstance(other, (cst.Integer, cst.Float))
        left = right
    return False


_ORDERS = (cst.LessThan, cst.LessThanEqual, cst.GreaterThan, cst.GreaterThanEqual)


def _is_table(node: cst.BaseExpression) -> bool:
    """Whether it is something that an object keeps, or a constant of the module, whose keys callers do not choose."""
    if isinstance(node, cst.Name):
        return node.value.isupper()
    return isinstance(node, cst.Attribute) and (dotted(node) or "").startswith(("self.", "cls."))


def _members(node: cst.BaseExpression) -> cst.BaseExpression:
    """The collection that `set(…)` or the like is made of."""
    if (
        isinstance(node, cst.Call)
        and dotted(node.func) in ("set", "frozenset", "list", "tuple")
        and len(node.args) == 1
    ):
        return _keys(node.args[0].value)
    return _keys(node) if isinstance(node, cst.Call) else node


def _keys(node: cst.BaseExpression) -> cst.BaseExpression:
    """The dictionary of `d.keys()`; any other expression as it is."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "keys":
        return node.func.value
    return node


def _is_literal(pattern: cst.MatchPattern | None) -> bool:
    """Whether a pattern matches literals only."""
    if isinstance(pattern, cst.MatchAs):
        return pattern.pattern is not None and _is_literal(pattern.pattern)
    if isinstance(pattern, cst.MatchClass):
        return dotted(pattern.cls) in ("int", "float", "bool") and not pattern.patterns
    if isinstance(pattern, cst.MatchOr):
        return all(_is_literal(part.pattern) for part in pattern.patterns)
    return isinstance(pattern, cst.MatchValue) and isinstance(pattern.value, (cst.SimpleString, cst.Integer))


def matches_whole(method: str, test: cst.Call) -> bool:
    """Whether a pattern speaks of the whole text and leaves no room for quotes; a compiled one is taken to."""
    if not test.args:
        return False
    pattern = test.args[0].value
    if not isinstance(pattern, cst.SimpleString):
        return True
    if _leaves_room(pattern.raw_value):
        return False
    if method == "fullmatch":
        return True
    return pattern.raw_value.endswith(("$", "\\Z", "\\z"))


def _leaves_room(pattern: str) -> bool:
    """Whether a pattern leaves room for quotes and the like."""
    text = re.sub(r"\\\\|\\[.^$*+?(){}|\[\]/-]", "-", pattern)  # escaped: themselves
    if re.search(r"\[\^|\\[WDS]|['\"]", text):
        return True
    if any(low <= quote <= high for low, high in re.findall(r"(?<=[\[\w])([ -~])-([ -~])", text) for quote in "'\""):
        return True
    return "." in re.sub(r"\[[^\]]*\]", "", text)


#: Calls that raise for a text that is not a number or the like.
_PARSES = frozenset(["int", "float", "UUID", "Decimal", "fromisoformat"])
