"""Who does the work of a run: this process, processes of its own, or an executor that was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from veteran.timings import measured, phase, running

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from types import TracebackType

    from veteran.runs.processes import Pool

T = TypeVar("T")
R = TypeVar("R")


class Refused(Exception):
    """The system gives no process."""


class Workers:
    """Runs functions on batches of work. What is handed over and what comes back can be pickled.

    jobs: how many processes. executor: takes their place, and is not shut down. complain: is told, once, if the
    system does not give the processes.
    """

    def __init__(
        self, jobs: int, executor: Executor | None = None, complain: Callable[[str], None] | None = None
    ) -> None:
        self.jobs = jobs
        self._given = executor
        self._complain = complain
        self._own: Pool | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    def begin(self) -> bool:
        """Whether others do the work, whom that starts; else this process has to."""
        if self._given:
            return True
        if self.jobs > 1 and not self._own:
            wanted, pool = self.jobs, self._pool()
            self.jobs = pool.size
            if pool.size < 2:
                self._leave()
                self._tell(f"no processes to be had ({pool.problem}): going on with one")
            elif pool.size < wanted:
                self._tell(f"{pool.size} of {wanted} processes to be had ({pool.problem})")
        return self.jobs > 1

    def run(self, function: Callable[[T], R], batches: Sequence[T]) -> Iterator[tuple[int, R | Exception]]:
        """(number of a batch, what the function made of it), as they are done; an error where its worker is lost."""
        clock = running()
        work: Callable[[T], Any] = partial(measured, function) if clock else function
        whole = False
        try:
            lost = False
            for number, found in self._answers(work, batches):
                result = found
                if isinstance(found, Exception):
                    lost = True
                elif clock:
                    result, seconds = found
                    clock.add(seconds)
                yield number, result
            whole = not lost
        finally:
            if not whole:
                self._leave()

    def _answers(self, work: Callable[[T], Any], batches: Sequence[T]) -> Iterator[tuple[int, Any]]:
        if self._given:
            return _executed(self._given, work, batches)
        pool = self._pool()
        if not pool.size:
            refused = Refused(f"no process to be had ({pool.problem})")
            return ((number, refused) for number in range(len(batches)))
        return pool.run(work, batches)

    def _pool(self) -> Pool:
        if self._own is None:
            from veteran.runs.processes import Pool

            self._own = Pool(self.jobs)
        return self._own

    def _leave(self) -> None:
        own, self._own = self._own, None
        if own is not None:
            own.end()

    def _tell(self, problem: str) -> None:
        if self._complain:
            self._complain(problem)


def _executed(executor: Executor, work: Callable[[T], Any], batches: Sequence[T]) -> Iterator[tuple[int, Any]]:
    """(number of a batch, what an executor made of it, or the error)."""
    from concurrent.futures import BrokenExecutor, as_completed

    futures: dict[Future[Any], int] = {}
    lost: Exception | None = None
    try:
        futures.update((executor.submit(work, batch), number) for number, batch in enumerate(batches))
    except BrokenExecutor as error:  # it died of an earlier batch
        lost = error
    if lost:
        yield from ((number, lost) for number in range(len(futures), len(batches)))
    done = as_completed(futures)
    while True:
        with phase("waiting for processes"):
            future = next(done, None)
        if future is None:
            return
        problem = future.exception()
        yield futures[future], problem if isinstance(problem, Exception) else future.result()
