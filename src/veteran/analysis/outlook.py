"""What a file's bytes say of other modules without a parse, and which files call a function that spreads jobs.

`def each(work, items): pool.map(work, items)` spreads `work` over threads wherever it is called, in files too that say
no word of threads. Which of them have to be read follows from their imports. It may name too many of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from veteran.analysis.project import Project

#: More names than this of one file are not asked about.
MAX_NAMES = 300
#: More steps than this from name to name are a circle.
_MAX_STEPS = 20
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\.+|[.\w\x80-\xff]+[ \t])[ \t]*import\b[ \t]*(\([^()]*\)|(?:\\\r?\n|[^\n;#(])+)"
    rb"|import[ \t]((?:\\\r?\n|[^\n;#])+))",
    re.MULTILINE,
)
_COMMENT = re.compile(rb"#[^\n]*")


class Outlook(NamedTuple):
    """A file's view of others. imports: a name and what it means, as imported. stars: modules imported whole.

    spreads: the functions of the file, by their dotted names, that hand a parameter of theirs to several threads.
    """

    imports: dict[str, str]
    stars: tuple[str, ...] = ()
    spreads: tuple[str, ...] = ()


#: Of a file that cannot be read.
NOTHING = Outlook({})


def outlook_of(data: bytes, spreads: tuple[str, ...] = ()) -> Outlook:
    """What the bytes of a file say."""
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
    return Outlook(imports, tuple(stars), spreads)


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


class Spreading:
    """Which names of a project lead to functions that spread jobs over threads. of: the outlook of a file."""

    def __init__(self, project: Project, of: Callable[[Path], Outlook]) -> None:
        self.project = project
        self.of = of
        self._known: dict[tuple[Path, str], bool] = {}

    def imported(self, path: Path, outlook: Outlook) -> bool:
        """Whether a file imports such a function, or a module that has one."""
        names = {*outlook.imports.values(), *outlook.stars}
        return any(self._leads(absolute(self.project, name, path), 0) for name in names)

    def _leads(self, name: str, depth: int) -> bool:
        parts = name.split(".") if name else []
        for length in range(len(parts), 0, -1):
            module = self.project.find(".".join(parts[:length]))
            if module is not None:
                return self._in(module.path, ".".join(parts[length:]), depth)
        return False

    def _in(self, path: Path, name: str, depth: int) -> bool:
        """Whether a module's name does; without one, whether any does that it has or, as a package, hands on."""
        key = path, name
        if key not in self._known:
            self._known[key] = False  # while it is asked, and in a circle
            self._known[key] = depth < _MAX_STEPS and self._asked(path, name, depth + 1)
        return self._known[key]

    def _asked(self, path: Path, name: str, depth: int) -> bool:
        outlook = self.of(path)
        head, _, rest = name.partition(".")
        if not head:
            own = bool(outlook.spreads)
            handed_on = outlook.imports.values() if path.stem == "__init__" else ()
            return own or any(self._leads(absolute(self.project, one, path), depth) for one in handed_on)
        if any(one == head or one.startswith(f"{head}.") for one in outlook.spreads):
            return True
        if head in outlook.imports:
            meant = outlook.imports[head] + (f".{rest}" if rest else "")
            return self._leads(absolute(self.project, meant, path), depth)
        return any(self._leads(absolute(self.project, _below(star, name), path), depth) for star in outlook.stars)
