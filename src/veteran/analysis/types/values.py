"""What an expression can be: the values that types are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, TypeVar

import libcst as cst

from veteran.analysis.semantics.ir import At, Binding, Lowered, Scope
from veteran.catalog import Catalog

T = TypeVar("T")


class Ref(NamedTuple):
    """A function, class, module or other named thing of another module. spelled: bound nowhere in the file."""

    name: str
    spelled: bool = False


class Instance(NamedTuple):
    """An object of a class named so."""

    type: str
    #: The binding or call that says so, to show where a receiver came from.
    origin: At | None = None
    #: The type of the items of a collection, and of the values of a mapping; the types of the parts of a tuple.
    #: One that is a collection itself is named with what it holds, see `Elements.one`.
    item: str = ""
    value: str = ""
    parts: tuple[str, ...] = ()


class Local(NamedTuple):
    """A function or class of this module."""

    scope: Scope


Value = Ref | Instance | Local | None
Values = tuple[Value, ...]
UNKNOWN: Values = (None,)


class Inference(Protocol):
    """What answers what expressions of one module are: `types.Types`, for those whom it asks itself."""

    catalog: Catalog
    lowered: Lowered

    @property
    def classes(self) -> dict[str, Scope]: ...

    def of(self, node: cst.CSTNode, at: At) -> Values: ...

    def refs(self, node: cst.CSTNode, at: At) -> list[Ref] | None: ...

    def named(self, node: cst.CSTNode, at: At, name: str) -> bool: ...

    def binding(self, binding: Binding) -> Values: ...

    def results(self, node: cst.CSTNode, at: At) -> Values: ...

    def annotation(self, node: cst.BaseExpression, at: At) -> Values: ...

    def class_of(self, value: Value) -> Values: ...

    def entry(self, table: str, value: Value) -> Values: ...

    def follow(self, key: object, ask: Callable[[], T], end: T) -> T: ...

    @staticmethod
    def merged(parts: Iterable[Values]) -> Values: ...
