"""What a call runs, and what it passes: to the functions and classes of its module, by position or keyword."""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from veteran.analysis.semantics.ir import At, Binding, Call, Scope
from veteran.analysis.syntax.expressions import all_parameters, decorator_name, dotted
from veteran.analysis.types.values import Inference, Instance, Local

PLAIN_DECORATORS = frozenset(("staticmethod", "classmethod", "override", "final", "cache", "lru_cache"))
#: Decorators that call a function again or later, and give what it gives.
_REPEATS = re.compile(r"(?i)retr(?:y|ies)|backoff|throttle|rate_?limit")
_MAX_BASES = 10


def argument(call: Call | cst.Call, position: int | None, keywords: Iterable[str]) -> cst.BaseExpression | None:
    """The value of a call's argument, by position or keyword; None where it is not written out."""
    node = call.node if isinstance(call, Call) else call
    wanted = frozenset(keywords)
    index = 0
    starred = False
    for arg in node.args:
        if arg.keyword is not None:
            if arg.keyword.value in wanted:
                return arg.value
        elif arg.star:
            starred = True
        else:
            if index == position and not starred:
                return arg.value
            index += 1
    return None


def keeps_result(node: cst.FunctionDef) -> bool:
    """Whether the decorators of a function, judged by their names, leave what it returns the same."""
    names = [decorator_name(decorator) for decorator in node.decorators]
    return all(name in PLAIN_DECORATORS or _REPEATS.search(name) for name in names)


def class_bindings(types: Inference, node: cst.Attribute, at: At) -> list[Binding] | None:
    """All assignments to `self.x`, `cls.x` or `C.x` of a class of this module; None where unknown."""
    values = types.of(node.value, at)
    if len(values) != 1:
        return None
    value = values[0]
    if isinstance(value, Local) and value.scope.kind == "class":
        owner = value.scope
    elif isinstance(value, Instance) and value.type.startswith("<"):
        owner = types.classes[value.type]
    else:
        return None
    name = node.attr.value
    for _ in range(_MAX_BASES):
        found = [*owner.bindings.get(name, ()), *owner.attributes.get(name, ())]
        bases = owner.node.bases if isinstance(owner.node, cst.ClassDef) else ()
        if found or not bases or owner.entry is None:
            return found or None
        inherited = [v for v in types.of(bases[0].value, owner.entry) if isinstance(v, Local)]
        if not inherited:
            return None
        owner = inherited[0].scope
    return None


def function_of(types: Inference, func: cst.CSTNode, at: At) -> Scope | None:
    """The function or method of this module that a call runs; None where not known."""
    if not isinstance(func, (cst.Name, cst.Attribute)):
        return None
    values = types.of(func, at)
    if len(values) == 1 and isinstance(values[0], Local):
        return values[0].scope if values[0].scope.kind == "function" else None
    bound = class_bindings(types, func, at) if isinstance(func, cst.Attribute) else None
    if bound and len(bound) == 1 and bound[0].kind == "def":
        function: Scope = bound[0].value
        names = {dotted(d.decorator) for d in cst.ensure_type(function.node, cst.FunctionDef).decorators}
        return function if names <= {"staticmethod", "classmethod"} else None
    return None


def passed_value(types: Inference, node: cst.Call, at: At, function: Scope, name: str) -> cst.BaseExpression | None:
    """What a call of a function of this module passes for a parameter; None where it is not written out."""
    definition = cst.ensure_type(function.node, cst.FunctionDef)
    parameters = definition.params
    ordered = [p.name.value for p in (*parameters.posonly_params, *parameters.params)]
    if function.parent and function.parent.kind == "class":
        static = any(getattr(d.decorator, "value", "") == "staticmethod" for d in definition.decorators)
        owner = types.of(node.func.value, at) if isinstance(node.func, cst.Attribute) else ()
        unbound = Local(function.parent) in owner and not definition.decorators
        ordered = ordered if static or unbound else ordered[1:]
    return argument(node, ordered.index(name) if name in ordered else None, (name,))


def default_of(function: Scope, name: str) -> cst.BaseExpression | None:
    """The default of a parameter."""
    parameters = all_parameters(cst.ensure_type(function.node, cst.FunctionDef).params)
    return next((p.default for p in parameters if p.name.value == name), None)


def unpacked(value: cst.CSTNode, path: tuple[int, ...] | None) -> cst.CSTNode | None:
    """What an unpacking takes out of a literal; None where the value is not written out."""
    for index in path if path is not None else (1 << 30,):
        if not isinstance(value, (cst.Tuple, cst.List)) or index >= len(value.elements):
            return None
        if not all(isinstance(element, cst.Element) for element in value.elements):
            return None
        value = value.elements[index].value
    return value


def is_enumeration(types: Inference, node: cst.CSTNode, at: At) -> bool:
    """Whether it is an enumeration of this module, whose call refuses all but its members' values."""
    if not isinstance(node, cst.Name):
        return False
    values = types.of(node, at)
    return bool(values) and all(isinstance(v, Local) and is_enum(v.scope) for v in values)


def is_enum(scope: Scope) -> bool:
    """Whether a class is an enumeration."""
    bases = scope.node.bases if isinstance(scope.node, cst.ClassDef) else ()
    return any((dotted(b.value) or "").rpartition(".")[2].endswith(("Enum", "Flag")) for b in bases)
