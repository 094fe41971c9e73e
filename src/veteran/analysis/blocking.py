"""What the rules about blocking calls say of one: shared, since they differ by their tables alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis import waiting
from veteran.analysis.link import Linked, LinkedStep
from veteran.analysis.lowering import Binding, consumes
from veteran.analysis.model import Report, ReportStep
from veteran.analysis.types import Instance
from veteran.findings import Confidence

if TYPE_CHECKING:
    from veteran.analysis.model import CatalogCall
    from veteran.analysis.typed_calls import TypedCall
    from veteran.catalog import Blocking, Group


def unheard(event: CatalogCall) -> str:
    """Why no coroutine makes the call where it stands; empty where one does."""
    if not event.function.is_async:
        where = f"`{event.function.name}` is no coroutine" if event.function.kind == "function" else ""
        return where or f"it stands in no coroutine but in a {event.function.kind}"
    if event.call.awaited:
        return "it is awaited"
    if event.call.lazy:
        return "it stands in a generator expression that may run elsewhere"
    if event.entry.lazy and not event.call.consumed and not _is_consumed(event):
        return "it does nothing until what it gives is iterated over, which is not done here"
    return ""


def _is_consumed(event: CatalogCall) -> bool:
    """Whether the coroutine iterates over the name that is given what the call gives."""
    uses = event.module.uses
    around = uses.parent(event.call.node, event.call)
    if not isinstance(around, (cst.Assign, cst.AnnAssign)) or len(getattr(around, "targets", (around,))) != 1:
        return False
    target = around.targets[0].target if isinstance(around, cst.Assign) else around.target
    if not isinstance(target, cst.Name):
        return False
    bound = event.call.scope.bindings.get(target.value, ())
    binding = next((each for each in bound if each.target is target), None)
    for use in uses.of(binding) if binding is not None else ():
        user = uses.parent(use.node, use)
        if use.scope.function is event.function and isinstance(user, cst.For) and user.iter is use.node:
            return user.asynchronous is None
        if isinstance(user, cst.Arg):
            user = uses.parent(user, use)
            if isinstance(user, cst.Call) and consumes(user.func) and use.scope.function is event.function:
                return True
    return False


def advised(entry: Blocking, group: Group, library: str) -> str:
    """What to write instead of a call, in a module written for an async library."""
    return entry.instead.get(library) or entry.instead.get("") or group.instead.get(library, "")


def of_another_module(event: TypedCall) -> Iterator[Linked]:
    """The report of a call whose receiver only another module tells."""
    group = event.catalog.groups[event.entry.group]
    name = event.coroutine.key.rpartition(".")[2].partition("#")[0]
    advice = advised(event.entry, group, event.coroutine.fact.library)
    receiver = event.call.shown.rpartition(".")[0]
    yield Linked(
        event.call.span,
        f"`{event.call.shown}` ({event.entry.name}) {group.says} and blocks the event loop in `async def {name}`"
        + (f": use `{advice}`" if advice else ""),
        min(group.confidence, event.sure),
        (
            LinkedStep(
                event.coroutine.module.path, event.call.span, f"`{receiver}` is a `{event.kind}`: see where it is from"
            ),
        ),
    )


def in_coroutine(event: CatalogCall) -> Iterator[Report]:
    """The report of a call that a coroutine makes itself, in place and not awaited, if it waits there."""
    module = event.module
    if because := unheard(event) or waiting.never_waits(event):
        if module.trace:
            listed = f"`{event.name}` is listed, but "
            module.trace.note(event.table, event.call.node, event.call, listed + because)
        return
    group = module.catalog.groups[event.entry.group]
    called = module.code(event.call.node.func)
    shown = f"`{called}`" if called == event.name else f"`{called}` ({event.name})"
    advice = advised(event.entry, group, module.async_library)
    if event.entry.lazy and "to_thread" in advice:  # the thread has to do the iteration
        advice = advice.replace("(…)", f"(list, {module.code(event.call.node)})")
    steps = []
    origin = event.origin if isinstance(event.origin, Binding) else None
    if origin is not None and origin.target is not None:
        receiver = module.code(origin.target)
        kinds = [kind for kind in module.types.binding(origin) if isinstance(kind, Instance)]
        kind = next((kind for kind in kinds if event.name.startswith(f"{kind.type}.")), kinds[0] if kinds else None)
        if kind is not None:
            steps.append(ReportStep(origin.target, origin, f"`{receiver}` is a `{kind.type}`"))
    confidence = group.confidence
    if reason := waiting.hardly_waits(event):
        confidence = Confidence.LOW
        steps.append(ReportStep(event.call.node, event.call, reason))
    yield Report(
        event.call.node,
        event.call,
        f"{shown} {group.says} and blocks the event loop in `async def {event.function.name}`"
        + (f": use `{advice}`" if advice else ""),
        confidence,
        tuple(steps),
    )
