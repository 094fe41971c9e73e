"""Programs looked at one by one in processes that may hang or die, without harm to the others."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, TypeVar

T = TypeVar("T")
#: (what is wrong with a program, or nothing; the codes found in it).
Check = Callable[[bytes], tuple[str, tuple[str, ...]]]
#: Bytes of memory that a program may take, where the system counts them.
MEMORY = 6 << 30
#: Seconds that a process may take to begin, whatever else the machine does.
START = 120.0
#: Seconds that making a program may take: some are made many at a time.
MAKING = 600.0
_spawning = multiprocessing.get_context("spawn")


class Seen(NamedTuple):
    """What became of a program. program: as far as it was made. problem: empty where there is none.

    problem begins with its kind: `VET003`, `VET001`, `raised`, `differs`, `hangs`, `dies` or `not made`.
    codes: of what was found in it.
    """

    program: bytes
    problem: str
    codes: tuple[str, ...] = ()


class Look(NamedTuple):
    """What a process does with a job: makes a program of it and says what is wrong with that, and what was found."""

    make: Callable[[str], bytes]
    check: Check


class Watched:
    """A process that looks at programs. guard: seconds after which it hangs; a new one takes its place."""

    def __init__(self, look: Look, guard: float) -> None:
        self.look = look
        self.guard = guard
        self._pipe, self._process = self._started()

    def see(self, job: str) -> Seen:
        """What becomes of the program of that job."""
        program = b""
        step, guard = "not made", MAKING
        try:
            self._pipe.send(job)
            made = self._answer(guard)
            program = made.program
            if not made.problem:
                step, guard = "hangs", self.guard
                return self._answer(guard)
            problem = made.problem
        except TimeoutError:
            problem = f"{step}: no answer in {guard:g} s"
        except (EOFError, OSError):
            self._process.join(START)
            problem = f"dies: exit code {self._process.exitcode}"
        self.end()
        self._pipe, self._process = self._started()
        return Seen(program, problem)

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _started(self) -> tuple[Connection, multiprocessing.process.BaseProcess]:
        ours, theirs = _spawning.Pipe()
        process = _spawning.Process(target=_serve, args=(theirs, self.look), daemon=True)
        process.start()
        theirs.close()
        if not ours.poll(START):
            raise TimeoutError("a process does not begin")
        ours.recv()
        return ours, process

    def _answer(self, guard: float) -> Seen:
        if not self._pipe.poll(guard):
            raise TimeoutError
        seen: Seen = self._pipe.recv()
        return seen


def _serve(pipe: Connection, look: Look) -> None:
    """Answers jobs until nobody asks: with the program first, so that it is known whatever becomes of this process."""
    with suppress(ImportError, OSError, ValueError):  # not everywhere
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            pipe.send(None)
            while True:
                job = pipe.recv()
                try:
                    program = look.make(job)
                except Exception as error:
                    pipe.send(Seen(b"", f"not made: {type(error).__name__}: {error}"))
                    return
                pipe.send(Seen(program, ""))
                pipe.send(Seen(program, *look.check(program)))
        except (EOFError, OSError):
            return
        finally:
            os.chdir(Path(scratch).parent)


def watch(
    jobs: Iterable[T], name: Callable[[T], str], look: Look, guard: float, processes: int
) -> Iterator[tuple[T, Seen]]:
    """Each job and what was seen, as they are done."""
    pending = iter(jobs)
    turn = threading.Lock()
    seen: SimpleQueue[tuple[T, Seen] | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            watched = Watched(look, guard)
            try:
                while True:
                    with turn:
                        job = next(pending)
                    seen.put((job, watched.see(name(job))))
            except StopIteration:
                pass
            finally:
                watched.end()
        except BaseException as error:
            seen.put(error)
        else:
            seen.put(None)

    for _ in range(processes):
        threading.Thread(target=work, daemon=True).start()
    left = processes
    while left:
        found = seen.get()
        if isinstance(found, BaseException):
            raise found
        if found is None:
            left -= 1
        else:
            yield found
