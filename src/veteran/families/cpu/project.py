"""What names lead to in the other modules of a project, for questions about work.

Stricter than `project.symbols`, since a function must be proven to be the one that runs: a name that is bound
twice, or that a module might not bind, leads nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.semantics.ir import Binding, Scope
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.types.values import Local, Ref
from veteran.families.cpu.domain import Found, Interpreter, Work
from veteran.families.cpu.interpreter import Cpu
from veteran.project.import_index import absolute

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.project.import_resolver import Project

#: More steps than this from name to name are a circle.
_MAX_STEPS = 20
#: Work that leads through more modules is hardly work alone.
_MAX_MODULES = 16


class Home(NamedTuple):
    """A module and where it is. name: dotted; empty where nothing can import it."""

    cpu: Cpu
    name: str
    package: bool


def leads_into(project: Project, name: str, path: Path) -> bool:
    """Whether a name that a file imports can be one of its project; nothing is read."""
    return project.innermost(absolute(project, name, path)) is not None


class Others:
    """The modules around one file, read by demand. What was concluded for one file is not used for another."""

    def __init__(self, project: Project, module_at: Callable[[Path], Module | None], path: Path) -> None:
        self.project = project
        self.module_at = module_at
        self.work = Work()
        self._homes: dict[Path, Home | None] = {}
        self._by_scope: dict[Scope, Path] = {}
        self._found: dict[tuple[Path, str], Found | None] = {}
        self._active: set[tuple[Path, str]] = set()
        home = self._home(path)
        self.entry = home.cpu if home is not None else None
        self.work.arrays += self.entry is not None and self.entry.has_arrays  # which it may hand on

    def _home(self, path: Path) -> Home | None:
        if path not in self._homes:
            self._homes[path] = None
            readable = path.suffix == ".py" and len(self._homes) <= _MAX_MODULES
            module = self.module_at(path) if readable else None
            if module is not None:
                self._by_scope[module.lowered.module] = path
                name = self.project.name_of(path) or ""
                self._homes[path] = Home(Cpu(module, self), name, self.project.is_package(path))
        return self._homes[path]

    def path_of(self, scope: Scope) -> Path:
        """The file that a scope is in."""
        while scope.parent is not None:
            scope = scope.parent
        return self._by_scope[scope]

    def of(self, scope: Scope) -> Interpreter:
        """Who answers questions about a scope."""
        home = self._homes[self.path_of(scope)]
        assert home is not None
        return home.cpu

    def leads(self, cpu: Interpreter, name: str) -> bool:
        """Whether a name that a module uses can be one of this project."""
        return leads_into(self.project, name, self.path_of(cpu.lowered.module))

    def resolve(self, name: str, cpu: Interpreter) -> Found | None:
        """What a name that a module uses leads to, if that is certain and in this project."""
        path = self.path_of(cpu.lowered.module)
        key = path, name
        if key not in self._found:
            if key in self._active or len(self._active) > _MAX_STEPS:
                return None
            self._active.add(key)
            try:
                self._found[key] = self._resolve(absolute(self.project, name, path).split("."))
            finally:
                self._active.discard(key)
        return self._found[key]

    def _resolve(self, parts: list[str]) -> Found | None:
        # The innermost module counts: `from package.name import name` may hide it in its package.
        for length in range(len(parts), 0, -1):
            module = self.project.find(".".join(parts[:length]))
            if module is None:
                continue
            if length == len(parts):  # a module, or what its package gives the same name
                continue
            found = self._attribute_of_module(module.path, parts[length])
            for part in parts[length + 1 :]:
                found = self._attribute(found, part) if found is not None else None
            return found
        return None

    def _attribute_of_module(self, path: Path, name: str) -> Found | None:
        home = self._home(path)
        if home is None:
            return None
        scope = home.cpu.lowered.module
        bound = [b for b in scope.bindings.get(name, ()) if b.kind != "annotate"]
        if len(bound) == 1:
            return self._bound(bound[0], home.cpu)
        if bound or name.startswith("_") or not scope.star:
            return None
        found = []
        for star in self._stars(home.cpu):
            source = self.project.find(absolute(self.project, star, path))
            if source is None or self._home(source.path) is None:
                return None
            key = source.path, f"* {name}"
            if key in self._active:
                return None
            self._active.add(key)
            try:
                found.append(self._attribute_of_module(source.path, name))
            finally:
                self._active.discard(key)
        known = [one for one in found if one is not None]
        return known[0] if len(known) == 1 else None

    @staticmethod
    def _stars(cpu: Interpreter) -> Iterator[str]:
        """The modules that one imports whole."""
        for statement in cpu.lowered.tree.body:
            for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                if isinstance(small, cst.ImportFrom) and isinstance(small.names, cst.ImportStar):
                    yield "." * len(small.relative) + (dotted(small.module) or "")

    def _bound(self, binding: Binding, cpu: Interpreter) -> Found | None:
        """What the only binding of a name binds."""
        if binding.foreign:
            return None
        if binding.kind == "import":
            return self.resolve(str(binding.value), cpu)
        if binding.kind in ("def", "class"):
            return Found(cpu, binding.value)
        if binding.kind != "assign":
            return None
        if isinstance(binding.value, (cst.Name, cst.Attribute)) and not binding.path:
            values = cpu.types.binding(binding)
            if len(values) == 1 and isinstance(values[0], Local):
                return Found(cpu, values[0].scope)
            if len(values) == 1 and isinstance(values[0], Ref) and not values[0].spelled:
                return self.resolve(values[0].name, cpu)
        return Found(cpu, None, binding)

    def _attribute(self, found: Found, name: str) -> Found | None:
        """An attribute of a class or of an object that a module keeps."""
        cpu, owner = found.cpu, found.scope
        if owner is None and found.binding is not None:
            kind = cpu.bound(found.binding)
            owner = kind.scope if kind.what == "object" else None
        if owner is None or owner.kind != "class":
            return None
        for scope in cpu.line(owner):
            if scope is None or name in scope.attributes:
                return None
            bound = scope.bindings.get(name)
            if bound:
                return self._bound(bound[0], self.of(scope)) if len(bound) == 1 else None
        return None
