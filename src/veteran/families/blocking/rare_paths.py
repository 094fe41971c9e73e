"""What a place in a function says of how often it is reached: options, platforms, errors, no event loop, never.

In doubt it is reached as often as the function is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.semantics import conditions, places, scopes
from veteran.analysis.semantics.ir import At, Compound, Scope
from veteran.analysis.syntax.expressions import dotted
from veteran.families.blocking.conventions import (
    ASKS_ENVIRONMENT,
    CONSTANT,
    FLAGS,
    IN_LOOP,
    INTERACTIVE,
    OFF,
    UNUSUAL,
    USUAL,
)

if TYPE_CHECKING:
    from veteran.analysis.module import Module

_SYSTEMS = frozenset(("sys.platform", "os.name", "platform.system()", "platform.python_implementation()"))
_SERVERS = frozenset(("linux", "linux2", "Linux", "posix", "CPython"))
_READS = frozenset(("get", "value", "getenv", "get_value"))
_ENVIRONMENT = frozenset(("os.environ.get", "os.getenv", "environ.get", "getenv"))
_ENVIRONS = frozenset(("os.environ", "environ"))
_EXISTS = frozenset(("exists", "isfile", "isdir", "is_file", "is_dir", "access", "lexists"))
_OFF_VALUES = frozenset(("", "0", "false", "no", "off", "n", "f"))
#: More names and operators than this from a test to what it asks for are not followed.
_MAX_NAMES = 4


# Where a place stands


def after_error(call: At) -> bool:
    """Whether a call stands in the handling of an error, or after a `try` that returns where it succeeds."""
    block, place = call.block, call.place
    while True:
        for compound in block.compounds:
            if compound.kind == "try" and compound.place < place and _returns(compound):
                return True
        owner = block.owner
        if owner is None:
            return False
        if owner.kind == "try" and any(role == "handler" and arm is block for role, arm in owner.arms):
            return True
        if isinstance(owner.node, cst.If) and owner.arms[0][1] is block and raises(owner.node.body):
            return True
        block, place = owner.block, owner.place


def _returns(compound: Compound) -> bool:
    """Whether what follows a `try` runs only after an error."""
    roles = [role for role, _ in compound.arms]
    return "else" not in roles and "handler" in roles and compound.arms[0][1].leaves == "return"


def raises(body: cst.BaseSuite) -> bool:
    """Whether statements end with an error that they raise."""
    last = body.body[-1] if body.body else None
    small = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last
    return isinstance(small, cst.Raise) and small.exc is not None


def is_required(condition: conditions.Condition) -> bool:
    """Whether an error is raised where a test comes out otherwise."""
    for compound in condition.at.block.compounds:
        if isinstance(compound.node, cst.If) and compound.node.test is condition.test:
            other = compound.node.orelse if condition.outcome else compound.node
            return isinstance(other, (cst.If, cst.Else)) and raises(other.body)
    return False


# Event loops


def without_loop(module: Module, call: At) -> bool:
    """Whether a call stands where `get_running_loop` has failed."""
    block = call.block
    while block.owner is not None:
        owner = block.owner
        if owner.kind == "try" and any(role == "handler" and arm is block for role, arm in owner.arms):
            body = owner.node.body.body if isinstance(owner.node, cst.Try) else ()
            return bool(body) and any(_asks_for_loop(module, statement) for statement in body[:2])
        block = owner.block
    return False


def _asks_for_loop(module: Module, statement: cst.CSTNode) -> bool:
    for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
        if isinstance(small, (cst.Expr, cst.Assign, cst.Return)) and _is_loop(module, small.value):
            return True
    return False


def _is_loop(module: Module, value: object) -> bool:
    """Whether it is the loop that runs, which there may not be."""
    return isinstance(value, cst.Call) and (dotted(value.func) or "").rpartition(".")[2] in module.catalog.asking_loop


def says_no_loop(module: Module, part: cst.BaseExpression, outcome: bool, at: At) -> bool:
    """Whether a test says that no event loop runs here, or that nothing does."""
    if dotted(part) in ("False", "TYPE_CHECKING", "typing.TYPE_CHECKING") or isinstance(part, cst.Integer):
        return outcome is not (isinstance(part, cst.Integer) and part.value != "0")
    if isinstance(part, cst.Comparison) and dotted(part.left) == "__name__":
        return outcome
    if isinstance(part, cst.Call):
        func = part.func
        if isinstance(func, cst.Attribute) and func.attr.value == "is_running" and not part.args:
            return not outcome and "loop" in (dotted(func.value) or dotted(getattr(func.value, "func", None)) or "")
        return not outcome and bool(IN_LOOP.fullmatch(dotted(func) or ""))
    node, absent = part, not outcome
    if isinstance(part, cst.Comparison) and len(part.comparisons) == 1:
        target = part.comparisons[0]
        if dotted(target.comparator) != "None" or not isinstance(target.operator, (cst.Is, cst.IsNot)):
            return False
        node, absent = part.left, isinstance(target.operator, cst.Is) is outcome
    if not absent or not isinstance(node, cst.Name):
        return False
    bound = scopes.lookup(node.value, at).bindings
    return any(_is_loop(module, b.value) for b in bound) and all(
        _is_loop(module, b.value) or _is_none(b.value) for b in bound
    )


def _is_none(value: object) -> bool:
    return isinstance(value, cst.Name) and value.value == "None"


# Options


def is_option(module: Module, part: cst.BaseExpression, outcome: bool, at: At, depth: int = 0) -> bool:
    """Whether a test asks for an option, the environment, a terminal, or what only some machines have."""
    if _is_unusual(part, outcome):
        return True
    if isinstance(part, cst.Comparison):
        return _is_set(part, outcome)
    if not outcome:
        return False
    if isinstance(part, cst.Call):
        asked = (dotted(part.func) or "").rpartition(".")[2]
        if _asks_environment(part) or INTERACTIVE.fullmatch(asked) or (not part.args and OFF.fullmatch(asked)):
            return True
        owner, _, last = (dotted(part.func) or "").rpartition(".")
        if not owner and isinstance(part.func, cst.Attribute):
            last = part.func.attr.value
        if last in _EXISTS:
            node = part.func.value if isinstance(part.func, cst.Attribute) else part.func
            if owner in ("os.path", "path", "os", "") and part.args:
                node = part.args[0].value
            return _is_absolute(node, at)
        return not part.args and last in _READS and bool(CONSTANT.fullmatch(owner.rpartition(".")[2]))
    last = (places.spelling(part) or "").rpartition(".")[2]
    if OFF.fullmatch(last) or INTERACTIVE.fullmatch(last):
        return True
    if not isinstance(part, cst.Name) or depth >= _MAX_NAMES:
        return False
    bound = scopes.lookup(part.value, at).bindings
    value = bound[0].value if len(bound) == 1 and bound[0].path == () else None
    return isinstance(value, cst.BaseExpression) and _is_optional(module, value, True, at, depth + 1)


def switched(part: cst.BaseExpression, outcome: bool, function: Scope) -> tuple[str, ...]:
    """The constant of a module or class that a test asks for; if it is what is then called, it is no switch."""
    name = places.spelling(part) if outcome and isinstance(part, (cst.Name, cst.Attribute)) else None
    if name is None:
        return ()
    owner, _, last = name.rpartition(".")
    if not CONSTANT.fullmatch(last) and not FLAGS.fullmatch(owner.rpartition(".")[2]):
        return ()
    return (name,) if name.partition(".")[0] not in function.bindings else ()


def _is_optional(module: Module, value: cst.BaseExpression, outcome: bool, at: At, depth: int) -> bool:
    """Whether a value that was given a name is so only by options."""
    while isinstance(value, cst.UnaryOperation) and isinstance(value.operator, cst.Not):
        value, outcome = value.expression, not outcome
    if isinstance(value, cst.BooleanOperation):
        if depth > _MAX_NAMES:
            return False
        sides = (_is_optional(module, side, outcome, at, depth + 1) for side in (value.left, value.right))
        return any(sides) if isinstance(value.operator, cst.And) is outcome else all(sides)
    if isinstance(value, (cst.Name, cst.Attribute)) and not OFF.fullmatch(places.spelling(value) or ""):
        return False
    return _asks_environment(value) or is_option(module, value, outcome, at, depth)


def _is_unusual(part: cst.BaseExpression, outcome: bool) -> bool:
    """Whether a test asks for a system that servers rarely run on."""
    if isinstance(part, cst.Comparison) and len(part.comparisons) == 1:
        target = part.comparisons[0]
        if not isinstance(target.operator, (cst.Equal, cst.NotEqual, cst.In, cst.NotIn)) or not _is_system(part.left):
            return False
        texts = _texts(target.comparator)
        positive = isinstance(target.operator, (cst.Equal, cst.In)) is outcome
        return bool(texts) and _SERVERS.isdisjoint(texts) is positive
    node = part.func if isinstance(part, cst.Call) else part
    if isinstance(part, cst.Call) and isinstance(node, cst.Attribute) and node.attr.value == "startswith":
        texts = _texts(part.args[0].value) if part.args and _is_system(node.value) else []
        return bool(texts) and any(map("linux".startswith, texts)) is not outcome
    if isinstance(part, cst.Call) and part.args:
        return False
    last = (places.spelling(node) or "").rpartition(".")[2]
    return bool((UNUSUAL if outcome else USUAL).fullmatch(last))


def _is_system(node: cst.BaseExpression) -> bool:
    if (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value in ("lower", "upper")
    ):
        node = node.func.value
    name = f"{dotted(node.func)}()" if isinstance(node, cst.Call) else dotted(node) or ""
    return name in _SYSTEMS


def _texts(node: cst.BaseExpression) -> list[str]:
    """The texts that are written out there, capitals aside."""
    elements = [e.value for e in node.elements] if isinstance(node, (cst.Tuple, cst.List, cst.Set)) else [node]
    return [str(element.raw_value) for element in elements if isinstance(element, cst.SimpleString)]


def _is_set(part: cst.Comparison, outcome: bool) -> bool:
    """Whether a comparison asks whether a variable of the environment is set, or set to something."""
    if len(part.comparisons) != 1:
        return False
    target = part.comparisons[0]
    if isinstance(target.operator, (cst.In, cst.NotIn)) and dotted(target.comparator) in _ENVIRONS:
        return isinstance(target.operator, cst.In) is outcome
    if not isinstance(target.operator, (cst.Equal, cst.NotEqual, cst.In, cst.NotIn)):
        return False
    positive = isinstance(target.operator, (cst.Equal, cst.In)) is outcome
    return positive and _asks_environment(part.left) and _OFF_VALUES.isdisjoint(_texts(target.comparator))


def _asks_environment(node: cst.BaseExpression) -> bool:
    """Whether a value is a variable of the environment that is off unless somebody sets it."""
    while isinstance(node, cst.Call):
        if dotted(node.func) in _ENVIRONMENT:
            return len(node.args) < 2 or _is_off(node.args[1].value)
        if isinstance(node.func, cst.Attribute) and not node.args:  # .lower(), .strip()
            node = node.func.value
            continue
        last = (dotted(node.func) or "").rpartition(".")[2]
        if not node.args:
            return False
        if ASKS_ENVIRONMENT.fullmatch(last):
            return len(node.args) < 2 or _is_off(node.args[1].value)
        node = node.args[0].value  # bool(…), int(…), truthy(…)
    return isinstance(node, cst.Subscript) and dotted(node.value) in _ENVIRONS


def _is_off(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.SimpleString):
        return str(node.raw_value).lower() in _OFF_VALUES
    return dotted(node) in ("None", "False") or (isinstance(node, cst.Integer) and node.value == "0")


def _is_absolute(node: cst.BaseExpression, at: At) -> bool:
    """Whether it is a path that is written out from the root on."""
    if isinstance(node, cst.Call) and len(node.args) == 1:
        node = node.args[0].value
    if isinstance(node, cst.Name):
        bound = scopes.lookup(node.value, at).bindings
        node = bound[0].value if len(bound) == 1 and bound[0].kind == "assign" else node
        if isinstance(node, cst.Call) and len(node.args) == 1:
            node = node.args[0].value
    return isinstance(node, cst.SimpleString) and node.raw_value.startswith("/")
