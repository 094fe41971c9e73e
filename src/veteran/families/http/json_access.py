"""Values decoded from HTTP responses: where they go, and which accesses nothing on the way has checked.

Every expression that denotes a decoded value, or a part of one, is known by its root (all decodings of one response)
and the keys that lead to it. Accesses are judged when all of them are known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.dataflow.access_paths import (
    ANY,
    HELD,
    ITEM,
    KEYS,
    MAX_CALLS,
    MAX_ROUNDS,
    UNDER,
    Access,
    Denoted,
    Given,
    Home,
    Passed,
    Path,
    Root,
    Step,
    items_of,
    merge,
    put_into,
)
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Call, Scope, first_parameter
from veteran.analysis.syntax.expressions import all_parameters, dotted, last_name
from veteran.analysis.syntax.python import KEEPS_EVERY
from veteran.analysis.types.calls import taker
from veteran.analysis.types.decorators import SAME, keeps_result, only
from veteran.analysis.types.values import Instance, Local, Ref
from veteran.families.http.access_checks import AccessChecks, Unchecked
from veteran.families.http.calls import checks_argument
from veteran.families.http.client_reach import reach_of
from veteran.families.http.containers import FILLING, MAX_HELD, Containers
from veteran.families.http.decodings import Decodings, not_told
from veteran.families.http.deferred_checks import Doubts
from veteran.families.http.keys import error_of, key_text, keys_put
from veteran.findings import Confidence
from veteran.project.targets import Names

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.families.http.fact_types import Doubt

#: More expressions than this are not followed from one response.
MAX_DENOTED = 2_000
#: Calls of other modules that are given a value.
MAX_PASSED = 8
_END = 1 << 60


def events(module: Module) -> Iterator[Unchecked]:
    """Each decoded value of the module with an unchecked access, where no other module may know better."""
    found = decoded(module)
    clients = module.glance.once(reach_of).clients
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
        self.kept: list[tuple[Binding, Denoted]] = []
        self.names: Names = beside.names if beside is not None else Names(module)
        self.decodings = Decodings(module, self.roots)
        self.containers = Containers(module, self.known, self.holding, self._read)
        self.checks = AccessChecks(module, self.known, self.roots, self.containers.mixed)
        self._doubts = Doubts(module, self.names, self.known, lambda: self.checks.given_to)

    def may_be_own(self, target: str) -> bool:
        """Whether a target may be of the project."""
        return self._doubts.may_be_own(target)

    def called(self, call: cst.Call, at: At) -> str:
        """What a call is of, where that may be of the project; else empty."""
        return self._doubts.target(call, at)

    def doubts(self, access: Access) -> tuple[Doubt, ...]:
        """What other modules may know of an access: what is given the value before, or may catch what it raises."""
        return self._doubts.of(access)

    @cached_property
    def unchecked(self) -> list[Unchecked]:
        """Follows every decoding, then judges the accesses."""
        pending: list[Step] = []
        for call in self.module.lowered.calls:
            self.module.judged = call.node
            root = self.decodings.root(call)
            if root is not None:
                root.decodes.append((call.node, call))
                pending.append((call.node, call, Denoted(root, call.node)))
        return self.judged(pending)

    def judged(self, pending: list[Step]) -> list[Unchecked]:
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
        self.checks.forget()
        self._doubts.forget()
        roots = [root for root in dict.fromkeys(self.roots.values()) if root not in before]
        return [event for root in roots for event in self.checks.judge(root)]

    # From function to function

    def _follow_answers(self) -> None:
        """Follows what functions of this module return to where they are called, from one to the next."""
        for _ in range(MAX_ROUNDS):
            fresh = [(scope, given) for scope, given in self.returned.items() if scope not in self.answered]
            if not fresh:
                return
            self.answered.update(scope for scope, _ in fresh)
            self._follow([found for scope, given in fresh for found in self._answers(scope, given)])

    def _answers(self, scope: Scope, given: list[Given]) -> Iterator[Step]:
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
        for call in self.module.lowered.index.named.get(scope.name, ()):
            if self.types.of(call.node.func, call) == (Local(scope),):
                yield call, call.node, ()
        for call, index in self._handing.get(scope.name, ()):
            if self.types.of(call.node.args[index].value, call) == (Local(scope),):
                yield call, call.node, (HELD,) if last_name(call.node.func) in self.module.catalog.runs["each"] else ()

    @cached_property
    def _handing(self) -> dict[str, list[tuple[Call, int]]]:
        """The calls that run a function they are given, by the function's bare name."""
        found: dict[str, list[tuple[Call, int]]] = {}
        catalog = self.module.catalog
        for call in self.module.lowered.calls:
            name = last_name(call.node.func)
            index = catalog.runs["each"].get(name, catalog.calling.get(name))
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

    def _attributes(self) -> Iterator[Step]:
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

    def _follow(self, pending: list[Step]) -> None:
        waiting = deque(pending)  # what is nearest to the decoding comes first
        while waiting:
            node, at, denoted = waiting.popleft()
            if denoted.inside:
                if (node, denoted.inside) in self.held:
                    merge(self.held[node, denoted.inside].root, denoted.root)
                    continue
                if denoted.root.held > MAX_HELD:
                    continue
                denoted.root.held += 1
                self.held[node, denoted.inside] = denoted
                self.holding.add(node)
            else:
                if node in self.known:
                    merge(self.known[node].root, denoted.root)
                    continue
                if denoted.root.denoted > MAX_DENOTED:
                    denoted.root.cut = True
                    continue
                denoted.root.denoted += 1
                self.known[node] = denoted
            parent = self.module.uses.parent(node, at)
            if parent is not None:
                waiting += self._around(node, parent, at, denoted)
            for binding in self.module.once(_bound_from).get(node, ()):
                waiting += self._bound(binding, denoted, at)

    def _around(self, node: cst.CSTNode, parent: cst.CSTNode, at: At, denoted: Denoted) -> Iterator[Step]:
        """What the node around a denoting one does with it."""
        value = denoted.shape == "value"
        same = isinstance(parent, (cst.Await, cst.BooleanOperation))
        same = same or (isinstance(parent, cst.NamedExpr) and parent.value is node)
        if same or (isinstance(parent, cst.IfExp) and parent.test is not node):
            yield parent, at, denoted
        elif isinstance(parent, cst.Subscript) and parent.value is node and value:
            if denoted.inside:
                yield from self.containers.taken_by_key(parent, at, denoted)
            else:
                yield from self._subscript(parent, at, denoted)
        elif isinstance(parent, cst.Attribute) and parent.value is node and value:
            call = self.module.uses.parent(parent, at)
            if isinstance(call, cst.Call) and call.func is parent:
                if denoted.inside:
                    yield from self.containers.taken_by_method(call, parent.attr.value, at, denoted)
                else:
                    yield from self._method(call, parent.attr.value, at, denoted)
        elif isinstance(parent, cst.Arg):
            call = self.module.uses.parent(parent, at)
            if isinstance(call, cst.Call):
                yield from self._argument(call, parent, at, denoted)
        elif isinstance(parent, (cst.Return, cst.Yield, cst.From)):
            if value and denoted.through is None:
                if isinstance(parent, cst.From):
                    denoted = items_of(denoted)
                elif isinstance(parent, cst.Yield):
                    denoted = denoted._replace(inside=(HELD, *denoted.inside))
                self.returned.setdefault(at.scope.function, []).append(Given(denoted, node, at))
        elif value:
            yield from self.containers.collected(node, parent, at, denoted)

    def _subscript(self, node: cst.Subscript, at: At, denoted: Denoted) -> Iterator[Step]:
        parent = self.module.uses.parent(node, at)
        if len(node.slice) != 1 or not isinstance(node.slice[0].slice, cst.Index):
            yield node, at, denoted  # a slice
            return
        key = key_text(self.module, node.slice[0].slice.value, at)
        if isinstance(parent, (cst.AssignTarget, cst.AnnAssign)) and parent.target is node:
            for put in keys_put(self.module, node.slice[0].slice.value, at):
                denoted.root.stored.append(((*denoted.path, put), at))
            return
        yield node, at, self._accessed(node, at, denoted, key, "key", error_of(key))

    def _accessed(self, node: cst.CSTNode, at: At, denoted: Denoted, key: str, kind: str, error: str) -> Denoted:
        access = Access(node, at, denoted, key, kind, error)
        denoted.root.accesses.append(access)
        return denoted._replace(path=(*denoted.path, key), trail=(*denoted.trail, access), shape="value")

    def _method(self, call: cst.Call, method: str, at: At, denoted: Denoted) -> Iterator[Step]:
        if method in ("get", "pop", "setdefault") and call.args and not call.args[0].star:
            key = key_text(self.module, call.args[0].value, at)
            if method == "pop" and len(call.args) == 1:
                yield call, at, self._accessed(call, at, denoted, key, "key", error_of(key))
                return
            if method == "setdefault":
                for put in keys_put(self.module, call.args[0].value, at):
                    denoted.root.stored.append(((*denoted.path, put), at))
            not_told(self.module, call, at, f"`{method}` raises nothing for a missing key")
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
                        yield key_text(self.module, element.key, at)
            elif arg.value not in self.known:
                yield ANY

    def _argument(self, call: cst.Call, arg: cst.Arg, at: At, denoted: Denoted) -> Iterator[Step]:
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
        elif last in FILLING and isinstance(call.func, cst.Attribute) and call.args[-1] is arg:
            yield from self.containers.added(call.func, last, arg, at, denoted)
        elif first and self._gives_later(call, at):
            yield call, at, denoted
        elif last == "gather" and not self._is_own(call, at):
            if not any(a.star for a in call.args):
                yield call, at, put_into(denoted, f"#{call.args.index(arg)}")
        elif last == "as_completed" and denoted.inside:
            yield call, at, denoted
        elif denoted.calls < MAX_CALLS and denoted.shape == "value":
            yield from self._passed(call, arg, at, denoted)

    def _gives_later(self, call: cst.Call, at: At) -> bool:
        """Whether a call gives its first argument: as a copy, or as what a task of it gives."""
        name = last_name(call.func)
        if name in _COPYING:
            return dotted(call.func) in (name, f"copy.{name}") and not self._is_own(call, at)
        return name in self.module.catalog.waiting and self.decodings.responses.waits(call, at)

    def _is_own(self, call: cst.Call, at: At) -> bool:
        """Whether a function of this module is called."""
        return any(isinstance(value, Local) for value in self.types.of(call.func, at))

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

    def _passed(self, call: cst.Call, arg: cst.Arg, at: At, denoted: Denoted) -> Iterator[Step]:
        """The uses of the parameter that receives the value, in a function of this module."""
        values = self.types.of(call.func, at)
        if len(values) != 1 or not isinstance(values[0], Local):
            plain = denoted.through is None and not denoted.soft and not denoted.inside
            if plain and len(denoted.root.passed) < MAX_PASSED and not checks_argument(self.module, call, at):
                denoted.root.passed.append(Passed(call, arg, at, denoted))
            return
        if checks_argument(self.module, call, at):
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

    def _bound(self, binding: Binding, denoted: Denoted, at: At) -> Iterator[Step]:
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

    def _read(self, binding: Binding, denoted: Denoted) -> Iterator[Step]:
        if isinstance(binding.target, cst.Attribute):
            if not denoted.path and not denoted.soft and denoted.shape == "value" and not denoted.inside:
                self.kept.append((binding, denoted))
            yield from self._read_attribute(binding, denoted)
            return
        if not binding.foreign and any(b.foreign for b in binding.scope.bindings.get(binding.name, ())):
            return  # some other function changes it through `nonlocal` or `global`
        for use in self.module.uses.of(binding):
            yield use.node, use, denoted

    def _read_attribute(self, binding: Binding, denoted: Denoted) -> Iterator[Step]:
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


def _calls(node: cst.CSTNode, name: str) -> bool:
    """Whether an expression is a call of what has a name: a function that tries again."""
    while isinstance(node, cst.Await):
        node = node.expression
    return isinstance(node, cst.Call) and (dotted(node.func) or "").rpartition(".")[2] == name


def _bound_from(module: Module) -> dict[cst.CSTNode, list[Binding]]:
    """The bindings whose value is a node."""
    found: dict[cst.CSTNode, list[Binding]] = {}
    for scope in module.lowered.scopes:
        for table in (scope.bindings, scope.attributes):
            for bound in table.values():
                for binding in bound:
                    if isinstance(binding.value, cst.BaseExpression):
                        found.setdefault(binding.value, []).append(binding)
    return found


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


def is_loose(annotation: cst.BaseExpression) -> bool:
    """Whether an annotation says no more than that there is a dictionary or list."""
    while isinstance(annotation, cst.Subscript):
        annotation = annotation.value
    return (dotted(annotation) or "").rpartition(".")[2] in _LOOSE


def is_plain(value: cst.BaseExpression, function: Scope) -> bool:
    """Whether what a function returns besides data is a literal, or what it gives itself when it tries again."""
    return isinstance(value, _LITERAL) or dotted(value) in _CONSTANTS or _calls(value, function.name)


_LOOSE = frozenset(
    ("dict", "Dict", "list", "List", "Any", "Mapping", "MutableMapping", "Sequence", "object", "Iterable")
)
_LITERAL = (cst.Dict, cst.List, cst.Tuple, cst.BaseString, cst.BaseNumber)
_CONSTANTS = ("None", "False", "True")
_SAME = frozenset(("dict", "OrderedDict", "collections.OrderedDict"))
SCALARS = frozenset(("str", "int", "float", "bool", "bytes", "datetime.datetime", "datetime.date", "decimal.Decimal"))
_COPYING = frozenset(("copy", "deepcopy"))
