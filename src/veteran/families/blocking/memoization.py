"""What a function keeps beyond its end, so that a call is made only while that is empty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.semantics import conditions, places, scopes
from veteran.analysis.semantics.conditions import innermost_loop
from veteran.analysis.semantics.ir import At, Binding, Call, Scope, decorators_of, first_parameter
from veteran.analysis.semantics.side_effects import assigned
from veteran.analysis.syntax.expressions import all_parameters, dotted
from veteran.analysis.syntax.nodes import changed
from veteran.analysis.types.decorators import deeds
from veteran.families.blocking.conventions import FETCHES, PUTS

if TYPE_CHECKING:
    from veteran.analysis.module import Module


#: More functions than this that one calls itself are not asked what they fill.
_MAX_CALLED = 40


def is_first(module: Module, part: cst.BaseExpression, outcome: bool, function: Scope) -> bool:
    """Whether a test says that this is the first time, and the function sees to it that it is the last."""
    if isinstance(part, cst.Call):
        if outcome or not isinstance(part.func, cst.Attribute) or part.func.attr.value != "is_set":
            return False
        return places.spelling(part.func.value) in _kept(module, function).events
    if outcome or _is_local(part, function):
        return False
    name = places.spelling(part)
    return name is not None and name in _with_called(module, function).flags


def is_kept(module: Module, part: cst.BaseExpression, outcome: bool, at: At, function: Scope) -> bool:
    """Whether a test says that nothing was kept so far."""
    if isinstance(part, cst.Call):
        source = _source(part)
        return not outcome and _fills(module, function, source)
    left = part.left if isinstance(part, cst.Comparison) else part
    if isinstance(left, cst.NamedExpr):
        target = left.target
        name = empty(target if left is part else changed(part, left=target), outcome)
        return name is not None and _fills(module, function, _source(left.value))
    name = empty(part, outcome)
    if name is None:
        return False
    local = _is_local(part.left if isinstance(part, cst.Comparison) and not _is_membership(part) else part, function)
    if not local and _fills(module, function, name):
        return True
    if "." in name or "[" in name or (isinstance(part, cst.Comparison) and _is_membership(part)):
        return False
    bound = scopes.lookup(name, at).bindings
    sources = {_source(b.value) for b in bound if b.kind == "assign" and b.scope is function and b.path == ()}
    return bool(sources) and len(bound) == len(sources) and all(_fills(module, function, one) for one in sources)


def _fills(module: Module, function: Scope, name: str) -> bool:
    """Whether a function, or one of its module that it calls, gives a value to what outlives it."""
    return bool(name) and name in _with_called(module, function).names


def _is_local(node: cst.BaseExpression, function: Scope) -> bool:
    """Whether it is a name that ends with the function."""
    return isinstance(node, cst.Name) and node.value in function.bindings


def _is_membership(part: cst.Comparison) -> bool:
    return isinstance(part.comparisons[0].operator, (cst.In, cst.NotIn))


def _source(node: object) -> str:
    """What a value is taken from: the cache of `cache.get(key)` and `cache[key]`, or an attribute."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and FETCHES.fullmatch(node.func.attr.value):
        return places.spelling(node.func.value) or ""
    if isinstance(node, cst.Call) and dotted(node.func) in ("getattr", "hasattr") and len(node.args) > 1:
        key = node.args[1].value
        owner = places.spelling(node.args[0].value)
        return f"{owner}.{key.raw_value}" if owner and isinstance(key, cst.SimpleString) else ""
    if isinstance(node, cst.Subscript):
        return places.spelling(node.value) or ""
    return (places.spelling(node) or "") if isinstance(node, cst.Attribute) else ""


class Kept(NamedTuple):
    """What a function fills that outlives it. flags: set to True and never back, errors aside. events: that it sets."""

    names: frozenset[str]
    flags: frozenset[str]
    events: frozenset[str]


class _Known:
    """What is known of the functions of a module. fills: those that they call included."""

    def __init__(self, _: Module) -> None:
        self.keeps: dict[Scope, Kept] = {}
        self.fills: dict[Scope, Kept] = {}


def _kept(module: Module, function: Scope) -> Kept:
    keeps = module.once(_Known).keeps
    found = keeps.get(function)
    if found is None:
        found = keeps[function] = _keeps(module, function)
    return found


def _with_called(module: Module, function: Scope) -> Kept:
    """What a function fills, or one that it calls by its plain name or on its own object."""
    fills = module.once(_Known).fills
    found = fills.get(function)
    if found is not None:
        return found
    kept = [_kept(module, function)]
    owner = function.parent
    itself = first_parameter(function) if owner is not None and owner.kind == "class" else None
    for call in module.lowered.index.within.get(function, ())[:_MAX_CALLED]:
        func = call.node.func
        bound: list[Binding] = []
        if isinstance(func, cst.Name) and func.value not in function.bindings:
            bound = module.lowered.module.bindings.get(func.value, [])
        elif isinstance(func, cst.Attribute) and isinstance(func.value, cst.Name) and func.value.value == itself:
            bound = owner.bindings.get(func.attr.value, []) if owner is not None else []
            if bound and bound[0].kind == "def" and first_parameter(bound[0].value) != itself:
                continue
        if len(bound) == 1 and bound[0].kind == "def" and bound[0].value is not function:
            kept.append(_kept(module, bound[0].value))
    names, flags, events = ({name for one in kept for name in one[index]} for index in range(3))
    fills[function] = found = Kept(frozenset(names), frozenset(flags), frozenset(events))
    return found


def _keeps(module: Module, function: Scope) -> Kept:
    names = set(outliving(module, function))
    events: set[str] = set()
    for call in module.lowered.index.within.get(function, ()):
        func = call.node.func
        if isinstance(func, cst.Attribute) and PUTS.fullmatch(func.attr.value):
            owner = places.spelling(func.value) or ""
            if func.attr.value == "set" and not call.node.args:
                events.add(owner)
            elif call.node.args and owner.partition(".")[0] not in _own_names(function):
                names.add(owner)
    flags: dict[str, set[str]] = {}
    for name, value, handled in assigned(function):
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


# What is kept


def kept(module: Module, call: Call) -> str:
    """What a call's outcome is kept in, where it runs only while that is empty."""
    function = call.scope.function
    for decorator in decorators_of(function):
        node = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
        if "memoises" in deeds(decorator, module.catalog):
            return f"`@{dotted(node)}` keeps the result"
    if innermost_loop(call) is not None:
        return ""
    targets: set[str] | None = None
    for condition in conditions.conditions(call):
        for part, outcome in conditions.parts(condition.test, condition.outcome):
            name = empty(part, outcome)
            if name is None:
                continue
            if targets is None:
                targets = outliving(module, function)
            if name in targets:
                return f"runs only while `{name}` is empty"
    return ""


def empty(test: cst.BaseExpression, outcome: bool) -> str | None:
    """What an outcome of a test says is None, false or missing."""
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        target = test.comparisons[0]
        if dotted(target.comparator) == "None":
            return places.spelling(test.left) if isinstance(target.operator, cst.Is) is outcome else None
        if isinstance(target.operator, (cst.In, cst.NotIn)):
            return places.spelling(target.comparator) if isinstance(target.operator, cst.NotIn) is outcome else None
        return None
    return places.spelling(test) if not outcome else None


def _outliving_of(_: Module) -> dict[Scope, set[str]]:
    """What is known of the functions of a module, to begin with: nothing."""
    return {}


def outliving(module: Module, function: Scope) -> set[str]:
    """What outlives a call of a function and is given a value by it: attributes, items, global names."""
    known = module.once(_outliving_of)
    found = known.get(function)
    if found is None:
        found = {name for name, value, _ in assigned(function) if value not in ("True", "False", "None")}
        known[function] = found
    return found
