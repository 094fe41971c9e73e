"""What a module tells others of decoded data: what its functions give and take, and what it leaves to others.

A call of something that another module may define is followed as if it gave decoded data, or a response, where what
it gives is used like it. Whether it does is decided when files are linked, see `families.http.link`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.dataflow.access_paths import MAX_ROUNDS, Access, Denoted, Given, Needs, Root, Step
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Block, Call, Scope, first_parameter, method_kind
from veteran.analysis.semantics.places import spelling
from veteran.analysis.syntax.expressions import dotted, last_name
from veteran.analysis.syntax.nodes import string_value
from veteran.analysis.types.decorators import SAME, does, keeps_result, only
from veteran.analysis.types.values import Instance, Local
from veteran.families.http.access_checks import Unchecked
from veteran.families.http.client_reach import reach_of
from veteran.families.http.deferred_checks import argument_of, may_be_on_class
from veteran.families.http.exception_handlers import only_raises
from veteran.families.http.fact_types import AnswerFacts, BareFact, DataFact, GivenFact, PlaceFact, TakenFact
from veteran.families.http.json_access import SCALARS, Decoded, decoded, is_loose, is_plain
from veteran.families.http.validators import raises_or_checks
from veteran.findings import Confidence

if TYPE_CHECKING:
    from veteran.analysis.module import Module

#: The key of nothing: whether what it stands for would be checked whatever it is.
_ANYTHING = "'\0'"
_MAX_BARE = 8
_MAX_SEEN = 60
_MAX_SUPPOSED = 60
_KEYED = re.compile(r"\[[rbu]?[\"']")
_SAYS_DATA = re.compile(r"->\s*[\"']?(?:\w+\.)?(?:dict|list|Any|Dict|List|Mapping|Sequence|Iterable|Optional)\b")
#: Methods of data, and functions, that give it or a part of it.
_OF_DATA = frozenset(("get", "items", "values", "pop", "copy", "setdefault"))
_AROUND = frozenset(("enumerate", "list", "sorted", "reversed", "iter", "next", "dict", "tuple"))
_BINDING = frozenset(("assign", "walrus", "for"))
_BODIES = frozenset(("text", "content", "read", "data"))
_BROAD = "BaseException"


def answers_of(module: Module) -> AnswerFacts:
    """The facts of one module."""
    return _Answers(module).collect()


def bare_fact(module: Module, found: Decoded, access: Access, missed: str, confidence: Confidence) -> BareFact:
    """An access as plain data."""
    through = access.denoted.through
    path = [*access.container]
    root = access.denoted.root
    for _ in range(MAX_ROUNDS + 1):
        if root.source is None:
            break
        path[:0] = root.base
        root = root.source
    return BareFact(
        module.tree.span(through[0] if through is not None else access.node),
        shown(module, access.node),
        tuple(path),
        access.key,
        access.kind,
        access.error,
        confidence,
        missed,
        module.code(through[0].func, 40) if through is not None else "",
        module.tree.span(access.node) if through is not None else None,
        doubts=found.doubts(access),
    )


def shown(module: Module, node: cst.CSTNode) -> str:
    """The code of an access, its key kept where the whole is too long."""
    whole = module.code(node, 60)
    if not whole.endswith("…") or not isinstance(node, cst.Subscript):
        return whole
    part = node.slice[0].slice
    key = module.code(part.value if isinstance(part, cst.Index) else part, 30)
    return f"{module.code(node.value, 40)}[{key}]"


def places(event: Unchecked) -> tuple[PlaceFact, ...]:
    """The response, and where it was decoded."""
    module, access, root = event.module, event.first, event.root
    through = access.denoted.through
    steps = []
    if isinstance(root.origin, Binding) and root.origin.target is not None:
        text = f"`{module.code(root.origin.target, 40)}` is the response"
        steps.append(PlaceFact(module.tree.span(root.origin.target), text))
    decode, _ = root.decodes[0]
    if decode is not (through[0] if through else access.node) and decode is not getattr(access.node, "value", None):
        text = "decoded here" if root.needs is None or root.needs.kind == "response" else "the data comes from here"
        steps.append(PlaceFact(module.tree.span(decode), text))
    return tuple(steps)


class _Answers:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.text = module.source.parse_text
        self.lowered = module.lowered
        self._literals: dict[Scope, tuple[str, ...]] = {}

    def collect(self) -> AnswerFacts:
        self.keyed, self.stops = self._keyed()
        clients = "json" in self.text or "loads(" in self.text
        found: Decoded | None = None
        events: list[Unchecked] = []
        certain: set[Root] = set()
        if clients and self.module.glance.once(reach_of).clients:
            found = decoded(self.module)
            real = found.unchecked
            certain = {event.root for event in real if not found.doubts(event.first)}
            events += [event for event in real if event.root not in certain]
        if clients or self.keyed or self.stops or _SAYS_DATA.search(self.text):
            found = decoded(self.module)
            pending = [*self._supposed(found, clients)]
            if pending:
                events += found.judged(pending)
        data = tuple(self._data(found, events, certain)) if found is not None else ()
        given = self._given(found) if found is not None else {}
        return AnswerFacts(data, given, self._taken(), self._catches())

    def _keyed(self) -> tuple[set[str], set[int]]:
        """The names that are indexed by a text anywhere, and where the calls end that are."""
        names: set[str] = set()
        stops: set[int] = set()
        text = self.text
        for match in _KEYED.finditer(text):
            stop = match.start()
            while stop and text[stop - 1] == "]":  # `name[0]["key"]`
                before = text.rfind("[", max(0, stop - 60), stop)
                if before <= 0:
                    break
                stop = before
            if not stop:
                continue
            last = text[stop - 1]
            if last == ")":
                stops.add(stop)
            elif last.isidentifier() or last.isdigit():
                start = stop - 1
                while start and (text[start - 1].isidentifier() or text[start - 1].isdigit()):
                    start -= 1
                names.add(text[start:stop])
        return names, stops

    # Data of which other modules decide

    def _supposed(self, found: Decoded, clients: bool) -> Iterator[Step]:
        """What is followed as if it were decoded data."""
        for number, (call, needs) in enumerate(self._suppositions(found, clients)):
            if number >= _MAX_SUPPOSED:
                return
            receiver = None
            key: object = call.node
            if needs.kind == "response" and isinstance(call.node.func, cst.Attribute):
                receiver = spelling(call.node.func.value)
                if receiver is not None:
                    bound = scopes.lookup(re.split(r"[.\[]", receiver, maxsplit=1)[0], call).bindings
                    key = (receiver, bound, call.scope.function)
            if key not in found.roots:
                what = call.node.func
                if needs.kind == "response" and isinstance(what, cst.Attribute):
                    what = what.value
                maker = f"the answer of `{self.module.code(self._made_by(what, call), 40)}`"
                root = found.roots[key] = Root(Confidence.MEDIUM, maker, None, receiver)
                root.needs = needs
            root = found.roots[key]
            root.decodes.append((call.node, call))
            yield call.node, call, Denoted(root, call.node)

    def _made_by(self, node: cst.BaseExpression, at: At) -> cst.BaseExpression:
        """What is called that gives a value, where it is written out."""
        for _ in range(4):
            if isinstance(node, cst.Await):
                node = node.expression
            elif isinstance(node, cst.Call):
                return node.func
            elif isinstance(node, cst.Name):
                bound = scopes.lookup(node.value, at).bindings
                value = bound[0].value if len(bound) == 1 and bound[0].kind in ("assign", "walrus", "with") else None
                if not isinstance(value, cst.BaseExpression) or bound[0].path:
                    return node
                node, at = value, bound[0]
        return node

    def _suppositions(self, found: Decoded, clients: bool) -> Iterator[tuple[Call, Needs]]:
        seen: set[int] = set()
        if clients:
            for name in ("json", "loads", "load"):
                for call in self.module.lowered.index.named.get(name, ()):
                    needs = self._of_response(found, call)
                    if needs is not None:
                        seen.add(id(call.node))
                        yield call, needs
        wanted = {id(node): node for node in self._used_as_data()}
        if self.stops:
            for call in self.lowered.calls:
                try:
                    stop = self.module.tree.range(call.node)[1]
                except KeyError:
                    continue
                if stop in self.stops:
                    wanted[id(call.node)] = call.node
        for at in self.lowered.calls if wanted else ():
            node = at.node
            if id(node) not in wanted or id(node) in seen or node in found.known or node in found.holding:
                continue
            target = found.names.callee(node, at)
            last = target.rpartition(".")[2]
            if last[:1].isupper() or last in self.module.catalog.names["validator_like"] or "model_" in last:
                continue  # makes an object, or data of one
            if found.may_be_own(target) and not self._is_own(node, at):
                yield at, Needs("decoded", target)

    def _is_own(self, node: cst.Call, at: At) -> bool:
        return any(isinstance(value, Local) for value in self.module.types.of(node.func, at))

    def _of_response(self, found: Decoded, call: Call) -> Needs | None:
        """What `json()` or `loads` is called on or with, where it may be another module's response."""
        func, args = call.node.func, call.node.args
        if call.node in found.known:
            return None
        name = last_name(func)
        if name == "json" and isinstance(func, cst.Attribute):
            if any(arg.keyword is None for arg in args):
                return None
            receiver, by = func.value, "json"
        elif name in ("loads", "load") and args:
            inner: cst.BaseExpression = args[0].value
            while isinstance(inner, (cst.Await, cst.Call)):
                if isinstance(inner, cst.Await):
                    inner = inner.expression
                elif isinstance(inner.func, cst.Attribute) and inner.func.attr.value in ("decode", "strip"):
                    inner = inner.func.value
                else:
                    inner = inner.func
            if not isinstance(inner, cst.Attribute) or inner.attr.value not in _BODIES:
                return None
            if not found.decodings.is_loading(func, call):
                return None
            receiver, by = inner.value, inner.attr.value
        else:
            return None
        target = found.names.given(receiver, call)
        return Needs("response", target, by) if found.may_be_own(target) else None

    def _used_as_data(self) -> Iterator[cst.Call]:
        """The calls whose results have names that are indexed by a text; or are returned as plain data."""
        names = set(self.keyed)
        pending = names
        for _ in range(3):
            fresh: set[str] = set()
            for scope in self.lowered.scopes:
                for name in scope.bindings.keys() & pending:
                    for binding in scope.bindings[name]:
                        value = binding.value
                        if binding.kind not in _BINDING or not isinstance(value, cst.BaseExpression):
                            continue
                        base = self._base(value, binding, names)
                        if isinstance(base, cst.Call):
                            yield base
                        elif base is not None and base.value not in names:
                            fresh.add(base.value)
            if not fresh:
                break
            names |= fresh
            pending = fresh
        for scope in self.lowered.scopes:
            node = scope.node
            if not isinstance(node, cst.FunctionDef) or node.returns is None or not is_loose(node.returns.annotation):
                continue
            for value, _ in scope.returns:
                given = value.expression if isinstance(value, cst.Await) else value
                if isinstance(given, cst.Call):
                    yield given

    def _base(self, node: cst.BaseExpression, at: At, names: set[str]) -> cst.Name | cst.Call | None:
        """The name or call that gives what an expression is or takes a part of."""
        for _ in range(12):
            if isinstance(node, cst.Await):
                node = node.expression
            elif isinstance(node, (cst.Subscript, cst.Attribute)):
                node = node.value
            elif isinstance(node, cst.BooleanOperation):
                node = node.left
            elif isinstance(node, cst.Call):
                func = node.func
                if isinstance(func, cst.Name) and func.value in _AROUND and node.args:
                    node = node.args[0].value
                    continue
                if not isinstance(func, cst.Attribute) or func.attr.value not in _OF_DATA:
                    return node
                inner = func.value
                if isinstance(inner, cst.Call) or (isinstance(inner, cst.Name) and self._is_data(inner, at, names)):
                    node = inner
                    continue
                return node
            else:
                return node if isinstance(node, cst.Name) else None
        return None

    def _is_data(self, name: cst.Name, at: At, names: set[str]) -> bool:
        """Whether a name is bound to what some call gave that is no object."""
        if name.value in names:
            return True
        if any(isinstance(value, (Instance, Local)) for value in self.module.types.of(name, at)):
            return False
        bound = scopes.lookup(name.value, at).bindings
        value = bound[0].value if len(bound) == 1 and bound[0].kind in ("assign", "walrus") else None
        while isinstance(value, cst.Await):
            value = value.expression
        return isinstance(value, cst.Call)

    def _data(self, found: Decoded, events: list[Unchecked], certain: set[Root]) -> Iterator[DataFact]:
        by_root: dict[Root, list[Unchecked]] = {}
        for event in events:
            by_root.setdefault(event.root, []).append(event)
        for root in dict.fromkeys(found.roots.values()):
            if root in certain:
                continue
            several = by_root.get(root, [])
            bare = []
            for event in several:
                bare.append(bare_fact(self.module, found, event.first, event.missed, event.confidence))
                bare += [bare_fact(self.module, found, one, "", one.confidence) for one in event.later]
            bare = bare[:_MAX_BARE]
            bare += self._passed(found, root)
            if not bare:
                continue
            access = several[0].first if several else None
            function = (access.at if access else root.decodes[0][1]).scope.function
            needs = self._needs(root)
            yield DataFact(
                found.names.keys.get(function, ""),
                tuple(sorted(self.module.contexts.of(function))),
                *(needs or ("", "", "")),
                root.maker,
                places(several[0]) if several else (),
                self._seen(root),
                tuple(bare),
            )

    def _passed(self, found: Decoded, root: Root) -> Iterator[BareFact]:
        """The calls of other modules' functions that are given the data."""
        for passed in root.passed:
            target = found.called(passed.call, passed.at)
            argument = argument_of(passed.call, passed.arg)
            if not target or not argument or argument == "**" or root.source is not None:
                continue
            access = Access(passed.arg.value, passed.at, passed.denoted, _ANYTHING, "given", "KeyError")
            look = found.checks.checked(access)
            if look == "yes":
                continue
            before = passed.denoted.trail
            low = look == "type" or any(found.checks.checked(step) != "no" for step in before)
            yield BareFact(
                self.module.tree.span(passed.call),
                self.module.code(passed.call.func, 40),
                passed.denoted.path,
                "",
                "given",
                "KeyError",
                Confidence.LOW if low else min(Confidence.MEDIUM, root.sure),
                "",
                given=target,
                on_class=may_be_on_class(self.module, passed.call, passed.at),
                argument=argument,
                doubts=found.doubts(access),
            )

    @staticmethod
    def _needs(root: Root) -> Needs | None:
        return root.needs

    def _seen(self, root: Root) -> tuple[str, ...]:
        """The keys that the functions around a value ask about anywhere."""
        keys = {}
        one: Root | None = root
        for _ in range(MAX_ROUNDS + 1):
            if one is None:
                break
            functions = {at.scope.function for _, at in one.decodes}
            functions |= {at.scope.function for several in one.elsewhere for _, at in several}
            for function in functions:
                keys.update(dict.fromkeys(self._tested(function)))
            one = one.source
        return tuple(keys)[:_MAX_SEEN]

    def _tested(self, function: Scope) -> tuple[str, ...]:
        """The texts in the tests of a function."""
        if function not in self._literals:
            found: dict[str, None] = {}
            pending: list[Block] = [function.body]
            while pending:
                for compound in pending.pop().compounds:
                    pending += [arm for _, arm in compound.arms]
                    node = compound.node
                    if isinstance(node, (cst.If, cst.While, cst.Assert)):
                        found.update(dict.fromkeys(_texts(node.test)))
                    elif isinstance(node, cst.For):
                        found.update(dict.fromkeys(_texts(node.iter)))
            self._literals[function] = tuple(found)
        return self._literals[function]

    # What functions give

    def _given(self, found: Decoded) -> dict[str, tuple[GivenFact, ...]]:
        facts: dict[str, tuple[GivenFact, ...]] = {}
        for scope, given in found.returned.items():
            key = found.names.keys.get(scope)
            node = scope.node
            if (
                key is None
                or not isinstance(node, cst.FunctionDef)
                or not keeps_result(node, self.module.catalog)
                or scope.entry is None
            ):
                continue
            if node.returns is not None:
                said = self.module.types.annotation(node.returns.annotation, scope.entry)
                if said and all(isinstance(value, Instance) and value.type in SCALARS for value in said):
                    continue
            returned = scope.yielded if scope.yields else scope.returns
            nodes = [one.node for one in given]
            rest = [value for value, _ in returned if value is not None and value not in nodes]
            plain = all(is_plain(value, scope) for value in rest)
            several = tuple(fact for one in given if (fact := self._one_given(found, one, plain)) is not None)
            if several:
                facts[key] = tuple(dict.fromkeys(several))[:4]
        return facts

    def _one_given(self, found: Decoded, given: Given, plain: bool) -> GivenFact | None:
        denoted = given.denoted
        if denoted.soft or denoted.homes or denoted.shape != "value":
            return None
        access = Access(given.node, given.at, denoted, _ANYTHING, "key", "KeyError")
        look = found.checks.looked_at_before(access)
        if look == "yes":
            return None
        root, path = denoted.root, denoted.path
        seen = {one.key: None for one in root.accesses}
        seen.update(dict.fromkeys(self._tested(given.at.scope.function)))
        for _ in range(MAX_ROUNDS + 1):
            seen.update(dict.fromkeys(self._seen(root)))
            if root.source is None:
                break
            seen.update({one.key: None for one in root.source.accesses})
            path = (*root.base, *path)
            root = root.source
        needs = root.needs or ("", "", "")
        decode = root.decodes[0][0]
        kept = tuple(key for key in seen if key[:1] in "'\"")[:_MAX_SEEN]
        span = self.module.tree.span(decode)
        return GivenFact(*needs, root.maker, path, denoted.inside, kept, plain and look == "no", span)

    # What functions take

    def _taken(self) -> dict[str, tuple[TakenFact, ...]]:
        """What functions do with what they are given: read it by key, or raise for some of it."""
        facts: dict[str, tuple[TakenFact, ...]] = {}
        pending: list[Step] = []
        roots: dict[Root, tuple[Scope, str]] = {}
        checks: dict[tuple[Scope, str], tuple[str, ...]] = {}
        found: Decoded | None = None
        for scope in self.lowered.scopes:
            node = scope.node
            if not isinstance(node, cst.FunctionDef) or (scope.parent and scope.parent.kind == "function"):
                continue
            names = [parameter.name.value for parameter in _loose(scope, node)]
            if not names:
                continue
            text = self.module.tree.code(node)
            judges = raises_or_checks(text, self.module.catalog)
            for name in names:
                read = name in self.keyed and only(node.decorators, SAME, self.module.catalog)
                if not read and not judges:
                    continue
                found = found or Decoded(self.module, decoded(self.module))
                if judges:
                    kinds = tuple(
                        kind
                        for kind in ("data", "response")
                        if found.checks.boundaries.raises(scope, name, response=kind == "response")
                    )
                    if kinds:
                        checks[scope, name] = kinds
                if read and "data" not in checks.get((scope, name), ()):
                    for binding in scope.bindings.get(name, ()):
                        if binding.kind == "parameter":
                            root = Root(Confidence.MEDIUM, "", binding, None)
                            root.decodes.append((node, binding))
                            found.roots[binding] = root
                            roots[root] = scope, name
                            denoted = Denoted(root, node)
                            pending += [(use.node, use, denoted) for use in self.module.uses.of(binding)]
        bare: dict[tuple[Scope, str], tuple[BareFact, ...]] = {}
        if found is not None and pending:
            for event in found.judged(pending):
                if event.root in roots and event.first.denoted.through is None:
                    fact = bare_fact(self.module, found, event.first, event.missed, event.confidence)
                    bare.setdefault(roots[event.root], (fact,))
        if found is not None:
            for scope, name in dict.fromkeys((*checks, *bare)):
                taken = TakenFact(name, checks.get((scope, name), ()), bare.get((scope, name), ()))
                key = found.names.keys.get(scope, "")
                facts[key] = (*facts.get(key, ()), taken)
        return facts

    # What catches

    def _catches(self) -> dict[str, tuple[str, ...]]:
        """What decorators and context managers catch, and names that stand for several exceptions."""
        facts: dict[str, tuple[str, ...]] = {}
        for name, bound in self.lowered.module.bindings.items():
            value = bound[0].value if len(bound) == 1 and bound[0].kind == "assign" and not bound[0].path else None
            if isinstance(value, cst.Tuple) and name.isupper():
                kinds = [last_name(element.value) for element in value.elements]
                if kinds and all(kind.endswith(("Error", "Exception")) for kind in kinds):
                    facts[name] = tuple(kinds)
        if "except" not in self.text:
            return facts
        for scope in self.lowered.scopes:
            node = scope.node
            if not isinstance(node, cst.FunctionDef):
                continue
            if does(node.decorators, "manages", self.module.catalog):
                caught = [name for _, at in scope.yielded for name in _caught(at)]
                if caught:
                    facts[scope.qualname] = tuple(dict.fromkeys(caught))
        nested = {s for s in self.lowered.scopes if s.kind == "function" and s.parent and s.parent.kind == "function"}
        for call in self.lowered.calls if nested else ():
            func = call.node.func
            inner = call.scope.function
            if type(func) is not cst.Name or inner not in nested or not _is_tried(call):
                continue
            named = scopes.lookup(func.value, call).bindings
            if len(named) != 1 or named[0].kind != "parameter" or named[0].scope is inner:
                continue
            outer: Scope = inner
            while outer.parent is not None and outer.parent.kind == "function":
                outer = outer.parent
            caught = list(_caught(call))
            if caught:
                facts[outer.qualname] = tuple(dict.fromkeys((*facts.get(outer.qualname, ()), *caught)))
        return facts


def _is_tried(at: At) -> bool:
    """Whether a place stands in a compound statement."""
    return at.block.owner is not None


def _caught(at: At) -> Iterator[str]:
    """The exceptions that handlers around a place catch, within its function."""
    block: Block | None = at.block
    while block is not None and block.owner is not None:
        owner = block.owner
        if isinstance(owner.node, (cst.Try, cst.TryStar)) and owner.arms[0][1] is block:
            for handler in owner.node.handlers:
                if only_raises(handler):
                    continue
                if handler.type is None:
                    yield _BROAD
                else:
                    kinds = handler.type.elements if isinstance(handler.type, cst.Tuple) else ()
                    nodes = [element.value for element in kinds] or [handler.type]
                    yield from (last_name(node) for node in nodes)
        block = owner.block


def _loose(scope: Scope, node: cst.FunctionDef) -> Iterator[cst.Param]:
    """The parameters that may receive decoded data or a response."""
    own = None
    if scope.parent is not None and scope.parent.kind == "class":
        if len(node.params.params) == 1 and not node.params.kwonly_params:
            return
        if method_kind(scope) != "static":
            own = first_parameter(scope)
    for parameter in (*node.params.posonly_params, *node.params.params, *node.params.kwonly_params):
        if parameter.name.value == own:
            continue
        annotation = parameter.annotation.annotation if parameter.annotation else None
        if annotation is None or is_loose(annotation) or _says_response(annotation):
            yield parameter


def _says_response(annotation: cst.BaseExpression) -> bool:
    return "Response" in (dotted(annotation) or "").rpartition(".")[2]


def _texts(node: cst.CSTNode) -> Iterator[str]:
    """The texts in an expression, as keys."""
    from veteran.analysis.syntax.nodes import children

    pending = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, cst.SimpleString):
            yield repr(string_value(item))
        elif not isinstance(item, (cst.Lambda, cst.FormattedString)):
            pending += children(item)
