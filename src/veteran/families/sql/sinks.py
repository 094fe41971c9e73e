"""The queries that a module executes: where the text of each is written, and what in it is not provably safe.

A query is followed from the call that executes it to the expressions that build it: through names, attributes,
what functions of the module return, and out of functions that only hand their parameter on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.call_events import CallEvent
from veteran.analysis.dataflow.callers import passes_safely
from veteran.analysis.dataflow.sanitizers import Checked
from veteran.analysis.dataflow.strings import KEEPS_TEXT
from veteran.analysis.dataflow.text import Hole, Pieces, Verdict, holes
from veteran.analysis.reports import Report, ReportStep
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Call, Scope, decorators_of
from veteran.analysis.semantics.places import spelling
from veteran.analysis.syntax.expressions import dotted, last_name
from veteran.analysis.syntax.nodes import changed
from veteran.analysis.types.calls import argument, class_bindings, function_of, passed_value, unpacked
from veteran.analysis.types.decorators import does
from veteran.catalog import Catalog, Sink
from veteran.families.sql import statements
from veteran.families.sql.confidence import (
    PLAIN_SLOTS,
    callers_are_safe,
    given_whole,
    how_sure,
    is_of_private_function,
)
from veteran.families.sql.conventions import DATABASES, GIVEN, NO_QUERY, STATEMENT_NAMES, WRAPS

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.findings import Confidence


#: Texts followed from one call, and calls of functions that hand a query on.
MAX_TEXTS = 16
MAX_RUNS = 500
_MAX_PARTS = 40


class Text(NamedTuple):
    """An expression that builds a text. via: the calls of local functions that returned it.

    assumed: the tests of conditional expressions around it, and how they came out.
    """

    node: cst.BaseExpression
    at: At
    via: tuple[Call | tuple[cst.Call, At], ...] = ()
    assumed: tuple[tuple[cst.BaseExpression, bool], ...] = ()


class SinkValue(CallEvent):
    """A text built by the program that reaches a query's place. alternatives: see `dataflow.text`.

    call: the first call that executes it. passed: its argument. query: the expression that builds the text.
    """

    def __init__(
        self,
        module: Module,
        call: Call,
        sink: Sink,
        passed: cst.BaseExpression,
        text: Text,
        alternatives: list[Pieces],
    ) -> None:
        self.module = module
        self.call = call
        self.passed = passed
        self.sink = sink
        self.text = text
        self.query = text.node
        self.alternatives = alternatives

    @cached_property
    def open(self) -> dict[Hole, statements.Slot]:
        """The holes that are not provably safe, each where it stands."""
        found: dict[Hole, statements.Slot] = {}
        for pieces in self.alternatives:
            if not any(isinstance(piece, str) and piece.strip() for piece in pieces):
                continue
            if not any(hole.verdict for hole in holes(pieces)):
                continue
            for slot in statements.slots(pieces):
                if slot.hole.verdict is not Verdict.SAFE and slot.hole not in found and not self.excused(slot):
                    found[slot.hole] = slot
        return found

    def excused(self, slot: statements.Slot) -> str | Checked:
        """Why a value does not count though it is not safe itself: what was checked after it was built in, or a whole
        clause that is another function's work. Empty where it counts."""
        hole = slot.hole
        source = hole.source
        unknown = hole.verdict is not Verdict.TAINTED
        if why := given_whole(slot):
            return why
        if unknown and slot.unplaced and not slot.quoted and self._stands_for_parameters(slot):
            return "all that can hold the placeholders of the parameters that are passed"
        if unknown and slot.role == "condition" and source is not None and source.path:
            # `where, parameters = self.build(…)`: a clause that comes with its parameters.
            call = source.value.expression if isinstance(source.value, cst.Await) else source.value
            callee = (dotted(call.func) or "?.?") if isinstance(call, cst.Call) else "?.?"
            if "." not in callee or callee.startswith(("self.", "cls.")):
                return f"a clause that `{callee}` makes together with its parameters"
        if hole.at.scope.function is self.call.scope.function or not isinstance(hole.node, cst.Name):
            checks = self.module.flow.guards
            if checked := checks.restricted(hole.node, self.call):  # type: ignore[arg-type]
                return checked
        safe = self._passed_safely(hole)
        return "a parameter of the function that returns the text, which is passed something safe" if safe else ""

    def _stands_for_parameters(self, slot: statements.Slot) -> bool:
        """Whether placeholders can stand nowhere but in a hole, of a call that passes parameters."""
        if slot.role not in ("value", "argument", "condition") or not other_parameters(self):
            return False
        if slot.lists:
            return True
        named = {
            spelling(other.hole.node) or other.hole
            for pieces in self.alternatives
            if slot.hole in holes(pieces)
            for other in statements.slots(pieces)
            if other.role in ("value", "argument", "condition") and not other.quoted
        }
        return len(named) == 1 and slot.role == "value"

    def _passed_safely(self, hole: Hole) -> bool:
        """Whether the hole is a parameter of the function that returned the text, and was passed something safe."""
        if hole.parameter is None or hole.verdict is Verdict.TAINTED or not self.text.via:
            return False
        function, name = hole.parameter
        for call in self.text.via:
            node, at = (call.node, call) if isinstance(call, Call) else call
            if function_of(self.module.types, node.func, at) is function:
                return passes_safely(self.module.flow, node, at, function, name)
        return False

    def report(self, roles: Iterable[str], say: Say) -> Iterator[Report]:
        """What a rule says of the worst hole with one of these roles; of one text it says one thing."""
        said = self.module.once(Queries).said(frozenset(roles), say)
        yield from (report for value, report in said.values() if value is self)

    def worst(self, roles: frozenset[str], say: Say) -> Report | None:
        """What is to say of the worst hole with one of these roles, whatever is said of other values."""
        found = [slot for slot in self.open.values() if slot.role in roles]
        if not found:
            return None
        # Where all depends on the callers, linking decides, and says so.
        found = [slot for slot in found if not callers_are_safe(self.module, slot.hole)] or found
        # The worst one is named; a certain one before one that depends on the callers.
        worst = max(
            found,
            key=lambda s: (
                s.hole.verdict,
                self.confidence(s),
                s.role in PLAIN_SLOTS,
                not is_of_private_function(self.module, s.hole),
            ),
        )
        place = self.place(worst.hole)
        conditional = all(is_of_private_function(self.module, slot.hole) for slot in found)
        return Report(
            place.node,
            place.at,
            say(self, worst),
            self.confidence(worst),
            self._steps(worst.hole, place),
            tuple(slot.hole.parameter for slot in found if slot.hole.parameter) if conditional else (),
        )

    def confidence(self, slot: statements.Slot) -> Confidence:
        """How sure it is that the hole matters."""
        func = self.call.node.func
        editor = isinstance(func, cst.Attribute) and last_name(func.value) == "schema_editor"
        migrates = editor or self.sink.library == "alembic"
        return how_sure(self.module, slot, migrates=migrates, beside=other_parameters(self))

    def place(self, hole: Hole) -> Text:
        """The expression that builds the part of the text that the hole is in: the beginning, or what is added."""
        flow = self.module.flow
        node, at = self.text.node, self.text.at

        def holds(expression: cst.CSTNode, where: At) -> bool:
            return any(hole.node is other.node for way in flow.pieces(expression, where) for other in holes(way))

        for _ in range(_MAX_PARTS):
            first: tuple[cst.BaseExpression, At] | None = None
            if isinstance(node, cst.Name):
                bound = scopes.lookup(node.value, at).bindings
                for binding in bound:
                    if binding.kind == "augment" and not holds(binding.value.value, binding):
                        first = node, binding
                        break
                    value = binding.value.value if binding.kind == "augment" else binding.value
                    plain = binding.kind in ("assign", "walrus", "augment") and not binding.path
                    if plain and isinstance(value, cst.BaseExpression) and holds(value, binding):
                        first = value, binding
                        break
            else:
                beginning = _beginning(node)
                if beginning is not None and holds(beginning, at):
                    first = beginning, at
            if first is None or (first[0] is node and first[1] is at):
                break
            node, at = first
        if isinstance(node, cst.Name):  # nothing but the name: what it was bound from is not text of this module
            return Text(self.text.node, self.text.at)
        return Text(node, at)

    def _steps(self, hole: Hole, place: Text) -> tuple[ReportStep, ...]:
        """Where the value came from, and where the text is executed, if that is elsewhere."""
        module = self.module
        steps = []
        if hole.source is not None and hole.source.target is not None and hole.source.kind != "import":
            what = "is a parameter" if hole.source.kind == "parameter" else "comes from here"
            text = f"`{module.code(hole.source.target, 40)}` {what}"
            steps.append(ReportStep(hole.source.target, hole.source, text))
        text = f"`{module.code(self.call.node.func, 40)}` executes it"
        steps.append(ReportStep(self.call.node, self.call, text, anchor=True))
        for node, at in module.once(Queries).builders(self.text):
            if node is not place.node:
                steps.append(ReportStep(node, at, "a part of it is built here", anchor=True))
        return tuple(steps)


def _beginning(node: cst.CSTNode) -> cst.BaseExpression | None:
    """The expression that a text begins with, where another expression makes it."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
        left = node.left
        while isinstance(left, cst.BinaryOperation) and isinstance(left.operator, cst.Add):
            left = left.left
        return None if isinstance(left, (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)) else left
    if isinstance(node, cst.ConcatenatedString):
        return _beginning(node.left)
    if isinstance(node, cst.FormattedString):
        first = node.parts[0] if node.parts else None
        return first.expression if isinstance(first, cst.FormattedStringExpression) else None
    if isinstance(node, cst.Subscript):
        return node.value
    return None


def _known(catalog: Catalog, name: str) -> bool:
    """Whether a name of another module certainly is no method of a database."""
    root = name.partition(".")[0]
    return (
        root in sys.stdlib_module_names
        or root in catalog.sorted["library"]["no_sql"]
        or bool(catalog.lookup(catalog.calls["blocking"], name))
    )


def _is_of_database(node: cst.Call) -> bool:
    """Whether a method belongs by the receiver's name to a database, and is passed what may be a statement."""
    func = node.func
    if type(func) is not cst.Attribute or not node.args or not _may_be_statement(node.args[0].value):
        return False
    return DATABASES.search(last_name(func.value)) is not None and NO_QUERY.search(func.attr.value) is None


def _is_given_database(node: cst.Call) -> bool:
    """Whether a helper is passed a database or cursor, and then what may be a statement."""
    if len(node.args) < 2 or node.args[0].keyword is not None or node.args[0].star:
        return False
    if not _may_be_statement(node.args[1].value) or NO_QUERY.search(last_name(node.func)):
        return False
    return GIVEN.search(last_name(node.args[0].value)) is not None


def _is_second(node: cst.Call, query: cst.BaseExpression | None) -> bool:
    """Whether a helper takes the statement behind the object that it executes it on."""
    if len(node.args) < 2 or query is not node.args[0].value or node.args[1].keyword is not None:
        return False
    first = type(query) in (cst.Name, cst.Attribute) and not STATEMENT_NAMES.search(last_name(query))
    return first and _may_be_statement(node.args[1].value)


def _may_be_statement(node: cst.BaseExpression) -> bool:
    """Whether an expression builds text, or is called a statement."""
    kind = type(node)
    if kind in _TEXTS:
        return True
    if kind is cst.Name:
        return STATEMENT_NAMES.search(last_name(node)) is not None
    if kind is not cst.Call:
        return False
    func: cst.BaseExpression = node.func  # type: ignore[attr-defined]
    return last_name(func) in (_BUILDS if type(func) is cst.Attribute else WRAPS)


_TEXTS = frozenset([cst.FormattedString, cst.ConcatenatedString, cst.BinaryOperation])
_BUILDS = frozenset(["format", "format_map", "join", "replace", "substitute", "safe_substitute", *KEEPS_TEXT])
_SOME_METHOD = Sink("", 0, ("sql", "query", "statement"), "", "tuple", "", proven=False, weak=True)
_SOME_HELPER = _SOME_METHOD._replace(query=1)


#: What a rule says of a hole.
Say = Callable[[SinkValue, statements.Slot], str]


def events(module: Module) -> Iterator[SinkValue]:
    """Each text built by the program that a query's place receives."""
    yield from module.once(Queries).values


class Queries:
    """Finds the queries of one module."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.flow = module.flow
        #: What a call executes, by the expression: nothing of it is "not executed here".
        self.executed: set[cst.CSTNode] = set()
        self._said: dict[tuple[frozenset[str], Say], dict[cst.CSTNode, tuple[SinkValue, Report]]] = {}

    def said(self, roles: frozenset[str], say: Say) -> dict[cst.CSTNode, tuple[SinkValue, Report]]:
        """What a rule says of holes with these roles, by the text: one thing, and rather what is certain."""
        key = roles, say
        if key not in self._said:
            said: dict[cst.CSTNode, tuple[SinkValue, Report]] = {}
            for value in self.values:
                report = value.worst(roles, say)
                if report is not None:
                    known = said.get(report.node)
                    if known is None or (known[1].unless_safe and not report.unless_safe):
                        said[report.node] = value, report
            self._said[key] = said
        return self._said[key]

    def _runs(self) -> Iterator[tuple[Call, Sink, cst.BaseExpression | None]]:
        """The calls that execute a query, with what stands in its place."""
        catalog = self.module.catalog
        trace = self.module.trace
        for call in self.module.lowered.calls:
            made, what = self._handed_over(call) or call.node, ""
            func = made.func
            if isinstance(func, cst.Attribute):
                known = func.attr.value in catalog.tails or func.attr.value.lstrip("_") in catalog.execute_like
                if not known and not _is_of_database(made) and not _is_given_database(made):
                    what = _NO_SINK
            elif not isinstance(func, (cst.Name, cst.IfExp)):
                continue
            if not what and all(isinstance(arg.value, cst.SimpleString) for arg in made.args):
                reason = "has only literals as arguments" if made.args else "is called without an argument"
                what = f"{reason}: no text is built"
            sink = None if what else self._sink(made, call)
            if isinstance(sink, str):
                if trace:
                    trace.note("sql.sinks", call.node, call, sink)
                continue
            if sink is None:
                if trace:
                    trace.note("sql.sinks", call.node, call, f"`{self.module.code(func, 40)}` {what or _NO_SINK}")
                continue
            query = argument(made, sink.query, sink.keywords)
            if not sink.proven and _is_second(made, query):  # `exec_sql(self, query)`
                query = made.args[1].value
            if not (sink.weak and isinstance(query, (cst.List, cst.Tuple))):  # a command line
                yield call, sink, query
            elif trace:
                trace.note("sql.sinks", call.node, call, "a list is a command line, no statement")

    def _sink(self, node: cst.Call, at: At) -> Sink | str | None:
        """What a call executes queries as; the reason where it is known to be something else."""
        catalog = self.module.catalog
        refs = self.module.types.refs(node.func, at)
        if refs:
            entries: list[Sink | None] = [catalog.lookup(catalog.sinks, ref.name) for ref in refs]
            if all(entries):
                return entries[0]
        sink = self._named_like_one(node.func, at, catalog)
        if sink is None and _is_of_database(node):
            return _SOME_METHOD
        if sink is None and _is_given_database(node) and function_of(self.flow.types, node.func, at) is None:
            return _SOME_HELPER
        if sink is not None and sink.weak and refs and not refs[0].spelled and _known(catalog, refs[0].name):
            return f"`{refs[0].name}` is no method of a database"
        return sink

    def _handed_over(self, call: Call) -> cst.Call | None:
        """The call that another one makes: `asyncio.to_thread(cursor.execute, query)`."""
        node = call.node
        if isinstance(node.func, cst.Call):  # `sync_to_async(cursor.execute)(query)`
            wrapped = node.func.args[0].value if node.func.args else None
            return changed(node, func=wrapped) if self._executes(wrapped) else None
        if type(node.func) is cst.Name and node.args and _may_be_statement(node.args[0].value):
            bound = scopes.lookup(node.func.value, call).bindings  # `run = cursor.execute`
            if len(bound) == 1 and bound[0].kind == "assign" and not bound[0].path and self._executes(bound[0].value):
                return changed(node, func=bound[0].value)
        if last_name(node.func) not in self.module.catalog.running:
            return None
        for index, arg in enumerate(node.args[:2]):
            if len(node.args) > index + 1 and arg.keyword is None and not arg.star and self._executes(arg.value):
                return changed(node, func=arg.value, args=node.args[index + 1 :])
        return None

    def _executes(self, node: cst.CSTNode | None) -> bool:
        return isinstance(node, cst.Attribute) and (
            node.attr.value in self.module.catalog.execute_like or node.attr.value in self._sink_tails
        )

    @cached_property
    def _sink_tails(self) -> frozenset[str]:
        return frozenset(name.rpartition(".")[2] for name in self.module.catalog.sinks)

    def _named_like_one(self, func: cst.BaseExpression, at: At, catalog: Catalog) -> Sink | None:
        """A method or function that by its bare name executes a query."""
        name = last_name(func)
        plain = name.lstrip("_")
        sink = catalog.execute_like.get(plain)
        if sink is None or (name == plain and isinstance(func, cst.Attribute)):
            return sink
        # `_execute(…)`, `run_query(…)`: of another module, or of a base class.
        if (isinstance(func, cst.Name) and (sink.weak or "_" not in plain)) or function_of(self.flow.types, func, at):
            return None
        return sink._replace(weak=True)

    @cached_property
    def values(self) -> list[SinkValue]:
        """One value for each text that is executed, through functions that hand it on, too."""
        pending = list(self._runs())
        limit = len(pending) + MAX_RUNS
        handed: set[tuple[Scope, str, bool]] = set()
        found: dict[cst.CSTNode, SinkValue] = {}
        trace = self.module.trace
        for done, (call, sink, query) in enumerate(pending):
            if query is None or isinstance(query, (cst.SimpleString, cst.Dict)) or done > limit:
                if trace:
                    trace.note("sql.sinks", call.node, call, _no_text(query))
                continue
            self.module.judged = call.node
            for text in self.texts(query, call):
                known = found.get(text.node)
                if known is not None and (known.sink.proven or not sink.proven):
                    continue
                if isinstance(text.node, (cst.SimpleString, cst.Dict)):
                    if trace:
                        trace.statement(call, text.node, _no_text(text.node))
                    continue
                alternatives: list[Pieces] = self.flow.pieces_assuming(text.assumed, text.node, text.at)
                passed = _parameter(alternatives)
                if passed is not None:
                    if (*passed, sink.proven) not in handed:
                        handed.add((*passed, sink.proven))
                        if trace:
                            what = f"`{passed[1]}` is a parameter of `{passed[0].qualname}`"
                            trace.statement(call, text.node, f"{what}: its calls in this module decide")
                        pending += self._handed_on(*passed, sink)
                    continue
                if not sink.proven:
                    alternatives = [way for way in alternatives if statements.looks_like_sql(way, convincing=sink.weak)]
                if not alternatives and trace:
                    trace.statement(call, text.node, _NO_SQL)
                if alternatives:
                    self.executed.add(text.node)
                    found[text.node] = SinkValue(self.module, call, sink, query, text, alternatives)
        return list(found.values())

    def _handed_on(self, function: Scope, name: str, sink: Sink) -> Iterator[tuple[Call, Sink, cst.BaseExpression]]:
        """The calls of a function of this module that executes its parameter."""
        if not isinstance(function.node, cst.FunctionDef):
            return
        wrapped = sink._replace(parameters="none" if sink.parameters == "none" else "handed")
        for call in self.module.lowered.index.named.get(function.name, ()):
            if function_of(self.flow.types, call.node.func, call) is function:
                value = passed_value(self.flow.types, call.node, call, function, name)
                if value is not None:
                    yield call, wrapped, value

    def texts(self, node: cst.BaseExpression, at: At) -> Iterator[Text]:
        """The expressions that build what a query's place holds."""
        pending: list[tuple[Text, tuple[int, ...]]] = [(Text(node, at), ())]
        seen: set[tuple[cst.CSTNode, tuple[int, ...]]] = set()
        count = 0
        while pending and count < MAX_TEXTS:
            text, path = pending.pop()
            key = (text.node, path)
            if key in seen or len(seen) > 4 * MAX_TEXTS:
                continue
            seen.add(key)
            further = self._further(text, path)
            if further is not None:
                pending += reversed(further)
            elif not path:
                count += 1
                yield text

    def _further(self, text: Text, path: tuple[int, ...]) -> list[tuple[Text, tuple[int, ...]]] | None:
        """What an expression takes its text from; None where it builds it."""
        node, at, via, _ = text
        if path and isinstance(node, (cst.Tuple, cst.List)):
            if path[0] < len(node.elements) and all(isinstance(e, cst.Element) for e in node.elements):
                return [(Text(node.elements[path[0]].value, at, via), path[1:])]
            return []
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)):  # several statements
            return [(Text(e.value, at, via), path) for e in node.elements if isinstance(e, cst.Element)]
        if isinstance(node, (cst.NamedExpr, cst.Await)):
            inner = node.value if isinstance(node, cst.NamedExpr) else node.expression
            return [(Text(inner, at, via), path)]
        if isinstance(node, cst.IfExp):
            return [
                (Text(branch, at, via, (*text.assumed, (node.test, outcome))), path)
                for branch, outcome in ((node.body, True), (node.orelse, False))
            ]
        if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.Or):
            return [(Text(node.left, at, via), path), (Text(node.right, at, via), path)]
        if isinstance(node, cst.Name):
            return self._of_name(node, at, via, path)
        if isinstance(node, cst.Subscript) and isinstance(node.slice[0].slice, cst.Index):
            table = self.flow.displays.dictionary(node.value, at)
            rows = (
                self.flow.displays.rows(node.value, at)
                if table is None
                else [(value, where) for _, value, where in table]
            )
            return [(Text(row, where, via), path) for row, where in rows] if rows else None
        if isinstance(node, cst.Attribute):
            bound = class_bindings(self.flow.types, node, at)
            if bound and len(bound) == 1 and bound[0].kind == "def":
                function: Scope = bound[0].value
                if does(decorators_of(function), "reads", self.flow.catalog):
                    return self._returned(function, via, path)
            if bound and all(b.kind == "assign" and isinstance(b.value, cst.BaseExpression) for b in bound):
                return [(Text(b.value, b, via), (*(b.path or ()), *path)) for b in bound if b.path is not None]
            return None
        if isinstance(node, cst.Call):
            return self._of_call(node, at, via, path)
        return None

    def _of_name(
        self, node: cst.Name, at: At, via: tuple[Call | tuple[cst.Call, At], ...], path: tuple[int, ...]
    ) -> list[tuple[Text, tuple[int, ...]]] | None:
        found = scopes.lookup(node.value, at)
        if found.where not in ("local", "outer") or not found.bindings:
            return None
        only = found.bindings[0]
        if len(found.bindings) == 1 and only.kind == "for" and only.path is not None:
            rows = self.flow.displays.rows(only.value, only) or []
            taken = [(unpacked(row, only.path), where) for row, where in rows]
            texts = [(Text(row, at, via), path) for row, at in taken if isinstance(row, cst.BaseExpression)]
            return texts if texts and len(texts) == len(taken) else None
        further = []
        for binding in found.bindings:
            if binding.kind == "parameter" and len(found.bindings) > 1 and not path:
                further.append((Text(node, binding, via), path))
                continue
            if binding.kind not in ("assign", "walrus") or not isinstance(binding.value, cst.BaseExpression):
                return None
            if binding.path is None:
                return None
            further.append((Text(binding.value, binding, via), (*binding.path, *path)))
        return further

    def _of_call(
        self, node: cst.Call, at: At, via: tuple[Call | tuple[cst.Call, At], ...], path: tuple[int, ...]
    ) -> list[tuple[Text, tuple[int, ...]]] | None:
        func = node.func
        function = function_of(self.flow.types, func, at)
        if function is not None and len(via) < 4:
            returned = self._returned(function, (*via, (node, at)), path)
            if returned:
                return returned
        if path:
            return []
        if (
            isinstance(func, cst.Attribute)
            and func.attr.value in KEEPS_TEXT
            and not isinstance(func.value, cst.SimpleString)
        ):
            return [(Text(func.value, at, via), path)]
        if node.args and not node.args[0].star and node.args[0].keyword is None:
            refs = self.module.types.refs(func, at)
            carries = bool(refs) and all(ref.name in self.flow.catalog.names["carries"] for ref in refs or ())
            sinks = bool(refs) and all(self.flow.catalog.lookup(self.flow.catalog.sinks, r.name) for r in refs or ())
            if carries or (last_name(func) in WRAPS and not sinks):
                return [(Text(node.args[0].value, at, via), path)]
        return None

    @staticmethod
    def _returned(
        function: Scope, via: tuple[Call | tuple[cst.Call, At], ...], path: tuple[int, ...]
    ) -> list[tuple[Text, tuple[int, ...]]]:
        """What a function of this module returns."""
        return [(Text(value, at, via), path) for value, at in function.returns[:MAX_TEXTS] if value is not None]

    def builders(self, text: Text) -> list[tuple[cst.CSTNode, At]]:
        """Where the parts of a text stand that a name collects, in order."""
        if not isinstance(text.node, cst.Name):
            return []
        found: list[tuple[cst.CSTNode, At]] = []
        for binding in self.flow.builders(text.node, text.at):
            node = binding.value if binding.kind != "augment" else binding.value.value
            found.append((node, binding))
        return found


_NO_SINK = "is not known to execute SQL"
_NO_SQL = "the text does not read as SQL, and the receiver is not known as a database"


def _no_text(query: cst.BaseExpression | None) -> str:
    """Why what stands in a query's place is no text to look into."""
    if query is None:
        return "no statement is passed here"
    return "no value is built into it: the statement is constant" if isinstance(query, cst.SimpleString) else "a dict"


def _parameter(alternatives: list[Pieces]) -> tuple[Scope, str] | None:
    """The parameter that a text is, and nothing else."""
    if len(alternatives) == 1 and len(alternatives[0]) == 1:
        piece = alternatives[0][0]
        if isinstance(piece, Hole) and piece.verdict is Verdict.UNKNOWN:
            return piece.parameter
    return None


def other_parameters(event: SinkValue) -> bool:
    """Whether the call passes parameters beside the statement."""
    if event.sink.parameters not in ("tuple", "list", "args", "dict", "handed"):
        return False
    named = {"parameters", "params", "vars", "args", "values", "bindings", "query_parameters", "job_config"}
    after = False
    for arg in event.call.node.args:
        if (after and arg.keyword is None) or (arg.keyword is not None and arg.keyword.value in named):
            return True
        after = after or arg.value is event.passed
    return False
