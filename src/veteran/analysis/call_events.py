"""What a rule may ask of an event that is about one call: what it passes, and what it is made on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Call, Scope, decorators_of
from veteran.analysis.syntax.expressions import dotted, last_name
from veteran.analysis.types.calls import argument_of, class_bindings, written_out
from veteran.analysis.types.decorators import SAME, only
from veteran.analysis.types.values import Inference, Instance, Local, Ref, Value

if TYPE_CHECKING:
    from veteran.analysis.module import Module

_MAX_ALIASES = 3
#: Decorators that leave a class's methods as they are.
_KEEPING = SAME | {"fields"}


class CallEvent:
    """An event about one call of a module. Whatever is asked is answered as far as this file tells."""

    module: Module
    call: Call

    @property
    def function(self) -> Scope:
        """The function, lambda or module whose frame makes the call."""
        return self.call.scope.function

    def argument(self, name: str, position: int | None = None) -> cst.BaseExpression | None:
        """What the call passes for a parameter, as an expression; None where that is not written out.

        position: from 0, the object of a method not counted; None where the parameter takes no argument by position.
        What `functools.partial` bound before counts, and what is unpacked in place, as `**{"timeout": 5}`.
        Of a method that is called on its class only keywords are told. None does not say that nothing is passed: see
        `may_pass`.
        """
        callee = self._callee
        return argument_of(callee.args, None if callee.unbound else position, (name,))

    def may_pass(self, name: str, position: int | None = None) -> bool:
        """Whether the call passes something for a parameter, or may pass it unseen.

        `**options` may pass any parameter, `*rest` those that come by position behind it; so may a function that was
        made elsewhere of the one that is called. False: it certainly leaves the parameter out.
        """
        callee = self._callee
        if not callee.seen or self.argument(name, position) is not None or any(a.star == "**" for a in callee.args):
            return True
        if position is None:
            return False
        by_position = [arg for arg in callee.args if arg.keyword is None]
        return any(arg.star for arg in by_position) or len(by_position) > position

    def is_none(self, node: cst.BaseExpression | None) -> bool:
        """Whether an expression of the call is certainly None, also through names that are bound once.

        No expression at all, as `argument` gives for what is not written out, is not None.
        """
        return node is not None and _is_none(self.module.types, node, self.call)

    @property
    def receiver(self) -> Scope | None:
        """The class of this module whose method is called: that of the object, or around `self` and `super()`.

        None where the object is of another module's class, or not known. Classes of other modules are not seen: an
        object of one that derives from what the catalogue lists makes no event.
        """
        owners = self._owners
        return owners[0] if owners else None

    def overridden(self, *names: str) -> bool:
        """Whether this module puts something of its own in the place of one of these methods of the object, or may.

        By its class, or a base of that, in this module; by a decorator of one that is not known; by assignment to
        the object or its class. For a method that works by another one: `Session.get` calls `Session.request`.
        What is called on `super()` is looked for in the bases alone; what it works by, in the class itself too.
        Without names: False.
        """
        assigned = self.module.lowered.assigned
        if any(f"{spelled}.{name}" in assigned for spelled in self._spelled() for name in names):
            return True
        inherited = frozenset(names) & self._called_on_super()
        own = frozenset(names) - inherited
        return any(
            (own and self._defines(owner, own)) or (inherited and self._inherits(owner, inherited))
            for owner in self._owners
        )

    def _called_on_super(self) -> frozenset[str]:
        """The name of the method, where it is called on `super()`."""
        func = self._callee.func
        on_super = isinstance(func, cst.Attribute) and _is_super(func.value)
        return frozenset({last_name(func)} if on_super else ())

    def _spelled(self) -> set[str | None]:
        """How the module may name what the method is called on: the object, and another module's class."""
        func, at = self._callee.func, self._callee.at
        classes = [ref.name.rpartition(".")[0] for ref in self.module.types.refs(func, at) or ()]
        on = dotted(func.value) if isinstance(func, cst.Attribute) else None
        return {on, *classes, *(name.rpartition(".")[2] for name in classes)}

    def _defines(self, owner: Scope, names: frozenset[str]) -> bool:
        return self.module.types.follow((owner, names), lambda: self._own_or_inherited(owner, names), True)

    def _own_or_inherited(self, owner: Scope, names: frozenset[str]) -> bool:
        types, assigned = self.module.types, self.module.lowered.assigned
        if not only(decorators_of(owner), _KEEPING, types.catalog):
            return True
        if any(n in owner.bindings or n in owner.attributes or f"{owner.qualname}.{n}" in assigned for n in names):
            return True
        return self._inherits(owner, names)

    def _inherits(self, owner: Scope, names: frozenset[str]) -> bool:
        types, node, entry = self.module.types, owner.node, owner.entry
        if not isinstance(node, cst.ClassDef) or entry is None:
            return True
        bases = [value for base in node.bases for value in types.of(base.value, entry)]
        return any(value is None or (isinstance(value, Local) and self._defines(value.scope, names)) for value in bases)

    @cached_property
    def _callee(self) -> _Callee:
        return _callee(self.module.types, self.call)

    @cached_property
    def _owners(self) -> list[Scope]:
        """The classes of this module that the method may be called on."""
        func, at, types = self._callee.func, self._callee.at, self.module.types
        if not isinstance(func, cst.Attribute):
            return []
        if _is_super(func.value):
            around = at.scope.function.parent
            return [around] if around is not None and around.kind == "class" else []
        owners = (_class_of(types, value) for value in types.of(func.value, at))
        return [owner for owner in owners if owner is not None]


class _Callee(NamedTuple):
    """What a call runs, behind the names that stand for it. args: all that it is given, what is unpacked in place too.

    seen: these are all arguments. unbound: the method of a class, which may take its object first.
    """

    func: cst.BaseExpression
    at: At
    args: tuple[cst.Arg, ...]
    seen: bool = True
    unbound: bool = False


def _callee(types: Inference, call: Call) -> _Callee:
    """Follows names that are bound once, and what `functools.partial` makes of a function."""
    func: cst.BaseExpression = call.node.func
    at: At = call
    args = tuple(written_out(call.node.args))
    for _ in range(_MAX_ALIASES):
        if isinstance(func, cst.Call):
            given = func.args
            if not given or given[0].star or given[0].keyword or not types.named(func.func, at, "functools.partial"):
                break
            func, args = given[0].value, _together(tuple(written_out(given[1:])), args)
            continue
        bound = _bound(types, func, at)
        if not bound:
            unbound = isinstance(func, cst.Attribute) and _is_class(types, func.value, at)
            return _Callee(func, at, args, isinstance(func, (cst.Name, cst.Attribute)), unbound)
        if len(bound) != 1 or not _is_alias(bound[0]):
            break
        func, at = bound[0].value, bound[0]
    return _Callee(func, at, args, seen=False)


def _together(first: tuple[cst.Arg, ...], last: tuple[cst.Arg, ...]) -> tuple[cst.Arg, ...]:
    """The arguments of a partial and of its call: those by position in this order; keywords of the call win."""
    by_name = [arg for arg in (*last, *first) if arg.keyword is not None or arg.star == "**"]
    return (*(arg for arg in (*first, *last) if arg.keyword is None and arg.star != "**"), *by_name)


def _bound(types: Inference, func: cst.BaseExpression, at: At) -> list[Binding]:
    """What this module binds to what is called; nothing where it is another one's own."""
    if isinstance(func, cst.Name):
        return [bound for bound in scopes.lookup(func.value, at).bindings if bound.kind != "import"]
    return class_bindings(types, func, at) or [] if isinstance(func, cst.Attribute) else []


def _is_alias(bound: Binding) -> bool:
    """Whether a name, or an attribute of an object, is given an expression as it is."""
    in_class = bound.scope.kind == "class"  # where a function becomes a method
    return bound.kind in ("assign", "walrus") and not bound.path and not in_class


def _is_super(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Call) and dotted(node.func) == "super"


def _class_of(types: Inference, value: Value) -> Scope | None:
    """The class of this module that a value is, or is an object of."""
    if isinstance(value, Instance):
        return types.classes.get(value.type)
    return value.scope if isinstance(value, Local) and value.scope.kind == "class" else None


def _is_class(types: Inference, node: cst.BaseExpression, at: At) -> bool:
    """Whether an expression may be a class: calling another module's gives an object of its name."""
    for value in types.of(node, at):
        if isinstance(value, Local):
            return True
        if isinstance(value, Ref) and any(
            isinstance(made, Instance) and made.type == value.name for made in types.results(node, at)
        ):
            return True
    return False


def _is_none(types: Inference, node: cst.BaseExpression, at: At) -> bool:
    if isinstance(node, cst.NamedExpr):
        return _is_none(types, node.value, at)
    if isinstance(node, cst.IfExp):
        return _is_none(types, node.body, at) and _is_none(types, node.orelse, at)
    if not isinstance(node, cst.Name):
        return False
    bound = scopes.only(node, at)
    if bound is None:
        return node.value == "None"
    if bound.kind not in ("assign", "walrus") or bound.path or bound.foreign:
        return False
    return types.follow((bound, "none"), lambda: _is_none(types, bound.value, bound), False)
