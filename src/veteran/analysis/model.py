"""One module, understood: what rules hear of and what they may ask."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import libcst as cst

from veteran.analysis import flow as flows
from veteran.analysis import sql
from veteran.analysis.lowering import At, Binding, Call, Scope, all_parameters, lower
from veteran.analysis.source import Source
from veteran.analysis.summary import ArgumentFact, Conditional, Parameter, Summary
from veteran.analysis.tree import locate
from veteran.analysis.types import Instance, Local, Ref, Types, argument
from veteran.catalog import Blocking, Catalog, Sink, Unless
from veteran.findings import Confidence, Finding, Span, Step
from veteran.registry import Handler, Rule, subscribers


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
    """A call of something that the catalogue lists. name: its qualified name. receiver: where it came from."""

    module: Module
    call: Call
    entry: Blocking
    name: str
    origin: At | None

    @property
    def function(self) -> Scope:
        """The function, lambda or module whose frame makes the call."""
        return self.call.scope.function


class SinkValue(NamedTuple):
    """A text built by the program that reaches a query's place. alternatives: see `analysis.flow`."""

    module: Module
    call: Call
    sink: Sink
    query: cst.BaseExpression
    alternatives: list[flows.Pieces]


class Module:
    """One file's tree and everything that is concluded from it, on demand."""

    def __init__(self, path: str, source: Source, tree: cst.Module, catalog: Catalog) -> None:
        self.path = path
        self.source = source
        self.catalog = catalog
        self.lowered = lower(tree)
        self.types = Types(catalog, self.lowered)
        self.flow = flows.Flow(self.lowered, self.types)

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
        text = self.lowered.tree.code_for_node(node)
        if "\n" in text and isinstance(node, (cst.Attribute, cst.Name, cst.Call)):
            text = re.sub(r"#[^\n]*|\\$", "", text, flags=re.MULTILINE)
        text = re.sub(r"\s*\n\s*(?=[.)\]])|(?<=[(\[])\s*\n\s*", "", text)
        text = " ".join(text.split())
        return text if len(text) <= limit else f"{text[: limit - 1]}…"

    # What rules hear of

    def reports(self, rules: Iterable[Rule]) -> Iterator[tuple[Rule, Report]]:
        """Runs the handlers of the rules over the module's calls."""
        calls: dict[str, list[tuple[Rule, Handler]]] = {}
        sinks = []
        for subscription, rule, handler in subscribers(rules):
            if subscription.kind == "call":
                calls.setdefault(subscription.table, []).append((rule, handler))
            else:
                sinks.append((rule, handler))
        tails = self.catalog.tails
        for call in self.lowered.calls:
            func = call.node.func
            if isinstance(func, cst.Attribute):
                if func.attr.value not in tails:
                    continue
            elif not isinstance(func, (cst.Name, cst.IfExp)):
                continue
            for table, handlers in calls.items():
                if event := self._catalog_call(table, call):
                    for rule, handler in handlers:
                        yield from ((rule, report) for report in handler(event))
            if sinks and (value := self._sink_value(call)):
                for rule, handler in sinks:
                    yield from ((rule, report) for report in handler(value))

    def _catalog_call(self, table: str, call: Call) -> CatalogCall | None:
        refs = self.types.refs(call.node.func, call)
        if not refs:
            return None
        entries = [self.catalog.lookup(self.catalog.calls[table], ref.name) for ref in refs]
        if not all(entries):
            return None
        entry: Blocking = entries[0]
        if any(self._holds(unless, call) for unless in entry.unless):
            return None
        origin = None
        if isinstance(call.node.func, cst.Attribute):
            values = self.types.of(call.node.func.value, call)
            if isinstance(values[0], Instance):
                origin = values[0].origin
        return CatalogCall(self, call, entry, entry.name, origin)

    def _holds(self, unless: Unless, call: Call) -> bool:
        """Whether a call passes the argument that makes it harmless, or may pass it."""
        if any(arg.star for arg in call.node.args):
            return True
        keywords = (unless.keyword,) if unless.keyword else ()
        value = argument(call, unless.position, keywords)
        if value is None:
            return unless.absent
        return any(self._is_one_of(part, unless, call) for part in _operands(value))

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
        return flags and None in known

    def _sink_value(self, call: Call) -> SinkValue | None:
        func = call.node.func
        refs = self.types.refs(func, call)
        sink: Sink | None = None
        if refs:
            entries = [self.catalog.lookup(self.catalog.sinks, ref.name) for ref in refs]
            sink = entries[0] if all(entries) else None
        if sink is None and isinstance(func, cst.Attribute):
            sink = self.catalog.execute_like.get(func.attr.value)
        if sink is None:
            return None
        query = argument(call, sink.query, sink.keywords)
        if query is None or isinstance(query, cst.SimpleString):
            return None
        alternatives = self.flow.pieces(query, call)
        if not sink.proven:
            alternatives = [pieces for pieces in alternatives if sql.looks_like_sql(pieces)]
        return SinkValue(self, call, sink, query, alternatives) if alternatives else None

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
        said = list(self.reports(rules))
        wanted = []
        for _, report in said:
            wanted.append((report.at.statement, report.node))
            wanted += [(step.at.statement, step.node) for step in report.steps]
        spans = locate(self.source, self.lowered.tree, wanted)
        findings, conditional = [], []
        needed: set[tuple[Scope, str]] = set()
        for rule, report in said:
            finding = self._finding(rule, report, spans)
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
            tuple(self._arguments(needed)),
        )

    def _finding(self, rule: Rule, report: Report, spans: dict[cst.CSTNode, Span]) -> Finding:
        steps = tuple(
            Step(self.path, spans[step.node], step.text, step.anchor) for step in report.steps if step.node in spans
        )
        return Finding(self.path, spans[report.node], rule.code, report.message, report.confidence, steps)

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

    def _callers(self, function: Scope) -> Iterator[Call]:
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
            for call in self._callers(function):
                unsafe, depends = self._passed(call, function, name)
                yield ArgumentFact(parameter, unsafe, tuple(Parameter(s.qualname, n) for s, n in depends))
                for source in depends:
                    if source not in seen:
                        seen.add(source)
                        pending.append(source)

    def _passed(self, call: Call, function: Scope, name: str) -> tuple[bool, list[tuple[Scope, str]]]:
        """Whether a call passes unsafe text for a parameter, or on which parameters that depends."""
        assert isinstance(function.node, cst.FunctionDef)
        parameters = function.node.params
        ordered = [p.name.value for p in (*parameters.posonly_params, *parameters.params)]
        if function.parent and function.parent.kind == "class":
            static = any(getattr(d.decorator, "value", "") == "staticmethod" for d in function.node.decorators)
            func = call.node.func
            owner = self.types.of(func.value, call) if isinstance(func, cst.Attribute) else ()
            unbound = Local(function.parent) in owner and not function.node.decorators
            ordered = ordered if static or unbound else ordered[1:]
        position = ordered.index(name) if name in ordered else None
        value: cst.BaseExpression | None = argument(call, position, (name,))
        where: At = call
        if value is None:
            if any(arg.star for arg in call.node.args):
                return True, []
            value = next((p.default for p in all_parameters(parameters) if p.name.value == name), None)
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


def _operands(value: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The flags that `|` combines."""
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.BitOr):
        return [*_operands(value.left), *_operands(value.right)]
    return [value]


def _number(text: str) -> str:
    """A zero in any spelling as `0`; any other text as it is."""
    try:
        return "0" if float(text) == 0 else text
    except ValueError:
        return text


def func_is(node: cst.CSTNode, name: str) -> bool:
    """Whether the node is this plain name."""
    return isinstance(node, cst.Name) and node.value == name
