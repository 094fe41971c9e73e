"""Which parameter takes which argument, as Python binds them: the one mechanism, for trees and for facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

import libcst as cst

#: Kinds of parameters, beside the plain one that is empty.
BY_POSITION, BY_KEYWORD, REST, NAMED_REST = "/", "=", "*", "**"


class Formal(Protocol):
    """A parameter. kind: empty where it takes an argument by position or keyword, else one of those above."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...


class Declared(NamedTuple):
    """A parameter of a definition."""

    name: str
    kind: str
    node: cst.Param


AnyFormal = TypeVar("AnyFormal", bound=Formal)


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


def binds(formals: Sequence[AnyFormal], forms: Iterable[str], *, itself: bool = False) -> Iterator[AnyFormal | None]:
    """The parameter that takes each argument, by the arguments' forms; None where that is not known.

    itself: the first one is taken already, by the object or the class that a method is called on.
    """
    by_position = iter([one for one in formals if one.kind in ("", BY_POSITION)])
    if itself:
        next(by_position, None)
    rest = next((one for one in formals if one.kind == REST), None)
    by_name = {one.name: one for one in formals if one.kind in ("", BY_KEYWORD)}
    named_rest = next((one for one in formals if one.kind == NAMED_REST), None)
    unpacked = False
    for given in forms:
        unpacked = unpacked or given == "*"
        if given in ("*", "**"):
            yield None
        elif given:
            yield by_name.get(given, named_rest)
        else:
            yield None if unpacked else next(by_position, rest)
