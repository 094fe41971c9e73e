"""Which parameter takes which argument, as Python binds them: the one mechanism, for trees and for facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

#: Kinds of parameters, beside the plain one that is empty.
BY_POSITION, BY_KEYWORD, REST, NAMED_REST = "/", "=", "*", "**"


class Formal(Protocol):
    """A parameter. kind: empty where it takes an argument by position or keyword, else one of those above."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...


AnyFormal = TypeVar("AnyFormal", bound=Formal)


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
