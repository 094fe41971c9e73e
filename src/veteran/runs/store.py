"""What files yielded, between runs: summaries and facts, by the content of the files.

A key holds all that an entry depends on: the content, the rules that are on, the project's additions to the
catalogue, and veteran itself, its sources, libcst and Python included. Links are always made anew, so that nothing
here depends on any other file. What cannot be read is computed again.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import product
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast, get_args, get_origin

import veteran
from veteran import reading
from veteran.families import tellers
from veteran.findings import INTERNAL, UNPARSABLE, Confidence
from veteran.project.kinds import Kind
from veteran.project.summary import Summary
from veteran.runs import secret
from veteran.runs.cache import Cache, inflated, key_of, may_keep

if TYPE_CHECKING:
    from veteran.runs.job import FileJob
    from veteran.settings import Settings

SCHEMA = "6"
#: Set to anything, it turns the cache off.
OFF = "VETERAN_NO_CACHE"
T = TypeVar("T")
Decoder = Callable[[Any], Any]
#: Texts longer than this are compressed.
SMALL = 400


class Read(NamedTuple):
    """A summary, and the content that it was made from: its digest, and the file's state before it was read."""

    summary: Summary
    digest: bytes = b""
    stat: os.stat_result | None = None

    def lean(self) -> Read:
        """The same, in much less memory."""
        apart = {name: found for name, found in self.summary.told.items() if _is_apart(name, found)}
        if not apart:
            return self
        told = {**self.summary.told, **{name: encoded(found) for name, found in apart.items()}}
        return self._replace(summary=self.summary._replace(told=told))


class Content(NamedTuple):
    """What is known of a file's content. data: None where it was not read."""

    digest: bytes
    data: bytes | None


def lasts(read: Read) -> bool:
    """Whether a file of that content yields the same whenever it is read."""
    return bool(read.digest) and not any(_may_change(found.code, found.message) for found in read.summary.findings)


def digest_of(data: bytes, *, text: bool = False) -> bytes:
    """The digest of a file's bytes. text: of what a host has decoded, as UTF-8."""
    return key_of("text" if text else "bytes", data)


class Damaged(Exception):
    """Something that was kept is not what it should be, as turned out too late to take it for absent."""


class Refusal(NamedTuple):
    """Why nothing is kept in a folder. expected: there is nothing to mend."""

    reason: str
    expected: bool = False


#: Why a folder is neither written to nor cleaned.
OUTSIDE = "it leads out of the project"


def leads_out(settings: Settings) -> bool:
    """Whether the folder that a project's configuration names, or the default, lies elsewhere by a link."""
    within = _is_within(os.path.join(settings.root, settings.cache_dir), settings.root)  # noqa: PTH118
    return not os.path.isabs(settings.cache_dir) and not within  # noqa: PTH117


def refusal(settings: Settings) -> Refusal | None:
    """Why the folder that these settings name is not used; None where it is.

    Only the command line gives an absolute one: what a repository says, or holds a link for, has to lie in it.
    """
    folder = os.path.join(settings.root, settings.cache_dir)  # noqa: PTH118
    if leads_out(settings):
        return Refusal(OUTSIDE)
    if not may_keep(folder):
        return Refusal("it is there and no cache of veteran's")
    place = secret.place()
    home = os.path.expanduser("~")  # noqa: PTH111
    if place and _is_within(place, settings.root) and not _is_within(home, settings.root):
        return Refusal(f"{place} is part of what is checked", expected=True)
    if not secret.own(place):
        return Refusal("this user has no place for a secret of its own", expected=True)
    return None


def _is_within(path: str, top: str | Path) -> bool:
    top = os.path.realpath(top)
    return os.path.realpath(path).startswith(top if top.endswith(os.sep) else top + os.sep)


class Store:
    """What is kept in one folder."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder)

    def content(self, path: Path, *, read: bool = False) -> Content:
        """The digest of a file, which is read where that is asked for or it may have changed. OSError as `open`."""
        digest = None if read else self.cache.remembered(path)
        if digest is not None:
            return Content(digest, None)
        data, stat = reading.content(path)
        digest = digest_of(data)
        self.cache.remember(path, stat, digest)
        return Content(digest, data)

    def digest_of(self, path: str) -> bytes:
        """The digest of a file's content. OSError as `open`."""
        return self.content(Path(path)).digest

    def summary(self, digest: bytes, job: FileJob, *, whole: bool = False) -> Summary | None:
        """The summary of a file of that content. whole: with what is kept apart, where others decide on it."""
        summary = self._get(_summary_key(digest, job), _decode_summary)
        if summary is None:
            return None
        if whole and summary.begins:
            told = dict(summary.told)
            for name in [name for name, found in told.items() if found is None]:
                known = self.told(tellers()[name].kind, digest, job.settings)
                if not known:
                    return None
                told[name] = known[0]
            summary = summary._replace(told=told)
        return _placed(summary, job.shown)

    def keep(self, read: Read, job: FileJob) -> None:
        """Keeps what was read, if it is the same whenever it is read again."""
        if not lasts(read):
            return
        summary, digest, stat = read.lean()
        apart = {name: found for name, found in summary.told.items() if isinstance(found, bytes)}
        summary = summary._replace(told={**summary.told, **dict.fromkeys(apart)})
        self._put(_summary_key(digest, job), _placed(summary, ""))
        for name, found in apart.items():
            self.cache.put(_told_key(name, digest, job.settings), found)
        if stat is not None:
            self.cache.remember(job.path, stat, digest)

    def told(self, kind: Kind[T], digest: bytes, settings: Settings) -> tuple[T | None] | None:
        """What a file of that content tells of that kind, or that it tells nothing; None where that is not known."""
        return self._get(_told_key(kind.name, digest, settings), lambda value: (_decoded(kind, value),))

    def keep_told(self, kind: Kind[T], digest: bytes, settings: Settings, value: T | None) -> None:
        """Keeps what a file tells."""
        self._put(_told_key(kind.name, digest, settings), value)

    def catalog(self) -> list[Any]:
        """Every (table, entry) of veteran's own catalogue, whose TOML takes longer to read."""
        key = key_of("catalogue", tool())
        known = self._get(key, _pairs)
        if known is None:
            from veteran.catalog import builtin_entries

            known = list(builtin_entries())
            self._put(key, known)
        return known

    def flush(self) -> None:
        """Writes what is kept."""
        self.cache.flush()

    def _get(self, key: bytes, decode: Callable[[Any], T]) -> T | None:
        blob = self.cache.get(key)
        if blob is None:
            return None
        try:
            return decode(_unpacked(blob))
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, zlib.error):
            return None

    def _put(self, key: bytes, value: Any) -> None:
        self.cache.put(key, encoded(value))


class Stores:
    """The stores of one run, by their folders."""

    def __init__(self) -> None:
        self._stores: dict[str, Store | None] = {}
        self._doubted = False
        self.refused: dict[str, Refusal] = {}

    def of(self, settings: Settings) -> Store | None:
        """The store that these settings name; None where nothing is to be kept."""
        if not settings.cache_dir or os.environ.get(OFF):
            return None
        folder = os.path.join(settings.root, settings.cache_dir)  # noqa: PTH118 - asked for each file
        if folder not in self._stores:
            self._stores[folder] = self._opened(folder, settings)
        return self._stores[folder]

    def _opened(self, folder: str, settings: Settings) -> Store | None:
        refused = refusal(settings)
        if refused:
            self.refused[folder] = refused
            return None
        store = Store(settings.cache_folder)
        if self._doubted:
            store.cache.doubt()
        return store

    @property
    def used(self) -> bool:
        """Whether anything may have been read from a cache."""
        return not self._doubted and any(self._stores.values())

    def doubt(self) -> None:
        """Believes nothing of what was kept; it is kept anew."""
        self._doubted = True
        for store in self._stores.values():
            if store is not None:
                store.cache.doubt()

    def held(self, path: str) -> list[bytes]:
        """The state and digest of a file as it was read, as far as any store knows; see `Cache.held`."""
        found = (store.cache.held(Path(path)) for store in self._stores.values() if store is not None)
        return [held for held in found if held]

    def flush(self) -> None:
        """Writes what is kept."""
        for store in self._stores.values():
            if store is not None:
                store.flush()


@cache
def shared(process: int) -> Stores:
    """The stores of a process that checks files one by one until it ends, as hosts do."""
    stores = Stores()
    util = sys.modules.get("multiprocessing.util")
    if util is not None:  # its processes do not run what `atexit` holds
        util.Finalize(None, stores.flush, exitpriority=10)
    else:
        import atexit

        atexit.register(stores.flush)
    return stores


# Keys


def tool() -> bytes:
    """A digest of veteran, its catalogue included, and what it stands on."""
    return _tool(veteran.__version__)


@cache
def _tool(version: str) -> bytes:
    parts: list[str | bytes] = [SCHEMA, version, sys.version]
    package = Path(veteran.__file__).parent
    with suppress(OSError):
        for folder, folders, names in os.walk(package):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".py", ".toml")):
                    file = Path(folder, name)
                    parts += [os.fspath(file.relative_to(package)), reading.read(file)]
    return key_of(*parts, _parser())


def _parser() -> bytes:
    """The version of libcst, without its import."""
    from importlib.util import find_spec

    spec = find_spec("libcst")
    if spec is not None and spec.origin:
        with suppress(OSError):
            return reading.read(Path(spec.origin).with_name("_version.py"))
    from importlib.metadata import version

    return version("libcst").encode()


def _additions(settings: Settings) -> str:
    return repr(settings.catalog) if settings.catalog else ""


def _summary_key(digest: bytes, job: FileJob) -> bytes:
    return key_of("summary", tool(), _additions(job.settings), *sorted(job.enabled), b"", digest)


def _told_key(kind: str, digest: bytes, settings: Settings) -> bytes:
    return key_of("told", kind, tool(), _additions(settings), digest)


def _may_change(code: str, message: str) -> bool:
    """Whether what went wrong may lie with the machine."""
    return code == INTERNAL or (code == UNPARSABLE and message.startswith("the parser failed"))


def _placed(summary: Summary, path: str) -> Summary:
    """The summary with that path."""
    if not (summary.findings or summary.conditional):
        return summary._replace(path=path)
    return summary._replace(
        path=path,
        findings=tuple(_moved(finding, path) for finding in summary.findings),
        conditional=tuple(c._replace(finding=_moved(c.finding, path)) for c in summary.conditional),
    )


def _moved(finding: Any, path: str) -> Any:
    return finding._replace(path=path, steps=tuple(step._replace(path=path) for step in finding.steps))


# To JSON and from JSON


def encoded(value: Any) -> bytes:
    """Plain data, as it is kept."""
    import json

    text = json.dumps(value, separators=(",", ":")).encode()
    return b"z" + zlib.compress(text, 1) if len(text) > SMALL else b"j" + text


def decoded(kind: Kind[T], blob: bytes) -> T | None:
    """What a file tells, that was `encoded`."""
    return _decoded(kind, _unpacked(blob))


def _unpacked(blob: bytes) -> Any:
    import json

    if blob[:1] == b"z":
        return json.loads(inflated(blob[1:]))
    if blob[:1] == b"j":
        return json.loads(blob[1:])
    raise ValueError("not an entry")


@cache
def _decoder(kind: Any) -> Decoder | None:
    """What makes a value of an annotated type from JSON; None where JSON has the very same.

    It raises what `_get` takes for absence where the value is of another form: of strings and numbers the type counts.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Confidence:
        return {int(level): level for level in Confidence}.__getitem__
    if isinstance(kind, type) and issubclass(kind, tuple):
        return _named(kind)
    if origin is tuple:
        return _sequence(arguments[0], _decoder(arguments[0])) if arguments[-1] is Ellipsis else _fixed(arguments)
    if origin is dict:
        return _told if arguments[1] is Any else _values(arguments[1], _decoder(arguments[1]))
    if origin is UnionType and arguments[1:] == (NoneType,):
        return _optional(_decoder(arguments[0]))
    if kind in (str, int, bool):
        return None
    raise TypeError(kind)


def _forms(kind: Any) -> tuple[type, ...]:
    """The types that JSON may have for an annotated type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return tuple(form for argument in arguments for form in _forms(argument))
    if kind is Confidence:
        return (int,)
    if origin is dict:
        return (dict,)
    return (kind,) if kind in (str, int, bool, NoneType) else (list,)


def _sequence(kind: type, inner: Decoder | None) -> Decoder:
    if inner is not None:
        return lambda value: tuple([inner(item) for item in value]) if value else ()

    def decode(value: Any) -> Any:
        if value and set(map(type, value)) != {kind}:
            raise TypeError("not of this form")
        return tuple(value)

    return decode


def _fixed(kinds: tuple[type, ...]) -> Decoder:
    def decode(value: Any) -> Any:
        if tuple(map(type, value)) != kinds:
            raise TypeError("not of this form")
        return tuple(value)

    return decode


def _values(kind: Any, inner: Decoder | None) -> Decoder:
    if inner is not None:
        size = len(getattr(kind, "_fields", ()))
        return lambda value: _Lazily(value, inner, size)

    def decode(value: Any) -> Any:
        if value and set(map(type, value.values())) != {kind}:
            raise TypeError("not of this form")
        return value

    return decode


def _optional(inner: Decoder | None) -> Decoder | None:
    return inner and (lambda value: None if value is None else inner(value))


def _meant(annotation: Any, module: str) -> Any:
    """What an annotation means; `typing.get_type_hints` compiles each anew, and most are alike."""
    text = getattr(annotation, "__forward_arg__", annotation)
    return _evaluated(text, module) if isinstance(text, str) else text


@cache
def _evaluated(text: str, module: str) -> Any:
    return eval(text, vars(sys.modules[module]))


def _named(kind: Any) -> Decoder:
    hints = [_meant(kind.__annotations__[name], kind.__module__) for name in kind._fields]
    inner = [(index, part) for index, hint in enumerate(hints) if (part := _decoder(hint))]
    allowed = set(product(*map(_forms, hints)))
    make = kind._make

    def decode(value: Any) -> Any:
        if tuple(map(type, value)) not in allowed:
            raise TypeError("not of this form")
        for index, part in inner:
            value[index] = part(value[index])
        return make(value)

    return decode


class _Lazily(dict[str, Any]):
    """What JSON says of names, each of which is decoded when it is asked for. size: of each, if they have one."""

    def __init__(self, raw: dict[str, Any], decode: Decoder, size: int) -> None:
        if not all(type(value) is list and (not size or len(value) == size) for value in raw.values()):
            raise TypeError("not of this form")
        super().__init__(raw)
        self._decode = decode

    def __getitem__(self, name: str) -> Any:
        value = dict.__getitem__(self, name)
        if type(value) is list:
            try:
                value = self._decode(value)
            except (ValueError, TypeError, KeyError) as error:
                raise Damaged(str(error)) from None
            dict.__setitem__(self, name, value)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def values(self) -> Any:
        self._all()
        return dict.values(self)

    def items(self) -> Any:
        self._all()
        return dict.items(self)

    def __eq__(self, other: object) -> bool:
        self._all()
        if isinstance(other, _Lazily):
            other._all()
        return dict.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __reduce__(self) -> Any:
        return dict, (dict(self.items()),)

    def _all(self) -> None:
        for name in self:
            self[name]


def _pairs(value: Any) -> list[Any]:
    """(name, table) pairs."""
    if not all(isinstance(name, str) and isinstance(entry, dict) for name, entry in value):
        raise TypeError("not of this form")
    return list(value)


def _decode_summary(value: Any) -> Summary:
    return cast(Summary, cast(Decoder, _decoder(Summary))(value))


def _told(value: Any) -> dict[str, Any]:
    """What a summary says that its file tells; of what is kept apart, nothing but that."""
    kinds = {name: tellers()[name].kind for name in value}
    if any(kind.apart != (value[name] is None) for name, kind in kinds.items()):
        raise TypeError("not of this form")
    return {name: _decoded(kind, value[name]) for name, kind in kinds.items()}


def _decoded(kind: Kind[T], value: Any) -> T | None:
    if value is None:
        return None
    if type(value) not in _forms(kind.form):
        raise TypeError("not of this form")
    decode = _decoder(kind.form)
    return cast(T, decode(value) if decode else value)


def _is_apart(name: str, found: object) -> bool:
    return found is not None and not isinstance(found, bytes) and tellers()[name].kind.apart
