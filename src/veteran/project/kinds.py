"""Kinds of what files tell other files, and who finds it: nobody who holds, keeps or hands it on knows what it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.analysis.syntax.gate import Glance
    from veteran.registry import Rule

T = TypeVar("T")

#: How what other files tell is found, and so which files are linked again when it changes: by resolving names
#: (`project.symbols`), by following imports (`project.import_index`), or in the tree of a file that was named.
NAMES, IMPORTS, TREES = "names", "imports", "trees"


class Kind(Generic[T]):
    """One kind of what a file tells: plain data, encoded by its annotations.

    form: the type of the data. nothing: of a file that tells nothing, or cannot be read. way: how other files come to
    ask for it. apart: it is kept beside the summary and read when it is asked for, since few ask or it is large.
    """

    def __init__(self, name: str, form: Any, nothing: T, way: str = NAMES, *, apart: bool = False) -> None:
        self.name = name
        self.form = form
        self.nothing = nothing
        self.way = way
        self.apart = apart


class Teller(NamedTuple):
    """What finds what a file tells of one kind.

    see: by its bytes alone; None where only the parsed file can tell. tell: by the parsed file; left out where the
    bytes always suffice. Both are functions at the top of a file.
    """

    kind: Kind[Any]
    see: Callable[[Glance], Any] | None = None
    tell: Callable[[Module], Any] | None = None


class Telling:
    """A parsed file while its families decide what it tells.

    live: the rules of the family that ran, since they may find something in the file alone. told: by the names of
    kinds, what is told so far.
    """

    def __init__(self, module: Module, told: dict[str, Any], tellers: Mapping[str, Teller]) -> None:
        self.module = module
        self.told = told
        self.live: Collection[Rule] = ()
        self._tellers = tellers

    def add(self, kind: Kind[T]) -> T:
        """What the file tells of a kind, which from now on it does."""
        tell = self._tellers[kind.name].tell
        assert tell is not None
        found: T = self.module.once(tell)
        self.told[kind.name] = found
        return found
