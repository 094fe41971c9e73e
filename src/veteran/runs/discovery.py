"""From the paths that a user names to the Python files behind them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, NamedTuple

from veteran.reading import TEXT_LIMIT, read
from veteran.runs.git_excludes import exclude_files
from veteran.settings import MAX_GLOB, absolute, composed, is_possible, is_repository, translate

if TYPE_CHECKING:
    from veteran.runs.snapshot import Trace
    from veteran.settings import Settings


SUFFIXES = (".py", ".pyi")
#: So many patterns of an ignore file are one regular expression.
TOGETHER = 100


class Discovered(NamedTuple):
    """What `find_files` found.

    files: each once, absolute or relative as they were named, sorted. missing: named paths that do
    not exist. problems: directories and ignore files that could not be read, and why.
    """

    files: list[Path]
    missing: list[Path]
    problems: list[tuple[Path, str]]


def find_files(
    paths: Sequence[Path],
    settings_for: Callable[[Path], Settings],
    *,
    force_exclude: bool,
    trace: Trace | None = None,
) -> Discovered:
    """The Python files among and below the paths.

    What is named is taken, whatever its suffix, and even where it is excluded or ignored; with
    `force_exclude` it must not be excluded. Links to directories are followed only where they are
    named, broken links are passed over. settings_for: the settings of a directory; what it raises
    is passed on. trace: is told of the directories that were read.
    """
    search = _Search(settings_for, trace)
    for path in paths:
        search.add(path, force_exclude)
    search.add_links()
    if trace:
        trace.links.update(map(str, search.links))
    return Discovered(
        sorted(search.files.values(), key=_parts),
        list(dict.fromkeys(search.missing)),
        sorted(set(search.problems), key=lambda problem: _parts(problem[0])),
    )


class _Directory(NamedTuple):
    """A directory to read: its path as shown, absolute and real; the latter two end in a slash."""

    shown: str
    absolute: str
    real: str
    ignored: _Ignored | None
    in_environment: bool = False


class _Search:
    """One call of `find_files`."""

    def __init__(self, settings_for: Callable[[Path], Settings], trace: Trace | None) -> None:
        self.settings_for = settings_for
        self.trace = trace
        #: By their real paths.
        self.files: dict[str, Path] = {}
        #: Links that were met on the way: the file itself is preferred.
        self.links: list[Path] = []
        self.missing: list[Path] = []
        self.problems: list[tuple[Path, str]] = []
        self._real: dict[Path, str] = {}
        self._governing: dict[Path, list[Settings]] = {}

    def add(self, path: Path, force_exclude: bool) -> None:
        """Takes a path that was named."""
        try:
            is_directory = S_ISDIR(path.stat().st_mode)
        except PermissionError as error:
            self._report(path, error)
            return
        except (OSError, ValueError):  # ValueError: a name that no file can have
            self.missing.append(path)
            return
        if force_exclude and self._is_excluded(path, is_directory):
            return
        if self.trace:
            # What is no link may become one, and two paths the same.
            self.trace.links.add(str(path if is_directory or path.is_symlink() else path.parent))
        if is_directory:
            self._walk(path)
        else:
            self.files.setdefault(self._identity(path), path)

    def add_links(self) -> None:
        """Takes the links to files that were not found otherwise."""
        for link in sorted(self.links, key=_parts):
            self.files.setdefault(self._identity(link), link)

    def _walk(self, top: Path) -> None:
        place, real = _slashed(absolute(top)), _slashed(os.path.realpath(top))
        pending = [_Directory(str(top), place, real, self._ignored_above(top))]
        while pending:
            directory = pending.pop()
            try:
                with os.scandir(directory.shown) as scanned:
                    entries = {entry.name: entry for entry in scanned}
            except OSError as error:
                self._report(Path(directory.shown), error)
                continue
            if "pyvenv.cfg" in entries:
                if directory.absolute != place:
                    self._note(directory, entries)
                    continue
                directory = directory._replace(in_environment=True)
            pending += self._enter(directory, entries)

    def _note(
        self, directory: _Directory, entries: dict[str, os.DirEntry[str]], settings: Settings | None = None
    ) -> None:
        if self.trace:
            self.trace.see(directory.absolute.rstrip("/") or "/", entries.values(), settings)

    def _enter(self, directory: _Directory, entries: dict[str, os.DirEntry[str]]) -> Iterator[_Directory]:
        """Takes the files of a directory; yields the directories in it that are to be read."""
        settings = self.settings_for(Path(directory.shown))
        self._note(directory, entries, settings)
        excludes = settings.exclusions
        below = _slashed(settings.relative(Path(directory.absolute)))
        ignored = None
        if settings.respect_gitignore:
            ignored = self._ignored_in(directory.absolute, directory.ignored, entries.keys())
        for name, entry in entries.items():
            is_directory = _is_directory(entry)
            if not is_directory and not name.endswith(SUFFIXES):
                continue
            ended = f"{name}/" if is_directory else name
            if excludes.match(below + ended) or (ignored and ignored.has(directory.absolute, ended)):
                continue
            if not is_directory:
                self._take(directory, entry)
            elif not (directory.in_environment and name == "site-packages"):
                yield _Directory(
                    entry.path,
                    directory.absolute + ended,
                    directory.real + ended,
                    ignored,
                    directory.in_environment,
                )

    def _take(self, directory: _Directory, entry: os.DirEntry[str]) -> None:
        """Takes a file of that directory."""
        try:
            is_file = entry.is_file()
        except OSError:  # a loop of links
            return
        if is_file and entry.is_symlink():
            self.links.append(Path(entry.path))
        elif is_file:
            self.files.setdefault(directory.real + entry.name, Path(entry.path))

    def _identity(self, path: Path) -> str:
        """The real path; cheap for many files of one directory."""
        if path.is_symlink():
            return os.path.realpath(path).replace(os.sep, "/")
        above = path.parent
        if above not in self._real:
            self._real[above] = _slashed(os.path.realpath(above))
        return self._real[above] + path.name

    def _is_excluded(self, path: Path, is_directory: bool) -> bool:
        """Whether the path, or a directory above it, is excluded by a configuration around it."""
        place = path if is_directory else path.parent
        if place not in self._governing:
            self._governing[place] = list(self._settings_around(place))
        end = "/" if is_directory else ""
        return any(settings.exclusions.cover(settings.relative(path) + end) for settings in self._governing[place])

    def _settings_around(self, directory: Path) -> Iterator[Settings]:
        """The settings of a directory, and of each configured project that its project lies in."""
        place = Path(absolute(directory))
        settings = self.settings_for(directory)
        yield settings
        while settings.root in (place, *place.parents) and settings.root != settings.root.parent:
            place = settings.root.parent
            settings = self.settings_for(place)
            if settings.source is None:
                return
            yield settings

    def _ignored_above(self, top: Path) -> _Ignored | None:
        """What the ignore files above a directory name; nothing where they ignore it itself.

        They count up to the root of the repository; outside of any, up to that of the settings.
        """
        settings = self.settings_for(top)
        place = Path(absolute(top))
        upwards = (place, *place.parents)
        root = next(filter(is_repository, upwards), settings.root)
        if not settings.respect_gitignore or root not in upwards:
            return None
        ignored = None
        for directory in reversed(upwards[: upwards.index(root)]):
            names = (".git", ".gitignore") if directory.parent == root else (".gitignore",)
            above = _slashed(str(directory.parent))
            ignored = self._ignored_in(above, ignored, names)
            if ignored and ignored.has(above, f"{directory.name}/"):
                ignored = None  # somebody wants it nevertheless
        return ignored

    def _ignored_in(self, directory: str, outer: _Ignored | None, names: Iterable[str]) -> _Ignored | None:
        """What is ignored in a directory that holds these names, given what those above it ignore."""
        if ".git" in names:  # a repository of its own
            outer = self._read_ignored(exclude_files(directory)[-1], directory, None)
        if ".gitignore" in names:
            outer = self._read_ignored(f"{directory}.gitignore", directory, outer)
        return outer

    def _read_ignored(self, source: str, base: str, outer: _Ignored | None) -> _Ignored | None:
        """The patterns of an ignore file; `outer` where it has none."""
        try:
            data = read(source, TEXT_LIMIT)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return outer
        except OSError as error:
            self._report(Path(source), error)
            return outer
        rules = list(_rules(data.decode("utf-8-sig", errors="surrogateescape")))
        return _Ignored(rules, base, outer) if rules else outer

    def _report(self, path: Path, error: OSError) -> None:
        self.problems.append((path, f"cannot be read: {error.strerror or error}"))


class _Rule(NamedTuple):
    """One line of an ignore file. ignores: False for `!…`."""

    number: int
    ignores: bool
    glob: str


class _Ignored:
    """What an ignore file says, and below it the files that it takes precedence over.

    base: the directory that its patterns are relative to, with a slash at the end.
    """

    # Not pathspec: it judges paths of files only (`foo/**` would take foo/ itself, `*` beat `!*/`),
    # so that no directory could be left out unread; and its import takes longer than most searches.

    __slots__ = ("base", "by_name", "by_path", "outer")

    def __init__(self, rules: Sequence[_Rule], base: str, outer: _Ignored | None) -> None:
        self.base = base
        self.outer = outer
        self.by_name = _last([rule for rule in rules if "/" not in rule.glob.rstrip("/")])
        self.by_path = _last([rule for rule in rules if "/" in rule.glob.rstrip("/")])

    def has(self, directory: str, name: str) -> bool:
        """Whether git ignores the file, or with a slash at the end directory, of that name.

        As in git the last pattern decides, and nobody asks for what is in an ignored directory.
        """
        level: _Ignored | None = self
        while level is not None:
            path = directory[len(level.base) :] + name
            number, ignores = max(level.by_name(name), level.by_path(path))
            if number:
                return ignores
            level = level.outer
        return False


def _rules(text: str) -> Iterator[_Rule]:
    """The patterns of an ignore file; what git cannot match either is left out, and what no path is as long as."""
    for number, line in enumerate(text.split("\n"), start=1):
        ended = line.removesuffix("\r")
        glob = ended.rstrip(" ")
        if glob.endswith("\\"):
            glob = ended[: len(glob) + 1]  # it keeps the space behind it
        negated = glob.startswith("!")
        glob = glob.removeprefix("!")
        parts = glob.removeprefix("/").removesuffix("/").split("/")
        if len(glob) <= MAX_GLOB and not line.startswith("#") and not {"", "."} & set(parts) and is_possible(glob):
            yield _Rule(number, not negated, glob)


def _last(rules: Sequence[_Rule]) -> Callable[[str], tuple[int, bool]]:
    """A function from a name or path to (number, ignores) of the last rule that matches it.

    (0, False) where none does. Plain names are looked up. Of the others an expression holds `TOGETHER`, last first, a
    group for each; with more groups the time would grow faster than their number.
    """
    plain: dict[str, tuple[int, bool]] = {}
    others: list[_Rule] = []
    for rule in rules:
        glob = composed(rule.glob.removeprefix("/"))
        if frozenset("*?[\\").isdisjoint(glob):
            plain[glob.rstrip("/") + "/"] = rule.number, rule.ignores
            if not glob.endswith("/"):
                plain[glob] = rule.number, rule.ignores
        else:
            others.append(rule)
    others.reverse()
    expressions = [
        (_expression(some), some)
        for some in (others[start : start + TOGETHER] for start in range(0, len(others), TOGETHER))
    ]

    def last(text: str) -> tuple[int, bool]:
        text = composed(text)
        known = plain.get(text, (0, False))
        for expression, some in expressions:
            if some[0].number < known[0]:
                break
            found = expression.fullmatch(text)
            if found is not None:
                rule = some[(found.lastindex or 1) - 1]
                return max(known, (rule.number, rule.ignores))
        return known

    return last


def _expression(rules: Iterable[_Rule]) -> re.Pattern[str]:
    """One expression for some rules, a group for each."""
    patterns = (translate(f"/{rule.glob.removeprefix('/')}") for rule in rules)
    return re.compile("|".join(f"({one}{'' if one.endswith('/') else '/?'})" for one in patterns), re.DOTALL)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _parts(path: Path) -> tuple[str, ...]:
    return path.parts


def _slashed(path: str) -> str:
    """The path with forward slashes and one at its end; an empty one stays empty."""
    return f"{path.replace(os.sep, '/').rstrip('/')}/" if path else ""
