"""How a function comes to make a call: which of its parameters decide it, and whether it does so rarely.

Rarely: an error leads there, an option that somebody has to set, a platform, or the outcome is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis import guards, scopes, waiting
from veteran.analysis.lowering import At, Call, Compound, Read, Scope, all_parameters, dotted
from veteran.analysis.nodes import changed, string_value
from veteran.analysis.summary import When
from veteran.analysis.values import ANY, EMPTY, FULL, TEXT

if TYPE_CHECKING:
    from veteran.analysis.model import Module

#: A constant of a module that switches something on.
_CONSTANT = re.compile(r"_*[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|_*DEBUG")
#: Names of what is off in production.
_OFF = re.compile(
    r"(?i)_*(?:(?:is|in|use|enable)_)?(?:debug|verbose|dry_?run|profiling|legacy|experimental)(?:_?mode)?"
)
_LOOPS = frozenset(("get_running_loop", "current_async_library", "sniff_async_library", "current_task"))
_IN_LOOP = re.compile(
    r"(?i)(?:\w+\.)*(?:_*(?:is_|has_|in_|inside_)+(?:an?_)?(?:running_|active_)?"
    r"(?:async|event_loop|loop|asyncio)(?:_\w+)?|running_in_\w*(?:async|loop)\w*)"
)
_READS = frozenset(("get", "value", "getenv", "get_value"))
_ENVIRONMENT = frozenset(("os.environ.get", "os.getenv", "environ.get", "getenv"))
_EXISTS = frozenset(("exists", "isfile", "isdir", "is_file", "is_dir", "access", "lexists"))
#: Methods that put something into a cache.
_PUTS = frozenset(("set", "put", "add", "store", "update", "setdefault", "save", "cache"))
_FETCHES = frozenset(("get", "pop", "fetch", "lookup", "load"))
_MODE = re.compile(r"[\w.+-]{0,16}")


class Way(NamedTuple):
    """How a call is reached. when: see `When`. rare: see above. kept: it is made while its outcome is not kept yet.

    never: not where an event loop runs.
    """

    when: tuple[When, ...]
    rare: bool
    kept: bool
    never: bool


def way_to(module: Module, call: Call | Read) -> Way:
    """What decides whether a function makes a call."""
    function = call.scope.function
    never = _without_loop(call)
    rare, kept = _after_error(call), False
    when: list[When] = []
    parameters: set[str] | None = None
    for part, outcome, at in _tests(module, call):
        if parameters is None:
            parameters = {p.name.value for p in all_parameters(function.node.params)}  # type: ignore[attr-defined]
        test = _test(part, outcome)
        if test is not None and test.parameter in parameters:
            bound = scopes.lookup(test.parameter, at).bindings
            if len(bound) == 1 and bound[0].kind == "parameter":
                when.append(test)
                continue
        rare = rare or _is_option(module, part, outcome, call) or _is_first(module, part, outcome, function)
        kept = kept or (waiting.innermost_loop(at) is None and _is_kept(module, part, outcome, at, function))
        never = never or _says_no_loop(part, outcome)
    return Way(tuple(when), rare, kept, never)


def opened(call: Call) -> tuple[When, ...]:
    """A call of `open(p)` waits only if the parameter `p` is a path."""
    if isinstance(call.node.func, cst.Name) and call.node.func.value == "open" and call.node.args:
        node = call.node.args[0].value
        if isinstance(node, cst.Name):
            bound = scopes.lookup(node.value, call).bindings
            if len(bound) == 1 and bound[0].kind == "parameter" and bound[0].scope is call.scope.function:
                return (When(node.value, "path", True),)
    return ()


def _tests(module: Module, call: Call | Read) -> Iterator[tuple[cst.BaseExpression, bool, At]]:
    """The simple tests on the way to a call, those of the expression around it included."""
    for condition in guards.conditions(call):
        for part, outcome in guards.parts(condition.test, condition.outcome):
            yield part, outcome, condition.at
    if call.optional:
        for part, outcome in waiting.around(module, call):
            yield part, outcome, call


# Parameters


def _test(part: cst.BaseExpression, outcome: bool) -> When | None:
    """A test of a name: whether it is true, None, one of some values, or of some classes."""
    if isinstance(part, cst.Name):
        return When(part.value, "true", outcome)
    if isinstance(part, cst.Comparison) and len(part.comparisons) == 1 and isinstance(part.left, cst.Name):
        target = part.comparisons[0]
        operator, other = target.operator, target.comparator
        negated = isinstance(operator, (cst.IsNot, cst.NotEqual, cst.NotIn))
        if isinstance(operator, (cst.Is, cst.IsNot, cst.Equal, cst.NotEqual)):
            value = abstract(other)
            if value == "None":
                return When(part.left.value, "none", outcome is not negated)
            if value[:1] not in "?<[":
                return When(part.left.value, f"in {value}", outcome is not negated)
        elif isinstance(operator, (cst.In, cst.NotIn)) and isinstance(other, (cst.Tuple, cst.List, cst.Set)):
            values = [abstract(element.value) for element in other.elements]
            if values and all(value[:1] not in "?<[" for value in values):
                return When(part.left.value, f"in {' '.join(values)}", outcome is not negated)
    if isinstance(part, cst.Call) and dotted(part.func) == "isinstance" and len(part.args) == 2:
        asked, kinds = part.args[0].value, part.args[1].value
        names = [dotted(e.value) for e in kinds.elements] if isinstance(kinds, cst.Tuple) else [dotted(kinds)]
        if isinstance(asked, cst.Name) and all(names):
            shown = " ".join((name or "").rpartition(".")[2] for name in names)
            return When(asked.value, f"is {shown}", outcome)
    return None


def abstract(node: cst.BaseExpression) -> str:
    """What is known of a value: a short literal as its text, the class of what is made on the spot, else `?`."""
    name = dotted(node)
    if name is not None:
        return name if name in ("True", "False", "None") else ANY
    if isinstance(node, cst.SimpleString):
        text = string_value(node)
        return repr(text) if isinstance(text, str) and _MODE.fullmatch(text) else TEXT
    if isinstance(node, (cst.Integer, cst.Float)):
        return node.value if len(node.value) <= 16 else "1"
    if isinstance(node, (cst.FormattedString, cst.ConcatenatedString)):
        return TEXT
    if isinstance(node, (cst.List, cst.Tuple)):
        return FULL if node.elements else EMPTY
    if isinstance(node, cst.Dict):
        return FULL if node.elements else EMPTY
    if isinstance(node, cst.Call):
        last = (dotted(node.func) or "").rpartition(".")[2]
        if last[:1].isupper() and not last.isupper():
            return f"<{last}>"
    return ANY


# What is rare


def _after_error(call: At) -> bool:
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
        if isinstance(owner.node, cst.If) and owner.arms[0][1] is block and _raises(owner.node.body):
            return True
        block, place = owner.block, owner.place


def _raises(body: cst.BaseSuite) -> bool:
    """Whether statements end with an error that they raise."""
    last = body.body[-1] if body.body else None
    small = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last
    return isinstance(small, cst.Raise) and small.exc is not None


def _without_loop(call: At) -> bool:
    """Whether a call stands where `get_running_loop` has failed."""
    block = call.block
    while block.owner is not None:
        owner = block.owner
        if owner.kind == "try" and any(role == "handler" and arm is block for role, arm in owner.arms):
            body = owner.node.body.body if isinstance(owner.node, cst.Try) else ()
            return bool(body) and any(map(_asks_for_loop, body[:2]))
        block = owner.block
    return False


def _asks_for_loop(statement: cst.CSTNode) -> bool:
    for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
        value = small.value if isinstance(small, (cst.Expr, cst.Assign, cst.Return)) else None
        if isinstance(value, cst.Call) and (dotted(value.func) or "").rpartition(".")[2] in _LOOPS:
            return True
    return False


def _says_no_loop(part: cst.BaseExpression, outcome: bool) -> bool:
    """Whether a test says that no event loop runs here, or that nothing does."""
    if dotted(part) in ("False", "TYPE_CHECKING", "typing.TYPE_CHECKING") or isinstance(part, cst.Integer):
        return outcome is not (isinstance(part, cst.Integer) and part.value != "0")
    if isinstance(part, cst.Comparison) and dotted(part.left) == "__name__":
        return outcome
    return not outcome and isinstance(part, cst.Call) and bool(_IN_LOOP.fullmatch(dotted(part.func) or ""))


def _returns(compound: Compound) -> bool:
    """Whether what follows a `try` runs only after an error."""
    roles = [role for role, _ in compound.arms]
    return "else" not in roles and "handler" in roles and compound.arms[0][1].leaves == "return"


def _is_option(module: Module, part: cst.BaseExpression, outcome: bool, call: Call | Read) -> bool:
    """Whether a test asks for an option, the environment, or what only some machines have."""
    if not outcome:
        return False
    if isinstance(part, cst.Call):
        name = dotted(part.func) or ""
        owner, _, last = name.rpartition(".")
        if name in _ENVIRONMENT:
            return True
        if last in _EXISTS:
            node = part.func.value if isinstance(part.func, cst.Attribute) else part.func
            if owner in ("os.path", "path", "os", "") and part.args:
                node = part.args[0].value
            return _is_absolute(module, node, call)
        return not part.args and last in _READS and bool(_CONSTANT.fullmatch(owner.rpartition(".")[2]))
    name = guards.spelling(part) or ""
    last = name.rpartition(".")[2]
    if _OFF.fullmatch(last):
        return True
    called = call.node.func if isinstance(call.node, cst.Call) else call.node
    if not _CONSTANT.fullmatch(last) or (dotted(called) or "").startswith(f"{name}."):
        return False
    return name.partition(".")[0] not in call.scope.function.bindings


def _is_absolute(module: Module, node: cst.BaseExpression, at: At) -> bool:
    """Whether it is a path that is written out from the root on."""
    if isinstance(node, cst.Call) and len(node.args) == 1:
        node = node.args[0].value
    if isinstance(node, cst.Name):
        bound = scopes.lookup(node.value, at).bindings
        node = bound[0].value if len(bound) == 1 and bound[0].kind == "assign" else node
        if isinstance(node, cst.Call) and len(node.args) == 1:
            node = node.args[0].value
    return isinstance(node, cst.SimpleString) and node.raw_value.startswith("/")


def _is_first(module: Module, part: cst.BaseExpression, outcome: bool, function: Scope) -> bool:
    """Whether a test says that this is the first time, and the function sees to it that it is the last."""
    if isinstance(part, cst.Call):
        if outcome or not isinstance(part.func, cst.Attribute) or part.func.attr.value != "is_set":
            return False
        return guards.spelling(part.func.value) in _kept(module, function).events
    return not outcome and guards.spelling(part) in _kept(module, function).flags


def _is_kept(module: Module, part: cst.BaseExpression, outcome: bool, at: At, function: Scope) -> bool:
    """Whether a test says that nothing was kept so far."""
    left = part.left if isinstance(part, cst.Comparison) else part
    if isinstance(left, cst.NamedExpr):
        target = left.target
        name = waiting.empty(target if left is part else changed(part, left=target), outcome)
        return name is not None and _source(left.value) in _kept(module, function).names
    name = waiting.empty(part, outcome)
    if name is None:
        return False
    names = _kept(module, function).names
    if name in names or "." in name or "[" in name or (isinstance(part, cst.Comparison) and _is_membership(part)):
        return name in names
    bound = scopes.lookup(name, at).bindings
    sources = {_source(b.value) for b in bound if b.kind == "assign" and b.scope is function and b.path == ()}
    return bool(sources) and len(bound) == len(sources) and sources <= names


def _is_membership(part: cst.Comparison) -> bool:
    return isinstance(part.comparisons[0].operator, (cst.In, cst.NotIn))


def _source(node: object) -> str:
    """What a value is taken from: the cache of `cache.get(key)` and `cache[key]`, or an attribute."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in _FETCHES:
        return guards.spelling(node.func.value) or ""
    if isinstance(node, cst.Call) and dotted(node.func) == "getattr" and len(node.args) == 3:
        key = node.args[1].value
        owner = guards.spelling(node.args[0].value)
        return f"{owner}.{key.raw_value}" if owner and isinstance(key, cst.SimpleString) else ""
    if isinstance(node, cst.Subscript):
        return guards.spelling(node.value) or ""
    return (guards.spelling(node) or "") if isinstance(node, cst.Attribute) else ""


class Kept(NamedTuple):
    """What a function fills that outlives it. flags: set to True and never back, errors aside. events: that it sets."""

    names: frozenset[str]
    flags: frozenset[str]
    events: frozenset[str]


def _kept(module: Module, function: Scope) -> Kept:
    found = module.keeps.get(function)
    if found is None:
        found = module.keeps[function] = _keeps(module, function)
    return found


def _keeps(module: Module, function: Scope) -> Kept:
    names = set(waiting.outliving(module, function))
    events: set[str] = set()
    for call in module.calls_of.get(function, ()):
        func = call.node.func
        if isinstance(func, cst.Attribute) and func.attr.value in _PUTS:
            owner = guards.spelling(func.value) or ""
            if func.attr.value == "set" and not call.node.args:
                events.add(owner)
            elif call.node.args and owner.partition(".")[0] not in _own_names(function):
                names.add(owner)
    flags: dict[str, set[str]] = {}
    for name, value, handled in waiting.assigned(function):
        if value is not None and value in ("True", "False") and not (handled and value == "False"):
            flags.setdefault(name, set()).add(value)
    return Kept(
        frozenset(names - {""}),
        frozenset(name for name, values in flags.items() if values == {"True"}),
        frozenset(events - {""}),
    )


def _own_names(function: Scope) -> Iterable[str]:
    """The names that a function binds itself, its object aside."""
    owner = function.parent
    method = owner is not None and owner.kind == "class"
    first = next((p.name.value for p in all_parameters(function.node.params)), "") if method else ""  # type: ignore[attr-defined]
    return function.bindings.keys() - {first}
