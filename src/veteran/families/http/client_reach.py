"""Which modules can have to do with HTTP responses, judged by the bytes of files and their imports alone.

What a module gives is asked of its facts, for which a file may have to be read: only where this says that it can be
worth it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from veteran.analysis.syntax.gate import Glance
from veteran.families.http.fact_types import REACH, Reach
from veteran.project.import_index import IMPORTED, absolute, imports_of
from veteran.project.kinds import IMPORTS

if TYPE_CHECKING:
    from veteran.project.symbols import Loaded
    from veteran.project.world import World

#: From a module to one that uses a client's library there are at most so many imports.
MAX_IMPORTS = 2
#: More dots than this are not looked up.
_MAX_DOTS = 20
_KEYS = (b'["', b"['", b"loads(")


def reach_of(glance: Glance) -> Reach:
    """What the bytes of a file say of HTTP responses."""
    data, clients = glance.data, glance.catalog.client_libraries
    uses = any(_is_client(meant, clients) for meant in glance.once(imports_of).names.values())
    tells = uses or b".json(" in data
    return Reach(uses, tells, tells or any(key in data for key in _KEYS))


def _is_client(meant: str, clients: Container[str]) -> bool:
    root, _, rest = meant.lstrip(".").partition(".")
    if root in clients or rest.rpartition(".")[2] in clients:
        return True
    return meant.startswith(("urllib.request", "http.client")) or meant in ("urllib", "http")


class Nearby:
    """The modules of one project around clients."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.project = world.project
        self._known: dict[tuple[Path, int], bool] = {}
        self._imported: dict[Path, dict[str, Path]] = {}
        self._homes: dict[str, Path | None] = {}
        self.looked = world.leads(IMPORTS)

    def of(self, path: Path) -> Reach:
        """What the bytes of a file say."""
        return self.world.told(REACH, path)

    def leads(self, target: str, module: Loaded) -> bool:
        """Whether a target (see `CallFact`) of a module can lead to what a client gives."""
        if target.startswith(":"):
            return self.reaches(module.path, MAX_IMPORTS)
        name = target.replace("()", "")
        home = self._home(absolute(self.project, name, module.path) if name[:1] == "." else name)
        if home is None:
            return False
        self.looked.setdefault(module.path, set()).add(home)
        return self.reaches(home, MAX_IMPORTS)

    def reaches(self, path: Path, imports: int) -> bool:
        """Whether a module uses a client's library, or some import from it, so many times over, does."""
        key = path, imports
        if key not in self._known:
            self._known[key] = self.of(path).clients or (
                imports > 0 and any(self.reaches(one, imports - 1) for one in {*self.imported(path).values()})
            )
        return self._known[key]

    def imported(self, path: Path) -> dict[str, Path]:
        """The modules of the project that a file imports or imports from, by the names it gives to what it imports."""
        if path not in self._imported:
            imports = self.world.told(IMPORTED, path)
            found = {name: self._module_of(meant, path) for name, meant in imports.names.items()}
            found.update({f"* {star}": self._module_of(star, path) for star in imports.stars})
            self._imported[path] = {name: home for name, home in found.items() if home is not None and home != path}
            self.looked.setdefault(path, set()).update(self._imported[path].values())
        return self._imported[path]

    def _module_of(self, meant: str, path: Path) -> Path | None:
        return self._home(absolute(self.project, meant, path) if meant[:1] == "." else meant)

    def _home(self, name: str) -> Path | None:
        """The file of the innermost module that a dotted name leads through."""
        if name not in self._homes:
            self._homes[name] = self._found(name)
        return self._homes[name]

    def _found(self, name: str) -> Path | None:
        parts = name.split(".") if name else []
        if not parts or len(parts) > _MAX_DOTS or self.project.find(parts[0]) is None:
            return None
        found = self.project.innermost(name)
        return found[0].path if found is not None else None


def calls_any(data: bytes, names: Iterable[str]) -> bool:
    """Whether the bytes of a file may call something of such a name."""
    return any(f"{name}(".encode() in data for name in names)
