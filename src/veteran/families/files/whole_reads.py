"""Whole reads of files whose lines are only streamed: found once for every rule that asks.

A read is told of only where the file is known as one and every use of the list is one pass. What the words
around it call small is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.dataflow.trace import LINE, Because
from veteran.analysis.reports import Report, ReportStep
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Call, Compound, Scope, Use
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import children, integer_value, string_value
from veteran.families.files import small_files
from veteran.families.files.conventions import CHANGES, CONFIGURES, LOCKS
from veteran.families.files.handles import PATH_READS, Handle, Handles
from veteran.findings import Confidence

if TYPE_CHECKING:
    from veteran.analysis.module import Module

#: What may stand between the read and the split; the lines are the same but for blank ends.
_KEEPS_LINES = frozenset(("strip", "rstrip", "lstrip", "decode"))
#: What a list of lines may do to each line and still be the lines: nothing that starts or changes something.
_LINE_METHODS = frozenset(
    [
        "strip",
        "rstrip",
        "lstrip",
        "split",
        "rsplit",
        "partition",
        "rpartition",
        "lower",
        "upper",
        "casefold",
        "replace",
        "decode",
        "encode",
        "removesuffix",
        "removeprefix",
        "splitlines",
        "expandtabs",
    ]
)
_LINE_FUNCTIONS = frozenset(["int", "float", "str", "tuple", "list", "json.loads", "len"])
#: Calls that hand on what they iterate over, one by one and when asked; the first position that is iterated.
_LAZY = {
    "enumerate": 0,
    "zip": 0,
    "iter": 0,
    "map": 1,
    "filter": 1,
    "itertools.islice": 0,
    "itertools.takewhile": 1,
    "itertools.dropwhile": 1,
    "itertools.filterfalse": 1,
    "itertools.starmap": 1,
    "itertools.chain": 0,
    "itertools.zip_longest": 0,
    "itertools.groupby": 0,
    "itertools.pairwise": 0,
    "itertools.batched": 0,
    "itertools.accumulate": 0,
    "csv.reader": 0,
    "csv.DictReader": 0,
}
_ONLY_FIRST = frozenset(
    [
        "enumerate",
        "iter",
        "itertools.islice",
        "itertools.groupby",
        "itertools.batched",
        "itertools.accumulate",
        "csv.reader",
        "csv.DictReader",
    ]
)
_CONSUMERS = frozenset(
    ["any", "all", "sum", "min", "max", "next", "set", "frozenset", "dict", "collections.Counter", "collections.deque"]
)
_ROWS = frozenset(("csv.reader", "csv.DictReader"))
#: What may still be done with the file after it was read: nothing that moves or writes it.
_HARMLESS = frozenset(("close", "closed", "encoding", "newlines", "mode"))
_MOVES = re.compile(r"^(?:read|write|seek|tell|truncate|detach|__next__|__iter__)")
_TAKES_AWAY = frozenset(["remove", "unlink", "rename", "renames", "move", "rmtree", "delete"])
_MAX_FOLLOWED = 3


class Pass(NamedTuple):
    """The one use of the lines. part: the text that takes `{}`, a file, to what is used of it; "" for all of it."""

    node: cst.CSTNode
    at: At
    text: str
    part: str = ""
    low: bool = False
    keeps: bool = False  # what comes out is as long as the file
    taker: str = ""  # what they are passed to as they are


class WholeRead(NamedTuple):
    """A whole read of a file. kind: `readlines`, `split` or `list`."""

    module: Module
    kind: str
    node: cst.BaseExpression
    at: At
    handle: Handle
    use: Pass
    keepends: bool
    rows: str  # the reader between the file and the list, as code
    outlives: bool  # the file is closed before the pass

    @property
    def confidence(self) -> Confidence:
        """High where this function opens the file, low for the first or last lines."""
        if self.use.low:
            return Confidence.LOW
        return Confidence.HIGH if self.handle.proven and not self.use.keeps else Confidence.MEDIUM

    @property
    def ending(self) -> str:
        """What ends a line of the file, as code."""
        if not self.handle.binary:
            return '"\\n"'
        return 'b"\\r\\n"' if isinstance(self.node, cst.Call) and not self.node.args else 'b"\\n"'


def events(module: Module) -> Iterator[WholeRead]:
    """Every whole read of a known file that is only streamed, in the order of the walk."""
    yield from sorted(_Reads(module).found(), key=lambda event: event.at.place)


class _Change(NamedTuple):
    """A call that changes a file. final: it takes the file away. spelled: how the code writes the path."""

    call: Call
    final: bool
    spelled: frozenset[str]


class _Reads:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.uses = module.uses
        self.files = Handles(module.types)
        self._changes: dict[Scope, list[_Change]] = {}
        self._last: tuple[cst.CSTNode, At] | None = None  # what was asked for its one use last

    def _not(self, node: cst.CSTNode, at: At, reason: str, *because: Because) -> None:
        """Notes why a read is not told of, where somebody asks."""
        if self.module.trace:
            self.module.trace.note("files.whole_reads", node, at, reason, *because)

    def found(self) -> Iterator[WholeRead]:
        for call in self.module.lowered.calls:
            func = call.node.func
            if isinstance(func, cst.Attribute):
                name = func.attr.value
                if name == "readlines":
                    yield from self._readlines(call, func)
                elif name in ("splitlines", "split"):
                    yield from self._split(call, func)
            elif isinstance(func, cst.Name) and func.value in ("list", "tuple") and len(call.node.args) == 1:
                yield from self._listed(call)
        for scope in self.module.lowered.scopes:
            if isinstance(scope.node, cst.ListComp) and scope.entry is not None:
                yield from self._comprehension(scope.node, scope.entry)

    def _shown(self, node: cst.CSTNode) -> str:
        return self.module.code(node, 40) if self.module.trace else ""

    # The four ways to read

    def _readlines(self, call: Call, func: cst.Attribute) -> Iterator[WholeRead]:
        if call.node.args or call.awaited:
            self._not(call.node, call, "it is awaited" if call.awaited else "`readlines` has a limit")
        elif handle := self.files.of(func.value, call):
            yield from self._judged("readlines", call.node, call, handle)
        else:
            self._not(call.node, call, f"unknown receiver: `{self._shown(func.value)}` is not known as a file")

    def _split(self, call: Call, func: cst.Attribute) -> Iterator[WholeRead]:
        args = call.node.args
        keepends = False
        if func.attr.value == "splitlines":
            if len(args) > 1:
                return
            keepends = bool(args) and dotted(args[0].value) != "False"
        elif len(args) != 1 or not _is_newline(args[0]):
            self._not(call.node, call, "it is not split at the ends of lines")
            return
        found = self._text(func.value, call)
        if found is None:
            reason = "is not known as the text of a file that nothing else uses"
            self._not(call.node, call, f"`{self._shown(func.value)}` {reason}")
            return
        source, at, names = found
        if handle := self.files.read(source, at):
            yield from self._judged("split", call.node, call, handle, at, keepends=keepends, names=names)
        else:
            receiver = self._shown(cst.ensure_type(source.func, cst.Attribute).value)
            self._not(call.node, call, f"unknown receiver: `{receiver}` is not known as a file or path")

    def _text(self, node: cst.BaseExpression, at: At) -> tuple[cst.Call, At, list[str]] | None:
        """The call that read a text, and the names on the way that nothing else reads."""
        followed: list[Binding] = []
        for _ in range(6):
            if isinstance(node, cst.Name):
                found = scopes.lookup(node.value, at)
                if found.where != "local" or len(found.bindings) != 1:
                    return None
                (binding,) = found.bindings
                if binding.kind != "assign" or binding.path != () or not isinstance(binding.value, cst.Call):
                    return None
                if at.scope.function is not binding.scope.function or _loops(binding) != _loops(at):
                    return None
                followed.append(binding)
                node, at = binding.value, binding
            elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
                name = node.func.attr.value
                if (name == "read" and not node.args) or name in PATH_READS:
                    if not all(self._is_private(b) and len(self.uses.of(b)) == 1 for b in followed):
                        return None
                    return node, at, [b.name for b in followed]
                if name not in _KEEPS_LINES or (node.args and name != "decode" and not _is_blank(node.args)):
                    return None
                node = node.func.value
            else:
                return None
        return None

    def _listed(self, call: Call) -> Iterator[WholeRead]:
        arg = call.node.args[0]
        if arg.star or arg.keyword is not None or not isinstance(arg.value, (cst.Name, cst.Attribute, cst.Call)):
            return
        if self.files.called(call.node, call) in ("list", "tuple"):
            yield from self._all_of(arg.value, call.node, call)

    def _comprehension(self, node: cst.ListComp, at: At) -> Iterator[WholeRead]:
        loop = node.for_in
        if loop.inner_for_in is not None or loop.asynchronous is not None or not isinstance(loop.target, cst.Name):
            return
        if not isinstance(loop.iter, (cst.Name, cst.Attribute, cst.Call)):
            return
        if all(_is_plain(test.test, loop.target.value) for test in loop.ifs) and _is_plain(node.elt, loop.target.value):
            yield from self._all_of(loop.iter, node, at)

    def _all_of(self, source: cst.BaseExpression, node: cst.BaseExpression, at: At) -> Iterator[WholeRead]:
        if handle := self.files.of(source, at):
            yield from self._judged("list", node, at, handle)
            return
        reader, where = source, at
        if isinstance(reader, cst.Name):
            found = scopes.lookup(reader.value, at)
            if found.where != "local" or len(found.bindings) != 1 or not isinstance(found.bindings[0].value, cst.Call):
                return
            (where,) = found.bindings
            if (
                where.kind != "assign"
                or where.path
                or _loops(where) != _loops(at)
                or not self._only_begun(where, reader)
            ):
                return
            reader = where.value
        if not isinstance(reader, cst.Call) or not reader.args or reader.args[0].star:
            self._not(node, at, f"`{self._shown(source)}` is not known as a file")
            return
        if self.files.called(reader, where) in _ROWS and (handle := self.files.of(reader.args[0].value, where)):
            yield from self._judged("list", node, at, handle, where, rows=self.module.code(source))

    def _only_begun(self, binding: Binding, last: cst.Name) -> bool:
        """Whether a reader is at most asked for its head before the place that takes the rest."""
        for use in self.uses.of(binding):
            if use.node is last:
                return True
            parent = self.uses.parent(use.node, use)
            call = self.uses.parent(parent, use) if isinstance(parent, cst.Arg) else None
            if not isinstance(parent, cst.Attribute) and not (
                isinstance(call, cst.Call) and dotted(call.func) == "next"
            ):
                return False
        return False

    # The verdict

    def _judged(
        self,
        kind: str,
        node: cst.BaseExpression,
        at: At,
        handle: Handle,
        read: At | None = None,
        *,
        keepends: bool = False,
        rows: str = "",
        names: Iterable[str] = (),
    ) -> Iterator[WholeRead]:
        read = read or at
        if handle.node is not None and self._read_again(handle, at):
            self._not(node, at, "a loop reads the same open file time after time")
            return
        use = self._streamed(node, at, straight=True)
        if use is None or (use.low and isinstance(node, cst.ListComp)):
            self._used_otherwise(node, at)
            return
        if use.keeps and (isinstance(node, cst.ListComp) or (handle.node is None and not handle.proven)):
            self._not(node, at, "what is made of the lines is as long as the file: the gain is small")
            return
        if handle.node is not None and not self._rests(handle, node, read):
            self._not(node, at, f"`{self._shown(handle.node)}` is moved, written or read again after it was read")
            return
        if self._is_rewritten(handle, read, use):
            self._not(node, at, "the same function writes the file again, or takes it away before the pass ends")
            return
        if self._escapes_block(read, use.at):
            self._not(node, at, "the pass stands outside of the lock or the `try` around the read")
            return
        names = [*names, *self._names(handle, node, at, use)]
        if small_files.is_small(self.module, handle.path, handle.at, names, _purposes(at)):
            self._not(node, at, "the file is small by its name, its place or what the code around it is called")
            return
        outlives = self._outlives(handle, read, use.at)
        yield WholeRead(self.module, kind, node, at, handle, use, keepends, rows, outlives)

    def _used_otherwise(self, node: cst.BaseExpression, at: At) -> None:
        """Notes the use of the lines that needs them all at once."""
        if not self.module.trace:
            return
        last, where = self._last or (node, at)
        if isinstance(last, cst.Name) and len(list(self._reads_of(last, where))) > 1:
            first, second = list(self._reads_of(last, where))[:2]
            because = (Because(first.node, "used here"), Because(second.node, "and used here"))
            self._not(node, at, f"the list is needed: `{last.value}` is used more than once", *because)
            return
        parent = self.uses.parent(last, where)
        while isinstance(parent, (cst.Arg, cst.AssignTarget, cst.Element)):
            parent = self.uses.parent(parent, where)
        shown = f": `{self.module.code(parent, 50)}`" if isinstance(parent, cst.BaseExpression) else ""
        reason = f"the list is needed, or its use is not known as one pass{shown}"
        if parent is None:
            self._not(node, at, reason)
        else:
            self._not(node, at, f"{reason}, line {LINE}", Because(parent, "used here"))

    def _reads_of(self, name: cst.Name, at: At) -> Iterator[Use]:
        """The uses of what a name binds, or of what it was read from."""
        for binding in at.scope.bindings.get(name.value, ()):
            if binding.target is name:
                yield from self.uses.of(binding)

    def _names(self, handle: Handle, node: cst.BaseExpression, at: At, use: Pass) -> Iterator[str]:
        """The names bound to the file, to its lines and to one of them."""
        if handle.node is not None:
            yield self.module.code(handle.node)
        if isinstance(use.node, cst.Name):
            yield use.node.value
        for parent in (self.uses.parent(node, at), self.uses.parent(use.node, use.at)):
            if isinstance(parent, (cst.For, cst.CompFor)):
                yield self.module.code(parent.target)
            elif isinstance(parent, cst.Assign):
                yield self.module.code(parent.targets[0].target)

    def _read_again(self, handle: Handle, at: At) -> bool:
        """Whether a loop reads the same open file time after time, as for a file that grows."""
        opened: At | None = handle.at
        if handle.binding is not None and handle.binding.kind == "parameter":
            opened = None
        if opened is not None and opened.scope.function is not at.scope.function:
            opened = None
        here = set(_loops(at))
        if opened is not None:
            return bool(here - set(_loops(opened)))
        return bool(here)

    def _rests(self, handle: Handle, node: cst.CSTNode, at: At) -> bool:
        """Whether nothing moves or writes the file once it is read."""
        if handle.binding is not None:
            for use in self.uses.of(handle.binding):
                if use.place > at.place and use.node is not handle.node:
                    parent = self.uses.parent(use.node, use)
                    if not isinstance(parent, cst.Attribute) or parent.attr.value not in _HARMLESS:
                        return False
            return True
        name = dotted(handle.node) or ""
        for call in self.module.lowered.calls:
            func = call.node.func
            if isinstance(func, cst.Attribute) and _MOVES.match(func.attr.value) and dotted(func.value) == name:
                same = call.scope.function is at.scope.function
                if func.value is not handle.node and not (same and call.place < at.place):
                    return False
        return True

    def _is_rewritten(self, handle: Handle, at: At, use: Pass) -> bool:
        """Whether the function writes the file again after reading it, or takes it away before the pass ends."""
        if handle.path is None:
            return False
        loop = self.uses.parent(use.node, use.at)
        spelled = self._spellings(handle.path, handle.at)
        for change in self._changes_in(at.scope.function):
            call = change.call
            if call.place <= at.place or spelled.isdisjoint(change.spelled):
                continue
            if not change.final or call.place <= use.at.place or any(owner.node is loop for owner in _owners(call)):
                return True
        return False

    def _changes_in(self, function: Scope) -> list[_Change]:
        """The calls in a function that by their names write files or take them away."""
        if function not in self._changes:
            self._changes[function] = list(self._changing(self.module.lowered.index.within.get(function, ())))
        return self._changes[function]

    def _changing(self, calls: Iterable[Call]) -> Iterator[_Change]:
        for call in calls:
            node = call.node
            name = node.func.attr.value if isinstance(node.func, cst.Attribute) else dotted(node.func) or ""
            if name in ("open", "fdopen"):
                modes = [arg.value for arg in node.args if isinstance(arg.value, cst.SimpleString)]
                if not any(set(str(string_value(mode))) & set("wax+") for mode in modes):
                    continue
            elif name not in _TAKES_AWAY and not CHANGES.search(name):
                continue
            targets = [arg.value for arg in node.args]
            if isinstance(node.func, cst.Attribute):
                targets.append(node.func.value)
            spelled = frozenset(text for target in targets for text in self._spellings(target, call))
            yield _Change(call, name in _TAKES_AWAY, spelled)

    def _spellings(self, node: cst.BaseExpression, at: At, depth: int = 0) -> set[str]:
        """The ways in which the code around it writes the same path; a name only as it is bound there."""
        found: set[str] = set()
        if isinstance(node, cst.Name):
            for binding in scopes.lookup(node.value, at).bindings:
                found.add(f"{node.value} {binding.place}")
                plain = binding.kind in ("assign", "walrus") and isinstance(binding.value, cst.BaseExpression)
                if plain and depth < _MAX_FOLLOWED:
                    found |= self._spellings(binding.value, binding, depth + 1)
            return found
        found.add(self.module.code(node, 200))
        if isinstance(node, cst.Call) and len(node.args) == 1 and not node.args[0].star and depth < _MAX_FOLLOWED:
            name = (dotted(node.func) or "").rpartition(".")[2]
            if name in ("Path", "str", "fspath", "expanduser", "abspath"):
                found |= self._spellings(node.args[0].value, at, depth + 1)
        return found

    def _escapes_block(self, read: At, use: At) -> bool:
        """Whether the pass stands outside of a lock, or of a `try` that wants bad text found before it."""
        around = set(_owners(use))
        for owner in _owners(read):
            if owner in around:
                continue
            if isinstance(owner.node, cst.With):
                if any(LOCKS.search(self.module.code(item.item)) for item in owner.node.items):
                    return True
            elif isinstance(owner.node, cst.Try):
                for handler in owner.node.handlers:
                    if handler.type is not None and re.search(
                        "Unicode|Decode|EOFError", self.module.code(handler.type)
                    ):
                        return True
        return False

    @staticmethod
    def _outlives(handle: Handle, read: At, use: At) -> bool:
        """Whether the `with` that closes the file ends before the pass."""
        if handle.binding is None or handle.binding.kind != "with":
            return False
        inside = set(_owners(use))
        for owner in _owners(read):
            if isinstance(owner.node, cst.With) and any(item.item is handle.binding.value for item in owner.node.items):
                return owner not in inside
        return False

    # Uses

    def _streamed(
        self,
        node: cst.CSTNode,
        at: At,
        *,
        straight: bool = False,
        lazy: bool = False,
        reduced: bool = False,
        depth: int = 0,
    ) -> Pass | None:
        """The one pass that an iterable is for; None where it may be used otherwise.

        straight: it is the read itself. lazy: it is no list but gives items when asked.
        """
        self._last = node, at
        parent = self.uses.parent(node, at)
        if isinstance(parent, cst.For):
            ok = parent.iter is node and parent.asynchronous is None
            return Pass(node, at, "the loop over the lines") if ok else None
        if isinstance(parent, cst.CompFor):
            return self._in_comprehension(node, parent, at, depth) if parent.iter is node else None
        if isinstance(parent, cst.Arg):
            return self._passed(node, parent, at, lazy=lazy, reduced=reduced, depth=depth)
        if isinstance(parent, cst.Subscript) and parent.value is node and straight:
            return self._part(parent, at, depth)
        if isinstance(parent, (cst.Assign, cst.AnnAssign)) and parent.value is node:
            target = parent.target if isinstance(parent, cst.AnnAssign) else parent.targets[0].target
            if isinstance(parent, cst.Assign) and len(parent.targets) != 1:
                return None
            return self._followed(target, at, lazy=lazy, reduced=reduced, depth=depth)
        if isinstance(parent, cst.NamedExpr) and parent.value is node and isinstance(parent.target, cst.Name):
            bound = [b for b in at.scope.function.bindings.get(parent.target.value, ()) if b.value is node]
            unused = len(bound) == 1 and self._is_private(bound[0]) and not self.uses.of(bound[0])
            return self._streamed(parent, at, lazy=lazy, reduced=reduced, depth=depth + 1) if unused else None
        if isinstance(parent, cst.ComparisonTarget) and not lazy and parent.comparator is node:
            if isinstance(parent.operator, (cst.In, cst.NotIn)):
                return Pass(node, at, "the lines are searched once")
            return None
        if isinstance(parent, cst.From) and not at.scope.function.is_async:
            return Pass(node, at, "the lines are handed on one by one")
        return None

    def _in_comprehension(self, node: cst.CSTNode, loop: cst.CompFor, at: At, depth: int) -> Pass | None:
        if loop.asynchronous is not None:
            return None
        around: cst.CSTNode | None = self.uses.parent(loop, at)
        while isinstance(around, cst.CompFor):
            around = self.uses.parent(around, at)
        if isinstance(around, cst.GeneratorExp):
            if depth >= _MAX_FOLLOWED * 2:
                return None
            found = self._streamed(around, at, lazy=True, reduced=bool(loop.ifs), depth=depth + 1)
            return found._replace(node=node, at=at, taker="") if found is not None else None
        if isinstance(around, (cst.ListComp, cst.SetComp, cst.DictComp)):
            keeps = isinstance(around, cst.ListComp) and not loop.ifs
            return Pass(node, at, "the comprehension over the lines", keeps=keeps)
        return None

    def _passed(self, node: cst.CSTNode, arg: cst.Arg, at: At, *, lazy: bool, reduced: bool, depth: int) -> Pass | None:
        call = self.uses.parent(arg, at)
        if not isinstance(call, cst.Call) or arg.star or arg.keyword is not None or depth >= _MAX_FOLLOWED * 2:
            return None
        position = next(index for index, other in enumerate(call.args) if other is arg)
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in ("writelines", "join"):
            if call.func.attr.value == "join" and not (lazy and reduced):
                return None
            name = call.func.attr.value
            return Pass(node, at, f"`{name}` goes through the lines", taker=name)
        name = self.files.called(call, at)
        if name in _LAZY:
            if position < _LAZY[name] or (position and name in _ONLY_FIRST):
                return None
            use = self._streamed(call, at, lazy=True, reduced=reduced or name == "filter", depth=depth + 1)
            return use._replace(taker=name) if use is not None else None
        if (
            name in _CONSUMERS
            and position == 0
            and (len(call.args) == 1 or name in ("next", "min", "max", "sum", "collections.deque"))
        ):
            if name == "next" and not lazy:
                return None
            return Pass(node, at, f"`{name}` goes through the lines", taker=name)
        if name in ("list", "tuple") and lazy and len(call.args) == 1:
            return Pass(node, at, f"`{name}` goes through the lines", keeps=not reduced)
        return None

    def _followed(self, target: cst.CSTNode, at: At, *, lazy: bool, reduced: bool, depth: int) -> Pass | None:
        """The one use of a name that the lines are bound to."""
        self._last = target, at
        if not isinstance(target, cst.Name) or depth >= _MAX_FOLLOWED * 2:
            return None
        bound = at.scope.bindings.get(target.value, ())
        binding = next((binding for binding in bound if binding.target is target), None)
        if binding is None or not self._is_private(binding):
            return None
        uses = self.uses.of(binding)
        if len(uses) != 1 or uses[0].scope.function is not binding.scope.function:
            return None
        (use,) = uses
        if _loops(use) != _loops(binding):
            return None
        others = [other for other in scopes.lookup(target.value, use).bindings if other is not binding]
        if not all(_is_empty(other) for other in others):
            return None
        return self._streamed(use.node, use, lazy=lazy, reduced=reduced, depth=depth + 1)

    @staticmethod
    def _is_private(binding: Binding) -> bool:
        """Whether only this code can read the name: a local one, or one of a script's main part."""
        if binding.foreign or binding.name in binding.scope.declared:
            return False
        if binding.scope.kind == "function":
            return True
        return binding.scope.kind == "module" and any(
            isinstance(owner.node, cst.If) and "__name__" in _names_of(owner.node.test) for owner in _owners(binding)
        )

    def _part(self, node: cst.Subscript, at: At, depth: int) -> Pass | None:
        """The first or last lines, by a literal index or slice."""
        if len(node.slice) != 1:
            return None
        part = node.slice[0].slice
        if isinstance(part, cst.Index):
            index = _number(part.value)
            if index is None:
                return None
            if index < 0:
                text = f"collections.deque({{}}, maxlen={-index})[0]"
            else:
                text = "next({})" if index == 0 else f"next(itertools.islice({{}}, {index}, None))"
            return Pass(node, at, "one line is used", text, low=True)
        if not isinstance(part, cst.Slice) or part.step is not None:
            return None
        lower, upper = part.lower, part.upper
        if upper is None and isinstance(lower, cst.UnaryOperation) and isinstance(lower.operator, cst.Minus):
            length = self.module.code(lower.expression, 20)
            return Pass(node, at, "the last lines are used", f"collections.deque({{}}, maxlen={length})", low=True)
        start, stop = _number(lower) if lower else 0, _number(upper) if upper else None
        if start is None or start < 0 or (upper is not None and (stop is None or stop < 0)):
            return None
        if stop is not None:
            text = f"itertools.islice({{}}, {f'{start}, ' if start else ''}{stop})"
            return Pass(node, at, "the first lines are used", text, low=True)
        found = self._streamed(node, at, depth=depth + 1)
        if found is None or not start:
            return None
        return found._replace(part=f"itertools.islice({{}}, {start}, None)", low=True)


def _loops(at: At) -> list[object]:
    """The loops and comprehensions around a place, within its function."""
    found: list[object] = []
    scope, block = at.scope, at.block
    while True:
        owner = block.owner
        while owner is not None:
            if owner.kind == "loop":
                found.append(owner)
            owner = owner.block.owner
        entry = scope.entry
        if scope.kind != "comprehension" or entry is None:
            return found
        found.append(scope)
        scope, block = entry.scope, entry.block


def _purposes(at: At) -> Iterator[str]:
    """The names of the functions and classes around a place."""
    scope: Scope | None = at.scope
    while scope is not None and scope.parent is not None:
        if scope.kind == "function":
            yield scope.name
        elif scope.kind == "class":  # what else a class does says little of one file
            yield from (word for word in CONFIGURES if word in scope.name.lower())
        scope = scope.parent


def _owners(at: At) -> Iterator[Compound]:
    """The compound statements around a place, within its function, from the inside."""
    scope, block = at.scope, at.block
    while True:
        owner = block.owner
        while owner is not None:
            yield owner
            owner = owner.block.owner
        entry = scope.entry
        if scope.kind != "comprehension" or entry is None:
            return
        scope, block = entry.scope, entry.block


def _names_of(node: cst.CSTNode) -> set[str]:
    return {n.value for n in _below(node) if isinstance(n, cst.Name)}


def _below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    pending = [node]
    for _ in range(100):
        if not pending:
            return
        found = pending.pop()
        yield found
        pending.extend(children(found))


def _is_empty(binding: Binding) -> bool:
    """Whether what else a name may be bound to has nothing to go through."""
    value = binding.value
    if binding.kind != "assign" or binding.path:
        return False
    if isinstance(value, (cst.List, cst.Tuple)):
        return not value.elements
    return isinstance(value, cst.Name) and value.value == "None"


def _is_newline(arg: cst.Arg) -> bool:
    if arg.star or (arg.keyword is not None and arg.keyword.value != "sep"):
        return False
    if isinstance(arg.value, cst.SimpleString):
        return string_value(arg.value) in ("\n", b"\n", "\r\n", b"\r\n")
    return dotted(arg.value) == "os.linesep"


def _is_blank(args: Iterable[cst.Arg]) -> bool:
    """Whether what is stripped is newlines and blanks."""
    texts = [string_value(arg.value) for arg in args if isinstance(arg.value, cst.SimpleString)]
    return bool(texts) and not any(text.strip() for text in texts)


def _is_plain(node: cst.BaseExpression, name: str) -> bool:
    """Whether an expression only looks at the line of that name: its methods, parts and comparisons."""
    if isinstance(node, cst.Name):
        return node.value == name
    if isinstance(node, (cst.SimpleString, cst.Integer)):
        return True
    if isinstance(node, cst.Subscript):
        return _is_plain(node.value, name)
    if isinstance(node, cst.Tuple):
        return all(_is_plain(element.value, name) for element in node.elements)
    if isinstance(node, cst.Call):
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in _LINE_METHODS:
            return _is_plain(node.func.value, name)
        return dotted(node.func) in _LINE_FUNCTIONS and len(node.args) == 1 and _is_plain(node.args[0].value, name)
    return False


def _number(node: cst.BaseExpression | None) -> int | None:
    """The value of a whole number as it is written."""
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        number = _number(node.expression)
        return None if number is None else -number
    return integer_value(node) if isinstance(node, cst.Integer) else None


# What the rules say


def report(event: WholeRead) -> Report:
    """The report of a whole read: what is held, and what to write instead."""
    module, handle, use = event.module, event.handle, event.use
    file = module.code(handle.node) if handle.node is not None else "file"
    handed = use.taker and not isinstance(event.node, cst.ListComp)
    handed = handed and (event.kind != "split" or event.keepends or use.taker in _ROWS)
    opening = ""
    if handle.node is None:
        call = handle.call
        assert call is not None
        opened = module.code(call, 50)
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in PATH_READS:
            opened = f"{module.code(call.func.value, 50)}.open({_passed_on(module, call)})"
        opening = f"open it as in `with {opened} as file:` and "
    shown = module.code(use.node if use.part and use.low else event.node, 60)
    if use.low:
        held = (
            "makes a list of all lines of the file to use few"
            if event.kind == "readlines"
            else "reads the whole file to use few lines of it"
        )
        advice = f"use `{use.part.format(event.rows or file)}`"
    else:
        held = {
            "readlines": "makes a list of all lines of the file, which is only gone through once",
            "split": "holds the text of a whole file and a list of its lines, which is only gone through once",
            "list": "makes a list of a whole file, which is only gone through once",
        }[event.kind]
        source = event.rows or file
        source = use.part.format(source) if use.part else source
        advice = f"hand `{source}` itself to `{use.taker}`" if handed else f"iterate over `{source}`"
        if isinstance(event.node, cst.ListComp):
            advice += " and do this to each line there"
    if event.outlives:
        advice += ", inside the `with` that opens the file"
    if event.kind == "split" and not event.keepends and not handed:
        advice += f"; `line.rstrip({event.ending})` takes off the newline"
    said = "this is a file"
    if isinstance(handle.opened, cst.Call):
        said = "the file is opened here" if handle.node is not None or handle.proven else "the file is read here"
    steps = [ReportStep(handle.opened, handle.at, said)]
    if use.node is not event.node:
        steps.append(ReportStep(use.node, use.at, use.text))
    return Report(event.node, event.at, f"`{shown}` {held}: {opening}{advice}", event.confidence, tuple(steps))


def _passed_on(module: Module, call: cst.Call) -> str:
    """The arguments of `read_text` as `open` takes them."""
    names = ("encoding", "errors", "newline")
    if call.func.attr.value == "read_bytes":  # type: ignore[attr-defined]
        return '"rb"'
    given = [(arg.keyword.value if arg.keyword else names[min(i, 2)], arg.value) for i, arg in enumerate(call.args)]
    return ", ".join(f"{name}={module.code(value, 20)}" for name, value in given)
