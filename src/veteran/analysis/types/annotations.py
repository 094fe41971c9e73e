"""What annotations say: the classes that they allow, by names, aliases, `NewType`, subscripts, unions, or in quotes."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Scope
from veteran.analysis.syntax.nodes import MAX_QUOTED, Unconverted, expression, operands, string_value
from veteran.analysis.types.elements import COLLECTIONS, MAPPINGS, Elements
from veteran.analysis.types.values import UNKNOWN, Inference, Instance, Local, Ref, Values

_WRAPPERS = frozenset(
    f"{module}.{name}"
    for module in ("typing", "typing_extensions")
    for name in ("Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "Union")
)
_AWAITABLES = frozenset(
    f"{module}.{name}" for module in ("typing", "collections.abc") for name in ("Awaitable", "Coroutine")
)
#: Annotations that say nothing of the value.
_VAGUE = frozenset(
    f"{module}{name}"
    for module in ("typing.", "typing_extensions.", "")
    for name in ("Any", "Final", "ClassVar", "TypeAlias", "object")
)
#: What stands for the class around it.
SELF = frozenset(("typing.Self", "typing_extensions.Self"))


class Annotations:
    """Reads the annotations of one module. elements: what names the type of an item."""

    def __init__(self, types: Inference, elements: Elements) -> None:
        self.types = types
        self.elements = elements
        self.quoted: dict[str, cst.BaseExpression | None] = {}

    def of(self, node: cst.BaseExpression, at: At) -> Values:
        """The classes that an annotation allows, `None` aside; unknown where it says more than names."""
        if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
            pieces = list(_pieces(node))
            return self._quoted("".join(map(str, pieces)), at) if all(isinstance(p, str) for p in pieces) else UNKNOWN
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
            return self.types.merged(self.of(part, at) for part in operands(node) if not is_none(part))
        if isinstance(node, cst.Subscript):
            return self._subscripted(node, at)
        if isinstance(node, cst.Name) and (alias := self._alias(node, at)) is not None:
            meant = alias.value
            if isinstance(meant, cst.Call):  # NewType("Name", meant)
                meant = meant.args[1].value if len(meant.args) > 1 else meant
            return self._meant(meant, alias) if not isinstance(meant, cst.Call) else UNKNOWN
        values = []
        for value in self.types.of(node, at):
            if isinstance(value, Ref) and value.name in SELF and (owner := _class_around(at)) is not None:
                values.append(Instance(f"<{owner.qualname}>"))
            elif isinstance(value, Ref) and value.name not in _VAGUE and value.name not in SELF:
                made = self.types.catalog.types["returns"].get(value.name, value.name)
                values.append(Instance(made, at if isinstance(at, Binding) else None))
            elif isinstance(value, Local) and value.scope.kind == "class":
                values.append(Instance(f"<{value.scope.qualname}>"))
            else:
                return UNKNOWN
        return tuple(values) or UNKNOWN

    def _meant(self, meant: cst.BaseExpression, alias: Binding) -> Values:
        """What a type's other name allows; nothing is known of one that is made of itself."""
        return self.types.follow(("alias", alias), lambda: self.of(meant, alias), UNKNOWN)

    def _alias(self, node: cst.Name, at: At) -> Binding | None:
        """The assignment or `type` statement that gives a type its other name."""
        found = scopes.lookup(node.value, at)
        if len(found.bindings) != 1 or not isinstance(found.bindings[0].value, cst.BaseExpression):
            return None
        (binding,) = found.bindings
        if binding.kind == "type":
            return binding
        if isinstance(binding.value, cst.Call) and self.types.named(binding.value.func, binding, "typing.NewType"):
            return binding
        plain = (cst.Subscript, cst.BinaryOperation, cst.SimpleString)
        return binding if binding.kind == "assign" and not binding.path and isinstance(binding.value, plain) else None

    def later(self, annotation: cst.BaseExpression, where: At, scope: Scope) -> Values:
        """What an annotation allows; the class around it is bound only when the function runs."""
        values = self.of(annotation, where)
        if values == UNKNOWN and scope.kind == "function":
            return self.of(annotation, At(scope, scope.body, 0, where.statement))
        return values

    def _subscripted(self, node: cst.Subscript, at: At) -> Values:
        refs = self.types.refs(node.value, at)
        if not refs:
            owners = self.types.of(node.value, at)
            own = owners[0] if len(owners) == 1 else None
            known = isinstance(own, Local) and own.scope.kind == "class"
            return (Instance(f"<{own.scope.qualname}>"),) if known else UNKNOWN  # type: ignore[union-attr]
        name = refs[0].name
        inner = [element.slice.value for element in node.slice if isinstance(element.slice, cst.Index)]
        if name in _WRAPPERS or name in _AWAITABLES:
            if not inner:
                return UNKNOWN
            wanted = inner if name.endswith("Union") else inner[:1]
            parts = [part for part in wanted if not is_none(part)]
            return self.types.merged(self.of(part, at) for part in parts)
        last = name.rpartition(".")[2]
        if last in ("type", "Type") and len(inner) == 1:
            return self.types.merged(map(self.types.class_of, self.of(inner[0], at)))
        if last in ("tuple", "Tuple") and inner:
            return (self._tuple(name, inner, at),)
        if last in MAPPINGS and len(inner) == 2:
            key, held = (self._single(part, at) for part in inner)
            return (Instance(name, at if isinstance(at, Binding) else None, key, held),)
        if last in COLLECTIONS and inner:
            return (Instance(name, at if isinstance(at, Binding) else None, self._single(inner[0], at)),)
        if last == "Literal":
            return (Instance("typing.Literal"),)
        return (Instance(name, at if isinstance(at, Binding) else None),)

    def _single(self, node: cst.BaseExpression, at: At) -> str:
        """The one class that an annotation names; empty where it is not one."""
        return self.elements.kind(self.of(node, at))

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
        return UNKNOWN if read is None else self.types.follow(("quoted", text), lambda: self.of(read, at), UNKNOWN)


def _pieces(node: cst.BaseString) -> Iterator[str | bytes | None]:
    """The values of literals that stand side by side; None for a formatted one."""
    while isinstance(node, cst.ConcatenatedString):
        yield string_value(node.left) if isinstance(node.left, cst.SimpleString) else None
        node = node.right
    yield string_value(node) if isinstance(node, cst.SimpleString) else None


def _class_around(at: At) -> Scope | None:
    """The class in which a place stands."""
    scope: Scope | None = at.scope
    while scope is not None and scope.kind != "class":
        scope = scope.parent
    return scope


def is_none(node: cst.CSTNode) -> bool:
    """Whether an expression is `None`."""
    return isinstance(node, cst.Name) and node.value == "None"
