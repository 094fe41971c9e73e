"""Several threads for work in pure Python that only one of them can do at a time

## What it does

Finds two or more concurrent jobs over threads whose work is proven to be pure Python that keeps the CPU busy:
`Thread`s that are made in a loop or a comprehension or listed together, `map` and repeated `submit` on a
`ThreadPoolExecutor` or `ThreadPool`, `thread_map` of tqdm, and `gather` or `TaskGroup` over `asyncio.to_thread` or
`run_in_executor(None, …)`. The pool and functions of the project that hand a parameter of theirs to threads may be in
any of its modules. The function that runs (a function, method, lambda, `partial`, or a `Thread` subclass's `run`)
must be in the same project, or be one that is known to compute. Its body, with the functions of the project that it
calls in any module, must be loops or recursion of arithmetic, comparison, container or string work, or calls that are
known to compute in Python; without I/O, waiting, locks, or calls that release the GIL (NumPy, zlib, hashlib on
buffers, native tokenizers). A `print` or a log line beside the loops does not count as I/O.

## Why is this bad?

The global interpreter lock (GIL) lets one thread run Python at a time, so the jobs take as long as one after another,
and the switching comes on top.

## Bad

```python
from concurrent.futures import ThreadPoolExecutor


def primes_below(limit):
    return [n for n in range(2, limit) if all(n % d for d in range(2, int(n**0.5) + 1))]


def count(limits):
    with ThreadPoolExecutor() as pool:
        return list(pool.map(primes_below, limits))
```

## Good

```python
from concurrent.futures import ProcessPoolExecutor


def primes_below(limit):
    return [n for n in range(2, limit) if all(n % d for d in range(2, int(n**0.5) + 1))]


def count(limits):
    with ProcessPoolExecutor() as pool:
        return list(pool.map(primes_below, limits))
```

## When to ignore

Where threads are there for something else than speed. One thread, or one `to_thread` that keeps an event
loop responsive, is never reported, nor is a job that the rule cannot see into. In test files the rule is off.

## Options

`free-threaded = true` in `[tool.veteran]` says that the project runs on a build of Python without the GIL: the rule is
silent. `[[tool.veteran.catalog.releases_gil]]` names functions that release it, and
`[[tool.veteran.catalog.cpu_bound]]` those that compute and keep it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.registry import Rule, events_of, links_of

if TYPE_CHECKING:
    from veteran.analysis.reports import Report
    from veteran.families.cpu.fan_out import FanOut

rule = Rule("VET301", since="0.1.0", off_in=("tests",), needs_gil=True)


@rule.on(events_of("cpu.fan_out"))
@rule.on(links_of("cpu.fan_out"))
def threads_for_cpu_work(event: FanOut) -> Iterator[Report]:
    """Several jobs on threads, each of which only computes in Python."""
    import libcst as cst

    from veteran.analysis.reports import Report, ReportStep
    from veteran.findings import Confidence

    module, profile, target = event.module, event.profile, event.target
    name = module.code(event.shown, 40)
    if isinstance(event.shown, cst.Lambda):
        name = "the lambda"
    elif target is not None and target.name == "run" and not name.endswith(".run"):
        name = f"`{name}.run`"
    else:
        name = f"`{name}`"
    if event.file:
        name += f" in {event.file}"
    processes = "use `run_in_executor` with a `ProcessPoolExecutor`"
    if module.async_library != "asyncio":
        processes = "use processes, as with `anyio.to_process.run_sync`"
    instead = {
        "threads": "use `multiprocessing.Process` or a `ProcessPoolExecutor`",
        "pool": "use a `ProcessPoolExecutor`",
        "loop": processes,
    }[event.shape]
    does = "only computes in Python, and the GIL lets one thread at a time do that"
    if target is None:
        does = "computes and holds the GIL meanwhile, so that one thread at a time does it"
    threads = f"the threads of `{event.through.function.name}`" if event.through is not None else "these threads"
    steps = []
    if target is not None and isinstance(target.node, cst.FunctionDef) and target.entry is not None:
        steps.append(ReportStep(target.node.name, target.entry, f"`{target.qualname}` runs in every thread"))
    if event.through is not None:
        text = f"`{event.through.function.name}` hands it to {'several threads' if event.through.many else 'a thread'}"
        steps.append(ReportStep(event.through.call.node, event.through.call, text))
    if target is not None and profile.node is not None and profile.at is not None:
        steps.append(ReportStep(profile.node, profile.at, profile.reason))
    yield Report(
        event.call.node,
        event.call,
        f"{name} {does}: {threads} take as long as one after another; {instead}"
        + (f" ({event.movable})" if event.movable else ""),
        Confidence.HIGH,
        tuple(steps),
    )
