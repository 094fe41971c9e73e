"""Which functions run where nothing serves: commands of a console program, hooks of a program's start and end.

What marks such a function is data (the catalogue's table `context`). Asked only where something is to be reported;
in doubt a function is in no context.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import libcst as cst

from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import At, Call, Lowered, Scope
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import string_value
from veteran.analysis.types.inference import Types
from veteran.analysis.types.values import Local, Ref
from veteran.catalog import Context

NONE: frozenset[str] = frozenset()


class Contexts(Following):
    """The contexts of one module's functions."""

    def __init__(self, lowered: Lowered, types: Types) -> None:
        super().__init__()
        self.lowered = lowered
        self.types = types
        self.catalog = types.catalog
        self._known: dict[Scope, frozenset[str]] = {}

    def of(self, function: Scope) -> frozenset[str]:
        """The contexts that a function's own code, or what runs it, puts it into."""
        return self.remembered(self._known, function, lambda: self._decide(function), NONE)

    def _decide(self, function: Scope) -> frozenset[str]:
        node = function.node
        if not isinstance(node, cst.FunctionDef) or function.entry is None or function.parent is None:
            return NONE
        found = {context.context for context in self._marks("decorator") if self._decorated(function, context)}
        if function.parent.kind == "module":
            found |= {context.context for context in self._marks("function") if context.name == function.name}
        found |= self._handed.get(function, NONE)
        found |= self._as_lifespan(function)
        return frozenset(found) or self._from_callers(function)

    def _marks(self, by: str) -> Iterator[Context]:
        for context in self.catalog.contexts:
            if context.by == by and (not context.imports or not self._imports.isdisjoint(context.imports)):
                yield context

    @cached_property
    def _imports(self) -> frozenset[str]:
        """The packages that the module imports from."""
        return frozenset(
            str(binding.value).partition(".")[0]
            for scope in self.lowered.scopes
            for bound in scope.bindings.values()
            for binding in bound
            if binding.kind == "import"
        )

    def _decorated(self, function: Scope, context: Context) -> bool:
        assert isinstance(function.node, cst.FunctionDef)
        assert function.entry is not None
        for decorator in function.node.decorators:
            node = decorator.decorator
            func = node.func if isinstance(node, cst.Call) else node
            if self._is(func, function.entry, context.name) and _has_argument(node, context):
                return True
        return False

    def _is(self, func: cst.BaseExpression, at: At, name: str) -> bool:
        """Whether an expression is the named function; `*.name`: any attribute of that name."""
        if name.startswith("*."):
            parts = []
            while isinstance(func, cst.Attribute):
                parts.append(func.attr.value)
                func = func.value
            return f".{'.'.join(reversed(parts))}".endswith(name[1:])
        refs = self.types.refs(func, at) or ()
        return any(self._inherits(ref.name, name) for ref in refs)

    def _inherits(self, name: str, wanted: str) -> bool:
        while name:
            if name == wanted:
                return True
            owner, _, method = name.rpartition(".")
            base = self.catalog.bases.get(owner)
            name = f"{base}.{method}" if base else ""
        return False

    @cached_property
    def _handed(self) -> dict[Scope, frozenset[str]]:
        """The functions that are handed to what calls them in a context."""
        keywords = {context.name: context for context in self._marks("keyword")}
        calls = [*self._marks("call"), *self._marks("decorator")]  # to decorate is to call
        tails = {context.name.rpartition(".")[2] for context in calls}
        found: dict[Scope, frozenset[str]] = {}
        for call in self.lowered.calls:
            for arg in call.node.args:
                if arg.keyword and (context := keywords.get(arg.keyword.value)):
                    self._add(found, arg.value, call, context)
            func = call.node.func
            if isinstance(func, cst.Attribute) and func.attr.value in tails:
                for context in calls:
                    if self._is(func, call, context.name) and _has_argument(call.node, context):
                        for arg in call.node.args:
                            self._add(found, arg.value, call, context)
        return found

    def _add(self, found: dict[Scope, frozenset[str]], node: cst.BaseExpression, at: At, context: Context) -> None:
        """Notes the functions that an expression, or a list of expressions, names."""
        parts = [e.value for e in node.elements] if isinstance(node, (cst.List, cst.Tuple)) else [node]
        for part in parts:
            for value in self.types.of(part, at):
                if isinstance(value, Local) and value.scope.kind == "function":
                    found[value.scope] = found.get(value.scope, NONE) | {context.context}

    def _as_lifespan(self, function: Scope) -> frozenset[str]:
        """The contexts of an application's life: by name, or parameter, and decorator, wherever it is handed over."""
        assert isinstance(function.node, cst.FunctionDef)
        assert function.entry is not None
        if not function.is_async:
            return NONE
        taken = _only_kind(function.node)
        found = {m.context for m in self._marks("application") if taken and m.name.rpartition(".")[2] == taken}
        found |= {"startup"} if "lifespan" in function.name else NONE
        managed = found and any(
            Ref("contextlib.asynccontextmanager") in self.types.of(decorator.decorator, function.entry)
            for decorator in function.node.decorators
        )
        return frozenset(found) if managed else NONE

    # Who runs it

    @cached_property
    def _run(self) -> dict[cst.CSTNode, Call]:
        """What is handed to a runner: coroutines, or names of functions that make one."""
        found: dict[cst.CSTNode, Call] = {}
        for call in self.lowered.calls:
            name = (dotted(call.node.func) or "").rpartition(".")[2]
            if name in self.catalog.runs["ended"] and call.node.args:
                found[call.node.args[0].value] = call
        return found

    @cached_property
    def _use_counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for scope in self.lowered.scopes:
            for name, uses in scope.uses.items():
                counts[name] = counts.get(name, 0) + len(uses)
        return counts

    def _from_callers(self, function: Scope) -> frozenset[str]:
        """The contexts of all that run a function, where all of them can be seen and run nothing beside it.

        A coroutine that a runner is given is alone there; one that is awaited counts if nobody else can reach it.
        """
        assert isinstance(function.node, cst.FunctionDef)
        assert function.parent is not None
        if function.node.decorators or function.parent.kind == "class":
            return NONE
        name = function.name
        hidden = function.parent.kind == "function" or name.startswith("_")
        places: list[At] = []
        for call in self.lowered.index.named.get(name, ()):
            if not isinstance(call.node.func, cst.Name):
                continue
            runner = self._run.get(call.node)
            if runner is None and not (hidden and (call.awaited or not function.is_async)):
                return NONE
            if Local(function) not in self.types.of(call.node.func, call):
                return NONE
            places.append(runner or call)
        places += [call for node, call in self._run.items() if isinstance(node, cst.Name) and node.value == name]
        if not places or len(places) != self._use_counts.get(name, 0):
            return NONE
        return frozenset.intersection(*map(self._around, places))

    def _around(self, at: At) -> frozenset[str]:
        """The contexts of a place: of its function, or of a program's own start at the top of a module."""
        function = at.scope.function
        if function.kind != "module":
            return self.of(function)
        # A module that runs a loop when it is imported is a script.
        is_start = at in self._run.values() or _is_main(at)
        return frozenset(("cli",)) if is_start else NONE


def _only_kind(node: cst.FunctionDef) -> str:
    """The last word of the type of all that a function takes; empty where that is not one thing with a type."""
    parameters = node.params.params
    if len(parameters) != 1 or parameters[0].annotation is None:
        return ""
    kind = parameters[0].annotation.annotation
    name = string_value(kind) if isinstance(kind, cst.SimpleString) else dotted(kind)
    return str(name).rpartition(".")[2]


def _is_main(at: At) -> bool:
    """Whether a place is under `if __name__ == "__main__":`."""
    owner = at.block.owner
    while owner is not None:
        if isinstance(owner.node, cst.If) and isinstance(owner.node.test, cst.Comparison):
            test = owner.node.test
            if "__name__" in (dotted(test.left), *(dotted(target.comparator) for target in test.comparisons)):
                return True
        owner = owner.block.owner
    return False


def _has_argument(node: cst.BaseExpression, context: Context) -> bool:
    """Whether a call has one of the literal arguments that the context asks for."""
    if not context.arguments:
        return True
    if not isinstance(node, cst.Call):
        return False
    texts = [arg.value.raw_value for arg in node.args if isinstance(arg.value, cst.SimpleString)]
    texts += [(dotted(arg.value) or "").rpartition(".")[2] for arg in node.args]
    return not set(context.arguments).isdisjoint(texts)
