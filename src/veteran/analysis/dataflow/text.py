"""What a text can be: literal pieces, and holes that values are built into."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

import libcst as cst

from veteran.analysis.dataflow.sanitizers import Checked
from veteran.analysis.semantics.ir import At, Binding, Scope


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
CONSTANT = "a constant by its name"
ENVIRONMENT = "read from the environment"
#: Stands for a hole of a template while its fields are read; no program text holds it.
HOLE_MARK = "\ufdd1"


def all_constant(alternatives: Sequence[Pieces]) -> bool:
    return all(isinstance(piece, str) for pieces in alternatives for piece in pieces)


def is_open(pieces: Pieces) -> bool:
    """Whether nothing is known of a text."""
    return len(pieces) == 1 and isinstance(pieces[0], Hole) and pieces[0].verdict is Verdict.UNKNOWN


def _is_text(pieces: Pieces) -> bool:
    return all(isinstance(piece, str) for piece in pieces)


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


def joined(pieces: Pieces, mark: str) -> str:
    """The text with a mark for each hole."""
    return "".join(piece if isinstance(piece, str) else mark for piece in pieces)


def holes(pieces: Pieces) -> Iterator[Hole]:
    """The holes, in order."""
    return (piece for piece in pieces if isinstance(piece, Hole))
