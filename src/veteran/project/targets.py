"""How a module names what may be defined elsewhere: the targets that links resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Scope, first_parameter, method_kind
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.types.values import Instance, Local, Ref, Value
from veteran.project.symbols import SUPER

if TYPE_CHECKING:
    from veteran.analysis.module import Module

#: Types that are no one's own classes.
PLAIN = frozenset(["int", "float", "bool", "str", "bytes", "list", "tuple", "dict", "set", "frozenset", "function"])
#: Names with more dots are not followed.
MAX_SYMBOL = 8


class Names:
    """What the expressions of one module may name in others, in the form of `CallFact.target`."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.lowered = module.lowered
        self.types = module.types
        self.keys: dict[Scope, str] = {}
        self.tree = module.tree
        self.parameters: dict[Scope, frozenset[str]] = {}
        taken: dict[str, int] = {}
        for scope in self.lowered.scopes:
            if scope.kind in ("function", "class"):
                name = scope.qualname
                taken[name] = taken.get(name, 0) + 1
                self.keys[scope] = name if taken[name] == 1 else f"{name}#{taken[name]}"

    def is_itself(self, node: cst.BaseExpression, at: At, kind: str = "object") -> bool:
        """Whether a name is the object, or the `class`, that a method is called on."""
        function = at.scope.function
        if not isinstance(node, cst.Name) or first_parameter(function) != node.value:
            return False
        if function.parent is None or function.parent.kind != "class" or len(function.bindings[node.value]) != 1:
            return False
        return method_kind(function) == kind

    def meant(self, node: cst.CSTNode, at: At) -> str:
        """What a name means, as a target; empty where it is not known."""
        values = self.types.of(node, at)
        if len(values) == 1 and isinstance(values[0], (Ref, Local)):
            return self.named(values[0])
        return self.symbol(node, at, 0)

    def given(self, node: cst.CSTNode, at: At) -> str:
        """The target that gives what an expression is; empty where it is not known."""
        while type(node) is cst.Await:
            node = node.expression
        values = self.types.of(node, at)
        if len(values) == 1 and isinstance(values[0], Instance):
            kind = self.type_of(values)
            return f"{kind}()" if kind else ""
        return self.symbol(node, at, 0)

    def callee(self, node: cst.Call, call: At) -> str:
        func = node.func
        if isinstance(func, cst.Attribute) and isinstance(func.value, cst.Call):
            inner = func.value.func
            if isinstance(inner, cst.Name) and inner.value == "super":
                owner = call.scope.function.parent
                kept = owner is not None and owner.kind == "class" and owner in self.keys
                args = func.value.args
                if args and (owner is None or dotted(args[0].value) != owner.name):
                    return ""
                return f":{self.keys[owner]}{SUPER}{func.attr.value}" if kept and owner is not None else ""
        if self.is_itself(func, call, "class"):
            return self._own_class(call)
        values = self.types.of(func, call)
        if len(values) == 1 and isinstance(values[0], Instance):
            kind = self.type_of(values)  # its `__call__`
            return f"{kind}()" if kind else ""
        if len(values) == 1 and values[0] is not None:
            return self.named(values[0])
        return self.symbol(func, call, 0)

    def _own_class(self, at: At) -> str:
        owner = at.scope.function.parent
        return f":{self.keys[owner]}" if owner in self.keys else ""

    def named(self, value: Value) -> str:
        """The target that a named thing is; empty for any other value."""
        if isinstance(value, Local):
            return ":" + self.keys[value.scope] if value.scope in self.keys else ""
        if isinstance(value, Ref):
            if value.spelled or value.name.startswith("<"):
                return ""
            root, _, rest = value.name.partition(".")
            return value.name if rest or not root else ""
        return ""

    def symbol(self, node: cst.CSTNode, at: At, depth: int) -> str:
        """A dotted name with `()` for calls, of what only another module can tell: `pkg.make().run`."""
        if depth > MAX_SYMBOL:
            return ""
        if type(node) is cst.Await:
            return self.symbol(node.expression, at, depth + 1)
        if type(node) is cst.Attribute:
            values = self.types.of(node.value, at)
            if len(values) == 1 and isinstance(values[0], Instance):
                kind = values[0].type
                if kind in PLAIN:
                    return ""
                if kind.startswith("<"):
                    return self._of_class(kind, node.attr.value)
            inner = self.symbol(node.value, at, depth + 1)
            return f"{inner}.{node.attr.value}" if inner else ""
        if type(node) is cst.Call:
            func: cst.BaseExpression = node.func
            if isinstance(func, cst.Attribute) and func.attr.value in self.types.catalog.runs["result"]:
                handed = node.args[self.types.catalog.runs["result"][func.attr.value] :][:1]
                func = handed[0].value if handed and not handed[0].star and not handed[0].keyword else func
            values = self.types.of(func, at)
            if self.is_itself(func, at, "class"):
                inner = self._own_class(at)
            elif len(values) == 1 and isinstance(values[0], (Ref, Local)):
                inner = self.named(values[0])
            else:
                inner = self.symbol(func, at, depth + 1)
            return f"{inner}()" if inner else ""
        if isinstance(node, cst.Name):
            named = scopes.lookup(node.value, at)
            bound = named.bindings
            if not bound and named.where == "unknown" and self.lowered.module.star:
                return f":*{node.value}" if node.value not in self.lowered.module.names else ""
            kinds = {binding.kind if binding.scope is self.lowered.module else "" for binding in bound}
            if len(bound) > 1 and "import" in kinds and kinds <= {"import", "def", "class"}:
                return f":*{node.value}"  # an import and what takes its place
            if len(bound) == 1 and bound[0].kind in ("assign", "walrus", "with") and bound[0].path == ():
                value = bound[0].value
                entered = ".__enter__()" if bound[0].kind == "with" else ""
                inner = self.symbol(value, bound[0], depth + 1)
                return f"{inner}{entered}" if inner else ""
        return ""

    def _of_class(self, kind: str, name: str) -> str:
        scope = self.types.classes.get(kind)
        return f":{self.keys[scope]}.{name}" if scope in self.keys else ""

    def type_of(self, values: tuple[Value, ...]) -> str:
        """The one class that a value is of; empty where there is none, several, or a plain one."""
        kinds = {value.type if isinstance(value, Instance) else "" for value in values}
        kind = kinds.pop() if len(kinds) == 1 else ""
        if kind.startswith("<"):
            scope = self.types.classes.get(kind)
            return f":{self.keys[scope]}" if scope in self.keys else ""
        return "" if kind in PLAIN else kind
