"""A call that blocks the event loop, written in a coroutine

## What it does

Finds calls in the body of an `async def` that make the whole thread wait: sleeping, network, subprocesses,
databases, console input and files. What a call does is known from where its name comes from: an import under
any alias, or the type of its receiver (constructor, `with` item or annotation), also where another module of the
project made it: its sessions, factories, context managers and the attributes and properties of its classes.
Of a file only what opens it is reported, not each read and write.

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
costs little: `--min-confidence high` leaves files out. Of low confidence are locks, queues and futures, single
changes of a directory (`mkdir`, `unlink`), certificates, what is done with a file whose opening is reported, what runs
only until its result is kept in an attribute, and everything in command-line programs and start-up hooks (the contexts
`cli` and `startup`), where nothing else waits for the loop.
A lock of threads that is held over an `await` is of medium confidence: the next coroutine that enters it stops
the loop.
In test files the rule is off, and test clients are not reported anywhere.

## Options

`[[tool.veteran.catalog.blocking]]` adds your own blocking calls: `names`, `group` (sleep, network, device,
subprocess, db, cpu, input, prompt, file, entry, certificates or lock) and `instead`.
`[[tool.veteran.catalog.context]]` names decorators, calls, keywords and functions that make a coroutine part of a
program's start or of its command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from veteran.registry import Rule, calls_of, events_of, links_of

if TYPE_CHECKING:
    from veteran.analysis.catalog_calls import CatalogCall
    from veteran.analysis.reports import Linked, Report
    from veteran.families.blocking.link import LinkedCall
    from veteran.families.blocking.locks import EnteredLock

rule = Rule(
    "VET311",
    since="0.1.0",
    off_in=("tests",),
    low_in=("cli", "startup"),
    needs=("async",),
    equivalents=(
        *(f"ASYNC{number}" for number in (210, 211, 212, 220, 221, 222, 230, 231, 232, 240, 250, 251)),
        *("S7487", "S7488", "S7489", "S7493", "S7499", "S7501"),
    ),
)


@rule.on(calls_of("blocking"))
def blocking_call(event: CatalogCall) -> Iterable[Report]:
    """A blocking call that the coroutine itself makes."""
    from veteran.families.blocking.reports import in_coroutine

    return in_coroutine(event)


@rule.on(events_of("blocking.locks"))
def entered_lock(event: EnteredLock) -> Iterable[Report]:
    """A lock of threads that the coroutine enters."""
    from veteran.families.blocking.reports import entering

    return entering(event)


@rule.on(links_of("blocking.calls", "def", lists="blocking"))
def blocking_call_by_other_modules(event: LinkedCall) -> Iterable[Linked]:
    """A blocking call that the coroutine makes of what another module of the project gave it."""
    from veteran.families.blocking.reports import linked

    return linked(event)
