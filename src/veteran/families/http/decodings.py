"""Where decoded values begin: the calls that decode the body of an HTTP response, and the response of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.dataflow.access_paths import MAX_ALIASES, Root
from veteran.analysis.dataflow.trace import Because
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Call, Scope
from veteran.analysis.semantics.places import spelling
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.types.calls import argument, passed_value
from veteran.analysis.types.decorators import SAME, keeps_result, only
from veteran.analysis.types.values import Instance, Local, Ref
from veteran.families.http.conventions import RESPONSES
from veteran.families.http.responses import Responses
from veteran.findings import Confidence

if TYPE_CHECKING:
    from veteran.analysis.module import Module

#: A parameter is not followed to more callers than this.
_MAX_CALLERS = 40
#: Methods of a text that leave what is decoded from it the same.
_UNCHANGED = ("decode", "encode", "strip", "lstrip", "rstrip", "removeprefix", "replace", "getvalue")


def not_told(module: Module, node: cst.CSTNode, at: At, reason: str, *because: Because) -> None:
    """Notes why a value or an access is not told of, where somebody asks."""
    if module.trace:
        module.trace.note("http.json_access", node, at, reason, *because)


class Decodings:
    """Finds the decodings of one module. roots: the decodings of each response that are known, which grow here."""

    def __init__(self, module: Module, roots: dict[object, Root]) -> None:
        self.module = module
        self.types = module.types
        self.catalog = module.catalog
        self.roots = roots
        self.responses = Responses(module)
        self._given: dict[Binding, str | None] = {}

    def is_loading(self, func: cst.BaseExpression, at: At) -> bool:
        """Whether a function decodes the text it is given."""
        return self._is(func, at, "loads")

    def root(self, call: Call) -> Root | None:
        """The response that a call decodes the body of, with its other decodings; None for any other call."""
        func = call.node.func
        receiver: cst.BaseExpression
        if isinstance(func, cst.Attribute) and func.attr.value == "json":
            if any(arg.keyword is None for arg in call.node.args):
                return None  # builds something
            receiver = func.value
            if not self._is(func, call, "decoder"):
                found = self._root_of_parameter(receiver, call) or self._root_of_item(receiver, call)
                if found is None and self.module.trace:
                    shown = self.module.code(receiver, 40)
                    not_told(
                        self.module, call.node, call, f"unknown receiver: `{shown}` is not known as an HTTP response"
                    )
                return found
        else:
            name = func.attr.value if isinstance(func, cst.Attribute) else getattr(func, "value", "")
            if name not in self._loading or not call.node.args or not self._is(func, call, "loads"):
                return None
            body = self._body(call.node.args[0].value, call)
            if body is None:
                not_told(self.module, call.node, call, "what is decoded is not known as the body of an HTTP response")
                return None
            receiver, at = body
            if at.scope.function is not call.scope.function:
                return self._root_elsewhere(receiver, at, call)
        return self._root_of(receiver, call)

    def _root_of_item(self, receiver: cst.BaseExpression, call: Call) -> Root | None:
        """The root of a response that a collection held, or of what `isinstance` says is one."""
        values = self.responses.of(receiver, call)
        kinds = [value.type for value in values if isinstance(value, Instance)]
        if not kinds or not all(self.catalog.has("decoder", f"{kind}.json") for kind in kinds):
            return None
        origin = next((value.origin for value in values if isinstance(value, Instance)), None)
        maker = self._maker(origin)
        if maker is not None and self._tests_itself(maker[0], maker[1]):
            return None
        name = spelling(receiver)
        key: object = receiver
        if name is not None:
            key = (name, scopes.lookup(re.split(r"[.\[]", name, maxsplit=1)[0], call).bindings, call.scope.function)
        if key not in self.roots:
            self.roots[key] = Root(Confidence.MEDIUM, self._says_maker(maker, kinds), origin, name)
        return self.roots[key]

    def _root_elsewhere(self, receiver: cst.BaseExpression, at: At, call: Call) -> Root | None:
        """The root of a response whose text another function of the module gave."""
        values = self.types.of(receiver, at)
        kinds = [value.type for value in values if isinstance(value, Instance)]
        if not kinds or len(kinds) < len(values):
            return None
        origin = next(value.origin for value in values if isinstance(value, Instance))
        self.roots[call] = Root(Confidence.MEDIUM, self._says_maker(self._maker(origin), kinds), origin, None)
        return self.roots[call]

    def _says_maker(self, maker: tuple[cst.Call, At] | None, kinds: list[str]) -> str:
        """What gave a response, in words."""
        if maker is not None:
            return f"the answer of `{self.module.code(_called(maker[0], self.module.catalog.runs['result']), 40)}`"
        return f"the `{kinds[0].replace('.BaseHTTPResponse', '.HTTPResponse')}`"

    @cached_property
    def _loading(self) -> set[str]:
        """The bare names of decoding functions, under whatever name the module imports them."""
        wanted = {name.rpartition(".")[2] for name in self.catalog.names["loads"]}
        for scope in self.module.lowered.scopes:
            for name, bound in scope.bindings.items():
                if any(b.kind == "import" and str(b.value).rpartition(".")[2] in wanted for b in bound):
                    wanted = wanted | {name}
        return wanted

    def _is(self, node: cst.CSTNode, at: At, table: str) -> bool:
        return any(isinstance(v, Ref) and self.catalog.has(table, v.name) for v in self.types.of(node, at))

    def _body(self, node: cst.BaseExpression, at: At, depth: int = 0) -> tuple[cst.BaseExpression, At] | None:
        """The response whose text, bytes or stream an expression is, and where it stands."""
        if depth > 6:
            return None
        if isinstance(node, cst.Await):
            return self._body(node.expression, at, depth + 1)
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            if node.func.attr.value in _UNCHANGED:
                return self._body(node.func.value, at, depth + 1)
            if self._is(node.func, at, "body"):
                return node.func.value, at
        if isinstance(node, cst.Subscript) and isinstance(node.slice[0].slice, cst.Slice):
            return self._body(node.value, at, depth + 1)
        if isinstance(node, cst.Call) and dotted(node.func) in ("str", "bytes", "bytearray") and node.args:
            return self._body(node.args[0].value, at, depth + 1)
        if isinstance(node, cst.Attribute) and self._is(node, at, "body"):
            return node.value, at
        for value in self.types.of(node, at):
            if isinstance(value, Instance) and self.catalog.has("body", f"{value.type}.read"):
                return node, at
        if isinstance(node, cst.Name):
            found = scopes.lookup(node.value, at)
            if len(found.bindings) == 1 and found.bindings[0].kind in ("assign", "walrus"):
                binding = found.bindings[0]
                if not binding.path and isinstance(binding.value, cst.BaseExpression):
                    return self._body(binding.value, binding, depth + 1)
            if len(found.bindings) == 1 and found.bindings[0].kind == "for" and not found.bindings[0].path:
                return self._lines(found.bindings[0], depth)
        if isinstance(node, cst.Call):
            return self._given_body(node, at, depth)
        return None

    def _given_body(self, node: cst.Call, at: At, depth: int) -> tuple[cst.BaseExpression, At] | None:
        """The response whose text a function of this module returns."""
        values = self.types.of(node.func, at)
        if len(values) != 1 or not isinstance(values[0], Local):
            return None
        function = values[0].scope
        if (
            not isinstance(function.node, cst.FunctionDef)
            or not keeps_result(function.node, self.catalog)
            or function.yields
        ):
            return None
        returned = [(value, where) for value, where in function.returns if value is not None]
        if len(returned) != 1 or returned[0][0] is None:
            return None
        return self._body(returned[0][0], returned[0][1], depth + 2)

    def _lines(self, binding: Binding, depth: int) -> tuple[cst.BaseExpression, At] | None:
        """The response over whose lines a loop runs."""
        over = binding.value
        if isinstance(over, cst.Call) and isinstance(over.func, cst.Attribute) and self._is(over.func, binding, "body"):
            return over.func.value, binding
        return self._body(over, binding, depth + 1) if isinstance(over, cst.Attribute) else None

    def _root_of_parameter(self, receiver: cst.BaseExpression, call: Call) -> Root | None:
        """The root of a parameter without annotation, if every call of its function gives it a response.

        The function must be a private one, or the parameter's name must say what it is.
        """
        if not isinstance(receiver, cst.Name):
            return None
        found = scopes.lookup(receiver.value, call)
        if len(found.bindings) != 1 or found.bindings[0].kind != "parameter" or found.bindings[0].annotation:
            return None
        binding = found.bindings[0]
        function = binding.scope
        if not isinstance(function.node, cst.FunctionDef) or function.entry is None:
            return None
        if not only(function.node.decorators, SAME, self.catalog):
            return None
        inner = function.parent is not None and function.parent.kind == "function"
        private = function.name.startswith("_") and not function.name.endswith("__")
        if binding.value.default is not None or not (inner or private or receiver.value in RESPONSES):
            return None
        if binding not in self._given:
            self._given[binding] = self._response_given(binding, function)
        kind = self._given[binding]
        if kind is None:
            return None
        key = (receiver.value, (binding,), call.scope.function)
        if key not in self.roots:
            self.roots[key] = Root(Confidence.MEDIUM, f"the `{kind}`", binding, receiver.value)
        return self.roots[key]

    def _response_given(self, binding: Binding, function: Scope) -> str | None:
        """The type of response that all calls give a parameter; None where some give something else."""
        kind = None
        named = len(self.module.uses.named(function.name))
        named += len(self.module.lowered.private.get(function.name, ()))
        calls = self.module.lowered.index.named.get(function.name, ())
        if not calls or named > len(calls):
            return None  # handed on as a value
        for call in calls[:_MAX_CALLERS]:
            if self.types.of(call.node.func, call) != (Local(function),):
                return None
            given = passed_value(self.types, call.node, call, function, binding.name)
            values = self.types.of(given, call) if given is not None else ()
            kinds = [value.type for value in values if isinstance(value, Instance)]
            if not kinds or len(kinds) < len(values):
                return None
            if not all(self.catalog.has("decoder", f"{name}.json") for name in kinds):
                return None
            kind = kind or kinds[0]
        return kind

    def _root_of(self, receiver: cst.BaseExpression, call: Call) -> Root | None:
        if isinstance(receiver, cst.Await):
            receiver = receiver.expression
        values = self.types.of(receiver, call)
        origins = [value.origin for value in values if isinstance(value, Instance)]
        if not origins:
            return None
        origin = origins[0]
        maker = (receiver, call) if isinstance(receiver, cst.Call) else self._maker(origin)
        if maker is not None and self._tests_itself(maker[0], maker[1]):
            not_told(self.module, call.node, call, "the client talks to an application in this process, as in tests")
            return None
        sure = Confidence.MEDIUM
        if maker is not None and len(origins) == len(values) and maker[1].scope.function is call.scope.function:
            own = self.types.of(maker[0].func, maker[1])
            if not any(isinstance(value, Local) for value in own):
                sure = Confidence.HIGH
        elif isinstance(origin, Binding) and origin.kind == "except":
            sure = Confidence.HIGH
        name = spelling(receiver)
        key: object = receiver
        if name is not None:
            root = re.split(r"[.\[]", name, maxsplit=1)[0]
            key = (name, scopes.lookup(root, call).bindings, call.scope.function)
        if key not in self.roots:
            kinds = [value.type for value in values if isinstance(value, Instance)]
            self.roots[key] = Root(sure, self._says_maker(maker, kinds), origin, name)
        return self.roots[key]

    @staticmethod
    def _maker(origin: At | None) -> tuple[cst.Call, At] | None:
        """The call that gave a response, where it is written out."""
        for _ in range(MAX_ALIASES):
            if isinstance(origin, Call):
                return origin.node, origin
            if not isinstance(origin, Binding) or not isinstance(origin.value, cst.BaseExpression) or origin.path:
                return None
            value = origin.value.expression if isinstance(origin.value, cst.Await) else origin.value
            if isinstance(value, cst.Call):
                return value, origin
            found = scopes.lookup(value.value, origin).bindings if isinstance(value, cst.Name) else ()
            origin = found[0] if len(found) == 1 else None
        return None

    def _tests_itself(self, maker: cst.Call, at: At) -> bool:
        """Whether the client talks to an application in this process, as in tests."""
        if not isinstance(maker.func, cst.Attribute):
            return False
        for value in self.types.of(maker.func.value, at):
            made = self._maker(value.origin) if isinstance(value, Instance) else None
            if made is not None and any(arg.keyword and arg.keyword.value == "app" for arg in made[0].args):
                return True
            transport = argument(made[0], None, ("transport",)) if made is not None else None
            if isinstance(transport, cst.Call) and not (dotted(transport.func) or "").endswith("HTTPTransport"):
                return True
        return False


def _called(maker: cst.Call, handing: Mapping[str, int]) -> cst.BaseExpression:
    """What a call runs: itself, or the function that it hands to a thread. handing: which do, and its position."""
    name = maker.func.attr.value if isinstance(maker.func, cst.Attribute) else ""
    handed = handing.get(name)
    if handed is not None and handed < len(maker.args):
        return maker.args[handed].value
    return maker.func
