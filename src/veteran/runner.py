"""Many files: summaries on one process or several, then link and report, in the order given."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from veteran import engine
from veteran.analysis.summary import Summary
from veteran.findings import Finding
from veteran.linker import Linker
from veteran.store import Read, digest_of

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from veteran.settings import Settings
    from veteran.store import Stores

#: Below this many bytes more processes cost more than they bring.
WORTH_A_PROCESS = 1_500_000
CHUNKS_PER_PROCESS = 8
MAX_CHUNK = 2_000_000  # bytes: the progress bar moves when a chunk is done

Progress = Callable[[int, int], None]


class Task(NamedTuple):
    """A file to read. shown: its path in findings."""

    path: Path
    shown: str
    settings: Settings
    size: int


class Outcome(NamedTuple):
    """All findings in the order of the files, then of their places; warnings about suppressions likewise."""

    findings: list[Finding]
    files: int
    warnings: list[Finding]


def run(
    files: Sequence[Path],
    settings_for: Callable[[Path], Settings],
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    stores: Stores | None = None,
) -> Outcome:
    """Checks files. What goes wrong in one file is a finding of that file. stores: what is kept between runs."""
    tasks = [_task(path, settings_for(path)) for path in files]
    summaries: dict[int, Summary] = {}
    try:
        with engine.uncollected():
            done = 0
            if stores:
                for index, task in enumerate(tasks):
                    known = _known(task, stores)
                    if known is not None:
                        summaries[index] = known
                done = len(summaries)
                if progress and done:
                    progress(done, len(tasks))
            pending = [index for index in range(len(tasks)) if index not in summaries]
            for indices, found in _summaries([tasks[index] for index in pending], jobs):
                for index, read in zip(indices, found, strict=True):
                    task = tasks[pending[index]]
                    summaries[pending[index]] = read.summary
                    store = stores.of(task.settings) if stores else None
                    if store:
                        store.keep(read, task.settings, task.path)
                done += len(indices)
                if progress:
                    progress(done, len(tasks))
            return _linked(tasks, summaries, stores)
    finally:
        if stores:
            stores.flush()


def _known(task: Task, stores: Stores) -> Summary | None:
    """The summary of a file from an earlier run."""
    store = stores.of(task.settings)
    if store is None:
        return None
    try:
        return store.summary(store.content(task.path).digest, task.shown, task.settings)
    except OSError:
        return None


def _linked(tasks: Sequence[Task], summaries: dict[int, Summary], stores: Stores | None) -> Outcome:
    findings: list[Finding] = []
    warnings: list[Finding] = []
    ordered = [(summaries[index], task.path.absolute(), task.settings) for index, task in enumerate(tasks)]
    for (summary, _, settings), linked in zip(ordered, Linker(engine.display, None, stores).link(ordered), strict=True):
        kept, malformed = engine.finish(summary, linked, settings)
        findings += kept
        warnings += malformed
    return Outcome(findings, len(tasks), warnings)


def _task(path: Path, settings: Settings) -> Task:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Task(path, engine.display(path), settings, size)


def summarise_all(tasks: Sequence[Task]) -> list[Read]:
    """What these files yield: the work of one process."""
    with engine.uncollected():
        return [_summarise(task) for task in tasks]


def _summarise(task: Task) -> Read:
    try:
        stat = task.path.stat()
        data = task.path.read_bytes()
    except OSError as error:
        return Read(engine.unreadable(task.shown, error))
    summary = engine.summarise(task.shown, data, task.settings)
    gc.collect(0)
    return Read(summary, digest_of(data), stat)


def _summaries(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Sequence[int], list[Read]]]:
    """(indices of tasks, their summaries), as they are done."""
    total = sum(task.size for task in tasks)
    jobs = min(jobs, len(tasks), total // WORTH_A_PROCESS + 1)
    if jobs <= 1:
        for index, task in enumerate(tasks):
            yield [index], [_summarise(task)]
        return
    chunks = list(_chunks(tasks, min(max(total // (jobs * CHUNKS_PER_PROCESS), 1), MAX_CHUNK)))
    lost: list[list[int]] = []
    with _pool(jobs) as pool:
        yield from _on(pool, tasks, chunks, lost)
    # A worker died: each chunk again with a process of its own, then each file.
    while lost:
        indices = lost.pop(0)
        retry: list[list[int]] = []
        with _pool(1) as pool:
            yield from _on(pool, tasks, [indices], retry)
        for dead in retry:
            if len(dead) == 1:
                yield dead, [Read(engine.crashed(tasks[dead[0]].shown, "the process died"))]
            else:
                middle = len(dead) // 2
                lost += [dead[:middle], dead[middle:]]


def _pool(jobs: int) -> Executor:
    import signal
    from concurrent.futures import ProcessPoolExecutor

    # An interrupt from the keyboard reaches the workers too: it ends them, and not just their current file.
    return ProcessPoolExecutor(jobs, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_DFL))


def _on(
    executor: Executor,
    tasks: Sequence[Task],
    chunks: Iterable[list[int]],
    lost: list[list[int]],
) -> Iterator[tuple[Sequence[int], list[Read]]]:
    """Runs chunks on an executor; those that its death takes along go to `lost`."""
    from concurrent.futures import BrokenExecutor, as_completed

    futures: dict[Future[list[Read]], list[int]] = {
        executor.submit(summarise_all, [tasks[index] for index in indices]): indices for indices in chunks
    }
    try:
        for future in as_completed(futures):
            try:
                found = future.result()
            except BrokenExecutor:
                lost.append(futures[future])
                continue
            yield futures[future], found
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise


def _chunks(tasks: Sequence[Task], size: int) -> Iterator[list[int]]:
    """Indices of neighbouring files, of about `size` bytes together."""
    chunk: list[int] = []
    held = 0
    for index, task in enumerate(tasks):
        chunk.append(index)
        held += task.size
        if held >= size:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def default_jobs() -> int:
    """How many processes by default: the environment's wish, else the processors we may use."""
    if wish := os.environ.get("VETERAN_JOBS"):
        if not wish.isdecimal() or not int(wish):
            raise ValueError(f"VETERAN_JOBS: expected a number from 1, got {wish!r}")
        return int(wish)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
