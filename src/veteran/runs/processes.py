"""Processes of our own: they work on batches, end with this process, and import nothing from the working directory.

Not those of `multiprocessing`: these start in the working directory, with it on their path, need semaphores and
processes beside, and outlive a parent that is killed. Here there are two pipes to each process and a thread for each:
the end of the one means that this process is gone, whatever ended it.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol

from veteran.imports import outside, secure
from veteran.timings import phase

if TYPE_CHECKING:
    from signal import Signals

#: What may go wrong where the system has no process, pipe or thread to give.
REFUSALS = (OSError, RuntimeError, MemoryError)
#: The program of a process that is started anew. Arguments: our working directory, and our path.
PROGRAM = """
import sys
sys.path[:] = sys.argv[2:]
try:
    from veteran.runs.processes import attend
    attend(sys.argv[1])
except KeyboardInterrupt:
    sys.exit(130)
"""
_LENGTH = 8  # bytes of the number before each message

Work = Callable[[Any], Any]


class Lost(Exception):
    """A process ended before its work was done, or there was none to do it."""


class _Child(Protocol):
    def kill(self) -> None:
        """Ends it, if it has not ended."""

    def wait(self) -> int:
        """Returns when it has ended."""


class _Process(NamedTuple):
    """One of them, seen from here. The pipes: what it gets to do, what it answers."""

    child: _Child
    tasks: IO[bytes]
    answers: IO[bytes]

    def end(self) -> None:
        self.child.kill()
        self.child.wait()
        for stream in (self.tasks, self.answers):
            with suppress(OSError):
                stream.close()


class Pool:
    """Up to `number` processes at work. size: how many there are; problem: why there are not more, or nothing."""

    def __init__(self, number: int) -> None:
        self.problem = ""
        self._processes: list[_Process] = []
        self._threads: list[threading.Thread] = []
        self._tasks: SimpleQueue[tuple[int, Work, Any] | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[int, bytes | Exception] | None] = SimpleQueue()
        try:
            self._start(number)
            self._attend()
        except BaseException:
            self.end()
            raise
        self.size = self._living = len(self._threads)

    def run(self, work: Work, batches: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """(number of a batch, what the function made of it), as they are done; `Lost` where its process died."""
        for number, batch in enumerate(batches):
            self._tasks.put((number, work, batch))
        missing = set(range(len(batches)))
        while missing and self._living:
            with phase("waiting for processes"):
                answer = self._answers.get()
            if answer is None:
                self._living -= 1
                continue
            number, data = answer
            missing.remove(number)
            yield number, data if isinstance(data, Exception) else _opened(data)
        yield from ((number, Lost("no process is left")) for number in sorted(missing))

    def end(self) -> None:
        """Ends the processes, whatever they do."""
        for process in self._processes:
            process.child.kill()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.end()

    def _start(self, number: int) -> None:
        """Starts them all, before any thread, and keeps those that say that they are ready."""
        start = _forked if _may_fork() else _fresh
        try:
            for _ in range(number):
                self._processes.append(start(self._processes))
        except REFUSALS as error:
            self.problem = _reason(error)
        for process in self._processes[:]:
            try:
                problem = _received(process.answers).decode()
            except (OSError, EOFError):
                problem = "it ended at its start"
            if problem:
                self._drop(process, problem)

    def _attend(self) -> None:
        for process in self._processes[:]:
            thread = threading.Thread(target=self._hand_over, args=(process,), name="veteran-process", daemon=True)
            try:
                thread.start()
            except REFUSALS as error:
                self._drop(process, _reason(error))
            else:
                self._threads.append(thread)

    def _drop(self, process: _Process, problem: str) -> None:
        process.end()
        self._processes.remove(process)
        self.problem = problem

    def _hand_over(self, process: _Process) -> None:
        """What the thread of a process does, until there is nothing more or the process died."""
        try:
            while task := self._tasks.get():
                number, work, batch = task
                try:
                    data = pickle.dumps((work, batch), pickle.HIGHEST_PROTOCOL)
                except Exception as error:
                    self._answers.put((number, error))
                    continue
                try:
                    _send(process.tasks, data)
                    del data, task, batch
                    self._answers.put((number, _received(process.answers)))
                except (OSError, EOFError, MemoryError):
                    self._answers.put((number, Lost("the process died")))
                    return
        finally:
            self._answers.put(None)


def attend(directory: str) -> NoReturn:
    """What a process that was started anew does: it works for the one at the other ends of its standard streams.

    directory: where paths are relative to. The path to import from is as it was told.
    """
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with suppress(OSError):  # gone, so that no relative path means anything
        os.chdir(directory)
    _work(tasks, answers)


# Starting one


def _may_fork() -> bool:
    """Whether a copy of this process would be sound: not beside other threads, whose locks nobody would release.

    Nor on macOS, whose libraries do not bear it.
    """
    if sys.platform != "linux":
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208
    except OSError:
        return threading.active_count() == 1


def _forked(earlier: Sequence[_Process]) -> _Process:
    """A copy of this process, which has all that is imported. earlier: their pipes are not for its hands."""
    ends: list[int] = []
    try:
        ends += os.pipe()
        ends += os.pipe()
        child = os.fork()
    except BaseException:
        for end in ends:
            os.close(end)
        raise
    tasks, our_tasks, our_answers, answers = ends
    if child:
        os.close(tasks)
        os.close(answers)
        return _Process(_Copy(child), os.fdopen(our_tasks, "wb"), os.fdopen(our_answers, "rb"))
    try:
        for end in (our_tasks, our_answers, *(pipe.fileno() for _, *pipes in earlier for pipe in pipes)):
            os.close(end)
        _work(os.fdopen(tasks, "rb"), os.fdopen(answers, "wb"))
    finally:
        os._exit(1)


class _Copy:
    """A process that was forked."""

    def __init__(self, number: int) -> None:
        self._number = number

    def kill(self) -> None:
        from signal import SIGKILL

        self._if_there(os.kill, SIGKILL)

    def wait(self) -> int:
        self._if_there(os.waitpid, 0)
        self._number = 0
        return 0

    def _if_there(self, function: Callable[[int, Any], object], argument: Signals | int) -> None:
        with suppress(ProcessLookupError, ChildProcessError):
            if self._number:
                function(self._number, argument)


def _fresh(_: Sequence[_Process]) -> _Process:
    """A new interpreter. It starts in the standard library, where nothing but that can be found.

    So even what it imports before `PROGRAM` runs is not of our working directory.
    """
    import subprocess

    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined] # as multiprocessing does
    try:
        here = os.getcwd()  # noqa: PTH109
    except OSError:
        here = os.curdir
    child = subprocess.Popen(
        [sys.executable, *flags, "-c", PROGRAM, here, *outside()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=os.path.dirname(os.__file__),  # noqa: PTH120
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert child.stdin
    assert child.stdout
    return _Process(child, child.stdin, child.stdout)


# In the process


def _work(tasks: IO[bytes], answers: IO[bytes]) -> NoReturn:
    """Answers tasks until their end."""
    try:
        _settle(tasks, answers)
        waiting: SimpleQueue[bytes] = SimpleQueue()
        try:
            threading.Thread(target=_listen, args=(tasks, waiting), daemon=True).start()
            _try_stack()
        except REFUSALS as error:
            _send(answers, _reason(error).encode())
        else:
            _send(answers, b"")
            while True:
                _send(answers, _answer(waiting.get()))
    finally:
        os._exit(1)


def _settle(tasks: IO[bytes], answers: IO[bytes]) -> None:
    """Makes this process one that works for another."""
    import gc
    import signal

    secure()
    # A signal ends it, and not just its current file; whatever the host made of that.
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    gc.disable()  # what it collects, and when, is decided file by file
    # Whoever reads what the command prints waits for the last process that could write there.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in {0, 1} - {tasks.fileno(), answers.fileno()}:
        os.dup2(nothing, stream)


def _try_stack() -> None:
    """Starts the thread that files are parsed on. Raises MemoryError where there is none to be had."""
    from veteran.stacks import on_large_stack

    on_large_stack(lambda: None)


def _listen(tasks: IO[bytes], waiting: SimpleQueue[bytes]) -> None:
    """Takes tasks from the pipe. At its end there is nobody left to work for."""
    try:
        while True:
            waiting.put(_received(tasks))
    finally:
        os._exit(0)


def _answer(data: bytes) -> bytes:
    """The message that says what became of a task."""
    try:
        work, batch = pickle.loads(data)
        return pickle.dumps((work(batch), ""), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return pickle.dumps((None, f"{type(error).__name__}: {error}"))


# Messages


def _opened(data: bytes) -> Any:
    """What a function made of a batch, or an exception in its place."""
    found, problem = pickle.loads(data)
    return RuntimeError(problem) if problem else found


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(_LENGTH, "big"))
    stream.write(data)
    stream.flush()


def _received(stream: IO[bytes]) -> bytes:
    """The next message; EOFError where there is none, or not all of it."""
    head = stream.read(_LENGTH)
    size = int.from_bytes(head, "big")
    data = stream.read(size) if len(head) == _LENGTH else b""
    if len(head) < _LENGTH or len(data) < size:
        raise EOFError
    return data


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
