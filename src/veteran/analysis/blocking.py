"""What the rules about blocking calls say of one: shared, since they differ by their tables alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.analysis import waiting
from veteran.analysis.link import Linked, LinkedCall
from veteran.analysis.lowering import Binding
from veteran.analysis.model import Report, ReportStep
from veteran.analysis.types import Instance
from veteran.catalog import Blocking, Catalog
from veteran.findings import Confidence

if TYPE_CHECKING:
    from veteran.analysis.model import CatalogCall


def unheard(event: CatalogCall) -> str:
    """Why no coroutine makes the call where it stands; empty where one does."""
    if not event.function.is_async:
        where = f"`{event.function.name}` is no coroutine" if event.function.kind == "function" else ""
        return where or f"it stands in no coroutine but in a {event.function.kind}"
    if event.call.awaited:
        return "it is awaited"
    if event.call.lazy:
        return "it stands in a generator expression that may run elsewhere"
    if event.entry.lazy and not event.call.consumed:
        return "it does nothing until what it gives is iterated over, which is not done here"
    return ""


def in_coroutine(event: CatalogCall) -> Iterator[Report]:
    """The report of a call that a coroutine makes itself, in place and not awaited, if it waits there."""
    module = event.module
    if because := unheard(event) or waiting.never_waits(event):
        if module.trace:
            listed = f"`{event.name}` is listed, but "
            module.trace.note(event.table, event.call.node, event.call, listed + because)
        return
    steps = []
    origin = event.origin if isinstance(event.origin, Binding) else None
    if origin is not None and origin.target is not None:
        receiver = module.code(origin.target)
        kind = module.types.binding(origin)[0]
        if isinstance(kind, Instance):
            steps.append(ReportStep(origin.target, origin, f"`{receiver}` is a `{kind.type}`"))
    confidence = module.catalog.groups[event.entry.group].confidence
    if reason := waiting.hardly_waits(event):
        confidence = Confidence.LOW
        steps.append(ReportStep(event.call.node, event.call, reason))
    called = module.code(event.call.node.func)
    message = _message(called, event.name, event.entry, event.function.name, module.async_library, module.catalog)
    yield Report(event.call.node, event.call, message, confidence, tuple(steps))


def linked(event: LinkedCall) -> Iterator[Linked]:
    """The report of a call that a coroutine makes of what another module gave it."""
    coroutine, call, effect = event.direct
    entry = event.catalog.lookup(event.catalog.calls["blocking"], effect.name)
    name = coroutine.key.rpartition(".")[2].partition("#")[0]
    message = _message(call.shown, effect.name, entry, name, coroutine.fact.library, event.catalog)
    yield Linked(call.span, message, effect.confidence, ())


def _message(called: str, name: str, entry: Blocking, coroutine: str, library: str, catalog: Catalog) -> str:
    group = catalog.groups[entry.group]
    shown = f"`{called}`" if called == name else f"`{called}` ({name})"
    advice = entry.instead.get(library) or entry.instead.get("") or group.instead.get(library, "")
    use = f": use `{advice}`" if advice else ""
    return f"{shown} {group.says} and blocks the event loop in `async def {coroutine}`{use}"
