"""Keys of decoded values: how they are written, what raises where one is missing, which come from the value itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.dataflow.access_paths import ANY, MAX_ALIASES, Access, Denoted, same_root
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import string_value

if TYPE_CHECKING:
    from veteran.analysis.module import Module

#: Displays whose elements are the keys that are written out.
WRITTEN = (cst.Tuple, cst.List, cst.Set)
_ONE_OF = ("next", "min", "max")
_ALL_OF = ("range", "len", "list", "sorted", "iter")


def key_text(module: Module, node: cst.BaseExpression, at: At) -> str:
    """The text by which a key is the same in a check and in an access."""
    if isinstance(node, cst.SimpleString):
        return repr(string_value(node))
    if isinstance(node, cst.Name):
        found = scopes.lookup(node.value, at)
        if len(found.bindings) == 1:
            value = found.bindings[0].value
            if isinstance(value, cst.SimpleString) and found.bindings[0].kind == "assign":
                return repr(string_value(value))
    return module.code(node, 80)


def keys_put(module: Module, node: cst.BaseExpression, at: At) -> Iterator[str]:
    """The keys that an assignment to `data[node]` puts there; those of a loop are taken one by one."""
    if isinstance(node, cst.Name):
        bound = scopes.lookup(node.value, at).bindings
        if any(binding.kind == "for" for binding in bound):
            over = bound[0].value
            keys = [e.value for e in over.elements] if isinstance(over, WRITTEN) else []
            if keys and not bound[0].path and all(isinstance(key, cst.SimpleString) for key in keys):
                yield from (key_text(module, key, at) for key in keys)
            else:
                yield ANY
            return
    yield key_text(module, node, at)


def is_index(key: str) -> bool:
    """Whether a key is written out as an index."""
    return bool(re.fullmatch(r"-?\d+", key))


def error_of(key: str) -> str:
    """What an access by a key that is not there raises, as far as the key tells."""
    if is_index(key):
        return "IndexError"
    return "KeyError" if key[:1] in "'\"" else "LookupError"


def without_keys(node: cst.BaseExpression) -> cst.BaseExpression:
    """The mapping of `data.keys()`."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "keys":
        return node.func.value
    return node


def may_hold(keys: cst.BaseExpression, access: Access) -> bool:
    """Whether written-out keys have the accessed one; true where they are not written out."""
    if not isinstance(keys, WRITTEN) or access.key[:1] not in "'\"":
        return True
    values = [element.value for element in keys.elements]
    if not all(isinstance(value, cst.SimpleString) for value in values):
        return True
    return access.key in [repr(string_value(v)) for v in values if isinstance(v, cst.SimpleString)]


class OwnKeys:
    """Answers which keys were taken from a value itself. find: what an expression denotes."""

    def __init__(self, find: Callable[[cst.CSTNode], Denoted | None]) -> None:
        self.find = find

    def is_own(self, access: Access) -> bool:
        """Whether the key was taken from the value itself: `for key in data: data[key]`."""
        node = access.node
        if not isinstance(node, cst.Subscript) or not isinstance(node.slice[0].slice, cst.Index):
            return False
        return any(
            same_root(found, access) and found.path == access.container
            for found in self._keyed(node.slice[0].slice.value, access.at)
        )

    def _keyed(self, key: cst.BaseExpression, at: At) -> Iterator[Denoted]:
        """The values of which an expression is one of the keys."""
        if isinstance(key, cst.Name):
            for binding in scopes.lookup(key.value, at).bindings:
                value = binding.value
                if binding.kind == "for" and binding.path in ((), (0,)) and isinstance(value, cst.BaseExpression):
                    yield from self._with_keys(value, binding, 0)
                elif binding.kind in ("assign", "walrus") and isinstance(value, (cst.Call, cst.Subscript)):
                    yield from self._one_key(value, binding) if binding.path in ((), (0,)) else ()
        else:
            yield from self._one_key(key, at)

    def _one_key(self, node: cst.BaseExpression, at: At) -> Iterator[Denoted]:
        """The values of which `next(iter(data))` or `list(data)[0]` is a key."""
        if isinstance(node, cst.Call) and dotted(node.func) in _ONE_OF and node.args:
            yield from self._with_keys(node.args[0].value, at, 0)
        elif isinstance(node, cst.Subscript):
            keys, where = node.value, at
            if isinstance(keys, cst.Name):
                bound = scopes.lookup(keys.value, at).bindings
                if len(bound) == 1 and isinstance(bound[0].value, (cst.Call, cst.ListComp)):
                    keys, where = bound[0].value, bound[0]
            if isinstance(keys, cst.ListComp) or (isinstance(keys, cst.Call) and dotted(keys.func) in _ALL_OF):
                yield from self._with_keys(keys, where, 0)

    def _with_keys(self, node: cst.BaseExpression, at: At, depth: int) -> Iterator[Denoted]:
        """The values whose keys an expression has."""
        if depth > MAX_ALIASES:
            return
        while isinstance(node, cst.Call) and dotted(node.func) in (*_ONE_OF, *_ALL_OF) and node.args:
            node = node.args[0 if dotted(node.func) in _ONE_OF else -1].value
        found = self.find(node)
        if found is not None:
            yield found
        elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.BitAnd, cst.Subtract)):
            yield from self._with_keys(node.left, at, depth + 1)
            if isinstance(node.operator, cst.BitAnd):
                yield from self._with_keys(node.right, at, depth + 1)
        elif isinstance(node, (cst.ListComp, cst.GeneratorExp, cst.SetComp)):
            if isinstance(node.elt, cst.Name) and dotted(node.for_in.target) == node.elt.value:
                yield from self._with_keys(node.for_in.iter, at, depth + 1)
        elif isinstance(node, cst.Name):
            for binding in scopes.lookup(node.value, at).bindings:
                value = binding.value
                if binding.kind in ("assign", "walrus") and not binding.path and isinstance(value, cst.BaseExpression):
                    yield from self._with_keys(value, binding, depth + 1)
