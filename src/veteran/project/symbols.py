"""What a dotted name leads to across the modules of a project: names, re-exports, classes and their methods.

Works on facts alone. Modules are asked for when a name needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from veteran.analysis.syntax.arguments import binds
from veteran.analysis.syntax.python import is_class_private
from veteran.project.summary import ClassFact, Facts, FunctionFact, ParameterFact

if TYPE_CHECKING:
    from veteran.catalog import Catalog
    from veteran.project.import_resolver import Project

#: More steps than this from name to name are a circle.
MAX_STEPS = 40
MAX_DOTS = 12
#: A class with more bases than this, at any height, is taken for itself alone.
MAX_CLASSES = 200
#: What a method returns that returns the object that it was called on, or an object of the class.
ITSELF = "<self>"
#: Between a class and a method that `super()` finds in its methods.
SUPER = ".super()."


class Loaded(NamedTuple):
    """A module that was read. name: dotted; empty where nothing can import it."""

    path: Path
    name: str
    package: bool
    facts: Facts
    #: The modules that its names led to so far.
    leads: set[Path]

    def __hash__(self) -> int:
        return id(self.facts)  # paths hash slowly

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loaded) and self.facts is other.facts

    def __ne__(self, other: object) -> bool:
        return not self == other


class Function(NamedTuple):
    """A function or method, by its key in a module."""

    module: Loaded
    key: str

    @property
    def fact(self) -> FunctionFact:
        return self.module.facts.functions[self.key]


class Class(NamedTuple):
    """A class; with `instance`, an object of it."""

    module: Loaded
    key: str
    instance: bool = False

    @property
    def fact(self) -> ClassFact:
        return self.module.facts.classes[self.key]


class Managed(NamedTuple):
    """What a generator function gives that `contextlib` makes a context manager."""

    function: Function


class Foreign(NamedTuple):
    """Something outside the project, by its qualified name; with `instance`, an object of that class."""

    name: str
    instance: bool = False


Entity = Loaded | Function | Class | Managed | Foreign
#: The facts of the module in a file; None where it has none.
Load = Callable[[Path], Facts | None]


class Program:
    """The modules of one project, by demand. catalog: says what things outside the project are."""

    def __init__(self, project: Project, load: Load, catalog: Catalog | None = None) -> None:
        self.project = project
        self.catalog = catalog
        self._load = load
        self._modules: dict[Path, Loaded | None] = {}
        self._found: dict[tuple[int, str], Entity | None] = {}
        self._asked: dict[tuple[int, str], Entity | None] = {}
        self._during: dict[tuple[int, str], Entity | None] = {}
        self._active: set[tuple[int, str]] = set()
        self._cuts = 0
        self._orders: dict[Class, tuple[Class, ...]] = {}
        self._stars: dict[Loaded, list[tuple[Loaded, tuple[frozenset[str], ...]]]] = {}

    def add(self, path: Path, facts: Facts) -> None:
        """Gives the facts of a file that was read already."""
        name = self.project.name_of(path) or ""
        self._modules.setdefault(path, Loaded(path, name, self.project.is_package(path), facts, set()))

    def module_at(self, path: Path) -> Loaded | None:
        """The module in a file; None if it could not be read."""
        if path not in self._modules:
            self._modules[path] = None  # while it is being read, and if it cannot be
            facts = self._load(path)
            if facts is not None:
                name = self.project.name_of(path) or ""
                self._modules[path] = Loaded(path, name, self.project.is_package(path), facts, set())
        return self._modules[path]

    def module(self, name: str, by: Loaded) -> Loaded | None:
        """The module of a dotted name. by: the one whose facts hold it."""
        found = self.project.find(name)
        if found is None:
            return None
        by.leads.add(found.path)
        return self.module_at(found.path)

    def reads(self) -> Iterator[tuple[Path, set[Path]]]:
        """Each module and those whose facts it led to."""
        return ((module.path, module.leads) for module in self._modules.values() if module is not None)

    def resolve(self, target: str, module: Loaded) -> Entity | None:
        """What a target (see `CallFact`) means in a module.

        An answer that a circle or the limit had a part in counts for one question only, so that no answer depends on
        what was asked before.
        """
        key = (id(module.facts), target)
        known = self._during if self._active else self._asked
        if key in self._found:
            return self._found[key]
        if key in known:
            self._cuts += bool(self._active)
            return known[key]
        if key in self._active or len(self._active) >= MAX_STEPS:
            self._cuts += 1
            return None
        cuts = self._cuts
        self._active.add(key)
        try:
            found = self._resolve(target, module)
        finally:
            self._active.discard(key)
        if self._cuts == cuts:
            self._found[key] = found
        elif self._active:
            self._during[key] = found
        else:
            self._asked[key] = found
        if not self._active:
            self._during.clear()
        return found

    def _resolve(self, target: str, module: Loaded) -> Entity | None:
        if target.startswith(":"):
            return self._local(target[1:], module)
        name: str | None = target
        if target.startswith("."):
            level = len(target) - len(target.lstrip("."))
            head, *rest = target[level:].replace("()", ".()").split(".")
            base = self.project.resolve_relative(module.name, module.package, "." * level)
            if not module.name or base is None:
                return None
            name = ".".join(part for part in (base, head, *rest) if part)
        else:
            name = target.replace("()", ".()")
        parts = name.split(".")
        entity: Entity | None = None
        length = 0
        while length < len(parts) and entity is None:
            # The outermost package that exists; namespace packages have no file of their own.
            length += 1
            entity = self.module(".".join(parts[:length]), module)
        return self._walk(entity, parts[length:])

    def _walk(self, entity: Entity | None, parts: list[str]) -> Entity | None:
        owner: Entity | None = None
        following = iter(parts)
        for part in following:
            if part != "()" and isinstance(entity, Function) and "property" in entity.fact.marks:
                entity = self.called(entity, owner)
            if entity is None:
                return None
            if part == "()":
                entity = self.called(entity, owner)
            else:
                owner, entity = entity, self.attribute(entity, part)
                if entity is None and isinstance(owner, Loaded):
                    entity = self._past_namespaces(owner, part, following)
        return entity

    def _past_namespaces(self, package: Loaded, part: str, following: Iterator[str]) -> Loaded | None:
        """The first module below a directory of a package that has no file of its own."""
        if not package.package or not package.name or part in package.facts.exports:
            return None
        name = f"{package.name}.{part}"
        for below in following:
            if below == "()":
                return None
            name = f"{name}.{below}"
            if (found := self.module(name, package)) is not None:
                return found
        return None

    def _local(self, key: str, module: Loaded) -> Entity | None:
        if key.startswith("*"):  # a name that only an `import *` can bind
            name, *parts = key[1:].replace("()", ".()").split(".")
            return self._walk(self._exported(module, name), parts)
        owner, is_super, name = key.partition(SUPER)
        if is_super:
            return self._above(owner, name, module)
        key, *rest = key.replace("()", ".()").split(".()", 1)
        facts = module.facts
        if key in facts.functions:
            found: Entity | None = Function(module, key)
        elif key in facts.classes:
            found = Class(module, key)
        else:
            owner, _, name = key.rpartition(".")
            around = self._local(owner, module) if owner and key.count(".") <= MAX_DOTS else None
            if isinstance(around, Class):
                around = around._replace(instance=True)
            found = self.attribute(around, name) if around is not None else None
        if rest:
            return self._walk(self.called(found) if found else None, [p for p in rest[0].split(".") if p])
        return found

    def _above(self, key: str, name: str, module: Loaded) -> Entity | None:
        """A method that `super()` finds in a method of a class."""
        if key in module.facts.classes:
            for owner in self.bases(Class(module, key))[1:]:
                if f"{owner.key}.{name}" in owner.module.facts.functions:
                    return Function(owner.module, f"{owner.key}.{name}")
        return None

    def called(self, entity: Entity, owner: Entity | None = None) -> Entity | None:
        """What a call gives. owner: what it is a method of, where that is known."""
        if isinstance(entity, Class):
            return entity._replace(instance=True) if not entity.instance else None
        if isinstance(entity, Function):
            if "manager" in entity.fact.marks:
                return Managed(entity)
            if entity.fact.returns == ITSELF:
                if not isinstance(owner, Class):
                    found = self._local(entity.key.rpartition(".")[0], entity.module)
                    owner = found if isinstance(found, Class) else None
                return owner._replace(instance=True) if owner is not None else None
            made = self.object_of(entity.fact.returns, entity.module)
            changed = entity.fact.kind != "sync" or not {"wrapped", "offloaded"}.isdisjoint(entity.fact.marks)
            return None if isinstance(made, Foreign) and changed else made
        if isinstance(entity, Managed):  # of its `__enter__`
            return self.object_of(entity.function.fact.returns, entity.function.module)
        if isinstance(entity, Foreign) and self.catalog is not None:
            return self._made(entity, self.catalog)
        return None

    def around(self, dots: str, module: Loaded) -> Loaded | None:
        """The package that a relative import begins at."""
        base = self.project.resolve_relative(module.name, module.package, dots) if module.name else None
        return self.module(base, module) if base else None

    def object_of(self, kind: str, module: Loaded) -> Entity | None:
        """An object of a class that a module names."""
        found = self._meant(kind, module) if kind else None
        if isinstance(found, (Class, Foreign)):
            return found._replace(instance=True)
        return None

    def _meant(self, target: str, module: Loaded) -> Entity | None:
        """What a target means that something in the project leads to; it may be outside."""
        found = self.resolve(target, module)
        if found is None and self.catalog is not None and target[:1] not in ":.":
            head, *parts = target.replace("()", ".()").split(".")
            if self.project.find(head) is None:
                return self._walk(Foreign(self.catalog.canonical(head)), parts)
        return found

    @staticmethod
    def _made(entity: Foreign, catalog: Catalog) -> Foreign | None:
        """What a call of something outside the project gives."""
        owner, _, last = entity.name.rpartition(".")
        if entity.instance:
            last = "__call__"
            owner = entity.name
        elif last == "__enter__":
            return Foreign(catalog.types["enters"].get(owner, owner), True)
        kind = catalog.lookup(catalog.types["returns"], f"{owner}.{last}")
        if kind:
            return Foreign(kind, True)
        # By the naming convention a capital makes it a class.
        return Foreign(entity.name, True) if last[:1].isupper() and not last.isupper() else None

    @staticmethod
    def _part(entity: Foreign, name: str, catalog: Catalog) -> Foreign:
        full = f"{entity.name}.{name}"
        table = catalog.types["attribute"]
        kind = catalog.lookup(table, full) if entity.instance else table.get(catalog.canonical(full))
        return Foreign(kind, True) if kind else Foreign(full if entity.instance else catalog.canonical(full))

    def attribute(self, entity: Entity, name: str) -> Entity | None:
        """An attribute of a module, a class or an instance."""
        if isinstance(entity, Loaded):
            return self._exported(entity, name)
        if isinstance(entity, Managed):
            return entity if name == "__enter__" else None
        if isinstance(entity, Foreign):
            return self._part(entity, name, self.catalog) if self.catalog is not None else None
        if isinstance(entity, Class):
            if name == "__enter__" and self.method(entity, name) is None:
                return None
            found = self.method(entity, name)
            if found is not None:
                if "property" in found.fact.marks and entity.instance:
                    return self.called(found, entity)
                return found
            for owner in self._owners(entity, name):
                kind = owner.fact.attributes.get(name)
                if kind is not None:  # empty: not known, and it hides what a base says
                    return self.object_of(kind, owner.module)
                nested = f"{owner.key}.{name}"
                if nested in owner.module.facts.classes:
                    return Class(owner.module, nested)
        return None

    def takers(
        self, function: Function, forms: Sequence[str], target: str, module: Loaded, *, on_class: bool
    ) -> list[ParameterFact | None]:
        """The parameters of a function that take the arguments of a call, by their forms; None where not known.

        target: what is called in a module: the function itself, or what runs it, as a class does its `__init__`.
        on_class: it is called on a class of that module, or on what another one binds, which may be a class.
        """
        marks = function.fact.marks
        itself = "method" in marks
        if itself and self.resolve(target, module) == function:
            on_class = on_class and self._is_class(target.rpartition(".")[0], module)
            itself = "static" not in marks and ("class" in marks or not on_class)
        return list(binds(function.fact.parameters, forms, itself=itself))

    def _is_class(self, target: str, module: Loaded) -> bool:
        """Whether what a method is called on, which may be a class, is one."""
        if target.startswith(":") and not target.startswith(":*"):
            return True
        found = self.resolve(target, module) if target else None
        return isinstance(found, Class) and not found.instance

    def _exported(self, module: Loaded, name: str) -> Entity | None:
        targets = [target for target in module.facts.exports.get(name, ()) if target != f"{module.name}.{name}"]
        for target in targets:
            found = self.resolve(target, module)
            if found is not None:
                return found
        if len(targets) == 1 and (outside := self._meant(targets[0], module)) is not None:
            return outside
        if name not in module.facts.exports and name != "__all__":
            for source, allowed in self._behind_stars(module):
                if name in source.facts.exports and all(name in names for names in allowed):
                    found = self._exported(source, name)
                    if found is not None:
                        return found
        return self.module(f"{module.name}.{name}", module) if module.package and module.name else None

    def _behind_stars(self, module: Loaded) -> list[tuple[Loaded, tuple[frozenset[str], ...]]]:
        """The modules whose names `import *` brings, directly or through others, the last first.

        With the lists that a name has to be in to come through: `__all__` of the modules on the way.
        """
        known = self._stars.get(module)
        if known is not None:
            return known
        cuts = self._cuts
        found: list[tuple[Loaded, tuple[frozenset[str], ...]]] = []
        seen = {module}
        pending: list[tuple[str, Loaded, tuple[frozenset[str], ...]]] = [(s, module, ()) for s in module.facts.stars]
        while pending:
            star, home, allowed = pending.pop()
            source = self.resolve(star, home)
            if not isinstance(source, Loaded) or source in seen:
                continue
            seen.add(source)
            listed = source.facts.exports.get("__all__")
            here = allowed if listed is None else (*allowed, frozenset(listed))
            found.append((source, here))
            pending += [(further, source, here) for further in source.facts.stars]
        if self._cuts == cuts:
            self._stars[module] = found
        return found

    def bases(self, entity: Class) -> tuple[Class, ...]:
        """The class and the bases that are known, in the order in which Python looks them up."""
        entity = entity._replace(instance=False)
        if entity not in self._orders:
            cuts = self._cuts
            order = self._order(entity)
            if self._cuts != cuts:
                return order
            self._orders[entity] = order
        return self._orders[entity]

    def _order(self, entity: Class) -> tuple[Class, ...]:
        """Merges the orders of the bases as Python does, from the ends of the hierarchy on."""
        parents: dict[Class, list[Class]] = {}
        pending = [entity]
        finished: list[Class] = []
        while pending:
            one = pending[-1]
            if one in parents:
                pending.pop()
                if one not in finished[-1:]:
                    finished.append(one)
                continue
            found = (self.resolve(base, one.module) for base in one.fact.bases if base)
            parents[one] = [f._replace(instance=False) for f in found if isinstance(f, Class)]
            if len(parents) > MAX_CLASSES:
                self._cuts += 1
                return (entity,)
            pending += [base for base in parents[one] if base not in parents]
        orders: dict[Class, list[Class]] = {}
        for one in finished:
            if one not in orders:
                known = [orders[base] for base in parents[one] if base in orders]
                orders[one] = [one, *_merged([*known, parents[one]], one)]
        return tuple(orders[entity])

    def _owners(self, entity: Class, name: str) -> tuple[Class, ...]:
        """The classes that may hold an attribute of a class, in their order."""
        return self.bases(entity)[: 1 if is_class_private(name) else None]

    def method(self, entity: Class, name: str) -> Function | None:
        """A method of a class or of the nearest base that has it."""
        for owner in self._owners(entity, name):
            key = f"{owner.key}.{name}"
            if key in owner.module.facts.functions:
                return Function(owner.module, key)
        return None


def _merged(orders: list[list[Class]], owner: Class) -> Iterator[Class]:
    """The linear order that keeps each of these; where there is none, as they come."""
    seen = {owner}
    lists = [list(order) for order in orders]
    while lists := [rest for order in lists if (rest := [one for one in order if one not in seen])]:
        behind = {one for order in lists for one in order[1:]}
        chosen = next((order[0] for order in lists if order[0] not in behind), lists[0][0])
        seen.add(chosen)
        yield chosen
