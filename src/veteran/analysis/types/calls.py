"""What a call runs, and what it passes: to the functions and classes of its module, by position or keyword."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Call, Scope, decorators_of, first_parameter, method_kind
from veteran.analysis.syntax.arguments import NAMED_REST, REST, binds
from veteran.analysis.syntax.expressions import Declared, all_parameters, declared, dotted, form
from veteran.analysis.syntax.nodes import string_value
from veteran.analysis.types.decorators import SAME, only
from veteran.analysis.types.values import Inference, Instance, Local, Ref

_MAX_BASES = 10
_MAX_ALIASES = 3


def argument(call: Call | cst.Call, position: int | None, keywords: Iterable[str]) -> cst.BaseExpression | None:
    """The value of a call's argument, by position or keyword; None where it is not written out."""
    return argument_of(written_out((call.node if isinstance(call, Call) else call).args), position, keywords)


def argument_of(args: Iterable[cst.Arg], position: int | None, keywords: Iterable[str]) -> cst.BaseExpression | None:
    """The same, of the arguments that a call is given."""
    wanted = frozenset(keywords)
    index = 0
    starred = False
    for arg in args:
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


def written_out(args: Iterable[cst.Arg]) -> Iterator[cst.Arg]:
    """The arguments of a call, with what it unpacks in place: `*(url, 5)`, `**{"timeout": 5}`, `**dict(timeout=5)`."""
    for arg in args:
        value = arg.value
        if arg.star == "*" and isinstance(value, (cst.Tuple, cst.List)):
            for item in value.elements:
                yield cst.Arg(item.value, star="*" if isinstance(item, cst.StarredElement) else "")
        elif arg.star == "**" and isinstance(value, cst.Dict):
            yield from map(_entry, value.elements)
        elif arg.star == "**" and isinstance(value, cst.Call) and dotted(value.func) == "dict":
            yield from (one if one.keyword is not None else cst.Arg(one.value, star="**") for one in value.args)
        else:
            yield arg


def _entry(element: cst.BaseDictElement) -> cst.Arg:
    """The keyword argument that an entry of an unpacked dictionary makes."""
    if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
        return cst.Arg(element.value, keyword=cst.Name(str(string_value(element.key))))
    return cst.Arg(element.value, star="**")


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
        return function if only(decorators_of(function), SAME, types.catalog) else None
    return None


def called_on(types: Inference, func: cst.CSTNode, at: At) -> str:
    """What a method is called on: `class` of this module, `named` of another one, which may be a class, or `object`.

    Empty where it is called by a name alone.
    """
    if not isinstance(func, cst.Attribute):
        return ""
    value = func.value
    around = at.scope.function
    if method_kind(around) == "class":
        if isinstance(value, cst.Call) and dotted(value.func) == "super":
            return "class"
        if isinstance(value, cst.Name) and value.value == first_parameter(around):
            return "class"
    values = types.of(value, at)
    if any(isinstance(one, Local) and one.scope.kind == "class" for one in values):
        return "class"
    return "named" if any(isinstance(one, Ref) for one in values) else "object"


def passes_itself(types: Inference, func: cst.CSTNode, at: At, function: Scope) -> bool | None:
    """Whether a call of a function of this module passes it the object, or the class, that it is called on.

    None where a method is called by a name of its own, of which is not known what it was taken from.
    """
    kind = method_kind(function)
    if kind in ("", "static"):
        return False
    for _ in range(_MAX_ALIASES):
        if isinstance(func, cst.Attribute):
            return kind == "class" or called_on(types, func, at) != "class"
        bound = scopes.lookup(func.value, at).bindings if isinstance(func, cst.Name) else ()
        if len(bound) != 1 or bound[0].path:
            return None
        if bound[0].kind == "def":
            return False  # in the body of its class
        func, at = bound[0].value, bound[0]
    return None


def takers(types: Inference, call: cst.Call, at: At, function: Scope) -> list[Declared | None]:
    """The parameters of a function of this module that take a call's arguments, one by one; None where not known."""
    node = function.node
    itself = passes_itself(types, call.func, at, function)
    if itself is None or not isinstance(node, (cst.FunctionDef, cst.Lambda)):
        return [None] * len(call.args)
    return list(binds(declared(node.params), map(form, call.args), itself=itself))


def taker(types: Inference, call: cst.Call, arg: cst.Arg, at: At, function: Scope) -> str | None:
    """The name of the parameter that takes an argument as it is; None where not known."""
    found = takers(types, call, at, function)[call.args.index(arg)]
    return found.name if found is not None and found.kind not in (REST, NAMED_REST) else None


def passed_value(types: Inference, node: cst.Call, at: At, function: Scope, name: str) -> cst.BaseExpression | None:
    """What a call of a function of this module passes for a parameter; None where it is not written out."""
    for arg, one in zip(node.args, takers(types, node, at, function), strict=True):
        if one is not None and one.name == name and one.kind not in (REST, NAMED_REST):
            return arg.value
    return None


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
