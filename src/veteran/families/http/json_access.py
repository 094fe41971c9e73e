"""Values decoded from HTTP responses: where they go, and which accesses nothing on the way has checked.

Every expression that denotes a decoded value, or a part of one, is known by its root (all decodings of one response)
and the keys that lead to it. Accesses are judged when all of them are known.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.dataflow.access_paths import (
    ANY,
    HELD,
    ITEM,
    KEYS,
    UNDER,
    Access,
    Denoted,
    Given,
    Home,
    Passed,
    Path,
    Root,
    group,
    places_of,
)
from veteran.analysis.dataflow.tasks import CALLED, CALLED_FOR_EACH, WAITING, is_new
from veteran.analysis.dataflow.trace import LINE, Because
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.conditions import alternatives, breaks, conditions, parts, within
from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import (
    At,
    Binding,
    Block,
    Call,
    Compound,
    Scope,
    Use,
    arms_around,
    decorators_of,
    first_parameter,
    with_statements,
)
from veteran.analysis.semantics.places import encloses, spelling
from veteran.analysis.syntax.expressions import all_parameters, dotted, last_name
from veteran.analysis.syntax.nodes import children, operands, string_value
from veteran.analysis.syntax.python import KEEPS_EVERY
from veteran.analysis.types.calls import argument, passed_value, taker
from veteran.analysis.types.decorators import SAME, keeps_result, only
from veteran.analysis.types.inference import HANDED
from veteran.analysis.types.values import Instance, Local, Ref
from veteran.families.http.deferred_checks import Doubts
from veteran.families.http.responses import Responses
from veteran.families.http.validators import Boundaries
from veteran.findings import Confidence
from veteran.project.import_index import outlook_in
from veteran.project.targets import Names

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.families.http.fact_types import Doubt

#: More expressions than this are not followed from one response, and not more collections than that.
MAX_DENOTED = 2_000
MAX_HELD = 200
#: From function to function, answers are followed so many times.
MAX_ROUNDS = 4
MAX_CALLS = 2
#: Behind more tests than this nobody knows whether one of them is a guard.
MAX_CONDITIONS = 200
MAX_ALIASES = 6
#: A parameter is not followed to more callers than this.
MAX_CALLERS = 40
#: Calls of other modules that are given a value.
MAX_PASSED = 8
_END = 1 << 60


class Unchecked(NamedTuple):
    """A decoded value of which an access was never checked. accesses: the bare ones in order, the worst first.

    missed: what the code does look at instead, for the message; empty if nothing.
    """

    module: Module
    root: Root
    first: Access
    later: list[Access]
    confidence: Confidence
    missed: str


def events(module: Module) -> Iterator[Unchecked]:
    """Each decoded value of the module with an unchecked access, where no other module may know better."""
    found = decoded(module)
    clients = module.once(outlook_in).clients
    for event in found.unchecked:
        if not clients or not found.doubts(event.first):
            yield event


def decoded(module: Module) -> Decoded:
    """The decoded values of a module, found once."""
    return module.once(Decoded)


class Decoded:
    """One module's decoded values."""

    def __init__(self, module: Module, beside: Decoded | None = None) -> None:
        self.module = module
        self.types = module.types
        self.catalog = module.catalog
        self.known: dict[cst.CSTNode, Denoted] = {}
        self.roots: dict[object, Root] = {}
        self.held: dict[tuple[cst.CSTNode, tuple[str, ...]], Denoted] = {}  # expressions that hold a value
        self.holding: set[cst.CSTNode] = set()
        self.returned: dict[Scope, list[Given]] = {}
        self.answered: set[Scope] = set()
        self.responses = Responses(module)
        self.kept: list[tuple[Binding, Denoted]] = []
        self.names: Names = beside.names if beside is not None else Names(module)
        if beside is not None:  # what follows from the module alone
            known = vars(beside)
            vars(self).update({name: known[name] for name in ("_bound_from", "calls_of") if name in known})
        self._doubts = Doubts(module, self.names, self.known, lambda: self.given_to)
        self._following = Following()
        self._why: tuple[str, cst.CSTNode | None] = ("", None)  # what was found last to check an access, and where

    def may_be_own(self, target: str) -> bool:
        """Whether a target may be of the project."""
        return self._doubts.may_be_own(target)

    def called(self, call: cst.Call, at: At) -> str:
        """What a call is of, where that may be of the project; else empty."""
        return self._doubts.target(call, at)

    def is_loading(self, func: cst.BaseExpression, at: At) -> bool:
        """Whether a function decodes the text it is given."""
        return self._is(func, at, "loads")

    def doubts(self, access: Access) -> tuple[Doubt, ...]:
        """What other modules may know of an access: what is given the value before, or may catch what it raises."""
        return self._doubts.of(access)

    def _not(self, node: cst.CSTNode, at: At, reason: str, *because: Because) -> None:
        """Notes why a value or an access is not told of, where somebody asks."""
        if self.module.trace:
            self.module.trace.note("http.json_access", node, at, reason, *because)

    def _for(self, reason: str, node: cst.CSTNode | None = None) -> bool:
        """Keeps what checks an access; always true."""
        self._why = reason, node
        return True

    @cached_property
    def unchecked(self) -> list[Unchecked]:
        """Follows every decoding, then judges the accesses."""
        pending: list[tuple[cst.CSTNode, At, Denoted]] = []
        for call in self.module.lowered.calls:
            self.module.judged = call.node
            root = self._root(call)
            if root is not None:
                root.decodes.append((call.node, call))
                pending.append((call.node, call, Denoted(root, call.node)))
        return self.judged(pending)

    def judged(self, pending: list[tuple[cst.CSTNode, At, Denoted]]) -> list[Unchecked]:
        """What is bare of some more decoded values."""
        if not pending:
            return []
        before = set(self.roots.values())
        before.difference_update(denoted.root for _, _, denoted in pending)
        self._follow(pending)
        self._follow_answers()
        self._follow([*self._attributes()])
        self._follow_answers()
        self.kept.clear()
        for name in ("_validations", "given_to"):  # of what was known before
            self.__dict__.pop(name, None)
        self._doubts.forget()
        roots = [root for root in dict.fromkeys(self.roots.values()) if root not in before]
        return [event for root in roots for event in self._judge(root)]

    # Where decoded values begin

    def _root(self, call: Call) -> Root | None:
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
                    self._not(call.node, call, f"unknown receiver: `{shown}` is not known as an HTTP response")
                return found
        else:
            name = func.attr.value if isinstance(func, cst.Attribute) else getattr(func, "value", "")
            if name not in self._loading or not call.node.args or not self._is(func, call, "loads"):
                return None
            body = self._body(call.node.args[0].value, call)
            if body is None:
                self._not(call.node, call, "what is decoded is not known as the body of an HTTP response")
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
            return f"the answer of `{self.module.code(_called(maker[0]), 40)}`"
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
        if binding.value.default is not None or not (inner or private or receiver.value in _RESPONSES):
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
        calls = self.calls_of.get(function.name, ())
        if not calls or named > len(calls):
            return None  # handed on as a value
        for call in calls[:MAX_CALLERS]:
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

    @cached_property
    def _given(self) -> dict[Binding, str | None]:
        return {}

    @cached_property
    def calls_of(self) -> dict[str, list[Call]]:
        """The calls of the module, by the bare name of what is called."""
        found: dict[str, list[Call]] = {}
        for call in self.module.lowered.calls:
            func = call.node.func
            name = func.attr.value if isinstance(func, cst.Attribute) else getattr(func, "value", None)
            if isinstance(name, str):
                found.setdefault(name, []).append(call)
        return found

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
            self._not(call.node, call, "the client talks to an application in this process, as in tests")
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

    def _follow_answers(self) -> None:
        """Follows what functions of this module return to where they are called, from one to the next."""
        for _ in range(MAX_ROUNDS):
            fresh = [(scope, given) for scope, given in self.returned.items() if scope not in self.answered]
            if not fresh:
                return
            self.answered.update(scope for scope, _ in fresh)
            self._follow([found for scope, given in fresh for found in self._answers(scope, given)])

    def _answers(self, scope: Scope, given: list[Given]) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """The calls of a function of this module that returns what it decoded, or a part of it."""
        if not isinstance(scope.node, cst.FunctionDef) or not keeps_result(scope.node, self.catalog):
            return
        if scope.node.returns is not None and scope.entry is not None:
            said = self.types.annotation(scope.node.returns.annotation, scope.entry)
            if said and all(isinstance(value, Instance) and value.type in SCALARS for value in said):
                return
        nodes = [one.node for one in given]
        returned = scope.yielded if scope.yields else scope.returns
        others = [value for value, _ in returned if value is not None and value not in nodes]
        plain = all(is_plain(value, scope) for value in others)
        kinds: dict[tuple[Path, tuple[str, ...], bool], list[Given]] = {}
        for one in given:
            kinds.setdefault((one.denoted.path, one.denoted.inside, one.denoted.soft), []).append(one)
        plain = plain and len({inside for _, inside, _ in kinds}) == len(kinds)
        for call, node, inside in self._called(scope):
            for same in kinds.values():
                root = self._handed_on(same, node, call)
                root.sure = Confidence.MEDIUM if plain else Confidence.LOW
                first = same[0].denoted
                homes = tuple(home for one in same for home in one.denoted.homes)
                held = inside + first.inside
                yield node, call, Denoted(root, node, soft=first.soft, inside=held, homes=homes)

    def _called(self, scope: Scope) -> Iterator[tuple[Call, cst.Call, tuple[str, ...]]]:
        """The calls that give what a function gives: its own, and those of what calls it elsewhere or for each item."""
        for call in self.calls_of.get(scope.name, ()):
            if self.types.of(call.node.func, call) == (Local(scope),):
                yield call, call.node, ()
        for call, index in self._handing.get(scope.name, ()):
            if self.types.of(call.node.args[index].value, call) == (Local(scope),):
                yield call, call.node, (HELD,) if last_name(call.node.func) in CALLED_FOR_EACH else ()

    @cached_property
    def _handing(self) -> dict[str, list[tuple[Call, int]]]:
        """The calls that run a function they are given, by the function's bare name."""
        found: dict[str, list[tuple[Call, int]]] = {}
        for call in self.module.lowered.calls:
            name = last_name(call.node.func)
            index = 0 if name in CALLED_FOR_EACH else CALLED.get(name)
            if index is not None and index < len(call.node.args):
                given = (dotted(call.node.args[index].value) or "").rpartition(".")[2]
                if given:
                    found.setdefault(given, []).append((call, index))
        return found

    def _handed_on(self, given: list[Given], node: cst.CSTNode, at: At) -> Root:
        """A root for what another function decoded and checked, or did not, where it gave it away."""
        source = given[0].denoted.root
        root = Root(Confidence.MEDIUM, source.maker, source.origin, None)
        root.decodes.append((node, at))
        root.source = source
        root.needs = source.needs
        root.base = given[0].denoted.path
        root.elsewhere = [((one.node, one.at), *one.denoted.kept) for one in given]
        self.roots[node, at, root.base, given[0].denoted.inside] = root
        return root

    def _attributes(self) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """Attributes of `self` that hold what a method decoded, where other methods read them."""
        by_name: dict[tuple[Scope, str], list[tuple[Binding, Denoted]]] = {}
        for binding, denoted in self.kept:
            owner = binding.scope.function.parent
            if owner is not None and owner.kind == "class":
                by_name.setdefault((owner, binding.name), []).append((binding, denoted))
        for (owner, name), kept in by_name.items():
            held = [binding for binding, _ in kept]
            bound = [*owner.attributes.get(name, ()), *owner.bindings.get(name, ())]
            if any(b not in held and not _is_empty(b) for b in bound):
                continue
            binding, denoted = kept[0]
            # A check may follow the assignment.
            ends = [At(b.scope, b.block, _END, b.statement) for b in held]
            given = [Given(d, b.value, end) for (b, d), end in zip(kept, ends, strict=True)]
            root = self._handed_on(given, denoted.decode, binding)
            root.decodes = denoted.root.decodes[:1]
            functions = {b.scope.function for b in held}
            for node, use in self._attribute_reads(owner, name):
                if use.scope.function not in functions:
                    yield node, use, Denoted(root, denoted.decode)

    def _attribute_reads(self, owner: Scope, name: str) -> Iterator[tuple[cst.CSTNode, At]]:
        """The places where methods of a class read `self.name`."""
        yield from self._attributes_read.get((owner, name), ())

    @cached_property
    def _attributes_read(self) -> dict[tuple[Scope, str], list[tuple[cst.CSTNode, At]]]:
        found: dict[tuple[Scope, str], list[tuple[cst.CSTNode, At]]] = {}
        for scope in self.module.lowered.scopes:
            method: Scope | None = scope
            while method is not None and (method.parent is None or method.parent.kind != "class"):
                method = method.parent
            if method is None or method.parent is None or not isinstance(method.node, cst.FunctionDef):
                continue
            for use in scope.uses.get(first_parameter(method) or "", ()):
                around = self.module.uses.parent(use.node, use)
                if isinstance(around, cst.Attribute) and around.value is use.node:
                    found.setdefault((method.parent, around.attr.value), []).append((around, use))
        return found

    # Where they go

    @cached_property
    def _bound_from(self) -> dict[cst.CSTNode, list[Binding]]:
        """The bindings whose value is a node."""
        found: dict[cst.CSTNode, list[Binding]] = {}
        for scope in self.module.lowered.scopes:
            for table in (scope.bindings, scope.attributes):
                for bound in table.values():
                    for binding in bound:
                        if isinstance(binding.value, cst.BaseExpression):
                            found.setdefault(binding.value, []).append(binding)
        return found

    def _follow(self, pending: list[tuple[cst.CSTNode, At, Denoted]]) -> None:
        waiting = deque(pending)  # what is nearest to the decoding comes first
        while waiting:
            node, at, denoted = waiting.popleft()
            if denoted.inside:
                if (node, denoted.inside) in self.held:
                    self._merge(self.held[node, denoted.inside].root, denoted.root)
                    continue
                if denoted.root.held > MAX_HELD:
                    continue
                denoted.root.held += 1
                self.held[node, denoted.inside] = denoted
                self.holding.add(node)
            else:
                if node in self.known:
                    self._merge(self.known[node].root, denoted.root)
                    continue
                if denoted.root.denoted > MAX_DENOTED:
                    denoted.root.cut = True
                    continue
                denoted.root.denoted += 1
                self.known[node] = denoted
            parent = self.module.uses.parent(node, at)
            if parent is not None:
                waiting += self._around(node, parent, at, denoted)
            for binding in self._bound_from.get(node, ()):
                waiting += self._bound(binding, denoted, at)

    @staticmethod
    def _merge(one: Root, other: Root) -> None:
        one, other = group(one), group(other)
        if one is not other:
            other.merged = one

    def _around(
        self, node: cst.CSTNode, parent: cst.CSTNode, at: At, denoted: Denoted
    ) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """What the node around a denoting one does with it."""
        value = denoted.shape == "value"
        same = isinstance(parent, (cst.Await, cst.BooleanOperation))
        same = same or (isinstance(parent, cst.NamedExpr) and parent.value is node)
        if same or (isinstance(parent, cst.IfExp) and parent.test is not node):
            yield parent, at, denoted
        elif isinstance(parent, cst.Subscript) and parent.value is node and value:
            if denoted.inside:
                yield from self._taken_by_key(parent, at, denoted)
            else:
                yield from self._subscript(parent, at, denoted)
        elif isinstance(parent, cst.Attribute) and parent.value is node and value:
            call = self.module.uses.parent(parent, at)
            if isinstance(call, cst.Call) and call.func is parent:
                if denoted.inside:
                    yield from self._method_of_holder(call, parent.attr.value, at, denoted)
                else:
                    yield from self._method(call, parent.attr.value, at, denoted)
        elif isinstance(parent, cst.Arg):
            call = self.module.uses.parent(parent, at)
            if isinstance(call, cst.Call):
                yield from self._argument(call, parent, at, denoted)
        elif isinstance(parent, (cst.Return, cst.Yield, cst.From)):
            if value and denoted.through is None:
                if isinstance(parent, cst.From):
                    denoted = _its_items(denoted)
                elif isinstance(parent, cst.Yield):
                    denoted = denoted._replace(inside=(HELD, *denoted.inside))
                self.returned.setdefault(at.scope.function, []).append(Given(denoted, node, at))
        elif value:
            yield from self._collected(node, parent, at, denoted)

    def _collected(
        self, node: cst.CSTNode, parent: cst.CSTNode, at: At, denoted: Denoted
    ) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """The collection that a denoting expression is put into."""
        if isinstance(parent, (cst.Element, cst.StarredElement)):
            around = self.module.uses.parent(parent, at)
            if isinstance(around, (cst.Tuple, cst.List, cst.Set)):
                if isinstance(parent, cst.StarredElement):
                    if len(around.elements) == 1 or denoted.kept or denoted.inside:
                        yield around, at, _kept(_its_items(denoted), node, at)
                    return
                index = next((i for i, e in enumerate(around.elements) if e is parent), 0)
                starred = any(isinstance(e, cst.StarredElement) for e in around.elements[:index])
                if not starred:
                    yield around, at, _kept(_put(denoted, f"#{index}"), node, at)
        elif isinstance(parent, cst.DictElement) and parent.value is node:
            around = self.module.uses.parent(parent, at)
            if isinstance(around, cst.Dict):
                key = self._key(parent.key, at, denoted) if isinstance(parent.key, cst.SimpleString) else UNDER
                yield around, at, _kept(_put(denoted, key), node, at)
        elif isinstance(parent, cst.StarredDictElement) and not denoted.inside:
            around = self.module.uses.parent(parent, at)
            if isinstance(around, cst.Dict) and self._adds(around, parent, at, denoted):
                yield around, at, denoted
        elif isinstance(parent, (cst.ListComp, cst.SetComp, cst.GeneratorExp)) and parent.elt is node:
            yield parent, at.scope.entry or at, _kept(_put(denoted, HELD), node, at)
        elif isinstance(parent, cst.DictComp):
            mark = UNDER if parent.value is node else KEYS
            yield parent, at.scope.entry or at, _kept(_put(denoted, mark), node, at)
        elif isinstance(parent, cst.Index):
            element = self.module.uses.parent(parent, at)
            around = self.module.uses.parent(element, at) if element is not None else None
            outer = self.module.uses.parent(around, at) if around is not None else None
            name = around.value if isinstance(around, cst.Subscript) else None
            if isinstance(outer, cst.AssignTarget) and isinstance(name, cst.Name):
                yield from self._filled(name, at, _kept(_put(denoted, KEYS), node, at))
        elif isinstance(parent, cst.Assign):
            for target in parent.targets:
                inner = target.target
                if isinstance(inner, cst.Subscript) and isinstance(inner.value, cst.Name) and len(inner.slice) == 1:
                    under = inner.slice[0].slice
                    if isinstance(under, cst.Index):
                        literal = isinstance(under.value, cst.SimpleString)
                        key = self._key(under.value, at, denoted) if literal else UNDER
                        yield from self._filled(inner.value, at, _kept(_put(denoted, key), node, at))
        elif isinstance(parent, cst.AugAssign) and isinstance(parent.target, cst.Name):
            added = _its_items(denoted) if isinstance(parent.operator, cst.AddAssign) else denoted
            if isinstance(parent.operator, (cst.AddAssign, cst.BitOrAssign)):
                yield from self._filled(parent.target, at, _kept(added, node, at))

    def _adds(self, made: cst.Dict, part: cst.StarredDictElement, at: At, denoted: Denoted) -> bool:
        """Notes the keys that `{**data, "more": 1}` puts beside those of the value; false if others are unknown."""
        for element in made.elements:
            if element is part:
                continue
            if not isinstance(element, cst.DictElement):
                return False
            denoted.root.stored.append(((*denoted.path, self._key(element.key, at, denoted)), at))
        return True

    def _filled(self, name: cst.Name, at: At, denoted: Denoted) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """The uses of a collection that began empty, once something was put into it."""
        bound = scopes.lookup(name.value, at).bindings
        for binding in bound:
            if binding.kind == "augment":
                continue
            if binding.kind not in ("assign", "walrus") or binding.path or not self._begins(binding, denoted):
                return
        home = Home(tuple(bound), denoted.inside[0] if denoted.inside else "")
        same = (home, denoted.inside, denoted.path)
        if same in self._fillings:
            self._merge(self._fillings[same], denoted.root)
            return
        self._fillings[same] = denoted.root
        for binding in bound:
            if binding.scope.function is not at.scope.function and binding.foreign:
                return
            held = denoted._replace(homes=(*denoted.homes, home))
            if denoted.inside and denoted.inside[0][:1] in ("'", '"') and not isinstance(binding.target, cst.Attribute):
                under = self._under(binding)
                for use in (*under.get(denoted.inside[0], ()), *under.get("", ())):
                    yield use.node, use, held
            else:
                yield from self._read(binding, held)
        augmented = [b for b in at.scope.bindings.get(name.value, ()) if b.kind == "augment" and b not in bound]
        for binding in augmented:
            yield from self._read(binding, denoted._replace(homes=(*denoted.homes, home)))

    def _begins(self, binding: Binding, denoted: Denoted) -> bool:
        """Whether a collection begins empty, or as a dictionary that is written out."""
        if is_new(binding.value):
            return True
        if not isinstance(binding.value, cst.Dict) or (denoted.inside and denoted.inside[0] == UNDER):
            return False
        if denoted.inside:
            for element in binding.value.elements:
                if not isinstance(element, cst.DictElement):
                    return False
                if self._key(element.key, binding, denoted) == denoted.inside[0]:
                    return is_new(element.value) or dotted(element.value) == "None"
        return True

    def _under(self, binding: Binding) -> dict[str, list[Use]]:
        """The uses of a dictionary by the key they are about, where one is written out."""
        found = self._by_key.get(binding)
        if found is None:
            found = self._by_key[binding] = {}
            for use in self.module.uses.of(binding):
                around = self.module.uses.parent(use.node, use)
                key = ""
                if isinstance(around, cst.Subscript) and around.value is use.node and len(around.slice) == 1:
                    index = around.slice[0].slice
                    if isinstance(index, cst.Index) and isinstance(index.value, cst.SimpleString):
                        key = repr(string_value(index.value))
                found.setdefault(key, []).append(use)
        return found

    @cached_property
    def _by_key(self) -> dict[Binding, dict[str, list[Use]]]:
        return {}

    @cached_property
    def _fillings(self) -> dict[object, Root]:
        """What a collection is known to hold, by its bindings and the way to the value."""
        return {}

    def _mixed(self, denoted: Denoted) -> bool:
        """Whether one of the collections that held a value holds other things, too."""
        return denoted.root.held > MAX_HELD or any(self._is_mixed(home) for home in denoted.homes)

    def _is_mixed(self, home: Home) -> bool:
        if home not in self._mixtures:
            self._mixtures[home] = any(
                not (value in self.holding or (value in self.known and self.known[value].root.needs is None))
                for binding in home.bindings
                for value in self._put_into(binding, home.mark)
            )
        return self._mixtures[home]

    @cached_property
    def _mixtures(self) -> dict[Home, bool]:
        return {}

    def _put_into(self, binding: Binding, mark: str) -> Iterator[cst.CSTNode]:
        """What is put where a value is in a collection, by methods, `+=`, or under a key."""
        if binding.kind == "augment":
            yield binding.value.value
        under = self._under(binding)
        literal = mark[:1] in ("'", '"')
        for use in (*under.get(mark, ()), *under.get("", ())) if literal else self.module.uses.of(binding):
            around = self.module.uses.parent(use.node, use)
            outer = self.module.uses.parent(around, use) if around is not None else None
            if isinstance(around, cst.Attribute) and isinstance(outer, cst.Call) and outer.func is around:
                if around.attr.value in _FILLING and outer.args:
                    yield outer.args[-1].value
            elif isinstance(around, cst.Subscript) and around.value is use.node and isinstance(outer, cst.AssignTarget):
                assign = self.module.uses.parent(outer, use)
                index = around.slice[0].slice
                if not isinstance(assign, cst.Assign) or not isinstance(index, cst.Index):
                    continue
                if mark == KEYS:
                    yield index.value
                    continue
                written = isinstance(index.value, cst.SimpleString)
                if not written or self._key(index.value, use, None) == mark:
                    yield assign.value

    def _taken_by_key(self, node: cst.Subscript, at: At, denoted: Denoted) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """What indexing a collection gives that holds a value."""
        if len(node.slice) != 1:
            return
        index = node.slice[0].slice
        if isinstance(index, cst.Slice):
            if denoted.inside[0] == HELD:
                yield node, at, denoted
            return
        parent = self.module.uses.parent(node, at)
        if isinstance(parent, (cst.AssignTarget, cst.Del)) or not isinstance(index, cst.Index):
            return
        key = self._key(index.value, at, denoted)
        if denoted.inside[0] in (HELD, UNDER, key, f"#{key}"):
            yield node, at, denoted._replace(inside=denoted.inside[1:])

    def _method_of_holder(
        self, call: cst.Call, method: str, at: At, denoted: Denoted
    ) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """What a method of a collection gives that holds a value."""
        head, rest = denoted.inside[0], denoted.inside[1:]
        by_key = head not in (HELD, KEYS) and not head.startswith("#")
        if method in ("copy", "result") and not call.args:
            yield call, at, denoted
        elif method == "items" and by_key and not call.args:
            yield call, at, denoted._replace(shape="items")
        elif method == "values" and by_key and not call.args:
            yield call, at, denoted._replace(inside=(HELD, *rest))
        elif method in ("get", "pop", "setdefault") and by_key and call.args:
            if head in (UNDER, self._key(call.args[0].value, at, denoted)):
                yield call, at, denoted._replace(inside=rest)
        elif method in ("pop", "popleft", "get_nowait") and head == HELD:
            yield call, at, denoted._replace(inside=rest)

    def _subscript(self, node: cst.Subscript, at: At, denoted: Denoted) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        parent = self.module.uses.parent(node, at)
        if len(node.slice) != 1 or not isinstance(node.slice[0].slice, cst.Index):
            yield node, at, denoted  # a slice
            return
        key = self._key(node.slice[0].slice.value, at, denoted)
        if isinstance(parent, (cst.AssignTarget, cst.AnnAssign)) and parent.target is node:
            for put in self._keys_put(node.slice[0].slice.value, at, denoted):
                denoted.root.stored.append(((*denoted.path, put), at))
            return
        yield node, at, self._accessed(node, at, denoted, key, "key", _error(key))

    def _keys_put(self, node: cst.BaseExpression, at: At, denoted: Denoted) -> Iterator[str]:
        """The keys that an assignment to `data[node]` puts there; those of a loop are taken one by one."""
        if isinstance(node, cst.Name):
            bound = scopes.lookup(node.value, at).bindings
            if any(binding.kind == "for" for binding in bound):
                over = bound[0].value
                keys = [e.value for e in over.elements] if isinstance(over, _WRITTEN) else []
                if keys and not bound[0].path and all(isinstance(key, cst.SimpleString) for key in keys):
                    yield from (self._key(key, at, denoted) for key in keys)
                else:
                    yield ANY
                return
        yield self._key(node, at, denoted)

    def _accessed(self, node: cst.CSTNode, at: At, denoted: Denoted, key: str, kind: str, error: str) -> Denoted:
        access = Access(node, at, denoted, key, kind, error)
        denoted.root.accesses.append(access)
        return denoted._replace(path=(*denoted.path, key), trail=(*denoted.trail, access), shape="value")

    def _key(self, node: cst.BaseExpression, at: At, denoted: Denoted | None) -> str:
        """The text by which a key is the same in a check and in an access."""
        if isinstance(node, cst.SimpleString):
            return repr(string_value(node))
        if isinstance(node, cst.Name):
            found = scopes.lookup(node.value, at)
            if len(found.bindings) == 1:
                value = found.bindings[0].value
                if isinstance(value, cst.SimpleString) and found.bindings[0].kind == "assign":
                    return repr(string_value(value))
        return self.module.code(node, 80)

    def _method(
        self, call: cst.Call, method: str, at: At, denoted: Denoted
    ) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        if method in ("get", "pop", "setdefault") and call.args and not call.args[0].star:
            key = self._key(call.args[0].value, at, denoted)
            if method == "pop" and len(call.args) == 1:
                yield call, at, self._accessed(call, at, denoted, key, "key", _error(key))
                return
            if method == "setdefault":
                for put in self._keys_put(call.args[0].value, at, denoted):
                    denoted.root.stored.append(((*denoted.path, put), at))
            self._not(call, at, f"`{method}` raises nothing for a missing key")
            yield call, at, denoted._replace(path=(*denoted.path, key), soft=True)
        elif method in ("items", "keys", "values") and not call.args:
            shape = {"items": "items", "keys": "keys"}.get(method, "value")
            yield call, at, denoted._replace(shape=shape)
        elif method in ("copy", "result") and not call.args:
            yield call, at, denoted
        elif method == "update":
            denoted.root.stored += [((*denoted.path, key), at) for key in self._updated(call, at, denoted)]

    def _updated(self, call: cst.Call, at: At, denoted: Denoted) -> Iterator[str]:
        """The keys that `data.update(...)` puts there; `ANY` where they are not written out."""
        for arg in call.args:
            if arg.keyword is not None:
                yield repr(arg.keyword.value)
            elif isinstance(arg.value, cst.Dict) and all(isinstance(e, cst.DictElement) for e in arg.value.elements):
                for element in arg.value.elements:
                    if isinstance(element, cst.DictElement):
                        yield self._key(element.key, at, denoted)
            elif arg.value not in self.known:
                yield ANY

    def _argument(
        self, call: cst.Call, arg: cst.Arg, at: At, denoted: Denoted
    ) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """What a call does with a denoting argument."""
        name = dotted(call.func) or ""
        if arg.star == "**":
            if denoted.inside:
                return
            if self._copies_keys(call, at):
                self._accessed(call, at, denoted, "**", "keywords", "TypeError")
            elif name == "dict" and len(call.args) == 1:
                yield call, at, denoted
            return
        if arg.star:
            if last_name(call.func) == "gather" and denoted.inside[:1] == (HELD,) and denoted.shape == "value":
                yield call, at, denoted
            return
        last = last_name(call.func)
        first = bool(call.args) and call.args[0] is arg
        copies = denoted.shape == "value" and name in _SAME and len(call.args) == 1
        if copies or name in KEEPS_EVERY:
            yield call, at, denoted
        elif name == "enumerate":
            yield call, at, denoted._replace(shape="pairs") if denoted.shape == "value" else denoted
        elif name == "zip" and denoted.shape == "value":
            yield call, at, denoted._replace(shape=f"zip{call.args.index(arg)}")
        elif name in ("next", "min", "max") and first and denoted.inside[:1] == (HELD,):
            yield call, at, denoted._replace(inside=denoted.inside[1:])
        elif name == "dict" and denoted.shape == "zip1" and denoted.inside[:1] == (HELD,):
            yield call, at, denoted._replace(shape="value", inside=(UNDER, *denoted.inside[1:]))
        elif name.rpartition(".")[2] == "cast" and len(call.args) == 2 and call.args[1] is arg:
            yield call, at, denoted
        elif last in _FILLING and isinstance(call.func, cst.Attribute) and call.args[-1] is arg:
            yield from self._added(call.func, last, arg, at, denoted)
        elif first and self._gives_later(call, at):
            yield call, at, denoted
        elif last == "gather" and not self._is_own(call, at):
            if not any(a.star for a in call.args):
                yield call, at, _put(denoted, f"#{call.args.index(arg)}")
        elif last == "as_completed" and denoted.inside:
            yield call, at, denoted
        elif denoted.calls < MAX_CALLS and denoted.shape == "value":
            yield from self._passed(call, arg, at, denoted)

    def _gives_later(self, call: cst.Call, at: At) -> bool:
        """Whether a call gives its first argument: as a copy, or as what a task of it gives."""
        name = last_name(call.func)
        if name in _COPYING:
            return dotted(call.func) in (name, f"copy.{name}") and not self._is_own(call, at)
        return name in WAITING and self.responses.waits(call, at)

    def _is_own(self, call: cst.Call, at: At) -> bool:
        """Whether a function of this module is called."""
        return any(isinstance(value, Local) for value in self.types.of(call.func, at))

    def _added(
        self, func: cst.Attribute, method: str, arg: cst.Arg, at: At, denoted: Denoted
    ) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """The collection that a denoting argument is added to."""
        if not isinstance(func.value, cst.Name) or denoted.shape != "value":
            return
        if method == "extend":
            denoted = _its_items(denoted)
        elif method == "update":
            bound = scopes.lookup(func.value.value, at).bindings
            for binding in bound:
                if isinstance(binding.value, cst.Dict) and not denoted.inside:
                    for element in binding.value.elements:
                        if isinstance(element, cst.DictElement):
                            key = self._key(element.key, binding, denoted)
                            denoted.root.stored.append(((*denoted.path, key), binding))
        else:
            denoted = _put(denoted, HELD)
        yield from self._filled(func.value, at, _kept(denoted, arg.value, at))

    def _copies_keys(self, call: cst.Call, at: At) -> bool:
        """Whether `C(**data)` makes an object of a class that takes any values: a plain dataclass or tuple."""
        values = self.types.of(call.func, at)
        if len(values) != 1 or not isinstance(values[0], Local):
            return False
        node = values[0].scope.node
        if not isinstance(node, cst.ClassDef) or "__init__" in values[0].scope.bindings:
            return False
        if "__post_init__" in values[0].scope.bindings or values[0].scope.entry is None:
            return False
        where = values[0].scope.entry
        bases = [self.types.of(base.value, where) for base in node.bases]
        if bases == [(Ref("typing.NamedTuple"),)]:
            return True
        decorators = [d.decorator.func if isinstance(d.decorator, cst.Call) else d.decorator for d in node.decorators]
        made = [self.types.of(decorator, where) for decorator in decorators]
        return not bases and made == [(Ref("dataclasses.dataclass"),)]

    def _passed(
        self, call: cst.Call, arg: cst.Arg, at: At, denoted: Denoted
    ) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """The uses of the parameter that receives the value, in a function of this module."""
        values = self.types.of(call.func, at)
        if len(values) != 1 or not isinstance(values[0], Local):
            plain = denoted.through is None and not denoted.soft and not denoted.inside
            if plain and len(denoted.root.passed) < MAX_PASSED and not self._checks(call, at):
                denoted.root.passed.append(Passed(call, arg, at, denoted))
            return
        if self._checks(call, at):
            return
        function = values[0].scope
        if not isinstance(function.node, cst.FunctionDef) or function is at.scope.function:
            return
        if not only(function.node.decorators, SAME, self.catalog):
            return
        parameters = all_parameters(function.node.params)
        wanted = taker(self.types, call, arg, at, function)
        if wanted is None:
            return
        if not any(p.name.value == wanted and p.annotation is None for p in parameters):
            annotated = [p for p in parameters if p.name.value == wanted and p.annotation]
            if not annotated or not annotated[0].annotation or not is_loose(annotated[0].annotation.annotation):
                return
        through = denoted.through or (call, at)
        inside = denoted._replace(through=through, calls=denoted.calls + 1)
        for binding in function.bindings.get(wanted, ()):
            if binding.kind == "parameter":
                yield from self._read(binding, inside)

    def _bound(self, binding: Binding, denoted: Denoted, at: At) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """The uses of a name or an attribute that is bound to a denoting expression."""
        path = binding.path
        if path is None:
            return
        if binding.kind in ("assign", "walrus"):
            taken = self._unpacked(binding, path, denoted, at) if denoted.shape == "value" or not path else None
        elif binding.kind == "for":
            taken = self._item(binding, path, denoted, at)
        else:
            return
        if taken is not None:
            if taken.inside and binding.kind != "for":
                taken = taken._replace(homes=(*taken.homes, Home((binding,), taken.inside[0])))
            yield from self._read(binding, taken)

    def _unpacked(self, binding: Binding, path: tuple[int, ...], denoted: Denoted, at: At) -> Denoted | None:
        """What unpacking gives a name."""
        while path and denoted.inside:
            if denoted.inside[0] not in (HELD, f"#{path[0]}"):
                return None
            denoted, path = denoted._replace(inside=denoted.inside[1:]), path[1:]
        if path:
            return self._accessed(binding.value, at, denoted, str(path[0]), "unpacking", "ValueError")
        return denoted

    def _item(self, binding: Binding, path: tuple[int, ...], denoted: Denoted, at: At) -> Denoted | None:
        """What a loop over a denoting expression gives a name."""
        shape = denoted.shape
        if shape == "keys":
            return None
        if shape in ("items", "pairs") or shape.startswith("zip"):
            if path[:1] != (int(shape[3:]) if shape.startswith("zip") else 1,):
                return None
            path = path[1:]
        denoted = denoted._replace(shape="value")
        if not denoted.inside:
            denoted = denoted._replace(path=(*denoted.path, ITEM))
        elif shape != "items" and denoted.inside[0] not in (HELD, KEYS) and not denoted.inside[0].startswith("#"):
            return None  # the keys of a dictionary
        else:
            denoted = denoted._replace(inside=denoted.inside[1:])
        return self._unpacked(binding, path, denoted, at)

    def _read(self, binding: Binding, denoted: Denoted) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        if isinstance(binding.target, cst.Attribute):
            if not denoted.path and not denoted.soft and denoted.shape == "value" and not denoted.inside:
                self.kept.append((binding, denoted))
            yield from self._read_attribute(binding, denoted)
            return
        if not binding.foreign and any(b.foreign for b in binding.scope.bindings.get(binding.name, ())):
            return  # some other function changes it through `nonlocal` or `global`
        for use in self.module.uses.of(binding):
            yield use.node, use, denoted

    def _read_attribute(self, binding: Binding, denoted: Denoted) -> Iterator[tuple[cst.CSTNode, At, Denoted]]:
        """The uses of `self.x` after it was assigned, in the same function."""
        function = binding.scope.function
        owner = function.parent
        target = binding.target
        if owner is None or not isinstance(target, cst.Attribute) or not isinstance(target.value, cst.Name):
            return
        bound = [b for b in owner.attributes.get(binding.name, ()) if b.scope.function is function]
        for use in function.uses.get(target.value.value, ()):
            around = self.module.uses.parent(use.node, use)
            if not isinstance(around, cst.Attribute) or around.attr.value != binding.name:
                continue
            if binding in scopes.reaching(bound, use.block, use.place)[0]:
                yield around, use, denoted

    # Which accesses were checked

    def _judge(self, root: Root) -> Iterator[Unchecked]:
        """What is bare of one response: the first access, and one for each other decoding that it does not precede."""
        ordered = sorted(root.accesses, key=lambda access: places_of(access)[-1].place)
        looks: dict[Access, str] = {}
        seen: set[object] = set()  # what was accessed before, where its absence is caught
        for access in ordered:
            what = (access.container, access.key, access.at.scope.function)
            again = what in seen and self._for("accessed before, where its absence was seen to")
            looks[access] = "yes" if again else self.checked(access)
            if looks[access] == "yes":
                seen.add(what)
                self._seen_to(access)
        bare = [access for access in ordered if looks[access] != "yes"]
        if self.module.trace:
            for access in bare:
                text = f"`{self.module.code(access.node)}` is not checked: one access of each decoded value is reported"
                self._not(access.node, access.at, text)
        rated: dict[cst.CSTNode, list[tuple[Access, Confidence]]] = {}
        for access in bare:
            before = [looks[step] for step in access.denoted.trail]
            low = access.denoted.soft or looks[access] == "type" or (before and before[0] != "no")
            confidence = access.confidence = Confidence.LOW if low else min(root.sure, self._limit(access))
            rated.setdefault(access.denoted.decode, []).append((access, confidence))
        reported: dict[Access, Confidence] = {}
        for accesses in rated.values():
            best = max(confidence for _, confidence in accesses)
            first = next(access for access, confidence in accesses if confidence is best)
            if not any(_covers(other, first) for other in reported):
                reported[first] = best
        later = [access for access in bare if access not in reported]
        for first, best in reported.items():
            yield Unchecked(self.module, root, first, later, best, self._missed(first))
            later = []

    def _seen_to(self, access: Access) -> None:
        """Notes what checks an access, where somebody asks."""
        if not self.module.trace:
            return
        reason, node = self._why
        text = f"`{self.module.code(access.node)}` is {reason}"
        if node is None:
            self._not(access.node, access.at, text)
        else:
            text = text.replace("{}", self.module.code(node, 50))
            self._not(access.node, access.at, f"{text} at line {LINE}", Because(node, "this sees to it"))

    @staticmethod
    def _limit(access: Access) -> Confidence:
        """The highest confidence that an access of this kind can have."""
        if access.denoted.through is not None or access.kind == "keywords":
            return Confidence.MEDIUM
        return Confidence.HIGH

    def checked(self, access: Access) -> str:
        """Whether something looked at what is accessed: `yes`, `type` (only what the container is) or `no`."""
        if self._is_own_key(access):
            self._for("asked for by one of its own keys")
            return "yes"
        if self._is_stored(access):
            self._for("put there before by the program itself")
            return "yes"
        if self._caught(access)[0]:
            return "yes"
        if self._mixed(access.denoted):
            self._for("of a collection that holds other things, too")
            return "yes"
        return self.looked_at_before(access)

    def looked_at_before(self, access: Access) -> str:
        """What the tests say that a value passed on its way to a place; see `_checked`."""
        said = {self._looked_at(access)}
        for node, at in access.denoted.kept:
            said.add(self._looked_at(self._moved(access, access.denoted, node, at)))
        denoted = access.denoted
        for _ in range(MAX_ROUNDS + 1):
            root = denoted.root
            if root.source is None or "yes" in said:
                break
            # What the function that decoded it knew where it gave it away.
            denoted = denoted._replace(root=root.source, path=(*root.base, *denoted.path), through=None, kept=())
            if any(a.container == denoted.path and a.key == access.key for a in root.source.accesses):
                self._for("accessed in the function that decoded it")
                return "yes"
            known = []
            for places in root.elsewhere:
                words = {self._looked_at(self._moved(access, denoted, node, at)) for node, at in places}
                for name in self._named_by(*root.decodes[0], access, places[0][1].scope.function):
                    asked = Access(*places[0], denoted, name, access.kind, access.error)
                    words.add(self._looked_at(asked, name))
                known.append(next(word for word in ("yes", "type", "no") if word in words))
            said.add(known[0] if len(set(known)) == 1 else "no")
        return next(word for word in ("yes", "type", "no") if word in said)

    def _named_by(self, call: cst.CSTNode, at: At, access: Access, function: Scope) -> Iterator[str]:
        """The parameters of a function that a call gives the accessed key: `get(url, required="a")["a"]`."""
        if not isinstance(call, cst.Call):
            return
        for arg in call.args:
            if isinstance(arg.value, cst.SimpleString) and self._key(arg.value, access.at, None) == access.key:
                name = taker(self.types, call, arg, at, function)
                if name is not None:
                    yield name

    @staticmethod
    def _moved(access: Access, denoted: Denoted, node: cst.CSTNode, at: At) -> Access:
        """An access as it would be at another place that the value passed."""
        return Access(node, at, denoted, access.key, access.kind, access.error)

    def _looked_at(self, access: Access, given: str = "") -> str:
        """What tests, validators and patterns on the way to a place say of what is accessed.

        given: the parameter that holds the key.
        """
        if self._is_validated(access) or self._is_matched(access) or self._is_looped_over(access):
            return "yes"
        best = "no"
        split: list[tuple[cst.BooleanOperation, bool]] = []
        decided: list[tuple[cst.BaseExpression, bool]] = []
        if access.denoted.root.cut:
            self._for("part of a value that is used too often to follow")
            return "yes"
        for count, (condition, holds) in enumerate(self._conditions(access)):
            if count >= MAX_CONDITIONS:
                self._for("behind more tests than are looked at")
                return "yes"
            if isinstance(condition, cst.BooleanOperation):
                split.append((condition, holds))
                continue
            decided.append((condition, holds))
            said = self._says(condition, holds, access)
            if said == "yes":
                self._for("guarded by `{}`", condition)
                return "yes"
            best = said if said != "no" else best
        for condition, holds in self._resolved(split, decided, given) if split else ():
            said = self._says(condition, holds, access)
            if said == "yes":
                self._for("guarded by `{}`", condition)
                return "yes"
            best = said if said != "no" else best
        return best

    def _is_looped_over(self, access: Access) -> bool:
        """Whether a loop before left where one of its keys was missing: `for key in KEYS: if key not in data: ...`."""
        scope, block, place = access.at.scope, access.at.block, access.at.place
        around: Compound | None = None
        while True:
            for compound in block.compounds:
                if compound.place >= place:
                    break
                if not isinstance(compound.node, cst.For) or compound is around:
                    continue
                for test, holds in _passed_by_all(compound):
                    named = self._names_key(test, holds, compound.node.target, compound.node.iter, access)
                    if named or (access.container[-1:] == (ITEM,) and self._says(test, holds, access) == "yes"):
                        return self._for("checked by the loop over `{}`", compound.node.iter)
            around = block.owner
            if around is not None:
                block, place = around.block, around.place
            elif scope.inline and (entry := scope.entry) is not None:
                scope, block, place = entry.scope, entry.block, entry.place
            else:
                return False

    def _names_key(
        self, test: cst.CSTNode, holds: bool, target: cst.CSTNode, over: cst.BaseExpression, access: Access
    ) -> bool:
        """Whether a test for each of some keys, of which all held, says that the accessed one is there."""
        if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1 or not isinstance(target, cst.Name):
            return False
        operator = test.comparisons[0].operator
        if not isinstance(operator, (cst.In, cst.NotIn)) or isinstance(operator, cst.In) is not holds:
            return False
        if not isinstance(test.left, cst.Name) or test.left.value != target.value:
            return False
        found = self._find(_without_keys(test.comparisons[0].comparator))
        if found is None or not self._same(found, access) or found.path != access.container:
            return False
        return self._may_hold(over, access)

    @staticmethod
    def _may_hold(keys: cst.BaseExpression, access: Access) -> bool:
        """Whether written-out keys have the accessed one; true where they are not written out."""
        if not isinstance(keys, (cst.Tuple, cst.List, cst.Set)) or access.key[:1] not in "'\"":
            return True
        values = [element.value for element in keys.elements]
        if not all(isinstance(value, cst.SimpleString) for value in values):
            return True
        return access.key in [repr(string_value(v)) for v in values if isinstance(v, cst.SimpleString)]

    def _conditions(self, access: Access) -> Iterator[tuple[cst.BaseExpression, bool]]:
        """The simple tests that were decided before an access, in its expression and around it."""
        at: At | None = access.at
        for test, outcome in within(access.node, self.module.uses.ancestors(access.node, access.at)):
            yield from alternatives(test, outcome)
        while at is not None:
            for condition in conditions(at):
                yield from alternatives(condition.test, condition.outcome)
            function = at.scope.function
            at = function.entry if function.parent is not None and function.parent.kind != "class" else None
        if access.denoted.through is not None:
            for condition in conditions(access.denoted.through[1]):
                yield from alternatives(condition.test, condition.outcome)
        yield from self._left_behind(access)

    def _left_behind(self, access: Access) -> Iterator[tuple[cst.BaseExpression, bool]]:
        """The tests that a value passed in the branch or loop where it was decoded, and which ended before."""
        around: set[Block] = set()
        block: Block | None = access.at.block
        while block is not None:
            around.add(block)
            block = block.owner.block if block.owner is not None else None
        decode = next((at for node, at in access.denoted.root.decodes if node is access.denoted.decode), None)
        if decode is None or decode.scope is not access.at.scope:
            return
        block = decode.block
        while block not in around:
            owner = block.owner
            if owner is None:
                return
            broken = _broken(owner) if owner.kind == "loop" else None
            if broken is not None:
                if isinstance(broken[0], cst.BaseExpression):
                    yield from alternatives(broken[0], broken[1])
                else:
                    for condition in conditions(At(decode.scope, owner.arms[0][1], _END, decode.statement)):
                        yield from alternatives(condition.test, condition.outcome)
            elif owner.kind != "loop" and not block.leaves:
                for condition in conditions(At(decode.scope, block, _END, decode.statement)):
                    yield from alternatives(condition.test, condition.outcome)
            block = owner.block

    def _resolved(
        self,
        split: list[tuple[cst.BooleanOperation, bool]],
        decided: list[tuple[cst.BaseExpression, bool]],
        given: str,
    ) -> Iterator[tuple[cst.BaseExpression, bool]]:
        """What is left of `a or b` that holds where `a` is known not to. given: a parameter that is not empty."""
        known = {(self._text(test), holds) for test, holds in decided}
        known |= {(given, True), (f"{given} is not None", True), (f"{given} is None", False), (f"not {given}", False)}
        for test, holds in split:
            left = [operand for operand in operands(test) if (self._text(operand), not holds) not in known]
            if len(left) == 1:
                yield from parts(left[0], holds)

    def _text(self, node: cst.CSTNode) -> str:
        """The code of a test, written out once."""
        if id(node) not in self._texts:  # nodes hash slowly
            self._texts[id(node)] = self._code(node)
        return self._texts[id(node)]

    @cached_property
    def _texts(self) -> dict[int, str]:
        return {}

    def _find(self, node: cst.CSTNode) -> Denoted | None:
        """What a tested expression denotes."""
        while isinstance(node, cst.Await):
            node = node.expression
        return self.known.get(node)

    def _says(self, test: cst.BaseExpression, holds: bool, access: Access) -> str:
        """What one decided test tells of an access."""
        if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
            return self._compared(test.left, test.comparisons[0], holds, access)
        found = self._find(test)
        if found is not None:
            return self._told(found, access, holds, deeper=True)
        if holds and dotted(test) in _NEVER:
            return "yes"
        if isinstance(test, cst.Name):
            return self._named(test, holds, access)
        if isinstance(test, (cst.BinaryOperation, cst.ListComp, cst.SetComp)):  # keys that are missing, or there
            return "yes" if self._mentions(test, access) else "no"
        if not isinstance(test, cst.Call):
            return "no"
        name = (dotted(test.func) or "").rpartition(".")[2]
        if name == "isinstance" and test.args:
            found = self._find(test.args[0].value)
            if found is None or not holds:
                return "no"
            if self._same(found, access) and found.path == access.container:
                return "yes" if _is_index(access.key) or access.key == ITEM else "type"
            return self._told(found, access, True, deeper=True)
        if name in _SILENT or not self._mentions(test, access):
            return "no"
        if name not in ("any", "all"):
            return "yes"
        if name == "any" and holds and _tests_several(test):
            return "no"
        over = test.args[0].value if test.args else None
        if not isinstance(over, (cst.GeneratorExp, cst.ListComp)):
            return "yes" if holds else "no"
        tested, keys = over.elt, over.for_in
        if holds is (name == "all") and isinstance(tested, (cst.Comparison, cst.UnaryOperation)):
            # All were there, or none was missing.
            for part, true in parts(tested, holds):
                if self._names_key(part, true, keys.target, keys.iter, access):
                    return "yes"
            return "no" if isinstance(tested, cst.Comparison) and isinstance(keys.iter, _WRITTEN) else "yes"
        return "yes" if holds else "no"

    def _named(self, test: cst.Name, holds: bool, access: Access) -> str:
        """What a test that was given a name tells: `missing = [key for key in KEYS if key not in data]`."""
        found = scopes.lookup(test.value, access.at)
        binding = found.bindings[0] if len(found.bindings) == 1 else None
        if binding is None or binding.kind not in ("assign", "walrus") or binding.path:
            return "no"
        value = binding.value
        if isinstance(value, (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.BinaryOperation)):
            return "yes" if self._mentions(value, access) else "no"
        if not isinstance(value, (cst.Comparison, cst.BooleanOperation, cst.UnaryOperation, cst.Call)):
            return "no"
        said = [self._says(part, true, access) for part, true in parts(value, holds)]
        return next((word for word in ("yes", "type") if word in said), "no")

    def _same(self, found: Denoted, access: Access) -> bool:
        return group(found.root) is group(access.denoted.root)

    def _told(self, found: Denoted, access: Access, holds: bool, *, deeper: bool) -> str:
        """What the truth of an expression says: it is there, and it is not empty."""
        if not self._same(found, access) or not holds:
            return "no"
        whole = (*access.container, access.key)
        if found.path[: len(whole)] == whole and (deeper or found.path == whole):
            return "yes"
        if found.path == access.container and (_is_index(access.key) or access.kind == "unpacking"):
            return "yes"
        return "no"

    def _compared(self, left: cst.BaseExpression, target: cst.ComparisonTarget, holds: bool, access: Access) -> str:
        operator, right = target.operator, target.comparator
        if isinstance(operator, (cst.In, cst.NotIn)):
            if holds is not isinstance(operator, cst.In):
                return "no"
            found = self._find(_without_keys(right))
            if found is not None and self._same(found, access):
                if found.path == access.container and self._key(left, access.at, found) == access.key:
                    return "yes"
                # Nothing is in the `{}` of `data.get("a", {})`.
                return self._told(found, access, True, deeper=True) if found.soft else "no"
            found = self._find(left)
            return self._told(found, access, True, deeper=True) if found is not None and found.soft else "no"
        if isinstance(operator, (cst.Is, cst.IsNot)) and dotted(right) == "None":
            found = self._find(left)
            there = holds is isinstance(operator, cst.IsNot)
            return self._told(found, access, there, deeper=True) if found is not None else "no"
        for side in (left, right):
            found = self._find(side)
            if found is not None and found.soft:
                equal = isinstance(operator, cst.Equal) is holds
                return self._told(found, access, equal, deeper=True)
            if isinstance(side, cst.Call) and dotted(side.func) in ("len", "type") and side.args:
                found = self._find(side.args[0].value)
                if found is not None:
                    typed = dotted(side.func) == "type"
                    said = self._told(found, access, True, deeper=True)
                    return "type" if typed and said == "no" and found.path == access.container else said
            if isinstance(side, (cst.Set, cst.Call, cst.BinaryOperation)) and self._mentions(side, access):
                return "yes"
        return "no"

    def _mentions(self, node: cst.CSTNode, access: Access) -> bool:
        """Whether an expression reads what contains the accessed value, or a part of it, as a whole."""
        pending: list[cst.CSTNode] = [node]
        while pending:
            item = pending.pop()
            found = self.known.get(item)
            if found is not None and self._same(found, access) and access.container[: len(found.path)] == found.path:
                return True
            if not isinstance(item, (cst.Subscript, cst.Attribute)) or found is None:
                pending += children(item)
        return False

    def _is_own_key(self, access: Access) -> bool:
        """Whether the key was taken from the value itself: `for key in data: data[key]`."""
        node = access.node
        if not isinstance(node, cst.Subscript) or not isinstance(node.slice[0].slice, cst.Index):
            return False
        return any(
            self._same(found, access) and found.path == access.container
            for found in self._keyed(node.slice[0].slice.value, access.at)
        )

    def _keyed(self, key: cst.BaseExpression, at: At) -> Iterator[Denoted]:
        """The values of which an expression is one of the keys."""
        if isinstance(key, cst.Name):
            for binding in scopes.lookup(key.value, at).bindings:
                value = binding.value
                if binding.kind == "for" and binding.path in ((), (0,)) and isinstance(value, cst.BaseExpression):
                    yield from self._with_keys(value, binding, 0)
                elif binding.kind in ("assign", "walrus") and isinstance(value, (cst.Call, cst.Subscript)):
                    yield from self._one_key(value, binding) if binding.path in ((), (0,)) else ()
        else:
            yield from self._one_key(key, at)

    def _one_key(self, node: cst.BaseExpression, at: At) -> Iterator[Denoted]:
        """The values of which `next(iter(data))` or `list(data)[0]` is a key."""
        if isinstance(node, cst.Call) and dotted(node.func) in _ONE_OF and node.args:
            yield from self._with_keys(node.args[0].value, at, 0)
        elif isinstance(node, cst.Subscript):
            keys, where = node.value, at
            if isinstance(keys, cst.Name):
                bound = scopes.lookup(keys.value, at).bindings
                if len(bound) == 1 and isinstance(bound[0].value, (cst.Call, cst.ListComp)):
                    keys, where = bound[0].value, bound[0]
            if isinstance(keys, cst.ListComp) or (isinstance(keys, cst.Call) and dotted(keys.func) in _ALL_OF):
                yield from self._with_keys(keys, where, 0)

    def _with_keys(self, node: cst.BaseExpression, at: At, depth: int) -> Iterator[Denoted]:
        """The values whose keys an expression has."""
        if depth > MAX_ALIASES:
            return
        while isinstance(node, cst.Call) and dotted(node.func) in (*_ONE_OF, *_ALL_OF) and node.args:
            node = node.args[0 if dotted(node.func) in _ONE_OF else -1].value
        found = self._find(node)
        if found is not None:
            yield found
        elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.BitAnd, cst.Subtract)):
            yield from self._with_keys(node.left, at, depth + 1)
            if isinstance(node.operator, cst.BitAnd):
                yield from self._with_keys(node.right, at, depth + 1)
        elif isinstance(node, (cst.ListComp, cst.GeneratorExp, cst.SetComp)):
            if isinstance(node.elt, cst.Name) and dotted(node.for_in.target) == node.elt.value:
                yield from self._with_keys(node.for_in.iter, at, depth + 1)
        elif isinstance(node, cst.Name):
            for binding in scopes.lookup(node.value, at).bindings:
                value = binding.value
                if binding.kind in ("assign", "walrus") and not binding.path and isinstance(value, cst.BaseExpression):
                    yield from self._with_keys(value, binding, depth + 1)

    def _is_stored(self, access: Access) -> bool:
        """Whether the program itself put the key there before."""
        whole = (*access.container, access.key)
        anything = (*access.container, ANY)
        return any(
            (path in (whole, anything)) and at.place < access.at.place for path, at in access.denoted.root.stored
        )

    def _is_validated(self, access: Access) -> bool:
        """Whether a call that checks its argument got the value, or a part around the accessed one, before."""
        for call, found in self._validations.get(group(access.denoted.root), ()):
            if access.container[: len(found.path)] != found.path:
                continue
            if access.denoted.through is not None and call.node is access.denoted.through[0]:
                continue
            if any(call.scope.function is at.scope.function and call.place < at.place for at in places_of(access)):
                return self._for("validated by `{}`", call.node)
        name = access.denoted.root.receiver
        if name is None:
            return False
        for call, arg in self.given_to.get(name, ()):
            before = call.scope.function is access.at.scope.function and call.place < access.at.place
            if before and self._is_boundary(call, arg, response=True):
                return self._for("validated by `{}`", call.node)
        return False

    @cached_property
    def given_to(self) -> dict[str, list[tuple[Call, cst.Arg]]]:
        """The calls of functions of this module that are given a response, by its spelling."""
        names = {root.receiver for root in self.roots.values() if root.receiver is not None}
        found: dict[str, list[tuple[Call, cst.Arg]]] = {}
        for call in self.module.lowered.calls:
            for arg in call.node.args:
                name = spelling(arg.value)
                if name in names:
                    found.setdefault(name, []).append((call, arg))
        return found

    def _is_boundary(self, call: Call, arg: cst.Arg, *, response: bool = False) -> bool:
        """Whether a function of this module raises for what it does not like of an argument."""
        values = self.types.of(call.node.func, call)
        if len(values) != 1 or not isinstance(values[0], Local):
            return False
        function = values[0].scope
        wanted = taker(self.types, call.node, arg, call, function) if function is not call.scope.function else None
        return wanted is not None and self.boundaries.raises(function, wanted, response=response)

    @cached_property
    def boundaries(self) -> Boundaries:
        """The functions of this module that see to decoded values for others."""
        return Boundaries(self.module, self.calls_of, lambda call: self._checks(call.node, call))

    @cached_property
    def _validations(self) -> dict[Root, list[tuple[Call, Denoted]]]:
        """The calls that check a denoted value, by its root."""
        result: dict[Root, list[tuple[Call, Denoted]]] = {}
        for call in self.module.lowered.calls:
            for arg in call.node.args:
                found = self.known.get(arg.value)
                if found is not None and (self._checks(call.node, call) or self._is_boundary(call, arg)):
                    result.setdefault(group(found.root), []).append((call, found))
        return result

    def _checks(self, call: cst.Call, at: At) -> bool:
        """Whether a call checks what it is given: by the catalogue, the settings, or its name."""
        func = call.func
        name = dotted(func) or (func.attr.value if isinstance(func, cst.Attribute) else "")
        last = name.rpartition(".")[2]
        if last in ("isinstance", "print", "len") or last in _SILENT:
            return False
        for known, purposes in self.catalog.validators.items() if last in self.catalog.checking else ():
            if "json" in purposes and (name == known or known.endswith(f".{name}")) and name:
                return True
        if isinstance(func, cst.Attribute) and last in self.catalog.names["validator_like"]:
            return True
        if _CHECKS.search(last):
            return True
        return any(isinstance(value, Ref) and self._is_validator(value.name) for value in self.types.of(func, at))

    def _is_validator(self, name: str) -> bool:
        """Whether a function is listed as one that checks, by its own name or as relative imports name it."""
        known = self.catalog.validators
        if not name.startswith("."):
            return "json" in known.get(name, ())
        tail = "." + name.lstrip(".")
        return any("json" in purposes and listed.endswith(tail) for listed, purposes in known.items())

    def _is_matched(self, access: Access) -> bool:
        """Whether a `match` on the value leads here."""
        block: Block | None = access.at.block
        while block is not None and block.owner is not None:
            owner = block.owner
            if isinstance(owner.node, cst.Match):
                found = self._find(owner.node.subject)
                if found is not None and self._same(found, access):
                    return self._for("matched by the `match` on `{}`", owner.node.subject)
            block = owner.block
        return False

    def _caught(self, access: Access) -> tuple[bool, str]:
        """Whether a handler around an access catches what it raises; else what the nearest one catches."""
        caught, missed = self._caught_around(places_of(access), access.error)
        if not caught and self._callers_catch(access.at.scope.function, access.error, 0):
            return self._for("caught by all that call the function"), ""
        return caught, missed

    def _callers_catch(self, function: Scope, error: str, depth: int) -> bool:
        """Whether all calls of a private function stand where the error is caught."""
        key = function, error
        if key not in self._catching:
            self._catching[key] = False
            calls = self.boundaries.callers(function) if depth < MAX_CALLS else []
            self._catching[key] = bool(calls) and all(
                self._caught_around([call], error)[0] or self._callers_catch(call.scope.function, error, depth + 1)
                for call in calls
            )
        return self._catching[key]

    @cached_property
    def _catching(self) -> dict[tuple[Scope, str], bool]:
        return {}

    def _caught_around(self, places: list[At], error: str) -> tuple[bool, str]:
        """Whether a handler around one of some places catches an error; else what the nearest one catches."""
        missed = ""
        for at in places:
            for owner, block in arms_around(at):
                node = owner.node
                if isinstance(node, (cst.Try, cst.TryStar)) and owner.arms[0][1] is block:
                    for handler in node.handlers:
                        if only_raises(handler):
                            continue
                        if self._catches(handler.type, at, error):
                            return self._for(_EXCEPT if handler.type else _BARE, handler.type or handler), ""
                        if handler.type is not None:
                            missed = missed or self.module.code(handler.type, 50)
                elif isinstance(node, cst.With) and any(self._suppresses(item.item, at, error) for item in node.items):
                    return self._for("caught by `with {}`", node.items[0].item), ""
            decorators = decorators_of(with_statements(at.scope))
            if any(_CATCHING.search(self.module.code(one.decorator, 60)) for one in decorators):
                return self._for("caught by a decorator of the function"), ""
        return False, missed

    def _catches(self, kind: cst.BaseExpression | None, at: At, error: str) -> bool:
        if kind is None:
            return True
        if isinstance(kind, cst.Tuple):
            return any(self._catches(element.value, at, error) for element in kind.elements)
        name = dotted(kind) or ""
        if name.rpartition(".")[2] in _CAUGHT_BY.get(error, _CAUGHT_BY["KeyError"]):
            return True
        bound = scopes.lookup(kind.value, at).bindings if isinstance(kind, cst.Name) else ()
        given = (b for b in bound if b.kind == "assign" and isinstance(b.value, (cst.Tuple, cst.Name)))
        binding = next(given, None)
        return binding is not None and self._following.follow(
            binding, lambda: self._catches(binding.value, binding, error), False
        )

    def _suppresses(self, manager: cst.BaseExpression, at: At, error: str) -> bool:
        if not isinstance(manager, cst.Call):
            return False
        name = (dotted(manager.func) or "").rpartition(".")[2]
        if name == "suppress":
            return any(self._catches(arg.value, at, error) for arg in manager.args)
        return bool(_CATCHING.search(name))

    def _missed(self, access: Access) -> str:
        """What the code looks at instead of the accessed key."""
        caught = self._caught(access)[1]
        if caught:
            return f"`except {caught}` does not catch it"
        for decode, at in access.denoted.root.decodes:
            owner, tried = at.block.owner, at.block
            handled = owner is not None and isinstance(owner.node, (cst.Try, cst.TryStar)) and owner.node.handlers
            if owner is not None and handled and owner.arms[0][1] is tried:
                block: Block | None = access.at.block
                while block is not None and block is not tried:
                    block = block.owner.block if block.owner is not None else None
                if block is None and decode is not access.node:
                    return "the `try` covers only the decoding"
        for test, _ in self._conditions(access):
            if isinstance(test, cst.Comparison) and isinstance(test.comparisons[0].operator, (cst.In, cst.NotIn)):
                found = self._find(test.comparisons[0].comparator)
                if found is not None and self._same(found, access):
                    return f"`{self.module.code(test, 40)}` checks another key"
        name = access.denoted.root.receiver
        if name is not None:
            if (name, access.denoted.root.decodes[0][1].scope.function) in self._raised_for:
                return "`raise_for_status()` says nothing of the body"
            for test, _ in self._conditions(access):
                if re.search(
                    rf"\b{re.escape(name)}\.(?:ok|status|status_code|is_success|is_error)\b", self._code(test)
                ):
                    return "the status says nothing of the body"
        return ""

    @cached_property
    def _raised_for(self) -> set[tuple[str | None, Scope]]:
        """The responses on which `raise_for_status` is called, by their spelling and function."""
        return {
            (spelling(call.node.func.value), call.scope.function)
            for call in self.calls_of.get("raise_for_status", ())
            if isinstance(call.node.func, cst.Attribute)
        }

    def _code(self, node: cst.CSTNode) -> str:
        return self.module.code(node, 200)


_EXCEPT = "caught by `except {}`"
_BARE = "caught by a bare `except`"


def _put(denoted: Denoted, mark: str) -> Denoted:
    """A value in one more collection."""
    return denoted._replace(inside=(mark, *denoted.inside))


def _kept(denoted: Denoted, node: cst.CSTNode, at: At) -> Denoted:
    """A value that is put somewhere at a place."""
    return denoted._replace(kept=(*denoted.kept, (node, at))[-MAX_ALIASES:])


def _its_items(denoted: Denoted) -> Denoted:
    """A collection of the items of a value, or of those of what holds it."""
    if denoted.inside:
        return denoted
    return denoted._replace(path=(*denoted.path, ITEM), inside=(HELD,))


def _broken(loop: Compound) -> tuple[cst.CSTNode, bool] | None:
    """The one test by which an endless loop is left; the `break` itself where it ends the body of the loop."""
    if not isinstance(loop.node, cst.While) or dotted(loop.node.test) != "True" or not loop.arms:
        return None
    leaving = list(breaks(loop.node.body))
    if len(leaving) != 1:
        return None
    last = loop.node.body.body[-1] if loop.node.body.body else None
    if isinstance(last, cst.SimpleStatementLine) and leaving[0] in last.body:
        return leaving[0], True
    for inner in loop.arms[0][1].compounds:
        if isinstance(inner.node, cst.If):
            if leaving[0] in breaks(inner.node.body):
                return inner.node.test, True
            if isinstance(inner.node.orelse, cst.Else) and leaving[0] in breaks(inner.node.orelse.body):
                return inner.node.test, False
    return None


def _passed_by_all(loop: Compound) -> Iterator[tuple[cst.BaseExpression, bool]]:
    """The tests that every item of a loop passed, where the loop came to its end."""
    for inner in loop.arms[0][1].compounds:
        if isinstance(inner.node, cst.Assert):
            yield from parts(inner.node.test, True)
        elif isinstance(inner.node, cst.If) and inner.arms[0][1].leaves == "return":
            yield from parts(inner.node.test, False)


def _tests_several(test: cst.Call) -> bool:
    """Whether `any(key in data for key in ("a", "b"))` is about more than one written key."""
    over = test.args[0].value if test.args else None
    if not isinstance(over, (cst.GeneratorExp, cst.ListComp)) or not isinstance(over.elt, cst.Comparison):
        return False
    keys = over.for_in.iter
    return isinstance(keys, (cst.Tuple, cst.List, cst.Set)) and len(keys.elements) > 1


def _covers(one: Access, other: Access) -> bool:
    """Whether a finding at one access makes a second one at the other needless."""
    if one.at.scope is other.at.scope and encloses(one.at, other.at):
        return True
    same = one.container == other.container and one.key == other.key
    return same and one.at.scope.function is other.at.scope.function


def _called(maker: cst.Call) -> cst.BaseExpression:
    """What a call runs: itself, or the function that it hands to a thread."""
    name = maker.func.attr.value if isinstance(maker.func, cst.Attribute) else ""
    handed = HANDED.get(name)
    if handed is not None and handed < len(maker.args):
        return maker.args[handed].value
    return maker.func


def _calls(node: cst.CSTNode, name: str) -> bool:
    """Whether an expression is a call of what has a name: a function that tries again."""
    while isinstance(node, cst.Await):
        node = node.expression
    return isinstance(node, cst.Call) and (dotted(node.func) or "").rpartition(".")[2] == name


def _without_keys(node: cst.BaseExpression) -> cst.BaseExpression:
    """The mapping of `data.keys()`."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "keys":
        return node.func.value
    return node


def _is_empty(binding: Binding) -> bool:
    """Whether a binding gives an attribute nothing yet: `None`, `{}`, or an annotation alone."""
    value = binding.value
    if binding.kind == "annotate":
        return True
    if binding.kind != "assign" or binding.path:
        return False
    if isinstance(value, (cst.Dict, cst.List)):
        return not value.elements
    if isinstance(value, cst.Call) and last_name(value.func) in ("field", "Field"):
        return True
    return dotted(value) == "None"


def _is_index(key: str) -> bool:
    return bool(re.fullmatch(r"-?\d+", key))


def _error(key: str) -> str:
    """What an access by a key that is not there raises, as far as the key tells."""
    if _is_index(key):
        return "IndexError"
    return "KeyError" if key[:1] in "'\"" else "LookupError"


def is_loose(annotation: cst.BaseExpression) -> bool:
    """Whether an annotation says no more than that there is a dictionary or list."""
    while isinstance(annotation, cst.Subscript):
        annotation = annotation.value
    return (dotted(annotation) or "").rpartition(".")[2] in _LOOSE


def is_plain(value: cst.BaseExpression, function: Scope) -> bool:
    """Whether what a function returns besides data is a literal, or what it gives itself when it tries again."""
    return isinstance(value, _LITERAL) or dotted(value) in _CONSTANTS or _calls(value, function.name)


def only_raises(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> bool:
    body = handler.body.body
    first: cst.CSTNode | None = body[0] if len(body) == 1 else None
    if isinstance(first, cst.SimpleStatementLine):
        first = first.body[0] if len(first.body) == 1 else None
    return isinstance(first, cst.Raise) and first.exc is None


_LOOSE = frozenset(
    ("dict", "Dict", "list", "List", "Any", "Mapping", "MutableMapping", "Sequence", "object", "Iterable")
)
_RESPONSES = ("response", "resp", "res", "rsp")
_LITERAL = (cst.Dict, cst.List, cst.Tuple, cst.BaseString, cst.BaseNumber)
_WRITTEN = (cst.Tuple, cst.List, cst.Set)
_ONE_OF = ("next", "min", "max")
_ALL_OF = ("range", "len", "list", "sorted", "iter")
_CONSTANTS = ("None", "False", "True")
#: Tests that hold for type checkers only.
_NEVER = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
#: Methods of a text that leave what is decoded from it the same.
_UNCHANGED = ("decode", "encode", "strip", "lstrip", "rstrip", "removeprefix", "replace", "getvalue")
_SAME = frozenset(("dict", "OrderedDict", "collections.OrderedDict"))
_FILLING = frozenset(("append", "add", "appendleft", "insert", "extend", "update"))
SCALARS = frozenset(("str", "int", "float", "bool", "bytes", "datetime.datetime", "datetime.date", "decimal.Decimal"))
_COPYING = frozenset(("copy", "deepcopy"))
_SILENT = frozenset(("len", "str", "repr", "print", "bool", "hasattr", "id", "type", "dumps", "callable"))
_CHECKS = re.compile(
    r"(?i)valid|check|ensure|verify|assert|schema|raise_(?:for|on|if)|sanit|conform|expect|require|is_error|has_error"
)
_CATCHING = re.compile(
    r"(?i)suppress|catch|swallow|handle_?(?:api_?)?(?:err|exc)|(?:err|exc)\w*_handler|ignore_err|safe_"
)
_BROAD = ("Exception", "BaseException")
_CAUGHT_BY = {
    "KeyError": frozenset(("KeyError", "LookupError", *_BROAD)),
    "LookupError": frozenset(("KeyError", "IndexError", "LookupError", *_BROAD)),
    "IndexError": frozenset(("IndexError", "KeyError", "LookupError", *_BROAD)),
    "ValueError": frozenset(("ValueError", "TypeError", *_BROAD)),
    "TypeError": frozenset(("TypeError", *_BROAD)),
}
