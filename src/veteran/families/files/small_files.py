"""Files that are small by what they are for, judged by the words of their paths and of the code around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, first_parameter
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import children, string_value
from veteran.families.files.conventions import CAPITALS, GROWN, HELPERS, PARTS, PLACES, PURPOSES, WORDS, WRITTEN

if TYPE_CHECKING:
    from veteran.analysis.module import Module

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: Methods that give the same path or name in another form.
_FORMS = frozenset(
    "absolute expanduser format joinpath lower replace resolve strip with_name with_suffix open read_text".split()  # noqa: SIM905
)
#: Methods whose arguments are what names end with.
_ENDINGS = frozenset(("with_suffix", "endswith", "removesuffix", "replace", "rstrip"))
_MAX_NODES = 200
_MAX_DEPTH = 4


def is_small(
    module: Module, path: cst.BaseExpression | None, at: At, names: Iterable[str], purposes: Iterable[str]
) -> bool:
    """Whether the program itself, a path or what stands around its read says that the file is small.

    names: those bound to the file or to its lines. purposes: those of the functions and classes around it.
    """
    if PurePath(module.path).name in HELPERS:
        return True
    if any(not PURPOSES.isdisjoint(_words(name)) for name in purposes):
        return True
    if any(map(_says_small, names)):
        return True
    return path is not None and any(_judged(module, path, at))


def _words(name: str) -> Iterator[str]:
    return (word.lower() for word in _WORD.findall(name))


def _says_small(name: str) -> bool:
    return bool(PARTS.search(name.lower())) or not WORDS.isdisjoint(_words(name))


def _literal(text: str, *, ends: bool = False) -> bool:
    """Whether a part of a path says small. ends: it is what a name ends with, so that a dot is no hidden file's."""
    if ends and text[:1] == ".":
        return bool(WRITTEN.search(text)) and not GROWN.search(text)
    if PLACES.search(text):
        return True
    if GROWN.search(text):
        return False
    if WRITTEN.search(text) or CAPITALS.search(text):
        return True
    return _says_small(re.sub(r"\.\w+$", "", text))


def _judged(module: Module, path: cst.BaseExpression, at: At) -> Iterator[bool]:
    """What every literal and name says that a path is made of, through assignments, loops and defaults."""
    pending: list[tuple[cst.CSTNode, At, int]] = [(path, at, 0)]
    endings: set[cst.CSTNode] = set()
    for _ in range(_MAX_NODES):
        if not pending:
            return
        node, where, depth = pending.pop()
        if isinstance(node, cst.SimpleString):
            text = string_value(node)
            yield _literal(text if isinstance(text, str) else text.decode("latin-1"), ends=node in endings)
        elif isinstance(node, cst.FormattedStringText):
            yield _literal(node.value, ends=node in endings)
        elif isinstance(node, cst.Name):
            yield node.value == "__file__" or _says_small(node.value)
            pending += _origins(node, where, depth)
        elif isinstance(node, cst.Attribute):
            yield _says_small(node.attr.value)
            pending += _assigned(node, where, depth)
        elif isinstance(node, cst.Subscript):  # the key says more than the mapping
            pending += [(element.slice, where, depth) for element in node.slice]
            if isinstance(node.value, cst.Name):
                pending += _origins(node.value, where, depth)
        elif isinstance(node, cst.FormattedString):
            pairs = zip(node.parts, node.parts[1:], strict=False)
            endings.update(second for first, second in pairs if isinstance(first, cst.FormattedStringExpression))
            pending += [(part, where, depth) for part in node.parts]
        elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            if not (isinstance(node.left, cst.SimpleString) and str(string_value(node.left))[-1:] in "/\\"):
                endings.add(node.right)
            pending += [(node.left, where, depth), (node.right, where, depth)]
        elif isinstance(node, cst.Call):
            func = node.func
            if isinstance(func, cst.Attribute) and func.attr.value in _ENDINGS:
                endings.update(arg.value for arg in node.args)
            yield _says_small((dotted(func) or "").rpartition(".")[2])
            pending += [(arg.value, where, depth) for arg in node.args]
            if isinstance(func, cst.Attribute) and (
                func.attr.value in _FORMS or not isinstance(func.value, (cst.Name, cst.Attribute))
            ):
                pending.append((func.value, where, depth))
        else:
            pending += [(child, where, depth) for child in children(node)]


def _origins(node: cst.Name, at: At, depth: int) -> Iterator[tuple[cst.CSTNode, At, int]]:
    """What a name is bound from."""
    if depth < _MAX_DEPTH:
        for binding in scopes.lookup(node.value, at).bindings:
            value = binding.value.default if binding.kind == "parameter" else binding.value
            if binding.kind in ("assign", "walrus", "with", "for", "parameter") and isinstance(value, cst.CSTNode):
                yield value, binding, depth + 1


def _assigned(node: cst.Attribute, at: At, depth: int) -> Iterator[tuple[cst.CSTNode, At, int]]:
    """What `self.x` is set to; else what the attribute is taken of, unless that is a name for many things."""
    owner = at.scope.function.parent
    if isinstance(node.value, cst.Name):
        own = owner is not None and node.value.value == first_parameter(at.scope.function)
        for binding in owner.attributes.get(node.attr.value, ()) if own and owner and depth < _MAX_DEPTH else ():
            if isinstance(binding.value, cst.BaseExpression):
                yield binding.value, binding, depth + 1
    else:
        yield node.value, at, depth
