"""What an expression is, as qualified names: light types, on demand.

An answer is a tuple of what the value can be; a `None` in it is "something else", and an empty tuple is
"nothing is known". A rule acts only where everything that is known points the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import libcst as cst

from veteran.analysis.semantics import scopes
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
from veteran.analysis.syntax.expressions import dotted, last_name
from veteran.analysis.syntax.nodes import string_value
from veteran.analysis.syntax.python import REMADE, is_class_private
from veteran.analysis.types.annotations import Annotations, is_none
from veteran.analysis.types.calls import argument, passed_value
from veteran.analysis.types.conventions import IMPORTS
from veteran.analysis.types.decorators import SAME, deeds, does, keeps_result, only
from veteran.analysis.types.elements import (
    COLLECTIONS,
    MAPPINGS,
    OF_COLLECTIONS,
    ONE_OF,
    Elements,
    is_small,
    last_part,
    through,
)
from veteran.analysis.types.narrowing import BUILTIN_TYPES, Narrowing
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
#: Types of what stands for a value to come: `path: Path = ""`.
_PLACEHOLDERS = frozenset(("str", "int", "bool"))
_ENTERING = ("enter_context", "enter_async_context")
_NAMES = (cst.Name, cst.Attribute)
#: More assignments to one attribute than this are not looked at.
_MAX_ASSIGNMENTS = 16


class Types(Following):
    """Answers what expressions of one module are. Concluded once per binding."""

    max_depth = 40

    def __init__(self, catalog: Catalog, lowered: Lowered) -> None:
        super().__init__()
        self.catalog = catalog
        self.lowered = lowered
        self.known: dict[tuple[int, int, int], tuple[cst.CSTNode, Block, Values]] = {}
        self.meanwhile: dict[tuple[tuple[int, int, int], frozenset[object]], Values] = {}
        self.elements = Elements(self)
        self.annotations = Annotations(self, self.elements)
        self.narrowing = Narrowing(self)

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

        What was cut short holds for this question alone, and there while the same is being asked.
        """
        key = id(node), at.place, id(at.block)
        known = self.known.get(key)
        if known is not None:
            return known[2]
        within = key, frozenset(self.active)
        if within in self.meanwhile:
            return self.meanwhile[within]
        cuts = self.cuts
        values = self._of(node, at)
        if self.cuts == cuts:
            self.known[key] = node, at.block, values
        else:
            self.meanwhile[within] = values
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
            if node.value in self.narrowing.told_apart:
                return self.narrowing.narrowed(node, node.value, self.name(node.value, at), at)
            return () if node.value == "None" else self.name(node.value, at)
        if type(node) is cst.Attribute:
            if node.attr.value in self.narrowing.told_apart and (name := dotted(node)) is not None:
                return self.narrowing.narrowed(node, name, self._attribute_of(node, at), at)
            return self._attribute_of(node, at)
        return self._expression(node, at)

    def _attribute_of(self, node: cst.Attribute, at: At) -> Values:
        owners = self.of(node.value, at)
        if dotted(node) in self.lowered.assigned and not self._all_local(owners):
            return UNKNOWN
        if len(owners) == 1:
            return self._attribute(owners[0], node.attr.value)
        return self.merged(self._attribute(v, node.attr.value) for v in owners)

    def _expression(self, node: cst.CSTNode, at: At) -> Values:
        """What an expression can be that is neither a name nor an attribute."""
        if type(node) is cst.Call and not node.args and isinstance(node.func, cst.Name) and node.func.value == "super":
            return self._super(at)
        if type(node) is cst.Call:
            if node.args and not node.args[0].star:
                if self.named(node.func, at, "functools.partial"):
                    return self.of(node.args[0].value, at)
                if isinstance(node.func, cst.Attribute) and node.func.attr.value in _ENTERING:
                    return self._entered(node.args[0].value, at)
                if isinstance(node.func, cst.Attribute) and node.func.attr.value in self.catalog.runs["result"]:
                    return self._handed(node, node.func.attr.value, at)
                if isinstance(node.args[0].value, cst.SimpleString) and IMPORTS.fullmatch(last_name(node.func)):
                    return self._imported(node.args[0].value)
                if dotted(node.func) == "getattr":
                    return self._got(node, at)
                if isinstance(node.func, cst.Name) and node.func.value in ONE_OF and self.refs(node.func, at):
                    return self.elements.one_of(node, at)
                if self._may_be_same(last_name(node.func)) and (same := self._same(node, at)) is not None:
                    return same
            if isinstance(node.func, cst.Attribute) and node.func.attr.value in OF_COLLECTIONS:
                held = self.elements.held(node, at)
                if held is not None:
                    return held
            func = node.func
            while isinstance(func, cst.Subscript) and self._is_class(func.value, at):  # Box[int]()
                func = func.value
            return self.merged(self._made(v, node, at) for v in self.of(func, at))
        if type(node) is cst.Await:
            return self.of(node.expression, at)
        if type(node) is cst.NamedExpr:
            return self.of(node.value, at)
        if type(node) is cst.IfExp:
            return self.merged(self.of(part, at) for part in self._given((node.body, node.orelse), at))
        if type(node) is cst.BooleanOperation:
            if isinstance(node.operator, cst.And):  # else it is the false value that stands before it
                return self.of(node.right, at)
            return self.merged(self.of(part, at) for part in self._given((node.left, node.right), at))
        if type(node) is cst.BinaryOperation:
            return self._binary(node, at)
        if type(node) is cst.Subscript:
            return self.elements.indexed(node, at)
        if type(node) is cst.Tuple:
            if not is_small(node):
                return (Instance("tuple", None, self.elements.shared(node, at)),)
            parts = tuple(self.elements.kind(self.of(e.value, at)) for e in node.elements)
            return (Instance("tuple", None, parts[0] if len(set(parts)) == 1 else "", "", parts),)
        if type(node) in _DISPLAYS:
            return (Instance(_LITERALS[type(node)], None, self.elements.shared(node, at)),)
        if type(node) is cst.Dict or type(node) is cst.DictComp:
            return (self.elements.mapping(node, at),)
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

    def _may_be_same(self, name: str) -> bool:
        return name in _SAME_LASTS or name in self.catalog.copying

    def _same(self, node: cst.Call, at: At) -> Values | None:
        """What functions give that pass on what they are given, or name its type; None for any other."""
        refs = self.refs(node.func, at)
        name = refs[0].name.removeprefix("builtins.") if refs and len(refs) == 1 else ""
        given = node.args[0].value
        if name in self.catalog.sorted["same"]["copy"]:
            return self.of(given, at)
        if name in _CASTS:
            return self.annotation(given, at)
        if name in _REMADE:
            name = "list" if name == "sorted" else name
            return (Instance(name, at, self.elements.kind(self.elements.of(given, at))),)
        if name == "type" and len(node.args) == 1:
            return self.merged(map(self.class_of, self.of(given, at)))
        if name in ("defaultdict", "collections.defaultdict"):
            return (Instance("defaultdict", at, "", self.elements.kind(self.results(given, at))),)
        return None

    def class_of(self, value: Value) -> Values:
        """The class of an object; unknown where it is not of a class that has a name."""
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
        last = last_part(values[0].name) if isinstance(values[0], Ref) else ""
        return last in COLLECTIONS or last in MAPPINGS or (last[:1].isupper() and not last.isupper())

    def _handed(self, node: cst.Call, name: str, at: At) -> Values:
        """What a function gives that a call runs in a thread."""
        index = self.catalog.runs["result"][name]
        if index >= len(node.args) or any(arg.star or arg.keyword for arg in node.args[: index + 1]):
            return UNKNOWN
        return self.results(node.args[index].value, at)

    def results(self, node: cst.CSTNode, at: At) -> Values:
        """What calling an expression gives."""
        if type(node) is cst.Lambda:
            return self.of(node.body, at)
        return self.merged(self._called(value, at) for value in self.of(node, at))

    def _got(self, getter: cst.Call, at: At) -> Values:
        """What `getattr(client, method)` gives: one of the client's methods, where all of them give the same."""
        if len(getter.args) < 2 or self.refs(getter.func, at) is None:
            return UNKNOWN
        owners = self.of(getter.args[0].value, at)
        wanted = getter.args[1].value
        if isinstance(wanted, cst.SimpleString):
            name = string_value(wanted)
            return self.merged(self._attribute(owner, name) for owner in owners) if isinstance(name, str) else UNKNOWN
        found = self.merged(self._attribute(owner, "request") for owner in owners) if len(getter.args) == 2 else ()
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
        return self.merged(self.binding(binding) for binding in kept)

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
            declared = self._placed(self.annotations.later(annotation, where, binding.scope), binding)
        if binding.kind == "parameter":
            if binding.path is None and annotation is not None:
                return self._starred(binding, annotation)
            return self._parameter(binding) if declared == UNKNOWN else declared
        if declared != UNKNOWN:
            # A value made on the spot says more than an annotation wider than it.
            values = self._bound(binding)
            made = bool(values) and all(isinstance(value, Instance) for value in values)
            if made and all(isinstance(value, Instance) and value.type in _PLACEHOLDERS for value in values):
                return self.merged((values, declared))
            says_items = any(isinstance(value, Instance) and (value.item or value.value) for value in declared)
            return values if made and not says_items else declared  # of an empty list it tells what is to come
        return self._bound(binding)

    def _bound(self, binding: Binding) -> Values:
        """What the value tells of a binding, its annotation aside."""
        if binding.path is None or binding.value is None:
            return UNKNOWN
        if binding.kind in ("assign", "walrus", "match"):
            value = through(binding.value, binding.path)
            if value is not None:
                return self._placed(self.of(value, binding), binding)
            return self._placed(self._taken(binding.value, binding.path, binding), binding)
        if binding.kind == "with":
            return self._placed(self.elements.unpacked(self._entered(binding.value, binding), binding.path), binding)
        if binding.kind == "for":
            return self._placed(self.elements.iterated(binding.value, binding.path, binding), binding)
        if binding.kind == "augment" and isinstance(binding.value.operator, cst.DivideAssign):
            before = self.name(binding.name, binding)
            return before if any(self._is_path(value) for value in before) else UNKNOWN
        if binding.kind == "except":
            caught = binding.value
            kinds = [element.value for element in caught.elements] if isinstance(caught, cst.Tuple) else [caught]
            refs = [self.refs(kind, binding) for kind in kinds]
            return self.merged(tuple(Instance(ref.name, binding) for ref in r) if r else UNKNOWN for r in refs)
        return UNKNOWN

    def _taken(self, node: cst.CSTNode, path: tuple[int, ...], at: At) -> Values:
        """What unpacking an expression binds to the part that `path` leads to."""
        values = self.elements.unpacked(self.elements.collection(node, at), path)
        return values if values != UNKNOWN or len(path) > 1 else self.elements.of(node, at)

    def _starred(self, binding: Binding, annotation: cst.BaseExpression) -> Values:
        """What `*args: T` or `**kwargs: T` is."""
        kind = self.elements.kind(self.annotation(annotation, binding.scope.entry or binding))
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
        if isinstance(node, cst.Call) and node.args and self._enters_first(node.func, at):
            return self.of(node.args[0].value, at)
        if isinstance(node, cst.Call):
            made = self.merged(self._managed(value) for value in self.of(node.func, at))
            if made and None not in made:
                return made
            for ref in self.refs(node.func, at) or ():
                entered = self.catalog.lookup(self.catalog.types["enters"], ref.name)
                if entered:
                    return (Instance(entered, at),)
        return self.merged(self.entry("enters", v) if self._knows("enters", v) else (v,) for v in self.of(node, at))

    def _enters_first(self, func: cst.BaseExpression, at: At) -> bool:
        """Whether `with` binds the first argument of such a call."""
        return any(self.named(func, at, name) for name in self.catalog.sorted["same"]["entered"])

    def _managed(self, value: Value) -> Values:
        """What entering a call of a generator function gives that `contextlib` makes a context manager."""
        if not isinstance(value, Local) or not isinstance(value.scope.node, cst.FunctionDef):
            return UNKNOWN
        node, entry = value.scope.node, value.scope.entry
        if entry is None or len(node.decorators) != 1:
            return UNKNOWN
        if "manages" not in deeds(node.decorators[0], self.catalog):
            return UNKNOWN
        if node.returns is not None:
            values = self.annotation(node.returns.annotation, entry)
            return self.merged(
                (self.elements.one(v.item),) if isinstance(v, Instance) and v.item else (v,) for v in values
            )
        given = [(expression, where) for expression, where in value.scope.yielded if expression is not None]
        return self.of(*given[0]) if len(given) == 1 else UNKNOWN

    def named(self, node: cst.CSTNode, at: At, name: str) -> bool:
        """Whether an expression can be nothing but the thing of another module with that name."""
        refs = self.refs(node, at)
        return refs is not None and all(ref.name == name for ref in refs)

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
            return self.merged(self.binding(binding) for binding in bound[:_MAX_ASSIGNMENTS])
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

    def entry(self, table: str, value: Value) -> Values:
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
            return self.merged(self.binding(b) for b in value.scope.bindings[name])
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
            if value.name in BUILTIN_TYPES or value.name in _REMADE:
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
            return self.annotations.later(node.returns.annotation, where, function)
        nothing: Values = ()
        return self.once(function, lambda: self._given_by(function), nothing)

    def _given_by(self, function: Scope) -> Values:
        """What the `return` or `yield` statements of a function give."""
        if function.yields:
            given = [(value, at) for value, at in function.yielded if value is not None]
            if len(given) != len(function.yielded) or len(given) > _MAX_ASSIGNMENTS:
                return UNKNOWN
            return (Instance("generator", None, self.elements.kind(self.merged(self.of(v, at) for v, at in given))),)
        values = [expression for expression in function.returns if expression[0] is not None]
        if not values or len(values) > _MAX_ASSIGNMENTS:
            return UNKNOWN
        return self.merged(self.of(value, at) for value, at in values if value is not None)

    def _is_any(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an annotation leaves it to the body what a function gives."""
        return dotted(node) is not None and self.named(node, at, "typing.Any")

    def annotation(self, node: cst.BaseExpression, at: At) -> Values:
        """The classes that an annotation allows, `None` aside; unknown where it says more than names."""
        return self.annotations.of(node, at)

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
            first, second = (self.elements.collection(part, at)[0] for part in (node.left, node.right))
            if isinstance(first, Instance) and isinstance(second, Instance) and first.item == second.item:
                return (first._replace(parts=()),)
        return UNKNOWN


#: Functions that say of what type what they are given is.
_CASTS = frozenset(("typing.cast", "typing_extensions.cast"))
#: Collections that are made of the items of another.
_REMADE = REMADE | {"collections.deque"}
_SAME_LASTS = frozenset(("cast", "type", "defaultdict", "list", "tuple", "set", "frozenset", "deque", "sorted"))


def _may_be_left_out(binding: Binding) -> bool:
    """Whether a name is bound to a parameter that nothing describes and that by default is None."""
    if binding.kind != "parameter" or binding.annotation is not None:
        return False
    default = binding.value.default
    return default is not None and is_none(default)


def _is_generic(scope: Scope) -> bool:
    """Whether a function has type parameters, which its annotations may name."""
    return getattr(scope.node, "type_parameters", None) is not None
