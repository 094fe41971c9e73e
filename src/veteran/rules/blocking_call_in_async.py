"""A call that blocks the event loop, written in a coroutine

## What it does

Finds calls in the body of an `async def` that make the whole thread wait: sleeping, network, subprocesses,
databases, console input and files. What a call does is known from where its name comes from: an import under
any alias, or the type of its receiver (constructor, `with` item or annotation).

## Why is this bad?

While such a call waits, the event loop runs nothing else, so every other request of the process waits too.
Tests do not show it, since it only hurts under load.

## Bad

```python
import time
import requests


async def poll(url):
    while True:
        requests.get(url)
        time.sleep(1)
```

## Good

```python
import asyncio
import httpx


async def poll(url):
    async with httpx.AsyncClient() as client:
        while True:
            await client.get(url)
            await asyncio.sleep(1)
```

Where there is no asynchronous twin, hand the call to a thread: `await asyncio.to_thread(backup, path)`.

## When to ignore

In a coroutine that nothing else runs beside, such as the only task of a script. Reading a small local file
costs little: `--min-confidence high` leaves files out. Locks, queues and futures are of low confidence,
and so is everything in a command-line program (the context `cli`), where nothing else waits for the loop. In test
files the rule is off.

## Options

`[[tool.veteran.catalog.blocking]]` adds your own blocking calls: `names`, `group` (sleep, network, subprocess, db,
input, file or lock) and `instead`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.registry import Rule, calls_of

if TYPE_CHECKING:
    from veteran.analysis.model import CatalogCall, Report

rule = Rule(
    "VET311",
    since="0.1.0",
    off_in=("tests",),
    low_in=("cli",),
    needs=("async",),
    equivalents=(
        *(f"ASYNC{number}" for number in (210, 211, 212, 220, 221, 222, 230, 231, 232, 250, 251)),
        *("S7487", "S7488", "S7489", "S7493", "S7499", "S7501"),
    ),
)


@rule.on(calls_of("blocking"))
def blocking_call(event: CatalogCall) -> Iterator[Report]:
    """A blocking call that the coroutine itself makes, in place and not awaited."""
    from veteran.analysis.lowering import Binding
    from veteran.analysis.model import Report, ReportStep
    from veteran.analysis.types import Instance

    if not event.function.is_async or event.call.awaited or event.call.lazy:
        return
    if event.entry.lazy and not event.call.consumed:
        return
    module = event.module
    origin = event.origin if isinstance(event.origin, Binding) else None
    if event.name.startswith("io.") and event.origin and not (origin and origin.kind == "parameter"):
        return  # the call that opened it is reported
    if event.name.startswith(("socket.", "ssl.")) and origin and module.made_non_blocking(origin):
        return
    group = module.catalog.groups[event.entry.group]
    called = module.code(event.call.node.func)
    shown = f"`{called}`" if called == event.name else f"`{called}` ({event.name})"
    library = module.async_library
    advice = event.entry.instead.get(library) or event.entry.instead.get("") or group.instead.get(library, "")
    steps = []
    if origin is not None and origin.target is not None:
        receiver = module.code(origin.target)
        kind = module.types.binding(origin)[0]
        if isinstance(kind, Instance):
            steps.append(ReportStep(origin.target, origin, f"`{receiver}` is a `{kind.type}`"))
    yield Report(
        event.call.node,
        event.call,
        f"{shown} {group.says} and blocks the event loop in `async def {event.function.name}`"
        + (f": use `{advice}`" if advice else ""),
        group.confidence,
        tuple(steps),
    )
