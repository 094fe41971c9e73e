"""What other modules may need to know of one: its functions, what they call and what blocks in them.

Plain data, without any tree. What a name leads to in another module is left open: `link` decides it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.catalog_calls import blocking_call
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import (
    At,
    Binding,
    Call,
    Held,
    Read,
    Scope,
    decorators_of,
    first_parameter,
    method_kind,
)
from veteran.analysis.syntax.arguments import NAMED_REST, REST
from veteran.analysis.syntax.expressions import all_parameters, declared, dotted, form
from veteran.analysis.types.annotations import SELF
from veteran.analysis.types.calls import called_on
from veteran.analysis.types.decorators import SAME, does, keeps_result, only
from veteran.analysis.types.values import UNKNOWN, Instance, Local, Ref
from veteran.families.blocking import path_conditions
from veteran.families.blocking.exemptions import hardly_waits, never_waits, worth_keeping
from veteran.families.blocking.memoization import kept
from veteran.findings import Confidence
from veteran.project.import_resolver import BUILT_IN
from veteran.project.summary import CallFact, ClassFact, EffectFact, Facts, FunctionFact, ParameterFact
from veteran.project.symbols import ITSELF
from veteran.project.targets import MAX_SYMBOL, PLAIN, Names

if TYPE_CHECKING:
    from veteran.analysis.module import Module

#: What no module of a program is found for, whatever its name.
_NO_MODULES = PLAIN | {"type", "object"}
#: Annotations that leave it open where data comes from.
_DATA = frozenset(("dict", "list", "Dict", "List", "Mapping", "MutableMapping", "Sequence", "Iterable"))
#: Decorators that leave what a call of the function runs as it is.
_EXPECTED = SAME | {"memoises", "manages", "reads"}
_MAX_ATTRIBUTES = 200
_MAX_RETURNS = 4


def facts_of(module: Module) -> Facts:
    """The facts of one module."""
    return Collector(module).collect()


class Collector(Names):
    """Collects the facts of one module."""

    def collect(self) -> Facts:
        calls: dict[Scope, list[CallFact]] = {}
        effects: dict[Scope, list[EffectFact]] = {}
        uses = self._uses()
        for call in self.lowered.calls:
            function = call.scope.function
            if function.kind != "function" or call.lazy:
                continue
            while uses and uses[-1][0].place < call.place:
                at, fact = uses.pop()
                calls.setdefault(at.scope.function, []).append(fact)
            effect = None if function.is_async else self._effect(call)
            if effect is not None:
                effects.setdefault(function, []).append(effect)
            else:
                calls.setdefault(function, []).extend(self._calls(call))
        for at, fact in reversed(uses):
            calls.setdefault(at.scope.function, []).append(fact)
        functions = {
            key: self._function(scope, tuple(calls.get(scope, ())), tuple(effects.get(scope, ())))
            for scope, key in self.keys.items()
            if scope.kind == "function"
        }
        classes = {key: self._class(scope) for scope, key in self.keys.items() if scope.kind == "class"}
        return Facts(functions, classes, self._exports(), self._stars())

    # Functions

    def _function(self, scope: Scope, calls: tuple[CallFact, ...], effects: tuple[EffectFact, ...]) -> FunctionFact:
        node = cst.ensure_type(scope.node, cst.FunctionDef)
        several, catalog = node.decorators, self.module.catalog
        kind = ("async" if scope.is_async else "") + ("generator" if scope.yields else "") or "sync"
        marks = []
        if does(several, "memoises", catalog):
            marks.append("memoised")
        if does(several, "offloads", catalog):
            marks.append("offloaded")
        if does(several, "manages", catalog):
            marks.append("manager")
        if not only(several, _EXPECTED, catalog):
            marks.append("decorated")
        if not keeps_result(node, catalog) and not does(several, "reads", catalog):
            marks.append("wrapped")
        bound = method_kind(scope)
        if bound in ("static", "class"):
            marks.append(bound)
        if does(several, "reads", catalog):
            marks.append("property")
        if bound:
            marks.append("method")
        wanted = {when.parameter for call in calls for when in call.when}
        wanted |= {when.parameter for effect in effects for when in effect.when}
        wanted |= {value[1:] for call in calls for _, value in call.given if value[:1] == "="}
        listed = tuple(
            ParameterFact(
                one.name, one.kind, path_conditions.abstract(one.node.default) if one.node.default is not None else ""
            )
            for one in declared(node.params)
            if one.kind not in (REST, NAMED_REST)
        )
        contexts: tuple[str, ...] = ()
        if scope.is_async and calls:
            contexts = tuple(sorted(self.module.contexts.of(scope)))
        return FunctionFact(
            kind,
            tuple(marks),
            listed,
            tuple(sorted(wanted)),
            calls,
            effects,
            contexts,
            self._returns(scope, node),
            self._library(scope),
        )

    def _returns(self, scope: Scope, node: cst.FunctionDef) -> str:
        """The class of what a function returns: by its annotation, else by what its `return` statements name."""
        if node.returns is not None and scope.entry is not None:
            refs = self.types.refs(node.returns.annotation, scope.entry)
            if refs and refs[0].name in SELF:
                return ITSELF
            values = self.types.annotation(node.returns.annotation, scope.entry)
            if values == UNKNOWN:  # the class that it is a method of is bound later
                values = self.types.annotation(node.returns.annotation, At(scope, scope.body, 0, 0))
            if does(node.decorators, "manages", self.module.catalog):  # what entering it gives
                values = tuple(Instance(v.item) if isinstance(v, Instance) and v.item else v for v in values)
            if values != UNKNOWN:
                kind = self.type_of(values)
                plain = {v.type.rpartition(".")[2] if isinstance(v, Instance) else "" for v in values} <= _DATA
                if not plain:
                    return kind
        managed = scope.yields and does(node.decorators, "manages", self.module.catalog)
        ends = scope.yielded if managed else scope.returns
        returned = [(value, at) for value, at in ends if value is not None and dotted(value) != "None"]
        if not 0 < len(returned) <= _MAX_RETURNS:
            return ""
        found = {self._returned(value, at) for value, at in returned}
        return found.pop() if len(found) == 1 else ""

    def _returned(self, value: cst.BaseExpression, at: At) -> str:
        while type(value) is cst.Await:
            value = value.expression
        if not isinstance(value, (cst.Name, cst.Attribute, cst.Call)):
            return ""
        if isinstance(value, cst.Name) and self.is_itself(value, at):
            return ITSELF
        return self.type_of(self.types.of(value, at)) or self.symbol(value, at, 0)

    def _library(self, scope: Scope) -> str:
        return self.module.async_library if scope.is_async else ""

    def _effect(self, call: Call) -> EffectFact | None:
        """What a call does that blocks its thread; None if nothing is known."""
        event = blocking_call(self.module, call)
        if event is None or call.awaited or (event.entry.lazy and not call.consumed) or never_waits(event):
            return None
        confidence = self.module.catalog.groups[event.entry.group].confidence
        way = path_conditions.way_to(self.module, call)
        if way.never or way.dead:
            return None
        low = way.rare or hardly_waits(event) or (way.kept and worth_keeping(event))
        return EffectFact(
            event.name,
            event.entry.group,
            self.tree.span(call.node),
            self.module.code(call.node.func, 40),
            Confidence.LOW if low else confidence,
            way.when + path_conditions.opened(call),
        )

    def _calls(self, call: Call) -> Iterator[CallFact]:
        target = self._target(call)
        root = target.partition(".")[0]
        if not target or (root in _NO_MODULES and not call.scope.function.is_async):
            return
        given = tuple(self._given(call))
        way = (
            path_conditions.way_to(self.module, call) if root not in BUILT_IN else path_conditions.Way()
        )  # of no program
        if way.dead or (way.never and not call.scope.function.is_async):
            return
        low = way.rare or way.kept or kept(self.module, call)
        shown = dotted(call.node.func) or self.module.code(call.node.func, 40)
        flags = "".join(
            letter for letter, on in zip("aec", (call.awaited, call.entered, call.consumed), strict=True) if on
        )
        if called_on(self.types, call.node.func, call) in ("class", "named"):
            flags += "t"
        yield CallFact(target, self.tree.span(call.node), shown, flags, bool(low), way.when, given)

    def _uses(self) -> list[tuple[Read | Held, CallFact]]:
        """What runs code without being called there, last first."""
        found: list[tuple[Read | Held, CallFact]] = [*self._properties(), *self._held()]
        found.sort(key=lambda one: one[0].place)
        found.reverse()
        return found

    def _held(self) -> Iterator[tuple[Held, CallFact]]:
        """Where context managers and generators are used that were made before."""
        for held in self.lowered.held:
            node = held.node
            if held.scope.function.kind != "function":
                continue
            target, flags = "", "h"
            if isinstance(node, cst.Name):
                bound = scopes.lookup(node.value, held).bindings
                made = bound[0].value if len(bound) == 1 and bound[0].kind == "assign" and not bound[0].path else None
                if isinstance(made, cst.Call) and bound[0].scope is held.scope:
                    target = self.callee(made, bound[0])
                    flags = "eh" if held.entered else "ch"
            if held.entered and not target:
                kind = self.type_of(self.types.of(node, held))
                target, flags = (f"{kind}()" if kind else self.symbol(node, held, 0)), "h"
            way = path_conditions.way_to(self.module, held) if target else path_conditions.Way(dead=True)
            if not way.dead:
                shown = dotted(node) or self.module.code(node, 40)
                yield held, CallFact(target, self.tree.span(node), shown, flags, way.rare or way.kept, way.when)

    def _properties(self) -> Iterator[tuple[Read, CallFact]]:
        """The reads of what may be properties of the program's classes."""
        owners: dict[str, set[Scope]] = {}
        for scope in self.keys:
            if method_kind(scope) and does(decorators_of(scope), "reads", self.module.catalog):
                owners.setdefault(scope.name, set()).add(scope.parent)  # type: ignore[arg-type]
        called = self.lowered.index.called
        known: dict[tuple[int, str], str] = {}
        for arguments in self.lowered.reads:
            scope, node = arguments[0], arguments[4]
            name = node.attr.value
            if node in called or scope.kind == "module":
                continue
            kind = ""
            if name in owners:
                owner = self._owner(Read(*arguments), owners[name])
                kind = f":{self.keys[owner]}" if owner is not None else ""
            if not kind:
                inner, function = node.value, scope.function
                if type(inner) is cst.Name:
                    key = (id(function), inner.value)
                elif type(inner) is cst.Attribute and type(inner.value) is cst.Name:
                    key = (id(function.parent), f"{inner.value.value}.{inner.attr.value}")
                elif type(inner) is cst.Call and function.is_async:
                    key = (id(inner), "")
                else:
                    continue
                if key not in known:
                    known[key] = self._foreign(inner, Read(*arguments))
                kind = known[key]
            if kind:
                read = Read(*arguments)
                way = path_conditions.way_to(self.module, read)
                if not way.dead:
                    shown = dotted(node) or self.module.code(node, 40)
                    target = f"{kind}.{name}"
                    yield read, CallFact(target, self.tree.span(node), shown, "p", way.rare or way.kept, way.when)

    def _foreign(self, inner: cst.Name | cst.Attribute | cst.Call, read: Read) -> str:
        """The class of another module whose attribute is read: of a name, an own attribute or what a call gives."""
        function = read.scope.function
        if function.kind != "function":
            return ""
        if isinstance(inner, cst.Name):
            bound = function.bindings.get(inner.value)
            if not bound or not (bound[0].annotation or isinstance(bound[0].value, cst.Call)):
                return ""
        elif isinstance(inner, cst.Attribute) and dotted(inner.value) != first_parameter(function):
            return ""
        kind = self.type_of(self.types.of(inner, read))
        if kind[:1] == ":" or kind.partition(".")[0] in sys.stdlib_module_names or kind in self.module.catalog.owners:
            return ""
        return kind

    def _owner(self, read: Read, owners: set[Scope]) -> Scope | None:
        """The class of this module whose property is read."""
        values = self.types.of(read.node.value, read)
        kind = values[0].type if len(values) == 1 and isinstance(values[0], Instance) else ""
        scope = self.types.classes.get(kind)
        for _ in range(MAX_SYMBOL):
            if scope is None or scope in owners or read.node.attr.value in scope.bindings:
                break
            bases = cst.ensure_type(scope.node, cst.ClassDef).bases
            above = self.types.of(bases[0].value, scope.entry) if bases and scope.entry else ()
            scope = above[0].scope if len(above) == 1 and isinstance(above[0], Local) else None
        return scope if scope in owners else None

    def _target(self, call: Call) -> str:
        """What is called: `:key` in this module, else a dotted name; empty where it is not known."""
        return self.callee(call.node, call)

    def _given(self, call: Call) -> Iterator[tuple[str, str]]:
        """What a call passes, as far as it decides branches, by the arguments' forms."""
        if not call.node.args:
            return
        parameters = self._parameters(call.scope.function)
        for arg in call.node.args:
            value = path_conditions.abstract(arg.value) if not arg.star else ""
            if not arg.star and isinstance(arg.value, cst.Name) and arg.value.value in parameters:
                value = f"={arg.value.value}"
            yield form(arg), value

    def _parameters(self, function: Scope) -> frozenset[str]:
        """The names of a function's parameters."""
        known = self.parameters.get(function)
        if known is None:
            parameters = all_parameters(function.node.params)  # type: ignore[attr-defined]
            known = self.parameters[function] = frozenset(p.name.value for p in parameters)
        return known

    # Classes and names

    def _class(self, scope: Scope) -> ClassFact:
        node = cst.ensure_type(scope.node, cst.ClassDef)
        bases = []
        for base in node.bases:
            meant = base.value.value if isinstance(base.value, cst.Subscript) else base.value  # `Base[T]`
            values = self.types.of(meant, scope.entry) if scope.entry else ()
            if len(values) == 1 and values[0] is not None:
                bases.append(self.named(values[0]))
            else:
                bases.append(self.symbol(meant, scope.entry, 0) if scope.entry else "")
        attributes: dict[str, str] = {}
        names = dict.fromkeys((*scope.attributes, *scope.bindings))
        for name in list(names)[:_MAX_ATTRIBUTES]:
            bound = [*scope.bindings.get(name, ()), *scope.attributes.get(name, ())]
            if all(binding.kind in ("assign", "annotate", "with") for binding in bound):
                kind = self.type_of(tuple(v for binding in bound for v in self.types.binding(binding)))
                made = [b for b in bound if isinstance(b.value, cst.BaseExpression) and dotted(b.value) != "None"]
                if (
                    not kind
                    and len(made) == 1
                    and isinstance(made[0].value, (cst.Call, cst.Await))
                    and not made[0].path
                ):
                    kind = self.symbol(made[0].value, made[0], 0)
                if kind or bases:  # what is not known may hide what a base says
                    attributes[name] = kind
        return ClassFact(tuple(bases), attributes)

    def _exports(self) -> dict[str, tuple[str, ...]]:
        """What the module's names can mean."""
        found: dict[str, tuple[str, ...]] = {}
        for name, bound in self.lowered.module.bindings.items():
            last = scopes.settled(self.lowered.module, bound)
            targets = {binding: tuple(self._exported(binding)) for binding in last}
            if name == "__all__":
                if (listed := _listed(bound)) is not None:
                    found[name] = listed
            elif not any(isinstance(b.value, cst.Call) and not t for b, t in targets.items()):
                known = dict.fromkeys(target for several in targets.values() for target in several)
                if known:
                    found[name] = tuple(known)
        return found

    def _exported(self, binding: Binding) -> Iterator[str]:
        if binding.kind == "import":
            yield str(binding.value)
        elif binding.kind in ("def", "class"):
            if binding.value in self.keys:
                yield ":" + self.keys[binding.value]
        elif binding.kind == "assign" and isinstance(binding.value, (cst.Name, cst.Attribute, cst.Call)):
            for value in self.types.binding(binding):
                if isinstance(value, (Ref, Local)) and (named := self.named(value)):
                    yield named
                elif isinstance(value, Instance) and (kind := self.type_of((value,))):
                    yield f"{kind}()"

    def _stars(self) -> tuple[str, ...]:
        found = []
        for statement in self.lowered.tree.body if self.lowered.module.star else ():
            for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                if isinstance(small, cst.ImportFrom) and isinstance(small.names, cst.ImportStar):
                    found.append("." * len(small.relative) + (dotted(small.module) or ""))  # noqa: PERF401
        return tuple(found)


def _listed(bound: list[Binding]) -> tuple[str, ...] | None:
    """What `__all__` lists; None unless it is written out once."""
    value = bound[0].value
    if len(bound) != 1 or bound[0].kind != "assign" or not isinstance(value, (cst.List, cst.Tuple)):
        return None
    names = [e.value.raw_value for e in value.elements if isinstance(e.value, cst.SimpleString)]
    return tuple(names) if len(names) == len(value.elements) else None
