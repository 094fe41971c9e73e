"""A coroutine that calls a function which blocks the event loop further down

## What it does

Finds calls in the body of an `async def` of functions of the same project that, through any number of further
functions and modules, reach a call that makes the whole thread wait: sleeping, network, subprocesses, databases, files.
Methods are followed through `self`, `super()`, bases and objects whose class is known. Making an object, entering and
leaving a `with`, iterating over a generator in place and reading a property are calls, too.
The finding stands at the coroutine's first such call of a helper; its steps show the way down to the call that blocks:
the one with the fewest hops.

## Why is this bad?

While that call waits, the event loop runs nothing else, so every other request of the process waits too.
Nothing in the coroutine shows it: the call that blocks is in another function, often in another module.

## Bad

```python
import requests


def fetch(url):
    return requests.get(url, timeout=10).text


async def handle(url):
    return fetch(url)
```

## Good

```python
import asyncio
import requests


def fetch(url):
    return requests.get(url, timeout=10).text


async def handle(url):
    return await asyncio.to_thread(fetch, url)
```

## When to ignore

As for VET311, where nothing else runs beside the coroutine. Of low confidence are

- functions that keep their result (`@cache`, an attribute that is filled once, also by a function that they call, an
  own cache, also one whose entries grow old), or do it the first time only (`if self._started: return`),
- calls that only an error, a constant like `USE_SLOW_PATH`, a feature flag, the environment, a terminal, Windows or
  macOS, or an option leads to, single changes of a directory,
- everything in command-line programs and start-up hooks.

Nothing is said where the arguments that the coroutine writes out keep the branch from running, as `mode="memory"` may,
or where the helper has made sure that no event loop runs. A function that is handed to an executor or a thread is not
called by the coroutine. Packages that are installed are not read. In test files the rule is off.

## Options

`[[tool.veteran.catalog.blocking]]` adds your own blocking calls; `src` in `[tool.veteran]` says where modules are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.registry import Rule, links_of

if TYPE_CHECKING:
    from veteran.analysis.reports import Linked
    from veteran.families.blocking.call_chains import Chain
    from veteran.families.blocking.link import Blocked

rule = Rule("VET312", since="0.1.0", off_in=("tests",), low_in=("cli", "startup"), needs=("async",))

#: More names than this of a chain are not spelled out in its message.
MAX_NAMES = 4


@rule.on(links_of("blocking.chains", "def", lists="blocking"))
def blocking_helper(event: Blocked) -> Iterator[Linked]:
    """One finding for each coroutine and helper, at the first such call."""
    from veteran.analysis.reports import Linked, LinkedStep

    chain = event.chain
    group = event.catalog.groups[chain.effect.group]
    names = [hop.shown for hop in chain.hops]
    if len(names) > MAX_NAMES:
        names[MAX_NAMES - 2 : -1] = ["…"]
    way = " → ".join(f"`{name}`" if name != "…" else name for name in names)
    yield Linked(
        chain.call.span,
        f"{_subject(chain)} {group.says} and blocks the event loop in `async def {_plain(chain.coroutine.key)}`,"
        f" through {way}: {_advice(chain)}",
        chain.confidence,
        tuple(
            LinkedStep(hop.module.path, hop.span, f"`{hop.where.partition('#')[0]}` calls `{hop.shown}`")
            for hop in chain.hops
        ),
    )


def _plain(key: str) -> str:
    return key.rpartition(".")[2].partition("#")[0]


def _subject(chain: Chain) -> str:
    """What the coroutine does that blocks."""
    shown = chain.call.shown
    method = _plain(chain.helper.key)
    if "p" in chain.call.flags:
        return f"reading `{shown}`"
    made = shown if "h" in chain.call.flags else f"{shown}()"
    if method == "__exit__":
        return f"leaving `{made}`"
    if method == "__enter__" or (chain.helper.fact.kind == "generator" and "e" in chain.call.flags):
        return f"entering {'' if method == '__enter__' else 'or leaving '}`{made}`"
    return f"iterating over `{made}`" if chain.helper.fact.kind == "generator" else f"`{shown}`"


def _advice(chain: Chain) -> str:
    """What to write instead: only a plain call can be handed to a thread as it stands."""
    thread = {
        "trio": "trio.to_thread.run_sync",
        "anyio": "anyio.to_thread.run_sync",
    }.get(chain.coroutine.fact.library, "asyncio.to_thread")
    if chain.helper.fact.kind == "generator" and "e" not in chain.call.flags:
        return f"consume it in a function for `await {thread}(…)`"
    if chain.needs_loop:
        return "it uses the event loop itself, so hand only what blocks in it to a thread"
    if "p" in chain.call.flags:
        return f"read it in a function for `await {thread}(…)`"
    if "e" in chain.call.flags or _plain(chain.helper.key) in ("__enter__", "__exit__"):
        return f"put the `with` into a function for `await {thread}(…)`, or make it an `async with`"
    return f"use `await {thread}({chain.call.shown}{', …' if chain.call.given else ''})`"
