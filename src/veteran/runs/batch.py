"""Many files: summaries, then links, then what is reported, on one process or several, in the order given.

Each step is a function over batches of plain data that any `concurrent.futures.Executor` can run.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from veteran.families import tellers
from veteran.findings import Outcome, Result
from veteran.project.edges import CONTENT, Edges
from veteran.project.summary import Summary
from veteran.reading import content
from veteran.runs import one_file, understand
from veteran.runs.job import FileJob
from veteran.runs.linker import Linker
from veteran.runs.store import Read, Stores, digest_of, lasts
from veteran.runs.workers import Refused, Workers
from veteran.timings import phase

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from veteran.runs.snapshot import Earlier
    from veteran.settings import Settings

#: Below this many bytes more processes cost more than they bring.
WORTH_A_PROCESS = 1_500_000
BATCHES_PER_PROCESS = 8
MAX_BATCH = 2_000_000  # bytes: the progress bar moves when a batch is done
#: Of more files than this facts are held in a compact form, of fewer as they are, which saves the way back.
MANY = 2_000
#: Fewer files whose links others decide are linked by one process.
WORTH_LINKING_APART = 300

Progress = Callable[[int, int], None]


class Task(NamedTuple):
    """A file to read. size: in bytes."""

    job: FileJob
    size: int


class Linkable(NamedTuple):
    """A file whose links are to be made; with no summary one that others may ask. told: as of `Summary`."""

    summary: Summary | None
    job: FileJob
    told: dict[str, Any]


class Batch(NamedTuple):
    """Files to link, and those of the same project. kept: whether there is a cache."""

    files: list[Linkable]
    kept: bool


class Linked(NamedTuple):
    """What is reported of the files of a batch, and what was read for it."""

    results: list[Result]
    edges: Edges


class Checked(NamedTuple):
    """What a run found out. digests: of the content of each file; nothing where it may yield something else next time.

    edges: what was read of other files.
    """

    results: list[Result]
    digests: list[bytes]
    edges: Edges

    @property
    def outcome(self) -> Outcome:
        """What is reported."""
        return Outcome.of(self.results, len(self.results))


def run(
    files: Sequence[Path],
    settings_for: Callable[[Path], Settings],
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    stores: Stores | None = None,
) -> Outcome:
    """Checks files. What goes wrong in one file is a finding of that file.

    jobs: how many processes; executor: takes their place. stores: what is kept between runs.
    """
    try:
        checked = check(files, settings_for, jobs=jobs, executor=executor, progress=progress, stores=stores)
        return checked.outcome
    finally:
        if stores:
            stores.flush()


def check(
    files: Sequence[Path | str],
    settings_for: Callable[[Path], Settings],
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    stores: Stores | None = None,
    earlier: Earlier | None = None,
    complain: Callable[[str], None] | None = None,
) -> Checked:
    """As `run`, but nothing is written. earlier: a run over these files, of which as little is repeated as can be.

    complain: is told if there are fewer processes to be had.
    """
    if not gc.isenabled():
        gc.freeze()  # nobody has to look through what is there for good
    results = [Result([], [])] * len(files)
    digests = [b""] * len(files)
    again: Iterable[int] = range(len(files))
    if earlier:
        digests[:] = earlier.links.digests[: len(files)]
        for index, result in earlier.results.items():
            results[index] = result
        again = [index for index in earlier.changed if index < len(files)]
    with understand.uncollected():
        tasks = {index: _task(Path(files[index]), settings_for) for index in again}
        jobs = min(jobs, max(len(tasks), 1), sum(task.size for task in tasks.values()) // WORTH_A_PROCESS + 1)
        with Workers(jobs, executor, complain) as workers, phase("summaries"):
            reads = _read(tasks, len(files), workers, progress, stores)
            if earlier:
                linker = Linker(one_file.display, None, stores)
                others = [index for index in earlier.changed if index >= len(files)]
                more = _affected(earlier, tasks, reads, others, linker)
                tasks.update((index, _task(Path(files[index]), settings_for)) for index in more)
                reads.update(_read({index: tasks[index] for index in more}, len(files), workers, None, stores))
            with phase("links"):
                linked = _link(tasks, reads, workers, stores)
        for index, result in zip(sorted(reads), linked.results, strict=True):
            results[index] = result
            digests[index] = reads[index].digest if lasts(reads[index]) else b""
    return Checked(results, digests, linked.edges)


# Summaries


def _read(
    tasks: dict[int, Task], total: int, workers: Workers, progress: Progress | None, stores: Stores | None
) -> dict[int, Read]:
    """What these files yield, by the same keys."""
    reads: dict[int, Read] = {}
    with phase("cache"):
        for index, task in tasks.items() if stores else ():
            known = _known(task, cast("Stores", stores))
            if known is not None:
                reads[index] = known
    done = total - len(tasks) + len(reads)
    if progress and done:
        progress(done, total)
    pending = [index for index in tasks if index not in reads]
    for indices, found in _summaries([tasks[index] for index in pending], workers):
        for index, read in zip(indices, found, strict=True):
            task = tasks[pending[index]]
            reads[pending[index]] = read
            store = stores.of(task.job.settings) if stores else None
            if store:
                with phase("cache"):
                    store.keep(read, task.job)
        done += len(indices)
        if progress:
            progress(done, total)
    return reads


def _known(task: Task, stores: Stores) -> Read | None:
    """What a file yielded in an earlier run."""
    store = stores.of(task.job.settings)
    if store is None:
        return None
    try:
        digest = store.content(task.job.path).digest
    except OSError:
        return None
    summary = store.summary(digest, task.job)
    return Read(summary, digest) if summary is not None else None


def _affected(
    earlier: Earlier, tasks: dict[int, Task], reads: dict[int, Read], others: list[int], linker: Linker
) -> list[int]:
    """The files whose content is as it was, but not what they read of others. others: changed, but not checked."""
    links, stores = earlier.links, linker.stores
    kinds = {name: teller.kind for name, teller in tellers().items()}
    asked = {what: set(files) for what, files in links.asked.items()}
    ways = {what: kinds[what].way if what in kinds else what.removeprefix(CONTENT) for what in links.asked}
    changed = {way: set(others) for way in (*ways.values(), *links.ways)}
    for index, read in reads.items():
        before, job = links.digests[index], tasks[index].job
        if read.digest == before:
            continue
        store = stores.of(job.settings) if stores else None
        was = store.summary(before, job) if store else None
        for what in [what for what, files in asked.items() if index in files]:
            if what not in kinds or was is None or store is None:
                changed[ways[what]].add(index)
                continue
            kind = kinds[what]
            known = was.told.get(what)
            told = (known,) if known is not None else store.told(kind, before, job.settings)
            now = linker.told(kind, job)
            if told is None or (kind.nothing if told[0] is None else told[0]) != now:
                changed[kind.way].add(index)
    found = links.affected(changed)
    return sorted(index for index in found if index < earlier.checked and index not in tasks)


def _task(path: Path, settings_for: Callable[[Path], Settings]) -> Task:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Task(FileJob(path.absolute(), one_file.display(path), settings_for(path)), size)


def summarise_all(tasks: Sequence[Task]) -> list[Read]:
    """What these files yield: the work of one process."""
    if not gc.isenabled():
        gc.freeze()
    with understand.uncollected(), phase("summaries"):
        return [_summarise(task).lean() for task in tasks]


def _summarise(task: Task) -> Read:
    try:
        data, stat = content(task.job.path)
    except OSError as error:
        return Read(understand.unreadable(task.job.shown, error))
    summary = understand.summarise(task.job, data)
    gc.collect(0)
    return Read(summary, digest_of(data), stat)


def _summaries(tasks: Sequence[Task], workers: Workers) -> Iterator[tuple[Sequence[int], list[Read]]]:
    """(indices of tasks, their summaries), as they are done."""
    if not tasks:
        return
    if not workers.begin():
        for index, task in enumerate(tasks):
            read = _summarise(task)
            yield [index], [read.lean() if len(tasks) > MANY else read]
        return
    total = sum(task.size for task in tasks)
    batches = list(_batches(tasks, min(max(total // (workers.jobs * BATCHES_PER_PROCESS), 1), MAX_BATCH)))
    lost: list[list[int]] = []
    for number, found in workers.run(summarise_all, [[tasks[index] for index in indices] for indices in batches]):
        if isinstance(found, Exception):
            lost.append(batches[number])
        else:
            yield batches[number], found
    # Each batch again with a process of its own, then each file.
    while lost:
        indices = lost.pop(0)
        with Workers(1) as own:
            ((_, again),) = own.run(summarise_all, [[tasks[index] for index in indices]])
        if not isinstance(again, Exception):
            yield indices, again
        elif len(indices) == 1 or isinstance(again, Refused):
            yield indices, [Read(understand.crashed(tasks[index].job.shown, str(again))) for index in indices]
        else:
            middle = len(indices) // 2
            lost += [indices[:middle], indices[middle:]]


def _batches(tasks: Sequence[Task], size: int) -> Iterator[list[int]]:
    """Indices of neighbouring files, of about `size` bytes together."""
    batch: list[int] = []
    held = 0
    for index, task in enumerate(tasks):
        batch.append(index)
        held += task.size
        if held >= size:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


# Links


def _link(tasks: dict[int, Task], reads: dict[int, Read], workers: Workers, stores: Stores | None) -> Linked:
    """What is reported of all that was read, in the order of the indices."""
    order = sorted(reads)
    files = [_linkable(tasks[index], reads[index]) for index in order]
    if sum(bool(read.summary.begins) for read in reads.values()) >= WORTH_LINKING_APART and workers.begin():
        found = _linked_apart(files, workers, stores is not None)
        if found is not None:
            return found
    return _linked(files, stores)


def _linkable(task: Task, read: Read) -> Linkable:
    return Linkable(read.summary, task.job, read.summary.told)


def link_all(batch: Batch) -> Linked:
    """What is reported of these files: the work of one process."""
    stores = Stores() if batch.kept else None
    try:
        with understand.uncollected(), phase("links"):
            return _linked(batch.files, stores)
    finally:
        if stores:
            stores.flush()


def _linked(files: Sequence[Linkable], stores: Stores | None) -> Linked:
    linker = Linker(one_file.display, None, stores)
    for file in files:
        linker.give(file.job, file.told)
    own = [(file.summary, file.job) for file in files if file.summary is not None]
    found = zip(own, linker.link(own), strict=True)
    results = [Result(*one_file.finish(summary, linked, job)) for (summary, job), linked in found]
    return Linked(results, linker.edges())


def _linked_apart(files: Sequence[Linkable], workers: Workers, kept: bool) -> Linked | None:
    """The same by several workers, each with a part of a project; None where one of them is lost."""
    from veteran.project.import_resolver import project_for

    roots: dict[Path, list[int]] = {}
    for index, file in enumerate(files):
        roots.setdefault(project_for(file.job.path, file.job.settings.source_roots).root, []).append(index)
    share = len(files) // max(workers.jobs, 1) + 1
    parts: list[list[int]] = []
    batches: list[Batch] = []
    for indices in roots.values():
        for start in range(0, len(indices), share):
            part = indices[start : start + share]
            own = set(part)
            batches.append(Batch([files[i] if i in own else _aside(files[i]) for i in indices], kept))
            parts.append(part)
    results: dict[int, Result] = {}
    edges = Edges()
    for number, found in workers.run(link_all, batches):
        if isinstance(found, Exception):
            return None
        results.update(zip(parts[number], found.results, strict=True))
        edges.add(found.edges)
    return Linked([results[index] for index in range(len(files))], edges)


def _aside(file: Linkable) -> Linkable:
    """A file that is linked elsewhere."""
    return file._replace(summary=None)
