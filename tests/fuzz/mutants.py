"""Real files, changed a little: their texts and their trees."""

from __future__ import annotations

import ast
import copy
import re
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

#: Larger files are cut out of: what is checked then is a part of so many lines.
PART = 120
_TOKEN = re.compile(
    r"""(?P<space>[ \t]+|\n)|(?P<comment>\#[^\n]*)|(?P<string>[rbfRBFuU]{0,2}(?:\"\"\"|'''|"[^"\n]*"|'[^'\n]*'))"""
    r"""|(?P<name>\w+)|(?P<other>[-+*/%@&|^<>=!]=?|.)""",
    re.S,
)
_ODD = (
    "\0",
    "\ufeff",
    "\f",
    "\r",
    "\\\n",
    "\t",
    "\u2028",
    "é",
    "\u210c",
    "\x1a",
    '"""',
    "'",
    "f'{",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
)
_MORE = (
    *_ODD,
    "lambda: ",
    "await ",
    "yield ",
    "not ",
    "*",
    "**",
    ":=",
    "async ",
    "self.",
    "global x\n",
    "del ",
    "...",
    "-",
)
_COOKIES = ("latin-1", "utf-8", "utf-8-sig", "ascii", "cp1252", "utf-16", "nonsense", "euc-jp", "utf_7", "iso-8859-15")


@cache
def texts(roots: tuple[str, ...]) -> tuple[str, ...]:
    """The texts of all files below, in the order of their names."""
    paths = [path for root in map(Path, roots) for path in (sorted(root.rglob("*.py")) if root.is_dir() else [root])]
    return tuple(path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n") for path in paths)


def part(random: Random, known: Sequence[str]) -> str:
    """A file, or of a long one the statements of its first level that begin somewhere in it."""
    lines = random.choice(known).splitlines(keepends=True)
    if len(lines) <= PART:
        return "".join(lines)
    first = random.randrange(len(lines) - PART)
    while first and (lines[first][:1].isspace() or lines[first][:1] in ")]}#\n"):
        first -= 1
    last = first + PART
    while last < min(len(lines), first + 2 * PART) and (lines[last][:1].isspace() or lines[last][:1] in ")]}"):
        last += 1
    return "".join(lines[first:last])


# Texts


def text_mutant(random: Random, known: Sequence[str]) -> bytes:
    """A file some of whose characters, tokens and lines are gone, doubled, exchanged or others'."""
    text = part(random, known)
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        text = random.choice(_CHANGES)(random, text, known)
    data = text.encode("utf-8", "surrogatepass")
    if not random.randrange(20):
        data = f"# -*- coding: {random.choice(_COOKIES)} -*-\n".encode() + data
    if not random.randrange(20):
        data = data.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b"\\\n", b"\f\n")))
    if not random.randrange(30):
        at = random.randrange(len(data) + 1)
        data = data[:at] + random.randbytes(random.randint(1, 3)) + data[at:]
    return data


def _characters(random: Random, text: str, known: Sequence[str]) -> str:
    start = random.randrange(len(text) + 1)
    stop = min(len(text), start + random.choice((0, 1, 1, 2, 10)))
    inserted = random.choice(_MORE) * random.choice((1, 1, 1, 2, 50))
    return text[:start] + random.choice(("", inserted, text[start:stop] * 2, inserted)) + text[stop:]


def _lines(random: Random, text: str, known: Sequence[str]) -> str:
    lines = text.splitlines(keepends=True) or ["\n"]
    start = random.randrange(len(lines))
    stop = min(len(lines), start + random.choice((1, 1, 2, 5, 20)))
    chosen = lines[start:stop]
    way = random.randrange(6)
    if way == 0:
        lines[start:stop] = []
    elif way == 1:
        lines[start:stop] = chosen * random.choice((2, 2, 30))
    elif way == 2:
        other = random.randrange(len(lines))
        lines[start], lines[other] = lines[other], lines[start]
    elif way == 3:
        lines[start:stop] = [random.choice(("    ", "\t", " ")) + line for line in chosen]
    elif way == 4:
        lines[start:stop] = [line[4:] if line.startswith("    ") else line for line in chosen]
    else:
        others = part(random, known).splitlines(keepends=True) or ["\n"]
        first = random.randrange(len(others))
        lines[start:start] = others[first : first + random.choice((1, 5, 30))]
    return "".join(lines)


def _tokens(random: Random, text: str, known: Sequence[str]) -> str:
    """Two tokens of a sort are exchanged, or one becomes the other: most of these are still programs."""
    found = [match for match in _TOKEN.finditer(text) if match.lastgroup not in ("space", "comment")]
    if not found:
        return text
    one = random.choice(found)
    alike = [match for match in found if match.lastgroup == one.lastgroup]
    other = random.choice(alike)
    way = random.randrange(4)
    if way == 0:
        return text[: one.start()] + text[one.end() :]
    if way == 1:
        return text[: one.start()] + one[0] + " " + text[one.start() :]
    if way == 2:
        return text[: one.start()] + other[0] + text[one.end() :]
    first, second = sorted((one, other), key=lambda match: match.start())
    between = text[first.end() : second.start()]
    return text if first is second else text[: first.start()] + second[0] + between + first[0] + text[second.end() :]


def _names(random: Random, text: str, known: Sequence[str]) -> str:
    """A name becomes another one everywhere, so that what was apart is one."""
    names = sorted(set(re.findall(r"\b[A-Za-z_]\w*\b", text)))
    if not names:
        return text
    one, other = random.choice(names), random.choice(names)
    return re.sub(rf"\b{one}\b", other, text)


_CHANGES: tuple[Callable[[Random, str, Sequence[str]], str], ...] = (
    _characters,
    _lines,
    _lines,
    _tokens,
    _tokens,
    _names,
)


# Trees


def tree_mutant(random: Random, known: Sequence[str]) -> bytes:
    """A file whose statements and expressions were exchanged, doubled, nested or dropped, as CPython writes it."""
    for _ in range(20):
        tree = _parsed(part(random, known))
        others = _parsed(part(random, known))
        if tree is None or others is None:
            continue
        parts = _Parts.of(others)
        for _ in range(random.choice((1, 2, 4, 8, 16))):
            _mutate(random, tree, parts)
        try:
            return ast.unparse(tree).encode("utf-8", "surrogatepass") + b"\n"
        except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
            continue  # an expression stands where none may
    return b""


class _Parts(NamedTuple):
    """What a change is made of. lists: of nodes, none empty; places: (node, field, the expression there)."""

    lists: list[list[Any]]
    places: list[tuple[ast.AST, str, ast.expr]]
    names: list[ast.Name]

    @classmethod
    def of(cls, tree: ast.Module) -> _Parts:
        """Those of a tree."""
        parts = cls([], [], [])
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                parts.names.append(node)
            for field, value in ast.iter_fields(node):
                if isinstance(value, ast.expr):
                    parts.places.append((node, field, value))
                elif isinstance(value, list) and value and isinstance(value[0], ast.AST):
                    parts.lists.append(value)
        return parts


def _parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _mutate(random: Random, tree: ast.Module, others: _Parts) -> None:
    """One change: in a list of the tree, or of one of its expressions or names."""
    own = _Parts.of(tree)
    source = random.choice((own, own, others))
    way = random.randrange(6)
    if way < 3 and own.lists:
        _mutate_list(random, random.choice(own.lists), source.lists)
    elif way < 5 and own.places and source.places:
        parent, field, value = random.choice(own.places)
        setattr(parent, field, _nested(random, value, copy.deepcopy(random.choice(source.places)[2])))
    elif own.names:
        random.choice(own.names).id = random.choice(own.names).id


def _nested(random: Random, value: ast.expr, other: ast.expr) -> ast.expr:
    """An expression in the place of another: it, or both as parts of a new one."""
    load = ast.Load()
    ways: tuple[Callable[[], ast.expr], ...] = (
        lambda: other,
        lambda: other,
        lambda: ast.BinOp(value, random.choice((ast.Add(), ast.Mod(), ast.BitOr(), ast.MatMult())), other),
        lambda: ast.BoolOp(random.choice((ast.And(), ast.Or())), [value, other]),
        lambda: ast.IfExp(other, value, other),
        lambda: ast.Call(value, [other], []),
        lambda: ast.Call(other, [value, ast.Starred(other, load)], [ast.keyword(None, value)]),
        lambda: ast.Await(value),
        lambda: ast.Lambda(ast.arguments([], [], None, [], [], None, []), value),
        lambda: ast.NamedExpr(ast.Name("walrus", ast.Store()), value),
        lambda: ast.ListComp(value, [ast.comprehension(ast.Name("each", ast.Store()), other, [value], 0)]),
        lambda: ast.JoinedStr([ast.Constant("SELECT "), ast.FormattedValue(value, -1, None)]),
        lambda: ast.Subscript(value, other, load),
        lambda: ast.Attribute(value, "self", load),
        lambda: ast.Tuple([value, other], load),
        lambda: ast.Dict([value, None], [other, value]),
        lambda: ast.Yield(value),
    )
    return random.choice(ways)()


def _mutate_list(random: Random, chosen: list[Any], lists: Sequence[list[Any]]) -> None:
    """One change of a list of nodes: one less, one twice, one moved, one from elsewhere of the same sort."""
    at = random.randrange(len(chosen))
    sort = ast.stmt if isinstance(chosen[at], ast.stmt) else type(chosen[at])
    way = random.randrange(4)
    if way == 0 and len(chosen) > 1:
        del chosen[at]
    elif way == 1:
        chosen.insert(at, copy.deepcopy(chosen[at]))
    elif way == 2:
        chosen.insert(random.randrange(len(chosen)), chosen.pop(at))
    else:
        donors = [node for nodes in lists for node in nodes if isinstance(node, sort)]
        if donors:
            chosen.insert(at, copy.deepcopy(random.choice(donors)))
