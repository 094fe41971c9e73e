"""Collections that hold decoded values: what puts a value into one, and what takes it out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.dataflow.access_paths import (
    HELD,
    KEYS,
    UNDER,
    Denoted,
    Home,
    Root,
    Step,
    items_of,
    kept_at,
    merge,
    put_into,
)
from veteran.analysis.dataflow.tasks import is_new
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Use
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import string_value
from veteran.families.http.keys import key_text

if TYPE_CHECKING:
    from veteran.analysis.module import Module

#: More collections than this are not followed from one response.
MAX_HELD = 200
#: Methods that put an argument into a collection.
FILLING = frozenset(("append", "add", "appendleft", "insert", "extend", "update"))


class Containers:
    """Follows values through the collections of one module.

    known: what expressions denote. holding: the expressions that hold such a value. read: the uses of what is bound.
    """

    def __init__(
        self,
        module: Module,
        known: dict[cst.CSTNode, Denoted],
        holding: set[cst.CSTNode],
        read: Callable[[Binding, Denoted], Iterator[Step]],
    ) -> None:
        self.module = module
        self.known = known
        self.holding = holding
        self.read = read
        self._by_key: dict[Binding, dict[str, list[Use]]] = {}
        self._fillings: dict[object, Root] = {}  # what a collection holds, by its bindings and the way to the value
        self._mixtures: dict[Home, bool] = {}

    def collected(self, node: cst.CSTNode, parent: cst.CSTNode, at: At, denoted: Denoted) -> Iterator[Step]:
        """The collection that a denoting expression is put into."""
        if isinstance(parent, (cst.Element, cst.StarredElement)):
            around = self.module.uses.parent(parent, at)
            if isinstance(around, (cst.Tuple, cst.List, cst.Set)):
                if isinstance(parent, cst.StarredElement):
                    if len(around.elements) == 1 or denoted.kept or denoted.inside:
                        yield around, at, kept_at(items_of(denoted), node, at)
                    return
                index = next((i for i, e in enumerate(around.elements) if e is parent), 0)
                starred = any(isinstance(e, cst.StarredElement) for e in around.elements[:index])
                if not starred:
                    yield around, at, kept_at(put_into(denoted, f"#{index}"), node, at)
        elif isinstance(parent, cst.DictElement) and parent.value is node:
            around = self.module.uses.parent(parent, at)
            if isinstance(around, cst.Dict):
                key = key_text(self.module, parent.key, at) if isinstance(parent.key, cst.SimpleString) else UNDER
                yield around, at, kept_at(put_into(denoted, key), node, at)
        elif isinstance(parent, cst.StarredDictElement) and not denoted.inside:
            around = self.module.uses.parent(parent, at)
            if isinstance(around, cst.Dict) and self._adds(around, parent, at, denoted):
                yield around, at, denoted
        elif isinstance(parent, (cst.ListComp, cst.SetComp, cst.GeneratorExp)) and parent.elt is node:
            yield parent, at.scope.entry or at, kept_at(put_into(denoted, HELD), node, at)
        elif isinstance(parent, cst.DictComp):
            mark = UNDER if parent.value is node else KEYS
            yield parent, at.scope.entry or at, kept_at(put_into(denoted, mark), node, at)
        elif isinstance(parent, cst.Index):
            element = self.module.uses.parent(parent, at)
            around = self.module.uses.parent(element, at) if element is not None else None
            outer = self.module.uses.parent(around, at) if around is not None else None
            name = around.value if isinstance(around, cst.Subscript) else None
            if isinstance(outer, cst.AssignTarget) and isinstance(name, cst.Name):
                yield from self._filled(name, at, kept_at(put_into(denoted, KEYS), node, at))
        elif isinstance(parent, cst.Assign):
            for target in parent.targets:
                inner = target.target
                if isinstance(inner, cst.Subscript) and isinstance(inner.value, cst.Name) and len(inner.slice) == 1:
                    under = inner.slice[0].slice
                    if isinstance(under, cst.Index):
                        literal = isinstance(under.value, cst.SimpleString)
                        key = key_text(self.module, under.value, at) if literal else UNDER
                        yield from self._filled(inner.value, at, kept_at(put_into(denoted, key), node, at))
        elif isinstance(parent, cst.AugAssign) and isinstance(parent.target, cst.Name):
            added = items_of(denoted) if isinstance(parent.operator, cst.AddAssign) else denoted
            if isinstance(parent.operator, (cst.AddAssign, cst.BitOrAssign)):
                yield from self._filled(parent.target, at, kept_at(added, node, at))

    def _adds(self, made: cst.Dict, part: cst.StarredDictElement, at: At, denoted: Denoted) -> bool:
        """Notes the keys that `{**data, "more": 1}` puts beside those of the value; false if others are unknown."""
        for element in made.elements:
            if element is part:
                continue
            if not isinstance(element, cst.DictElement):
                return False
            denoted.root.stored.append(((*denoted.path, key_text(self.module, element.key, at)), at))
        return True

    def _filled(self, name: cst.Name, at: At, denoted: Denoted) -> Iterator[Step]:
        """The uses of a collection that began empty, once something was put into it."""
        bound = scopes.lookup(name.value, at).bindings
        for binding in bound:
            if binding.kind == "augment":
                continue
            if binding.kind not in ("assign", "walrus") or binding.path or not self._begins(binding, denoted):
                return
        home = Home(tuple(bound), denoted.inside[0] if denoted.inside else "")
        same = (home, denoted.inside, denoted.path)
        if same in self._fillings:
            merge(self._fillings[same], denoted.root)
            return
        self._fillings[same] = denoted.root
        for binding in bound:
            if binding.scope.function is not at.scope.function and binding.foreign:
                return
            held = denoted._replace(homes=(*denoted.homes, home))
            if denoted.inside and denoted.inside[0][:1] in ("'", '"') and not isinstance(binding.target, cst.Attribute):
                under = self._under(binding)
                for use in (*under.get(denoted.inside[0], ()), *under.get("", ())):
                    yield use.node, use, held
            else:
                yield from self.read(binding, held)
        augmented = [b for b in at.scope.bindings.get(name.value, ()) if b.kind == "augment" and b not in bound]
        for binding in augmented:
            yield from self.read(binding, denoted._replace(homes=(*denoted.homes, home)))

    def _begins(self, binding: Binding, denoted: Denoted) -> bool:
        """Whether a collection begins empty, or as a dictionary that is written out."""
        if is_new(binding.value):
            return True
        if not isinstance(binding.value, cst.Dict) or (denoted.inside and denoted.inside[0] == UNDER):
            return False
        if denoted.inside:
            for element in binding.value.elements:
                if not isinstance(element, cst.DictElement):
                    return False
                if key_text(self.module, element.key, binding) == denoted.inside[0]:
                    return is_new(element.value) or dotted(element.value) == "None"
        return True

    def _under(self, binding: Binding) -> dict[str, list[Use]]:
        """The uses of a dictionary by the key they are about, where one is written out."""
        found = self._by_key.get(binding)
        if found is None:
            found = self._by_key[binding] = {}
            for use in self.module.uses.of(binding):
                around = self.module.uses.parent(use.node, use)
                key = ""
                if isinstance(around, cst.Subscript) and around.value is use.node and len(around.slice) == 1:
                    index = around.slice[0].slice
                    if isinstance(index, cst.Index) and isinstance(index.value, cst.SimpleString):
                        key = repr(string_value(index.value))
                found.setdefault(key, []).append(use)
        return found

    def mixed(self, denoted: Denoted) -> bool:
        """Whether one of the collections that held a value holds other things, too."""
        return denoted.root.held > MAX_HELD or any(self._is_mixed(home) for home in denoted.homes)

    def _is_mixed(self, home: Home) -> bool:
        if home not in self._mixtures:
            self._mixtures[home] = any(
                not (value in self.holding or (value in self.known and self.known[value].root.needs is None))
                for binding in home.bindings
                for value in self._put_into(binding, home.mark)
            )
        return self._mixtures[home]

    def _put_into(self, binding: Binding, mark: str) -> Iterator[cst.CSTNode]:
        """What is put where a value is in a collection, by methods, `+=`, or under a key."""
        if binding.kind == "augment":
            yield binding.value.value
        under = self._under(binding)
        literal = mark[:1] in ("'", '"')
        for use in (*under.get(mark, ()), *under.get("", ())) if literal else self.module.uses.of(binding):
            around = self.module.uses.parent(use.node, use)
            outer = self.module.uses.parent(around, use) if around is not None else None
            if isinstance(around, cst.Attribute) and isinstance(outer, cst.Call) and outer.func is around:
                if around.attr.value in FILLING and outer.args:
                    yield outer.args[-1].value
            elif isinstance(around, cst.Subscript) and around.value is use.node and isinstance(outer, cst.AssignTarget):
                assign = self.module.uses.parent(outer, use)
                index = around.slice[0].slice
                if not isinstance(assign, cst.Assign) or not isinstance(index, cst.Index):
                    continue
                if mark == KEYS:
                    yield index.value
                    continue
                written = isinstance(index.value, cst.SimpleString)
                if not written or key_text(self.module, index.value, use) == mark:
                    yield assign.value

    def taken_by_key(self, node: cst.Subscript, at: At, denoted: Denoted) -> Iterator[Step]:
        """What indexing a collection gives that holds a value."""
        if len(node.slice) != 1:
            return
        index = node.slice[0].slice
        if isinstance(index, cst.Slice):
            if denoted.inside[0] == HELD:
                yield node, at, denoted
            return
        parent = self.module.uses.parent(node, at)
        if isinstance(parent, (cst.AssignTarget, cst.Del)) or not isinstance(index, cst.Index):
            return
        key = key_text(self.module, index.value, at)
        if denoted.inside[0] in (HELD, UNDER, key, f"#{key}"):
            yield node, at, denoted._replace(inside=denoted.inside[1:])

    def taken_by_method(self, call: cst.Call, method: str, at: At, denoted: Denoted) -> Iterator[Step]:
        """What a method of a collection gives that holds a value."""
        head, rest = denoted.inside[0], denoted.inside[1:]
        by_key = head not in (HELD, KEYS) and not head.startswith("#")
        if method in ("copy", "result") and not call.args:
            yield call, at, denoted
        elif method == "items" and by_key and not call.args:
            yield call, at, denoted._replace(shape="items")
        elif method == "values" and by_key and not call.args:
            yield call, at, denoted._replace(inside=(HELD, *rest))
        elif method in ("get", "pop", "setdefault") and by_key and call.args:
            if head in (UNDER, key_text(self.module, call.args[0].value, at)):
                yield call, at, denoted._replace(inside=rest)
        elif method in ("pop", "popleft", "get_nowait") and head == HELD:
            yield call, at, denoted._replace(inside=rest)

    def added(self, func: cst.Attribute, method: str, arg: cst.Arg, at: At, denoted: Denoted) -> Iterator[Step]:
        """The collection that a denoting argument is added to."""
        if not isinstance(func.value, cst.Name) or denoted.shape != "value":
            return
        if method == "extend":
            denoted = items_of(denoted)
        elif method == "update":
            bound = scopes.lookup(func.value.value, at).bindings
            for binding in bound:
                if isinstance(binding.value, cst.Dict) and not denoted.inside:
                    for element in binding.value.elements:
                        if isinstance(element, cst.DictElement):
                            key = key_text(self.module, element.key, binding)
                            denoted.root.stored.append(((*denoted.path, key), binding))
        else:
            denoted = put_into(denoted, HELD)
        yield from self._filled(func.value, at, kept_at(denoted, arg.value, at))
