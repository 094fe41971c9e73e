"""What an expression can be: the values that types are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import libcst as cst

from veteran.analysis.semantics.ir import At, Lowered, Scope
from veteran.catalog import Catalog


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
    #: One that is a collection itself is named with what it holds, see `Types.one`.
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

    lowered: Lowered
    catalog: Catalog

    @property
    def classes(self) -> dict[str, Scope]: ...

    def of(self, node: cst.CSTNode, at: At) -> Values: ...

    @staticmethod
    def merged(parts: Iterable[Values]) -> Values: ...
