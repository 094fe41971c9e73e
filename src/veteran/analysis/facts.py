"""What other modules may need to know of one: its functions, what they call and what blocks in them.

Plain data, without any tree. What a name leads to in another module is left open: `link` decides it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis import branches, scopes, waiting
from veteran.analysis.calls import keeps_result
from veteran.analysis.catalog_calls import blocking_call
from veteran.analysis.lowering import (
    At,
    Binding,
    Call,
    Held,
    Read,
    Scope,
    all_parameters,
    decorator_name,
    dotted,
    first_parameter,
)
from veteran.analysis.program import ITSELF, SUPER
from veteran.analysis.project import BUILT_IN
from veteran.analysis.summary import (
    CallFact,
    ClassFact,
    EffectFact,
    Facts,
    FunctionFact,
    ParameterFact,
)
from veteran.analysis.type_values import UNKNOWN, Instance, Local, Ref, Value
from veteran.analysis.types import HANDED, SELF
from veteran.findings import Confidence

if TYPE_CHECKING:
    from veteran.analysis.model import Module

#: Types that are no one's own classes.
_PLAIN = frozenset(["int", "float", "bool", "str", "bytes", "list", "tuple", "dict", "set", "frozenset", "function"])
#: What no module of a program is found for, whatever its name.
_NO_MODULES = _PLAIN | {"type", "object"}
#: Annotations that leave it open where data comes from.
_DATA = frozenset(("dict", "list", "Dict", "List", "Mapping", "MutableMapping", "Sequence", "Iterable"))
_OFFLOADS = re.compile(
    r"(?i)thread|executor|offload|background|sync_to_async|asyncify|awaitable|defer|in_loop|coroutine"
)
_MEMOISES = re.compile(r"(?:alru_|lru_|async_)?cache|cached(?:_?method|_?property)?|memoi[sz]ed?|once|singleton")
_MANAGES = frozenset(("contextmanager", "asynccontextmanager"))
_PROPERTIES = frozenset(("property", "cached_property"))
#: Decorators that leave a function what it is.
_PLAIN_DECORATORS = frozenset(
    ("staticmethod", "classmethod", "abstractmethod", "override", "final", "overload", "deprecated", "property")
)
_MAX_ATTRIBUTES = 200
_MAX_RETURNS = 4
_MAX_SYMBOL = 8


def facts_of(module: Module) -> Facts:
    """The facts of one module."""
    return Names(module).collect()


class Names:
    """The facts of one module, and its names for what may be in others."""

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
        names = [decorator_name(decorator) for decorator in node.decorators]
        kind = ("async" if scope.is_async else "") + ("generator" if scope.yields else "") or "sync"
        marks = []
        if any(_MEMOISES.fullmatch(name) for name in names):
            marks.append("memoised")
        if any(_OFFLOADS.search(name) for name in names):
            marks.append("offloaded")
        if any(name in _MANAGES for name in names):
            marks.append("manager")
        if not all(name in _PLAIN_DECORATORS or name in _MANAGES or _MEMOISES.fullmatch(name) for name in names):
            marks.append("decorated")
        if not keeps_result(node) and _PROPERTIES.isdisjoint(names):
            marks.append("wrapped")
        if "staticmethod" in names:
            marks.append("static")
        if not _PROPERTIES.isdisjoint(names):
            marks.append("property")
        if scope.parent is not None and scope.parent.kind == "class":
            marks.append("method")
        parameters = node.params
        ordered = [(p, True) for p in (*parameters.posonly_params, *parameters.params)]
        ordered += [(p, False) for p in parameters.kwonly_params]
        wanted = {when.parameter for call in calls for when in call.when}
        wanted |= {when.parameter for effect in effects for when in effect.when}
        wanted |= {value[1:] for call in calls for _, value in call.given if value[:1] == "="}
        listed = tuple(
            ParameterFact(p.name.value, positional, branches.abstract(p.default) if p.default is not None else "")
            for p, positional in ordered
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
            if any(decorator_name(decorator) in _MANAGES for decorator in node.decorators):  # what entering it gives
                values = tuple(Instance(v.item) if isinstance(v, Instance) and v.item else v for v in values)
            if values != UNKNOWN:
                kind = self._type(values)
                plain = {v.type.rpartition(".")[2] if isinstance(v, Instance) else "" for v in values} <= _DATA
                if not plain:
                    return kind
        managed = scope.yields and any(decorator_name(decorator) in _MANAGES for decorator in node.decorators)
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
        if isinstance(value, cst.Name) and self._is_itself(value, at):
            return ITSELF
        return self._type(self.types.of(value, at)) or self._symbol(value, at, 0)

    def _is_itself(self, node: cst.BaseExpression, at: At, decorator: str = "") -> bool:
        """Whether a name is the object, or with `classmethod` the class, that a method is called on."""
        function = at.scope.function
        if not isinstance(node, cst.Name) or first_parameter(function) != node.value:
            return False
        if function.parent is None or function.parent.kind != "class" or len(function.bindings[node.value]) != 1:
            return False
        names = {decorator_name(one) for one in function.node.decorators}  # type: ignore[attr-defined]
        return decorator in names if decorator else names.isdisjoint(("staticmethod", "classmethod"))

    def _library(self, scope: Scope) -> str:
        return self.module.async_library if scope.is_async else ""

    def _effect(self, call: Call) -> EffectFact | None:
        """What a call does that blocks its thread; None if nothing is known."""
        event = blocking_call(self.module, call)
        if event is None or call.awaited or (event.entry.lazy and not call.consumed) or waiting.never_waits(event):
            return None
        confidence = self.module.catalog.groups[event.entry.group].confidence
        way = branches.way_to(self.module, call)
        if way.never or way.dead:
            return None
        low = way.rare or waiting.hardly_waits(event) or (way.kept and waiting.worth_keeping(event))
        return EffectFact(
            event.name,
            event.entry.group,
            self.tree.span(call.node),
            self.module.code(call.node.func, 40),
            Confidence.LOW if low else confidence,
            way.when + branches.opened(call),
        )

    def _calls(self, call: Call) -> Iterator[CallFact]:
        target = self._target(call)
        root = target.partition(".")[0]
        if not target or (root in _NO_MODULES and not call.scope.function.is_async):
            return
        given = tuple(self._given(call))
        way = branches.way_to(self.module, call) if root not in BUILT_IN else branches.Way()  # of no program
        if way.dead or (way.never and not call.scope.function.is_async):
            return
        low = way.rare or way.kept or waiting.kept(self.module, call)
        shown = dotted(call.node.func) or self.module.code(call.node.func, 40)
        flags = "".join(
            letter for letter, on in zip("aec", (call.awaited, call.entered, call.consumed), strict=True) if on
        )
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
                kind = self._type(self.types.of(node, held))
                target, flags = (f"{kind}()" if kind else self._symbol(node, held, 0)), "h"
            way = branches.way_to(self.module, held) if target else branches.Way(dead=True)
            if not way.dead:
                shown = dotted(node) or self.module.code(node, 40)
                yield held, CallFact(target, self.tree.span(node), shown, flags, way.rare or way.kept, way.when)

    def _properties(self) -> Iterator[tuple[Read, CallFact]]:
        """The reads of what may be properties of the program's classes."""
        owners: dict[str, set[Scope]] = {}
        for scope in self.keys:
            if scope.parent is not None and scope.parent.kind == "class" and isinstance(scope.node, cst.FunctionDef):
                names = {decorator_name(decorator) for decorator in scope.node.decorators}
                if not names.isdisjoint(_PROPERTIES):
                    owners.setdefault(scope.name, set()).add(scope.parent)
        called = {id(call.node.func) for call in self.lowered.calls}
        known: dict[tuple[int, str], str] = {}
        for arguments in self.lowered.reads:
            scope, node = arguments[0], arguments[4]
            name = node.attr.value
            if id(node) in called or scope.kind == "module":
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
                way = branches.way_to(self.module, read)
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
        kind = self._type(self.types.of(inner, read))
        if kind[:1] == ":" or kind.partition(".")[0] in sys.stdlib_module_names or kind in self.module.catalog.owners:
            return ""
        return kind

    def _owner(self, read: Read, owners: set[Scope]) -> Scope | None:
        """The class of this module whose property is read."""
        values = self.types.of(read.node.value, read)
        kind = values[0].type if len(values) == 1 and isinstance(values[0], Instance) else ""
        scope = self.types.classes.get(kind)
        for _ in range(_MAX_SYMBOL):
            if scope is None or scope in owners or read.node.attr.value in scope.bindings:
                break
            bases = cst.ensure_type(scope.node, cst.ClassDef).bases
            above = self.types.of(bases[0].value, scope.entry) if bases and scope.entry else ()
            scope = above[0].scope if len(above) == 1 and isinstance(above[0], Local) else None
        return scope if scope in owners else None

    def _target(self, call: Call) -> str:
        """What is called: `:key` in this module, else a dotted name; empty where it is not known."""
        return self.callee(call.node, call)

    def meant(self, node: cst.CSTNode, at: At) -> str:
        """What a name means, as a target; empty where it is not known."""
        values = self.types.of(node, at)
        if len(values) == 1 and isinstance(values[0], (Ref, Local)):
            return self._named(values[0])
        return self._symbol(node, at, 0)

    def given(self, node: cst.CSTNode, at: At) -> str:
        """The target that gives what an expression is; empty where it is not known."""
        while type(node) is cst.Await:
            node = node.expression
        values = self.types.of(node, at)
        if len(values) == 1 and isinstance(values[0], Instance):
            kind = self._type(values)
            return f"{kind}()" if kind else ""
        return self._symbol(node, at, 0)

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
        if self._is_itself(func, call, "classmethod"):
            return self._own_class(call)
        values = self.types.of(func, call)
        if len(values) == 1 and isinstance(values[0], Instance):
            kind = self._type(values)  # its `__call__`
            return f"{kind}()" if kind else ""
        if len(values) == 1 and values[0] is not None:
            return self._named(values[0])
        return self._symbol(func, call, 0)

    def _own_class(self, at: At) -> str:
        owner = at.scope.function.parent
        return f":{self.keys[owner]}" if owner in self.keys else ""

    def _named(self, value: Value) -> str:
        if isinstance(value, Local):
            return ":" + self.keys[value.scope] if value.scope in self.keys else ""
        if isinstance(value, Ref):
            if value.spelled or value.name.startswith("<"):
                return ""
            root, _, rest = value.name.partition(".")
            return value.name if rest or not root else ""
        return ""

    def _symbol(self, node: cst.CSTNode, at: At, depth: int) -> str:
        """A dotted name with `()` for calls, of what only another module can tell: `pkg.make().run`."""
        if depth > _MAX_SYMBOL:
            return ""
        if type(node) is cst.Await:
            return self._symbol(node.expression, at, depth + 1)
        if type(node) is cst.Attribute:
            values = self.types.of(node.value, at)
            if len(values) == 1 and isinstance(values[0], Instance):
                kind = values[0].type
                if kind in _PLAIN:
                    return ""
                if kind.startswith("<"):
                    return self._of_class(kind, node.attr.value)
            inner = self._symbol(node.value, at, depth + 1)
            return f"{inner}.{node.attr.value}" if inner else ""
        if type(node) is cst.Call:
            func: cst.BaseExpression = node.func
            if isinstance(func, cst.Attribute) and func.attr.value in HANDED:
                handed = node.args[HANDED[func.attr.value] :][:1]
                func = handed[0].value if handed and not handed[0].star and not handed[0].keyword else func
            values = self.types.of(func, at)
            if self._is_itself(func, at, "classmethod"):
                inner = self._own_class(at)
            elif len(values) == 1 and isinstance(values[0], (Ref, Local)):
                inner = self._named(values[0])
            else:
                inner = self._symbol(func, at, depth + 1)
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
                inner = self._symbol(value, bound[0], depth + 1)
                return f"{inner}{entered}" if inner else ""
        return ""

    def _of_class(self, kind: str, name: str) -> str:
        scope = self.types.classes.get(kind)
        return f":{self.keys[scope]}.{name}" if scope in self.keys else ""

    def _given(self, call: Call) -> Iterator[tuple[str, str]]:
        """What a call passes, as far as it decides branches: by position or keyword."""
        if not call.node.args:
            return
        parameters = self._parameters(call.scope.function)
        position = 0
        for arg in call.node.args:
            if arg.star:
                yield "*", ""
                continue
            key = arg.keyword.value if arg.keyword is not None else str(position)
            position += arg.keyword is None
            value = branches.abstract(arg.value)
            if isinstance(arg.value, cst.Name) and arg.value.value in parameters:
                value = f"={arg.value.value}"
            yield key, value

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
                bases.append(self._named(values[0]))
            else:
                bases.append(self._symbol(meant, scope.entry, 0) if scope.entry else "")
        attributes: dict[str, str] = {}
        names = dict.fromkeys((*scope.attributes, *scope.bindings))
        for name in list(names)[:_MAX_ATTRIBUTES]:
            bound = [*scope.bindings.get(name, ()), *scope.attributes.get(name, ())]
            if all(binding.kind in ("assign", "annotate", "with") for binding in bound):
                kind = self._type(tuple(v for binding in bound for v in self.types.binding(binding)))
                made = [b for b in bound if isinstance(b.value, cst.BaseExpression) and dotted(b.value) != "None"]
                if (
                    not kind
                    and len(made) == 1
                    and isinstance(made[0].value, (cst.Call, cst.Await))
                    and not made[0].path
                ):
                    kind = self._symbol(made[0].value, made[0], 0)
                if kind or bases:  # what is not known may hide what a base says
                    attributes[name] = kind
        return ClassFact(tuple(bases), attributes)

    def _type(self, values: tuple[Value, ...]) -> str:
        """The one class that a value is of; empty where there is none, several, or a plain one."""
        kinds = {value.type if isinstance(value, Instance) else "" for value in values}
        kind = kinds.pop() if len(kinds) == 1 else ""
        if kind.startswith("<"):
            scope = self.types.classes.get(kind)
            return f":{self.keys[scope]}" if scope in self.keys else ""
        return "" if kind in _PLAIN else kind

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
                if isinstance(value, (Ref, Local)) and (named := self._named(value)):
                    yield named
                elif isinstance(value, Instance) and (kind := self._type((value,))):
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
