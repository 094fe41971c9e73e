"""Many files: summaries on one process or several, then link and report, in the order given."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from veteran import engine
from veteran.findings import Outcome, Result
from veteran.linker import Linker
from veteran.store import Read, digest_of, lasts

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from veteran.settings import Settings
    from veteran.snapshot import Earlier
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


class Checked(NamedTuple):
    """What a run found out. digests: of the content of each file; nothing where it may yield something else next time.

    linker: knows what was read of other files.
    """

    results: list[Result]
    digests: list[bytes]
    linker: Linker

    @property
    def outcome(self) -> Outcome:
        """What is reported."""
        return Outcome.of(self.results, len(self.results))


def run(
    files: Sequence[Path],
    settings_for: Callable[[Path], Settings],
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    stores: Stores | None = None,
) -> Outcome:
    """Checks files. What goes wrong in one file is a finding of that file. stores: what is kept between runs."""
    try:
        return check(files, settings_for, jobs=jobs, progress=progress, stores=stores).outcome
    finally:
        if stores:
            stores.flush()


def check(
    files: Sequence[Path | str],
    settings_for: Callable[[Path], Settings],
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    stores: Stores | None = None,
    earlier: Earlier | None = None,
) -> Checked:
    """As `run`, but nothing is written. earlier: a run over these files, of which as little is repeated as can be."""
    linker = Linker(engine.display, None, stores)
    results = [Result([], [])] * len(files)
    digests = [b""] * len(files)
    again: Iterable[int] = range(len(files))
    if earlier:
        digests[:] = earlier.links.digests[: len(files)]
        for index, result in earlier.results.items():
            results[index] = result
        again = [index for index in earlier.changed if index < len(files)]
    with engine.uncollected():
        tasks = {index: _task(Path(files[index]), settings_for) for index in again}
        reads = _read(tasks, len(files), jobs, progress, stores)
        if earlier:
            others = [index for index in earlier.changed if index >= len(files)]
            more = _affected(earlier, tasks, reads, others, linker)
            tasks.update((index, _task(Path(files[index]), settings_for)) for index in more)
            reads.update(_read({index: tasks[index] for index in more}, len(files), jobs, None, stores))
        order = sorted(reads)
        ordered = [(reads[index].summary, tasks[index].path.absolute(), tasks[index].settings) for index in order]
        for index, (summary, _, settings), linked in zip(order, ordered, linker.link(ordered), strict=True):
            results[index] = Result(*engine.finish(summary, linked, settings))
            digests[index] = reads[index].digest if lasts(reads[index]) else b""
    return Checked(results, digests, linker)


def _read(
    tasks: dict[int, Task], total: int, jobs: int, progress: Progress | None, stores: Stores | None
) -> dict[int, Read]:
    """What these files yield, by the same keys."""
    reads: dict[int, Read] = {}
    for index, task in tasks.items() if stores else ():
        known = _known(task, cast("Stores", stores))
        if known is not None:
            reads[index] = known
    done = total - len(tasks) + len(reads)
    if progress and done:
        progress(done, total)
    pending = [index for index in tasks if index not in reads]
    for indices, found in _summaries([tasks[index] for index in pending], jobs):
        for index, read in zip(indices, found, strict=True):
            task = tasks[pending[index]]
            reads[pending[index]] = read
            store = stores.of(task.settings) if stores else None
            if store:
                store.keep(read, task.settings, task.path)
        done += len(indices)
        if progress:
            progress(done, total)
    return reads


def _known(task: Task, stores: Stores) -> Read | None:
    """What a file yielded in an earlier run."""
    store = stores.of(task.settings)
    if store is None:
        return None
    try:
        digest = store.content(task.path).digest
    except OSError:
        return None
    summary = store.summary(digest, task.shown, task.settings)
    return Read(summary, digest) if summary is not None else None


def _affected(
    earlier: Earlier, tasks: dict[int, Task], reads: dict[int, Read], others: list[int], linker: Linker
) -> list[int]:
    """The files whose content is as it was, but not what they read of others. others: changed, but not checked."""
    links, stores = earlier.links, linker.stores
    facts, outlooks, contents = set(others), set(others), set(others)
    for index, read in reads.items():
        before = links.digests[index]
        if read.digest == before:
            continue
        contents.add(index)
        settings = tasks[index].settings
        store = stores.of(settings) if stores else None
        known = store.facts(before, settings) if store else None
        if known is None or known[0] != linker.facts_at(tasks[index].path.absolute(), settings):
            facts.add(index)
        was = store.summary(before, tasks[index].shown, settings) if store else None
        if was is None or was.outlook != read.summary.outlook:
            outlooks.add(index)
    found = links.affected(facts, outlooks, contents)
    return sorted(index for index in found if index < earlier.checked and index not in tasks)


def _task(path: Path, settings_for: Callable[[Path], Settings]) -> Task:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Task(path, engine.display(path), settings_for(path), size)


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
