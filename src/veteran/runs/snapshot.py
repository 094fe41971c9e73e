"""What a run concluded, with the state of everything on the disk that it stood on.

The same command again is answered from it: what is unchanged need not be read, looked up or linked again, and where
nothing changed, looking at the states of the files is all there is to do. A change of a file's content is followed to
the files that read of it; whatever changes the set of files, a look-up or a configuration makes it worthless.

A state is relied on only if it is older than the run (see `cache.RACY`): what changed meanwhile is looked at again.
"""

# ruff: noqa: PTH100, PTH109, PTH110, PTH112, PTH113, PTH114, PTH116, PTH118, PTH119, PTH120 - text paths are what thousands of files afford

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from stat import S_ISLNK, S_ISREG
from typing import TYPE_CHECKING, Any, NamedTuple

from veteran.findings import Confidence, Finding, Outcome, Result, Span, Step
from veteran.project.edges import Edges
from veteran.runs.cache import KEY_SIZE, RACY, STATE_SIZE, changed_at, inflated, key_of, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from veteran.runs.cache import Cache
    from veteran.settings import Settings

#: The files whose content decides what is checked, how, and what imports mean; and `discovery.exclude_files`.
_READ = (".gitignore", "pyproject.toml", "setup.cfg", "setup.py", "veteran.toml")
#: Those of which it is enough that they are there.
_SEEN = (".git", "__init__.py", "__init__.pyi", "pyvenv.cfg")
_SPECIAL = frozenset(_READ + _SEEN)
#: Directories that come and go with any run of a tool. They count only where they are not excluded.
PASSING = frozenset(("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".veteran_cache"))
NO_DIGEST = bytes(KEY_SIZE)
_NO_STATE = bytes(STATE_SIZE)
_GONE = b"\xff" * STATE_SIZE
#: What a damaged entry raises.
DAMAGED = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, zlib.error)


class Trace:
    """What a run looked at, as it goes along.

    entries: of each directory that was searched for files what counted, see `_counting`. listings: of each that modules
    were looked up in, what was there. probed: directories in which a configuration or a package was looked for. links:
    those of which it mattered where they lead. passing: the names of `PASSING` that are excluded everywhere.
    """

    def __init__(self) -> None:
        self.entries: dict[str, list[str]] = {}
        self.listings: dict[str, dict[str, int]] = {}
        self.probed: set[str] = set()
        self.links: set[str] = set()
        self.passing = PASSING
        self.complete = True

    def see(self, directory: str, entries: Iterable[os.DirEntry[str]], settings: Settings | None) -> None:
        """Notes a directory that was read. settings: where it is searched for files."""
        if settings:
            self.passing = self.passing.intersection(settings.exclude)
        try:
            self.entries[directory] = [what for entry in entries if (what := _counting(entry))]
        except OSError:
            self.complete = False

    def look_back(self) -> None:
        """Notes where configurations and modules were looked for."""
        from veteran import settings
        from veteran.project import import_resolver

        self.listings, probed = import_resolver.looked_at()
        self.probed.update(probed, map(str, settings.looked_in()))


class Run(NamedTuple):
    """A finished run, as it is kept.

    paths: the files that were checked. digests: of their content; empty where a file has to be read again whatever its
    state. since: when it began, by our clock in nanoseconds: what changed later is not relied on.
    """

    paths: Sequence[str]
    results: Sequence[Result]
    digests: Sequence[bytes]
    edges: Edges
    since: int


class Earlier(NamedTuple):
    """An earlier run of the same command, since which no more changed than the content of some files.

    paths: the files that were checked, then those that were only read. changed: those of them whose content may be
    another one. results: of the checked files of which there is anything to report. place: what else has to be as it
    was. worn: whether its states are outdated, although nothing that counts changed. states: of the files, as found.
    """

    paths: list[str]
    checked: int
    changed: list[int]
    results: dict[int, Result]
    links: Links
    place: Place
    worn: bool
    states: list[bytes]

    def outcome(self) -> Outcome:
        """What was reported of all files."""
        return Outcome.of([self.results[index] for index in sorted(self.results)], self.checked)


class Place(NamedTuple):
    """What decides which files are checked, how, and what imports mean; each by its path.

    directories: the state, empty where it is not to be relied on, and a digest of the entries. specials: the states of
    configurations, and whether others are there. links: where they lead. passing: as of `Trace`.
    """

    directories: dict[str, list[str]]
    specials: dict[str, str]
    links: dict[str, str]
    passing: list[str]


class Links(NamedTuple):
    """By the index of a file, the digest of its content; and `Edges`, of a way as pairs of reader and read."""

    digests: list[bytes]
    ways: dict[str, Sequence[int]]
    asked: dict[str, Sequence[int]]

    def affected(self, changed: Mapping[str, Iterable[int]]) -> set[int]:
        """The files whose links may be others. changed: by a way, the files that now tell something else along it."""
        return {reader for way, files in changed.items() for reader in _upwards(self.ways.get(way, ()), files)}


NOTHING = Links([], {}, {})


def key_for(tool: bytes, *options: object) -> bytes:
    """The key of a command's runs. tool: all of veteran that decides what it concludes; options: of the command."""
    return key_of("run", tool, os.fsencode(os.getcwd()), repr(options))


def look(cache: Cache, key: bytes) -> Earlier | None:
    """The earlier run, if all is as it was but for the content of some files."""
    blob = cache.get(key)
    if blob is None:
        return None
    try:
        size = int.from_bytes(blob[:8], "little")
        head = json.loads(blob[8 : 8 + size])
        kept = blob[8 + size :]
        paths, checked = head["paths"], head["checked"]
        if set(map(type, paths)) != {str} or type(checked) is not int or not 0 < checked <= len(paths):
            return None
        place = Place(*head["place"])
        worn = _worn(place)
        if worn is None or len(kept) != len(paths) * STATE_SIZE:
            return None
        states = [_state(path) for path in paths]
        if _GONE in states:
            return None
        changed = []
        if b"".join(states) != kept:
            starts = range(0, len(kept), STATE_SIZE)
            changed = [i for i, start in enumerate(starts) if kept[start : start + STATE_SIZE] != states[i]]
            if any(os.path.islink(paths[i]) and paths[i] not in place.links for i in changed):
                return None  # it may be the same as another one
        links = _links(cache.get(bytes.fromhex(head["links"])), len(paths)) if changed or worn else NOTHING
        results = {int(index): Result(*map(_findings, result)) for index, result in head["results"].items()}
        if not (results.keys() <= set(range(checked)) and _are_of(paths, results.values())):
            return None
        return Earlier(paths, checked, changed, results, links, place, worn, states)
    except DAMAGED:
        return None


def keep(
    cache: Cache,
    key: bytes,
    run: Run,
    trace: Trace,
    digest_of: Callable[[str], bytes],
    earlier: Earlier | None = None,
    held: Callable[[str], list[bytes]] = lambda _: [],
) -> None:
    """Keeps a run. earlier: the one of which it repeated a part. digest_of: of the content of a file.

    held: the state and digest of a file as it was read, where that is known.
    Nothing is kept where the place of files changed meanwhile.
    """
    before = earlier.paths if earlier else run.paths
    indices = {os.path.abspath(path): index for index, path in enumerate(before)}
    if len(indices) != len(before) or not trace.complete:  # a file by two names
        return
    ways = {name: _pairs(led, indices) for name, led in run.edges.ways.items()}
    asked = {name: _indices(files, indices) for name, files in run.edges.asked.items()}
    for name, led in earlier.links.ways.items() if earlier else ():
        ways[name] = _united(led, ways.get(name, ()))
    for name, files in earlier.links.asked.items() if earlier else ():
        asked[name] = sorted({*files, *asked.get(name, ())})
    paths = [*before, *list(indices)[len(before) :]]
    try:
        settled = cache.settled(run.since)
        place = _place(trace, settled, earlier.place if earlier else None)
        states = [_state(path, settled) for path in paths]
        digests = [digest or NO_DIGEST for digest in run.digests]
        again = set(earlier.changed) if earlier else set()
        for index, path in enumerate(paths):
            state, own = states[index], index < len(run.digests)
            if state in (_NO_STATE, _GONE):
                known: list[bytes] = []
            elif earlier and index < len(before) and index not in again:
                known = [earlier.states[index] + earlier.links.digests[index]]
            else:
                known = held(path)
            # Whole directories may be exchanged, and what links lead to, by files that are no younger.
            same = [one for one in known if one.startswith(state + digests[index] if own else state)]
            if known and not same:
                states[index] = state = _NO_STATE
                if not own:
                    digest_of(path)  # so that it is known the next time
            if not own:
                found = same[0][STATE_SIZE:] if same else b""
                digests.append(NO_DIGEST if state == _NO_STATE else found or digest_of(path))
    except (OSError, ValueError, _UnsettledError):
        return
    if _GONE in states:
        return
    states = [_NO_STATE if digest == NO_DIGEST else state for digest, state in zip(digests, states, strict=True)]
    links = b"".join(digests) + zlib.compress(_compact([ways, asked]), 1)
    address = key_of(links)
    head = {
        "paths": paths,
        "checked": len(run.paths),
        "results": {index: result for index, result in enumerate(run.results) if any(result)},
        "links": address.hex(),
        "place": place,
    }
    text = _compact(head)
    cache.put(address, links)
    cache.put(key, len(text).to_bytes(8, "little") + text + b"".join(states))


def renew(cache: Cache, key: bytes, earlier: Earlier, since: int) -> None:
    """Keeps an unchanged run with the states of now."""
    results = [earlier.results.get(index) or Result([], []) for index in range(earlier.checked)]
    digests = earlier.links.digests
    run = Run(earlier.paths[: earlier.checked], results, digests, Edges(), since)
    keep(cache, key, run, Trace(), lambda _: NO_DIGEST, earlier)


def _place(trace: Trace, settled: int, before: Place | None) -> Place:
    """What has to be as it was."""
    from veteran.runs.git_excludes import exclude_files

    found = Place({}, {}, {}, sorted(trace.passing))
    directories = {*trace.listings, *trace.entries}
    links = set(trace.links)
    known_steady: dict[str, bool] = {}

    def steady(path: str) -> bool:
        """Whether nothing was moved in the directories above, so that it is what was looked at."""
        above = os.path.dirname(path)
        if above not in known_steady:
            known_steady[above] = above == path or bool(steady(above) and _settled_state(above, settled))
        return known_steady[above]

    if before:
        found = before._replace(directories={})
        for path, (state, entries) in before.directories.items():
            now = _settled_state(path, settled)
            if (entries and now != state) or not steady(path):
                _confirm(entries, path, frozenset(found.passing))
            found.directories[path] = [now, entries]
        directories -= before.directories.keys()
    around = {*directories, *trace.probed}
    pending = list(around)
    while pending:
        above = os.path.dirname(pending.pop())
        if above not in around:
            around.add(above)
            pending.append(above)
    for path in sorted(directories):
        found.directories[path], seen = _directory(path, trace, settled, steady(path))
        names = (entry[:-1] for entry in seen if entry.endswith("@"))
        links.update(os.path.join(path, name) for name in names if _leads_on(name))
    for path in around:
        known = path in found.directories
        for name in _READ if known else _READ + _SEEN:
            place = os.path.join(path, name)
            if place not in found.specials:
                what = _special(place, settled)
                if what or not known:  # what was not there, is seen by the directory's state
                    found.specials[place] = what
        if os.path.exists(os.path.join(path, ".git")):
            for place in exclude_files(os.path.join(path, "")):
                found.specials.setdefault(place, _special(place, settled))
    for path in links - found.links.keys():
        if _is_young_link(path, settled):
            raise _UnsettledError
        found.links[path] = _link(path)
    return found


def _counting(entry: os.DirEntry[str]) -> str:
    """What of a directory's entry counts: its name and kind where files, packages or configurations are looked for."""
    name = entry.name
    if entry.is_dir(follow_symlinks=False):
        return f"{name}/"
    if entry.is_symlink():
        return f"{name}@"
    if name.endswith((".py", ".pyi")) or name in _SPECIAL:
        return name if entry.is_file(follow_symlinks=False) else f"{name}|"
    return ""


class _UnsettledError(Exception):
    """Something changed during the run, or so shortly before that it may change again unseen."""


def _directory(path: str, trace: Trace, settled: int, steady: bool) -> tuple[list[str], list[str]]:
    """The state of a directory, empty where it is not to be relied on, and a digest of its entries; and these."""
    if not os.path.isdir(path):
        return ["", ""], []
    passing = frozenset(trace.passing)
    state = _settled_state(path, settled)
    entries = trace.entries.get(path)
    if entries is None:
        entries = _entries(path)
        if not (state and steady):
            from veteran.project.import_resolver import listing

            if trace.listings[path] != listing(path):
                raise _UnsettledError
    elif not (state and steady):
        _confirm(_digest(entries, passing), path, passing)
    return [state, _digest(entries, passing)], entries


def _confirm(digest: str, path: str, passing: frozenset[str]) -> None:
    """Makes sure that a directory holds what it held."""
    if digest != (_digest(_entries(path), passing) if os.path.isdir(path) else ""):
        raise _UnsettledError


def _leads_on(name: str) -> bool:
    """Whether it matters where a link of that name leads, even if it leads nowhere yet."""
    return name.endswith((".py", ".pyi")) or name in _SPECIAL or name.isidentifier()


def _settled_state(path: str, settled: int) -> str:
    """The state of a directory; empty where it changed too late to be relied on, or is none."""
    try:
        stat = os.stat(path)
    except OSError:
        return ""
    return state_of(stat).hex() if changed_at(stat) < settled else ""


def _entries(path: str) -> list[str]:
    """What counts in a directory."""
    with os.scandir(path) as entries:
        return [what for entry in entries if (what := _counting(entry))]


def _digest(entries: list[str], passing: frozenset[str]) -> str:
    return key_of("\0".join(sorted(entry for entry in entries if entry[:-1] not in passing))).hex()


def _special(path: str, settled: int = 0) -> str:
    """The state of a file that is read; of one that is only looked for, whether it is there."""
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return "@" if os.path.lexists(path) else ""
    except OSError as error:
        return f"? {error.errno}"
    if os.path.basename(path) in _SEEN and not (S_ISREG(stat.st_mode) and path.endswith(".git")):
        return "file" if S_ISREG(stat.st_mode) else "other"
    if settled and changed_at(stat) >= settled:
        raise _UnsettledError
    return state_of(stat).hex()


def _is_young_link(path: str, settled: int) -> bool:
    """Whether it is a link that may have led elsewhere during the run."""
    stat = os.lstat(path)
    return S_ISLNK(stat.st_mode) and changed_at(stat) >= settled


def _link(path: str) -> str:
    """Where a link leads, and to what."""
    return f"{os.path.realpath(path)} {os.path.isdir(path):d}{os.path.isfile(path):d}"


def _state(path: str, settled: int = 0) -> bytes:
    """The state of a file; none where it changed too late to be relied on."""
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        return _GONE
    if not S_ISREG(stat.st_mode):
        return _GONE
    return _NO_STATE if settled and changed_at(stat) >= settled else state_of(stat)


def _worn(place: Place) -> bool | None:
    """Whether the place of the files is as it was but for states that count for nothing; None where it is not."""
    passing = frozenset(place.passing)
    worn = False
    for path, (state, entries) in place.directories.items():
        try:
            stat = os.stat(path)
            if state and state_of(stat).hex() == state:
                continue
            if _digest(_entries(path), passing) != entries:
                return None
            worn = worn or changed_at(stat) < time.time_ns() - RACY
        except OSError:
            if state or entries:
                return None
    same = all(_special(path) == what for path, what in place.specials.items())
    return worn if same and all(_link(path) == where for path, where in place.links.items()) else None


def _pairs(led: Mapping[Path, Iterable[Path]], indices: dict[str, int]) -> list[int]:
    """(reader, what it read) after each other. indices: of files by their absolute paths; it grows."""
    files = list(dict.fromkeys(path for reader, read in led.items() for path in (reader, *read)))
    known = dict(zip(files, _indices(files, indices), strict=True))
    return [index for reader, read in led.items() for path in read for index in (known[reader], known[path])]


def _indices(files: Iterable[Path], indices: dict[str, int]) -> list[int]:
    return [indices.setdefault(os.path.abspath(path), len(indices)) for path in files]


def _links(blob: bytes | None, count: int) -> Links:
    if blob is None:
        raise ValueError("not kept")
    size = count * KEY_SIZE
    digests = [blob[start : start + KEY_SIZE] for start in range(0, size, KEY_SIZE)]
    ways, asked = json.loads(inflated(blob[size:]))
    indices = set(range(count))
    for found in (*ways.values(), *asked.values()):
        if set(map(type, found)) - {int} or not set(found) <= indices:
            raise ValueError("not of this form")
    if any(len(pairs) % 2 for pairs in ways.values()):
        raise ValueError("not of this form")
    if len(digests[-1]) != KEY_SIZE:
        raise ValueError("cut short")
    return Links(digests, ways, asked)


def _upwards(pairs: Sequence[int], changed: Iterable[int]) -> set[int]:
    """These files, and all that read one of them, directly or through others."""
    found = set(changed)
    readers: dict[int, list[int]] = {}
    for reader, read in zip(pairs[::2], pairs[1::2], strict=True) if found else ():
        readers.setdefault(read, []).append(reader)
    pending = list(found)
    while pending:
        for reader in readers.get(pending.pop(), ()):
            if reader not in found:
                found.add(reader)
                pending.append(reader)
    return found


def _united(one: Iterable[int], other: Iterable[int]) -> list[int]:
    """The pairs of both, each once."""
    pairs = {pair: None for flat in (iter(one), iter(other)) for pair in zip(flat, flat, strict=True)}
    return [index for pair in pairs for index in pair]


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _findings(rows: Iterable[Any]) -> list[Finding]:
    return list(map(_finding, rows))


def _finding(row: Any) -> Finding:
    path, span, code, message, confidence, steps = _of_form(row, (str, list, str, str, int, list))
    return Finding(path, _span(span), code, message, Confidence(confidence), tuple(map(_step, steps)))


def _step(row: Any) -> Step:
    path, span, text, anchor = _of_form(row, (str, list, str, bool))
    return Step(path, _span(span), text, anchor)


def _span(row: Any) -> Span:
    return Span(*_of_form(row, (int, int, int, int)))


def _of_form(row: Any, form: tuple[type, ...]) -> Any:
    if tuple(map(type, row)) != form:
        raise TypeError("not of this form")
    return row


def _are_of(paths: Sequence[str], results: Iterable[Result]) -> bool:
    """Whether nothing is said of, and no line will be shown from, a file that the run did not look at."""
    findings = (finding for result in results for finding in (*result.findings, *result.warnings))
    shown = {path for finding in findings for path in (finding.path, *(step.path for step in finding.steps))}
    known = set(paths)
    others = {os.path.abspath(path) for path in shown - known} - known
    return not others or others <= set(map(os.path.abspath, paths))
