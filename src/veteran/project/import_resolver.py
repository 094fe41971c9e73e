"""Finds the file behind an import, and the dotted name of a file, without importing anything.

Source roots are configured (`src`) or found: the directory that holds the outermost package around a
file; what the packaging files of the project say; `src/`; the project itself, which is the nearest
directory upwards with one of `MARKERS`; and last, for what lies in no package, its own directory,
so that scripts beside each other import each other. Names are looked up in them as Python does on
`sys.path`. What is installed is never read: of site-packages only the package that was asked for.

Two names of one file: links inside the source roots lead to the name of what they point to, so that
loops of links end. Otherwise the identity of a module is its path.
"""

# Paths are text here: a search joins and compares thousands of them.
# ruff: noqa: PTH100, PTH113, PTH118, PTH119, PTH120, PTH122, PTH206

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from veteran.reading import TEXT_LIMIT, read, tables

MARKERS = ("pyproject.toml", "setup.cfg", "setup.py", ".git")
SITE = ("site-packages", "dist-packages")
MAX_DEPTH = 100  # dots in a name that is looked up
#: More source roots than this, or longer paths, are not taken from packaging files.
MAX_SAID = 200
MAX_PATH = 4_096
#: What every interpreter holds before it looks at any path: no file can take its place.
BUILT_IN = frozenset(
    (
        *("_abc", "_codecs", "_collections", "_collections_abc", "_functools", "_imp", "_io", "_operator", "_signal"),
        *("_sre", "_stat", "_thread", "_warnings", "_weakref", "abc", "atexit", "builtins", "codecs", "encodings"),
        *("errno", "gc", "genericpath", "importlib", "io", "itertools", "marshal", "nt", "ntpath", "os", "posix"),
        *("posixpath", "site", "stat", "sys", "time", "zipimport"),
    )
)

# What a directory holds under a stem.
_PY, _PYI, _DIR, _PY_LINK, _PYI_LINK, _DIR_LINK = (1 << bit for bit in range(6))
_INIT = "__init__"


class Module(NamedTuple):
    """Where a dotted name leads. path: a `.pyi` only without a `.py`; of a package its `__init__`."""

    name: str
    path: Path
    package: bool


class Sighting(NamedTuple):
    """What a look-up saw in a directory under one name; found: empty where there was nothing."""

    directory: str
    name: str
    found: str


class _Disk:
    """Directories, each read once."""

    def __init__(self) -> None:
        self._listings: dict[str, dict[str, int]] = {}
        self._roots: dict[str, tuple[str, str | None]] = {}
        self._packages: dict[str, bool] = {}
        self._around: dict[str, str] = {}

    def listing(self, directory: str) -> dict[str, int]:
        """The modules and directories in it, by stem; nothing where it cannot be read."""
        found = self._listings.get(directory)
        if found is None:
            found = self._listings[directory] = {}
            try:
                with os.scandir(directory) as entries:
                    for entry in entries:
                        _take(entry, found)
            except (OSError, ValueError):
                pass
        return found

    def beside(self, directory: str) -> str:
        """The directory that holds the outermost of a chain of packages; itself if it is none."""
        while self._is_package(directory):
            directory = os.path.dirname(directory)
        return directory

    def around(self, directory: str) -> str:
        """The directory that holds the outermost package around this one; itself if there is none.

        Directories without `__init__` may lie between them, but not above the project.
        """
        found = self._around.get(directory)
        if found is not None:
            return found
        root, _ = self.project_around(directory)
        found = place = directory
        while True:
            above = os.path.dirname(place)
            if self._is_package(place):
                found = above
            elif not os.path.basename(place).isidentifier() or (
                root and (place == root or _below(place, root) is None)
            ):
                break
            place = above
        self._around[directory] = found
        return found

    def _is_package(self, directory: str) -> bool:
        """Whether it is a package that an import can name."""
        known = self._packages.get(directory)
        if known is None:
            if self._listings.get(directory) or self.project_around(directory)[0]:
                known = bool(self.listing(directory).get(_INIT, 0) & (_PY | _PYI))
            else:  # directories above everything may be huge
                known = any(os.path.isfile(os.path.join(directory, _INIT + suffix)) for suffix in (".py", ".pyi"))
            known = self._packages[directory] = known and os.path.basename(directory).isidentifier()
        return known

    def project_around(self, directory: str) -> tuple[str, str | None]:
        """The directory that stands for the project, or an empty string; and of site-packages what to look at."""
        passed: list[str] = []
        place, below = directory, ""
        answer: tuple[str, str | None] | None = None
        while answer is None:
            above = os.path.dirname(place)
            if below and os.path.basename(place) in SITE:
                answer = place, below
            elif place in self._roots:
                answer = self._roots[place]
            elif any(os.path.lexists(os.path.join(place, marker)) for marker in MARKERS):
                answer = self._roots[place] = place, None
            elif above == place:
                answer = "", None
            else:
                passed.append(place)
                place, below = above, os.path.basename(place)
        for place in passed:
            self._roots[place] = answer
        return answer


def _take(entry: os.DirEntry[str], found: dict[str, int]) -> None:
    """Notes an entry of a directory if it can be part of a dotted name."""
    name = entry.name
    try:
        if name.endswith(".py"):
            stem, bit, link = name[:-3], _PY, _PY_LINK
        elif name.endswith(".pyi"):
            stem, bit, link = name[:-4], _PYI, _PYI_LINK
        else:
            if not name.isidentifier() or not entry.is_dir():
                return
            stem, bit, link = name, _DIR, _DIR_LINK
        if stem.isidentifier() and (bit == _DIR or entry.is_file()):
            found[stem] = found.get(stem, 0) | bit | (link if entry.is_symlink() else 0)
    except OSError:  # a loop of links
        return


class _Place(NamedTuple):
    """A directory that names are looked up in. name: of the package, empty for source roots.

    only: the one name that is looked for in it. weak: it takes no name from the standard library.
    """

    path: str
    real: str
    name: str = ""
    above: _Place | None = None
    only: str | None = None
    weak: bool = False


class _Node(NamedTuple):
    """What a dotted name is: a file or none, and the directories that hold its submodules."""

    module: Module | None
    places: tuple[_Place, ...]


_NOTHING = _Node(None, ())


class Project:
    """The modules of one source tree: finds the file behind an import, and the dotted name of a file."""

    def __init__(
        self,
        root: Path,
        src: tuple[str, ...] = (),
        *,
        _places: Sequence[_Place] = (),
        _disk: _Disk | None = None,
    ) -> None:
        """src: source roots, relative to `root` or absolute; without any they are found."""
        self.root = root
        self._disk = _disk or _Disk()
        top = os.path.abspath(root)
        self._roots = tuple(_places) or tuple(
            _Place(path, os.path.realpath(path)) for path in (_joined(top, src) if src else _found(top, self._disk))
        )
        self._nodes: dict[str, _Node] = {}
        self._names: dict[str, str | None] = {}
        self._sightings: dict[tuple[str, str], int] = {}

    @property
    def roots(self) -> tuple[Path, ...]:
        """The source roots, in the order in which they are searched."""
        return tuple(Path(place.path) for place in self._roots)

    def name_of(self, path: Path) -> str | None:
        """The dotted name of a file, by its place alone; None where no import statement can name it.

        Another file may take precedence: see `find`.
        """
        directory, file = os.path.split(os.path.abspath(path))
        stem, suffix = os.path.splitext(file)
        if suffix not in (".py", ".pyi"):
            return None
        if directory not in self._names:
            self._names[directory] = self._package_at(directory)
        package = self._names[directory]
        if package is None:
            return None
        if self._disk.listing(directory).get(stem, 0) & (_PY_LINK if suffix == ".py" else _PYI_LINK):
            inside = self._inside(os.path.realpath(os.path.join(directory, file)), suffix)
            if inside:
                return inside[1].removesuffix(f".{_INIT}") if inside[1] != _INIT else None
        if stem == _INIT:
            return package or None
        return _dotted(package, stem) if stem.isidentifier() else None

    def is_package(self, path: Path) -> bool:
        """Whether it is an `__init__` file."""
        return path.name in ("__init__.py", "__init__.pyi")

    def find(self, name: str) -> Module | None:
        """The module of that dotted name; None where it is not part of this project.

        As in Python the first source root wins, and within one a package goes before a module, and
        both, in whatever root, before a directory without `__init__`. Such a directory has no file,
        so that only its submodules are found.
        """
        found = self._nodes.get(name)
        if found is None:
            found = self._look_up(name)
        return found.module

    def innermost(self, name: str) -> tuple[Module, str] | None:
        """The innermost module that a dotted name leads through, and what is left of the name."""
        parts = name.split(".") if name else []
        for length in range(len(parts), 0, -1):
            module = self.find(".".join(parts[:length]))
            if module is not None:
                return module, ".".join(parts[length:])
        return None

    def resolve_relative(self, module: str, package: bool, reference: str) -> str | None:
        """The absolute name of what a module imports: `.a.b`, `..x` or `.`; None beyond the top."""
        rest = reference.lstrip(".")
        level = len(reference) - len(rest)
        if not level:
            return reference
        parts = module.split(".") if module else []
        keep = len(parts) - level + bool(package)
        if keep < 1:
            return None
        return ".".join([*parts[:keep], rest] if rest else parts[:keep])

    def looked_for(self) -> tuple[Sighting, ...]:
        """All that decided the look-ups so far, what was absent included.

        With the same source roots and `still(…)` true, each of them has the same answer.
        """
        return tuple(
            Sighting(directory, name, _described(directory, name, bits))
            for (directory, name), bits in sorted(self._sightings.items())
        )

    def _look_up(self, name: str) -> _Node:
        wanted = name
        if not name.isascii():
            from unicodedata import normalize

            wanted = normalize("NFKC", name)  # as the compiler does with identifiers
        node, prefix = _Node(None, self._roots), ""
        if wanted.count(".") > MAX_DEPTH:
            return _NOTHING
        for part in wanted.split("."):
            if not node.places:
                node = _NOTHING
                break
            above, top = node, not prefix
            prefix = _dotted(prefix, part)
            known = self._nodes.get(prefix)
            if known is None:
                if part == _INIT:
                    known = _Node(above.module if above.module and above.module.package else None, ())
                else:
                    known = self._search(above.places, part, top) if part.isidentifier() else _NOTHING
                self._nodes[prefix] = known
            node = known
        self._nodes[name] = node
        return node

    def _search(self, places: Iterable[_Place], part: str, top: bool) -> _Node:
        """What a name is below these directories. top: whether they are the source roots."""
        if top and part in BUILT_IN:
            return _NOTHING
        standard = top and part in sys.stdlib_module_names
        stub: Module | None = None
        portions: list[_Place] = []
        for place in places:
            if (place.only is not None and place.only != part) or (standard and place.weak):
                continue
            bits = self._disk.listing(place.path).get(part, 0)
            self._sightings[place.path, part] = bits
            if not bits:
                continue
            if bits & _DIR:
                inner = self._enter(place, part, bits)
                init = self._disk.listing(inner.path).get(_INIT, 0)
                self._sightings[inner.path, _INIT] = init
                if init & _PY and inner.name:
                    return _Node(Module(inner.name, Path(inner.path, "__init__.py"), True), (inner,))
                if init & _PYI and inner.name and not stub:
                    stub = Module(inner.name, Path(inner.path, "__init__.pyi"), True)
                portions.append(inner)
            if bits & _PY:
                return _Node(self._file(place, part, ".py", bits & _PY_LINK), ())
            if bits & _PYI and not stub:
                stub = self._file(place, part, ".pyi", bits & _PYI_LINK)
        # Both come after what the standard library has.
        return _NOTHING if standard else _Node(stub, tuple(portions))

    def _enter(self, place: _Place, part: str, bits: int) -> _Place:
        """The directory of that name in another one."""
        path = os.path.join(place.path, part)
        name = _dotted(place.name, part)
        if not bits & _DIR_LINK:
            return _Place(path, os.path.join(place.real, part), name, place)
        real = os.path.realpath(path)
        inside = self._inside(real, "")
        if inside:
            return _Place(inside[0], real, inside[1])
        above: _Place | None = place
        while above:
            if above.real == real:
                return above
            above = above.above
        return _Place(path, real, name, place)

    def _file(self, place: _Place, part: str, suffix: str, link: int) -> Module:
        """The module of that name in a directory."""
        path = os.path.join(place.path, part + suffix)
        if link:
            inside = self._inside(os.path.realpath(path), suffix)
            if inside and inside[1].rpartition(".")[2] != _INIT:
                return Module(inside[1], Path(inside[0]), False)
            if inside and inside[1] != _INIT:
                return Module(inside[1].rpartition(".")[0], Path(inside[0]), True)
        return Module(_dotted(place.name, part), Path(path), False)

    def _inside(self, real: str, suffix: str) -> tuple[str, str] | None:
        """Path and dotted name of something in a source root by its real path; suffix: that of a file."""
        best = None
        for root in self._roots:
            below = _below(real, root.real)
            if below is None or root.only is not None:
                continue
            if best is None or (root.weak, -len(root.real)) < (best[0].weak, -len(best[0].real)):
                best = root, below
        if best is None or not best[1].endswith(suffix):
            return None
        root, below = best
        parts = below.removesuffix(suffix).split(os.sep) if below else []
        if not all(part.isidentifier() for part in parts):
            return None
        return (os.path.join(root.path, below) if below else root.path), ".".join(parts)

    def _package_at(self, directory: str) -> str | None:
        """The dotted name of a directory: empty for a source root, None for what no import can name."""
        root = self._root_of(directory)
        if root is None:
            real = os.path.realpath(directory)
            inside = self._inside(real, "")
            return inside[1] if inside else None
        place = root
        below = _below(directory, root.path)
        for part in below.split(os.sep) if below else ():
            bits = self._disk.listing(place.path).get(part, 0)
            if not bits & _DIR:
                # Not there, as with text that an editor has not saved, or no identifier.
                bits = _DIR if part.isidentifier() else 0
            if not bits:
                return None
            place = self._enter(place, part, bits)
        return place.name

    def _root_of(self, directory: str) -> _Place | None:
        """The source root that gives a directory its name: that around its packages, else the innermost."""
        holding = []
        for root in self._roots:
            below = _below(directory, root.path)
            if below is not None and root.only in (None, below.split(os.sep)[0]):
                holding.append(root)
        if not holding:
            return None
        holding = [root for root in holding if not root.weak] or holding
        around = self._disk.around(directory)
        return max(holding, key=lambda root: (root.path == around, len(root.path)))


def still(sightings: Iterable[Sighting]) -> bool:
    """Whether all of that is on the disk as it was."""
    disk = _Disk()
    return all(
        _described(directory, name, disk.listing(directory).get(name, 0)) == found
        for directory, name, found in sightings
    )


def _described(directory: str, name: str, bits: int) -> str:
    """What a directory holds under a name, as text."""
    found = []
    for bit, link, suffix in ((_DIR, _DIR_LINK, ""), (_PY, _PY_LINK, ".py"), (_PYI, _PYI_LINK, ".pyi")):
        if bits & link:
            found.append(f"{suffix or '/'} -> {os.path.realpath(os.path.join(directory, name + suffix))}")
        elif bits & bit:
            found.append(suffix or "/")
    return " ".join(found)


# The project of a file


@cache
def _disk() -> _Disk:
    """What all projects share."""
    return _Disk()


_projects: dict[tuple[object, ...], Project] = {}
_by_directory: dict[tuple[str, tuple[str, ...]], Project] = {}


def project_for(path: Path, src: tuple[str, ...]) -> Project:
    """The project that a file belongs to. src: as for `Project`; relative ones to the project's directory.

    Files share one where they have the same source roots. Everything is looked up once; `forget`
    starts anew.
    """
    directory = os.path.dirname(os.path.abspath(path))
    if os.path.basename(directory) in SITE:
        return _made(directory, [_place(directory, only=path.stem)])
    project = _by_directory.get((directory, src))
    if project is None:
        project = _by_directory[directory, src] = _project(directory, src)
    return project


def looked_at() -> tuple[dict[str, dict[str, int]], set[str]]:
    """The directories that `project_for` listed, with what was found, and those that it looked for something in."""
    disk = _disk()
    return disk._listings, {*disk._roots, *(root for root, _ in disk._roots.values() if root), *disk._packages}


def listing(directory: str) -> dict[str, int]:
    """What `looked_at` would say of a directory that is listed now."""
    return _Disk().listing(directory)


def forget() -> None:
    """Makes `project_for` read every directory again."""
    _disk.cache_clear()
    _projects.clear()
    _by_directory.clear()


def _project(directory: str, src: tuple[str, ...]) -> Project:
    root, only = _disk().project_around(directory)
    own = _disk().around(directory)
    if only is not None:
        return _made(root, [_place(root, only=only)])
    top = root or own
    packaged = own != directory
    places: list[_Place] = []
    if src:
        places += map(_place, _joined(top, src))
    else:
        if packaged and (not root or _below(own, root) is not None):
            places.append(_place(own))
        if root:
            places += map(_place, _found(root, _disk()))
        elif not packaged:
            places.append(_place(own))
    if packaged and not any(_below(directory, place.path) is not None for place in places):
        places.append(_place(own))
    if packaged and root and not src and _below(own, root) is None:
        # The project is itself part of a package; what lies beside it is not.
        places.append(_place(own, only=directory[len(own) :].strip(os.sep).split(os.sep)[0]))
    beside = _disk().beside(directory)
    if not packaged or beside != own:
        places.append(_place(beside, weak=True))
    return _made(top, places)


def _made(root: str, places: Iterable[_Place]) -> Project:
    """The project with these source roots, one for all who ask."""
    unique: dict[str, _Place] = {}
    for place in places:
        unique.setdefault(place.path, place)
    key = (root, *((place.path, place.only, place.weak) for place in unique.values()))
    if key not in _projects:
        _projects[key] = Project(Path(root), _places=tuple(unique.values()), _disk=_disk())
    return _projects[key]


def _place(path: str, only: str | None = None, weak: bool = False) -> _Place:
    return _Place(path, os.path.realpath(path), only=only, weak=weak)


def _joined(top: str, directories: Iterable[str]) -> list[str]:
    """Absolute paths, each once."""
    return list(dict.fromkeys(os.path.normpath(os.path.join(top, directory)) for directory in directories))


def _below(path: str, directory: str) -> str | None:
    """The path relative to a directory that it lies in; None elsewhere."""
    if path == directory:
        return ""
    start = directory if directory.endswith(os.sep) else directory + os.sep
    return path[len(start) :] if path.startswith(start) else None


def _dotted(package: str, name: str) -> str:
    return f"{package}.{name}" if package else name


# Where a project's packaging says that its sources are


def _found(root: str, disk: _Disk) -> list[str]:
    """The source roots of a project."""
    said = [directory for directory in _said(root) if _below(directory, root)]
    source = os.path.join(root, "src")
    listing = disk.listing(root)
    if listing.get("src", 0) & _DIR and not disk.listing(source).get(_INIT, 0) & (_PY | _PYI):
        said.append(source)
    return _joined(root, [*said, root])


def _said(root: str) -> list[str]:
    """The directories that the packaging files name; a file that cannot be read names none."""
    directories: list[str] = []
    for name, said in (("pyproject.toml", _from_pyproject), ("setup.cfg", _from_cfg), ("setup.py", _from_setup)):
        with suppress(OSError, ValueError, RecursionError):
            directories += said(read(os.path.join(root, name), TEXT_LIMIT).decode("utf-8-sig"))
    possible = (directory for directory in directories if "\0" not in directory and len(directory) <= MAX_PATH)
    return _joined(root, itertools.islice(possible, MAX_SAID))


def _from_pyproject(text: str) -> list[str]:
    if not re.search(r"package-dir|where|from|packages|sources|python-source|module-root", text):
        return []
    tool = _at(tables(text), "tool")
    wheel = _at(tool, "hatch", "build", "targets", "wheel")
    found = list(_texts(_at(tool, "setuptools", "packages", "find", "where")))
    found += _package_dirs(_at(tool, "setuptools", "package-dir"))
    for package in _items(_at(tool, "poetry", "packages")):
        found += _texts([_at(package, "from")])
    found += map(os.path.dirname, _texts(_at(wheel, "packages")))
    for sources in (_at(wheel, "sources"), _at(tool, "hatch", "build", "sources")):
        found += _texts(sources)
        if isinstance(sources, dict):
            found += _package_dirs({name: path for path, name in sources.items() if isinstance(name, str)})
    for place in (
        ("pdm", "build", "package-dir"),
        ("maturin", "python-source"),
        ("uv", "build-backend", "module-root"),
    ):
        found += _texts([_at(tool, *place)])
    return found


def _from_cfg(text: str) -> list[str]:
    if not re.search(r"package_dir|package-dir|where", text):
        return []
    options = _options(text)
    found: list[str] = []
    for section in ("options.packages.find", "options.packages.find_namespace"):
        found += re.split(r"[\s,]+", options.get((section, "where"), ""))
    for key in ("package_dir", "package-dir"):
        pairs = (item.partition("=") for item in re.split(r"[\n,]", options.get(("options", key), "")))
        found += _package_dirs({package.strip(): directory.strip() for package, equals, directory in pairs if equals})
    return [directory for directory in found if directory]


def _options(text: str) -> dict[tuple[str, str], str]:
    """The values of a `setup.cfg` by section and key; ValueError where it is none. configparser is quadratic."""
    values: dict[tuple[str, str], list[str]] = {}
    section, depth = "", 0
    current: list[str] = []  # what a deeper line belongs to
    for line in text.split("\n"):
        said = line.strip()
        if not said or said.startswith(("#", ";")):
            continue
        indent = len(line) - len(line.lstrip())
        if current and indent > depth:
            current.append(said)
            continue
        depth = indent
        header = re.match(r"\[(.+)\]", said)
        if header:
            section, current = header[1], []
            continue
        key, sign, value = said.partition(":" if ":" in said.partition("=")[0] else "=")
        place = section, key.strip().lower()
        if not sign or not section or place in values:
            raise ValueError(f"no option: {said:.60}")
        current = values[place] = [value.strip()]
    return {place: "\n".join(lines) for place, lines in values.items()}


def _from_setup(text: str) -> list[str]:
    """What is written out in a `setup.py`; it is not run."""
    string = r"""["']([\w./-]+)["']"""
    found: list[str] = re.findall(rf"""package_dir\s*=\s*\{{\s*(?:""|'')\s*:\s*{string}""", text)
    found += re.findall(rf"find_(?:namespace_)?packages\(\s*(?:where\s*=\s*)?{string}", text)
    return found


def _package_dirs(table: Any) -> Iterator[str]:
    """The roots that a table from packages to their directories means."""
    if not isinstance(table, dict):
        return
    for package, directory in table.items():
        if not isinstance(directory, str):
            continue
        below = package.replace(".", "/")
        place = directory.replace("\\", "/").rstrip("/")
        if not below:
            yield directory
        elif place == below or place.endswith(f"/{below}"):
            yield place[: -len(below)] or "."


def _at(table: Any, *keys: str) -> Any:
    """What a table holds below these keys; None where there is nothing."""
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [item for item in _items(value) if isinstance(item, str)]
