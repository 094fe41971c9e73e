"""What libraries do, as data: the TOML files beside this module, and a project's own additions.

All names are qualified names as a program reaches them (`requests.Session.get`); `a.{b,c}` is short for
`a.b` and `a.c`. The tables, one entry each (`names` is common to most):

| table | says | keys |
| --- | --- | --- |
| blocking, metadata | the call blocks its thread | group, instead, unless, opens, lazy |
| call | rules that listen to `table` hear of the call | table, instead, unless |
| depends | whether what is listed as blocking waits depends on something; stands for all below it | on, arguments |
| ready | methods, by bare name, that tell whether another will wait, by what they answer if not | answers |
| lock | types whose objects a `with` waits for | again |
| loop | functions, by last word, that ask for the running event loop, or only work in one | what |
| file | calls and types that have to do with files, pipes and the like | what, mode, binary, stream |
| group | what the groups of calls have in common | confidence, says, instead |
| sink | one argument of the call is a query | query, keywords, placeholder, parameters, library |
| execute_like | a method of that bare name takes a query, if its text looks like one | query, weak |
| returns, enters, element, attribute | what a call, `with`, iteration or attribute (`Type.*`: any other) gives | type |
| same | the call gives, or binds by `with`, what its first argument is | what |
| variant | the type that a call gives with certain arguments | type, when |
| test_client | types that call the program under test, and nobody else | |
| context | functions that run where nothing serves, by what marks them | context, by, arguments, imports |
| inherits | a type that has all methods of another | type, base |
| runs | by bare name: the call runs a function, or waits for a coroutine, that it is given | gives, function |
| threads | the call or type runs functions on threads | what, word |
| ends | by its dotted text (`*.name`: any method): what the call ends, instead of going on | what |
| library | what is to be known of a whole package | what |
| alias | other spellings of a name | (name = spellings) |
| safe, safe_type | calls and types whose values cannot carry text of their own | |
| source | where outside input enters | |
| carries | calls that give back the text of their first argument | |
| validator | calls after which a value can be trusted | for |
| checking_type | types whose constructors check what they are given | |
| validator_like | methods that check decoded data, by their bare names | |
| decorator | what decorators do, by the last words of their names | does |
| decoder, body | methods that decode an HTTP response; what holds the text of its body | |
| loads | calls that decode the text or file that is their first argument | |
| cpu_bound | the call computes and keeps the GIL; the name stands for all below it | light, iterates, lazy |
| releases_gil | the call lets other threads run; the name stands for all below it | arrays |
"""

from __future__ import annotations

import difflib
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from veteran.findings import Confidence
from veteran.reading import read, tables

LIBRARIES = ("asyncio", "trio", "anyio")
#: A project's additions may stand for so many names, each of so many characters.
MAX_NAMES = 20_000
MAX_NAME = 1_000
_TEXT, _TEXTS, _NUMBER, _NUMBERS, _ADVICE, _UNLESS, _FLAG, _OPENS = (
    "a string",
    "a list of strings",
    "a number",
    "a list of numbers",
    "advice",
    "unless",
    "true or false",
    "opens",
)
#: Table -> key -> (form, required).
SCHEMA: dict[str, dict[str, tuple[str, bool]]] = {
    "blocking": {
        "names": (_TEXTS, True),
        "group": (_TEXT, True),
        "instead": (_ADVICE, False),
        "unless": (_UNLESS, False),
        "opens": (_OPENS, False),
        "lazy": (_FLAG, False),
    },
    "call": {"names": (_TEXTS, True), "table": (_TEXT, True), "instead": (_ADVICE, False), "unless": (_UNLESS, False)},
    "depends": {"names": (_TEXTS, True), "on": (_TEXT, True), "arguments": (_NUMBERS, False)},
    "ready": {"names": (_TEXTS, True), "answers": (_FLAG, True)},
    "lock": {"names": (_TEXTS, True), "again": (_FLAG, False)},
    "loop": {"names": (_TEXTS, True), "what": (_TEXT, True)},
    "file": {
        "names": (_TEXTS, True),
        "what": (_TEXT, True),
        "mode": (_NUMBER, False),
        "binary": (_FLAG, False),
        "stream": (_NUMBER, False),
    },
    "same": {"names": (_TEXTS, True), "what": (_TEXT, True)},
    "runs": {"names": (_TEXTS, True), "gives": (_TEXT, True), "function": (_NUMBER, False)},
    "threads": {"names": (_TEXTS, True), "what": (_TEXT, True), "word": (_TEXT, False)},
    "ends": {"names": (_TEXTS, True), "what": (_TEXT, True)},
    "library": {"names": (_TEXTS, True), "what": (_TEXT, True)},
    "sink": {
        "names": (_TEXTS, True),
        "query": (_NUMBER, False),
        "keywords": (_TEXTS, False),
        "placeholder": (_TEXT, False),
        "parameters": (_TEXT, False),
        "library": (_TEXT, False),
    },
    "execute_like": {"names": (_TEXTS, True), "query": (_NUMBER, False), "weak": ("true or false", False)},
    "inherits": {"type": (_TEXT, True), "base": (_TEXT, True)},
    "safe": {"names": (_TEXTS, True)},
    "safe_type": {"names": (_TEXTS, True)},
    "source": {"names": (_TEXTS, True)},
    "carries": {"names": (_TEXTS, True)},
    "decorator": {"names": (_TEXTS, True), "does": (_TEXT, True)},
    "decoder": {"names": (_TEXTS, True)},
    "body": {"names": (_TEXTS, True)},
    "loads": {"names": (_TEXTS, True)},
    "checking_type": {"names": (_TEXTS, True)},
    "validator_like": {"names": (_TEXTS, True)},
    "validator": {"names": (_TEXTS, True), "for": (_TEXTS, True)},
    "cpu_bound": {
        "names": (_TEXTS, True),
        "light": (_FLAG, False),
        "iterates": (_FLAG, False),
        "lazy": (_FLAG, False),
    },
    "releases_gil": {"names": (_TEXTS, True), "arrays": (_FLAG, False)},
    "test_client": {"names": (_TEXTS, True)},
    "context": {
        "names": (_TEXTS, True),
        "context": (_TEXT, True),
        "by": (_TEXT, True),
        "arguments": (_TEXTS, False),
        "imports": (_TEXTS, False),
    },
}
SCHEMA["metadata"] = SCHEMA["blocking"]
for _table in ("returns", "enters", "element", "attribute"):
    SCHEMA[_table] = {"type": (_TEXT, True), "names": (_TEXTS, True)}
SCHEMA["variant"] = {"type": (_TEXT, True), "names": (_TEXTS, True), "when": (_UNLESS, True)}
_PARAMETERS = ("tuple", "list", "args", "dict", "none")
_PURPOSES = ("sql", "json")
#: The tables that only list names.
_PLAIN = (
    *("safe", "safe_type", "source", "carries", "decoder", "body", "loads", "checking_type", "validator_like"),
    "test_client",
)
#: What decides whether a listed call waits. `opener`: only the call that opened it counts. `url`: that of its own
#: argument, and `opened_url` that of the call that made its receiver, may be a `data:` URL. `host`: it may be an
#: address. `socket`, `stream`, `timeout`, `limit` (of a queue): how its receiver was made or set. `holder`: a lock made
#: just before is free. `awaited`: a future. `process`: it may have been killed, or have ended. `keyboard`: `kbhit` was
#: asked. `memory`, `statement` (one that moves no data): of a database in this process. `name`: it may be made for
#: its name alone. `handle`: it opens a handle that another call gave. `files`: calls opened the files at `arguments`.
STATES = (
    *("opener", "url", "opened_url", "host", "socket", "stream", "timeout", "limit", "holder", "awaited", "process"),
    *("keyboard", "memory", "statement", "name", "handle", "files"),
)
#: What a call gives that runs a function: its `result`, a `future` of it, a result for `each` item, what the
#: coroutine that it is handed gives, once awaited (`awaited`) or at once (`ended`), or anything else (`other`).
GIVEN = ("result", "future", "each", "awaited", "ended", "other")
#: Of the tables that sort names by one word, the words.
WORDS = {
    # `asks`: for the loop that runs, if one does. `needs`: it only works where one runs.
    "loop": ("asks", "needs"),
    # `opened`: by its name. `wrapped`: the first argument, with another face. `type`: whose objects are files.
    # `pipe`: it gives a handle of what is no file. `threaded`: what it is given is read and written in threads.
    "file": ("opened", "wrapped", "type", "pipe", "threaded"),
    # `copy`: like its first argument. `entered`: `with` binds the first argument itself.
    "same": ("copy", "entered"),
    # `handed`: it runs its first argument, with those that follow it. `mapped`: for each item of those. `made`: its
    # `target` is run once it is started. `begun`: its first argument is run with the items of its second. `executor`,
    # `pool`: types like those of `concurrent.futures` and `multiprocessing`.
    "threads": ("handed", "mapped", "made", "begun", "executor", "pool"),
    # `program`; `function`: it raises or leaves what called it; `check`: so does what is mostly called that.
    # `block`: of a context manager, by its last word: the program goes on behind its block.
    "ends": ("program", "function", "check", "block"),
    # `foreign`: it is of no project. `no_sql`: its methods take no statements. `lazy_queries`: a query is run when it
    # is gone through. `composes`: its statements are composed with `sql.Identifier`.
    "library": ("foreign", "no_sql", "lazy_queries", "composes"),
}
_CONTEXTS = ("tests", "cli", "startup")
_MARKS = ("decorator", "call", "keyword", "function", "application")
#: `nothing`: it leaves what it decorates as it is. `reads`: it makes a property, `manages` a context manager of a
#: generator function, `fields` an `__init__` of a class's fields.
_DEEDS = ("nothing", "memoises", "repeats", "offloads", "manages", "reads", "fields")


class Unless(NamedTuple):
    """An argument that makes a call harmless; equals: literals or qualified names. absent: so does leaving it out."""

    position: int | None
    keyword: str | None
    equals: tuple[str, ...]
    absent: bool = False


class Opens(NamedTuple):
    """The argument that must be a path or an address, not an object in memory, for a call to do any I/O."""

    position: int | None
    keywords: tuple[str, ...]


class Context(NamedTuple):
    """What makes a function part of a context.

    by: `decorator` (or handed to that call), `call` (handed to it), `keyword` (handed to any call by it) or
    `function` (its own name, at the top level) or `application` (it is an asynchronous context manager, and such an
    object is all that it takes). name: qualified, or `*.last_word` whatever it belongs to.
    arguments: one of these texts must be among the arguments. imports: the module must import one of these.
    """

    context: str
    by: str
    name: str
    arguments: tuple[str, ...]
    imports: tuple[str, ...]


class Group(NamedTuple):
    """A kind of blocking call. says: a verb phrase. instead: what to write, by async library."""

    confidence: Confidence
    says: str
    instead: Mapping[str, str]


class ListedCall(NamedTuple):
    """A call that rules hear of. instead: what to write, by async library, or under "" for all.

    group: of one that blocks its thread, else empty. lazy: only when what it gives is iterated over.
    opens: only when that argument is a path or an address.
    """

    name: str
    group: str
    instead: Mapping[str, str]
    unless: tuple[Unless, ...]
    lazy: bool = False
    opens: Opens | None = None


class Computing(NamedTuple):
    """A call that computes and keeps the GIL.

    light: one call is no work to speak of. iterates: it goes through its arguments. lazy: it gives an iterator.
    """

    name: str
    light: bool
    iterates: bool
    lazy: bool


class State(NamedTuple):
    """What decides whether a listed call waits. arguments: the positions of the files, for `files`."""

    on: str
    arguments: tuple[int, ...] = ()


class Opener(NamedTuple):
    """A call that opens a file by its name, its first argument. mode: the position of that.

    stream: the position of a `fileobj` that takes the name's place. binary: it gives bytes unless the mode says text.
    wraps: its first argument is the file itself.
    """

    mode: int
    stream: int | None
    binary: bool
    wraps: bool


class Sink(NamedTuple):
    """A call that takes a query, at position `query` (self not counted) or by one of the keywords.

    proven: the receiver's type is known, so that the text need not look like SQL. weak: the bare name says so little
    that the text must not read as anything else.
    """

    name: str
    query: int
    keywords: tuple[str, ...]
    placeholder: str
    parameters: str
    library: str
    proven: bool = True
    weak: bool = False


class Catalog:
    """All tables, indexed by qualified name."""

    def __init__(self, tables: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self.calls: dict[str, dict[str, ListedCall]] = {"blocking": {}, "metadata": {}}
        self.groups: dict[str, Group] = {}
        self.sinks: dict[str, Sink] = {}
        self.execute_like: dict[str, Sink] = {}
        self.types: dict[str, dict[str, str]] = {table: {} for table in ("returns", "enters", "element", "attribute")}
        self.bases: dict[str, str] = {}
        self.aliases: dict[str, str] = {"builtins": ""}
        self.names: dict[str, set[str]] = {table: set() for table in _PLAIN}
        #: Of a call, what it returns instead when it has certain arguments.
        self.variants: dict[str, list[tuple[Unless, str]]] = {}
        self.contexts: list[Context] = []
        self.decorators: dict[str, frozenset[str]] = {}  # by their last words
        self.validators: dict[str, frozenset[str]] = {}
        self.cpu_bound: dict[str, Computing] = {}
        self.releases_gil: dict[str, bool] = {}  # name -> whether its values are arrays
        self.states: dict[str, State] = {}
        self.ready: dict[str, bool] = {}
        self.locks: dict[str, bool] = {}  # type -> whether its holder waits for it as well
        self.openers: dict[str, Opener] = {}
        #: By what they give, the calls that run a function, with the position of that.
        self.runs: dict[str, dict[str, int]] = {gives: {} for gives in GIVEN}
        #: Of which a file has to hold one to start threads itself.
        self.thread_words = {"run_in_executor"}
        #: Table -> word -> names.
        self.sorted: dict[str, dict[str, set[str]]] = {
            table: {word: set() for word in words} for table, words in WORDS.items()
        }
        for table, entry in tables:
            self._add(table, entry)
        _cut_circles(self.bases)
        self._canonical: dict[str, str] = {}
        listed = [*itertools.chain(*self.calls.values(), self.sinks)]
        #: The classes that the tables name methods of.
        self.owners = frozenset(name.rpartition(".")[0] for name in listed)
        #: The last words of everything a call can be looked up by.
        self.tails = frozenset(
            name.rpartition(".")[2] for name in itertools.chain(listed, self.execute_like, self.aliases)
        )

    def _add(self, table: str, entry: Mapping[str, Any]) -> None:
        if table == "group":
            for name, group in entry.items():
                confidence = Confidence.parse(group["confidence"])
                self.groups[name] = Group(confidence, group["says"], _by_library(group.get("instead")))
            return
        if table == "alias":
            for name, spellings in entry.items():
                self.aliases.update((s, name) for text in spellings for s in expand(text))
            return
        if table == "inherits":
            self.bases[entry["type"]] = entry["base"]
            return
        names = [name for text in entry["names"] for name in expand(text)]
        if table in self.names:
            self.names[table].update(names)
        elif table in self.types:
            self.types[table].update(dict.fromkeys(names, entry["type"]))
        elif table in ("blocking", "metadata", "call"):
            self._add_calls(self.calls.setdefault(entry.get("table", table), {}), names, entry)
        else:
            for name in names:
                self._add_name(table, name, entry)

    @staticmethod
    def _add_calls(table: dict[str, ListedCall], names: Iterable[str], entry: Mapping[str, Any]) -> None:
        unless = tuple(map(_unless, entry.get("unless", ())))
        advice = _by_library(entry.get("instead"))
        lazy, opens = entry.get("lazy", False), entry.get("opens")
        opened = Opens(opens.get("position"), tuple(opens.get("keywords", ()))) if opens else None
        for name in names:
            table[name] = ListedCall(name, entry.get("group", ""), advice, unless, lazy, opened)

    def _add_name(self, table: str, name: str, entry: Mapping[str, Any]) -> None:
        if table == "sink":
            self.sinks[name] = Sink(
                name,
                entry.get("query", 0),
                tuple(entry.get("keywords", ("sql", "query", "statement"))),
                entry.get("placeholder", ""),
                entry.get("parameters", "tuple"),
                entry.get("library", name.partition(".")[0]),
            )
        elif table == "execute_like":
            words = ("sql", "query", "statement", "operation", "cmd", "command", "sqltext")
            weak = entry.get("weak", False)
            self.execute_like[name] = Sink(name, entry.get("query", 0), words, "", "tuple", "", False, weak)
        elif table == "variant":
            self.variants.setdefault(name, []).extend((_unless(u), entry["type"]) for u in entry["when"])
        elif table == "context":
            needed = (tuple(entry.get("arguments", ())), tuple(entry.get("imports", ())))
            self.contexts.append(Context(entry["context"], entry["by"], name, *needed))
        else:
            self._add_fact(table, name, entry)

    def _add_fact(self, table: str, name: str, entry: Mapping[str, Any]) -> None:
        """Adds one name to a table that says one thing of it."""
        if table == "decorator":
            self.decorators[name.rpartition(".")[2]] = frozenset((entry["does"],))
        elif table == "validator":
            self.validators[name] = frozenset(entry["for"])
        elif table == "cpu_bound":
            flags = (bool(entry.get(key)) for key in ("light", "iterates", "lazy"))
            self.cpu_bound[name] = Computing(name, *flags)
        elif table == "releases_gil":
            self.releases_gil[name] = bool(entry.get("arrays"))
        elif table == "depends":
            self.states[name] = State(entry["on"], tuple(entry.get("arguments", ())))
        elif table == "ready":
            self.ready[name] = entry["answers"]
        elif table == "lock":
            self.locks[name] = not entry.get("again", False)
        elif table == "runs":
            self.runs[entry["gives"]][name] = entry.get("function", 0)
        elif table in self.sorted:
            self.sorted[table][entry["what"]].add(name)
            if table == "threads":
                self.thread_words.add(entry.get("word", name.rpartition(".")[2]))
            if table == "file" and entry["what"] in ("opened", "wrapped"):
                binary, wraps = entry.get("binary", False), entry["what"] == "wrapped"
                self.openers[name] = Opener(entry.get("mode", 1), entry.get("stream"), binary, wraps)

    def canonical(self, name: str) -> str:
        """The spelling that the tables use for a qualified name."""
        found = self._canonical.get(name)
        if found is None:
            found, rest = name, ""
            head = name
            while head:
                if head in self.aliases:
                    found = (self.aliases[head] + rest).lstrip(".") or name
                    break
                head, dot, tail = head.rpartition(".")
                rest = f"{dot}{tail}{rest}"
            self._canonical[name] = found
        return found

    def lookup(self, table: Mapping[str, Any], name: str) -> Any:
        """The entry of a qualified name, or of the same method of a base of its class; None if there is none."""
        while name:
            found = table.get(name)
            if found is not None:
                return found
            owner, _, method = name.rpartition(".")
            base = self.bases.get(owner)
            name = f"{base}.{method}" if base else ""
        return None

    def is_listed(self, name: str) -> bool:
        """Whether some table says what a call of that qualified name does or gives."""
        if self.lookup(self.types["returns"], name) is not None:
            return True
        return any(self.lookup(table, name) is not None for table in self.calls.values())

    def has(self, table: str, name: str) -> bool:
        """Whether a plain table of names lists it, or the same method of a base of its class."""
        names = self.names[table]
        while name:
            if name in names:
                return True
            owner, _, method = name.rpartition(".")
            base = self.bases.get(owner)
            name = f"{base}.{method}" if base else ""
        return False

    def computing(self, name: str) -> Computing | None:
        """What `cpu_bound` says of a qualified name; None where `releases_gil` knows it better, or neither does."""
        while name:
            if name in self.releases_gil:
                return None
            if name in self.cpu_bound:
                return self.cpu_bound[name]
            name = name.rpartition(".")[0]
        return None

    def state(self, name: str) -> State:
        """What decides whether the listed call of that name waits; nothing for most."""
        while name:
            if name in self.states:
                return self.states[name]
            name = name.rpartition(".")[0]
        return _STATELESS

    def lets_go(self, name: str) -> bool:
        """Whether a call of that qualified name releases the GIL or waits."""
        while name:
            if name in self.cpu_bound:
                return False
            if name in self.releases_gil or name in self.calls["blocking"] or name in self.calls["metadata"]:
                return True
            name = name.rpartition(".")[0]
        return False

    def is_a(self, kind: str, table: str) -> bool:
        """Whether a type, or a base of it, stands in a plain table of names."""
        while kind:
            if kind in self.names[table]:
                return True
            kind = self.bases.get(kind, "")
        return False

    def roots(self, table: str) -> frozenset[str]:
        """The words of which a program must hold one to reach a name in a table, or there are no such events: modules
        and builtins."""
        if table == "http.json_access":
            return self._client_words()
        if table == "files.whole_reads":
            opening = {name.rpartition(".")[2] for name, opener in self.openers.items() if not opener.wraps}
            return frozenset(opening | {"read_text", "read_bytes"})
        if table == "cpu.fan_out":
            return frozenset(self.thread_words)
        if table == "blocking.locks":
            return frozenset(name.partition(".")[0] for name in self.locks)
        if table != "sql.sinks" and table not in self.calls:
            raise ValueError(f"a rule listens to {table!r}: no table of calls, and no event that needs no words")
        names = self.sinks if table == "sql.sinks" else self.calls[table]
        words = {name.partition(".")[0] for name in names}
        if table == "sql.sinks":
            words |= {name for name, sink in self.execute_like.items() if not sink.weak}
        return frozenset(words)

    def _client_words(self) -> frozenset[str]:
        """The modules through which a program gets an HTTP response: those of responses, clients and sessions."""
        wanted = {name.rpartition(".")[0] for table in ("decoder", "body") for name in self.names[table]}
        words = {name.partition(".")[0] for name in wanted}
        rows = [(name, kind) for table in self.types.values() for name, kind in table.items()]
        attributes = self.types["attribute"]
        rows += [(name, kind) for name, kind in self.bases.items()]
        giving: dict[str, list[str]] = {}
        for name, kind in rows:
            giving.setdefault(kind, []).append(name)
        pending = list(wanted)
        while pending:
            for name in giving.get(pending.pop(), ()):
                # Deep inside a large package the function's own name says more.
                deep = name.count(".") > 2 and name not in attributes
                words.add(name.rpartition(".")[2] if deep else name.partition(".")[0])
                owners = {name, name.rpartition(".")[0]} - wanted
                wanted |= owners
                pending += owners
        return frozenset(words)

    @cached_property
    def client_libraries(self) -> frozenset[str]:
        """The words of `roots("http.json_access")` that are hardly used for anything else."""
        kinds = {name.rpartition(".")[0] for table in ("decoder", "body") for name in self.names[table]}
        listed = (*kinds, *self.types["returns"])
        modules = {name.partition(".")[0] for name in listed if "." in name} - sys.stdlib_module_names
        return frozenset(w for w in self._client_words() if w in modules or "_" in w or w.lower() != w)

    @cached_property
    def ends(self) -> frozenset[str]:
        """The calls that nothing comes after, as dotted text."""
        return frozenset(self.sorted["ends"]["program"] | self.sorted["ends"]["function"])

    @cached_property
    def swallowing(self) -> frozenset[str]:
        """The last words of the context managers that may end their block early, and let the program go on."""
        return frozenset(name.rpartition(".")[2] for name in self.sorted["ends"]["block"])

    @cached_property
    def asking_loop(self) -> frozenset[str]:
        """The last words of the functions that ask for the running event loop."""
        return frozenset(name.rpartition(".")[2] for name in self.sorted["loop"]["asks"])

    @cached_property
    def copying(self) -> frozenset[str]:
        """The last words of the functions that give an object like their first argument."""
        return frozenset(name.rpartition(".")[2] for name in self.sorted["same"]["copy"])

    @cached_property
    def leaving(self) -> frozenset[str]:
        """The calls of a check that refuses what it was given, as dotted text."""
        return frozenset(self.sorted["ends"]["program"] | self.sorted["ends"]["check"])

    @cached_property
    def running(self) -> frozenset[str]:
        """The bare names of the calls that run what they are given."""
        return frozenset(name for names in self.runs.values() for name in names)

    @cached_property
    def calling(self) -> Mapping[str, int]:
        """Of calls that run a function once, by bare name, the position of that."""
        return {**self.runs["result"], **self.runs["future"]}

    @cached_property
    def waiting(self) -> frozenset[str]:
        """The bare names of the calls that give what the coroutine gives that is their first argument."""
        return frozenset((*self.runs["awaited"], *self.runs["ended"]))

    @cached_property
    def checking(self) -> frozenset[str]:
        """The last words of the functions that check decoded data."""
        return frozenset(n.rpartition(".")[2] for n, purposes in self.validators.items() if "json" in purposes)

    def weak_roots(self, table: str) -> frozenset[str]:
        """Words that count like `roots` in a program that holds a word of SQL, too."""
        if table != "sql.sinks":
            return frozenset()
        return frozenset(name for name, sink in self.execute_like.items() if sink.weak) | _DATABASES


_STATELESS = State("")
#: What a receiver is called whose every method may take a statement, or the first argument of a helper that does.
_DATABASES = frozenset(["db", "database", "conn", "connection", "con", "cur", "cursor", "cr"])


def _cut_circles(bases: dict[str, str]) -> None:
    """Removes a base from each class that would be a base of itself."""
    done: set[str] = set()
    for kind in list(bases):
        above: set[str] = set()
        while kind in bases and kind not in done:
            done.add(kind)
            above.add(kind)
            if bases[kind] in above:
                del bases[kind]
                break
            kind = bases[kind]  # noqa: PLW2901


def expand(text: str) -> Iterator[str]:
    """`a.{b,c}.{d,e}` as `a.b.d`, `a.b.e`, `a.c.d`, `a.c.e`."""
    return map("".join, itertools.product(*_choices(text)))


def _choices(text: str) -> Iterator[list[str]]:
    """The parts of a text, each with what may stand there."""
    while text:
        before, brace, rest = text.partition("{")
        yield [before]
        inner, _, text = rest.partition("}")
        if brace:
            yield [part.strip() for part in inner.split(",")]


def _expanded(text: str) -> int:
    """How many names a text stands for, as far as `MAX_NAMES`."""
    count = 1
    for choices in _choices(text):
        count *= len(choices)
        if count > MAX_NAMES:
            break
    return count


def _unless(entry: Mapping[str, Any]) -> Unless:
    position, keyword = entry.get("position"), entry.get("keyword")
    return Unless(position, keyword, tuple(entry["equals"]), entry.get("absent", False))


def _by_library(advice: Any) -> dict[str, str]:
    if not advice:
        return {}
    return {"": advice} if isinstance(advice, str) else dict(advice)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; raises what the TOML library raises."""
    return tables(read(path).decode())


def builtin_entries() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every (table, entry) of veteran's own files."""
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        yield from entries_of(read_toml(path))


def entries_of(tables: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The (table, entry) pairs of a catalogue as TOML gives it."""
    for table, content in tables.items():
        if isinstance(content, Mapping):
            yield table, content
        else:
            for entry in content:
                yield table, entry


_given: list[tuple[str, Mapping[str, Any]]] = []


def give(entries: Iterable[Iterable[Any]]) -> None:
    """Gives the (table, entry) pairs of veteran's own files, so that these need not be read."""
    _given[:] = [(table, entry) for table, entry in entries]


def forget() -> None:
    """Makes veteran's own files be read, or given, anew."""
    _given.clear()
    _builtin.cache_clear()
    _loaded.clear()


def is_true() -> bool:
    """Whether what was given is what veteran's own files say, which are read for it."""
    return not _given or _given == list(builtin_entries())


def is_known() -> bool:
    """Whether veteran's own files were read in this process, or given."""
    return bool(_given) or _builtin.cache_info().currsize > 0


@cache
def _builtin() -> tuple[tuple[str, Mapping[str, Any]], ...]:
    return tuple(_given or builtin_entries())


_loaded: dict[str, Catalog] = {}


def catalog_for(additions: tuple[tuple[str, Mapping[str, Any]], ...] = ()) -> Catalog:
    """veteran's catalogue with a project's validated additions, which win; made once per process."""
    key = repr(additions)
    if key not in _loaded:
        _loaded[key] = Catalog((*_builtin(), *additions))
    return _loaded[key]


def validate(tables: Mapping[str, Any], where: str) -> None:
    """Checks catalogue additions. ValueError with what is wrong, below `where`, and the nearest valid key."""
    if not isinstance(tables, Mapping):
        raise ValueError(f"{where}: expected tables such as [[{where}.blocking]]")
    count = 0
    for table, entries in tables.items():
        place = f"{where}.{table}"
        if table not in SCHEMA:
            raise ValueError(f"{place}: unknown table{nearest(table, SCHEMA)}")
        if not isinstance(entries, list):
            raise ValueError(f"{place}: expected an array of tables, [[{place}]]")
        for entry in entries:
            _validate_entry(table, entry, place)
            count += _names_in(entry, place)
            if count > MAX_NAMES:
                raise ValueError(
                    f"{place}.names: expected at most {MAX_NAMES:,} names in {where}, each of `{{…}}` counted"
                )


def _names_in(entry: Mapping[str, Any], place: str) -> int:
    """How many names a valid entry stands for; ValueError for one that is longer than any."""
    texts = entry.get("names", ())
    for text in texts:
        if len(text) > MAX_NAME:
            raise ValueError(f"{place}.names: expected at most {MAX_NAME:,} characters in a name, got {text!r:.60}")
    return sum(map(_expanded, texts)) or 1


def _validate_entry(table: str, entry: Any, place: str) -> None:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{place}: expected a table")
    schema = SCHEMA[table]
    for key, value in entry.items():
        if key not in schema:
            raise ValueError(f"{place}.{key}: unknown key{nearest(key, schema)}")
        form = schema[key][0]
        if not _FORMS[form](value):
            raise ValueError(f"{place}.{key}: expected {_SAYS.get(form, form)}, got {value!r}")
    for key, (_, required) in schema.items():
        if required and key not in entry:
            raise ValueError(f"{place}: {key} is missing")
    if table in ("blocking", "metadata"):
        _check_known(entry, "group", [name for found, group in _builtin() if found == "group" for name in group], place)
    if table == "call":
        tables = dict.fromkeys(listed["table"] for found, listed in _builtin() if found == "call")
        _check_known(entry, "table", tables, place)
    for key, allowed in (
        ("parameters", _PARAMETERS),
        ("for", _PURPOSES),
        ("context", _CONTEXTS),
        ("by", _MARKS),
        ("does", _DEEDS),
        ("on", STATES),
        ("gives", GIVEN),
        ("what", WORDS.get(table, ())),
    ):
        values = entry.get(key, ())
        for value in [values] if isinstance(values, str) else values:
            if value not in allowed:
                raise ValueError(f"{place}.{key}: expected one of {', '.join(allowed)}, got {value!r}")


def _check_known(entry: Mapping[str, Any], key: str, known: Iterable[str], place: str) -> None:
    if entry[key] not in known:
        expected = ", ".join(known)
        raise ValueError(f"{place}.{key}: expected one of {expected}, got {entry[key]!r}{nearest(entry[key], known)}")


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for the closest known word, or nothing."""
    close = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) and v for v in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_advice(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, Mapping) and all(key in LIBRARIES and isinstance(text, str) for key, text in value.items())


def _is_unless(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, Mapping)
        and set(item) <= {"position", "keyword", "equals", "absent"}
        and _is_texts(item.get("equals"))
        and isinstance(item.get("position", 0), int)
        and isinstance(item.get("keyword", ""), str)
        and isinstance(item.get("absent", False), bool)
        and ("position" in item or "keyword" in item)
        for item in value
    )


def _is_opens(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and set(value) <= {"position", "keywords"}
        and isinstance(value.get("position", 0), int)
        and ("keywords" not in value or _is_texts(value["keywords"]))
    )


_FORMS: dict[str, Callable[[Any], bool]] = {
    _TEXT: lambda value: isinstance(value, str) and bool(value),
    _TEXTS: _is_texts,
    _NUMBER: _is_number,
    _NUMBERS: lambda value: isinstance(value, list) and bool(value) and all(map(_is_number, value)),
    _ADVICE: _is_advice,
    _UNLESS: _is_unless,
    _FLAG: lambda value: isinstance(value, bool),
    _OPENS: _is_opens,
}
_SAYS = {
    _TEXTS: "a list of non-empty strings",
    _NUMBER: "a number from 0",
    _NUMBERS: "a list of numbers from 0",
    _ADVICE: f"a string, or a table by {', '.join(LIBRARIES)}",
    _OPENS: 'a table { position = 0, keywords = ["path"] }',
    _UNLESS: 'a list of { position = 0, keyword = "block", equals = ["False"] }',
}
