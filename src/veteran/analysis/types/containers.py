"""What collections hold: by their displays, by what is added to them, and by the classes of their parts."""

from __future__ import annotations

from functools import cached_property

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Call, Scope
from veteran.analysis.syntax.expressions import dotted, last_name
from veteran.analysis.syntax.nodes import integer_value, string_value
from veteran.analysis.types.values import Inference, Values

#: Methods that put an argument into a collection, and which.
_ADDS = {"append": 0, "appendleft": 0, "add": 0, "insert": 1, "setdefault": 1}
#: Methods that put in what cannot be told from one argument, or take the places of what is there.
_UNTOLD = frozenset(("extend", "extendleft", "update"))
_MOVES = frozenset(("insert", "pop", "popleft", "remove", "sort", "reverse", "clear", "appendleft", "rotate"))
_EMPTY = frozenset(("list", "dict", "set", "deque", "collections.deque", "OrderedDict", "collections.OrderedDict"))
_MAX_ADDED = 16

Display = cst.Dict | cst.List | cst.Tuple


class Containers:
    """Asked by `Types` where a collection is read that no annotation describes."""

    def __init__(self, types: Inference) -> None:
        self.types = types

    @cached_property
    def _calls(self) -> dict[str, list[Call]]:
        """The calls that change a collection, by its spelling."""
        found: dict[str, list[Call]] = {}
        wanted = _ADDS.keys() | _UNTOLD | _MOVES
        for call in self.types.lowered.calls:
            func = call.node.func
            if type(func) is cst.Attribute and func.attr.value in wanted and (name := dotted(func.value)) is not None:
                found.setdefault(name, []).append(call)
        return found

    @cached_property
    def _stored(self) -> dict[str, list[tuple[cst.BaseExpression, At, cst.Subscript]]]:
        """What is put under a key or index, by the spelling of the collection."""
        found: dict[str, list[tuple[cst.BaseExpression, At, cst.Subscript]]] = {}
        for value, at, target in self.types.lowered.stored:
            if isinstance(target, cst.Subscript) and (name := dotted(target.value)) is not None:
                found.setdefault(name, []).append((value, at, target))
        return found

    def _here(self, name: str, made: At, at: At) -> bool:
        """Whether a place names the same collection: the function's own name, or the object's own attribute."""
        if "." in name:
            return at.scope.function.parent is made.scope.function.parent
        return at.scope.function is made.scope.function

    def held(self, node: cst.CSTNode, at: At) -> Values:
        """What was put into a collection that began empty; nothing where that is not all in sight."""
        name = dotted(node)
        if name is None or not (name in self._calls or name in self._stored):
            return ()
        made = self._made(node, at)
        if made is None or not _is_empty(made[0]):
            return ()
        found: list[tuple[cst.BaseExpression, At]] = []
        for call in self._calls.get(name, ()):
            if not self._here(name, made[1], call):
                continue
            method, args = last_name(call.node.func), call.node.args
            if method in _UNTOLD:
                return ()
            if method in _ADDS:
                if len(args) <= _ADDS[method] or any(arg.star or arg.keyword for arg in args):
                    return ()
                found.append((args[_ADDS[method]].value, call))
        found += [(value, where) for value, where, _ in self._stored.get(name, ()) if self._here(name, made[1], where)]
        if not 0 < len(found) <= _MAX_ADDED:
            return ()
        values = self.types.merged(self.types.of(value, where) for value, where in found)
        return values if None not in values else ()

    def _made(self, node: cst.CSTNode, at: At) -> tuple[cst.BaseExpression, Binding] | None:
        """The one expression that a name or an attribute of `self` is bound from, and where."""
        bound: tuple[Binding, ...] | list[Binding] = ()
        if isinstance(node, cst.Name):
            bound = scopes.lookup(node.value, at).bindings
        elif isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            owner = self._owner(node.value, at)
            if owner is not None:
                bound = [*owner.bindings.get(node.attr.value, ()), *owner.attributes.get(node.attr.value, ())]
        if len(bound) != 1 or bound[0].kind not in ("assign", "walrus") or bound[0].path != ():
            return None
        value = bound[0].value
        return (value, bound[0]) if isinstance(value, cst.BaseExpression) else None

    def _owner(self, node: cst.Name, at: At) -> Scope | None:
        values = self.types.of(node, at)
        kind = getattr(values[0], "type", "") if len(values) == 1 else ""
        return self.types.classes.get(kind)

    def picked(self, node: cst.CSTNode, key: cst.BaseExpression, at: At) -> Values:
        """What stands under a constant key or index of a collection that is written out; nothing where unsure."""
        wanted = _constant(key)
        if wanted is None:
            return ()
        display, where = (node, at) if isinstance(node, Display) else self._made(node, at) or (None, at)
        if not isinstance(display, Display):
            return ()
        found: list[tuple[cst.BaseExpression, At]] = []
        if (given := _under(display, wanted)) is not None:
            found.append((given, where))
        name = dotted(node)
        if name is not None and not isinstance(display, cst.Tuple):
            moved = any(last_name(call.node.func) in _MOVES for call in self._calls.get(name, ()))
            if isinstance(display, cst.List) and moved:
                return ()
            for value, at_store, target in self._stored.get(name, ()):
                index = target.slice[0].slice if len(target.slice) == 1 else None
                if not isinstance(index, cst.Index) or _constant(index.value) in (None, wanted):
                    found.append((value, at_store))
        if not 0 < len(found) <= _MAX_ADDED:
            return ()
        return self.types.merged(self.types.of(value, place) for value, place in found)


def _is_empty(value: cst.BaseExpression) -> bool:
    """Whether an expression makes an empty collection."""
    if isinstance(value, (cst.List, cst.Dict)):
        return not value.elements
    return isinstance(value, cst.Call) and not value.args and dotted(value.func) in _EMPTY


def _constant(node: cst.CSTNode) -> str | bytes | int | None:
    """The value of a constant key or index; None for any other expression."""
    if isinstance(node, cst.SimpleString):
        return string_value(node)
    if isinstance(node, cst.Integer):
        return integer_value(node)
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        return -integer_value(node.expression) if isinstance(node.expression, cst.Integer) else None
    return None


def _under(display: Display, wanted: str | bytes | int) -> cst.BaseExpression | None:
    """What a display holds under a key or index; None where that cannot be told."""
    if isinstance(display, cst.Dict):
        found = None
        for element in display.elements:
            if not isinstance(element, cst.DictElement):
                return None
            key = _constant(element.key)
            if key is None:
                return None
            if key == wanted:
                found = element.value
        return found
    if not isinstance(wanted, int) or any(isinstance(element, cst.StarredElement) for element in display.elements):
        return None
    inside = -len(display.elements) <= wanted < len(display.elements)
    return display.elements[wanted].value if inside else None
