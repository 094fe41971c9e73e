"""What is in a collection: what iterating over, indexing and unpacking give, and the type that items have in common."""

from __future__ import annotations

from functools import cached_property

import libcst as cst

from veteran.analysis.semantics.ir import At, Scope
from veteran.analysis.syntax.expressions import dotted, last_name
from veteran.analysis.syntax.nodes import integer_value, string_value
from veteran.analysis.syntax.python import HANDS_ON
from veteran.analysis.types.containers import Containers
from veteran.analysis.types.values import UNKNOWN, Inference, Instance, Local, Value, Values

_MAX_ELEMENTS = 8
#: Of the name of a type that says what its collections hold.
_MAX_NAME = 300
#: Functions that give one of the items of their argument.
ONE_OF = frozenset(("next", "min", "max"))
#: Methods of collections that give items, values, or all of them.
OF_COLLECTIONS = frozenset(("get", "pop", "popleft", "setdefault", "values", "keys", "copy"))
_TYPED_DICTS = ("typing.TypedDict", "typing_extensions.TypedDict")
#: Collections that programs make empty and fill.
_FILLED = frozenset(("list", "dict", "set", "deque", "OrderedDict"))
#: Types that say what their keys and values are, by the last of their names.
MAPPINGS = frozenset(
    ("dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict", "ChainMap")
)
#: Types that say what their items are, likewise.
COLLECTIONS = frozenset(
    [
        "list",
        "List",
        "set",
        "Set",
        "frozenset",
        "FrozenSet",
        "Sequence",
        "MutableSequence",
        "Iterable",
        "Iterator",
        "AsyncIterable",
        "AsyncIterator",
        "Generator",
        "AsyncGenerator",
        "Collection",
        "AbstractSet",
        "deque",
    ]
)


class Elements:
    """Answers for one module, by what an expression is, what it is written out as, or what was put into it."""

    def __init__(self, types: Inference) -> None:
        self.types = types
        self.containers = Containers(types)
        self.nested: dict[str, Instance] = {}

    def of(self, node: cst.CSTNode, at: At) -> Values:
        """What iterating over or indexing an expression gives."""
        if isinstance(node, cst.Call) and dotted(node.func) in HANDS_ON and self.types.refs(node.func, at):
            return self.of(node.args[0].value, at) if node.args and not node.args[0].star else UNKNOWN
        if isinstance(node, cst.Call) and dotted(node.func) in ("map", "filter") and self.types.refs(node.func, at):
            if len(node.args) < 2 or any(arg.star for arg in node.args):
                return UNKNOWN
            mapped = dotted(node.func) == "map"
            return self.types.results(node.args[0].value, at) if mapped else self.of(node.args[1].value, at)
        if isinstance(node, cst.GeneratorExp):
            return (self.one(kind),) if (kind := self.shared(node, at)) else UNKNOWN
        source = node.func if isinstance(node, cst.Call) else node
        for ref in self.types.refs(source, at) or ():
            kind = self.types.catalog.lookup(self.types.catalog.types["element"], ref.name)
            if kind:
                return (Instance(kind),)
        return self.types.merged(self._item(value) for value in self.collection(node, at))

    def _item(self, value: Value) -> Values:
        if isinstance(value, Instance) and value.item:
            return (self.one(value.item),)
        if isinstance(value, Local) and value.scope.kind == "class":
            return (Instance(f"<{value.scope.qualname}>"),)  # a member of an enumeration
        return self.types.entry("element", value)

    def iterated(self, node: cst.CSTNode, path: tuple[int, ...], at: At) -> Values:
        """What a loop over an expression binds to the part of its target that `path` leads to."""
        if not path:
            return self.of(node, at)
        first, rest = path[0], path[1:]
        if isinstance(node, cst.Call) and not any(arg.star or arg.keyword for arg in node.args[:2]):
            name = dotted(node.func) or ""
            if name in HANDS_ON and node.args and self.types.refs(node.func, at):
                return self.iterated(node.args[0].value, path, at)
            if name == "enumerate" and node.args and self.types.refs(node.func, at):
                return self.iterated(node.args[0].value, rest, at) if first == 1 else (Instance("int"),)
            if name == "zip" and first < len(node.args) and self.types.refs(node.func, at):
                return self.iterated(node.args[first].value, rest, at)
            if isinstance(node.func, cst.Attribute) and node.func.attr.value == "items" and not node.args:
                values = self.collection(node.func.value, at)
                if len(values) == 1 and isinstance(values[0], Instance) and first < 2:
                    kind = (values[0].item, values[0].value)[first]
                    return self.unpacked((self.one(kind),), rest) if kind else UNKNOWN
                return UNKNOWN
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)) and 0 < len(node.elements) <= _MAX_ELEMENTS:
            picked = [through(element.value, path) for element in node.elements]
            if all(part is not None for part in picked):
                return self.types.merged(self.types.of(part, at) for part in picked if part is not None)
        return self.unpacked(self.of(node, at), path)

    def unpacked(self, values: Values, path: tuple[int, ...]) -> Values:
        """What unpacking a value binds to the part that `path` leads to."""
        for index in path:
            only = values[0] if len(values) == 1 else None
            if not isinstance(only, Instance):
                return UNKNOWN
            if parts := self._parts(only):
                values = self._part(parts, index)
            elif only.item and not only.value:
                values = (self.one(only.item),)
            else:
                return UNKNOWN
        return values

    def one_of(self, node: cst.Call, at: At) -> Values:
        """What `next`, `min` and `max` give: an item of their argument, or what they are given in its place."""
        parts = [self.of(node.args[0].value, at)]
        for arg in node.args[1:]:
            if arg.star or (arg.keyword is None and last_name(node.func) != "next"):
                return UNKNOWN
            if arg.keyword is None or arg.keyword.value == "default":
                parts.append(self.types.of(arg.value, at))
        return self.types.merged(parts)

    def indexed(self, node: cst.Subscript, at: At) -> Values:
        """What indexing an expression gives."""
        index = node.slice[0].slice if len(node.slice) == 1 else None
        values = self.collection(node.value, at)
        only = values[0] if len(values) == 1 else None
        if isinstance(only, Instance):
            if isinstance(index, cst.Slice):
                return (only._replace(parts=()),) if only.item else UNKNOWN
            if isinstance(index, cst.Index):
                if field := self._field(only, index.value):
                    return field
                parts = self._parts(only)
                if parts and isinstance(index.value, cst.Integer):
                    return self._part(parts, integer_value(index.value))
                if not only.parts and (picked := self.containers.picked(node.value, index.value, at)):
                    return picked
            if only.value:
                return (self.one(only.value),)
            if only.parts and isinstance(index, cst.Index) and not only.item:
                return self.containers.picked(node.value, index.value, at) or UNKNOWN
        return self.of(node.value, at)

    def held(self, node: cst.Call, at: At) -> Values | None:
        """What a method of a collection gives whose items are known; None for anything else."""
        func = cst.ensure_type(node.func, cst.Attribute)
        owners = self.collection(func.value, at)
        if len(owners) != 1 or not isinstance(owners[0], Instance):
            return None
        owner, method = owners[0], func.attr.value
        if method == "get" and node.args and (field := self._field(owner, node.args[0].value)):
            return field
        if method in ("get", "pop", "setdefault") and node.args and last_part(owner.type) in MAPPINGS:
            picked = self.containers.picked(func.value, node.args[0].value, at)
            if picked and len(node.args) == 1:
                return picked
        if not (owner.item or owner.value):
            return None
        if method == "values":
            return (Instance("dict_values", item=owner.value),) if owner.value else UNKNOWN
        if method in ("keys", "copy"):
            return owners
        kind = owner.value if owner.value else owner.item
        if method in ("get", "setdefault") and not owner.value:
            return None
        if not kind:
            return UNKNOWN
        others = [arg.value for arg in node.args[1:2]] if owner.value else []  # what stands in for a missing one
        return self.types.merged(((self.one(kind),), *(self.types.of(other, at) for other in others)))

    def collection(self, node: cst.CSTNode, at: At) -> Values:
        """What an expression is; where nothing else tells what it holds, what was put in is counted in."""
        values = self.types.of(node, at)
        if len(values) > 1 and len({v._replace(origin=None) if isinstance(v, Instance) else v for v in values}) == 1:
            values = values[:1]  # made at several places
        only = values[0] if len(values) == 1 else None
        if not isinstance(only, Instance) or only.item or only.value or only.parts:
            return values
        if last_part(only.type) not in _FILLED:
            return values
        kind = self.kind(self.containers.held(node, at))
        if not kind:
            return values
        return (only._replace(value=kind) if last_part(only.type) in MAPPINGS else only._replace(item=kind),)

    def _field(self, value: Instance, key: cst.CSTNode) -> Values:
        """What a `TypedDict` of this module says of a key that is written out; nothing for anything else."""
        scope = self.types.classes.get(value.type)
        name = string_value(key) if scope is not None and isinstance(key, cst.SimpleString) else None
        if scope is None or not isinstance(name, str) or name not in scope.bindings or scope.entry is None:
            return ()
        bases = cst.ensure_type(scope.node, cst.ClassDef).bases
        if not any(self.types.named(base.value, scope.entry, one) for base in bases for one in _TYPED_DICTS):
            return ()
        return self.types.binding(scope.bindings[name][0])

    def _part(self, parts: tuple[str, ...], index: int) -> Values:
        return (self.one(parts[index]),) if index < len(parts) and parts[index] else UNKNOWN

    def _parts(self, value: Instance) -> tuple[str, ...]:
        """The types of the parts of a tuple, named ones included; empty where there are none or they are not known."""
        scope = self.types.classes.get(value.type)
        if value.parts or scope is None or scope.entry is None:
            return value.parts
        entry = scope.entry
        bases = cst.ensure_type(scope.node, cst.ClassDef).bases
        if not any(self.types.named(base.value, entry, "typing.NamedTuple") for base in bases):
            return ()
        bound = [each[0] for each in scope.bindings.values() if each[0].annotation is not None]
        return tuple(self.kind(self.types.binding(each)) for each in bound)

    def shared(self, node: cst.CSTNode, at: At) -> str:
        """The type that the elements of a display or comprehension have in common; empty where there is none."""
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
            if not is_small(node, starred=True):
                return ""
            return self.kind(
                self.types.merged(
                    self.of(e.value, at) if isinstance(e, cst.StarredElement) else self.types.of(e.value, at)
                    for e in node.elements
                )
            )
        if isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp)) and node in self._comprehensions:
            return self.kind(self.types.of(node.elt, self._inside(node, at)))
        return ""

    def mapping(self, node: cst.Dict | cst.DictComp, at: At) -> Instance:
        """A dictionary, and the types that its keys and its values have in common."""
        key = value = ""
        if isinstance(node, cst.DictComp):
            if node in self._comprehensions:
                key, value = (self.kind(self.types.of(part, self._inside(node, at))) for part in (node.key, node.value))
        elif 0 < len(node.elements) <= _MAX_ELEMENTS and all(isinstance(e, cst.DictElement) for e in node.elements):
            value = self.kind(self.types.merged(self.types.of(element.value, at) for element in node.elements))
            key = self.kind(
                self.types.merged(self.types.of(e.key, at) for e in node.elements if isinstance(e, cst.DictElement))
            )
        return Instance("dict", None, key, value)

    def _inside(self, node: cst.CSTNode, at: At) -> At:
        scope = self._comprehensions[node]
        return At(scope, scope.body, at.place, at.statement)

    @cached_property
    def _comprehensions(self) -> dict[cst.CSTNode, Scope]:
        return {scope.node: scope for scope in self.types.lowered.scopes if scope.kind == "comprehension"}

    def kind(self, values: Values) -> str:
        """The one type of a value, by the name that `one` makes it from again; empty where it is not one."""
        kinds = {value._replace(origin=None) if isinstance(value, Instance) else None for value in values}
        only = kinds.pop() if len(kinds) == 1 else None
        if only is None:
            return ""
        if not (only.item or only.value or only.parts):
            return only.type
        inner = ", ".join(part or "?" for part in (only.parts or (only.item, only.value)))
        name = f"{only.type}[{inner}]"
        if len(name) > _MAX_NAME:
            return only.type
        self.nested.setdefault(name, only)
        return name

    def one(self, kind: str, origin: At | None = None) -> Instance:
        """An object of the type that a collection names as that of its items."""
        found = self.nested.get(kind) if kind.endswith("]") else None
        return found._replace(origin=origin) if found is not None else Instance(kind, origin)


def last_part(name: str) -> str:
    """The last of the names in a dotted one."""
    return name.rpartition(".")[2]


def is_small(node: cst.List | cst.Tuple | cst.Set, starred: bool = False) -> bool:
    """Whether a display is short enough to look at each element."""
    if not 0 < len(node.elements) <= _MAX_ELEMENTS:
        return False
    return starred or not any(isinstance(element, cst.StarredElement) for element in node.elements)


def through(value: cst.CSTNode, path: tuple[int, ...]) -> cst.CSTNode | None:
    """The part of a literal tuple or list that an unpacking takes; None where it is not literal."""
    for index in path:
        if not isinstance(value, (cst.Tuple, cst.List)) or index >= len(value.elements):
            return None
        if any(isinstance(e, cst.StarredElement) for e in value.elements[: index + 1]):
            return None
        value = value.elements[index].value
    return value
