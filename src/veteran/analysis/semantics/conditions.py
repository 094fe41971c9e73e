"""Which tests decided that a place is reached, and what an outcome of a test decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import libcst as cst

from veteran.analysis.semantics.ir import At, Compound, Scope
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import children

_PARTS_OF_A_LOOP = (
    cst.IndentedBlock, cst.SimpleStatementLine, cst.SimpleStatementSuite, cst.If, cst.Else, cst.Try, cst.TryStar,
    cst.ExceptHandler, cst.ExceptStarHandler, cst.Finally, cst.With, cst.Match, cst.MatchCase,
)  # fmt: skip
#: The arms of a `try` that have run when it came through and its handlers leave.
_RUN = ("body", "else", "finally")
#: More ways to one outcome than this are not told apart.
_MAX_WAYS = 8
#: A simple test, and how it came out.
Part = tuple[cst.BaseExpression, bool]


class Condition(NamedTuple):
    """A test that was evaluated on the way to a place: how it came out, and where it stands."""

    test: cst.BaseExpression
    outcome: bool
    at: At


def conditions(at: At, *, closures: bool = False) -> Iterator[Condition]:
    """The tests that decided that a place is reached, nearest first.

    closures: those that decided that the function around the place was defined, too.
    """
    scope, block, place = at.scope, at.block, at.place
    while True:
        for compound in reversed(block.compounds):
            if compound.place < place:
                yield from conditions_after(compound)
        owner = block.owner
        if owner is not None:
            here = At(owner.scope, owner.block, owner.place, at.statement)
            if owner.kind == "if" and type(owner.node) is cst.If:
                yield Condition(owner.node.test, owner.arms[0][1] is block, here)
            elif type(owner.node) is cst.While and owner.arms[0][1] is block:
                yield Condition(owner.node.test, True, here)
            block, place = owner.block, owner.place
        elif scope.kind == "comprehension" and isinstance(
            scope.node, (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)
        ):
            loop: cst.CompFor | None = scope.node.for_in
            while loop is not None:
                for condition in loop.ifs:
                    yield Condition(condition.test, True, At(scope, scope.body, place, at.statement))
                loop = loop.inner_for_in
            outside = scope.entry
            if outside is None:
                return
            scope, block, place = outside.scope, outside.block, outside.place
        elif (entry := scope.entry) is not None and (scope.inline or (closures and _is_closure(scope))):
            scope, block, place = entry.scope, entry.block, entry.place
        else:
            return


def _is_closure(scope: Scope) -> bool:
    """Whether a function or lambda stands in another function."""
    return scope.parent is not None and scope.parent.function.kind != "module"


def outwards(at: At) -> Iterator[At]:
    """A place, and where the comprehensions and the functions of a function around it stand."""
    scope = at.scope
    yield at
    while (entry := scope.entry) is not None and (scope.inline or _is_closure(scope)):
        yield entry
        scope = entry.scope


def conditions_after(compound: Compound) -> Iterator[Condition]:
    """What an earlier statement that came through says of what follows it.

    That is an `assert`, an `if` of which one arm leaves, a `while` without a `break`, and those in the body of a
    `with`, or of a `try` whose handlers leave.
    """
    pending = [compound]
    while pending:
        compound = pending.pop()
        if type(compound.node) is cst.For:
            continue
        here = At(compound.scope, compound.block, compound.place, 0)
        if type(compound.node) is cst.Assert:
            yield Condition(compound.node.test, True, here)
        elif type(compound.node) is cst.If and compound.arms:
            if compound.arms[0][1].leaves:
                yield Condition(compound.node.test, False, here)
                if len(compound.arms) > 1:  # what follows went through the other arm
                    pending += compound.arms[1][1].compounds
            elif len(compound.arms) > 1 and compound.arms[1][1].leaves:
                yield Condition(compound.node.test, True, here)
                pending += compound.arms[0][1].compounds
        elif type(compound.node) is cst.While:
            if next(breaks(compound.node.body), None) is None:
                yield Condition(compound.node.test, False, here)
        elif compound.kind == "with":
            pending += compound.arms[0][1].compounds
        elif compound.kind == "try" and all(block.leaves for role, block in compound.arms if role == "handler"):
            pending += [inner for role, block in compound.arms if role in _RUN for inner in block.compounds]


def breaks(body: cst.CSTNode) -> Iterator[cst.Break]:
    """The `break` statements that leave the loop around a body."""
    pending = [body]
    while pending:
        node = pending.pop()
        if isinstance(node, cst.Break):
            yield node
        elif isinstance(node, (cst.For, cst.While)):
            pending += [node.orelse] if node.orelse else []
        elif isinstance(node, _PARTS_OF_A_LOOP):
            pending += children(node)


def chosen(node: cst.CSTNode) -> Iterator[tuple[cst.BaseExpression, cst.BaseExpression, bool]]:
    """The operands of `and`, `or` and `if` that run by an outcome only: the test, the operand, and that outcome."""
    if isinstance(node, cst.IfExp):
        yield node.test, node.body, True
        yield node.test, node.orelse, False
    elif isinstance(node, cst.BooleanOperation):
        yield node.left, node.right, isinstance(node.operator, cst.And)


def within(node: cst.CSTNode, ancestors: Iterable[cst.CSTNode]) -> Iterator[tuple[cst.BaseExpression, bool]]:
    """The tests in the statement around an expression that had to come out so for it to run, nearest first.

    ancestors: the nodes around it, from the inside.
    """
    inner = node
    for around in ancestors:
        if isinstance(around, (cst.BaseStatement, cst.BaseSmallStatement)):
            return
        for test, operand, outcome in chosen(around):
            if operand is inner:
                yield test, outcome
        inner = around


def parts(test: cst.BaseExpression, outcome: bool) -> Iterator[tuple[cst.BaseExpression, bool]]:
    """The simple tests that an outcome of a compound test decides."""
    pending = [(test, outcome)]
    while pending:
        test, outcome = pending.pop()
        if type(test) is cst.Comparison and len(test.comparisons) == 1 and type(test.left) is cst.Call:
            target = test.comparisons[0]
            if dotted(target.comparator) == "None" and isinstance(target.operator, (cst.Is, cst.IsNot)):
                pending.append((test.left, outcome is isinstance(target.operator, cst.IsNot)))
                continue
        if type(test) is cst.UnaryOperation and isinstance(test.operator, cst.Not):
            pending.append((test.expression, not outcome))
        elif type(test) is cst.Call and dotted(test.func) == "bool" and len(test.args) == 1:
            pending.append((test.args[0].value, outcome))
        elif type(test) is cst.BooleanOperation:
            if isinstance(test.operator, cst.And) is outcome:
                pending += [(test.right, outcome), (test.left, outcome)]
        else:
            yield test, outcome


def alternatives(test: cst.BaseExpression, outcome: bool) -> Iterator[tuple[cst.BaseExpression, bool]]:
    """The simple tests that an outcome decides, then those of which one operand or the other made it."""
    yield from parts(test, outcome)
    pending = [(test, outcome)]
    while pending:
        test, outcome = pending.pop()
        if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
            pending.append((test.expression, not outcome))
        elif isinstance(test, cst.BooleanOperation):
            if isinstance(test.operator, cst.And) is outcome:
                pending += [(test.right, outcome), (test.left, outcome)]
            else:
                yield test, outcome


def ways(test: cst.BaseExpression, outcome: bool, depth: int = 0) -> list[list[Part]]:
    """What each way to such an outcome takes: one, unless `and` or `or` leaves it open."""
    if not isinstance(test, (cst.BooleanOperation, cst.UnaryOperation)):
        return [list(parts(test, outcome))]
    found: list[list[Part]] = [[]]
    if depth > _MAX_WAYS:
        return found
    pending: list[Part] = [(test, outcome)]
    while pending:
        node, wanted = pending.pop()
        while isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
            node, wanted = node.expression, not wanted
        if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.And) is not wanted:
            either = [way for side in (node.left, node.right) for way in ways(side, wanted, depth + 1)]
            if len(found) * len(either) > _MAX_WAYS:
                continue
            found = [[*one, *other] for one in found for other in either]
        elif isinstance(node, cst.BooleanOperation):
            pending += [(node.right, wanted), (node.left, wanted)]
        else:
            found = [[*one, *parts(node, wanted)] for one in found]
    return found


def innermost_loop(at: At) -> Compound | None:
    owner = at.block.owner
    while owner is not None and owner.kind != "loop":
        owner = owner.block.owner
    return owner
