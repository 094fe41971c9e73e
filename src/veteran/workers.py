"""Who does the work of a run: this process, processes of its own, or an executor that was given."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from veteran.timings import measured, phase, running

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future
    from types import TracebackType

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """Runs functions on batches of work. What is handed over and what comes back can be pickled.

    jobs: how many processes. executor: takes their place, and is not shut down.
    """

    def __init__(self, jobs: int, executor: Executor | None = None) -> None:
        self.jobs = jobs
        self._given = executor
        self._own: Executor | None = None

    @property
    def alone(self) -> bool:
        """Whether this process does all of it."""
        return self.jobs <= 1 and self._given is None

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    def run(self, function: Callable[[T], R], batches: Sequence[T]) -> Iterator[tuple[int, R | Exception]]:
        """(number of a batch, what the function made of it), as they are done; an error where its worker is lost."""
        from concurrent.futures import BrokenExecutor, as_completed

        executor = self._given or self._processes()
        clock = running()
        work: Callable[[T], Any] = partial(measured, function) if clock else function
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
                break
            problem = future.exception()
            if isinstance(problem, Exception):
                lost = problem if isinstance(problem, BrokenExecutor) else lost
                yield futures[future], problem
            elif clock:
                result, seconds = future.result()
                clock.add(seconds)
                yield futures[future], result
            else:
                yield futures[future], future.result()
        if lost:
            self._leave()

    def _processes(self) -> Executor:
        if self._own is None:
            from concurrent.futures import ProcessPoolExecutor

            self._own = ProcessPoolExecutor(self.jobs, initializer=_begin)
        return self._own

    def _leave(self) -> None:
        own, self._own = self._own, None
        if own is not None:
            own.shutdown(cancel_futures=True)


def _begin() -> None:
    """What a process of ours does first."""
    import signal

    # An interrupt from the keyboard reaches it too: it ends the process, and not just its current file.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()  # what it collects, and when, is decided file by file
