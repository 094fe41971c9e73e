"""What a file tells other modules of decoded data, as plain data."""

from __future__ import annotations

from typing import NamedTuple

from veteran.findings import Confidence, Span
from veteran.project.kinds import IMPORTS, Kind


class Doubt(NamedTuple):
    """What may check an access without its module seeing it: a call that is given the data.

    kind: `data` or `response` (a function is given it, as the argument of that number or name), or `catches` (a
    decorator, a context manager or a tuple of exceptions around the access). error: what the access raises. on_class:
    see `Program.takers`.
    """

    kind: str
    target: str
    argument: str = ""
    error: str = ""
    on_class: bool = False


class BareFact(NamedTuple):
    """An access of decoded data that nothing in its module checks. path: to what is accessed.

    passed: the code of what is called, where another function of the module accesses it, and inner: there.
    given: where the data is an argument of a function of another module, that function; argument: which one it is.
    on_class: see `Program.takers`.
    """

    span: Span
    shown: str
    path: tuple[str, ...]
    key: str
    kind: str
    error: str
    confidence: Confidence
    missed: str
    passed: str = ""
    inner: Span | None = None
    given: str = ""
    argument: str = ""
    doubts: tuple[Doubt, ...] = ()
    on_class: bool = False


class PlaceFact(NamedTuple):
    """A place that explains a fact."""

    span: Span
    text: str


class DataFact(NamedTuple):
    """Decoded data of which other modules decide whether it is reported.

    needs: what `target` has to give for it: a `response` whose method or attribute `by` decodes or is its body, or
    `decoded` data; empty where it is certain. maker: what gave the response. seen: the keys that the module looks at.
    """

    function: str
    contexts: tuple[str, ...]
    needs: str
    target: str
    by: str
    maker: str
    steps: tuple[PlaceFact, ...]
    seen: tuple[str, ...]
    bare: tuple[BareFact, ...]


class GivenFact(NamedTuple):
    """Decoded data that a function returns or yields: the part at `path` of it, in the collections `inside`.

    needs, target, by, seen: as in `DataFact`. sure: nothing else is given.
    """

    needs: str
    target: str
    by: str
    maker: str
    path: tuple[str, ...]
    inside: tuple[str, ...]
    seen: tuple[str, ...]
    sure: bool
    span: Span


class TakenFact(NamedTuple):
    """What a function does with a parameter. checks: it raises for some data, or for some `response`s."""

    name: str
    checks: tuple[str, ...]
    bare: tuple[BareFact, ...]


class AnswerFacts(NamedTuple):
    """What a module does with decoded data; by the keys of functions. catches: exceptions, by functions or names."""

    data: tuple[DataFact, ...] = ()
    given: dict[str, tuple[GivenFact, ...]] = {}  # noqa: RUF012 - never changed
    taken: dict[str, tuple[TakenFact, ...]] = {}  # noqa: RUF012
    catches: dict[str, tuple[str, ...]] = {}  # noqa: RUF012


class Reach(NamedTuple):
    """What the bytes of a file say of HTTP responses.

    clients: whether it imports a library for HTTP requests, or what such a library is reached by. tells: whether it
    does, or decodes what others gave it. reads: whether it may read data by key.
    """

    clients: bool = False
    tells: bool = False
    reads: bool = False


ANSWERS: Kind[AnswerFacts] = Kind("answers", AnswerFacts, AnswerFacts(), apart=True)
REACH: Kind[Reach] = Kind("reach", Reach, Reach(), IMPORTS)
