"""Values by their root and the keys that lead to them, and what is done with them on the way."""

from __future__ import annotations

from typing import NamedTuple

import libcst as cst

from veteran.analysis.semantics.ir import At, Binding
from veteran.findings import Confidence

#: The key of whatever a loop or an index that is not written out gives.
ITEM = "*"
#: The key of whatever an unknown mapping adds.
ANY = "**"
#: What a collection has around a value: it is one of its items, under some key, or a key. Other marks are keys.
HELD = "[]"
UNDER = "{}"
KEYS = "{:"
Path = tuple[str, ...]
#: From function to function, answers are followed so many times.
MAX_ROUNDS = 4
#: From function to function, arguments are followed so far.
MAX_CALLS = 2
#: Names that stand for one another are followed so far.
MAX_ALIASES = 6


class Root:
    """The decodings of one response. sure: how certain it is that there is one. maker: what gave it, in words."""

    __slots__ = (
        "accesses", "base", "cut", "decodes", "denoted", "elsewhere", "held", "maker", "merged", "needs", "origin",
        "passed", "receiver", "source", "stored", "sure",
    )  # fmt: skip

    def __init__(self, sure: Confidence, maker: str, origin: At | None, receiver: str | None) -> None:
        self.sure = sure
        self.maker = maker
        self.origin = origin
        self.receiver = receiver
        self.decodes: list[tuple[cst.CSTNode, At]] = []
        self.accesses: list[Access] = []
        self.stored: list[tuple[Path, At]] = []
        self.denoted = 0
        self.held = 0  # how many collections are known to hold it
        self.cut = False  # not all that it stands for was followed: some tests of it are not known as such
        self.merged: Root | None = None  # some name may stand for this response or for that
        self.source: Root | None = None  # what another function decoded and gave away at the places `elsewhere`
        self.base: Path = ()  # the part of it that was given away
        self.elsewhere: list[tuple[tuple[cst.CSTNode, At], ...]] = []
        self.needs: Needs | None = None  # what another module decides: whether there is anything decoded at all
        self.passed: list[Passed] = []


class Needs(NamedTuple):
    """What a call has to give for there to be decoded data; see `DataFact`."""

    kind: str
    target: str
    by: str = ""


class Home(NamedTuple):
    """A collection by the bindings of its name. mark: where in it the value is."""

    bindings: tuple[Binding, ...]
    mark: str


class Denoted(NamedTuple):
    """What an expression stands for. shape: `value`, or how it is iterated over: `items`, `keys`, `pairs`, `zip1`.

    decode: the call that decoded it. trail: the accesses that led to it. soft: some key on the way was asked for
    with `get` or the like. through: the call that passes it to a function of this module. inside: the collections
    that hold it, the outermost first. kept: where it was put into one. homes: the names of those that were filled.
    """

    root: Root
    decode: cst.CSTNode
    path: Path = ()
    shape: str = "value"
    trail: tuple[Access, ...] = ()
    soft: bool = False
    through: tuple[cst.Call, At] | None = None
    calls: int = 0
    inside: tuple[str, ...] = ()
    kept: tuple[tuple[cst.CSTNode, At], ...] = ()
    homes: tuple[Home, ...] = ()


#: An expression, where it stands, and what it denotes.
Step = tuple[cst.CSTNode, At, Denoted]


class Given(NamedTuple):
    """What a function gives away with `return` or `yield`, and where."""

    denoted: Denoted
    node: cst.CSTNode
    at: At


class Passed(NamedTuple):
    """An argument that a function of another module is given."""

    call: cst.Call
    arg: cst.Arg
    at: At
    denoted: Denoted


class Access:
    """One use by key or index. container: the path of what is accessed. error: what a bare one raises."""

    __slots__ = ("at", "confidence", "container", "denoted", "error", "key", "kind", "node")

    def __init__(self, node: cst.CSTNode, at: At, denoted: Denoted, key: str, kind: str, error: str) -> None:
        self.node = node
        self.at = at
        self.denoted = denoted
        self.container = denoted.path
        self.key = key
        self.kind = kind
        self.error = error
        self.confidence = Confidence.LOW


def group(root: Root) -> Root:
    while root.merged is not None:
        root = root.merged
    return root


def merge(one: Root, other: Root) -> None:
    """Notes that two responses are one, as far as a name tells."""
    one, other = group(one), group(other)
    if one is not other:
        other.merged = one


def same_root(found: Denoted, access: Access) -> bool:
    """Whether a value and what is accessed are parts of what one response gave."""
    return group(found.root) is group(access.denoted.root)


def places_of(access: Access) -> list[At]:
    """Where an access stands, and the call that leads to it if that is in another function."""
    return [access.at, *([access.denoted.through[1]] if access.denoted.through else [])]


def put_into(denoted: Denoted, mark: str) -> Denoted:
    """A value in one more collection."""
    return denoted._replace(inside=(mark, *denoted.inside))


def kept_at(denoted: Denoted, node: cst.CSTNode, at: At) -> Denoted:
    """A value that is put somewhere at a place."""
    return denoted._replace(kept=(*denoted.kept, (node, at))[-MAX_ALIASES:])


def items_of(denoted: Denoted) -> Denoted:
    """A collection of the items of a value, or of those of what holds it."""
    if denoted.inside:
        return denoted
    return denoted._replace(path=(*denoted.path, ITEM), inside=(HELD,))
