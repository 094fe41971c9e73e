"""The one parse of a file, on a stack of its own, and where its nodes stand."""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TypeVar

import libcst as cst
from libcst._nodes.internal import CodegenState

from veteran.analysis.syntax.nodes import Converter, Unconverted, children, normalised, read, respell
from veteran.analysis.syntax.source import NEWLINE, Source, SourceError
from veteran.findings import Span
from veteran.stacks import on_large_stack

T = TypeVar("T")
#: libcst's parser tries every way to read the brackets in these, several at each level.
_TRIED = re.compile(r"[ \t\f]*(?:case\b|(?:.*[:;][ \t\f]*)?del\b)")
MAX_TRIED = 7


class Tree(ABC):
    """A file's tree. Ranges are offsets in the text that was parsed."""

    source: Source
    module: cst.Module

    @abstractmethod
    def range(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where a node begins and ends, without the parentheses around it. KeyError where it is not in the tree."""

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node stands. KeyError where it is not in the tree."""
        start, stop = self.range(node)
        source = self.source
        line, end_line = source.line_at(start), source.line_at(stop)
        return Span(line, start - source.starts[line - 1] + 1, end_line, stop - source.starts[end_line - 1] + 1)

    def code(self, node: cst.CSTNode) -> str:
        """The text of a node."""
        start, stop = self.range(node)
        return self.source.parse_text[start:stop]


class HostTree(Tree):
    """A tree that CPython's parser has read."""

    def __init__(self, source: Source, converter: Converter) -> None:
        self.source = source
        self.module = converter.module
        self.converter = converter

    def range(self, node: cst.CSTNode) -> tuple[int, int]:
        place = self.converter.places.get(id(node)) or self._in_fragments.get(id(node))
        if place is not None:
            return self.converter.range(place)
        ranges = []
        for child in children(node):
            with suppress(KeyError):
                ranges.append(self.range(child))
        if not ranges:
            raise KeyError(type(node).__name__)  # its `repr` needs the layout
        return min(start for start, _ in ranges), max(stop for _, stop in ranges)

    def span(self, node: cst.CSTNode) -> Span:
        return self.converter.span(node) or super().span(node)

    @cached_property
    def _in_fragments(self) -> dict[int, tuple[int, int]]:
        """Where the nodes in strings with fields stand."""
        found: dict[int, tuple[int, int]] = {}
        for fragment in self.converter.fragments:
            shift = fragment.shift
            ranges = _ranges(fragment.node, fragment.code, fragment.spelled)
            found.update({key: (start + shift, stop + shift) for key, (start, stop) in ranges.items()})
        return found


class ParsedTree(Tree):
    """A tree that libcst's parser has read."""

    def __init__(self, source: Source, module: cst.Module) -> None:
        self.source = source
        self.module = module
        self.spelled = normalised(module, source.parse_text)

    def range(self, node: cst.CSTNode) -> tuple[int, int]:
        return self._ranges[id(node)]

    @cached_property
    def _ranges(self) -> dict[int, tuple[int, int]]:
        return _ranges(self.module, self.source.parse_text, self.spelled)


def parse(source: Source) -> Tree:
    """The tree of a file, parsed once. SourceError, with the place, where it is no program.

    The host's own parser is tried first; what it does not know yet, libcst's may.
    """
    return on_large_stack(lambda: _parse(source))


def _parse(source: Source) -> Tree:
    try:
        return HostTree(source, read(source))
    except Unconverted as error:
        return ParsedTree(source, _parsed(source, error))


def _parsed(source: Source, reason: Unconverted) -> cst.Module:
    """What libcst's parser makes of a text that CPython's did not read for that reason."""
    depth, line = source.nesting_where(_TRIED)
    if depth > MAX_TRIED:
        message = str(reason) if reason.line else f"more than {MAX_TRIED} nested brackets in a pattern or `del`"
        raise SourceError(message, reason.line or line, reason.column or 1)
    if costly := source.too_costly():
        message = str(reason) if reason.line else "an expression too long for the parser"
        raise SourceError(message, reason.line or costly, reason.column or 1)
    try:
        return cst.parse_module(source.parse_text)
    except cst.ParserSyntaxError as error:
        if reason.line:  # CPython's words are better than a grammar's
            raise SourceError(str(reason), reason.line, reason.column) from None
        line, column = error.raw_line, error.raw_column + 1
        raise SourceError("libcst cannot parse this, though CPython can", max(line, 1), max(column, 1)) from None
    except Exception as error:
        raise SourceError(f"the parser failed: {type(error).__name__}: {error}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise SourceError(f"the parser failed: {error}") from None


class _Recorder(CodegenState):
    """Writes code as libcst does and notes where each node stands, by its id. Offsets count from the start."""

    # libcst gives positions through a metadata provider only, at several times the cost of the parse.
    def __init__(self, module: cst.Module) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.offset = 0
        self.opened = 0  # offset of the last opening parenthesis
        self.entered: list[int] = []
        self.bare: list[tuple[int, int]] = []  # generators that a call's parentheses enclose, and where those begin
        self.cut: list[tuple[cst.If, cst.If]] = []
        self.driven: set[int] = set()
        self.next: cst.If | None = None
        self.found: dict[int, tuple[int, int]] = {}

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.add_token(token)

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        if value == "(":
            self.opened = self.offset
        self.offset += len(value)
        if value == ")" and self.bare:
            key, start = self.bare.pop()
            self.found[key] = start, self.offset

    def before_codegen(self, node: cst.CSTNode) -> None:
        bare = isinstance(node, cst.GeneratorExp) and not node.lpar
        self.entered.append(self.opened if bare else self.offset)
        if isinstance(node, cst.If) and isinstance(node.orelse, cst.If):
            self.cut.append((node, node.orelse))
            object.__setattr__(node, "orelse", None)

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self.entered.pop()
        if isinstance(node, cst.GeneratorExp) and not node.lpar:
            self.bare.append((id(node), start))  # the call's parentheses are those of its only argument, for CPython
            return
        # The parentheses of these belong to them, as CPython sees it.
        if id(node) not in self.found or isinstance(node, (cst.Tuple, cst.GeneratorExp)):
            self.found[id(node)] = start, self.offset - (self._blanks() if isinstance(node, cst.Slice) else 0)
        if self.cut and self.cut[-1][0] is node:
            self._write_elifs(node)

    def _blanks(self) -> int:
        """How much of what is written is blanks and comments at its end."""
        length = 0
        for token in reversed(self.tokens):
            if token and not token.isspace() and token[0] not in "#\\":
                break
            length += len(token)
        return length

    def _write_elifs(self, node: cst.CSTNode) -> None:
        """Writes the branches that were cut off a statement, one after the other: there may be thousands."""
        after = self.mend()
        if id(node) in self.driven:
            self.next = after
            return
        self.next = after
        while self.next is not None:
            branch, self.next = self.next, None
            self.driven.add(id(branch))
            branch._codegen(self, is_elif=True)

    def mend(self) -> cst.If:
        node, after = self.cut.pop()
        object.__setattr__(node, "orelse", after)
        return after

    @contextmanager
    def record_syntactic_position(
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> Iterator[None]:
        start = self.offset
        yield
        stop = self.offset
        if start_node is not None:
            start = self.found.get(id(start_node), (start, stop))[0]
        if end_node is not None:
            stop = self.found.get(id(end_node), (start, stop))[1]
        self.found[id(node)] = start, stop


def _ranges(node: cst.CSTNode, text: str, spelled: list[tuple[cst.Name, str]]) -> dict[int, tuple[int, int]]:
    """Where all in a node stands in the text that libcst has made it of, by id. spelled: names, as they are written."""
    recorder = on_large_stack(lambda: _recorded(node, text, spelled))  # code generation recurses with the tree
    written = "".join(recorder.tokens)
    if text.startswith(written):
        return recorder.found
    offsets = _aligned(written, text)
    return {
        key: (offsets[start], offsets[stop - 1] + 1 if stop > start else offsets[start])
        for key, (start, stop) in recorder.found.items()
    }


_INK = re.compile(r"[^ \t\f\r\n\\\ufeff]")


def _aligned(written: str, text: str) -> list[int]:
    """For each offset in what libcst has written that in the text: it loses or moves some blanks and form feeds."""
    offsets = [0] * (len(written) + 1)
    last = 0
    for one, other in zip(_INK.finditer(written), _INK.finditer(text), strict=False):
        at, to = one.start(), other.start()
        offsets[last:at] = [min(offsets[last] + more, to) for more in range(at - last)]
        offsets[at] = to
        offsets[at + 1] = to + 1
        last = at + 1
    offsets[last:] = [min(offsets[last] + more, len(text)) for more in range(len(offsets) - last)]
    return offsets


def _recorded(node: cst.CSTNode, text: str, spelled: list[tuple[cst.Name, str]]) -> _Recorder:
    """Writes a node and notes where all in it begins and ends in its code."""
    read = [(name, name.value) for name, _ in spelled]
    newline = NEWLINE.search(text)
    module = node if isinstance(node, cst.Module) else cst.Module([], default_newline=newline[0] if newline else "\n")
    limit = sys.getrecursionlimit()
    try:
        for name, value in spelled:
            respell(name, value)
        try:
            return _written(node, module)
        except RecursionError:
            sys.setrecursionlimit(max(limit, 50_000))
            return _written(node, module)
    except RecursionError:  # CPython 3.12 counts calls out of C apart
        raise SourceError("nested too deep to tell where anything stands") from None
    finally:
        sys.setrecursionlimit(limit)
        for name, value in read:
            respell(name, value)


def _written(node: cst.CSTNode, module: cst.Module) -> _Recorder:
    recorder = _Recorder(module)
    try:
        node._codegen(recorder)
    finally:
        while recorder.cut:
            recorder.mend()
    return recorder
