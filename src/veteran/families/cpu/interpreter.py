"""What a function does with the processor: it computes, waits, or does what cannot be told from here.

The body is read as Python would run it, and every call must be known: a function of this module, or of the project
where its modules may be read, is followed, methods of builtin types are pure, and the catalogue's `cpu_bound` and
`releases_gil` know the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import At, Binding, Scope, decorators_of, method_kind
from veteran.analysis.syntax.arguments import NAMED_REST, REST, binds
from veteran.analysis.syntax.expressions import declared
from veteran.analysis.types.calls import called_on
from veteran.analysis.types.decorators import SAME, only
from veteran.analysis.types.values import Local, Ref, Value
from veteran.families.cpu.body import Body
from veteran.families.cpu.domain import (
    BOX,
    BUILTIN_METHODS,
    BUILTIN_NAMES,
    MIXED,
    UNKNOWN,
    Around,
    Found,
    Frame,
    Interpreter,
    Kind,
    Profile,
    Result,
    Stop,
    Verdict,
    Work,
    display,
    either,
    holding,
    integer,
    items_of,
)

if TYPE_CHECKING:
    from veteran.analysis.module import Module

_MAX_CALLS = 12
#: Nodes visited for one function, and for all of a module.
_MAX_STEPS = 20_000
_MAX_IN_ALL = 100_000


#: Methods that put something into a container: one item, the last argument, or any number of them.
_FILLS_ONE = frozenset(("append", "add", "appendleft", "insert", "setdefault"))
_MAX_FILLED = 50
_FILLS = _FILLS_ONE | {"extend", "extendleft", "update"}

_HARMLESS_BASES = frozenset(("object", "threading.Thread", "abc.ABC", "typing.Generic", "typing.NamedTuple",
                             "typing.Protocol"))  # fmt: skip


def _key(kind: Kind | None) -> tuple[object, ...]:
    """What tells a kind from others, in an order."""
    if kind is None:
        return ()
    most = -1 if kind.most is None else kind.most
    return (kind.what, id(kind.scope), most, kind.shared, kind.asks, _key(kind.of))


class Cpu:
    """Answers what the functions of one module do with the processor. others: the modules around it."""

    def __init__(self, module: Module, others: Around | None = None) -> None:
        self.module = module
        self.others = others
        self.work = others.work if others is not None else Work()
        self.types = module.types
        self.catalog = module.catalog
        self.lowered = module.lowered
        self.results: dict[tuple[Any, ...], Result | Stop] = {}
        self.frames: dict[Scope, Frame] = {}
        self.following = Following()

    # Questions

    def profile(self, function: Scope, arguments: Mapping[str, Kind] | None = None) -> Profile:
        """What a call of a function or lambda of this module does. arguments: what is known of them."""
        name = f"`{function.name}`" if function.kind == "function" else "the lambda"
        self.work.steps = 0
        try:
            result = self.run(function, dict(arguments or {}))
        except Stop as stop:
            return Profile(stop.verdict, stop.reason, stop.node, function.entry, stop.asks)
        except RecursionError:
            return Profile(Verdict.UNKNOWN, f"{name} is too deep to follow")
        if result.generator:
            return Profile(Verdict.LIGHT, f"{name} is a generator: a call does nothing yet")
        if result.evidence is None:
            return Profile(Verdict.LIGHT, f"{name} has no loop")
        node, at, text = result.evidence
        return Profile(Verdict.HEAVY, text, node, at)

    def kind(self, node: cst.BaseExpression, at: At) -> Kind:
        """What is known of a value at a place, whoever calls the function around it."""
        try:
            return self._outside(at.scope.function).kind(node)
        except (Stop, RecursionError):
            return UNKNOWN

    def _outside(self, function: Scope) -> Body:
        """A function's body, to ask what values in it are."""
        body = Body(self, self.frame(function))
        body.outside = True
        return body

    def items(self, node: cst.BaseExpression, at: At) -> Kind:
        """What is known of the items of an iterable."""
        items = items_of(self.kind(node, at))
        values = display(node)
        numbers = [number for value in values or () if (number := integer(value)) is not None]
        if values and len(numbers) == len(values):
            return Kind("plain", None, max(numbers))
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "range":
            stops = [integer(arg.value) for arg in node.args]
            if stops and all(stop is not None for stop in stops):
                return Kind("plain", None, max(stop for stop in stops if stop is not None))
        return items

    def parameters(
        self, function: Scope, positional: Iterable[Kind], keywords: Mapping[str, Kind], bound: Kind | None
    ) -> dict[str, Kind]:
        """What the parameters are. bound: the object whose method it is."""
        node: Any = function.node
        kinds = [bound, *positional] if bound else list(positional)
        taken = binds(declared(node.params), [*("" for _ in kinds), *keywords])
        given = zip(taken, (*kinds, *keywords.values()), strict=True)
        return {one.name: kind for one, kind in given if one is not None and one.kind not in (REST, NAMED_REST)}

    def itself(self, func: cst.BaseExpression, at: At, function: Scope, receiver: Kind) -> Kind | None:
        """What a call of a method passes by itself; None where nothing. receiver: what it is called on."""
        kind = method_kind(function)
        if kind in ("", "static") or not isinstance(func, cst.Attribute):
            return None
        if kind == "object":
            on = called_on(self.types, func, at)
            if on == "class" or (on == "named" and receiver.what != "object"):
                return None
        return receiver if receiver.what == "object" and receiver.scope else Kind("object", function.parent)

    def rounds(self, node: cst.BaseExpression, at: At) -> int | None:
        """How often a loop over an expression runs, where that is written out."""
        return Body(self, self.frame(at.scope.function)).rounds(node)

    def step(self) -> None:
        """Counts the work done, so that it stays small."""
        work = self.work
        work.steps += 1
        work.steps_in_all += 1
        if work.steps > _MAX_STEPS or work.steps_in_all > _MAX_IN_ALL:
            raise Stop(Verdict.UNKNOWN, "the body is too long to follow", None)

    # What is shared between bodies

    @cached_property
    def places(self) -> dict[cst.CSTNode, At]:
        """Where names are read and calls are made."""
        found: dict[cst.CSTNode, At] = {call.node: call for call in self.lowered.calls}
        for scope in self.lowered.scopes:
            for uses in scope.uses.values():
                found.update((use.node, use) for use in uses)
        return found

    @cached_property
    def by_node(self) -> dict[cst.CSTNode, Scope]:
        """The scopes of functions, lambdas and comprehensions."""
        return {scope.node: scope for scope in self.lowered.scopes}

    @cached_property
    def parts(self) -> dict[Scope, list[Scope]]:
        """For each function its own scope and those that run in it."""
        found: dict[Scope, list[Scope]] = {}
        for scope in self.lowered.scopes:
            found.setdefault(scope.function, []).append(scope)
        return found

    @cached_property
    def classes(self) -> dict[str, list[Scope]]:
        """The classes of this module by the names that they bind."""
        found: dict[str, list[Scope]] = {}
        for scope in self.lowered.scopes:
            for name in scope.bindings if scope.kind == "class" else ():
                found.setdefault(name, []).append(scope)
        return found

    @property
    def arrays(self) -> bool:
        """Whether values may be arrays."""
        return self.has_arrays or self.work.arrays > 0

    @cached_property
    def has_arrays(self) -> bool:
        """Whether the file imports a library whose objects compute outside of the GIL."""
        return any(
            self.catalog.releases_gil.get(str(binding.value).partition(".")[0])
            for scope in self.lowered.scopes
            for bound in scope.bindings.values()
            for binding in bound
            if binding.kind == "import"
        )

    @cached_property
    def heavy_methods(self) -> frozenset[str]:
        """Methods of objects of libraries that are work by themselves."""
        return frozenset(self._methods(light=False)) - BUILTIN_METHODS | {"sort"}

    @cached_property
    def owners(self) -> frozenset[str]:
        """The classes whose methods the catalogue knows to compute."""
        return frozenset(name.rpartition(".")[0] for name in self.catalog.cpu_bound)

    @cached_property
    def pure_methods(self) -> frozenset[str]:
        """Methods that compute, whichever plain value has them."""
        return BUILTIN_METHODS.union(self._methods(light=True), self._methods(light=False))

    def _methods(self, *, light: bool) -> Iterator[str]:
        for name, entry in self.catalog.cpu_bound.items():
            owner, _, method = name.rpartition(".")
            listed = "." in owner and owner in self.catalog.cpu_bound
            if entry.light is light and (listed or owner.rpartition(".")[2][:1].isupper()):
                yield method

    def method(self, kind: Kind, name: str) -> Local | None:
        """A method of an object that types do not tell: static and class methods, and those of other modules."""
        if kind.what != "object" or kind.scope is None:
            return None
        for scope in self.line(kind.scope):
            if scope is None or name in scope.attributes:
                return None
            bound = scope.bindings.get(name)
            if bound:
                if len(bound) > 1 or bound[0].kind != "def":
                    return None
                same = only(decorators_of(bound[0].value), SAME, self.catalog)
                return Local(bound[0].value) if same else None
        return None

    def bases(self, scope: Scope) -> list[Value]:
        """What a class derives from; `None` for what is not known."""
        home = self.of(scope)
        if home is not self:
            return home.bases(scope)
        found: list[Value] = []
        node = cst.ensure_type(scope.node, cst.ClassDef)
        for arg in node.bases:
            base = arg.value.value if isinstance(arg.value, cst.Subscript) else arg.value
            values = self.types.of(base, scope.entry) if scope.entry else ()
            value = values[0] if len(values) == 1 else None
            if isinstance(value, Ref) and not self._is_harmless(value):
                known = self.ask(value.name)
                if known is not None and known.scope is not None and known.scope.kind == "class":
                    value = Local(known.scope)
            found.append(value)
        return found + [None] * len(node.keywords)

    @staticmethod
    def _is_harmless(base: Ref) -> bool:
        return base.name in _HARMLESS_BASES or base.name.endswith("Error")

    def line(self, owner: Scope) -> Iterator[Scope | None]:
        """A class and what it derives from, nearest first; None once that is not known."""
        pending: list[Scope] = [owner]
        seen: set[Scope] = set()
        while pending:
            scope = pending.pop(0)
            if scope in seen:
                continue
            seen.add(scope)
            yield scope
            for base in self.bases(scope):
                if isinstance(base, Local) and base.scope.kind == "class":
                    pending.append(base.scope)
                elif not (isinstance(base, Ref) and self._is_harmless(base)):
                    yield None

    def runs_as_thread(self, owner: Scope) -> Scope | None:
        """The `run` of a class that is a thread and nothing else; None of any other class."""
        run: Scope | None = None
        for scope in self.line(owner):
            node = cst.ensure_type(scope.node, cst.ClassDef) if scope is not None else None
            if scope is None or node is None or len(node.bases) != 1 or node.keywords or node.decorators:
                return None
            bound = scope.bindings.get("run")
            if run is None and bound:
                if len(bound) > 1 or bound[0].kind != "def":
                    return None
                run = bound[0].value
            if self.bases(scope) == [Ref("threading.Thread")]:
                return run
        return None

    # Other modules

    def of(self, scope: Scope) -> Interpreter:
        """Who answers questions about a scope, which may be another module's."""
        return self if self.others is None else self.others.of(scope)

    def ask(self, name: str) -> Found | None:
        """What a name of another module leads to."""
        return self.others.resolve(name, self) if self.others is not None else None

    def is_hopeless(self, function: Scope, leads: Callable[[str], bool] | None) -> bool:
        """Whether a function makes a call, wherever in it, that no module of the project can prove to compute.

        leads: whether a name is one of theirs. Nothing is read to tell.
        """
        catalog = self.catalog
        for call in self.lowered.index.within.get(function, ()):
            func = call.node.func
            of = self.types.of(func.value, call) if isinstance(func, cst.Attribute) else ()
            if of and not any(isinstance(one, Ref) for one in of):
                continue  # an object: its kind says more
            for ref in self.types.refs(func, call) or ():
                if ref.spelled or catalog.computing(ref.name) is not None or ref.name == "print":
                    continue
                if catalog.lets_go(ref.name):
                    return True
                known = ref.name.partition(".")[0] in (*BUILTIN_NAMES, "logging")
                if leads is not None and not known and not leads(ref.name):
                    return True
        return False

    def bound(self, binding: Binding) -> Kind:
        """What is known of what a binding binds, whoever asks."""
        try:
            return self._outside(binding.scope.function).bound(binding)
        except (Stop, RecursionError):
            return UNKNOWN

    def gives(self, function: Scope, parameters: dict[str, Kind], outer: Frame | None = None) -> Kind:
        """What a function gives back, whatever it does for it."""
        node = function.node
        if isinstance(node, cst.FunctionDef) and (function.is_async or not self._keeps_results(node)):
            return UNKNOWN
        work = self.work
        if len(work.active) > _MAX_CALLS:
            return UNKNOWN
        work.active.append(function)
        try:
            body = Body(self, Frame(function, parameters, outer))
            body.outside = True
            if isinstance(node, cst.Lambda):
                return body.kind(node.body)
            if function.yields:
                return MIXED
            return either(body.kind(value) for value, _ in function.returns if value is not None)
        finally:
            work.active.pop()

    def _keeps_results(self, node: cst.FunctionDef) -> bool:
        """Whether the decorators of a function leave alone what it gives back, called or read."""
        return only(node.decorators, SAME | {"keeps", "reads"}, self.catalog)

    def slices_hold(self, value: Kind) -> bool:
        """Whether a slice of something unknown is held in memory."""
        return not self.arrays and not value.asks and not self._has_queries

    @cached_property
    def _has_queries(self) -> bool:
        """Whether the file imports a library whose queries can be sliced before they run."""
        return any(
            str(binding.value).partition(".")[0] in self.catalog.sorted["library"]["lazy_queries"]
            for scope in self.lowered.scopes
            for bound in scope.bindings.values()
            for binding in bound
            if binding.kind == "import"
        )

    @contextmanager
    def made_with(self, owner: Scope, positional: Iterable[Kind], keywords: Mapping[str, Kind]) -> Iterator[None]:
        """Within it, objects of a class are those that one call of it makes."""
        inits = [scope.bindings["__init__"][0] for scope in self.line(owner) if scope and "__init__" in scope.bindings]
        init = inits[0].value if inits and inits[0].kind == "def" else None
        if init is None:
            yield
            return
        home = self.of(init)
        kept = home.frames, home.results
        parameters = home.parameters(init, positional, keywords, Kind("object", owner))
        home.frames, home.results = {init: Frame(init, parameters)}, {}
        try:
            yield
        finally:
            home.frames, home.results = kept

    def filled_with(self, binding: Binding) -> Kind:
        """What is known of a container that starts empty, by what the module puts into it."""
        entries = self._filled.get(binding.name, ())
        if len(entries) > _MAX_FILLED:
            return MIXED
        attribute = binding.scope.kind == "class" or binding not in binding.scope.bindings.get(binding.name, ())
        kinds = []
        for base, value, at in entries:
            if isinstance(base, cst.Attribute) is not attribute:
                continue
            if isinstance(base, cst.Name) and binding not in scopes.lookup(base.value, at).bindings:
                continue
            kinds.append(self.kind(value, at) if value is not None else UNKNOWN)
            foreign = kinds[-1].what == "unknown" or kinds[-1] == Kind("object", asks=kinds[-1].asks)
            if foreign and isinstance(value, cst.Call) and not attribute:
                return BOX
        held = holding(kinds)
        return held if held.of is not None and held.of.what == "object" else MIXED

    @cached_property
    def _filled(self) -> dict[str, list[tuple[cst.BaseExpression, cst.BaseExpression | None, At]]]:
        """What is put into containers, by the last word of what they are called; None is what nobody knows."""
        found: dict[str, list[tuple[cst.BaseExpression, cst.BaseExpression | None, At]]] = {}

        def note(base: cst.BaseExpression, value: cst.BaseExpression | None, at: At) -> None:
            name = base.attr if isinstance(base, cst.Attribute) else base
            if isinstance(name, cst.Name):
                found.setdefault(name.value, []).append((base, value, at))

        for call in self.lowered.calls:
            func, args = call.node.func, call.node.args
            if isinstance(func, cst.Attribute) and args and func.attr.value in _FILLS:
                note(func.value, args[-1].value if func.attr.value in _FILLS_ONE else None, call)
        for value, at, _ in self.lowered.stored:
            parent = self.module.uses.parent(value, at)
            for target in parent.targets if isinstance(parent, cst.Assign) else ():
                if isinstance(target.target, cst.Subscript):
                    note(target.target.value, value, at)
        return found

    def may_be_replaced(self, owner: Scope, name: str) -> bool:
        """Whether a class has another method of that name in a class known here, or is given one."""
        home = self.of(owner)
        if home is not self and home.may_be_replaced(owner, name):
            return True
        return f"{owner.name}.{name}" in self.lowered.assigned or any(
            owner in self.line(scope) for scope in self.classes.get(name, ()) if scope is not owner
        )

    def frame(self, function: Scope) -> Frame:
        """The function as anybody may call it."""
        if function not in self.frames:
            self.frames[function] = Frame(function, {})
        return self.frames[function]

    def run(self, function: Scope, parameters: dict[str, Kind], outer: Frame | None = None) -> Result:
        """Reads the body of a function; `Stop` where it is not only computing."""
        key = (
            function,
            self.work.loops > 0,
            self.arrays,
            tuple(sorted((name, *_key(kind)) for name, kind in parameters.items())),
        )
        found = self.results.get(key)
        if found is None:
            if len(self.work.active) > _MAX_CALLS:
                raise Stop(Verdict.UNKNOWN, "the calls go too deep to follow", None)
            if self.others is not None and self.is_hopeless(function, partial(self.others.leads, self)):
                raise Stop(Verdict.UNKNOWN, f"`{function.name}` calls what is not known", None)
            self.work.active.append(function)
            self.work.arrays += self.has_arrays
            try:
                found = Body(self, Frame(function, parameters, outer)).run()
            except Stop as stop:
                found = stop
            finally:
                self.work.arrays -= self.has_arrays
                self.work.active.pop()
            self.results[key] = found
        if isinstance(found, Stop):
            raise found
        return found
