"""Stacks: the one thread with a large one, and what has to run on it because of where it was called."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
#: Only touched pages cost memory. Smaller ones are tried where the system refuses (`ulimit -v`).
STACK_SIZES = (512 << 20, 128 << 20, 32 << 20)
#: On smaller ones not even CPython's own parser is safe.
_ROOMY = 4 << 20


class _Worker:
    """One thread with a large stack that works for the whole process: its pages are touched once."""

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)  # threads do not survive a fork

    def forget(self) -> None:
        self.turn = threading.Lock()
        self.thread: threading.Thread | None = None
        self.work: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def run(self, work: Callable[[], T]) -> T:
        """What `work()` returns or raises on that thread."""
        if threading.current_thread() is self.thread:
            return work()
        results: list[T] = []
        errors: list[BaseException] = []
        done = threading.Event()

        def answer() -> None:
            try:
                results.append(work())
            except BaseException as error:  # the native parser's panics are no Exception
                errors.append(error)
            done.set()

        with self.turn:
            if self.thread is None or not self.thread.is_alive():
                self.thread = _started(self._loop)
            self.work.put(answer)
            done.wait()
        if errors:
            raise errors[0]
        return results[0]

    def _loop(self) -> None:
        while True:
            self.work.get()()


_worker = _Worker()
_stack_size = threading.Lock()


def on_large_stack(work: Callable[[], T]) -> T:
    """What `work()` returns or raises, run on a thread with a stack that deep trees do not overflow.

    Hosts give too little: editors run threads with small stacks, and the native parser needs about
    a kilobyte a frame.
    """
    return _worker.run(work)


def _started(run: Callable[[], None]) -> threading.Thread:
    """A started thread with the largest stack that the system grants."""
    problem: Exception = MemoryError()
    with _stack_size:
        before = threading.stack_size()
        try:
            for size in STACK_SIZES:
                thread = threading.Thread(target=run, name="veteran-parse", daemon=True)
                try:
                    threading.stack_size(size)
                    thread.start()
                except (RuntimeError, ValueError, MemoryError) as error:
                    problem = error
                    continue
                return thread
        finally:
            threading.stack_size(before)
    raise MemoryError(f"no thread with a large stack to be had ({problem})")


class _Here(threading.local):
    """Of the current thread: whether its stack is large enough for all but deep trees. None until asked."""

    roomy: bool | None = None


_here = _Here()


def roomy(function: Callable[P, T]) -> Callable[P, T]:
    """The function, run on the large stack where the host called it on a thread that was given a small one."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if _here.roomy is None:
            _here.roomy = _has_room()
        if _here.roomy:
            return function(*args, **kwargs)
        return on_large_stack(lambda: function(*args, **kwargs))

    return run


def _has_room() -> bool:
    """Whether the current thread's stack is that of the system, or no smaller than it needs to be."""
    if threading.current_thread() is threading.main_thread():
        return True
    with _stack_size:
        size = threading.stack_size()
        if size:
            threading.stack_size(size)  # to ask takes it back
    return not 0 < size < _ROOMY
