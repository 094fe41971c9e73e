"""What a project asks of veteran: found, checked and resolved per file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from veteran.findings import INTERNAL, SUPPRESSION, TOOL_CODES, UNPARSABLE, Confidence
from veteran.reading import TEXT_LIMIT, read, tables

if TYPE_CHECKING:
    from pathlib import Path

    from veteran.registry import Rule

#: What hardly anybody means by "my code". Virtual environments, whatever their names, are found by
#: their pyvenv.cfg.
DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".hypothesis",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".veteran_cache",
    ".vscode",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "venv",
)
DEFAULT_CACHE = ".veteran_cache"
DEFAULT_CONTEXTS = (
    ("tests", ("tests/", "_tests/", "test_*.py", "*_test.py", "conftest.py")),
    (
        "cli",
        (
            *("cli/", "_cli/", "cmds/", "cli.py", "_cli.py", "*_cli.py", "__main__.py", "manage.py", "noxfile.py"),
            *("**/management/commands/", "scripts/", "benchmarks/"),
        ),
    ),
    ("startup", ("gunicorn.conf.py", "gunicorn_conf.py")),
)


class ConfigError(Exception):
    """Configuration that cannot be used; the text names the file, the key and what was expected."""


class Settings(NamedTuple):
    """Everything that is configured for the files below one directory.

    The methods take paths that are absolute or relative to the working directory. Globs
    (see `Globs`) are matched against what stands below `root`; of files elsewhere, the name.
    """

    #: The directory of the configuration file; where there is none, the one that holds the project.
    root: Path
    #: The configuration file.
    source: Path | None = None
    #: None: the rules that are on by default.
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    min_confidence: Confidence = Confidence.MEDIUM
    #: Glob and selectors.
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    #: Directories that imports are looked up in; none: they are found, see `veteran.analysis.project`.
    src: tuple[str, ...] = ()
    #: Empty: nothing is kept.
    cache_dir: str = DEFAULT_CACHE
    #: Name of the context and globs.
    contexts: tuple[tuple[str, tuple[str, ...]], ...] = DEFAULT_CONTEXTS
    #: Whether the project runs on a Python without the GIL.
    free_threaded: bool = False
    #: Table and entry, as `veteran.catalog` takes them.
    catalog: tuple[tuple[str, dict[str, Any]], ...] = ()

    def __hash__(self) -> int:
        # Catalogue entries are dicts, and the rest tells settings apart well enough.
        return hash(self[:-1])

    def contexts_of(self, path: Path) -> frozenset[str]:
        """The names of the contexts the file is in."""
        place = self.relative(path)
        return frozenset(name for name, globs in self.contexts if compiled(globs).cover(place))

    def enabled(self, path: Path) -> frozenset[str]:
        """The codes, the tool's own included, that are reported in this file.

        Of the selectors that name a rule the longest decides; at equal length `ignore` does. What
        per-file-ignores name, and what a context turns off, stays off whatever is selected.
        """
        from veteran.registry import all_rules

        place = self.relative(path)
        ignored_here = tuple(
            selector
            for glob, selectors in self.per_file_ignores
            if compiled((glob,)).cover(place)
            for selector in selectors
        )
        return _enabled(
            tuple(rule for rule in all_rules().values() if not (rule.needs_gil and self.free_threaded)),
            self.select,
            self.extend_select,
            self.ignore,
            ignored_here,
            self.contexts_of(path),
        )

    def excluded(self, path: Path) -> bool:
        """Whether `exclude` or `extend-exclude` names the file, or a directory above it."""
        return self.exclusions.cover(self.relative(path))

    @property
    def exclusions(self) -> Globs:
        """`exclude` and `extend-exclude`."""
        return compiled(self.exclude + self.extend_exclude)

    @property
    def source_roots(self) -> tuple[str, ...]:
        """The absolute paths of `src`."""
        return tuple(absolute(self.root / directory) for directory in self.src)

    @property
    def cache_folder(self) -> Path:
        """The directory of the cache."""
        return self.root / self.cache_dir

    def relative(self, path: Path) -> str:
        """The path below `root`, with forward slashes; `../` and the name where it is elsewhere."""
        place, root = absolute(path), absolute(self.root).rstrip("/")
        if place.startswith(f"{root}/"):
            return place[len(root) + 1 :]
        return "" if place == root else f"../{path.name}"

    def as_json(self, *paths: Path) -> dict[str, Any]:
        """What `--show-settings` prints, by the names of the keys.

        `files` holds the contexts and codes of each path, and whether it is excluded.
        """
        catalog: dict[str, list[dict[str, Any]]] = {}
        for table, entry in self.catalog:
            catalog.setdefault(table, []).append(entry)
        return {
            "root": str(self.root),
            "source": None if self.source is None else str(self.source),
            "select": None if self.select is None else list(self.select),
            "extend-select": list(self.extend_select),
            "ignore": list(self.ignore),
            "min-confidence": str(self.min_confidence),
            "per-file-ignores": {glob: list(codes) for glob, codes in self.per_file_ignores},
            "exclude": list(self.exclude),
            "extend-exclude": list(self.extend_exclude),
            "respect-gitignore": self.respect_gitignore,
            "src": list(self.src),
            "cache-dir": self.cache_dir or None,
            "contexts": {name: list(globs) for name, globs in self.contexts},
            "free-threaded": self.free_threaded,
            "catalog": catalog,
            "files": {
                str(path): {
                    "contexts": sorted(self.contexts_of(path)),
                    "enabled": sorted(self.enabled(path)),
                    "excluded": self.excluded(path),
                }
                for path in paths
            },
        }


def load(directory: Path) -> Settings:
    """The settings for files in `directory`; ConfigError where its configuration cannot be used.

    They come from the nearest `veteran.toml`, or `pyproject.toml` with `[tool.veteran]`, in it or
    above it. Each directory is looked up once; `forget` starts anew.
    """
    from pathlib import Path

    start = Path(absolute(directory))
    found = _load(start)
    if found is not None:
        return found
    # Nothing marks a project: as in other tools the working directory stands for it, elsewhere what
    # holds the package, so that `tests/` still means something.
    top = Path.cwd()
    return Settings(top if start.is_relative_to(top) else _above_packages(start))


def forget() -> None:
    """Makes `load` read every configuration again."""
    _found.clear()


def looked_in() -> Iterable[Path]:
    """The directories in which `load` looked for a configuration."""
    return _found.keys()


def override(
    settings: Settings,
    *,
    select: Iterable[str] | None = None,
    extend_select: Iterable[str] | None = None,
    ignore: Iterable[str] | None = None,
    min_confidence: Confidence | str | None = None,
    exclude: Iterable[str] | None = None,
    extend_exclude: Iterable[str] | None = None,
    respect_gitignore: bool | None = None,
) -> Settings:
    """The settings with what the command line says (None: nothing). ConfigError as for a file.

    `select`, `min_confidence`, `exclude` and `respect_gitignore` replace, the others add.
    A selector of the command line also takes back what the file says against it: a selected one
    the same selector in `ignore`, an ignored one every selector it covers.
    """
    given = {
        "select": select,
        "extend-select": extend_select,
        "ignore": ignore,
        "min-confidence": min_confidence,
        "exclude": exclude,
        "extend-exclude": extend_exclude,
        "respect-gitignore": respect_gitignore,
    }
    try:
        new = {_field(key): _KEYS[key](_plain(value), key) for key, value in given.items() if value is not None}
    except ValueError as error:
        raise ConfigError(f"command line: {error}") from None
    selected = new.get("select", ()) + new.get("extend_select", ())
    ignored = new.get("ignore", ())
    if "select" not in new:
        if settings.select is not None:
            new["select"] = _without(settings.select, ignored)
        new["extend_select"] = _without(settings.extend_select, ignored) + selected
    new.setdefault("extend_select", ())
    taken_back = {_canonical(selector) for selector in selected}
    still_ignored = (s for s in settings.ignore if _canonical(s) not in taken_back)
    new["ignore"] = (*still_ignored, *ignored)
    new["extend_exclude"] = settings.extend_exclude + new.get("extend_exclude", ())
    return settings._replace(**new)


# Finding and reading a configuration


#: What holds in each directory that was asked for, and in those above it.
_found: dict[Path, Settings | None] = {}


def _load(directory: Path) -> Settings | None:
    """The settings for an absolute directory; None where nothing in it or above marks a project."""
    upwards = chain((directory,), directory.parents)
    pending = list(takewhile(lambda place: place not in _found, upwards))
    for place in reversed(pending):
        found = _found.get(place.parent)
        own = _configured(place)
        if own is not None:
            found = own
        elif (found is None or found.source is None) and _is_project(place):
            found = Settings(place)
        _found[place] = found
    return _found[directory]


def _configured(directory: Path) -> Settings | None:
    """The settings that a file in this very directory gives."""
    source = directory / "veteran.toml"
    if _is_given(source):
        return _settings(source, _parse(source, _read(source)), "")
    source = directory / "pyproject.toml"
    if not _is_given(source):
        return None
    data = _read(source)
    if b"veteran" not in data:
        return None  # most are not for us: no parse, and no complaint where they are broken
    table = _parse(source, data).get("tool", {})
    if not isinstance(table, dict) or "veteran" not in table:
        return None
    return _settings(source, table["veteran"], "tool.veteran.")


def _is_project(directory: Path) -> bool:
    return is_repository(directory) or _is_file(directory / "pyproject.toml")


def _above_packages(directory: Path) -> Path:
    """The nearest directory, from this one upwards, that is no package."""
    return next((place for place in (directory, *directory.parents) if not _is_file(place / "__init__.py")), directory)


def is_repository(directory: Path) -> bool:
    """Whether it is the top of a git repository or working tree."""
    try:
        return (directory / ".git").exists()
    except OSError:  # a directory that may not be searched
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_given(source: Path) -> bool:
    """Whether there is a configuration of that name, be it one that cannot be read."""
    try:
        return source.exists() and not source.is_dir()
    except OSError:
        return False


def _read(source: Path) -> bytes:
    try:
        return read(source, TEXT_LIMIT)
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read: {error.strerror or error}") from None


def _parse(source: Path, data: bytes) -> dict[str, Any]:
    """The tables of a TOML file; ConfigError with its line where it is not one."""
    try:
        return tables(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{source}:{line}: expected UTF-8, found the byte 0x{data[error.start]:02x}") from None
    except (ValueError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else data.rstrip().count(b"\n") + 1
        raise ConfigError(f"{source}:{line}: not valid TOML: {error}") from None


def _settings(source: Path, table: Any, prefix: str) -> Settings:
    """The settings that a table of a configuration file holds. prefix: of its keys in messages."""
    try:
        if not isinstance(table, dict):
            raise _unexpected(prefix.rstrip("."), "a table", table)
        for key in table:
            if key not in _KEYS:
                raise ValueError(
                    f"{prefix}{key}: unknown key; the nearest is {_nearest(key, _KEYS)!r},"
                    f" expected was one of {', '.join(_KEYS)}"
                )
        values = {_field(key): _KEYS[key](value, prefix + key) for key, value in table.items()}
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from None
    return Settings(source.parent, source, **values)


# The form of each key: from what TOML gives to the field; ValueError with a text that names the key


def _texts(value: Any, key: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _unexpected(key, "a list of strings", value)
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise _unexpected(f"{key}[{index}]", "a string", item)
    return tuple(value)


def _globs(value: Any, key: str) -> tuple[str, ...]:
    globs = _texts(value, key)
    _check_globs(globs, key)
    return globs


def _check_globs(globs: Collection[str], key: str) -> None:
    if len(globs) > MAX_GLOBS:
        raise ValueError(f"{key}: expected at most {MAX_GLOBS:,} globs, found {len(globs):,}")
    for glob in globs:
        _check_glob(glob, key)


def _check_glob(glob: str, key: str) -> None:
    if not glob.strip("./") or glob.startswith("!") or ".." in glob.split("/"):
        raise _unexpected(key, "a glob that is not empty, not negated and without '..'", glob)
    if len(glob) > MAX_GLOB:
        raise _unexpected(key, f"a glob of at most {MAX_GLOB:,} characters", glob)
    try:
        compiled((glob,))
    except re.error as error:
        raise ValueError(f"{key}: {glob!r} is not a glob: {error.msg}") from None


def _selectors(value: Any, key: str) -> tuple[str, ...]:
    selectors = _texts(value, key)
    for selector in selectors:
        if not any(_strength((selector,), code, name) for code, name in _known()):
            valid = [text for pair in _known() for text in (*pair, pair[0][:4])]
            raise ValueError(
                f"{key}: {selector!r} names no rule; the nearest is {_nearest(selector, valid)!r},"
                " expected were codes (VET311), their prefixes (VET3, VET) or names of rules"
            )
    return selectors


def _confidence(value: Any, key: str) -> Confidence:
    if isinstance(value, Confidence):
        return value
    names = [str(confidence) for confidence in Confidence]
    if not isinstance(value, str):
        raise _unexpected(key, f"one of {', '.join(names)}", value)
    if value not in names:
        expected = f"one of {', '.join(names)} (the nearest is {_nearest(value, names)!r})"
        raise _unexpected(key, expected, value)
    return Confidence.parse(value)


def _directory(value: Any, key: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value or len(value) > MAX_GLOB:
        raise _unexpected(key, "the path of a directory", value)
    return value


def _directory_below(value: Any, key: str) -> str:
    """Of a project nobody may make veteran write elsewhere."""
    parts = re.split(r"[/\\]", _directory(value, key))
    if not parts[0] or ".." in parts or set(parts) <= {".", ""} or re.match(r"[A-Za-z]:", parts[0]):
        raise _unexpected(key, "a directory below that of this file (elsewhere only with --cache-dir)", value)
    return str(value)


def _directories(value: Any, key: str) -> tuple[str, ...]:
    return tuple(_directory(item, f"{key}[{index}]") for index, item in enumerate(_texts(value, key)))


def _boolean(value: Any, key: str) -> bool:
    if not isinstance(value, bool):
        raise _unexpected(key, "true or false", value)
    return value


def _table(value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _unexpected(key, "a table", value)
    return value


def _per_file_ignores(value: Any, key: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    table = _table(value, key)
    _check_globs(table, key)
    return tuple((glob, _selectors(codes, f'{key}."{glob}"')) for glob, codes in table.items())


def _contexts(value: Any, key: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names that the user gives replace or join the default ones."""
    given = {name: _globs(globs, f"{key}.{name}") for name, globs in _table(value, key).items()}
    return tuple((dict(DEFAULT_CONTEXTS) | given).items())


def _catalog(value: Any, key: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    from veteran.catalog import validate

    validate(value, key)
    return tuple((table, entry) for table, entries in value.items() for entry in entries)


_KEYS: dict[str, Callable[[Any, str], Any]] = {
    "select": _selectors,
    "extend-select": _selectors,
    "ignore": _selectors,
    "min-confidence": _confidence,
    "per-file-ignores": _per_file_ignores,
    "exclude": _globs,
    "extend-exclude": _globs,
    "respect-gitignore": _boolean,
    "src": _directories,
    "cache-dir": _directory_below,
    "contexts": _contexts,
    "free-threaded": _boolean,
    "catalog": _catalog,
}


def _field(key: str) -> str:
    return key.replace("-", "_")


def _plain(value: Any) -> Any:
    """An argument as TOML would give it: sequences as lists."""
    return value if isinstance(value, str | int) else list(value)


def _unexpected(key: str, expected: str, value: Any) -> ValueError:
    return ValueError(f"{key}: expected {expected}, found {value!r:.60}")


def _nearest(word: str, valid: Iterable[str]) -> str:
    """The valid word most like this one, in any case."""
    from difflib import get_close_matches

    by_form = {text.lower().replace("_", "-"): text for text in valid}
    return by_form[get_close_matches(word.lower().replace("_", "-"), by_form, 1, 0.0)[0]]


# Selection


def _known() -> Iterator[tuple[str, str]]:
    """Code and name of everything that can be selected."""
    from veteran.registry import all_rules

    yield from ((rule.code, rule.name) for rule in all_rules().values())
    yield from TOOL_CODES.items()


def _strength(selectors: Sequence[str], code: str, name: str) -> int:
    """The length of the longest selector that names the rule; 0 where none does."""
    return max(
        (
            len(code) if selector == name else len(selector)
            for selector in selectors
            if selector == name or (selector.startswith("VET") and code.startswith(selector))
        ),
        default=0,
    )


def _without(selectors: Iterable[str], ignored: Iterable[str]) -> tuple[str, ...]:
    """The selectors that none of the ignored ones covers."""
    covered = tuple(map(_canonical, ignored))
    return tuple(s for s in selectors if not _canonical(s).startswith(covered))


def _canonical(selector: str) -> str:
    """The code where the selector is a name."""
    return next((code for code, name in _known() if name == selector), selector)


@lru_cache(maxsize=256)
def _enabled(
    rules: tuple[Rule, ...],
    select: tuple[str, ...] | None,
    extend_select: tuple[str, ...],
    ignore: tuple[str, ...],
    ignored_here: tuple[str, ...],
    contexts: frozenset[str],
) -> frozenset[str]:
    """See `Settings.enabled`. ignored_here: the selectors of the per-file-ignores for the file."""
    selected = (select or ()) + extend_select

    def is_on(code: str, name: str, default: bool) -> bool:
        wanted = _strength(selected, code, name)
        unwanted = _strength(ignore, code, name)
        if not wanted and not (default and select is None):
            return False
        return (not unwanted or wanted > unwanted) and not _strength(ignored_here, code, name)

    codes = {rule.code for rule in rules if not rule.off_in & contexts and is_on(rule.code, rule.name, rule.default)}
    # A file that nobody could check must not look like a clean one: only its own code turns it off.
    for code in (UNPARSABLE, INTERNAL):
        if _strength(ignore + ignored_here, code, TOOL_CODES[code]) < len(code):
            codes.add(code)
    if is_on(SUPPRESSION, TOOL_CODES[SUPPRESSION], False):
        codes.add(SUPPRESSION)
    return frozenset(codes)


# Globs

#: The longest glob, in characters: no path is longer. And how many of them a key may hold.
MAX_GLOB = 4_096
MAX_GLOBS = 1_000
#: The pieces of one component of a glob.
_PIECE = re.compile(
    r"""
      (?P<stars> \*+ )
    | (?P<one> \? )
    | \[ (?P<negated> [!^]? ) (?P<set> (?: \] | \\. | [^\]\\] ) (?: \\. | [^\]\\] )* ) \]
    | \\ (?P<escaped> . )
    | (?P<literal> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_WITHOUT_SETS = re.compile(_PIECE.pattern.replace(r"| \[", r"| (?!) \["), _PIECE.flags)
#: What has to be escaped in a set of characters, or already is.
_IN_SET = re.compile(r"\\(.)|(^\]|[\[&|~^])", re.DOTALL)


class Globs:
    """A list of globs, compiled, for paths relative to the settings' root with forward slashes.

    They mean what they mean in a `.gitignore`: without a slash the name of a file or directory at
    any depth; with one a path from the root, in which `*`, `?` and `[…]` stop at slashes and `**`
    stands for any directories; with one at the end directories only. Backslashes take the meaning
    from what follows. The paths of directories end in a slash here.
    """

    __slots__ = ("_above", "_itself")

    def __init__(self, globs: Iterable[str]) -> None:
        patterns = [translate(glob) for glob in globs]
        self._itself = _either(patterns, "", "/?")
        self._above = _either(patterns, ".*", "(?:/.*)?")

    def match(self, path: str) -> bool:
        """Whether a glob matches the path itself."""
        return self._itself.fullmatch(composed(path)) is not None

    def cover(self, path: str) -> bool:
        """Whether a glob matches the path or a directory above it."""
        return self._above.fullmatch(composed(path)) is not None


@lru_cache(maxsize=4 * MAX_GLOBS)
def compiled(globs: tuple[str, ...]) -> Globs:
    """The globs, compiled once. re.error where one holds an impossible set of characters."""
    return Globs(globs)


def _either(patterns: Iterable[str], below: str, end: str) -> re.Pattern[str]:
    """One expression for all. below: what follows a directory's slash; end: what follows a name."""
    ended = (pattern + (below if pattern.endswith("/") else end) for pattern in patterns)
    return re.compile("|".join(ended) or "(?!)", re.DOTALL)


def translate(glob: str) -> str:
    """The regular expression for a glob, without groups; for directories only it ends in a slash."""
    parts = [part for part in composed(glob).split("/") if part not in ("", ".")]
    if "/" not in glob.rstrip("/"):
        parts.insert(0, "**")
    *above, last = parts
    regex = run = ""
    deep = False  # whether any directories may stand before the run
    for part in above:
        if part == "**":
            regex += _earliest(run) if deep else run
            run, deep = "", True
        else:
            run += f"{_component(part)}/"
    if last == "**":
        regex += f"{_earliest(run) if deep else run}.+"
    else:
        regex += f"{'(?:.*/)?' if deep else ''}{run}{_component(last)}"
    return f"{regex}/" if glob.endswith("/") else regex


def _earliest(run: str) -> str:
    """The first directories that match an expression, and what is above them.

    What follows a `*` or `**` has as much left to match after its first place as after any other. With no second place
    to try the time is that of one pass; otherwise it grows exponentially with the number of stars.
    """
    return f"(?:(?!{run})[^/]+/)*{run}" if run else ""


def _component(text: str) -> str:
    """The regular expression for one component of a glob; it matches at least one character."""
    if not text.strip("*"):
        return "[^/]+"
    runs: list[list[str]] = [[]]  # what stands between stars
    for piece in _pieces(text):
        if piece["stars"]:
            runs.append([])
        elif piece["one"]:
            runs[-1].append("[^/]")
        elif piece["set"]:
            characters = _IN_SET.sub(lambda found: re.escape(found[1] or found[2]), piece["set"])
            runs[-1].append(f"(?!/)[{'^' if piece['negated'] else ''}{characters}]")
        else:
            runs[-1].append(re.escape(piece["escaped"] or piece["literal"]))
    first, *others = map("".join, runs)
    if not others:
        return first
    between = "".join(f"(?:(?!{run})[^/])*{run}" for run in others[:-1])  # as in `_earliest`
    return f"{first}{between}[^/]*{others[-1]}"


def is_possible(glob: str) -> bool:
    """Whether its sets of characters are closed, and possible ones."""
    if "[" not in glob:
        return True
    try:
        for part in glob.split("/"):
            for piece in _pieces(part):
                if piece["literal"] == "[":
                    return False
                if piece["set"]:
                    re.compile(_component(piece[0]))
    except re.error:
        return False
    return True


def _pieces(text: str) -> Iterator[re.Match[str]]:
    """The pieces of one component of a glob."""
    found = _PIECE.match(text)
    while found is not None:
        yield found
        if found["literal"] == "[":  # nothing closes it, nor any later one
            yield from _WITHOUT_SETS.finditer(text, found.end())
            return
        found = _PIECE.match(text, found.end())


def composed(text: str) -> str:
    """The text with one spelling of each accented letter; file systems and editors differ there."""
    if text.isascii():
        return text
    from unicodedata import normalize

    return normalize("NFC", text)


def absolute(path: Path) -> str:
    """The absolute path without `.` and `..`, with forward slashes; links are not followed."""
    return os.path.normpath(path.absolute()).replace(os.sep, "/")
