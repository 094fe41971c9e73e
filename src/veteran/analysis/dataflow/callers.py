"""Private functions and their callers: what is passed for a parameter, where all calls can be seen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import libcst as cst

from veteran.analysis.dataflow.strings import Flow
from veteran.analysis.dataflow.text import MAX_BINDINGS, Hole, Verdict, holes
from veteran.analysis.semantics.ir import At, Call, Scope
from veteran.analysis.types.calls import default_of, passed_value
from veteran.analysis.types.decorators import SAME, only
from veteran.analysis.types.values import Local


def is_private(flow: Flow, function: Scope) -> bool:
    """Whether all callers of a function can be seen here: `_name`, undecorated, and only ever called."""
    name = function.name
    if not isinstance(function.node, cst.FunctionDef) or function.parent is None:
        return False
    if not only(function.node.decorators, SAME, flow.catalog):
        return False
    if function.parent.kind != "function" and (not name.startswith("_") or name.endswith("__")):
        return False
    if function.parent.kind == "class":
        accesses = set(flow.lowered.private.get(name, ()))
        return bool(accesses) and accesses <= flow.lowered.index.called.keys()
    names = [call for call in flow.lowered.index.named.get(name, ()) if isinstance(call.node.func, cst.Name)]
    uses = [use for scope in flow.lowered.scopes for use in scope.uses.get(name, ())]
    return bool(names) and len(uses) == len(names)


def callers(flow: Flow, function: Scope) -> Iterator[Call]:
    """The calls of a private function."""
    for call in flow.lowered.index.named.get(function.name, ()):
        if isinstance(call.node.func, cst.Attribute):
            if function.parent.kind == "class":  # type: ignore[union-attr]
                yield call
        elif Local(function) in flow.types.of(call.node.func, call):
            yield call


def passed_holes(flow: Flow, function: Scope, name: str) -> Iterator[Hole | None]:
    """The holes of what the callers of a private function pass for a parameter; None where not known."""
    for call in itertools.islice(callers(flow, function), MAX_BINDINGS):
        value = passed_value(flow.types, call.node, call, function, name)
        if value is None:
            yield None
        else:
            yield from (hole for pieces in flow.pieces(value, call) for hole in holes(pieces))


def passes_safely(flow: Flow, node: cst.Call, at: At, function: Scope, name: str) -> bool:
    """Whether a call of a function of this module passes provably safe text for a parameter."""
    unsafe, depends = unsafe_passed(flow, node, at, function, name)
    return not unsafe and not depends


def unsafe_passed(
    flow: Flow, node: cst.Call, at: At, function: Scope, name: str
) -> tuple[bool, list[tuple[Scope, str]]]:
    """Whether a call passes unsafe text for a parameter, or on which parameters that depends."""
    value = passed_value(flow.types, node, at, function, name)
    where = at
    if value is None:
        if any(arg.star for arg in node.args):
            return True, []
        value = default_of(function, name)
        if value is None or function.entry is None:
            return True, []
        where = function.entry
    depends = []
    for pieces in flow.pieces(value, where):
        for hole in holes(pieces):
            if hole.parameter and hole.verdict is Verdict.UNKNOWN:
                depends.append(hole.parameter)
            elif hole.verdict is not Verdict.SAFE:
                return True, []
    return False, depends
