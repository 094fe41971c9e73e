"""Locks of threads that a coroutine enters by a plain `with`: somebody else may hold them, or it does itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.semantics import reachability
from veteran.analysis.semantics.ir import Binding, Held
from veteran.analysis.syntax.expressions import running
from veteran.analysis.types.values import Instance

if TYPE_CHECKING:
    from veteran.analysis.module import Module


class EnteredLock(NamedTuple):
    """A `with` of a coroutine that waits for a lock of threads. kept: it awaits something while it holds it."""

    module: Module
    held: Held
    kind: str
    kept: bool
    made: Binding | None


def events(module: Module) -> Iterator[EnteredLock]:
    """The locks that the coroutines of a module enter."""
    for held in module.lowered.held:
        if not held.entered or not held.scope.function.is_async:
            continue
        values = module.types.of(held.node, held)
        kinds = {value.type if isinstance(value, Instance) else "" for value in values}
        kind = kinds.pop() if len(kinds) == 1 else ""
        if kind not in module.catalog.locks or reachability.never_runs(held):
            continue
        made = values[0].origin if isinstance(values[0], Instance) else None
        made = made if isinstance(made, Binding) else None
        if made is not None and _is_own(made, held):
            continue
        statement = next((n for n in module.uses.ancestors(held.node, held) if isinstance(n, cst.With)), None)
        kept = module.catalog.locks[kind] and statement is not None and _awaits(statement.body)
        yield EnteredLock(module, held, kind, kept, made)


def _is_own(made: Binding, held: Held) -> bool:
    """Whether the coroutine made the lock for itself: as far as one sees, nobody else can hold it."""
    return made.kind == "assign" and made.scope is held.scope and isinstance(made.target, cst.Name)


def _awaits(body: cst.CSTNode) -> bool:
    """Whether statements give way to other coroutines on the way."""
    pending = [body]
    while pending:
        node = pending.pop()
        if isinstance(node, (cst.FunctionDef, cst.Lambda)):
            continue
        if isinstance(node, cst.Await) or getattr(node, "asynchronous", None) is not None:
            return True
        pending += running(node)
    return False
