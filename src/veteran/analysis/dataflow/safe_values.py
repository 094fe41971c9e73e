"""Values that carry no text of their own, by their type, by what made them or by where they are kept; or from outside.

What tests on the way say of a value, see `sanitizers`; what a name alone says, see `conventions`.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from veteran.analysis.dataflow.conventions import (
    CLASS_NAME,
    CONSTANT,
    CONVERTED,
    ENUMERATIONS,
    KINDS,
    MEMBER_NAME,
    MODELS,
    PLACEHOLDERS,
    SANITISES,
    SIZED_INTEGERS,
    from_outside,
    is_constant_name,
    typed_so,
)
from veteran.analysis.dataflow.sanitizers import matches_whole
from veteran.analysis.dataflow.text import Pieces, Verdict, literal_text, one_hole
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Scope, decorators_of
from veteran.analysis.syntax.expressions import decorator_name, dotted
from veteran.analysis.syntax.nodes import operands
from veteran.analysis.types.calls import is_enum
from veteran.analysis.types.decorators import does
from veteran.analysis.types.inference import Types
from veteran.analysis.types.values import Instance, Local
from veteran.catalog import Catalog

#: Functions whose result is a number.
_NUMBERS_MADE = frozenset(["len", "int", "float", "sum", "round", "abs", "ord"])


class SafeValues:
    """Judges the values of one module, for one purpose of the catalogue's validators."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.catalog = types.catalog
        self.purpose = "sql"

    def safe_type(self, values: Sequence[object]) -> bool:
        """Whether all that a value can be is an object of a type that carries no text; false where nothing is known."""
        return bool(values) and all(
            isinstance(value, Instance) and self.is_safe_instance(value.type) for value in values
        )

    def is_safe_instance(self, kind: str) -> bool:
        """Whether objects of a type, by its name, carry no text of their own."""
        if kind in ("int", "float", "bool", "typing.Literal", "typing_extensions.Literal") or SIZED_INTEGERS.search(
            kind
        ):
            return True
        if kind.startswith("<"):
            scope = self.types.classes.get(kind)
            return scope is not None and is_enum(scope)
        if ENUMERATIONS.search(kind):
            return True
        return self.catalog.is_a(kind, "safe_type") or self.catalog.has("safe", kind)

    def is_safe_call(self, name: str) -> bool:
        """Whether what a function gives, by its full name, carries no text of its own."""
        return self.catalog.has("safe", name) or self.purpose in self.catalog.validators.get(name, ())

    def safe_items(self, values: Sequence[object]) -> bool:
        """Whether these are collections of which no element can carry text."""
        items = [v.item for v in values if isinstance(v, Instance) and v.item and not v.value]
        return bool(items) and len(items) == len(values) and all(map(self.is_safe_instance, items))

    def typed_elements(self, node: cst.CSTNode, at: At) -> list[list[Pieces]] | None:
        """The elements of a collection whose type says that none can carry text."""
        if self.safe_items(self.types.of(node, at)):
            return [[one_hole(node, at, Verdict.SAFE, "its elements carry no text by their type")]]
        return None

    def typed(self, node: cst.CSTNode, at: At) -> Pieces:
        """One hole, judged by the expression's type."""
        if self.safe_type(kinds := self.types.of(node, at)):
            return one_hole(node, at, Verdict.SAFE, typed_so(kinds))
        if self.typed_elements(node, at):
            return one_hole(node, at, Verdict.SAFE, "its elements carry no text by their type")
        refs = self.types.refs(node, at) if isinstance(node, (cst.Name, cst.Attribute)) else None
        if refs and not refs[0].spelled:
            return self.referenced(refs[0].name, node, at)
        return one_hole(node, at)

    def referenced(self, name: str, node: cst.CSTNode, at: At) -> Pieces:
        """A value of another module."""
        head = name
        while head:
            if head in self.catalog.names["source"]:
                return one_hole(node, at, Verdict.TAINTED, from_outside(head))
            head = head.rpartition(".")[0]
        if any(map(is_constant_name, name.split(".")[1:])) or MEMBER_NAME.search(name):
            return one_hole(node, at, Verdict.SAFE, CONSTANT)
        return one_hole(node, at)

    def validated(self, node: cst.Call, at: At) -> bool:
        """A function whose own name says that it quotes, escapes or checks, or that the project lists."""
        name = dotted(node.func) or ""
        for known, purposes in self.catalog.validators.items():
            if self.purpose in purposes and "." in known and name and known.endswith(f".{name}"):
                return True
        last = name.rpartition(".")[2]
        return bool(SANITISES.search(last) or PLACEHOLDERS.search(last))

    def is_member(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an expression is a member of an enumeration: by its class, or by the convention of its name."""
        if isinstance(node, cst.Attribute) and is_constant_name(node.attr.value):
            return True
        if any(isinstance(v, Instance) and KINDS.search(v.type) for v in self.types.of(node, at)):
            return True
        inner = node.value if isinstance(node, (cst.Attribute, cst.Subscript)) else node
        return any(isinstance(v, Local) and is_enum(v.scope) for v in self.types.of(inner, at))

    def is_class(self, node: cst.CSTNode, at: At) -> bool:
        """Whether a name is a class, of this module or by its spelling: only enumerations can be looped over."""
        binding = scopes.only(node, at) if isinstance(node, cst.Name) else None
        if binding is None:
            return False
        if binding.kind == "class":
            return isinstance(binding.value, Scope) and is_enum(binding.value)
        return binding.kind == "import" and CLASS_NAME.fullmatch(str(binding.value).rpartition(".")[2]) is not None

    def counts(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an iterator is an `itertools.count()`."""
        where: At = at
        if isinstance(node, cst.Name):
            binding = scopes.only(node, at)
            if binding is None or binding.path or not isinstance(binding.value, cst.Call):
                return False
            node, where = binding.value, binding
        refs = self.types.refs(node.func, where) if isinstance(node, cst.Call) else None
        return bool(refs) and all(ref.name == "itertools.count" for ref in refs or ())

    def is_match(self, func: cst.Attribute, at: At) -> bool:
        """Whether `found.group` belongs to the match of a whole text."""
        binding = scopes.only(func.value, at) if isinstance(func.value, cst.Name) else None
        if binding is None or not isinstance(binding.value, cst.Call) or func.attr.value not in ("group", "groups"):
            return False
        method = (dotted(binding.value.func) or "").rpartition(".")[2]
        return method in ("fullmatch", "match") and matches_whole(method, binding.value)

    def numeric(self, node: cst.CSTNode, at: At) -> bool:
        """Whether an expression is a number, or would fail if it were none."""
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            if any(self.numeric(part, at) for part in operands(node)):
                return True
        elif isinstance(node, (cst.Integer, cst.Float)) or (
            isinstance(node, cst.Call) and dotted(node.func) in _NUMBERS_MADE
        ):
            return True
        kinds = self.types.types(node, at)
        return bool(kinds) and all(kind.type in ("int", "float", "bool") for kind in kinds or ())


def is_field(binding: Binding, catalog: Catalog) -> bool:
    """Whether an assignment in a class body is the default of a field: of a dataclass, a model, settings."""
    owner = binding.scope.node
    if binding.annotation is None or not isinstance(owner, cst.ClassDef):
        return False
    outer = binding.annotation.value if isinstance(binding.annotation, cst.Subscript) else binding.annotation
    if (dotted(outer) or "").rpartition(".")[2] in ("ClassVar", "Final"):
        return False
    return does(owner.decorators, "fields", catalog) or any(
        MODELS.search(dotted(base.value) or "") for base in owner.bases
    )


def is_converted(function: Scope, name: str) -> bool:
    """Whether a route above a function says that a parameter is a number: `/<int:user_id>`, `/{user_id:int}`."""
    for decorator in decorators_of(function):
        called = decorator.decorator
        for arg in called.args if isinstance(called, cst.Call) else ():
            for found in CONVERTED.finditer(literal_text(arg.value)) if isinstance(arg.value, cst.SimpleString) else ():
                if name in (found[2], found[3]):
                    return True
    return False


def is_test(function: Scope) -> bool:
    """Whether a test runner calls a function, with what the tests themselves say."""
    return function.name.startswith("test_") or any(
        decorator_name(decorator) in ("parametrize", "given", "fixture") for decorator in decorators_of(function)
    )
