"""What a file's bytes say of other modules without a parse, and which files call a function that spreads jobs.

`def each(work, items): pool.map(work, items)` spreads `work` over threads wherever it is called, in files too that say
no word of threads. Which of them have to be read follows from their imports. It may name too many of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.project.import_resolver import Project

#: More names than this of one file are not asked about.
MAX_NAMES = 300
#: Names with more dots, and ways over more names, are not followed.
_MAX_STEPS = 20
_MAX_NODES = 1_000
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\.+|[.\w\x80-\xff]+[ \t])[ \t]*import\b[ \t]*(\([^()]*\)|(?:\\\r?\n|[^\n;#(])+)"
    rb"|import[ \t]((?:\\\r?\n|[^\n;#])+))",
    re.MULTILINE,
)
_COMMENT = re.compile(rb"#[^\n]*")


class Outlook(NamedTuple):
    """A file's view of others. imports: a name and what it means, as imported. stars: modules imported whole.

    spreads: the functions of the file, by their dotted names, that hand a parameter of theirs to threads; and pools.
    clients: whether it imports a library for HTTP requests, or what such a library is reached by. tells: whether it
    does, or decodes what others gave it. reads: whether it may read data by key.
    """

    imports: dict[str, str]
    stars: tuple[str, ...] = ()
    spreads: tuple[str, ...] = ()
    clients: bool = False
    tells: bool = False
    reads: bool = False


_Node = tuple[Path, str]
#: Of a file that cannot be read.
NOTHING = Outlook({})


def outlook_of(data: bytes, spreads: tuple[str, ...] = (), clients: Container[str] = ()) -> Outlook:
    """What the bytes of a file say. clients: the names of libraries for HTTP requests and of what leads to them."""
    imports: dict[str, str] = {}
    stars: list[str] = []
    for source, names, modules in _IMPORT.findall(data):
        module = source.strip().decode("utf-8", "replace")
        for item in _COMMENT.sub(b"", names or modules).replace(b"\\", b" ").strip(b"() \t\r\n").split(b","):
            words = item.decode("utf-8", "replace").split()
            if not words or len(imports) >= MAX_NAMES:
                continue
            if not module:
                imports[words[-1]] = words[0]
            elif words[0] == "*":
                stars.append(module)
            else:
                imports[words[-1]] = _below(module, words[0])
    uses = any(_is_client(meant, clients) for meant in imports.values())
    tells = uses or b".json(" in data
    return Outlook(imports, tuple(stars), spreads, uses, tells, tells or any(key in data for key in _KEYS))


def outlook_in(module: Module) -> Outlook:
    """What the bytes of a module say, but for what it offers to others."""
    return outlook_of(module.source.text.encode("utf-8", "replace"), (), module.catalog.client_libraries)


_KEYS = (b'["', b"['", b"loads(")


def _is_client(meant: str, clients: Container[str]) -> bool:
    root, _, rest = meant.lstrip(".").partition(".")
    if root in clients or rest.rpartition(".")[2] in clients:
        return True
    return meant.startswith(("urllib.request", "http.client")) or meant in ("urllib", "http")


def _below(module: str, name: str) -> str:
    return f"{module}{'' if module.endswith('.') else '.'}{name}"


def absolute(project: Project, name: str, path: Path) -> str:
    """The absolute form of a name as a file imports it; empty beyond the top."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    module = project.name_of(path) or ""
    base = project.resolve_relative(module, project.is_package(path), "." * level) if module else None
    return f"{base}.{name[level:]}" if base else ""


def calls_any(data: bytes, outlook: Outlook, wanted: Container[str]) -> bool:
    """Whether the bytes of a file may call one of these imports or something of it."""
    names = [re.escape(name.encode()) for name, meant in outlook.imports.items() if meant in wanted]
    return bool(names and re.search(rb"(?<![\w.])(?:" + b"|".join(names) + rb")\s*[.(]", data))


class Spreading:
    """Which names of a project lead to functions that spread jobs over threads. of: the outlook of a file."""

    def __init__(self, project: Project, of: Callable[[Path], Outlook]) -> None:
        self.project = project
        self.of = of
        self._known: dict[_Node, frozenset[str]] = {}
        self._names: dict[str, tuple[_Node | None, frozenset[str]]] = {}
        #: The files that names of a file led to.
        self.leads: dict[Path, set[Path]] = {}

    def names(self, path: Path, outlook: Outlook) -> dict[str, frozenset[str]]:
        """What a file imports, as imported, that leads to such functions, and their own names."""
        found = ((name, self.ends(name, path)) for name in set(outlook.imports.values()))
        return {name: ends for name, ends in found if ends}

    def ends(self, name: str, path: Path) -> frozenset[str]:
        """The last words of such functions that a name, as a file imports it, leads to."""
        full = absolute(self.project, name, path) if name[:1] == "." else name
        known = self._names.get(full)
        if known is None:
            start = self._node(full, path)
            known = self._names[full] = start, self._reach(start) if start is not None else frozenset()
        start, ends = known
        if start is not None:
            self.leads.setdefault(path, set()).add(start[0])
        return ends

    def _node(self, name: str, by: Path) -> _Node | None:
        found = self.project.innermost(name)
        if found is None:
            return None
        module, rest = found
        self.leads.setdefault(by, set()).add(module.path)
        return module.path, rest

    def _reach(self, start: _Node) -> frozenset[str]:
        """Follows all ways from a name; circles end. An answer depends on nothing that was asked before."""
        if start not in self._known:
            ends: set[str] = set()
            seen = {start: None}
            pending = [start]
            while pending and len(seen) <= _MAX_NODES:
                here, after = self._step(*pending.pop())
                ends.update(here)
                for node in after:
                    if node not in seen:
                        seen[node] = None
                        pending.append(node)
            self._known[start] = frozenset(ends)
            if not ends and not pending:
                self._known.update(dict.fromkeys(seen, frozenset()))
        return self._known[start]

    def _step(self, path: Path, name: str) -> tuple[list[str], list[_Node]]:
        """What a module's name ends at, and what it leads on to. Without a name: all that the module has, and as a
        package hands on."""
        outlook = self.of(path)
        head, _, rest = name.partition(".")
        ends = [one for one in outlook.spreads if not head or one == head or one.startswith(f"{head}.")]
        onward: list[str] = []
        if not head:
            onward = [*outlook.imports.values()] if path.stem == "__init__" else []
        elif not ends and head in outlook.imports:
            onward = [outlook.imports[head] + (f".{rest}" if rest else "")]
        elif not ends and name.count(".") < _MAX_STEPS:
            onward = [_below(star, name) for star in outlook.stars]
        nodes = (self._node(absolute(self.project, one, path), path) for one in onward if one.count(".") < _MAX_STEPS)
        return [one.rpartition(".")[2] for one in ends], [node for node in nodes if node is not None]
