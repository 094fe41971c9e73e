"""What a text can be: literal pieces, and holes that values are built into; and who says it of an expression."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple, Protocol

import libcst as cst

from veteran.analysis.dataflow.sanitizers import Checked, Guards
from veteran.analysis.dataflow.validators import Checks
from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import At, Binding, Lowered, Scope
from veteran.analysis.syntax.nodes import string_value
from veteran.analysis.types.inference import Types


class Verdict(IntEnum):
    """How far a hole can be trusted."""

    SAFE = 0
    UNKNOWN = 1
    TAINTED = 2


class Hole(NamedTuple):
    """A part of a text that is not literal. source: the binding it was last taken from, if any.

    parameter: (function, name) where the value is exactly a parameter of that function. why: what makes it safe.
    """

    node: cst.CSTNode
    verdict: Verdict
    at: At
    source: Binding | None = None
    parameter: tuple[Scope, str] | None = None
    attribute: bool = False  # kept on an object since its construction
    why: str | Checked = ""


Piece = str | Hole
Pieces = tuple[Piece, ...]
#: More ways than this are not told apart.
MAX_ALTERNATIVES = 8
MAX_PIECES = 200
MAX_BINDINGS = 16
#: Stands for a hole of a template while its fields are read; no program text holds it.
HOLE_MARK = "\ufdd1"


class Strings(Protocol):
    """What follows the texts of one module: `strings.Flow`, for those whom it asks itself.

    assumed: tests of conditional expressions around what is asked about, and how they came out.
    """

    lowered: Lowered
    types: Types
    guards: Guards
    following: Following
    assumed: list[tuple[cst.BaseExpression, bool]]

    @property
    def checks(self) -> Checks: ...

    def pieces(self, node: cst.CSTNode, at: At) -> list[Pieces]: ...

    def elements(self, node: cst.CSTNode, at: At) -> list[list[Pieces]] | None: ...

    def returned(self, node: cst.Call, at: At) -> list[Pieces] | None: ...

    def passed(self, piece: Piece, node: cst.Call, at: At, function: Scope) -> list[Pieces]: ...


def all_constant(alternatives: Sequence[Pieces]) -> bool:
    return all(isinstance(piece, str) for pieces in alternatives for piece in pieces)


def is_open(pieces: Pieces) -> bool:
    """Whether nothing is known of a text."""
    return len(pieces) == 1 and isinstance(pieces[0], Hole) and pieces[0].verdict is Verdict.UNKNOWN


def merged(pieces: Iterable[Piece]) -> Pieces:
    """The pieces with neighbouring texts joined."""
    parts: list[Piece] = []
    for text, group in itertools.groupby(pieces, lambda piece: isinstance(piece, str)):
        if text:
            parts.append("".join(group))  # type: ignore[arg-type]
        else:
            parts += group
    return tuple(parts)


def refilled(text: str, kept: Iterator[Hole]) -> Pieces:
    """A part of a template with the holes that were in it already."""
    if HOLE_MARK not in text:
        return (text,)
    parts: list[Piece] = []
    for index, part in enumerate(text.split(HOLE_MARK)):
        if index and (hole := next(kept, None)) is not None:
            parts.append(hole)
        parts.append(part)
    return tuple(parts)


def pieces_key(pieces: Pieces) -> tuple[object, ...]:
    """Equal for equal pieces; nodes are slow to hash."""
    return tuple(piece if isinstance(piece, str) else (id(piece.node), piece.verdict) for piece in pieces)


def badness(pieces: Pieces) -> tuple[int, int]:
    verdicts = [piece.verdict for piece in holes(pieces)]
    return max(verdicts, default=Verdict.SAFE), sum(map(bool, verdicts))


def one_hole(node: cst.CSTNode, at: At, verdict: Verdict = Verdict.UNKNOWN, why: str | Checked = "") -> Pieces:
    """A text of which nothing is known but how far it can be trusted, and why."""
    return (Hole(node, verdict, at, why=why),)


def part_of(node: cst.CSTNode, at: At, whole: Sequence[Pieces]) -> Pieces:
    """A part of a value that is not followed further: tainted if the whole is."""
    found = [piece for pieces in whole for piece in holes(pieces)]
    verdict = max((piece.verdict for piece in found), default=Verdict.UNKNOWN)
    kept = bool(found) and all(piece.attribute for piece in found if piece.verdict)
    return (Hole(node, verdict, at, attribute=kept),)


def worst(alternatives: Sequence[Pieces]) -> Pieces:
    """The one alternative that says most against a text, where there are too many to keep."""
    return max(alternatives, key=badness)


def sequence(parts: Sequence[list[Pieces]]) -> list[Pieces]:
    """The alternatives of parts that follow one another."""
    ways = 1
    narrowed = []
    for alternatives in parts:
        if ways * len(alternatives) > MAX_ALTERNATIVES:
            narrowed.append([worst(alternatives)])
        else:
            ways *= len(alternatives)
            narrowed.append(alternatives)
    return [merged(itertools.chain(*way)) for way in itertools.product(*narrowed)]


def joined(pieces: Pieces, mark: str) -> str:
    """The text with a mark for each hole."""
    return "".join(piece if isinstance(piece, str) else mark for piece in pieces)


def holes(pieces: Pieces) -> Iterator[Hole]:
    """The holes, in order."""
    return (piece for piece in pieces if isinstance(piece, Hole))


def literal_text(node: cst.CSTNode) -> str:
    """The text of a literal."""
    if isinstance(node, cst.SimpleString):
        value = string_value(node)
        return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    value = getattr(node, "value", "")
    return value if isinstance(value, str) else ""
