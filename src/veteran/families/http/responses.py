"""Responses that the types do not know: items of collections that a function fills, results of tasks, `isinstance`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.dataflow.tasks import SAME_ITEMS, is_new
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.conditions import conditions, parts
from veteran.analysis.semantics.ir import At, Binding, Scope
from veteran.analysis.semantics.places import spelling
from veteran.analysis.syntax.expressions import dotted, last_name
from veteran.analysis.syntax.nodes import string_value
from veteran.analysis.types.values import Instance, Value, Values
from veteran.families.http.conventions import RUNNERS

if TYPE_CHECKING:
    from veteran.analysis.module import Module


_LOOPS = ("asyncio", "anyio", "trio")
_MAX_DEPTH = 8
#: More ways to fill one list than this are not looked at.
_MAX_FILLED = 20
_END = 1 << 60
#: Any value of a dictionary, where others are its keys.
ANY = "*"
Key = cst.BaseExpression | int | str | None
_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)


class Responses:
    """Answers what receivers of one module are where their types alone do not tell."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.types = module.types
        self._holds: dict[tuple[Binding, bool], Values] = {}

    def of(self, node: cst.CSTNode, at: At) -> Values:
        """The classes of an expression; nothing unless all that it can be is known."""
        values = self._narrowed(node, at) or self._of(node, at, 0)
        return values if values and all(isinstance(value, Instance) for value in values) else ()

    def waits(self, call: cst.Call, at: At) -> bool:
        """Whether a call is one of those of asyncio and the like that run what they are given."""
        refs = self.types.refs(call.func, at)
        if refs is not None and all(ref.name.partition(".")[0] in _LOOPS for ref in refs):
            return True
        func = call.func
        if not isinstance(func, cst.Attribute) or func.attr.value == "run":
            return False
        owner = (dotted(func.value) or "").rpartition(".")[2]
        return bool(RUNNERS.search(owner)) or (
            isinstance(func.value, cst.Call) and bool(RUNNERS.search(last_name(func.value.func)))
        )

    def _narrowed(self, node: cst.CSTNode, at: At) -> Values:
        """What `isinstance` says of a name on the way here."""
        name = spelling(node)
        if name is None:
            return ()
        for condition in conditions(at):
            for test, holds in parts(condition.test, condition.outcome):
                if not holds or not isinstance(test, cst.Call) or dotted(test.func) != "isinstance":
                    continue
                if len(test.args) == 2 and spelling(test.args[0].value) == name:
                    kinds = test.args[1].value
                    wanted = [e.value for e in kinds.elements] if isinstance(kinds, cst.Tuple) else [kinds]
                    return tuple(v for kind in wanted for v in self.types.annotation(kind, condition.at))
        return ()

    def _known(self, node: cst.CSTNode, at: At, depth: int) -> Values:
        """What an expression is, by its type or by where it came from."""
        if (
            isinstance(node, cst.Call) and last_name(node.func) in self.types.catalog.calling
        ):  # what the call of a function gives later
            found = self._of(node, at, depth + 1)
            if found and all(isinstance(value, Instance) for value in found):
                return found
        values = self.types.of(node, at)
        if values and all(isinstance(value, Instance) for value in values):
            return values
        return self._of(node, at, depth + 1)

    def _of(self, node: cst.CSTNode, at: At, depth: int) -> Values:
        if depth > _MAX_DEPTH:
            return (None,)
        if isinstance(node, cst.Await):
            return self._known(node.expression, at, depth)
        if isinstance(node, cst.Name):
            bound = scopes.lookup(node.value, at).bindings
            return self._merged(self._bound(binding, depth) for binding in bound) if len(bound) <= _MAX_FILLED else ()
        if isinstance(node, cst.Subscript) and isinstance(node.slice[0].slice, cst.Index):
            return self._items(node.value, at, depth, node.slice[0].slice.value)
        if isinstance(node, cst.Call):
            name = last_name(node.func)
            if name in self.types.catalog.waiting and node.args and not node.args[0].star and self.waits(node, at):
                return self._known(node.args[0].value, at, depth)
            called = self.types.catalog.calling.get(name)
            if called is not None and len(node.args) > called:
                return self.types.results(node.args[called].value, at)
            if name == "result" and isinstance(node.func, cst.Attribute):
                return self._of(node.func.value, at, depth + 1)
        return (None,)

    def _bound(self, binding: Binding, depth: int) -> Values:
        value, path = binding.value, binding.path
        if path is None or not isinstance(value, cst.BaseExpression):
            return (None,)
        if binding.kind in ("assign", "walrus"):
            if not path:
                return self._known(value, binding, depth)
            return self._items(value, binding, depth, path[0]) if len(path) == 1 else (None,)
        if binding.kind != "for":
            return (None,)
        if isinstance(value, cst.Call):
            name = last_name(value.func)
            if name == "enumerate" and path == (1,) and value.args:
                return self._items(value.args[0].value, binding, depth)
            if name == "zip" and len(path) == 1 and path[0] < len(value.args):
                return self._items(value.args[path[0]].value, binding, depth)
            if name == "items" and isinstance(value.func, cst.Attribute):
                return self._items(value.func.value, binding, depth, ANY) if path == (1,) else (None,)
            if name == "values" and isinstance(value.func, cst.Attribute) and not path:
                return self._items(value.func.value, binding, depth, ANY)
        return self._items(value, binding, depth) if not path else (None,)

    def _items(self, node: cst.CSTNode, at: At, depth: int, key: Key = None) -> Values:
        """What a collection holds; key: of the one item that is wanted, or `ANY` of a dictionary's values."""
        if depth > _MAX_DEPTH:
            return (None,)
        depth += 1
        if isinstance(node, cst.Await):
            return self._items(node.expression, at, depth, key)
        if isinstance(node, cst.Name):
            bound = scopes.lookup(node.value, at).bindings
            return self._merged(self._held(binding, depth, key) for binding in bound)
        if isinstance(node, _COMPREHENSIONS):
            scope = self._scopes.get(node)
            if scope is None:
                return (None,)
            inside = At(scope, scope.body, _END, at.statement)
            if isinstance(node, cst.DictComp):
                return self._known(node.key if key is None else node.value, inside, depth)
            return self._known(node.elt, inside, depth)
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
            elements = [element.value for element in node.elements]
            if isinstance(key, int) and key < len(elements):
                elements = elements[key : key + 1]
            return self._merged(self._known(element, at, depth) for element in elements)
        if isinstance(node, cst.Dict):
            return self._entries(node, at, depth, key)
        if isinstance(node, cst.Call):
            return self._made(node, at, depth, key)
        return (None,)

    def _entries(self, node: cst.Dict, at: At, depth: int, key: Key) -> Values:
        wanted = string_value(key) if isinstance(key, cst.SimpleString) else None
        found: list[Values] = []
        for element in node.elements:
            if not isinstance(element, cst.DictElement):
                return (None,)
            name = string_value(element.key) if isinstance(element.key, cst.SimpleString) else None
            if key is None:
                found.append(self._known(element.key, at, depth))
            elif wanted is None or name is None or name == wanted:
                found.append(self._known(element.value, at, depth))
        return self._merged(found)

    def _made(self, call: cst.Call, at: At, depth: int, key: Key) -> Values:
        """The items of what a call gives."""
        name, args = last_name(call.func), [arg for arg in call.args if arg.keyword is None]
        if not args:
            return (None,)
        if name == "gather" and args[0].star != "*":
            if any(arg.star for arg in args):
                return (None,)
            wanted = args[key : key + 1] if isinstance(key, int) else args
            return self._merged(self._known(arg.value, at, depth) for arg in wanted)
        if name in SAME_ITEMS and len(args) == 1:
            return self._items(args[0].value, at, depth)
        if name in self.types.catalog.runs["each"]:
            return self.types.results(args[0].value, at)
        return (None,)

    def _held(self, binding: Binding, depth: int, key: Key) -> Values:
        """What the collection holds that a name is bound to: what it is made with, and what is added to it."""
        if (
            binding.kind not in ("assign", "walrus")
            or binding.path
            or not isinstance(binding.value, cst.BaseExpression)
        ):
            return (None,)
        if not is_new(binding.value):
            return self._items(binding.value, binding, depth, key)
        asked = binding, key is None
        if asked not in self._holds:
            self._holds[asked] = (None,)  # while it is being found out
            added: list[Values] = []
            for value, at in self._added(binding, keys=key is None):
                if len(added) > _MAX_FILLED or value is None:
                    return (None,)
                added.append(self._known(value, at, depth))
            self._holds[asked] = self._merged(added)
        return self._holds[asked]

    def _added(self, binding: Binding, *, keys: bool) -> Iterator[tuple[cst.BaseExpression | None, At]]:
        """What is put into a collection, item by item, or the keys of what is; None for several at once."""
        for use in self.module.uses.of(binding):
            around = self.module.uses.parent(use.node, use)
            outer = self.module.uses.parent(around, use) if around is not None else None
            if isinstance(around, cst.Attribute) and isinstance(outer, cst.Call) and outer.func is around:
                if around.attr.value in ("append", "add", "appendleft") and len(outer.args) == 1:
                    yield outer.args[0].value, use
                elif around.attr.value in ("extend", "update", "insert"):
                    yield None, use
            elif isinstance(around, cst.Subscript) and around.value is use.node and isinstance(outer, cst.AssignTarget):
                assign, index = self.module.uses.parent(outer, use), around.slice[0].slice
                if keys:
                    yield (index.value if isinstance(index, cst.Index) else None), use
                else:
                    yield (assign.value if isinstance(assign, cst.Assign) else None), use

    @cached_property
    def _scopes(self) -> dict[cst.CSTNode, Scope]:
        return {scope.node: scope for scope in self.module.lowered.scopes if scope.kind == "comprehension"}

    @staticmethod
    def _merged(found: Iterable[Values]) -> Values:
        merged: dict[Value, None] = {}
        for values in found:
            if not values:
                return (None,)
            merged.update(dict.fromkeys(values))
        return tuple(merged)
