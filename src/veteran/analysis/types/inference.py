"""What an expression is, as qualified names: light types, on demand.

An answer is a tuple of what the value can be; a `None` in it is "something else", and an empty tuple is
"nothing is known". A rule acts only where everything that is known points the same way.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.conditions import chosen, conditions, parts
from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import (
    At,
    Binding,
    Block,
    Lowered,
    Scope,
    decorators_of,
    first_parameter,
    method_kind,
)
from veteran.analysis.syntax.expressions import dotted, last_name, running
from veteran.analysis.syntax.nodes import MAX_QUOTED, Unconverted, expression, integer_value, operands, string_value
from veteran.analysis.syntax.python import HANDS_ON, REMADE, is_class_private
from veteran.analysis.types.calls import argument, passed_value
from veteran.analysis.types.containers import Containers
from veteran.analysis.types.decorators import SAME, does, keeps_result, only
from veteran.analysis.types.values import UNKNOWN, Instance, Local, Ref, Value, Values
from veteran.catalog import Catalog

_LITERALS: dict[type, str] = {
    cst.SimpleString: "str",
    cst.FormattedString: "str",
    cst.ConcatenatedString: "str",
    cst.Integer: "int",
    cst.Float: "float",
    cst.List: "list",
    cst.ListComp: "list",
    cst.Dict: "dict",
    cst.DictComp: "dict",
    cst.Set: "set",
    cst.SetComp: "set",
    cst.Tuple: "tuple",
    cst.Comparison: "bool",
    cst.Lambda: "function",
}
_TEXTS = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)
_DISPLAYS = frozenset((cst.List, cst.Tuple, cst.Set, cst.ListComp, cst.SetComp))
_MAX_ELEMENTS = 8
_WRAPPERS = frozenset(
    f"{module}.{name}"
    for module in ("typing", "typing_extensions")
    for name in ("Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "Union")
)
_AWAITABLES = frozenset(
    f"{module}.{name}" for module in ("typing", "collections.abc") for name in ("Awaitable", "Coroutine")
)
#: Types of what stands for a value to come: `path: Path = ""`.
_PLACEHOLDERS = frozenset(("str", "int", "bool"))
_MANAGERS = ("contextlib.contextmanager", "contextlib.asynccontextmanager")
#: Methods that run a function elsewhere and give what it returns, and which argument that is.
HANDED = {
    "to_thread": 0, "async_add_executor_job": 0, "run_in_executor": 1, "run_sync": 0, "run_in_threadpool": 0,
}  # fmt: skip
_ENTERING = ("enter_context", "enter_async_context")
#: Annotations that say nothing of the value.
_VAGUE = frozenset(
    f"{module}{name}"
    for module in ("typing.", "typing_extensions.", "")
    for name in ("Any", "Final", "ClassVar", "TypeAlias", "object")
)
_NAMES = (cst.Name, cst.Attribute)
#: Of the name of a type that says what its collections hold.
_MAX_NAME = 300
#: Of tests in one expression, and of what stands behind such tests in a module.
_MAX_PARTS = 20
_MAX_GUARDED = 20_000
#: More assignments to one attribute than this are not looked at.
_MAX_ASSIGNMENTS = 16
#: Functions and classes that import the module they are given the name of, now or later.
_IMPORTS = re.compile(r"(?i)_*(?:lazy_?(?:import|module)|import_module|importorskip|optional_import|try_import)")


class Types(Following):
    """Answers what expressions of one module are. Concluded once per binding."""

    max_depth = 40

    def __init__(self, catalog: Catalog, lowered: Lowered) -> None:
        super().__init__()
        self.catalog = catalog
        self.lowered = lowered
        self.known: dict[tuple[int, int, int], tuple[cst.CSTNode, Block, Values]] = {}
        self.meanwhile: dict[tuple[int, int, int], tuple[cst.CSTNode, Block, Values]] = {}
        self.containers = Containers(self)
        self.nested: dict[str, Instance] = {}
        self.quoted: dict[str, cst.BaseExpression | None] = {}

    @cached_property
    def classes(self) -> dict[str, Scope]:
        """The classes of this module, by the type name of their instances."""
        return {f"<{scope.qualname}>": scope for scope in self.lowered.scopes if scope.kind == "class"}

    def of(self, node: cst.CSTNode, at: At) -> Values:
        """What the expression can be at a place."""
        if self.depth == 0:
            return self._asked(node, at)
        self.steps += 1
        if self.depth > self.max_depth or self.steps > self.max_steps:
            self.cuts += 1
            return UNKNOWN
        self.depth += 1
        try:
            if type(node) in _NAMES:
                return self._of(node, at)
            return self._within(node, at)
        finally:
            self.depth -= 1

    def _within(self, node: cst.CSTNode, at: At) -> Values:
        """What is asked within a question, often by several ways: else a chain of calls costs a power of its length.

        What a limit cut short holds for this question alone, and what stands in a circle for its place alone.
        """
        key = id(node), at.place, id(at.block)
        known = self.known.get(key) or self.meanwhile.get(key)
        if known is not None:
            return known[2]
        cuts, circles = self.cuts, self.circles
        values = self._of(node, at)
        if self.circles == circles:
            (self.known if self.cuts == cuts else self.meanwhile)[key] = node, at.block, values
        return values

    def _asked(self, node: cst.CSTNode, at: At) -> Values:
        """What is asked from outside, often twice: concluded once, unless a limit cut it short."""
        key = id(node), at.place, id(at.block)
        known = self.known.get(key)
        if known is not None:
            return known[2]
        cuts = self.cuts
        self.meanwhile.clear()
        self.steps = 0
        self.depth = 1
        try:
            values = self._of(node, at)
        finally:
            self.depth = 0
        if self.cuts == cuts:
            self.known[key] = node, at.block, values  # they are held, so that no other gets their ids
        return values

    def refs(self, node: cst.CSTNode, at: At) -> list[Ref] | None:
        """The named things the expression can be; None unless every possibility is one."""
        values = self.of(node, at)
        refs = [value for value in values if isinstance(value, Ref)]
        return refs if refs and len(refs) == len(values) else None

    def types(self, node: cst.CSTNode, at: At) -> list[Instance] | None:
        """The classes the value can be of; None unless every possibility is known."""
        values = self.of(node, at)
        found = [value for value in values if isinstance(value, Instance)]
        return found if found and len(found) == len(values) else None

    def _of(self, node: cst.CSTNode, at: At) -> Values:
        if type(node) is cst.Name:
            # None is the absence of what else the value can be.
            if node.value in self._told_apart:
                return self._narrowed(node, node.value, self.name(node.value, at), at)
            return () if node.value == "None" else self.name(node.value, at)
        if type(node) is cst.Attribute:
            if node.attr.value in self._told_apart and (name := dotted(node)) is not None:
                return self._narrowed(node, name, self._attribute_of(node, at), at)
            return self._attribute_of(node, at)
        return self._expression(node, at)

    def _attribute_of(self, node: cst.Attribute, at: At) -> Values:
        owners = self.of(node.value, at)
        if dotted(node) in self.lowered.assigned and not self._all_local(owners):
            return UNKNOWN
        if len(owners) == 1:
            return self._attribute(owners[0], node.attr.value)
        return self._merge(self._attribute(v, node.attr.value) for v in owners)

    def _expression(self, node: cst.CSTNode, at: At) -> Values:
        """What an expression can be that is neither a name nor an attribute."""
        if type(node) is cst.Call and not node.args and isinstance(node.func, cst.Name) and node.func.value == "super":
            return self._super(at)
        if type(node) is cst.Call:
            if node.args and not node.args[0].star:
                if self._named(node.func, at, "functools.partial"):
                    return self.of(node.args[0].value, at)
                if isinstance(node.func, cst.Attribute) and node.func.attr.value in _ENTERING:
                    return self._entered(node.args[0].value, at)
                if isinstance(node.func, cst.Attribute) and node.func.attr.value in HANDED:
                    return self._handed(node, node.func.attr.value, at)
                if isinstance(node.args[0].value, cst.SimpleString) and _IMPORTS.fullmatch(last_name(node.func)):
                    return self._imported(node.args[0].value)
                if dotted(node.func) == "getattr":
                    return self._got(node, at)
                if isinstance(node.func, cst.Name) and node.func.value in _ONE_OF and self.refs(node.func, at):
                    return self._one_of(node, at)
                if last_name(node.func) in _SAME_LASTS and (same := self._same(node, at)) is not None:
                    return same
            if isinstance(node.func, cst.Attribute) and node.func.attr.value in _OF_COLLECTIONS:
                held = self._held(node, at)
                if held is not None:
                    return held
            func = node.func
            while isinstance(func, cst.Subscript) and self._is_class(func.value, at):  # Box[int]()
                func = func.value
            return self._merge(self._made(v, node, at) for v in self.of(func, at))
        if type(node) is cst.Await:
            return self.of(node.expression, at)
        if type(node) is cst.NamedExpr:
            return self.of(node.value, at)
        if type(node) is cst.IfExp:
            return self._merge(self.of(part, at) for part in self._given((node.body, node.orelse), at))
        if type(node) is cst.BooleanOperation:
            if isinstance(node.operator, cst.And):  # else it is the false value that stands before it
                return self.of(node.right, at)
            return self._merge(self.of(part, at) for part in self._given((node.left, node.right), at))
        if type(node) is cst.BinaryOperation:
            return self._binary(node, at)
        if type(node) is cst.Subscript:
            return self._indexed(node, at)
        if type(node) is cst.Tuple:
            if not _is_small(node):
                return (Instance("tuple", None, self._shared(node, at)),)
            parts = tuple(self._kind(self.of(e.value, at)) for e in node.elements)
            return (Instance("tuple", None, parts[0] if len(set(parts)) == 1 else "", "", parts),)
        if type(node) in _DISPLAYS:
            return (Instance(_LITERALS[type(node)], None, self._shared(node, at)),)
        if type(node) is cst.Dict or type(node) is cst.DictComp:
            return (self._mapping(node, at),)
        literal = _LITERALS.get(type(node))
        return (Instance(literal),) if literal else UNKNOWN

    def _given(self, parts: tuple[cst.CSTNode, ...], at: At) -> Iterable[cst.CSTNode]:
        """Without a parameter that by default is None and stands beside what takes its place."""
        kept = [part for part in parts if not (type(part) is cst.Name and self._is_left_out(part.value, at))]
        return kept or parts

    @staticmethod
    def _is_left_out(name: str, at: At) -> bool:
        bound = scopes.lookup(name, at).bindings
        return bool(bound) and all(map(_may_be_left_out, bound))

    def _kind(self, values: Values) -> str:
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

    @cached_property
    def _told_apart(self) -> frozenset[str]:
        """The last names of what `isinstance` or the classes of a `match` ask about anywhere in the module."""
        asked: list[cst.CSTNode] = [c.node.args[0].value for c in self.lowered.calls if _asks(c.node)]
        asked += [node.subject for node in self.lowered.matches]
        return frozenset((dotted(node) or "").rpartition(".")[2] for node in asked) - {""}

    @cached_property
    def _guarded(self) -> dict[int, list[tuple[cst.Call, bool]]]:
        """The `isinstance` tests that came out before a name is read in the same expression, by the name's id."""
        found: dict[int, list[tuple[cst.Call, bool]]] = {}
        steps = 0
        for node in self.lowered.choices if self._told_apart else ():
            for test, part, outcome in chosen(node):
                tests = [
                    (one, holds)
                    for one, holds in itertools.islice(parts(test, outcome), _MAX_PARTS)
                    if isinstance(one, cst.Call) and _asks(one) and dotted(one.args[0].value) is not None
                ]
                pending: list[cst.CSTNode] = [part] if tests else []
                while pending and steps < _MAX_GUARDED:
                    steps += 1
                    inner = pending.pop()
                    if isinstance(inner, (cst.Name, cst.Attribute)):
                        name = dotted(inner)
                        told = [(one, holds) for one, holds in tests if dotted(one.args[0].value) == name]
                        if told:
                            found.setdefault(id(inner), []).extend(told)
                    if not isinstance(inner, cst.Lambda) and not _binds(inner, tests):
                        pending += running(inner)
        return found

    def _tests(self, node: cst.CSTNode, name: str, at: At) -> Iterator[tuple[cst.CSTNode, bool, At]]:
        """What `isinstance` or a `match` asked of a name on the way to a place: the classes, and how it came out."""
        for test, outcome in self._guarded.get(id(node), ()):
            yield test.args[1].value, outcome, at
        for condition in conditions(at):
            for part, outcome in parts(condition.test, condition.outcome):
                if isinstance(part, cst.Call) and _asks(part) and dotted(part.args[0].value) == name:
                    yield part.args[1].value, outcome, condition.at
        here: At | None = at
        while here is not None:
            block = here.block
            while (owner := block.owner) is not None:
                if type(owner.node) is cst.Match and dotted(owner.node.subject) == name:
                    kind = _class_of_case(owner.node, [arm for _, arm in owner.arms].index(block))
                    if kind is not None:
                        yield kind, True, At(owner.scope, owner.block, owner.place, at.statement)
                block = owner.block
            here = here.scope.entry if here.scope.inline else None

    def _narrowed(self, node: cst.CSTNode, name: str, values: Values, at: At) -> Values:
        """What is left of the possible values of a name or attribute by `isinstance` tests on the way."""
        root = name.partition(".")[0]
        here = scopes.lookup(root, at).bindings
        for asked, outcome, where in self._tests(node, name, at):
            rebound = where is not at and scopes.lookup(root, where).bindings != here
            if rebound and not _in_its_loop(root, where, at, here):
                return values
            kinds = self._classes_of(asked, where)
            if outcome and None not in kinds:
                known = tuple(value for value in values if value in kinds)
                others = [k for k in kinds if not isinstance(k, Instance) or k.type not in _BUILTIN_TYPES]
                return known or (kinds if len(others) <= 1 else UNKNOWN)
            if not outcome:
                excluded = {kind.type for kind in kinds if isinstance(kind, Instance)}
                values = tuple(v for v in values if not isinstance(v, Instance) or v.type not in excluded)
        return values

    def _classes_of(self, node: cst.CSTNode, at: At) -> Values:
        """Objects of the classes that `isinstance` is given."""
        if isinstance(node, cst.Tuple):
            return self._merge(self._classes_of(element.value, at) for element in node.elements)
        if isinstance(node, cst.BinaryOperation):
            return self._merge(self._classes_of(part, at) for part in operands(node))
        found: list[Value] = []
        for value in self.of(node, at):
            if isinstance(value, Ref):
                found.append(Instance(value.name.removeprefix("builtins.")))
            elif isinstance(value, Local) and value.scope.kind == "class":
                found.append(Instance(f"<{value.scope.qualname}>"))
            else:
                return UNKNOWN
        return tuple(found)

    def _held(self, node: cst.Call, at: At) -> Values | None:
        """What a method of a collection gives whose items are known; None for anything else."""
        func = cst.ensure_type(node.func, cst.Attribute)
        owners = self.collection(func.value, at)
        if len(owners) != 1 or not isinstance(owners[0], Instance):
            return None
        owner, method = owners[0], func.attr.value
        if method == "get" and node.args and (field := self._field(owner, node.args[0].value)):
            return field
        if method in ("get", "pop", "setdefault") and node.args and _last(owner.type) in _MAPPINGS:
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
        return self._merge(((self.one(kind),), *(self.of(other, at) for other in others)))

    def collection(self, node: cst.CSTNode, at: At) -> Values:
        """What an expression is; where nothing else tells what it holds, what was put in is counted in."""
        values = self.of(node, at)
        if len(values) > 1 and len({v._replace(origin=None) if isinstance(v, Instance) else v for v in values}) == 1:
            values = values[:1]  # made at several places
        only = values[0] if len(values) == 1 else None
        if not isinstance(only, Instance) or only.item or only.value or only.parts or _last(only.type) not in _FILLED:
            return values
        kind = self._kind(self.containers.held(node, at))
        if not kind:
            return values
        return (only._replace(value=kind) if _last(only.type) in _MAPPINGS else only._replace(item=kind),)

    def _indexed(self, node: cst.Subscript, at: At) -> Values:
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
        return self._elements(node.value, at)

    def _field(self, value: Instance, key: cst.CSTNode) -> Values:
        """What a `TypedDict` of this module says of a key that is written out; nothing for anything else."""
        scope = self.classes.get(value.type)
        name = string_value(key) if scope is not None and isinstance(key, cst.SimpleString) else None
        if scope is None or not isinstance(name, str) or name not in scope.bindings or scope.entry is None:
            return ()
        bases = cst.ensure_type(scope.node, cst.ClassDef).bases
        if not any(self._named(base.value, scope.entry, one) for base in bases for one in _TYPED_DICTS):
            return ()
        return self.binding(scope.bindings[name][0])

    def _part(self, parts: tuple[str, ...], index: int) -> Values:
        return (self.one(parts[index]),) if index < len(parts) and parts[index] else UNKNOWN

    def _parts(self, value: Instance) -> tuple[str, ...]:
        """The types of the parts of a tuple, named ones included; empty where there are none or they are not known."""
        scope = self.classes.get(value.type)
        if value.parts or scope is None or scope.entry is None:
            return value.parts
        entry = scope.entry
        bases = cst.ensure_type(scope.node, cst.ClassDef).bases
        if not any(self._named(base.value, entry, "typing.NamedTuple") for base in bases):
            return ()
        bound = [each[0] for each in scope.bindings.values() if each[0].annotation is not None]
        return tuple(self._kind(self.binding(each)) for each in bound)

    def _iterated(self, node: cst.CSTNode, path: tuple[int, ...], at: At) -> Values:
        """What a loop over an expression binds to the part of its target that `path` leads to."""
        if not path:
            return self._elements(node, at)
        first, rest = path[0], path[1:]
        if isinstance(node, cst.Call) and not any(arg.star or arg.keyword for arg in node.args[:2]):
            name = dotted(node.func) or ""
            if name in HANDS_ON and node.args and self.refs(node.func, at):
                return self._iterated(node.args[0].value, path, at)
            if name == "enumerate" and node.args and self.refs(node.func, at):
                return self._iterated(node.args[0].value, rest, at) if first == 1 else (Instance("int"),)
            if name == "zip" and first < len(node.args) and self.refs(node.func, at):
                return self._iterated(node.args[first].value, rest, at)
            if isinstance(node.func, cst.Attribute) and node.func.attr.value == "items" and not node.args:
                values = self.collection(node.func.value, at)
                if len(values) == 1 and isinstance(values[0], Instance) and first < 2:
                    kind = (values[0].item, values[0].value)[first]
                    return self._unpacked((self.one(kind),), rest) if kind else UNKNOWN
                return UNKNOWN
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)) and 0 < len(node.elements) <= _MAX_ELEMENTS:
            picked = [_through(element.value, path) for element in node.elements]
            if all(part is not None for part in picked):
                return self._merge(self.of(part, at) for part in picked if part is not None)
        return self._unpacked(self._elements(node, at), path)

    def _unpacked(self, values: Values, path: tuple[int, ...]) -> Values:
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

    def _shared(self, node: cst.CSTNode, at: At) -> str:
        """The type that the elements of a display or comprehension have in common; empty where there is none."""
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
            if not _is_small(node, starred=True):
                return ""
            return self._kind(
                self._merge(
                    self._elements(e.value, at) if isinstance(e, cst.StarredElement) else self.of(e.value, at)
                    for e in node.elements
                )
            )
        if isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp)) and node in self._comprehensions:
            return self._kind(self.of(node.elt, self._inside(node, at)))
        return ""

    def _mapping(self, node: cst.Dict | cst.DictComp, at: At) -> Instance:
        """A dictionary, and the types that its keys and its values have in common."""
        key = value = ""
        if isinstance(node, cst.DictComp):
            if node in self._comprehensions:
                key, value = (self._kind(self.of(part, self._inside(node, at))) for part in (node.key, node.value))
        elif 0 < len(node.elements) <= _MAX_ELEMENTS and all(isinstance(e, cst.DictElement) for e in node.elements):
            value = self._kind(self._merge(self.of(element.value, at) for element in node.elements))
            key = self._kind(self._merge(self.of(e.key, at) for e in node.elements if isinstance(e, cst.DictElement)))
        return Instance("dict", None, key, value)

    def _inside(self, node: cst.CSTNode, at: At) -> At:
        scope = self._comprehensions[node]
        return At(scope, scope.body, at.place, at.statement)

    @cached_property
    def _comprehensions(self) -> dict[cst.CSTNode, Scope]:
        return {scope.node: scope for scope in self.lowered.scopes if scope.kind == "comprehension"}

    def _one_of(self, node: cst.Call, at: At) -> Values:
        """What `next`, `min` and `max` give: an item of their argument, or what they are given in its place."""
        parts = [self._elements(node.args[0].value, at)]
        for arg in node.args[1:]:
            if arg.star or (arg.keyword is None and last_name(node.func) != "next"):
                return UNKNOWN
            if arg.keyword is None or arg.keyword.value == "default":
                parts.append(self.of(arg.value, at))
        return self._merge(parts)

    def _same(self, node: cst.Call, at: At) -> Values | None:
        """What functions give that pass on what they are given, or name its type; None for any other."""
        refs = self.refs(node.func, at)
        name = refs[0].name.removeprefix("builtins.") if refs and len(refs) == 1 else ""
        given = node.args[0].value
        if name in _COPIES:
            return self.of(given, at)
        if name in _CASTS:
            return self.annotation(given, at)
        if name in _REMADE:
            name = "list" if name == "sorted" else name
            return (Instance(name, at, self._kind(self._elements(given, at))),)
        if name == "type" and len(node.args) == 1:
            return self._merge(map(self._class_of, self.of(given, at)))
        if name in ("defaultdict", "collections.defaultdict"):
            return (Instance("defaultdict", at, "", self._kind(self.results(given, at))),)
        return None

    def _class_of(self, value: Value) -> Values:
        if not isinstance(value, Instance) or (value.type.endswith(">") and value.type not in self.classes):
            return UNKNOWN
        own = self.classes.get(value.type)
        return (Local(own),) if own is not None else (Ref(value.type),)

    def _is_class(self, node: cst.CSTNode, at: At) -> bool:
        """Whether an expression names a class, so that indexing it gives the same class."""
        values = self.of(node, at)
        if len(values) != 1:
            return False
        if isinstance(values[0], Local):
            return values[0].scope.kind == "class"
        last = _last(values[0].name) if isinstance(values[0], Ref) else ""
        return last in _COLLECTIONS or last in _MAPPINGS or (last[:1].isupper() and not last.isupper())

    def _handed(self, node: cst.Call, name: str, at: At) -> Values:
        """What a function gives that a call runs in a thread."""
        index = HANDED[name]
        if index >= len(node.args) or any(arg.star or arg.keyword for arg in node.args[: index + 1]):
            return UNKNOWN
        return self.results(node.args[index].value, at)

    def results(self, node: cst.CSTNode, at: At) -> Values:
        """What calling an expression gives."""
        if type(node) is cst.Lambda:
            return self.of(node.body, at)
        return self._merge(self._called(value, at) for value in self.of(node, at))

    def _got(self, getter: cst.Call, at: At) -> Values:
        """What `getattr(client, method)` gives: one of the client's methods, where all of them give the same."""
        if len(getter.args) < 2 or self.refs(getter.func, at) is None:
            return UNKNOWN
        owners = self.of(getter.args[0].value, at)
        wanted = getter.args[1].value
        if isinstance(wanted, cst.SimpleString):
            name = string_value(wanted)
            return self._merge(self._attribute(owner, name) for owner in owners) if isinstance(name, str) else UNKNOWN
        found = self._merge(self._attribute(owner, "request") for owner in owners) if len(getter.args) == 2 else ()
        known = all(isinstance(v, Ref) and self.catalog.lookup(self.catalog.types["returns"], v.name) for v in found)
        return found if found and known else UNKNOWN

    def _imported(self, name: cst.SimpleString) -> Values:
        """The module that `importlib.import_module("name")` and its lazy relatives give."""
        module = string_value(name)
        if not isinstance(module, str) or not all(part.isidentifier() for part in module.split(".")):
            return UNKNOWN
        return (Ref(self.catalog.canonical(module)),)

    def _super(self, at: At) -> Values:
        """What `super()` is, by the first base of the class whose method this is."""
        owner = at.scope.function.parent
        if owner is None or owner.kind != "class" or owner.entry is None or self.name("super", at) != (Ref("super"),):
            return UNKNOWN
        bases = cst.ensure_type(owner.node, cst.ClassDef).bases
        values = self.of(bases[0].value, owner.entry) if bases else ()
        if len(values) == 1 and isinstance(values[0], Local) and values[0].scope.kind == "class":
            return (Instance(f"<{values[0].scope.qualname}>"),)
        return (Instance(values[0].name),) if len(values) == 1 and isinstance(values[0], Ref) else UNKNOWN

    @staticmethod
    def merged(parts: Iterable[Values]) -> Values:
        """What a value can be that is one of several."""
        return tuple(dict.fromkeys(value for part in parts for value in part))

    _merge = merged

    def name(self, name: str, at: At) -> Values:
        """What a name can be at a place."""
        found = scopes.lookup(name, at)
        if found.where == "builtin":
            return (Ref(self.catalog.canonical(f"builtins.{name}")),)
        if found.where == "spelled":
            return (Ref(self.catalog.canonical(name), True),)
        if found.where == "unknown" or not found.bindings:
            return UNKNOWN
        if len(found.bindings) == 1:
            return self.binding(found.bindings[0])
        # `if session is None: session = Session()`: what was given is of that kind, too
        kept = [binding for binding in found.bindings if not _may_be_left_out(binding)] or found.bindings
        return self._merge(self.binding(binding) for binding in kept)

    def binding(self, binding: Binding) -> Values:
        """What the value bound there can be."""
        if binding.values is not None:
            return binding.values  # type: ignore[no-any-return]
        cuts = self.cuts
        nothing: Values = ()  # is added by a loop that feeds the name into itself
        values = self.once(binding, lambda: self._binding(binding), nothing)
        if self.cuts == cuts or not self.active:
            binding.values = values
        return values

    def _binding(self, binding: Binding) -> Values:
        if binding.kind == "import":
            name = self.catalog.canonical(binding.value)
            kind = self.catalog.types["attribute"].get(name)
            return (Instance(kind, binding),) if kind else (Ref(name),)
        if binding.kind in ("def", "class"):
            return (Local(binding.value),)
        annotation = binding.annotation or self._declared(binding)
        declared = UNKNOWN
        if annotation is not None and binding.path is not None:
            # The annotations of parameters are read where the function stands.
            where: At = binding
            if binding.kind == "parameter" and binding.scope.entry and not _is_generic(binding.scope):
                where = binding.scope.entry
            declared = self._placed(self._later(annotation, where, binding.scope), binding)
        if binding.kind == "parameter":
            if binding.path is None and annotation is not None:
                return self._starred(binding, annotation)
            return self._parameter(binding) if declared == UNKNOWN else declared
        if declared != UNKNOWN:
            # A value made on the spot says more than an annotation wider than it.
            values = self._bound(binding)
            made = bool(values) and all(isinstance(value, Instance) for value in values)
            if made and all(isinstance(value, Instance) and value.type in _PLACEHOLDERS for value in values):
                return self._merge((values, declared))
            says_items = any(isinstance(value, Instance) and (value.item or value.value) for value in declared)
            return values if made and not says_items else declared  # of an empty list it tells what is to come
        return self._bound(binding)

    def _later(self, annotation: cst.BaseExpression, where: At, scope: Scope) -> Values:
        """What an annotation allows; the class around it is bound only when the function runs."""
        values = self.annotation(annotation, where)
        if values == UNKNOWN and scope.kind == "function":
            return self.annotation(annotation, At(scope, scope.body, 0, where.statement))
        return values

    def _bound(self, binding: Binding) -> Values:
        """What the value tells of a binding, its annotation aside."""
        if binding.path is None or binding.value is None:
            return UNKNOWN
        if binding.kind in ("assign", "walrus", "match"):
            value = _through(binding.value, binding.path)
            if value is not None:
                return self._placed(self.of(value, binding), binding)
            return self._placed(self._taken(binding.value, binding.path, binding), binding)
        if binding.kind == "with":
            return self._placed(self._unpacked(self._entered(binding.value, binding), binding.path), binding)
        if binding.kind == "for":
            return self._placed(self._iterated(binding.value, binding.path, binding), binding)
        if binding.kind == "augment" and isinstance(binding.value.operator, cst.DivideAssign):
            before = self.name(binding.name, binding)
            return before if any(self._is_path(value) for value in before) else UNKNOWN
        if binding.kind == "except":
            caught = binding.value
            kinds = [element.value for element in caught.elements] if isinstance(caught, cst.Tuple) else [caught]
            refs = [self.refs(kind, binding) for kind in kinds]
            return self._merge(tuple(Instance(ref.name, binding) for ref in r) if r else UNKNOWN for r in refs)
        return UNKNOWN

    def _taken(self, node: cst.CSTNode, path: tuple[int, ...], at: At) -> Values:
        """What unpacking an expression binds to the part that `path` leads to."""
        values = self._unpacked(self.collection(node, at), path)
        return values if values != UNKNOWN or len(path) > 1 else self._elements(node, at)

    def _starred(self, binding: Binding, annotation: cst.BaseExpression) -> Values:
        """What `*args: T` or `**kwargs: T` is."""
        kind = self._kind(self.annotation(annotation, binding.scope.entry or binding))
        if binding.value.star == "**":
            return (Instance("dict", binding, "str", kind),)
        return (Instance("tuple", binding, kind),)

    @staticmethod
    def _placed(values: Values, binding: Binding) -> Values:
        """The instances, with this binding as the place where they came to be."""
        return tuple(v._replace(origin=binding) if isinstance(v, Instance) else v for v in values)

    @staticmethod
    def _declared(binding: Binding) -> cst.BaseExpression | None:
        """The annotation that `x: T` gave the name, or the attribute of `self`, elsewhere in its scope."""
        if binding.kind == "parameter":
            return None
        scope: Scope | None = binding.scope
        others: list[Binding] = []
        if isinstance(binding.target, cst.Attribute):
            scope = binding.scope.function.parent
            others += scope.attributes.get(binding.name, ()) if scope else ()
        others += scope.bindings.get(binding.name, ()) if scope else ()
        for other in others[:_MAX_ASSIGNMENTS]:
            if other.annotation is not None and other.kind in ("annotate", "assign"):
                return other.annotation
        return None

    def _parameter(self, binding: Binding) -> Values:
        function = binding.scope
        if method_kind(function) in ("object", "class") and first_parameter(function) == binding.name:
            return (Instance(f"<{function.parent.qualname}>", None),)  # type: ignore[union-attr]
        return UNKNOWN

    def _entered(self, node: cst.CSTNode, at: At) -> Values:
        """What `with value as name` binds: what the catalogue says, else the value itself."""
        if isinstance(node, cst.Await):
            node = node.expression
        if isinstance(node, cst.Call) and node.args and any(self._named(node.func, at, name) for name in _ENTERS_FIRST):
            return self.of(node.args[0].value, at)
        if isinstance(node, cst.Call):
            made = self._merge(self._managed(value) for value in self.of(node.func, at))
            if made and None not in made:
                return made
            for ref in self.refs(node.func, at) or ():
                entered = self.catalog.lookup(self.catalog.types["enters"], ref.name)
                if entered:
                    return (Instance(entered, at),)
        return self._merge(self._entry("enters", v) if self._knows("enters", v) else (v,) for v in self.of(node, at))

    def _managed(self, value: Value) -> Values:
        """What entering a call of a generator function gives that `contextlib` makes a context manager."""
        if not isinstance(value, Local) or not isinstance(value.scope.node, cst.FunctionDef):
            return UNKNOWN
        node, entry = value.scope.node, value.scope.entry
        if entry is None or len(node.decorators) != 1:
            return UNKNOWN
        refs = self.refs(node.decorators[0].decorator, entry)
        if not refs or refs[0].name not in _MANAGERS:
            return UNKNOWN
        if node.returns is not None:
            values = self.annotation(node.returns.annotation, entry)
            return self._merge((self.one(v.item),) if isinstance(v, Instance) and v.item else (v,) for v in values)
        given = [(expression, where) for expression, where in value.scope.yielded if expression is not None]
        return self.of(*given[0]) if len(given) == 1 else UNKNOWN

    def _named(self, node: cst.CSTNode, at: At, name: str) -> bool:
        refs = self.refs(node, at)
        return refs is not None and all(ref.name == name for ref in refs)

    def _elements(self, node: cst.CSTNode, at: At) -> Values:
        """What iterating over or indexing an expression gives."""
        if isinstance(node, cst.Call) and dotted(node.func) in HANDS_ON and self.refs(node.func, at):
            return self._elements(node.args[0].value, at) if node.args and not node.args[0].star else UNKNOWN
        if isinstance(node, cst.Call) and dotted(node.func) in ("map", "filter") and self.refs(node.func, at):
            if len(node.args) < 2 or any(arg.star for arg in node.args):
                return UNKNOWN
            mapped = dotted(node.func) == "map"
            return self.results(node.args[0].value, at) if mapped else self._elements(node.args[1].value, at)
        if isinstance(node, cst.GeneratorExp):
            return (self.one(kind),) if (kind := self._shared(node, at)) else UNKNOWN
        source = node.func if isinstance(node, cst.Call) else node
        for ref in self.refs(source, at) or ():
            kind = self.catalog.lookup(self.catalog.types["element"], ref.name)
            if kind:
                return (Instance(kind),)
        return self._merge(self._item(value) for value in self.collection(node, at))

    def _item(self, value: Value) -> Values:
        if isinstance(value, Instance) and value.item:
            return (self.one(value.item),)
        if isinstance(value, Local) and value.scope.kind == "class":
            return (Instance(f"<{value.scope.qualname}>"),)  # a member of an enumeration
        return self._entry("element", value)

    def _is_path(self, value: Value) -> bool:
        kind = value.type if isinstance(value, Instance) else ""
        while kind:
            if kind == "pathlib.Path":
                return True
            kind = self.catalog.bases.get(kind, "")
        return False

    def _method(self, bound: list[Binding]) -> Values:
        """A method of a class of this module, or what its property returns."""
        if len(bound) != 1 or bound[0].kind != "def":
            return UNKNOWN
        function: Scope = bound[0].value
        node = cst.ensure_type(function.node, cst.FunctionDef)
        outermost = node.decorators[:1]
        if does(outermost, "manages", self.catalog) or only(node.decorators, SAME | {"keeps"}, self.catalog):
            return (Local(function),)
        if does(outermost, "reads", self.catalog) and function.entry:
            return self._result(function, node, function.entry)
        return UNKNOWN

    @staticmethod
    def _all_local(values: Values) -> bool:
        """Whether all are instances of classes of this module, whose assignments to attributes are known."""
        return bool(values) and all(isinstance(value, Instance) and value.type.startswith("<") for value in values)

    def _inherited(self, owner: Scope, name: str) -> Values:
        """An attribute of an instance of a class of this module: its own, or a known base's."""
        return self.deeper(lambda: self._own_or_inherited(owner, name), UNKNOWN)

    def _own_or_inherited(self, owner: Scope, name: str) -> Values:
        bound = [*owner.bindings.get(name, ()), *owner.attributes.get(name, ())]
        if name == "__class__":
            return (Local(owner),)
        if bound and all(binding.kind in ("assign", "annotate", "with", "for") for binding in bound):
            return self._merge(self.binding(binding) for binding in bound[:_MAX_ASSIGNMENTS])
        if name in owner.bindings and name not in owner.attributes:
            return self._method(owner.bindings[name])
        if bound or owner.entry is None or is_class_private(name):
            return UNKNOWN
        found: list[Values] = []
        for base in cst.ensure_type(owner.node, cst.ClassDef).bases:
            for value in self.of(base.value, owner.entry):
                if value == Ref("object"):
                    continue
                if isinstance(value, Ref):
                    made = self.catalog.types["returns"].get(value.name, value.name)
                    found.append(self._attribute(Instance(made), name))
                elif isinstance(value, Local) and value.scope.kind == "class" and value.scope is not owner:
                    found.append(self._inherited(value.scope, name))
                else:
                    return UNKNOWN
        return found[0] if len(found) == 1 else UNKNOWN

    def _knows(self, table: str, value: Value) -> bool:
        return isinstance(value, Instance) and value.type in self.catalog.types[table]

    def _entry(self, table: str, value: Value) -> Values:
        """What a type table says of an instance's class, or of one of its bases."""
        kind = value.type if isinstance(value, Instance) else ""
        while kind:
            found = self.catalog.types[table].get(kind)
            if found:
                return (Instance(found),)
            kind = self.catalog.bases.get(kind, "")
        return UNKNOWN

    def _attribute(self, value: Value, name: str) -> Values:
        if isinstance(value, Ref):
            full = self.catalog.canonical(f"{value.name}.{name}")
            kind = self.catalog.types["attribute"].get(full)
            return (Instance(kind),) if kind else (Ref(full, value.spelled),)
        if isinstance(value, Instance):
            if value.type.startswith("<"):
                return self._inherited(self.classes[value.type], name)
            kind = self.catalog.lookup(self.catalog.types["attribute"], f"{value.type}.{name}")
            if kind is None and (any_name := self.catalog.types["attribute"].get(f"{value.type}.*")):
                kind = None if self.catalog.is_listed(f"{value.type}.{name}") else any_name
            return (Instance(kind, value.origin),) if kind else (Ref(f"{value.type}.{name}"),)
        if isinstance(value, Local) and value.scope.kind == "class":
            if name not in value.scope.bindings:
                return self._inherited(value.scope, name)
            return self._merge(self.binding(b) for b in value.scope.bindings[name])
        return UNKNOWN

    def _made(self, value: Value, node: cst.Call, at: At) -> Values:
        """What a call of this value gives, with these arguments."""
        variants = self.catalog.variants.get(value.name, ()) if isinstance(value, Ref) else ()
        for when, kind in variants:
            given = argument(node, when.position, (when.keyword,) if when.keyword else ())
            if given is None:
                continue
            if "*" in when.equals:
                return (Instance(kind, at),)
            known = self.of(given, at)
            if not known:  # None: as if left out
                continue
            names = {v.name if isinstance(v, Ref) else v.type for v in known if isinstance(v, (Ref, Instance))}
            if names & set(when.equals):
                return (Instance(kind, at),)
            if not all(isinstance(v, (Ref, Instance)) for v in known):
                return UNKNOWN
        made = self._called(value, at)
        if made == UNKNOWN and isinstance(value, Local) and isinstance(value.scope.node, cst.FunctionDef):
            handed = self._handed_back(value.scope, value.scope.node, node, at)
            return self.of(handed, at) if handed is not None else made
        return made

    def _handed_back(self, function: Scope, node: cst.FunctionDef, call: cst.Call, at: At) -> cst.BaseExpression | None:
        """The argument that a function of this module gives back as it is: `return checked(response)`."""
        if function.yields or not function.returns or node.returns is not None or not keeps_result(node, self.catalog):
            return None
        names = {dotted(value) for value, _ in function.returns if value is not None}
        name = names.pop() if len(names) == 1 else None
        bound = function.bindings.get(name, ()) if name is not None else ()
        if len(bound) != 1 or bound[0].kind != "parameter" or any(arg.star for arg in call.args):
            return None
        return passed_value(self, call, at, function, bound[0].name)

    def _called(self, value: Value, at: At) -> Values:
        """What a call of this value gives."""
        if isinstance(value, Ref):
            kind = self.catalog.lookup(self.catalog.types["returns"], value.name)
            if kind:
                return (Instance(kind, at),)
            last = value.name.rpartition(".")[2]
            # By the naming convention a capital makes it a class.
            if last[:1].isupper() and (not last.isupper() or value.name in self.catalog.owners):
                return (Instance(value.name, at),)
            if value.name in _BUILTIN_TYPES or value.name in _REMADE:
                return (Instance(value.name, at),)
            return UNKNOWN
        if isinstance(value, Instance):
            kind = self.catalog.lookup(self.catalog.types["returns"], f"{value.type}.__call__")
            return (Instance(kind, at),) if kind else UNKNOWN
        if isinstance(value, Local) and value.scope.kind == "class":
            same = only(decorators_of(value.scope), SAME | {"fields"}, self.catalog)
            return (Instance(f"<{value.scope.qualname}>", at),) if same else UNKNOWN
        if isinstance(value, Local) and isinstance(value.scope.node, cst.FunctionDef):
            return self._returned(value.scope, value.scope.node)
        return UNKNOWN

    def _returned(self, function: Scope, node: cst.FunctionDef) -> Values:
        """What a function of this module returns: by its annotation, else by its `return` statements."""
        if function.entry is None or not keeps_result(node, self.catalog):
            return UNKNOWN
        return self._result(function, node, function.entry)

    def _result(self, function: Scope, node: cst.FunctionDef, entry: At) -> Values:
        """What the body of a function gives, decorators aside."""
        if node.returns and not self._is_any(node.returns.annotation, entry):
            where = At(function, function.body, 0, entry.statement) if _is_generic(function) else entry
            return self._later(node.returns.annotation, where, function)
        nothing: Values = ()
        return self.once(function, lambda: self._given_by(function), nothing)

    def _given_by(self, function: Scope) -> Values:
        """What the `return` or `yield` statements of a function give."""
        if function.yields:
            given = [(value, at) for value, at in function.yielded if value is not None]
            if len(given) != len(function.yielded) or len(given) > _MAX_ASSIGNMENTS:
                return UNKNOWN
            return (Instance("generator", None, self._kind(self._merge(self.of(v, at) for v, at in given))),)
        values = [expression for expression in function.returns if expression[0] is not None]
        if not values or len(values) > _MAX_ASSIGNMENTS:
            return UNKNOWN
        return self._merge(self.of(value, at) for value, at in values if value is not None)

    def _is_any(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an annotation leaves it to the body what a function gives."""
        return dotted(node) is not None and self._named(node, at, "typing.Any")

    def _binary(self, node: cst.BinaryOperation, at: At) -> Values:
        left, right = self.of(node.left, at), self.of(node.right, at)
        if isinstance(node.operator, cst.Divide):
            for values in (left, right):
                if any(map(self._is_path, values)):
                    return values
            # Only paths are divided by text.
            other = right if isinstance(node.left, _TEXTS) else left if isinstance(node.right, _TEXTS) else None
            if other is not None and not any(isinstance(value, (Instance, Local)) for value in other):
                return (Instance("pathlib.Path", at),)
        kinds = {v.type for v in (*left, *right) if isinstance(v, Instance)}
        known = all(isinstance(v, Instance) for v in (*left, *right))
        if known and kinds and kinds <= {"int", "float", "bool"}:
            return (Instance("float" if "float" in kinds else "int"),)
        if "str" in kinds and isinstance(node.operator, (cst.Add, cst.Modulo)):
            return (Instance("str"),)
        if isinstance(node.operator, cst.Add) and len(left) == len(right) == 1 and kinds in ({"list"}, {"tuple"}):
            first, second = (self.collection(part, at)[0] for part in (node.left, node.right))
            if isinstance(first, Instance) and isinstance(second, Instance) and first.item == second.item:
                return (first._replace(parts=()),)
        return UNKNOWN

    def annotation(self, node: cst.BaseExpression, at: At) -> Values:
        """The classes that an annotation allows, `None` aside; unknown where it says more than names."""
        if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
            pieces = list(_pieces(node))
            return self._quoted("".join(map(str, pieces)), at) if all(isinstance(p, str) for p in pieces) else UNKNOWN
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
            return self._merge(self.annotation(part, at) for part in operands(node) if not _is_none(part))
        if isinstance(node, cst.Subscript):
            return self._subscripted(node, at)
        if isinstance(node, cst.Name) and (alias := self._alias(node, at)) is not None:
            meant = alias.value
            if isinstance(meant, cst.Call):  # NewType("Name", meant)
                meant = meant.args[1].value if len(meant.args) > 1 else meant
            return self._meant(meant, alias) if not isinstance(meant, cst.Call) else UNKNOWN
        values = []
        for value in self.of(node, at):
            if isinstance(value, Ref) and value.name in SELF and (owner := _class_around(at)) is not None:
                values.append(Instance(f"<{owner.qualname}>"))
            elif isinstance(value, Ref) and value.name not in _VAGUE and value.name not in SELF:
                made = self.catalog.types["returns"].get(value.name, value.name)
                values.append(Instance(made, at if isinstance(at, Binding) else None))
            elif isinstance(value, Local) and value.scope.kind == "class":
                values.append(Instance(f"<{value.scope.qualname}>"))
            else:
                return UNKNOWN
        return tuple(values) or UNKNOWN

    def _meant(self, meant: cst.BaseExpression, alias: Binding) -> Values:
        """What a type's other name allows; nothing is known of one that is made of itself."""
        return self.follow(("alias", alias), lambda: self.annotation(meant, alias), UNKNOWN)

    def _alias(self, node: cst.Name, at: At) -> Binding | None:
        """The assignment or `type` statement that gives a type its other name."""
        found = scopes.lookup(node.value, at)
        if len(found.bindings) != 1 or not isinstance(found.bindings[0].value, cst.BaseExpression):
            return None
        (binding,) = found.bindings
        if binding.kind == "type":
            return binding
        if isinstance(binding.value, cst.Call) and self._named(binding.value.func, binding, "typing.NewType"):
            return binding
        plain = (cst.Subscript, cst.BinaryOperation, cst.SimpleString)
        return binding if binding.kind == "assign" and not binding.path and isinstance(binding.value, plain) else None

    def _subscripted(self, node: cst.Subscript, at: At) -> Values:
        refs = self.refs(node.value, at)
        if not refs:
            owners = self.of(node.value, at)
            own = owners[0] if len(owners) == 1 else None
            known = isinstance(own, Local) and own.scope.kind == "class"
            return (Instance(f"<{own.scope.qualname}>"),) if known else UNKNOWN  # type: ignore[union-attr]
        name = refs[0].name
        inner = [element.slice.value for element in node.slice if isinstance(element.slice, cst.Index)]
        if name in _WRAPPERS or name in _AWAITABLES:
            if not inner:
                return UNKNOWN
            wanted = inner if name.endswith("Union") else inner[:1]
            parts = [part for part in wanted if not _is_none(part)]
            return self._merge(self.annotation(part, at) for part in parts)
        last = name.rpartition(".")[2]
        if last in ("type", "Type") and len(inner) == 1:
            return self._merge(map(self._class_of, self.annotation(inner[0], at)))
        if last in ("tuple", "Tuple") and inner:
            return (self._tuple(name, inner, at),)
        if last in _MAPPINGS and len(inner) == 2:
            key, held = (self._single(part, at) for part in inner)
            return (Instance(name, at if isinstance(at, Binding) else None, key, held),)
        if last in _COLLECTIONS and inner:
            return (Instance(name, at if isinstance(at, Binding) else None, self._single(inner[0], at)),)
        if last == "Literal":
            return (Instance("typing.Literal"),)
        return (Instance(name, at if isinstance(at, Binding) else None),)

    def _single(self, node: cst.BaseExpression, at: At) -> str:
        """The one class that an annotation names; empty where it is not one."""
        return self._kind(self.annotation(node, at))

    def _tuple(self, name: str, inner: list[cst.BaseExpression], at: At) -> Instance:
        origin = at if isinstance(at, Binding) else None
        if len(inner) == 2 and isinstance(inner[1], cst.Ellipsis):
            return Instance(name, origin, self._single(inner[0], at))
        parts = tuple(self._single(part, at) for part in inner)
        return Instance(name, origin, parts[0] if len(set(parts)) == 1 else "", "", parts)

    def _quoted(self, text: str, at: At) -> Values:
        """A quoted annotation, read like one that is not."""
        if len(text) > MAX_QUOTED:
            return UNKNOWN
        if text not in self.quoted:
            try:
                self.quoted[text] = expression(text)
            except Unconverted:
                self.quoted[text] = None
        read = self.quoted[text]
        return UNKNOWN if read is None else self.follow(("quoted", text), lambda: self.annotation(read, at), UNKNOWN)


def _pieces(node: cst.BaseString) -> Iterator[str | bytes | None]:
    """The values of literals that stand side by side; None for a formatted one."""
    while isinstance(node, cst.ConcatenatedString):
        yield string_value(node.left) if isinstance(node.left, cst.SimpleString) else None
        node = node.right
    yield string_value(node) if isinstance(node, cst.SimpleString) else None


#: Functions that give one of the items of their argument.
_ONE_OF = frozenset(("next", "min", "max"))
#: Methods of collections that give items, values, or all of them.
_OF_COLLECTIONS = frozenset(("get", "pop", "popleft", "setdefault", "values", "keys", "copy"))
#: Functions that give an object like the one that they are given, and those that say of what type it is.
_COPIES = frozenset(("dataclasses.replace", "copy.copy", "copy.deepcopy", "attrs.evolve", "attr.evolve"))
_CASTS = frozenset(("typing.cast", "typing_extensions.cast"))
#: Collections that are made of the items of another.
_REMADE = REMADE | {"collections.deque"}
_SAME_LASTS = frozenset(
    [
        "replace",
        "copy",
        "deepcopy",
        "evolve",
        "cast",
        "type",
        "defaultdict",
        "list",
        "tuple",
        "set",
        "frozenset",
        "deque",
        "sorted",
    ]
)
_TYPED_DICTS = ("typing.TypedDict", "typing_extensions.TypedDict")
_ENTERS_FIRST = ("contextlib.closing", "contextlib.nullcontext")
#: Collections that programs make empty and fill.
_FILLED = frozenset(("list", "dict", "set", "deque", "OrderedDict"))
_MAPPINGS = frozenset(
    ("dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict", "ChainMap")
)
SELF = frozenset(("typing.Self", "typing_extensions.Self"))
_BUILTIN_TYPES = frozenset(
    ["int", "float", "bool", "str", "bytes", "list", "tuple", "dict", "set", "frozenset", "complex", "bytearray"]
)


_COLLECTIONS = frozenset(
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


def _class_of_case(node: cst.Match, index: int) -> cst.BaseExpression | None:
    """The class that a value is of in one of the cases of a `match`; None where it says none."""
    pattern: cst.MatchPattern | None = node.cases[index].pattern
    if isinstance(pattern, cst.MatchAs):
        pattern = pattern.pattern
    return pattern.cls if isinstance(pattern, cst.MatchClass) else None


def _binds(node: cst.CSTNode, tests: list[tuple[cst.Call, bool]]) -> bool:
    """Whether a comprehension binds a name of its own that one of these tests asks about outside of it."""
    if not isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)):
        return False
    roots = {(dotted(test.args[0].value) or "").partition(".")[0] for test, _ in tests}
    loop: cst.CompFor | None = node.for_in
    while loop is not None:
        pending: list[cst.CSTNode] = [loop.target]
        while pending:
            target = pending.pop()
            if isinstance(target, cst.Name) and target.value in roots:
                return True
            pending += running(target)
        loop = loop.inner_for_in
    return False


def _asks(node: cst.Call) -> bool:
    """Whether a call is `isinstance(value, kinds)`."""
    return type(node.func) is cst.Name and node.func.value == "isinstance" and len(node.args) == 2


def _class_around(at: At) -> Scope | None:
    """The class in which a place stands."""
    scope: Scope | None = at.scope
    while scope is not None and scope.kind != "class":
        scope = scope.parent
    return scope


def _is_none(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Name) and node.value == "None"


def _may_be_left_out(binding: Binding) -> bool:
    """Whether a name is bound to a parameter that nothing describes and that by default is None."""
    if binding.kind != "parameter" or binding.annotation is not None:
        return False
    default = binding.value.default
    return default is not None and _is_none(default)


def _is_generic(scope: Scope) -> bool:
    """Whether a function has type parameters, which its annotations may name."""
    return getattr(scope.node, "type_parameters", None) is not None


def _in_its_loop(root: str, where: At, at: At, here: tuple[Binding, ...]) -> bool:
    """Whether a test is that of a `while` around a place, and nothing binds the name in between."""
    block = at.block
    while (owner := block.owner) is not None:
        if owner.place == where.place and type(owner.node) is cst.While:
            between = any(owner.place < binding.place < at.place for binding in at.scope.bindings.get(root, ()))
            start = At(at.scope, block, owner.place, at.statement)
            return not between and scopes.lookup(root, start).bindings == here
        block = owner.block
    return False


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _is_small(node: cst.List | cst.Tuple | cst.Set, starred: bool = False) -> bool:
    """Whether a display is short enough to look at each element."""
    if not 0 < len(node.elements) <= _MAX_ELEMENTS:
        return False
    return starred or not any(isinstance(element, cst.StarredElement) for element in node.elements)


def _through(value: cst.CSTNode, path: tuple[int, ...]) -> cst.CSTNode | None:
    """The part of a literal tuple or list that an unpacking takes; None where it is not literal."""
    for index in path:
        if not isinstance(value, (cst.Tuple, cst.List)) or index >= len(value.elements):
            return None
        if any(isinstance(e, cst.StarredElement) for e in value.elements[: index + 1]):
            return None
        value = value.elements[index].value
    return value
