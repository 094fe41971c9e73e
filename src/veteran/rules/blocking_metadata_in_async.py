"""A cheap look-up in the file system, written in a coroutine

## What it does

Finds look-ups of the file system in the body of an `async def`: `os.path.exists`, `os.stat`, `os.listdir`,
`Path.exists`, `Path.is_file`, `Path.stat`, `Path.iterdir` and their like. What only works on the text of a path
(`os.path.join`, `Path.parent`, `absolute`) is not reported. Off by default.

## Why is this bad?

On a local disk such a call takes microseconds, but on a network file system it can take seconds, during which the
event loop runs nothing else.

## Bad

```python
from pathlib import Path


async def ready(path: Path):
    return path.exists()
```

## Good

```python
import asyncio
from pathlib import Path


async def ready(path: Path):
    return await asyncio.to_thread(path.exists)
```

## When to ignore

Where files are known to be local, which is nearly everywhere: hence the rule is off by default.

## Options

`[[tool.veteran.catalog.metadata]]` adds your own calls: `names`, `group` and `instead`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from veteran.registry import Rule, calls_of, links_of

if TYPE_CHECKING:
    from veteran.analysis.catalog_calls import CatalogCall
    from veteran.analysis.reports import Linked, Report
    from veteran.families.blocking.link import LinkedCall

rule = Rule(
    "VET313",
    since="0.1.0",
    default=False,
    off_in=("tests",),
    low_in=("cli", "startup"),
    needs=("async",),
    equivalents=("ASYNC240",),
)


@rule.on(calls_of("metadata"))
def look_up(event: CatalogCall) -> Iterable[Report]:
    """A look-up that the coroutine itself makes."""
    from veteran.families.blocking.reports import in_coroutine

    return in_coroutine(event)


@rule.on(links_of("blocking.calls", "def", lists="metadata"))
def look_up_by_other_modules(event: LinkedCall) -> Iterable[Linked]:
    """A look-up that the coroutine makes of what another module of the project gave it."""
    from veteran.families.blocking.reports import linked

    return linked(event)
