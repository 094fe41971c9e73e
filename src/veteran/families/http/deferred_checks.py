"""What of other modules, or of classes and decorators of this one, may check an access of decoded data.

Named here, and decided when files are linked: see `families.http.link`.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.dataflow.access_paths import Access, Denoted, Root, group, places_of
from veteran.analysis.semantics.ir import At, Call, arms_around, decorators_of, with_statements
from veteran.analysis.semantics.places import encloses
from veteran.analysis.syntax.expressions import last_name
from veteran.analysis.types.calls import called_on
from veteran.analysis.types.values import Local
from veteran.families.http.fact_types import Doubt

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.catalog import Catalog
    from veteran.project.targets import Names

#: Functions that are handed on from one to the next so often at most.
_MAX_STAGES = 5
_MAX_DOUBTS = 12
#: Methods and functions that look at nothing of what they are given.
_BLIND = frozenset(
    (
        *("append", "extend", "add", "update", "insert", "put", "put_nowait", "send", "write", "info", "debug", "log"),
        *("warning", "error", "exception", "critical", "dumps", "dump", "print", "len", "str", "repr", "format", "get"),
        *("join", "list", "dict", "set", "tuple", "sorted", "enumerate", "zip", "min", "max", "sum", "iter"),
        "isinstance",
    )
)


@lru_cache(maxsize=8)
def libraries(catalog: Catalog) -> frozenset[str]:
    """The packages outside any project that are known."""
    listed = {name.partition(".")[0] for name in catalog.types["returns"]}
    return frozenset(listed | sys.stdlib_module_names | catalog.sorted["library"]["foreign"] | set(dir(builtins)))


class Doubts:
    """The doubts about the accesses of one module.

    known: what expressions stand for. given_to: the calls that are given a response, by its spelling, as now known.
    """

    def __init__(
        self,
        module: Module,
        names: Names,
        known: Mapping[cst.CSTNode, Denoted],
        given_to: Callable[[], Mapping[str, list[tuple[Call, cst.Arg]]]],
    ) -> None:
        self.module = module
        self.names = names
        self.known = known
        self.given_to = given_to
        self._targets: dict[int, str] = {}
        self._known: dict[Access, tuple[Doubt, ...]] = {}

    def of(self, access: Access) -> tuple[Doubt, ...]:
        """What may check an access without being seen to."""
        if access not in self._known:
            found = dict.fromkeys((*self._called(access), *self._around(access)))
            self._known[access] = tuple(found)[:_MAX_DOUBTS]
        return self._known[access]

    def forget(self) -> None:
        """Follows what has become known since."""
        self.__dict__.pop("_calls", None)
        self.__dict__.pop("_responses", None)

    def may_be_own(self, target: str) -> bool:
        """Whether a target may be of the project: of this module, or of one that is not known as a library's."""
        if target[:1] in (":", "."):
            return True
        return bool(target) and target.partition(".")[0].partition("(")[0] not in libraries(self.module.catalog)

    def target(self, call: cst.Call, at: At) -> str:
        """What a call is of, where that may be of the project; else empty."""
        if id(call) not in self._targets:
            found = self.names.callee(call, at)
            self._targets[id(call)] = found if self.may_be_own(found) else ""
        return self._targets[id(call)]

    # Calls that are given the data or the response

    @cached_property
    def _calls(self) -> dict[Root, list[tuple[Call, cst.Arg, Denoted]]]:
        found: dict[Root, list[tuple[Call, cst.Arg, Denoted]]] = {}
        for call in self.module.lowered.calls:
            for arg in call.node.args:
                denoted = self.known.get(arg.value)
                if denoted is not None and last_name(call.node.func) not in _BLIND:
                    found.setdefault(group(denoted.root), []).append((call, arg, denoted))
        return found

    def _called(self, access: Access) -> Iterator[Doubt]:
        for root, path, places in self._stages(access):
            for call, arg, denoted in self._calls.get(group(root), ()):
                if path[: len(denoted.path)] == denoted.path and self._before(call, places):
                    yield from self._doubted(call, arg, "data")
            if root.receiver is not None:
                for call, arg in self.given_to().get(root.receiver, ()):
                    if self._before(call, places) and any(encloses(call, at) for at in places):
                        yield from self._doubted(call, arg, "response")

    @staticmethod
    def _before(call: Call, places: list[At]) -> bool:
        return any(call.scope.function is at.scope.function and call.place < at.place for at in places)

    @staticmethod
    def _stages(access: Access) -> Iterator[tuple[Root, tuple[str, ...], list[At]]]:
        """Where the value was on its way: the decodings it is a part of, and the places it passed."""
        root, path = access.denoted.root, access.container
        places = [*places_of(access), *(at for _, at in access.denoted.kept)]
        for _ in range(_MAX_STAGES):
            yield root, path, places
            if root.source is None:
                return
            path = (*root.base, *path)
            places = [at for several in root.elsewhere for _, at in several]
            root = root.source

    def _doubted(self, call: Call, arg: cst.Arg, kind: str) -> Iterator[Doubt]:
        values = self.module.types.of(call.node.func, call)
        if any(isinstance(value, Local) and isinstance(value.scope.node, cst.FunctionDef) for value in values):
            return  # judged already
        argument = argument_of(call.node, arg)
        target = self.target(call.node, call) if argument else ""
        if target:
            yield Doubt(kind, target, argument, on_class=may_be_on_class(self.module, call.node, call))

    # What may catch

    def _around(self, access: Access) -> Iterator[Doubt]:
        for at in places_of(access):
            for node, where in self._catching(at):
                target = self.names.meant(node, where)
                if target and self.may_be_own(target):
                    yield Doubt("catches", target, "", access.error)

    def _catching(self, at: At) -> Iterator[tuple[cst.BaseExpression, At]]:
        """The context managers, imported exceptions and decorators around a place."""
        for owner, block in arms_around(at):
            node = owner.node
            if isinstance(node, cst.With):
                for item in node.items:
                    if isinstance(item.item, cst.Call):
                        yield item.item.func, owner_at(owner, at)
            elif isinstance(node, (cst.Try, cst.TryStar)) and owner.arms[0][1] is block:
                for handler in node.handlers:
                    if isinstance(handler.type, (cst.Name, cst.Attribute)):
                        yield handler.type, owner_at(owner, at)
        scope = with_statements(at.scope)
        if scope.entry is not None:
            for decorator in decorators_of(scope):
                inner = decorator.decorator
                yield inner.func if isinstance(inner, cst.Call) else inner, scope.entry


def owner_at(owner: object, at: At) -> At:
    """Where a compound statement stands that is around a place."""
    return At(owner.scope, owner.block, owner.place, at.statement)  # type: ignore[attr-defined]


def may_be_on_class(module: Module, call: cst.Call, at: At) -> bool:
    """See `Program.takers`."""
    return called_on(module.types, call.func, at) in ("class", "named")


def argument_of(call: cst.Call, arg: cst.Arg) -> str:
    """Which of a call's arguments one is: its number or name, `**` where it gives names; empty if not known."""
    if arg.keyword is not None:
        return arg.keyword.value
    if arg.star == "**":
        return "**"
    before = call.args[: call.args.index(arg)]
    return "" if arg.star or any(one.star for one in before) else str(len(before))
