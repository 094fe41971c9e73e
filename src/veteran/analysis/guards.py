"""What is known of a value where it is used, from the conditions that had to hold to get there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from veteran.analysis import scopes
from veteran.analysis.lowering import At, Compound, dotted
from veteran.analysis.types import Types

#: String methods whose truth leaves no room for quotes, blanks or operators.
_CHECKS = frozenset(["isdigit", "isdecimal", "isnumeric", "isidentifier", "isalnum", "isalpha"])
_MATCHES = frozenset(("fullmatch", "match"))
_NUMBERS = frozenset(("int", "float", "bool", "uuid.UUID", "decimal.Decimal"))


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
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        yield from parts(test.expression, not outcome)
    elif isinstance(test, cst.BooleanOperation):
        if isinstance(test.operator, cst.And) is outcome:
            yield from parts(test.left, outcome)
            yield from parts(test.right, outcome)
    else:
        yield test, outcome


def restricted(node: cst.BaseExpression, at: At, types: Types) -> bool:
    """Whether a check on the way here leaves the value no room for text of its own.

    Membership in a collection, `isinstance` of a number, string predicates and regular expressions that
    match the whole count; the value must not be bound anew in between.
    """
    name = dotted(node)
    if name is None:
        return False
    for condition in conditions(at):
        for part, holds in parts(condition.test, condition.outcome):
            if _restricts(part, holds, name, types, at):
                return _same(name, condition.at, at)
    return False


def _same(name: str, before: At, after: At) -> bool:
    """Whether the name still means what the test saw."""
    root = name.partition(".")[0]
    return scopes.lookup(root, before).bindings == scopes.lookup(root, after).bindings


def _restricts(test: cst.BaseExpression, holds: bool, name: str, types: Types, at: At) -> bool:
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        target = test.comparisons[0]
        if dotted(test.left) != name:
            return False
        if isinstance(target.operator, cst.In):
            return holds and not isinstance(target.comparator, cst.SimpleString)
        if isinstance(target.operator, cst.NotIn):
            return not holds and not isinstance(target.comparator, cst.SimpleString)
        if isinstance(target.operator, cst.Equal):
            return holds and isinstance(target.comparator, (cst.SimpleString, cst.Integer))
        if isinstance(target.operator, cst.NotEqual):
            return not holds and isinstance(target.comparator, (cst.SimpleString, cst.Integer))
        if isinstance(target.operator, cst.Is):
            return holds and dotted(target.comparator) == "None"
        return False
    if not isinstance(test, cst.Call) or not holds:
        return False
    func = test.func
    if isinstance(func, cst.Attribute):
        if func.attr.value in _CHECKS:
            return dotted(func.value) == name
        if func.attr.value in _MATCHES:
            return any(dotted(arg.value) == name for arg in test.args)
    if dotted(func) == "isinstance" and len(test.args) == 2 and dotted(test.args[0].value) == name:
        kinds = test.args[1].value
        wanted = [e.value for e in kinds.elements] if isinstance(kinds, cst.Tuple) else [kinds]
        refs = [types.refs(kind, at) for kind in wanted]
        return all(found and all(ref.name in _NUMBERS for ref in found) for found in refs)
    return False
