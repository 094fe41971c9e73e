"""Decides on decoded data that leads through other modules: whether there is any, and whether they check it.

Works on facts alone, those of the modules that a name leads to. Nobody who imports a file is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from veteran.families.http.client_reach import MAX_IMPORTS, Nearby, calls_any
from veteran.families.http.fact_types import ANSWERS, AnswerFacts, BareFact, DataFact, Doubt, GivenFact, TakenFact
from veteran.findings import Confidence, Span
from veteran.project.family import Heard, Linking
from veteran.project.kinds import NAMES
from veteran.project.summary import FACTS, Facts
from veteran.project.symbols import ITSELF, Class, Entity, Foreign, Function, Loaded
from veteran.project.world import World

#: More modules than this are not followed from one call to the next.
_MAX_HOPS = 12
_ENTERED = ".__enter__()"
_CONSTRUCTING = ("__init__", "__post_init__", "__attrs_post_init__", "__new__")
_BROAD = frozenset(("Exception", "BaseException"))


class Given(NamedTuple):
    """What a function gives: decoded data, the part at `path`, in the collections `inside`.

    way: the functions that give it, the nearest first, and where they do.
    """

    fact: GivenFact
    path: tuple[str, ...]
    inside: tuple[str, ...]
    seen: frozenset[str]
    sure: bool
    way: tuple[tuple[Function, Span], ...]


class Told(NamedTuple):
    """What a rule hears of: a bare access of decoded data, as other modules tell.

    given: what gives the data, where that is another module. taken: what the function does with it that is given it,
    and where. later: the other accesses that nothing has checked.
    """

    home: Loaded
    data: DataFact
    bare: BareFact
    confidence: Confidence
    later: tuple[BareFact, ...]
    given: Given | None
    taken: BareFact | None
    taker: Function | None


class Answers:
    """Answers, for one program, what other modules know of decoded data."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.program = world.program
        self.nearby = world.once(Nearby)
        self._known_names: dict[tuple[Path, int], frozenset[str]] = {}
        self._own: dict[Path, frozenset[str]] = {}
        self._given: dict[Function, tuple[Given, ...]] = {}
        self.leads = world.leads(NAMES)

    def at(self, path: Path) -> AnswerFacts:
        """The facts of the module in a file."""
        return self.world.told(ANSWERS, path)

    def of(self, module: Loaded) -> Iterator[Told]:
        """What is bare in a module, in source order."""
        for data in self.at(module.path).data:
            yield from self._of(data, module)

    def _of(self, data: DataFact, module: Loaded) -> Iterator[Told]:
        ways: tuple[Given | None, ...] = (None,)
        if data.needs:
            if not self.nearby.leads(data.target, module):
                return
            if data.needs == "response":
                ways = (None,) if self.decodes(data.target, module, data.by) else ()
            else:
                ways = self.given(data.target, module)
        for given in ways:
            bare: list[tuple[BareFact, Confidence, BareFact | None, Function | None]] = []
            for one in data.bare:
                bare += self._bare(one, data, given, module)
            if bare:
                best = max(confidence for _, confidence, _, _ in bare)
                first, confidence, taken, taker = next(one for one in bare if one[1] is best)
                later = tuple(one for one, _, _, _ in bare if one is not first and not one.given)
                yield Told(module, data, first, confidence, later, given, taken, taker)
                return

    def _bare(
        self, bare: BareFact, data: DataFact, given: Given | None, module: Loaded
    ) -> Iterator[tuple[BareFact, Confidence, BareFact | None, Function | None]]:
        """The access, if nothing anywhere checks it, and how sure that is."""
        path: tuple[str, ...] | None = bare.path
        confidence = bare.confidence
        if given is not None:
            path = _without(bare.path, given.inside)
            if path is None or bare.key in given.seen:
                return
            if not given.sure:
                confidence = Confidence.LOW
        if any(self.dispels(doubt, module) for doubt in bare.doubts):
            return
        if not bare.given:
            yield bare, confidence, None, None
            return
        found = self._taken(bare, module)
        if found is None:
            return
        taker, fact = found
        seen = {*data.seen, *(given.seen if given is not None else ())}
        for taken in fact.bare:
            if taken.key in seen or any(self.dispels(doubt, taker.module) for doubt in taken.doubts):
                continue
            yield bare, min(confidence, taken.confidence), taken, taker
            return

    def may_use(self, path: Path, facts: Facts | None) -> bool:
        """Whether a file may call what gives decoded data or a response. facts: of the file, if it was parsed."""
        return self.nearby.of(path).reads and self._calls(path, self._around(path, MAX_IMPORTS), facts)

    def _around(self, path: Path, imports: int) -> set[str]:
        """The names of functions that may give data or responses, of what a module imports."""
        found: set[str] = set()
        for home in {*self.nearby.imported(path).values()}:
            if self.nearby.reaches(home, imports - 1):
                self.leads.setdefault(path, set()).add(home)
                found |= self._names(home, imports - 1)
        return found

    def _names(self, path: Path, imports: int) -> frozenset[str]:
        """The names of functions that give data or responses, of a module and what it imports."""
        key = path, imports
        if key not in self._known_names:
            found: set[str] = set()
            if self.nearby.reaches(path, imports):
                found = self._around(path, imports) if imports else set()
                tells = self.nearby.of(path).tells
                if found and not tells:
                    self.world.counts(path, NAMES)
                if tells or self._calls(path, found, None):
                    found |= self._own_names(path)
            self._known_names[key] = frozenset(found)
        return self._known_names[key]

    def _own_names(self, path: Path) -> frozenset[str]:
        """The names of a module's functions that give data or responses."""
        if path not in self._own:
            module = self.program.module_at(path)
            functions = (Function(module, key) for key in module.facts.functions) if module is not None else ()
            self._own[path] = frozenset(_name(function) for function in functions if self._gives(function))
        return self._own[path]

    def _gives(self, function: Function) -> bool:
        """Whether a function gives data or a response."""
        kind = function.fact.returns
        if not kind.endswith("()") and function.key not in self._facts_given(function):
            # A response's own class is known by its name, and one that a project derives from it is called like it.
            catalog = self.program.catalog
            if catalog is None or not kind:
                return False
            if not catalog.has("decoder", f"{kind}.json") and "Response" not in kind.rpartition(".")[2]:
                return catalog.has("body", f"{kind}.read")
        return bool(self.given(f":{function.key}", function.module)) or any(
            self._returns(function, by, 0) for by in ("json", "text", "content", "read")
        )

    def _facts_given(self, function: Function) -> dict[str, tuple[GivenFact, ...]]:
        path = function.module.path
        return self.at(path).given if self.nearby.of(path).tells else {}

    def _calls(self, path: Path, names: set[str], facts: Facts | None) -> bool:
        if not names:
            return False
        if facts is None:
            try:
                return calls_any(self.world.read(path), names)
            except OSError:  # where the file itself is checked, it is said what went wrong
                return False
        module = self.program.module_at(path)
        for function in facts.functions.values():
            for call in function.calls:
                if call.target.rpartition(".")[2].removeprefix(":") in names and module is not None:
                    found = self.program.resolve(call.target, module)
                    if isinstance(found, Function) and self._gives(found):
                        return True
        return False

    # Responses

    def decodes(self, target: str, module: Loaded, by: str, hops: int = 0) -> bool:
        """Whether a target gives a response that a method decodes, or whose body an attribute is."""
        if hops > _MAX_HOPS or not target:
            return False
        if target.endswith(_ENTERED):
            target = target.removesuffix(_ENTERED)
            found = self.program.resolve(target.removesuffix("()"), module)
            if isinstance(found, Function) and "manager" in found.fact.marks:
                return self._returns(found, by, hops)
            if not (isinstance(found, Function) and target.endswith("()")):
                return self._is_response(self.program.resolve(target + _ENTERED, module), by)
        if target.endswith("()"):
            found = self.program.resolve(target.removesuffix("()"), module)
            if isinstance(found, Function):
                plain = found.fact.kind in ("sync", "async") and not {"wrapped", "offloaded"} & {*found.fact.marks}
                return plain and self._returns(found, by, hops)
            if found is None and self._of_client(target.removesuffix("()"), module, by):
                return True
        return self._is_response(self.program.resolve(target, module), by)

    def _of_client(self, target: str, module: Loaded, by: str) -> bool:
        """Whether a method gives a response that a class of the project has from a client outside of it."""
        head, _, name = target.rpartition(".")
        catalog = self.program.catalog
        owner = self.program.resolve(head, module) if head.strip(":.") else None
        if catalog is None or not isinstance(owner, Class):
            return False
        kinds = (catalog.lookup(catalog.types["returns"], f"{base}.{name}") for base in self._outside(owner))
        return any(kind and self._is_response(Foreign(kind, True), by) for kind in kinds)

    def _returns(self, function: Function, by: str, hops: int) -> bool:
        kind = function.fact.returns
        if not kind or kind == ITSELF:
            return False
        if kind.endswith("()"):
            return self.decodes(kind, function.module, by, hops + 1)
        return self._is_response(self.program.object_of(kind, function.module), by)

    def _is_response(self, entity: Entity | None, by: str) -> bool:
        catalog = self.program.catalog
        if catalog is None:
            return False
        table = "decoder" if by == "json" else "body"
        if isinstance(entity, Foreign):
            return entity.instance and catalog.has(table, f"{entity.name}.{by}")
        if isinstance(entity, Class) and entity.instance and self.program.method(entity, by) is None:
            return any(catalog.has(table, f"{base}.{by}") for base in self._outside(entity))
        return False

    def _outside(self, entity: Class) -> Iterator[str]:
        """The bases of a class that are not of the project."""
        for owner in self.program.bases(entity):
            for base in owner.fact.bases:
                if base and base[:1] not in ":.":
                    yield self.program.catalog.canonical(base) if self.program.catalog else base

    # Data

    def given(self, target: str, module: Loaded, around: tuple[Function, ...] = ()) -> tuple[Given, ...]:
        """The decoded data that a call of a target gives. around: the functions that ask for it."""
        function = self.program.resolve(target, module)
        if not isinstance(function, Function) or function in around or len(around) > _MAX_HOPS:
            return ()
        if "wrapped" in function.fact.marks or "property" in function.fact.marks:
            return ()
        if not around and function in self._given:
            return self._given[function]
        found = tuple(self._all_given(function, (*around, function)))
        if not around:
            self._given[function] = found
        return found

    def _all_given(self, function: Function, around: tuple[Function, ...]) -> Iterator[Given]:
        module = function.module
        facts = self._facts_given(function).get(function.key, ())
        for fact in facts:
            here = (function, fact.span)
            seen = frozenset(fact.seen)
            if not fact.needs or (fact.needs == "response" and self.decodes(fact.target, module, fact.by)):
                yield Given(fact, fact.path, fact.inside, seen, fact.sure, (here,))
            elif fact.needs == "decoded":
                for inner in self.given(fact.target, module, around):
                    path, inside = _without(fact.path, inner.inside), fact.inside
                    if path is None and not fact.path:
                        path, inside = (), (*fact.inside, *inner.inside)
                    if path is not None:
                        sure = fact.sure and inner.sure
                        yield Given(inner.fact, path, inside, seen | inner.seen, sure, (here, *inner.way))
        if not facts and function.fact.returns.endswith("()"):
            yield from self.given(function.fact.returns.removesuffix("()"), module, around)

    # What checks

    def _taken(self, bare: BareFact, module: Loaded) -> tuple[Function, TakenFact] | None:
        found = self.program.resolve(bare.given, module)
        call = bare.given, bare.argument, module
        return self._parameter(found, *call, on_class=bare.on_class) if isinstance(found, Function) else None

    def _parameter(
        self, function: Function, target: str, argument: str, module: Loaded, *, on_class: bool = False
    ) -> tuple[Function, TakenFact] | None:
        """What a function does with one of the arguments of a call; see `Program.takers`."""
        forms = [""] * (int(argument) + 1) if argument.isdecimal() else [argument]
        takes = self.program.takers(function, forms, target, module, on_class=on_class)[-1]
        taken = self.at(function.module.path).taken.get(function.key, ())
        return next(((function, one) for one in taken if takes is not None and one.name == takes.name), None)

    def dispels(self, doubt: Doubt, module: Loaded) -> bool:
        """Whether what may check an access does."""
        if doubt.kind == "catches":
            return self._catches(doubt, module)
        found = self.program.resolve(doubt.target, module)
        if isinstance(found, Function):
            call = doubt.target, doubt.argument, module
            taken = self._parameter(found, *call, on_class=doubt.on_class)
            return taken is not None and doubt.kind in taken[1].checks
        if isinstance(found, Class) and not found.instance and doubt.kind == "data":
            return self._constructor_checks(found, doubt, module)
        return False

    def _constructor_checks(self, entity: Class, doubt: Doubt, module: Loaded) -> bool:
        catalog = self.program.catalog
        if catalog is not None and any(catalog.is_a(base, "checking_type") for base in self._outside(entity)):
            return True
        for name in _CONSTRUCTING:
            method = self.program.method(entity, name)
            if method is None:
                continue
            taken = self.at(method.module.path).taken.get(method.key, ())
            if doubt.argument == "**":
                if any("data" in one.checks for one in taken):
                    return True
            else:
                found = self._parameter(method, doubt.target, doubt.argument, module)
                if found is not None and "data" in found[1].checks:
                    return True
        return False

    def _catches(self, doubt: Doubt, module: Loaded) -> bool:
        caught: tuple[str, ...] = ()
        found = self.program.resolve(doubt.target, module)
        if isinstance(found, Function):
            caught = self.at(found.module.path).catches.get(found.key, ())
        elif found is None:
            caught = self._named(doubt.target, module)
        wanted = {doubt.error, "LookupError"} if doubt.error != "TypeError" else {doubt.error}
        if doubt.error == "LookupError":
            wanted |= {"KeyError", "IndexError"}
        return not _BROAD.isdisjoint(caught) or not wanted.isdisjoint(caught)

    def _named(self, target: str, module: Loaded) -> tuple[str, ...]:
        """The exceptions that a name of a module stands for."""
        for _ in range(_MAX_HOPS):
            head, dot, name = target.rpartition(".")
            if target.startswith(":") or not dot or not name:
                return ()
            home = self.program.resolve(head, module) if head.strip(".") else self.program.around(head + ".", module)
            if not isinstance(home, Loaded):
                return ()
            if name.isupper() and name in self.at(home.path).catches:
                return self.at(home.path).catches[name]
            onward = home.facts.exports.get(name, ())
            if len(onward) != 1:
                return ()
            target, module = onward[0], home
        return ()


def _name(function: Function) -> str:
    return function.key.rpartition(".")[2].partition("#")[0]


def _without(path: tuple[str, ...], inside: tuple[str, ...]) -> tuple[str, ...] | None:
    """What is left of a path below the collections that data is in; None where it does not lead to the data."""
    if len(path) < len(inside):
        return None
    for key, mark in zip(path, inside, strict=False):
        if mark in ("[]", "{}"):
            continue
        if mark == "{:" or key not in (mark, mark.removeprefix("#")):
            return None
    return path[len(inside) :]


def events(file: Linking) -> Iterator[Heard]:
    """The decoded data of a file that other modules decide on."""
    summary, path, world = file
    answers = world.once(Answers)
    facts = world.told(FACTS, path) if FACTS.name in summary.told else None
    if ANSWERS.name not in summary.told and not answers.may_use(path, facts):
        return
    if answers.at(path).data:
        module = world.program.module_at(path)
        if module is not None:
            yield from (Heard(event, event.data.contexts) for event in answers.of(module))
