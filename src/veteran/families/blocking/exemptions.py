"""Whether a listed call waits where it stands: how its receiver was made, and what was seen to before.

Asked only of calls that would otherwise be reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.catalog_calls import blocking_call, made_non_blocking
from veteran.analysis.semantics import conditions, places, reachability, scopes
from veteran.analysis.semantics.conditions import innermost_loop
from veteran.analysis.semantics.ir import At, Binding, Call, Held, Read, Use
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import integer_value
from veteran.analysis.types.calls import argument
from veteran.analysis.types.values import Instance
from veteran.families.blocking.conventions import ASYNCHRONOUS, MAYBE_AWAITS, PATH, SYNCHRONOUS
from veteran.families.blocking.memoization import kept

if TYPE_CHECKING:
    from veteran.analysis.catalog_calls import CatalogCall
    from veteran.analysis.module import Module
    from veteran.catalog import Opens


#: Groups of calls whose outcome programs keep; one that starts a process or sleeps is no such value.
_WORTH_KEEPING = frozenset(("network", "db", "file", "metadata", "entry", "cpu"))
#: Files that the kernel answers from memory.
_IN_MEMORY = ("/proc/", "/sys/", "/dev/null", "/dev/urandom", "/dev/random")


def never_waits(event: CatalogCall) -> str:
    """Why a call certainly does not wait, or that nothing says that it can; empty where it may."""
    module, call = event.module, event.call
    group, on = event.entry.group, _on(event)
    if event.entry.opens is not None and not _opens_path(module, call, event.entry.opens):
        return "its argument is not known to be a path"
    if isinstance(call.node.func, cst.Attribute) and _is_test_client(module, call.node.func.value, call):
        return "its receiver is a test client, which runs in this process"
    if because := reachability.never_runs(call):
        return because
    if _handed_to_await(module, call):
        return "what it gives is handed to a function that awaits it if it can be awaited"
    if _is_for_other_callers(call):
        return "a flag on the way here says that no event loop is in use"
    binding = event.origin if isinstance(event.origin, Binding) else None
    if on == "opener":  # otherwise the call that opened it is reported
        opened = event.origin is not None and (binding is None or binding.kind != "parameter")
        return "the call that opened the file is what counts" if opened else ""
    if on in ("url", "opened_url"):
        opened_by = call.node if on == "url" else _constructor(event)
        if opened_by is not None and _is_data_url(module, opened_by, call):
            return "a `data:` URL holds the data itself"
    if on == "host" and _is_numeric(argument(call, 0, ("host", "hostname"))):
        return "it is given an address: there is no name to look up"
    if group in ("input", "network", "lock") and _is_readable(event):
        return "`select` said before that it will not wait"
    if on == "socket":
        non_blocking = binding is not None and made_non_blocking(module, binding)
        return "the socket does not block: see where it was made" if non_blocking else ""
    if on == "stream":
        made = _constructor(event)
        whole = made is not None and not _may_stream(made)
        return "the body of the response is here already: it was not asked for with `stream`" if whole else ""
    if on == "timeout":
        made = _constructor(event)
        never = made is not None and _is_zero(argument(made, None, ("timeout",)))
        return "the port was opened with `timeout=0`" if never else ""
    if group in ("file", "metadata"):
        if _asks_kernel(module, call):
            return "the kernel answers this path from memory"
        return "it is an end of a pipe or a terminal, no file" if _is_pipe(module, call) else ""
    if group not in ("lock", "subprocess", "db"):
        return ""
    if on == "limit":
        made = _constructor(event)
        return "the queue has no limit, or none in sight" if made is None or _unbounded(made) else ""
    if on == "holder" and _just_made(event):
        return "nobody else can hold the lock yet: it was made just before"
    if on == "awaited" and _finished_by_await(event):
        return "an `await` waited for it before"
    return "a test or an earlier call says that the answer is there already" if _known_ready(event) else ""


def hardly_waits(event: CatalogCall) -> str:
    """Why a call waits for short or rarely, as a step of the finding; empty where nothing says so."""
    on = _on(event)
    if on == "memory" and _in_memory_database(event):
        return "the database is in memory"
    if on == "statement" and _moves_no_data(event):
        return "the statement moves no data, and the database is in this process"
    if on == "process":
        name = places.spelling(_receiver(event.call))
        for other in _earlier(event, name, ("kill",)):
            if _ran(other, event.call):
                return "the process was killed just before"
    if event.entry.group == "file" and (_only_opened(event) or _is_wrapped(event)):
        return "what is read or written runs elsewhere"
    if event.entry.group == "file" and _is_reported_before(event):
        return "the call that opened the file is reported: this goes with it"
    if on == "name" and _only_named(event):
        return "it is made for its name: nothing is written to it here"
    for block in event.module.uses.ancestors(event.call.node, event.call):
        if isinstance(block, cst.IndentedBlock):
            if reachability.ends_program(block, event.module.catalog.sorted["ends"]["program"]):
                return "the program ends here"
            break
    return kept(event.module, event.call) if worth_keeping(event) else ""


def _on(event: CatalogCall) -> str:
    """What decides whether the call waits, in the catalogue's words; empty for most."""
    return event.module.catalog.state(event.name).on


def worth_keeping(event: CatalogCall) -> bool:
    """Whether programs keep what such a call gives."""
    return event.entry.group in _WORTH_KEEPING


# Receivers


def _receiver(call: Call) -> cst.BaseExpression:
    func = call.node.func
    return func.value if isinstance(func, cst.Attribute) else func


def _is_test_client(module: Module, node: cst.BaseExpression, at: At) -> bool:
    """Whether a receiver calls the program itself, in the same process."""
    return any(
        isinstance(value, Instance) and module.catalog.is_a(value.type, "test_client")
        for value in module.types.of(node, at)
    )


def _constructor(event: CatalogCall) -> cst.Call | None:
    """The call that made the receiver, where it is written in sight."""
    origin, receiver = event.origin, _receiver(event.call)
    if isinstance(receiver, cst.Call):
        return receiver
    if not isinstance(origin, Binding) or origin.path or origin.kind not in ("assign", "walrus", "with"):
        return None
    value = origin.value
    if isinstance(value, cst.Await):
        value = value.expression
    return value if isinstance(value, cst.Call) else None


def _unbounded(made: cst.Call) -> bool:
    """Whether a queue has no limit, or none that can be read."""
    size = argument(made, 0, ("maxsize",))
    if size is None or isinstance(size, cst.UnaryOperation):
        return True
    return _is_zero(size)


def _is_zero(node: cst.BaseExpression | None) -> bool:
    if not isinstance(node, (cst.Integer, cst.Float)):
        return False
    return (integer_value(node) if isinstance(node, cst.Integer) else float(node.value)) == 0


def _may_stream(made: cst.Call) -> bool:
    """Whether a response was asked for piece by piece; otherwise its body is here already."""
    if any(arg.star == "**" for arg in made.args):
        return True
    stream = argument(made, None, ("stream",))
    return stream is not None and dotted(stream) != "False"


def _is_reported_before(event: CatalogCall) -> bool:
    """Whether the file was opened by a call of the same coroutine that is itself reported."""
    origin = event.origin
    state = event.module.catalog.state(event.name)
    if state.on == "handle":
        return _is_reported(event, *_handle(event.call))
    for position in state.arguments:
        node = argument(event.call, position, ())
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "fileno":
            node = node.func.value
        found = scopes.lookup(node.value, event.call).bindings if isinstance(node, cst.Name) else ()
        if len(found) == 1 and _is_reported(event, found[0].value, found[0]):
            return True
    if isinstance(origin, Binding) and origin.scope.function is event.function:
        return _is_reported(event, _constructor(event), origin)
    return False


def _is_reported(event: CatalogCall, made: object, at: At | None) -> bool:
    """Whether an expression of the same coroutine is a call that is reported as one that opens a file."""
    module = event.module
    if not isinstance(made, cst.Call) or at is None or made is event.call.node:
        return False
    first = next((call for call in module.lowered.index.within.get(event.function, ()) if call.node is made), None)
    found = blocking_call(module, first) if first is not None and not first.awaited else None
    if found is None or found.entry.group != "file" or found.entry.lazy:
        return False
    return not never_waits(found)


def _is_wrapped(event: CatalogCall) -> bool:
    """Whether a file that is opened here is handed to what reads and writes it in threads."""
    module = event.module
    arg = module.uses.parent(event.call.node, event.call)
    call = module.uses.parent(arg, event.call) if isinstance(arg, cst.Arg) else None
    if not isinstance(call, cst.Call):
        return False
    refs = module.types.refs(call.func, event.call)
    return bool(refs) and all(ref.name in module.catalog.sorted["file"]["threaded"] for ref in refs or ())


def _only_named(event: CatalogCall) -> bool:
    """Whether a temporary file is made for its name alone: nothing is written to it here."""
    around = event.module.uses.parent(event.call.node, event.call)
    if isinstance(around, cst.Attribute):
        return around.attr.value == "name"
    target: cst.CSTNode | None
    if isinstance(around, cst.WithItem):
        target = around.asname.name if around.asname is not None else None
    elif isinstance(around, cst.Assign) and len(around.targets) == 1:
        target = around.targets[0].target
    else:
        return False
    if not isinstance(target, cst.Name):
        return False
    binding = next((b for b in event.call.scope.bindings.get(target.value, ()) if b.target is target), None)
    uses = event.module.uses.of(binding) if binding is not None else []
    users = [event.module.uses.parent(use.node, use) for use in uses]
    return bool(users) and all(
        isinstance(user, cst.Attribute) and user.attr.value in ("name", "close") for user in users
    )


def _handle(call: Call) -> tuple[cst.BaseExpression | None, At | None]:
    """The call that gave the handle which is opened, where it is a name bound once."""
    node = argument(call, 0, ("fd", "file"))
    if not isinstance(node, cst.Name):
        return None, None
    found = scopes.lookup(node.value, call).bindings
    if len(found) != 1 or not isinstance(found[0].value, cst.Call):
        return None, None
    return found[0].value, found[0]


def _just_made(event: CatalogCall) -> bool:
    """Whether nobody else can hold a lock yet: made in this function, and not handed on so far."""
    made = event.origin
    if isinstance(_receiver(event.call), cst.Call):
        return True
    if not isinstance(made, Binding) or made.kind != "assign" or made.scope is not event.call.scope:
        return False
    if innermost_loop(made) is not innermost_loop(event.call):
        return False
    if not isinstance(made.target, cst.Name):
        return False
    between = [use for use in made.scope.uses.get(made.name, ()) if made.place < use.place < event.call.place]
    return not between


def _moves_no_data(event: CatalogCall) -> bool:
    """Whether a statement is written out that only changes names or settings."""
    statement = argument(event.call, 0, ("query",))
    if not isinstance(statement, (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)):
        return False
    first = event.module.code(statement).lstrip("rRfF'\"( ").partition(" ")[0]
    return first.upper() in ("DROP", "SET", "RESET", "USE", "DETACH", "PRAGMA")


def _in_memory_database(event: CatalogCall) -> bool:
    """Whether a connection, or the one behind a cursor, was opened with `:memory:`."""
    made = _constructor(event)
    at: At = event.origin or event.call
    for _ in range(5):
        if made is None:
            return False
        if (dotted(made.func) or "").rpartition(".")[2] == "connect":
            database = argument(made, 0, ("database",))
            return isinstance(database, cst.SimpleString) and database.raw_value == ":memory:"
        if not isinstance(made.func, cst.Attribute):
            return False
        node: cst.BaseExpression = made.func.value
        if isinstance(node, cst.Name):
            found = scopes.lookup(node.value, at).bindings
            if len(found) != 1 or not isinstance(found[0].value, cst.Call):
                return False
            at, made = found[0], found[0].value
        else:
            made = node if isinstance(node, cst.Call) else None
    return False


# Paths


def _opens_path(module: Module, call: Call, opens: Opens) -> bool:
    """Whether the argument is a path or an address; without one, its name has to say so."""
    node = argument(call, opens.position, opens.keywords)
    if node is None:
        return False
    if isinstance(node, cst.SimpleString) and isinstance(node.raw_value, str):
        return not node.raw_value.lstrip().startswith(("{", "[", "<"))  # the data itself
    kinds = module.types.types(node, call)
    if kinds is not None:
        return all(kind.type in ("str", "typing.LiteralString") or _is_path(module, kind.type) for kind in kinds)
    if isinstance(node, (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)):
        return True
    if isinstance(node, cst.Call):
        called = dotted(node.func) or ""
        return called in ("str", "os.fspath") or called.startswith("os.path.")
    named = (dotted(node) or "").rpartition(".")[2]
    return bool(PATH.search(named)) and module.types.types(node, call) is None and not _other_kind(module, node, call)


def _other_kind(module: Module, node: cst.BaseExpression, call: Call) -> bool:
    """Whether something known that the value can be is no path."""
    return any(
        isinstance(value, Instance) and value.type != "str" and not _is_path(module, value.type)
        for value in module.types.of(node, call)
    )


def _is_path(module: Module, kind: str) -> bool:
    while kind:
        if kind in ("pathlib.Path", "pathlib.PurePath", "os.PathLike"):
            return True
        kind = module.catalog.bases.get(kind, "")
    return False


def _asks_kernel(module: Module, call: Call) -> bool:
    """Whether the path is written out, and one that is answered from memory."""
    node: cst.BaseExpression | None = argument(call, 0, ("file", "path"))
    receiver = _receiver(call)
    if isinstance(receiver, cst.Call):
        node = argument(receiver, 0, ())
    if not isinstance(node, (cst.SimpleString, cst.FormattedString)):
        return False
    text = node.value if isinstance(node, cst.SimpleString) else module.code(node)
    return text.lstrip("rRfFbB").strip("'\"").startswith(_IN_MEMORY)


def _handed_to_await(module: Module, call: Call) -> bool:
    """Whether `await ensure_async(x.recv())` or the like awaits what a call gives: its type is not as it seems."""
    arg = module.uses.parent(call.node, call)
    outer = module.uses.parent(arg, call) if isinstance(arg, cst.Arg) else None
    if not isinstance(outer, cst.Call) or not isinstance(module.uses.parent(outer, call), cst.Await):
        return False
    return bool(MAYBE_AWAITS.fullmatch((dotted(outer.func) or "").rpartition(".")[2]))


def _is_data_url(module: Module, made: cst.Call, call: Call) -> bool:
    """Whether a URL holds the data itself: it is written out, or a test on the way says so."""
    url = argument(made, 0, ("url", "fullurl"))
    name = places.spelling(url) if url is not None else None
    if url is None:
        return False
    if _begins_with_data(url):
        return True
    tests = [*conditions.conditions(call)] if name is not None else []
    parts = [(part, holds, c.at) for c in tests for part, holds in conditions.parts(c.test, c.outcome)]
    parts += [(part, holds, call) for part, holds in around(module, call)]
    for part, holds, at in parts:
        if holds and isinstance(part, cst.Call) and isinstance(part.func, cst.Attribute) and part.args:
            asked = part.func.attr.value == "startswith" and places.spelling(part.func.value) == name
            if asked and _begins_with_data(part.args[0].value) and places.same_value(name or "", at, call):
                return True
    return False


def _begins_with_data(node: cst.BaseExpression) -> bool:
    """Whether a text is written out and begins like a `data:` URL."""
    while isinstance(node, (cst.BinaryOperation, cst.ConcatenatedString)):
        node = node.left
    if isinstance(node, cst.FormattedString):
        return (
            bool(node.parts)
            and isinstance(part := node.parts[0], cst.FormattedStringText)
            and (part.value.lower().startswith("data:"))
        )
    return isinstance(node, cst.SimpleString) and str(node.raw_value).lower().startswith("data:")


def _is_for_other_callers(call: Call) -> bool:
    """Whether a call stands where a flag says that no event loop is in use: `if asynchronous: await … else: …`."""
    for condition in conditions.conditions(call):
        for part, outcome in conditions.parts(condition.test, condition.outcome):
            name = (places.spelling(part) or "").rpartition(".")[2]
            if (ASYNCHRONOUS if not outcome else SYNCHRONOUS).fullmatch(name):
                return True
    return False


def _only_opened(event: CatalogCall) -> bool:
    """Whether a file is opened here, but each use of it handed to a thread or a process that is awaited."""
    module, call = event.module, event.call
    item = module.uses.parent(call.node, call)
    if not isinstance(item, cst.WithItem) or item.asname is None or not isinstance(item.asname.name, cst.Name):
        return False
    name = item.asname.name
    binding = next((b for b in call.scope.bindings.get(name.value, ()) if b.target is name), None)
    uses = module.uses.of(binding) if binding is not None else []
    return bool(uses) and all(_runs_elsewhere(module, use) for use in uses)


def _runs_elsewhere(module: Module, use: Use) -> bool:
    node: cst.CSTNode = use.node
    around = list(module.uses.ancestors(node, use))
    if around and isinstance(around[0], cst.Attribute):
        node = around.pop(0)
    if len(around) < 3 or not isinstance(around[0], cst.Arg) or not isinstance(around[1], cst.Call):
        return False
    stream = around[0].keyword is not None and around[0].keyword.value in ("stdin", "stdout", "stderr")
    return (stream or node is not use.node) and isinstance(around[2], (cst.Await, cst.For))


def _is_pipe(module: Module, call: Call) -> bool:
    """Whether the handle that is opened is an end of a pipe or terminal, not a file."""
    made, at = _handle(call)
    if not isinstance(made, cst.Call) or at is None:
        return False
    refs = module.types.refs(made.func, at)
    return bool(refs) and all(ref.name in module.catalog.sorted["file"]["pipe"] for ref in refs or ())


# Addresses


def _is_numeric(node: cst.BaseExpression | None) -> bool:
    """Whether a host is given as an address, as nothing, or as this machine."""
    if isinstance(node, cst.Name):
        return node.value == "None"
    if not isinstance(node, cst.SimpleString) or not isinstance(node.raw_value, str):
        return False
    return node.raw_value in ("", "localhost") or bool(_ADDRESS.fullmatch(node.raw_value))


_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[\da-fA-F]*:[\da-fA-F:.%]*")


# What happened before


def _is_readable(event: CatalogCall) -> bool:
    """Whether a test on the way here asks `select`, or `kbhit`, whether there is something to read."""
    methods = event.module.lowered.index.named
    if "select" not in methods and "kbhit" not in methods:
        return False
    call = event.call
    name = places.spelling(_receiver(call))
    tests = list(conditions.conditions(call))
    if _on(event) == "keyboard":
        asked_for = [part for test in tests for part in conditions.parts(test.test, test.outcome)]
        true = {part for part, outcome in (*asked_for, *around(event.module, call)) if outcome}
        return any(other.node in true for other in methods.get("kbhit", ()))
    for other in methods.get("select", ()):
        asked = other.node.args[0].value if other.node.args else None
        if other.scope.function is not event.function or not isinstance(asked, (cst.List, cst.Tuple)):
            continue
        if name not in {places.spelling(element.value) for element in asked.elements}:
            continue
        if other.place < call.place and any(test.outcome and test.at.place >= other.place - 1 for test in tests):
            return True
    return False


def _earlier(event: CatalogCall, name: str | None, methods: tuple[str, ...]) -> Iterator[Call]:
    """Earlier calls of these methods on a receiver of that spelling, by the same function."""
    if name is None:
        return
    for method in methods:
        for other in event.module.lowered.index.named.get(method, ()):
            if (
                _is_before(other, event)
                and places.spelling(_receiver(other)) == name
                and places.same_value(name, other, event.call)
            ):
                yield other


def _is_before(other: Call, event: CatalogCall) -> bool:
    return other.place < event.call.place and other.scope.function is event.function


def _ran(other: Call, at: At) -> bool:
    """Whether an earlier call certainly ran, seen from a place that may be in a comprehension."""
    while at.scope is not other.scope and at.scope.inline and at.scope.entry is not None:
        at = at.scope.entry
    return places.encloses(other, at)


def _finished_by_await(event: CatalogCall) -> bool:
    """Whether a future was waited for by an `await` before, or comes from those that are done."""
    origin = event.origin
    names = {(places.spelling(_receiver(event.call)) or "")}
    if isinstance(origin, Binding):
        if origin.kind == "for" and isinstance(origin.value, cst.Call):
            return (dotted(origin.value.func) or "").rpartition(".")[2] == "as_completed"
        if origin.kind == "for":
            names.add(places.spelling(origin.value) or "")
    names.discard("")
    return any(_is_before(other, event) and _ran(other, event.call) for other in event.module.awaited_names(names))


def _known_ready(event: CatalogCall) -> bool:
    """Whether a test on the way here, or an earlier call, says that the answer is there already."""
    call = event.call
    name = places.spelling(_receiver(call))
    if name is None:
        return False
    ready = event.module.catalog.ready
    if _on(event) == "process":
        if any(_ran(other, call) for other in _earlier(event, name, ("communicate",))):
            return True
    elif not any(method in event.module.lowered.index.named for method in ready):
        return False
    parts = [
        (*part, test.at)
        for test in conditions.conditions(call)
        if places.same_value(name, test.at, call)
        for part in conditions.parts(test.test, test.outcome)
    ]
    parts += [(*part, call) for part in around(event.module, call)]
    return any(_says_ready(*_answered(part, outcome, at), name, ready) for part, outcome, at in parts)


def _answered(test: cst.BaseExpression, outcome: bool, at: At) -> tuple[cst.BaseExpression, bool]:
    """The test itself, or the call whose answer a name in it holds."""
    node, truth = test, outcome
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        target = test.comparisons[0]
        if dotted(target.comparator) == "None" and isinstance(target.operator, (cst.Is, cst.IsNot)):
            node, truth = test.left, outcome is isinstance(target.operator, cst.IsNot)
    if isinstance(node, cst.Name):
        found = scopes.lookup(node.value, at).bindings
        if len(found) == 1 and not found[0].path and isinstance(found[0].value, cst.Call):
            return found[0].value, truth
    return test, outcome


def _says_ready(test: cst.BaseExpression, outcome: bool, name: str, ready: Mapping[str, bool]) -> bool:
    """Whether an answer says that what is called `name` is ready. ready: what methods then answer."""
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        target = test.comparisons[0]
        if not isinstance(test.left, cst.Attribute) or dotted(target.comparator) != "None":
            return False
        absent = isinstance(target.operator, cst.Is)
        return test.left.attr.value == "returncode" and places.spelling(test.left.value) == name and outcome != absent
    if not isinstance(test, cst.Call) or not isinstance(test.func, cst.Attribute):
        return False
    return places.spelling(test.func.value) == name and ready.get(test.func.attr.value) is outcome


def around(module: Module, call: Call | Read | Held) -> Iterator[tuple[cst.BaseExpression, bool]]:
    """The tests in the expression around a call that had to come out in some way for it to run."""
    for test, outcome in conditions.within(call.node, module.uses.ancestors(call.node, call)):
        yield from conditions.parts(test, outcome)
