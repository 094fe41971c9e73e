"""One module, understood: what rules hear of and what they may ask."""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import libcst as cst

from veteran.analysis import flow as flows
from veteran.analysis.contexts import Contexts
from veteran.analysis.lowering import At, Binding, Call, Scope, lower
from veteran.analysis.nodes import operands
from veteran.analysis.outlook import Outlook, outlook_of
from veteran.analysis.queries import Queries
from veteran.analysis.source import Source
from veteran.analysis.summary import ArgumentFact, Conditional, Parameter, Summary
from veteran.analysis.tree import Tree
from veteran.analysis.types import Instance, Local, Ref, Types, argument
from veteran.analysis.uses import Uses, names_in
from veteran.catalog import Blocking, Catalog, Unless
from veteran.findings import Confidence, Finding, Step, failed
from veteran.registry import Handler, Rule, subscribers
from veteran.timings import phase

if TYPE_CHECKING:
    from veteran.analysis.branches import AllSaid, Said
    from veteran.analysis.decoded import Decoded
    from veteran.analysis.keeping import Kept
    from veteran.analysis.trace import Trace


T = TypeVar("T")


class ReportStep(NamedTuple):
    """A place that explains a report. anchor: another tool would report, and be silenced, here."""

    node: cst.CSTNode
    at: At
    text: str
    anchor: bool = False


class Report(NamedTuple):
    """What a rule says of a node. unless_safe: it holds only if one of these parameters can be unsafe."""

    node: cst.CSTNode
    at: At
    message: str
    confidence: Confidence
    steps: tuple[ReportStep, ...] = ()
    unless_safe: tuple[tuple[Scope, str], ...] = ()


class CatalogCall(NamedTuple):
    """A call of something that the catalogue lists in `table`. name: its qualified name. origin: of the receiver."""

    module: Module
    call: Call
    entry: Blocking
    name: str
    origin: At | None
    table: str

    @property
    def function(self) -> Scope:
        """The function, lambda or module whose frame makes the call."""
        return self.call.scope.function


class Module:
    """One file's tree and everything that is concluded from it, on demand."""

    def __init__(self, path: str, source: Source, tree: Tree, catalog: Catalog) -> None:
        self.path = path
        self.source = source
        self.catalog = catalog
        self.tree = tree
        with phase("lowering"):
            self.lowered = lower(tree.module)
        self.types = Types(catalog, self.lowered)
        self.flow = flows.Flow(self.lowered, self.types)
        self.queries = Queries(self)
        self.uses = Uses(self.lowered)
        self.asks: set[str] = set()  # names of other modules that decide more
        self.spreads: set[str] = set()  # functions that hand a parameter of theirs to threads
        self.judged: cst.CSTNode | None = None  # what is looked at right now
        self._failures: dict[tuple[str, ...], tuple[Exception, cst.CSTNode | None]] = {}
        self.decoded: Decoded | None = None  # see `decoded`
        self.trace: Trace | None = None  # what is dropped and why, where somebody asks
        self.outliving: dict[Scope, set[str]] = {}  # of functions, see `waiting`
        self.keeps: dict[Scope, Kept] = {}  # of functions, see `keeping`
        self.fills: dict[Scope, Kept] = {}  # those that they call included
        self.said: dict[tuple[int, bool], Said] = {}  # by tests and how they came out, see `branches`
        self.ways: dict[tuple[int, int, int], AllSaid] = {}  # by scopes, blocks and statements in them, likewise

    def forget(self) -> None:
        """Lets go of everything: scopes, places and bindings hold each other, and the tree."""
        for scope in self.lowered.scopes:
            for bound in (*scope.bindings.values(), *scope.attributes.values()):
                for binding in bound:
                    binding.values = binding.arranged = None
            for held in (scope.bindings, scope.uses, scope.attributes, scope.returns, scope.yielded):
                held.clear()
            scope.parent = scope.entry = None
            blocks = [scope.body]
            while blocks:
                block = blocks.pop()
                for compound in block.compounds:
                    blocks += [arm for _, arm in compound.arms]
                    compound.arms.clear()
                block.compounds.clear()
        vars(self.flow).clear()
        vars(self).clear()

    @cached_property
    def outlook(self) -> Outlook:
        """What its bytes say of other modules."""
        return outlook_of(self.source.text.encode("utf-8", "replace"), (), self.catalog.client_libraries)

    @cached_property
    def async_library(self) -> str:
        """The event loop that the module is written for: `asyncio`, `trio` or `anyio`."""
        for scope in self.lowered.scopes:  # the module's first: what a helper imports says less
            bound = itertools.chain.from_iterable(scope.bindings.values())
            roots = {str(b.value).partition(".")[0] for b in bound if b.kind == "import"}
            for name in ("asyncio", "anyio", "trio"):
                if name in roots:
                    return name
        return "asyncio"

    def code(self, node: cst.CSTNode, limit: int = 60) -> str:
        """The source of a small node on one line, cut at `limit` characters."""
        text = self.tree.code(node)
        if "\n" in text and isinstance(node, (cst.Attribute, cst.Name, cst.Call)):
            text = re.sub(r"#[^\n]*|\\$", "", text, flags=re.MULTILINE)
        text = re.sub(r"\s*\n\s*(?=[.)\]])|(?<=[(\[])\s*\n\s*", "", text)
        text = " ".join(text.split())
        return text if len(text) <= limit else f"{text[: limit - 1]}…"

    @cached_property
    def contexts(self) -> Contexts:
        """Which functions run where nothing serves yet."""
        return Contexts(self.lowered, self.types)

    @cached_property
    def calls_of(self) -> dict[Scope, list[Call]]:
        """The calls that each function makes."""
        found: dict[Scope, list[Call]] = {}
        for call in self.lowered.calls:
            found.setdefault(call.scope.function, []).append(call)
        return found

    @cached_property
    def methods(self) -> dict[str, list[Call]]:
        """The calls of methods, by the method's name."""
        found: dict[str, list[Call]] = {}
        for call in self.lowered.calls:
            if isinstance(call.node.func, cst.Attribute):
                found.setdefault(call.node.func.attr.value, []).append(call)
        return found

    @cached_property
    def _awaited(self) -> dict[str, list[Call]]:
        found: dict[str, list[Call]] = {}
        for call in self.lowered.calls:
            if call.awaited:
                for name in names_in(*(arg.value for arg in call.node.args)):
                    found.setdefault(name, []).append(call)
        return found

    def awaited_names(self, names: Iterable[str]) -> Iterator[Call]:
        """The awaited calls that one of these names or attributes is handed to, at any depth."""
        for name in names:
            yield from self._awaited.get(name, ())

    # What rules hear of

    def reports(self, rules: Iterable[Rule]) -> Iterator[tuple[Rule, Report]]:
        """Runs the handlers of the rules over the module's calls."""
        calls: dict[str, list[tuple[Rule, Handler]]] = {}
        sinks = []
        events: dict[str, list[tuple[Rule, Handler]]] = {}
        for subscription, rule, handler in subscribers(rules):
            if subscription.kind == "call":
                calls.setdefault(subscription.table, []).append((rule, handler))
            elif subscription.kind == "sink":
                sinks.append((rule, handler))
            elif subscription.kind == "event":
                events.setdefault(subscription.table, []).append((rule, handler))
        for name, handlers in events.items():
            with phase(_shared(handlers)):
                events_of = importlib.import_module(f"veteran.analysis.{name}").events
                self.judged = None
                found = self.trying([rule for rule, _ in handlers], lambda: list(events_of(self)))  # noqa: B023
                self.judged = None
                said = [
                    one
                    for event in found or ()
                    for rule, handler in handlers
                    for one in self._said(rule, handler, event)
                ]
            yield from said
        if sinks:
            with phase(_shared(sinks)):
                said = list(self._of_queries(sinks))
            yield from said
        if calls:
            with phase(_shared([one for handlers in calls.values() for one in handlers])):
                said = list(self._of_calls(calls))
            yield from said

    def trying(self, rules: Iterable[Rule], work: Callable[[], T]) -> T | None:
        """What `work()` gives; where veteran fails in it, None, and that costs these rules alone."""
        try:
            return work()
        except Exception as error:
            codes = tuple(dict.fromkeys(rule.code for rule in rules))
            self._failures.setdefault(codes, (error, self.judged))
            return None

    def failures(self) -> list[Finding]:
        """One finding for the rules that something failed in, where it did so first."""
        return [
            failed(self.path, error, codes, self.tree.span(node)) if node else failed(self.path, error, codes)
            for codes, (error, node) in self._failures.items()
        ]

    def _said(self, rule: Rule, handler: Handler, event: Any) -> list[tuple[Rule, Report]]:
        """What a rule says of what it hears of."""
        return [(rule, report) for report in self.trying([rule], lambda: list(handler(event))) or ()]

    def _of_calls(self, calls: dict[str, list[tuple[Rule, Handler]]]) -> Iterator[tuple[Rule, Report]]:
        """What the rules say of calls that the catalogue lists."""
        tails = self.catalog.tails
        for call in self.lowered.calls:
            self.judged = call.node
            func = call.node.func
            if isinstance(func, cst.Attribute):
                if func.attr.value not in tails:
                    self._note_unlisted(call, calls)
                    continue
            elif not isinstance(func, (cst.Name, cst.IfExp)):
                self._note_unlisted(call, calls)
                continue
            for table, handlers in calls.items():
                rules = [rule for rule, _ in handlers]
                if found := self.trying(rules, lambda: self._catalog_call(table, call)):  # noqa: B023
                    for rule, handler in handlers:
                        yield from self._said(rule, handler, found)

    def _of_queries(self, sinks: list[tuple[Rule, Handler]]) -> Iterator[tuple[Rule, Report]]:
        """What the rules say of queries; of one text a rule says one thing."""
        said: dict[tuple[str, cst.CSTNode], tuple[Rule, Report]] = {}
        values = self.trying([rule for rule, _ in sinks], lambda: self.queries.values) or ()
        for rule, handler in sinks:
            for value in values:
                self.judged = value.call.node
                for _, report in self._said(rule, handler, value):
                    key = rule.code, report.node
                    known = said.get(key)
                    if known is None or (known[1].unless_safe and not report.unless_safe):
                        said[key] = rule, report
        yield from said.values()

    def _catalog_call(self, table: str, call: Call) -> CatalogCall | None:
        refs = self.types.refs(call.node.func, call)
        if refs and len(refs) > 1:  # a placeholder: `path: Path = ""`
            refs = [ref for ref in refs if not _is_no_method(ref.name)] or refs
        entries = [self.catalog.lookup(self.catalog.calls[table], ref.name) for ref in refs or ()]
        if not refs or not all(entries):
            if self.trace:
                self.trace.note(table, call.node, call, self._called(call, refs, table))
            return None
        entry: Blocking = entries[0]
        if any(self._holds(unless, call) for unless in entry.unless):
            if self.trace:
                text = f"`{entry.name}` is listed, but an argument makes it harmless, or may do so"
                self.trace.note(table, call.node, call, text)
            return None
        origin = None
        if isinstance(call.node.func, cst.Attribute):
            values = self.types.of(call.node.func.value, call)
            if isinstance(values[0], Instance):
                origin = values[0].origin
        return CatalogCall(self, call, entry, entry.name, origin, table)

    def _note_unlisted(self, call: Call, tables: Iterable[str]) -> None:
        """Notes a call that by its name alone is none of those listed, where somebody asks."""
        if self.trace:
            for table in tables:
                self.trace.note(
                    table, call.node, call, self._called(call, self.types.refs(call.node.func, call), table)
                )

    def _called(self, call: Call, refs: list[Ref] | None, table: str) -> str:
        """What a call is of that the catalogue does not list, in words."""
        func = call.node.func
        shown = self.code(func, 40)
        if refs and all(self.catalog.lookup(self.catalog.calls[table], ref.name) for ref in refs):
            return f"`{shown}` is `{refs[0].name}`, but an attribute counts only under the names of listed calls"
        if refs:
            names = " or ".join(f"`{ref.name}`" for ref in refs)
            return f"`{shown}` is {names}, which the catalogue does not list as {table}"
        values = self.types.of(func, call)
        local = [value.scope for value in values if isinstance(value, Local)]
        if local and len(local) == len(values):
            what = f"`{local[0].qualname}` of this module"
            return f"`{shown}` is {what}, which the catalogue does not list as {table}"
        if isinstance(func, cst.Attribute):
            receivers = self.types.of(func.value, call)
            kinds = [value.type for value in receivers if isinstance(value, Instance)]
            if kinds and len(kinds) == len(receivers):
                of = " or ".join(f"`{kind.strip('<>')}`" for kind in kinds)
                return f"`{shown}` is a method of {of}, which the catalogue does not list as {table}"
            return f"unknown receiver: what `{self.code(func.value, 40)}` is cannot be told"
        return f"unknown callee: what `{shown}` is cannot be told"

    def blocking_call(self, call: Call) -> CatalogCall | None:
        """A call that the catalogue calls blocking; None for any other."""
        func = call.node.func
        if isinstance(func, cst.Attribute) and func.attr.value not in self.catalog.tails:
            return None
        return self._catalog_call("blocking", call)

    def _holds(self, unless: Unless, call: Call) -> bool:
        """Whether a call passes the argument that makes it harmless, or may pass it."""
        if any(arg.star for arg in call.node.args):
            return True
        keywords = (unless.keyword,) if unless.keyword else ()
        value = argument(call, unless.position, keywords)
        if value is None:
            return unless.absent
        flags = isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.BitOr)
        parts = operands(value) if flags else (value,)  # type: ignore[arg-type]
        return any(self._is_one_of(part, unless, call) for part in parts)

    def _is_one_of(self, value: cst.BaseExpression, unless: Unless, call: Call) -> bool:
        """Whether a value is one of those that make a call harmless; an unknown flag may be one."""
        known = self.types.of(value, call)
        for found in known:
            if isinstance(found, Ref) and found.name in unless.equals:
                return True
            if isinstance(found, Instance) and found.type in unless.equals:
                return True
        texts = ["".join(map(str, p)) for p in self.flow.pieces(value, call) if all(isinstance(x, str) for x in p)]
        if texts:
            quoted = isinstance(value, cst.SimpleString)
            return any((repr(text) if quoted else _number(text)) in unless.equals for text in texts)
        flags = any(wanted in ("True", "False") or "." in wanted for wanted in unless.equals)
        return flags and any(found is None or (isinstance(found, Instance) and found.type == "bool") for found in known)

    def made_non_blocking(self, receiver: Binding) -> bool:
        """Whether a socket sends datagrams, or `setblocking(False)` or `settimeout(0)` is called on it."""
        wanted = {"setblocking": Unless(0, "flag", ("False", "0")), "settimeout": Unless(0, "value", ("0",))}
        if isinstance(receiver.value, cst.Call) and "SOCK_DGRAM" in self.code(receiver.value, 200):
            return True
        return any(
            func.attr.value in wanted and self._holds(wanted[func.attr.value], call)
            for call in self.flow.methods_called.get(receiver.name, ())
            if isinstance(func := call.node.func, cst.Attribute) and call.scope.function is receiver.scope.function
        )

    # What the summary holds

    def summary(self, rules: Iterable[Rule]) -> Summary:
        """Runs the rules and turns what they say into plain data."""
        findings, conditional = [], []
        needed: set[tuple[Scope, str]] = set()
        for rule, report in self.reports(rules):
            self.judged = report.node
            finding = self.trying([rule], lambda: self._finding(rule, report))  # noqa: B023
            if finding is None:
                continue
            if report.unless_safe:
                parameters = tuple(Parameter(s.qualname, name) for s, name in report.unless_safe)
                conditional.append(Conditional(finding, parameters))
                needed.update(report.unless_safe)
            else:
                findings.append(finding)
        return Summary(
            self.path,
            tuple(findings),
            tuple(conditional),
            tuple(self.trying([rule for rule in rules if conditional], lambda: list(self._arguments(needed))) or ()),
            asks=tuple(sorted(self.asks)),
        )

    def _finding(self, rule: Rule, report: Report) -> Finding | None:
        """None where the rule does not run in the context of the place."""
        if rule.off_in and rule.off_in & self.contexts.of(report.at.scope.function):
            return None
        steps = tuple(Step(self.path, self.tree.span(step.node), step.text, step.anchor) for step in report.steps)
        confidence = report.confidence
        if rule.low_in and rule.low_in & self.contexts.of(report.at.scope.function):
            confidence = Confidence.LOW
        return Finding(self.path, self.tree.span(report.node), rule.code, report.message, confidence, steps)

    # Private functions and their callers

    def is_private(self, function: Scope) -> bool:
        """Whether all callers of a function can be seen here: `_name`, undecorated, and only ever called."""
        name = function.name
        if not isinstance(function.node, cst.FunctionDef) or function.parent is None:
            return False
        decorators = {getattr(decorator.decorator, "value", "") for decorator in function.node.decorators}
        if decorators - {"staticmethod", "classmethod"}:
            return False
        if function.parent.kind != "function" and (not name.startswith("_") or name.endswith("__")):
            return False
        if function.parent.kind == "class":
            accesses = set(self.lowered.private.get(name, ()))
            calls = {call.node.func for call in self.lowered.calls}
            return bool(accesses) and accesses <= calls
        calls = {call.node.func for call in self.lowered.calls}
        names = [node for node in calls if isinstance(node, cst.Name) and node.value == name]
        uses = [use for scope in self.lowered.scopes for use in scope.uses.get(name, ())]
        return bool(names) and len(uses) == len(names)

    def callers(self, function: Scope) -> Iterator[Call]:
        """The calls of a private function."""
        for call in self.lowered.calls:
            func = call.node.func
            if isinstance(func, cst.Attribute):
                if func.attr.value == function.name and function.parent.kind == "class":  # type: ignore[union-attr]
                    yield call
            elif func_is(func, function.name) and Local(function) in self.types.of(func, call):
                yield call

    def _arguments(self, needed: set[tuple[Scope, str]]) -> Iterator[ArgumentFact]:
        """What every caller passes for these parameters, and for those that they depend on in turn."""
        pending = sorted(needed, key=lambda item: (item[0].qualname, item[1]))
        seen = set(pending)
        while pending:
            function, name = pending.pop()
            parameter = Parameter(function.qualname, name)
            if not self.is_private(function):
                yield ArgumentFact(parameter, True)
                continue
            for call in self.callers(function):
                unsafe, depends = self._passed(call.node, call, function, name)
                yield ArgumentFact(parameter, unsafe, tuple(Parameter(s.qualname, n) for s, n in depends))
                for source in depends:
                    if source not in seen:
                        seen.add(source)
                        pending.append(source)

    def passed_holes(self, function: Scope, name: str) -> Iterator[flows.Hole | None]:
        """The holes of what the callers of a private function pass for a parameter; None where not known."""
        for call in itertools.islice(self.callers(function), flows.MAX_BINDINGS):
            value = self.flow.passed_value(call.node, call, function, name)
            if value is None:
                yield None
            else:
                yield from (hole for pieces in self.flow.pieces(value, call) for hole in flows.holes(pieces))

    def passes_safely(self, node: cst.Call, at: At, function: Scope, name: str) -> bool:
        """Whether a call of a function of this module passes provably safe text for a parameter."""
        unsafe, depends = self._passed(node, at, function, name)
        return not unsafe and not depends

    def _passed(self, node: cst.Call, at: At, function: Scope, name: str) -> tuple[bool, list[tuple[Scope, str]]]:
        """Whether a call passes unsafe text for a parameter, or on which parameters that depends."""
        value = self.flow.passed_value(node, at, function, name)
        where = at
        if value is None:
            if any(arg.star for arg in node.args):
                return True, []
            value = flows.default_of(function, name)
            if value is None or function.entry is None:
                return True, []
            where = function.entry
        depends = []
        for pieces in self.flow.pieces(value, where):
            for hole in flows.holes(pieces):
                if hole.parameter and hole.verdict is flows.Verdict.UNKNOWN:
                    depends.append(hole.parameter)
                elif hole.verdict is not flows.Verdict.SAFE:
                    return True, []
        return False, depends


def _shared(handlers: list[tuple[Rule, Handler]]) -> str:
    """The phase of what is done for these rules."""
    return f"rules {', '.join(dict.fromkeys(rule.code for rule, _ in handlers))}"


def _is_no_method(name: str) -> bool:
    """Whether a name is that of a built-in class with a method that it does not have."""
    kind, _, method = name.partition(".")
    return kind in _PLAIN_CLASSES and bool(method) and not hasattr(_PLAIN_CLASSES[kind], method)


_PLAIN_CLASSES = {kind.__name__: kind for kind in (bool, bytes, dict, float, int, list, set, str, tuple)}


def _number(text: str) -> str:
    """A zero in any spelling as `0`; any other text as it is."""
    try:
        return "0" if float(text) == 0 else text
    except ValueError:
        return text


def func_is(node: cst.CSTNode, name: str) -> bool:
    """Whether the node is this plain name."""
    return isinstance(node, cst.Name) and node.value == name
