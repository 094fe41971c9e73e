"""Many files: summaries on one process or several, then link and report, in the order given."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from veteran import engine
from veteran.analysis.link import link
from veteran.analysis.summary import Summary
from veteran.findings import Finding

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from veteran.settings import Settings

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
) -> Outcome:
    """Checks files. What goes wrong in one file is a finding of that file."""
    tasks = [_task(path, settings_for(path)) for path in files]
    done = 0
    summaries: dict[int, Summary] = {}
    for indices, found in _summaries(tasks, jobs):
        summaries.update(zip(indices, found, strict=True))
        done += len(indices)
        if progress:
            progress(done, len(tasks))
    findings: list[Finding] = []
    warnings: list[Finding] = []
    ordered = (summaries[index] for index in range(len(tasks)))
    for task, (summary, linked) in zip(tasks, link(ordered), strict=True):
        kept, malformed = engine.finish(summary, linked, task.settings)
        findings += kept
        warnings += malformed
    return Outcome(findings, len(tasks), warnings)


def _task(path: Path, settings: Settings) -> Task:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Task(path, display(path), settings, size)


def display(path: Path) -> str:
    """The path as findings show it: below the working directory relative to it, with forward slashes."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def summarise_all(tasks: Sequence[Task]) -> list[Summary]:
    """The summaries of these files: what one process does."""
    return [_summarise(task) for task in tasks]


def _summarise(task: Task) -> Summary:
    try:
        data = task.path.read_bytes()
    except OSError as error:
        return engine.unreadable(task.shown, error)
    return engine.summarise(task.shown, data, task.settings)


def _summaries(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Sequence[int], list[Summary]]]:
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
                yield dead, [engine.crashed(tasks[dead[0]].shown, "the process died")]
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
) -> Iterator[tuple[Sequence[int], list[Summary]]]:
    """Runs chunks on an executor; those that its death takes along go to `lost`."""
    from concurrent.futures import BrokenExecutor, as_completed

    futures: dict[Future[list[Summary]], list[int]] = {
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
