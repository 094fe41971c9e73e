"""The one parse of a file, on a stack of its own, and the places of the few nodes that are reported."""

from __future__ import annotations

import ast
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from queue import SimpleQueue
from typing import TypeVar

import libcst as cst
from libcst._nodes.internal import CodegenState

from veteran.analysis.source import NEWLINE, Source, SourceError
from veteran.findings import Span

T = TypeVar("T")
#: Only touched pages cost memory. Smaller ones are tried where the system refuses (`ulimit -v`).
STACK_SIZES = (512 << 20, 128 << 20, 32 << 20)


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
    with _stack_size:
        before = threading.stack_size()
        try:
            for size in STACK_SIZES:
                thread = threading.Thread(target=run, name="veteran-parse", daemon=True)
                try:
                    threading.stack_size(size)
                    thread.start()
                except (RuntimeError, ValueError, MemoryError):
                    continue
                return thread
        finally:
            threading.stack_size(before)
    raise MemoryError("no memory for a stack to parse on")


def parse(source: Source) -> cst.Module:
    """The tree of a file, parsed once. SourceError, with the place, where it is no program."""
    return on_large_stack(lambda: _parse(source))


def _parse(source: Source) -> cst.Module:
    try:
        return cst.parse_module(source.parse_text)
    except cst.ParserSyntaxError as error:
        line, column = error.raw_line, error.raw_column + 1
        raise _explained(source.parse_text) or SourceError(
            "libcst cannot parse this, though CPython can", max(line, 1), max(column, 1)
        ) from None
    except Exception as error:
        raise SourceError(f"the parser failed: {type(error).__name__}: {error}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise SourceError(f"the parser failed: {error}") from None


def _explained(text: str) -> SourceError | None:
    """CPython's own words for the syntax error, which are better than a grammar's; None if it sees none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except SyntaxError as error:
            return SourceError(error.msg, max(error.lineno or 1, 1), max(error.offset or 1, 1))
        except (ValueError, RecursionError, MemoryError) as error:
            return SourceError(str(error) or type(error).__name__)
    return None


class _Recorder(CodegenState):
    """Writes code as libcst does and notes where the wanted nodes stand. Offsets count from the start."""

    # libcst gives positions through a metadata provider only, at several times the cost of the parse.
    def __init__(self, module: cst.Module, wanted: frozenset[cst.CSTNode]) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.offset = 0
        self.wanted = wanted
        self.entered: list[tuple[cst.CSTNode, int]] = []
        self.found: dict[cst.CSTNode, tuple[int, int]] = {}

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.add_token(token)

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if node in self.wanted:
            self.entered.append((node, self.offset))

    def after_codegen(self, node: cst.CSTNode) -> None:
        if node in self.wanted:
            _, start = self.entered.pop()
            self.found.setdefault(node, (start, self.offset))

    def record_syntactic_position(  # type: ignore[override]  # made for each node: a generator costs too much
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> AbstractContextManager[None]:
        return self._recorded(node) if node in self.wanted else _UNRECORDED

    @contextmanager
    def _recorded(self, node: cst.CSTNode) -> Iterator[None]:
        start = self.offset
        yield
        self.found[node] = (start, self.offset)


_UNRECORDED = nullcontext()


def locate(source: Source, module: cst.Module, wanted: Iterable[tuple[int, cst.CSTNode]]) -> dict[cst.CSTNode, Span]:
    """Where nodes stand. wanted: (index of the statement in the module's body, node).

    Only the statements that hold a wanted node are written out again: the logical lines say where each
    statement of the body begins, and the text written is compared with the text read.
    """
    by_statement: dict[int, set[cst.CSTNode]] = {}
    for index, node in wanted:
        by_statement.setdefault(index, set()).add(node)
    tops = [entry for entry in source.logical if entry.top]
    spans: dict[cst.CSTNode, Span] = {}
    exact = len(tops) == len(module.body)
    for index, nodes in by_statement.items():
        statement = module.body[index]
        recorder = _Recorder(module, frozenset(nodes))
        _write(recorder, statement)
        begin = -1
        if exact:
            first = tops[index].first - len(statement.leading_lines)
            begin = source.starts[first - 1] if first > 0 else -1
        written = "".join(recorder.tokens)
        if begin < 0 or not _matches(source.parse_text, begin, written):
            recorder = _Recorder(module, frozenset(nodes))
            _write(recorder, module)
            begin = 0
        for node, (start, stop) in recorder.found.items():
            spans[node] = _span(source, begin + start, begin + stop)
    return spans


def locate_all(source: Source, module: cst.Module, wanted: Iterable[cst.CSTNode]) -> dict[cst.CSTNode, Span]:
    """Where nodes of any statements stand; it writes the whole module out again."""
    recorder = _Recorder(module, frozenset(wanted))
    _write(recorder, module)
    return {node: _span(source, start, stop) for node, (start, stop) in recorder.found.items()}


def _matches(text: str, begin: int, written: str) -> bool:
    if text.startswith(written, begin):
        return True
    # The last statement of a file without a final newline is written with one.
    return text[begin:] == NEWLINE.sub("", written[-2:]).join((written[:-2], ""))


def _write(state: _Recorder, node: cst.CSTNode) -> None:
    """Code generation recurses with the tree; a chain within the screening limits may need more frames."""
    try:
        node._codegen(state)
    except RecursionError:
        limit = sys.getrecursionlimit()
        state.__init__(cst.Module([], default_indent=state.default_indent), state.wanted)  # type: ignore[misc]
        try:
            sys.setrecursionlimit(max(limit, 50_000))
            on_large_stack(lambda: node._codegen(state))
        finally:
            sys.setrecursionlimit(limit)


def _span(source: Source, start: int, stop: int) -> Span:
    line, end_line = source.line_at(start), source.line_at(stop)
    return Span(line, start - source.starts[line - 1] + 1, end_line, stop - source.starts[end_line - 1] + 1)
