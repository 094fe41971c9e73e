"""Whether a place is never reached, or only where the advice would not help."""

from __future__ import annotations

from collections.abc import Set

import libcst as cst

from veteran.analysis.semantics import conditions
from veteran.analysis.semantics.ir import At
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import integer_value

#: Platforms of one thread, on which nothing can be handed to another.
_THREADLESS = frozenset(("emscripten", "wasi"))
_FALSE = frozenset(("False", "None", "TYPE_CHECKING", "typing.TYPE_CHECKING"))


def never_runs(at: At) -> str:
    """Why the code at a place never runs, or not where threads exist; empty where it may."""
    if is_behind_exit(at):
        return "the code before it always leaves, so that it never runs"
    for condition in conditions.conditions(at):
        for test, outcome in conditions.parts(condition.test, condition.outcome):
            truth = _constant(test)
            if truth is not None and truth is not outcome:
                return "a test on the way here never comes out so"
            if _asks_for_threadless(test, outcome):
                return "it runs on a platform without threads only"
    return ""


def is_behind_exit(at: At) -> bool:
    """Whether a `return`, `raise` or the like stands before a place, in its own or an outer block."""
    scope, block, place = at.scope, at.block, at.place
    while True:
        if block.left and place > block.left:
            return True
        outside = block.owner or (scope.entry if scope.inline else None)
        if outside is None:
            return False
        scope, block, place = outside.scope, outside.block, outside.place


def _constant(test: cst.BaseExpression) -> bool | None:
    """What a test always comes to; None where it depends."""
    if isinstance(test, cst.Integer):
        return integer_value(test) != 0
    name = dotted(test)
    if name in _FALSE:
        return False
    return True if name == "True" else None


def _asks_for_threadless(test: cst.BaseExpression, outcome: bool) -> bool:
    """Whether an outcome of a test says that the platform has no threads."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1 or dotted(test.left) != "sys.platform":
        return False
    operator, right = test.comparisons[0].operator, test.comparisons[0].comparator
    parts = (
        [element.value for element in right.elements] if isinstance(right, (cst.Tuple, cst.List, cst.Set)) else [right]
    )
    if not all(isinstance(part, cst.SimpleString) and part.raw_value in _THREADLESS for part in parts):
        return False
    return outcome is isinstance(operator, (cst.Equal, cst.In))


def ends_program(block: cst.CSTNode, ends: Set[str]) -> bool:
    """Whether the last statement of a block ends the program. ends: the calls that do."""
    if not isinstance(block, cst.IndentedBlock) or not block.body:
        return False
    if any(_kills_itself(statement) for statement in block.body):
        return True
    last = block.body[-1]
    if not isinstance(last, cst.SimpleStatementLine) or not last.body:
        return False
    statement = last.body[-1]
    if isinstance(statement, cst.Raise) and statement.exc is not None:
        raised = statement.exc.func if isinstance(statement.exc, cst.Call) else statement.exc
        return dotted(raised) == "SystemExit"
    return (
        isinstance(statement, cst.Expr)
        and isinstance(statement.value, cst.Call)
        and dotted(statement.value.func) in ends
    )


def _kills_itself(statement: cst.CSTNode) -> bool:
    """Whether a statement sends a signal to the program that it is part of."""
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and statement.body else None
    call = small.value if isinstance(small, cst.Expr) else None
    if not isinstance(call, cst.Call) or dotted(call.func) != "os.kill" or not call.args:
        return False
    whom = call.args[0].value
    return isinstance(whom, cst.Call) and dotted(whom.func) == "os.getpid"
