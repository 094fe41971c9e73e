"""Private functions and their callers: what is passed for a parameter, where all calls can be seen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.calls import default_of, passed_value
from veteran.analysis.flow import MAX_BINDINGS, Hole, Verdict, holes
from veteran.analysis.lowering import At, Call, Scope
from veteran.analysis.reports import ArgumentFact, Parameter
from veteran.analysis.type_values import Local

if TYPE_CHECKING:
    from veteran.analysis.model import Module


def is_private(module: Module, function: Scope) -> bool:
    """Whether all callers of a function can be seen here: `_name`, undecorated, and only ever called."""
    name = function.name
    if not isinstance(function.node, cst.FunctionDef) or function.parent is None:
        return False
    decorators = {getattr(decorator.decorator, "value", "") for decorator in function.node.decorators}
    if decorators - {"staticmethod", "classmethod"}:
        return False
    if function.parent.kind != "function" and (not name.startswith("_") or name.endswith("__")):
        return False
    if function.parent.kind == "class":
        accesses = set(module.lowered.private.get(name, ()))
        calls = {call.node.func for call in module.lowered.calls}
        return bool(accesses) and accesses <= calls
    calls = {call.node.func for call in module.lowered.calls}
    names = [node for node in calls if isinstance(node, cst.Name) and node.value == name]
    uses = [use for scope in module.lowered.scopes for use in scope.uses.get(name, ())]
    return bool(names) and len(uses) == len(names)


def callers(module: Module, function: Scope) -> Iterator[Call]:
    """The calls of a private function."""
    for call in module.lowered.calls:
        func = call.node.func
        if isinstance(func, cst.Attribute):
            if func.attr.value == function.name and function.parent.kind == "class":  # type: ignore[union-attr]
                yield call
        elif _is_name(func, function.name) and Local(function) in module.types.of(func, call):
            yield call


def arguments(module: Module, needed: set[tuple[Scope, str]]) -> Iterator[ArgumentFact]:
    """What every caller passes for these parameters, and for those that they depend on in turn."""
    pending = sorted(needed, key=lambda item: (item[0].qualname, item[1]))
    seen = set(pending)
    while pending:
        function, name = pending.pop()
        parameter = Parameter(function.qualname, name)
        if not is_private(module, function):
            yield ArgumentFact(parameter, True)
            continue
        for call in callers(module, function):
            unsafe, depends = _passed(module, call.node, call, function, name)
            yield ArgumentFact(parameter, unsafe, tuple(Parameter(s.qualname, n) for s, n in depends))
            for source in depends:
                if source not in seen:
                    seen.add(source)
                    pending.append(source)


def passed_holes(module: Module, function: Scope, name: str) -> Iterator[Hole | None]:
    """The holes of what the callers of a private function pass for a parameter; None where not known."""
    for call in itertools.islice(callers(module, function), MAX_BINDINGS):
        value = passed_value(module.types, call.node, call, function, name)
        if value is None:
            yield None
        else:
            yield from (hole for pieces in module.flow.pieces(value, call) for hole in holes(pieces))


def passes_safely(module: Module, node: cst.Call, at: At, function: Scope, name: str) -> bool:
    """Whether a call of a function of this module passes provably safe text for a parameter."""
    unsafe, depends = _passed(module, node, at, function, name)
    return not unsafe and not depends


def _passed(module: Module, node: cst.Call, at: At, function: Scope, name: str) -> tuple[bool, list[tuple[Scope, str]]]:
    """Whether a call passes unsafe text for a parameter, or on which parameters that depends."""
    value = passed_value(module.types, node, at, function, name)
    where = at
    if value is None:
        if any(arg.star for arg in node.args):
            return True, []
        value = default_of(function, name)
        if value is None or function.entry is None:
            return True, []
        where = function.entry
    depends = []
    for pieces in module.flow.pieces(value, where):
        for hole in holes(pieces):
            if hole.parameter and hole.verdict is Verdict.UNKNOWN:
                depends.append(hole.parameter)
            elif hole.verdict is not Verdict.SAFE:
                return True, []
    return False, depends


def _is_name(node: cst.CSTNode, name: str) -> bool:
    """Whether the node is this plain name."""
    return isinstance(node, cst.Name) and node.value == name
