"""What an expression or a declaration says by its form alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import libcst as cst

from veteran.analysis.syntax.arguments import BY_KEYWORD, BY_POSITION, NAMED_REST, REST
from veteran.analysis.syntax.nodes import LAYOUT

#: Fields that hold nothing that runs, by name.
_UNVISITED = LAYOUT | {"operator", "annotation", "returns", "type_parameters", "asynchronous", "star", "keyword"}


def dotted(node: cst.CSTNode | None) -> str | None:
    """`a.b.c` of a name or an attribute chain of names; None for any other expression."""
    parts: list[str] = []
    while type(node) is cst.Attribute:
        parts.append(node.attr.value)
        node = node.value
    if type(node) is not cst.Name:
        return None
    parts.append(node.value)
    return ".".join(reversed(parts))


def last_name(func: cst.CSTNode) -> str:
    """The name, or the last one of an attribute chain, that is called; empty where it is neither."""
    if isinstance(func, cst.Attribute):
        return func.attr.value
    return func.value if isinstance(func, cst.Name) else ""


_fields: dict[type, tuple[str, ...]] = {}


def children_fields(kind: type) -> tuple[str, ...]:
    """The fields of a node class that may hold something that runs, last first."""
    found = _fields.get(kind)
    if found is None:
        names = [
            name
            for name in kind.__dataclass_fields__  # type: ignore[attr-defined]
            if name not in _UNVISITED and "whitespace" not in name
        ]
        found = _fields[kind] = tuple(reversed(names))
    return found


def running(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes directly in a node that may hold something that runs, last field first."""
    for name in children_fields(type(node)):
        child = getattr(node, name)
        kind = child.__class__
        if kind is list or kind is tuple:
            yield from child
        elif kind not in NO_NODES:
            yield child


NO_NODES = frozenset((type(None), str, bool, cst.MaybeSentinel))


#: Calls that run through their first argument before they return.
_CONSUMERS = frozenset(
    (
        *"all any bytearray bytes dict frozenset list max min set sorted sum tuple".split(),  # noqa: SIM905
        *("Counter", "collections.Counter", "deque", "collections.deque"),
    )
)


#: Calls whose items are those of their arguments, or made of them, one by one.
PASS_ON = frozenset(
    [
        "enumerate",
        "filter",
        "islice",
        "itertools.chain",
        "itertools.islice",
        "itertools.takewhile",
        "iter",
        "map",
        "reversed",
        "tqdm",
        "zip",
    ]
)


def consumes(func: cst.CSTNode) -> bool:
    """Whether a call of it runs through its first argument before it returns."""
    if isinstance(func, cst.Attribute):
        return func.attr.value in ("join", "extend", "update", "writelines", "fromkeys") or dotted(func) in _CONSUMERS
    return isinstance(func, cst.Name) and func.value in _CONSUMERS


def decorator_name(decorator: cst.Decorator) -> str:
    """The last name of a decorator, called or not; `?` where it has none."""
    node = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
    return (dotted(node) or "?").rpartition(".")[2]


def all_parameters(parameters: cst.Parameters) -> list[cst.Param]:
    """Every parameter, in the order in which they are written."""
    found = [*parameters.posonly_params, *parameters.params]
    if isinstance(parameters.star_arg, cst.Param):
        found.append(parameters.star_arg)
    found += parameters.kwonly_params
    if parameters.star_kwarg:
        found.append(parameters.star_kwarg)
    return found


class Declared(NamedTuple):
    """A parameter of a definition. kind: see `arguments.Formal`."""

    name: str
    kind: str
    node: cst.Param


def declared(parameters: cst.Parameters) -> list[Declared]:
    """The parameters of a definition, in the order in which they are written."""
    groups: list[tuple[str, Iterable[object]]] = [
        (BY_POSITION, parameters.posonly_params),
        ("", parameters.params),
        (REST, (parameters.star_arg,)),
        (BY_KEYWORD, parameters.kwonly_params),
        (NAMED_REST, (parameters.star_kwarg,)),
    ]
    return [
        Declared(one.name.value, kind, one) for kind, several in groups for one in several if isinstance(one, cst.Param)
    ]


def form(arg: cst.Arg) -> str:
    """How an argument is given: its keyword, `*` or `**` if it is unpacked, empty by position."""
    return arg.keyword.value if arg.keyword is not None else arg.star
