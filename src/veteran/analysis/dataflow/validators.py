"""What functions of a module check of their parameters: those that come back, or answer, only for a value that holds
no text of its own."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from veteran.analysis.dataflow.sanitizers import Guards
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.conditions import parts
from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import At, Call, Scope
from veteran.analysis.semantics.places import spelling
from veteran.analysis.syntax.arguments import REST, binds
from veteran.analysis.syntax.expressions import all_parameters, declared, dotted
from veteran.analysis.syntax.nodes import string_value
from veteran.analysis.types.calls import function_of, passed_value, passes_itself
from veteran.analysis.types.inference import Types

#: Returns of one function that are looked at; one with more is taken to check nothing.
_MAX_RETURNS = 12


class Checks:
    """Answers for the functions of one module, each question once."""

    def __init__(self, types: Types, guards: Guards, following: Following) -> None:
        self.following = following
        self.types = types
        self.guards = guards
        self.known: dict[tuple[Scope, str, str], bool] = {}

    def refuses(self, call: Call, name: str) -> bool:
        """Whether a call that passes a value comes back only where the value passed the function's check."""
        function = self._function(call.node, call)
        if function is None or function.yields or (function.is_async and not call.awaited):
            return False
        return any(self._ask(function, p, "raises") for p in self._passed_as(call.node, call, function, name))

    def tells(self, node: cst.Call, at: At, name: str, outcome: bool, *, awaited: bool = False) -> bool:
        """Whether a function's answer (true, or false) says that the value that it was passed is restricted."""
        function = self._function(node, at)
        if function is None or function.yields or function.is_async is not awaited:
            return False
        kind = "true" if outcome else "false"
        return any(self._ask(function, p, kind) for p in self._passed_as(node, at, function, name))

    def approves(self, test: cst.BaseExpression, at: At) -> bool:
        """Whether what `filter` keeps by a test is restricted: by a function, a lambda or a collection's membership."""
        if isinstance(test, cst.Attribute):
            if test.attr.value == "__contains__":
                return not isinstance(test.value, cst.SimpleString)
            if dotted(test) in ("str.isidentifier", "str.isalnum", "str.isalpha", "str.isdigit", "str.isdecimal"):
                return True
        if isinstance(test, cst.Lambda):
            scope = self.types.lowered.scope_of(test)
            names = [p.name.value for p in test.params.params]
            if scope is None or len(names) != 1:
                return False
            inside = At(scope, scope.body, scopes._END, at.statement)
            return any(self.guards.restricts(part, holds, names[0], inside) for part, holds in parts(test.body, True))
        function = function_of(self.types, test, at)
        if function is None or not isinstance(function.node, cst.FunctionDef) or function.yields or function.is_async:
            return False
        itself = passes_itself(self.types, test, at, function)
        item = next(binds(declared(function.node.params), [""], itself=itself)) if itself is not None else None
        return item is not None and item.kind != REST and self._ask(function, item.name, "true")

    def _function(self, node: cst.Call, at: At) -> Scope | None:
        function = function_of(self.types, node.func, at)
        return function if function is not None and isinstance(function.node, cst.FunctionDef) else None

    def _passed_as(self, node: cst.Call, at: At, function: Scope, name: str) -> Iterator[str]:
        """The parameters that a call passes the value of that spelling for."""
        definition = cst.ensure_type(function.node, cst.FunctionDef)
        for parameter in all_parameters(definition.params):
            value = passed_value(self.types, node, at, function, parameter.name.value)
            if value is not None and spelling(value) == name:
                yield parameter.name.value

    def _ask(self, function: Scope, name: str, kind: str) -> bool:
        def judged() -> bool:
            return self._raises(function, name) if kind == "raises" else self._says(function, name, kind)

        return self.following.remembered(self.known, (function, name, kind), judged, False)

    def _raises(self, function: Scope, name: str) -> bool:
        """Whether every way out of a function but an exception is behind a check of a parameter."""
        if not self._bound_once(function, name):
            return False
        ends = [at for _, at in function.returns]
        if not function.body.leaves:
            ends.append(_end(function))
        node = cst.Name(name)
        return 0 < len(ends) <= _MAX_RETURNS and all(self.guards.restricted(node, at) for at in ends)

    def _says(self, function: Scope, name: str, kind: str) -> bool:
        """Whether a true (or false) answer comes only from behind a check, or is the check's own outcome."""
        if not self._bound_once(function, name) or not 0 < len(function.returns) <= _MAX_RETURNS:
            return False
        outcome = kind == "true"
        node = cst.Name(name)
        informs = False
        for value, at in function.returns:
            truth = _constant_truth(value)
            if truth is not None and truth is not outcome:
                continue
            decided = truth is None and any(
                self.guards.restricts(part, holds, name, at)
                for part, holds in parts(value, outcome)  # type: ignore[arg-type]
            )
            if not decided and not self.guards.restricted(node, at):
                return False
            informs = True
        if not outcome and not function.body.leaves:
            return self.guards.restricted(node, _end(function)) is not None
        return informs

    @staticmethod
    def _bound_once(function: Scope, name: str) -> bool:
        bound = function.bindings.get(name, ())
        return len(bound) == 1 and bound[0].kind == "parameter"


def _end(function: Scope) -> At:
    return At(function, function.body, scopes._END, 0)


def _constant_truth(node: cst.BaseExpression | None) -> bool | None:
    """How a returned value comes out as a test, where it is written out."""
    if node is None:
        return False
    name = dotted(node)
    if name in ("True", "False", "None"):
        return name == "True"
    if isinstance(node, cst.SimpleString):
        return bool(string_value(node))
    return None
