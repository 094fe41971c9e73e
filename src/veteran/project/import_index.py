"""What a file imports, by its bytes and without a parse: it may name too much."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from veteran.analysis.syntax.gate import Glance
from veteran.project.kinds import IMPORTS, Kind, Teller

if TYPE_CHECKING:
    from veteran.project.import_resolver import Project

#: More names than this of one file are not asked about.
MAX_NAMES = 300
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\.+|[.\w\x80-\xff]+[ \t])[ \t]*import\b[ \t]*(\([^()]*\)|(?:\\\r?\n|[^\n;#(])+)"
    rb"|import[ \t]((?:\\\r?\n|[^\n;#])+))",
    re.MULTILINE,
)
_COMMENT = re.compile(rb"#[^\n]*")


class Imports(NamedTuple):
    """What a file imports. names: a name and what it means, as imported. stars: modules imported whole."""

    names: dict[str, str]
    stars: tuple[str, ...] = ()


IMPORTED: Kind[Imports] = Kind("imports", Imports, Imports({}), IMPORTS)


def imports_of(glance: Glance) -> Imports:
    """What the bytes of a file say that it imports."""
    names: dict[str, str] = {}
    stars: list[str] = []
    for source, imported, modules in _IMPORT.findall(glance.data):
        module = source.strip().decode("utf-8", "replace")
        for item in _COMMENT.sub(b"", imported or modules).replace(b"\\", b" ").strip(b"() \t\r\n").split(b","):
            words = item.decode("utf-8", "replace").split()
            if not words or len(names) >= MAX_NAMES:
                continue
            if not module:
                names[words[-1]] = words[0]
            elif words[0] == "*":
                stars.append(module)
            else:
                names[words[-1]] = below(module, words[0])
    return Imports(names, tuple(stars))


TELLER = Teller(IMPORTED, imports_of)


def below(module: str, name: str) -> str:
    """The name of something in a module, as it is imported."""
    return f"{module}{'' if module.endswith('.') else '.'}{name}"


def absolute(project: Project, name: str, path: Path) -> str:
    """The absolute form of a name as a file imports it; empty beyond the top."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    module = project.name_of(path) or ""
    base = project.resolve_relative(module, project.is_package(path), "." * level) if module else None
    return f"{base}.{name[level:]}" if base else ""
