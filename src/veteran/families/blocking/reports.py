"""What the rules about blocking calls say of one: shared, since they differ by their tables alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.reports import Linked, LinkedStep, Report, ReportStep
from veteran.analysis.semantics.ir import Binding
from veteran.analysis.syntax.expressions import consumes
from veteran.analysis.types.values import Instance
from veteran.catalog import Catalog, ListedCall
from veteran.families.blocking.exemptions import hardly_waits, never_waits
from veteran.families.blocking.link import LinkedCall
from veteran.findings import Confidence

if TYPE_CHECKING:
    from veteran.analysis.catalog_calls import CatalogCall
    from veteran.families.blocking.locks import EnteredLock


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
        if isinstance(user, cst.CompFor) and user.iter is use.node and user.asynchronous is None:
            lazy = isinstance(uses.parent(user, use), cst.GeneratorExp)
            if not lazy and use.scope.function is event.function:
                return True
        if isinstance(user, cst.Arg):
            user = uses.parent(user, use)
            if isinstance(user, cst.Call) and consumes(user.func) and use.scope.function is event.function:
                return True
    return False


def in_coroutine(event: CatalogCall) -> Iterator[Report]:
    """The report of a call that a coroutine makes itself, in place and not awaited, if it waits there."""
    module = event.module
    if because := unheard(event) or never_waits(event):
        if module.trace:
            listed = f"`{event.name}` is listed, but "
            module.trace.note(event.table, event.call.node, event.call, listed + because)
        return
    steps = []
    if isinstance(event.origin, Binding):
        kinds = [kind for kind in module.types.binding(event.origin) if isinstance(kind, Instance)]
        kind = next((kind for kind in kinds if event.name.startswith(f"{kind.type}.")), kinds[0] if kinds else None)
        if kind is not None and (step := event.origin_step(f"a `{kind.type}`")):
            steps.append(step)
    confidence = module.catalog.groups[event.entry.group].confidence
    if reason := hardly_waits(event):
        confidence = Confidence.LOW
        steps.append(ReportStep(event.call.node, event.call, reason))
    node = event.call.node
    called = module.code(node.func)
    whole = module.code(node) if event.entry.lazy else ""
    message = _message(
        called, event.name, event.entry, event.function.name, module.async_library, module.catalog, whole
    )
    yield Report(node, event.call, message, confidence, tuple(steps))


def entering(event: EnteredLock) -> Iterator[Report]:
    """The report of a lock of threads that a coroutine enters by `with`."""
    module, held, kind = event.module, event.held, event.kind
    entry = module.catalog.lookup(module.catalog.calls["blocking"], f"{kind}.acquire")
    if entry is None:
        return
    shown = module.code(held.node)
    message = _message(f"with {shown}", kind, entry, held.scope.function.name, module.async_library, module.catalog)
    confidence = module.catalog.groups[entry.group].confidence
    if event.kept:
        confidence = Confidence.MEDIUM
        message += "; it is held over an `await`: the next coroutine that enters it stops the loop for good"
    steps: tuple[ReportStep, ...] = ()
    if event.made is not None and event.made.target is not None:
        steps = (ReportStep(event.made.target, event.made, f"`{shown}` is a `{kind}`"),)
    yield Report(held.node, held, message, confidence, steps)


def linked(event: LinkedCall) -> Iterator[Linked]:
    """The report of a call that a coroutine makes of what another module gave it."""
    coroutine, call, effect = event.direct
    entry = event.catalog.lookup(event.catalog.calls[event.table], effect.name)
    name = coroutine.key.rpartition(".")[2].partition("#")[0]
    message = _message(call.shown, effect.name, entry, name, coroutine.fact.library, event.catalog)
    receiver, kind = call.shown.rpartition(".")[0], effect.name.rpartition(".")[0]
    told = f"`{receiver or call.shown}` comes from another module: it is `{kind if receiver else effect.name}`"
    yield Linked(call.span, message, effect.confidence, (LinkedStep(coroutine.module.path, call.span, told),))


def _message(
    called: str, name: str, entry: ListedCall, coroutine: str, library: str, catalog: Catalog, whole: str = ""
) -> str:
    """whole: the call of what is lazy: the thread has to do the iteration."""
    group = catalog.groups[entry.group]
    shown = f"`{called}`" if called == name else f"`{called}` ({name})"
    advice = entry.instead.get(library) or entry.instead.get("") or group.instead.get(library, "")
    if whole and "to_thread" in advice:
        advice = advice.replace("(…)", f"(list, {whole})")
    use = f": use `{advice}`" if advice else ""
    return f"{shown} {group.says} and blocks the event loop in `async def {coroutine}`{use}"
