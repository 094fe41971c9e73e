"""From a coroutine through helpers to a call that blocks: which calls do, how surely, and by which way.

A node is a function under what is known of the parameters that decide its branches. The way shown is the one with
the fewest hops among the surest, then the first in source order. There is no limit to its length.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from veteran.analysis.syntax.arguments import BY_KEYWORD, BY_POSITION
from veteran.catalog import Unless
from veteran.families.blocking import literals
from veteran.findings import Confidence, Span
from veteran.project.summary import CallFact, EffectFact, FunctionFact, ParameterFact, When
from veteran.project.symbols import Class, Entity, Foreign, Function, Loaded, Program

#: Groups whose calls wait wherever they stand: no earlier call or test can say that they will not.
_GROUPS = frozenset(
    ("sleep", "network", "subprocess", "db", "device", "file", "entry", "metadata", "certificates", "input", "prompt")
)
#: What decides whether a call blocks, and cannot be told from another module.
_UNTOLD = frozenset(("opener", "host", "socket", "stream", "timeout"))
LEVELS = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)
#: A parameter that decides a branch, and what it is: `True`, `False`, `None` or `?`.
Known = tuple[tuple[str, str], ...]


class Node(NamedTuple):
    """A function as it is called. known: see `Known`."""

    function: Function
    known: Known


class Edge(NamedTuple):
    """A call of another node, at most so sure."""

    to: Node
    limit: Confidence
    call: CallFact


class Hop(NamedTuple):
    """One call of a chain, in the function `where` of a module."""

    module: Loaded
    where: str
    shown: str
    span: Span


class Chain(NamedTuple):
    """A coroutine's call of a helper that blocks. hops: the helpers' own calls, the blocking one last.

    needs_loop: the helper works only in the thread of the event loop.
    """

    coroutine: Function
    call: CallFact
    helper: Function
    hops: tuple[Hop, ...]
    effect: EffectFact
    confidence: Confidence
    needs_loop: bool


class Direct(NamedTuple):
    """A coroutine's own call that blocks, as other modules tell: the receiver or function comes from there."""

    coroutine: Function
    call: CallFact
    effect: EffectFact


class Chains:
    """The blocking chains of a program, computed once for each function that a coroutine reaches."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._edges: dict[Node, list[Edge]] = {}
        self._effects: dict[Node, list[tuple[EffectFact, Confidence]]] = {}
        #: For each level, how many hops the nearest effect is away.
        self._hops: dict[Confidence, dict[Node, int]] = {level: {} for level in LEVELS}

    def of(self, module: Loaded) -> Iterator[Chain]:
        """The chains that begin in the coroutines of a module: one for each coroutine and helper, in source order."""
        for key, fact in module.facts.functions.items():
            if fact.kind not in ("async", "asyncgenerator"):
                continue
            reported: dict[Function, Chain] = {}
            for call in fact.calls:
                for _, chain in self.leads(Function(module, key), call):
                    if chain is not None:
                        known = reported.get(chain.helper)
                        if known is None or known.confidence < chain.confidence:
                            reported[chain.helper] = chain
            yield from reported.values()

    def leads(self, coroutine: Function, call: CallFact) -> Iterator[tuple[Node, Chain | None]]:
        """What a call runs, with the chain from there to a blocking call, if there is one."""
        for node, limit in self._callees(call, coroutine.module, ()):
            self._explore(node)
            yield node, self._chain(coroutine, call, node, limit)

    def direct(self, module: Loaded, table: str) -> Iterator[Direct]:
        """The calls of a module's coroutines that lead out of the project to what a table lists, in source order."""
        for key, fact in module.facts.functions.items():
            if fact.kind in ("async", "asyncgenerator"):
                for call in fact.calls:
                    effect = self.effect(call, module, table)
                    if effect is not None and alive(call.when, (), fact) is not None:
                        yield Direct(Function(module, key), call, effect)

    def effect(self, call: CallFact, module: Loaded, table: str = "blocking") -> EffectFact | None:
        """What a call does that blocks its thread, where a name of the project leads out of it; None otherwise."""
        catalog = self.program.catalog
        entity = self.program.resolve(call.target, module)
        if catalog is None or not isinstance(entity, Foreign) or entity.instance or "a" in call.flags:
            return None
        entry = catalog.lookup(catalog.calls[table], entity.name)
        if entry is None or entry.opens is not None or (entry.lazy and "c" not in call.flags):
            return None
        confidence = catalog.groups[entry.group].confidence
        if entry.group not in _GROUPS or catalog.state(entry.name).on in _UNTOLD:
            return None
        if any(_may_hold(unless, call) for unless in entry.unless):
            return None
        return EffectFact(entry.name, entry.group, call.span, call.shown, Confidence.LOW if call.low else confidence)

    def reached(self, start: Node) -> list[Node]:
        """What running a node that was explored may run, itself first, by the number of hops."""
        found = {start: None}
        pending = [start]
        for node in pending:
            fresh = [edge.to for edge in self._edges.get(node, ()) if edge.to not in found]
            found.update(dict.fromkeys(fresh))
            pending += dict.fromkeys(fresh)
        return list(found)

    # The graph

    def _explore(self, start: Node) -> None:
        """Adds everything that can be reached, and what is known of it."""
        if start in self._edges:
            return
        fresh: list[Node] = []
        pending = [start]
        while pending:
            node = pending.pop()
            if node in self._edges:
                continue
            fresh.append(node)
            self._edges[node] = edges = list(self._calls(node))
            self._effects[node] = list(self._blocks(node))
            pending += [edge.to for edge in edges if edge.to not in self._edges]
        for level in LEVELS:
            self._measure(fresh, level)

    def _measure(self, fresh: list[Node], level: Confidence) -> None:
        """The fewest hops from each of these nodes to an effect of at least that level."""
        hops = self._hops[level]
        callers: dict[Node, list[Node]] = {}
        heap: list[tuple[int, int, Node]] = []
        for index, node in enumerate(fresh):
            if any(confidence >= level for _, confidence in self._effects[node]):
                heap.append((0, index, node))
            for edge in self._edges[node]:
                if edge.limit >= level:
                    if edge.to in hops:  # known from before
                        heap.append((hops[edge.to] + 1, index, node))
                    callers.setdefault(edge.to, []).append(node)
        heapq.heapify(heap)
        count = len(fresh)
        while heap:
            distance, _, node = heapq.heappop(heap)
            if node in hops:
                continue
            hops[node] = distance
            for caller in callers.get(node, ()):
                if caller not in hops:
                    count += 1
                    heapq.heappush(heap, (distance + 1, count, caller))

    def _blocks(self, node: Node) -> Iterator[tuple[EffectFact, Confidence]]:
        fact = node.function.fact
        for effect in fact.effects:
            state = alive(effect.when, node.known, fact)
            if state is not None:
                yield effect, min(effect.confidence, state)
        for call in fact.calls:
            linked = self.effect(call, node.function.module)
            state = alive(call.when, node.known, fact) if linked is not None else None
            if linked is not None and state is not None:
                yield linked, min(linked.confidence, state)

    def _calls(self, node: Node) -> Iterator[Edge]:
        fact = node.function.fact
        for call in fact.calls:
            state = alive(call.when, node.known, fact)
            if state is not None:
                for to, limit in self._callees(call, node.function.module, node.known):
                    yield Edge(to, min(limit, state), call)

    def _callees(self, call: CallFact, module: Loaded, known: Known) -> Iterator[tuple[Node, Confidence]]:
        """The functions whose bodies a call runs, in its own thread and before it returns."""
        entity = self.program.resolve(call.target, module)
        for function in self.runs(entity, call):
            fact = function.fact
            if skipped(fact, call):
                continue
            limit = Confidence.LOW if call.low or "memoised" in fact.marks else Confidence.HIGH
            yield Node(function, self._bind(call, module, function, known)), limit

    def _bind(self, call: CallFact, module: Loaded, function: Function, known: Known) -> Known:
        """What a call says of the parameters that decide what the function does."""
        fact = function.fact
        if not fact.deciding:
            return ()
        forms = [given for given, _ in call.given]
        takers = self.program.takers(function, forms, call.target, module, on_class="t" in call.flags)
        said = {one.name: value for one, (_, value) in zip(takers, call.given, strict=True) if one is not None}
        own = dict(known)
        defaults = {one.name: one.default for one in fact.parameters if not _may_be_unpacked(one, forms)}
        found = []
        for name in fact.deciding:
            value = said.get(name) or defaults.get(name) or "?"
            found.append((name, own.get(value[1:], "?") if value.startswith("=") else value))
        return tuple(found)

    def runs(self, entity: Entity | None, call: CallFact) -> Iterator[Function]:
        if "p" in call.flags:  # only a property runs when it is read
            if isinstance(entity, Function) and "property" in entity.fact.marks:
                yield entity
        elif isinstance(entity, Function):
            if "h" not in call.flags or entity.fact.kind == "generator":  # else it ran where its result was made
                yield entity
            made = self.program.called(entity) if "e" in call.flags and "manager" not in entity.fact.marks else None
            if isinstance(made, Class):
                entered = (self.program.method(made, name) for name in ("__enter__", "__exit__"))
                yield from (method for method in entered if method is not None)
        elif isinstance(entity, Class):
            names = ["__call__"] if entity.instance else ["__new__", "__init__", "__post_init__"]
            if "h" in call.flags:
                names = ["__enter__", "__exit__"] if "c" not in call.flags else []
            elif "e" in call.flags and not entity.instance:
                names += ["__enter__", "__exit__"]
            for name in names:
                method = self.program.method(entity, name)
                if method is not None:
                    yield method

    # The way shown

    def _chain(self, coroutine: Function, call: CallFact, node: Node, limit: Confidence) -> Chain | None:
        for level in LEVELS:
            if limit < level or node not in self._hops[level]:
                continue
            hops = []
            current = node
            while self._hops[level][current]:
                edge = self._next(current, level)
                hops.append(Hop(current.function.module, current.function.key, edge.call.shown, edge.call.span))
                current = edge.to
            effect = next(effect for effect, confidence in self._effects[current] if confidence >= level)
            hops.append(Hop(current.function.module, current.function.key, effect.shown, effect.span))
            return Chain(coroutine, call, node.function, tuple(hops), effect, level, self._needs_loop(node.function))
        return None

    def _needs_loop(self, helper: Function) -> bool:
        catalog = self.program.catalog
        return catalog is not None and any(call.target in catalog.sorted["loop"]["needs"] for call in helper.fact.calls)

    def _next(self, node: Node, level: Confidence) -> Edge:
        wanted = self._hops[level][node] - 1
        return next(
            edge for edge in self._edges[node] if edge.limit >= level and self._hops[level].get(edge.to) == wanted
        )


def _may_hold(unless: Unless, call: CallFact) -> bool:
    """Whether a call may pass the argument that makes it harmless."""
    forms = [given for given, _ in call.given]
    if "*" in forms or "**" in forms:
        return True
    by_position = [value for given, value in call.given if not given]
    value = dict(call.given).get(unless.keyword) if unless.keyword else None
    if value is None and unless.position is not None:
        value = next(iter(by_position[unless.position :]), None)
    return unless.absent if value is None else value in unless.equals or value[:1] in "?="


def skipped(fact: FunctionFact, call: CallFact) -> str:
    """Why a call does not run a function's body in its own thread before it returns; empty where it does."""
    if fact.kind in ("async", "asyncgenerator"):
        return "is a coroutine: what it does is its own finding"
    if "p" in call.flags and "property" not in fact.marks:
        return "is a method that is not called"
    if "offloaded" in fact.marks:
        return "is handed over to a thread or executor by its decorator"
    if "a" in call.flags and "decorated" in fact.marks:
        return "is decorated and awaited: what it gives is waited for"
    if fact.kind == "generator" and not ("c" in call.flags or ("manager" in fact.marks and "e" in call.flags)):
        return "is a generator that is not gone through in place"
    return ""


def alive(when: tuple[When, ...], known: Known, fact: FunctionFact) -> Confidence | None:
    """How sure it is that tests of parameters come out so; None where they cannot."""
    values = dict(known)
    sure = Confidence.HIGH
    groups: dict[int, list[Confidence | None]] = {}
    for test in when:
        groups.setdefault(test.group or -len(groups) - 1, []).append(_state(test, values, fact))
    for states in groups.values():
        possible = [state for state in states if state is not None]
        if not possible:
            return None
        sure = min(sure, max(possible))
    return sure


def _state(test: When, values: dict[str, str], fact: FunctionFact) -> Confidence | None:
    """How sure it is that one test comes out so."""
    value = values.get(test.parameter, "?")
    found = literals.holds(test.test, value)
    default = next((p.default for p in fact.parameters if p.name == test.parameter), "") if found is None else ""
    sure = Confidence.HIGH
    if found is None and value == "?":
        if test.test == "none" or (test.test == "true" and default == "None" and not test.outcome):
            found = test.test != "none"  # what is passed on is taken to be something
        elif default and literals.holds(test.test, default) is (not test.outcome):
            sure = Confidence.LOW  # a wish that has to be expressed
    return None if found is not None and found is not test.outcome else sure


def _may_be_unpacked(parameter: ParameterFact, forms: Sequence[str]) -> bool:
    """Whether what a call unpacks may hold a value for a parameter."""
    return ("*" in forms and parameter.kind != BY_KEYWORD) or ("**" in forms and parameter.kind != BY_POSITION)
