"""Why a line is reported, or why not: every rule's conclusion on the code of one line.

The same analysis as in a check runs with a trace, and what it said and dropped is put into words here. No rule is
decided anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import libcst as cst

from veteran import suppressions
from veteran.analysis.dataflow.callers import callers
from veteran.analysis.dataflow.text import Hole, Verdict
from veteran.analysis.dataflow.trace import LINE, Because, Note, Trace, told
from veteran.analysis.module import Module
from veteran.analysis.reports import Conditional
from veteran.analysis.rule_runner import run
from veteran.analysis.semantics.ir import Call, Held, Read
from veteran.analysis.syntax.gate import Gate
from veteran.analysis.syntax.source import Source, SourceError
from veteran.analysis.syntax.tree import Tree, parse
from veteran.catalog import catalog_for
from veteran.families.blocking.call_chains import Chain, Chains, Node, alive, skipped
from veteran.families.blocking.facts import facts_of
from veteran.families.cpu.fan_out import Beyond
from veteran.families.http.facts import answers_of
from veteran.families.sql.sinks import Queries, SinkValue
from veteran.families.sql.statements import Slot, slots
from veteran.findings import SUPPRESSION, TOOL_CODES, UNPARSABLE, Confidence, Finding, Span, Step
from veteran.project.caller_decided import unsafe_parameters
from veteran.project.import_index import Outlook, outlook_of
from veteran.project.summary import CallFact, Summary
from veteran.project.symbols import Class, Entity, Foreign, Function, Loaded, Managed
from veteran.registry import Rule, all_rules
from veteran.runs import one_file, understand
from veteran.runs.linker import Linker
from veteran.settings import Settings

#: More steps than this say no more.
MAX_STEPS = 12
#: More words than this are not spelled out.
MAX_WORDS = 8
#: Which places of a statement VET201 speaks of, and which VET202; a placeholder is nobody's.
_VALUES = ("value", "condition")
_PLACES = {"identifier": "an identifier", "statement": "a whole statement"}
_HOLES = {"VET201": "value", "VET202": "name, keyword or statement"}
#: What a rule looks for, by the table it listens to, where a line has nothing of it.
_NOTHING = {
    "blocking": "no call on this line",
    "metadata": "no call on this line",
    "sql.sinks": "no call on this line, and no statement that one executes",
    "sql.unexecuted": "no text on this line that is built from parts and might be SQL",
    "files.whole_reads": "no `readlines`, no text that is split and no list of a file on this line",
    "http.json_access": "no JSON is decoded or read on this line, as far as is known",
    "cpu.fan_out": "no call on this line that hands a function to threads",
}
_NO_CHAIN = "no call on this line"


class Conclusion(NamedTuple):
    """What rules concluded of a piece of code.

    verdict: `fired`; `hidden`: found, but not reported; `elsewhere`: part of a finding on another line; `silent`:
    looked at, and nothing was found; `nothing`: there is nothing to look at; `off`: the rule does not run here.
    """

    codes: tuple[str, ...]
    verdict: str
    text: str
    span: Span | None = None
    confidence: Confidence | None = None
    steps: tuple[Step, ...] = ()


class Answer(NamedTuple):
    """All conclusions on one line. remarks: what holds for the file."""

    path: str
    line: int
    column: int | None
    remarks: tuple[str, ...]
    conclusions: tuple[Conclusion, ...]


class NoSuchPlace(Exception):
    """The file has no such line or column; the text says so."""


def explain(
    path: Path, data: bytes, settings: Settings, line: int, column: int | None = None, *, excluded: bool = False
) -> Answer:
    """What every rule concludes of the code on a line. excluded: whether a check of the directory passes it over."""
    shown = one_file.display(path)
    remarks = ["the file is excluded: it is checked only where it is named itself"] if excluded else []
    try:
        source = Source.from_bytes(data)
        tree = parse(source)
    except SourceError as error:
        remarks.append(f"the file does not parse, so no rule looks at it: line {error.line}: {error.message}")
        found = understand.summarise(shown, data, settings).findings
        finding = found[0] if found else None
        if finding is None or finding.code != UNPARSABLE or finding.span.line != line:
            return Answer(shown, line, column, tuple(remarks), ())
        said = Conclusion((UNPARSABLE,), "fired", finding.message, finding.span, finding.confidence)
        return Answer(shown, line, column, tuple(remarks), (said,))
    count = len(source.lines)
    if line > count or (line == count and not source.line_text(line) and count > 1):
        raise NoSuchPlace(
            f"{shown} has no line {line}: it ends at line {count if source.line_text(count) else count - 1}"
        )
    if column is not None and column > len(source.line_text(line)) + 1:
        raise NoSuchPlace(f"{shown}:{line} has no column {column}: it ends at column {len(source.line_text(line)) + 1}")
    conclusions = Explainer(path, data, settings, source, tree).at(line, column)
    return Answer(shown, line, column, tuple(remarks), conclusions)


class Explainer:
    """One file that parses, run once with a trace; it answers for any of its lines."""

    def __init__(self, path: Path, data: bytes, settings: Settings, source: Source, tree: Tree) -> None:
        self.path = path.absolute()
        self.shown = one_file.display(path)
        self.data = data
        self.settings = settings
        self.source = source
        self.tree = tree
        self.catalog = catalog_for(settings.catalog)
        self.enabled = settings.enabled(path)
        self.rules = all_rules()
        self.lacking = {code: Gate((rule,), self.catalog).lacks(data) for code, rule in self.rules.items()}
        self.live = {code: rule for code, rule in self.rules.items() if not self.lacking[code]}
        self.module = Module(self.shown, source, tree, self.catalog)
        self.trace = self.module.trace = Trace()
        # Everything runs, and low confidence counts: what the settings hide is told.
        self.everything = settings._replace(
            select=("VET",), extend_select=(), ignore=(), per_file_ignores=(), contexts=(), free_threaded=False
        )
        self.linker = Linker(one_file.display, {self.path: data})
        self.summary = self._summary()
        (self.findings,) = self.linker.link([(self.summary, self.path, self.everything)])
        self.line = 1
        self.column: int | None = None

    def at(self, line: int, column: int | None = None) -> tuple[Conclusion, ...]:
        """What is concluded of the code on a line, or around a column of it."""
        self.line, self.column = line, column
        return tuple(self._conclusions())

    def _outlook(self) -> Outlook:
        spreads = self.module.once(Beyond).spreads
        return outlook_of(self.data, tuple(sorted(spreads)), self.catalog.client_libraries)

    def _summary(self) -> Summary:
        summary = Summary(self.shown, *run(self.module, self.live.values()))
        asks = tuple(sorted(self.module.once(Beyond).asks))
        summary = summary._replace(comments=understand.comments(self.source), asks=asks, outlook=self._outlook())
        notes = list(self.trace.notes)  # the facts ask about other calls too
        summary = summary.explained(facts_of(self.module))._replace(answers=answers_of(self.module))
        self.trace.notes = notes
        return summary

    # Places

    def touches(self, span: Span | None) -> bool:
        """Whether a range is on the line, and around the column."""
        if span is None:
            return False
        if self.column is None:
            return span.line <= self.line <= span.end_line
        here = self.line, self.column
        return (span.line, span.column) <= here < (span.end_line, span.end_column)

    def span(self, node: cst.CSTNode) -> Span | None:
        """Where a node of the file stands; None of one that the analysis has put together."""
        try:
            return self.tree.span(node)
        except KeyError:
            return None

    def _runs(self, table: str) -> bool:
        return any(kind.table == table for rule in self.live.values() for kind, _ in rule.handlers)

    def _step(self, because: Because) -> Step | None:
        span = self.span(because.node)
        return Step(self.shown, span, because.text) if span is not None else None

    def _steps(self, reasons: Iterable[Because]) -> tuple[Step, ...]:
        return tuple(step for because in reasons if (step := self._step(because)) is not None)[:MAX_STEPS]

    # All of it

    def _conclusions(self) -> Iterator[Conclusion]:
        """The rules that fired, then those that could have, then what kept the others from looking."""
        found = [
            *self._of_findings(),
            *self._of_suppressions(),
            *self._of_conditional(),
            *self._of_notes(),
            *self._of_queries(),
            *self._of_chains(),
        ]
        spoken = {code for one in found if one.verdict in ("fired", "hidden") for code in one.codes}
        found = [
            one for one in found if one.verdict != "silent" or not spoken.issuperset(one.codes) or not self._same(one)
        ]
        order = ("fired", "hidden", "elsewhere", "silent")
        found.sort(key=lambda one: (order.index(one.verdict), one.span or Span(0, 0, 0, 0), one.codes))
        yield from _grouped(found)
        heard = {code for one in found for code in one.codes}
        off: dict[str, list[str]] = {}
        idle: dict[str, list[str]] = {}
        for code, rule in self.rules.items():
            if code in heard:
                continue
            if reason := self._off(rule):
                off.setdefault(reason, []).append(code)
            elif lacking := self.lacking[code]:
                off.setdefault(_lacking(lacking), []).append(code)
            else:
                idle.setdefault(self._nothing(rule), []).append(code)
        if not found and not self._has_code():
            yield Conclusion(tuple(code for codes in idle.values() for code in codes), "nothing", _EMPTY)
        else:
            yield from (Conclusion(tuple(codes), "nothing", reason) for reason, codes in idle.items())
        yield from (Conclusion(tuple(codes), "off", reason) for reason, codes in off.items())

    def _same(self, one: Conclusion) -> bool:
        """Whether a finding stands where something is told to be silent: the finding says it better."""
        return any(f.code in one.codes and f.span == one.span for f in self.findings)

    def _has_code(self) -> bool:
        text = self.source.line_text(self.line).strip()
        return (
            bool(text)
            and not text.startswith("#")
            and any(self.touches(self.span(call.node)) for call in self.module.lowered.calls)
        )

    def _nothing(self, rule: Rule) -> str:
        kind, _ = rule.handlers[0]
        return _NO_CHAIN if kind.kind == "chain" else _NOTHING.get(kind.table, "nothing on this line that it looks at")

    def _off(self, rule: Rule) -> str:
        """Why the settings keep a rule from running on the file; empty where they do not."""
        settings, code = self.settings, rule.code
        if code in self.enabled:
            return ""
        if rule.needs_gil and settings.free_threaded:
            return "off: the settings say `free-threaded`"
        contexts = settings.contexts_of(self.path)
        if off := rule.off_in & contexts:
            return f"off in the context `{min(off)}`, which the file is in"
        if code in settings._replace(per_file_ignores=()).enabled(self.path):
            return "not selected: `per-file-ignores` names it for this file"
        if code in settings._replace(ignore=()).enabled(self.path):
            return "not selected: `ignore` names it"
        if not rule.default and settings.select is None:
            return "not selected: off by default, `--extend-select` turns it on"
        return "not selected: `select` does not name it"

    # Findings

    def _of_findings(self) -> Iterator[Conclusion]:
        for finding in self.findings:
            if self.touches(finding.span):
                yield self._judged(finding)
            elif any(step.path == self.shown and self.touches(step.span) for step in finding.steps):
                judged = self._judged(finding)
                steps = (Step(self.shown, finding.span, finding.message),)
                if judged.verdict == "fired":
                    text = f"part of the finding at line {finding.span.line}"
                    yield Conclusion((finding.code,), "elsewhere", text, finding.span, finding.confidence, steps)
                else:
                    yield judged._replace(steps=steps)

    def _of_suppressions(self) -> Iterator[Conclusion]:
        """What VET002 says of the comments on the line."""
        for finding in one_file.finish(self.summary, self.findings, self.settings)[0]:
            if finding.code == SUPPRESSION and self.touches(finding.span):
                yield Conclusion((SUPPRESSION,), "fired", finding.message, finding.span, finding.confidence)

    def _judged(self, finding: Finding) -> Conclusion:
        """A finding, and what hides it."""
        rule = self.rules.get(finding.code)
        reasons = [self._off(rule)] if rule is not None else []
        for comment in self.summary.comments:
            applied = suppressions.apply(self.shown, [finding], [comment], self.rules, ())
            if not applied.kept:
                reasons.append(f"suppressed by the comment at line {comment.line}: `{comment.text.strip()}`")
        if finding.code not in TOOL_CODES:
            contexts = self.settings.contexts_of(self.path)
            seen = one_file.in_context(finding, contexts)
            least = self.settings.min_confidence
            if seen.confidence < least:
                below = f"of {seen.confidence} confidence, below the minimum confidence, which is {least}"
                if seen.confidence != finding.confidence and rule is not None:
                    below = f"in the context `{min(rule.low_in & contexts)}` {below}"
                reasons.append(below + self._why_low(finding))
            finding = seen
        reasons = [reason for reason in reasons if reason]
        if not reasons:
            return Conclusion(
                (finding.code,), "fired", finding.message, finding.span, finding.confidence, finding.steps
            )
        text = f"{'; '.join(reasons)}. Otherwise: {finding.message}"
        return Conclusion((finding.code,), "hidden", text, finding.span, finding.confidence, finding.steps)

    def _why_low(self, finding: Finding) -> str:
        """What makes a chain of low confidence."""
        for call, fact, coroutine in self._followed:
            if self.span(call.node) != finding.span or finding.code not in self._codes("chain"):
                continue
            for node, chain in self.chains.leads(coroutine, fact):
                if chain is None:
                    continue
                if "memoised" in node.function.fact.marks:
                    return f": `{node.function.key}` is a memoised helper"
                if fact.low:
                    return ": the call is made rarely, or its outcome is kept"
                if not self._contexts_at(finding):
                    return ": " + self._low_hop(chain)
        contexts = self._contexts_at(finding)
        return f": the function is in the context `{min(contexts)}`" if contexts else ""

    @staticmethod
    def _low_hop(chain: Chain) -> str:
        """What makes a chain of low confidence on its way down."""
        for hop in chain.hops[:-1]:
            fact = hop.module.facts.functions[hop.where]
            if any(call.span == hop.span and call.low for call in fact.calls):
                return f"`{hop.shown}` is called rarely at line {hop.span.line}, or its outcome is kept"
        if chain.effect.confidence is Confidence.LOW:
            last = chain.hops[-1]
            return f"`{last.shown}` at line {last.span.line} is called rarely, waits shortly, or its outcome is kept"
        return "a helper on the way is memoised, or an argument has to ask for it"

    def _contexts_at(self, finding: Finding) -> frozenset[str]:
        rule = self.rules.get(finding.code)
        for call in self.module.lowered.calls:
            if rule is not None and rule.low_in and self.span(call.node) == finding.span:
                return rule.low_in & self.module.contexts.of(call.scope.function)
        return frozenset()

    def _of_conditional(self) -> Iterator[Conclusion]:
        """Findings that the callers of a private function decided against."""
        unsafe = unsafe_parameters(self.summary.arguments)
        for conditional in self.summary.conditional:
            if unsafe.isdisjoint(conditional.parameters) and self.touches(conditional.finding.span):
                yield self._excused_by_callers(conditional)

    @cached_property
    def _excused(self) -> list[Finding]:
        """The findings that the callers of private functions decided against."""
        unsafe = unsafe_parameters(self.summary.arguments)
        return [one.finding for one in self.summary.conditional if unsafe.isdisjoint(one.parameters)]

    def _excused_by_callers(self, conditional: Conditional) -> Conclusion:
        finding = conditional.finding
        names = [f"`{parameter.name}` of `{parameter.function}`" for parameter in conditional.parameters]
        wanted = {parameter.function for parameter in conditional.parameters}
        calls = [
            call
            for scope in self.module.lowered.scopes
            if scope.kind == "function" and scope.qualname in wanted
            for call in callers(self.module.flow, scope)
        ]
        text = (
            f"safe: {' and '.join(names)} is a parameter of a private function, and all its callers pass what is safe"
        )
        steps = self._steps(Because(call.node, "passes what is safe") for call in calls)
        return Conclusion((finding.code,), "silent", text, finding.span, None, steps)

    # What was dropped

    def _codes(self, table: str, node: cst.CSTNode | None = None) -> tuple[str, ...]:
        """The rules that run and listen to a table; `chain` stands for those that follow calls."""
        return tuple(
            code
            for code, rule in self.live.items()
            if code in self.enabled
            and any((kind.kind if kind.kind == "chain" else kind.table) == table for kind, _ in rule.handlers)
            and (table != "files.whole_reads" or node is None or _reads_lines(node) == (code == "VET101"))
        )

    def _of_notes(self) -> Iterator[Conclusion]:
        for note in dict.fromkeys(self.trace.notes):
            span = self.span(note.node)
            codes = self._codes(note.table, note.node)
            if not codes or not (self.touches(span) or self._text_touches(note)):
                continue
            steps = self._steps(note.because)
            text = note.text.replace(LINE, str(steps[0].span.line) if steps else "?")
            yield Conclusion(codes, "silent", text, span, None, steps)

    def _text_touches(self, note: Note) -> bool:
        """Whether the statement that a call executes is on the line."""
        return note.table == "sql.sinks" and any(self.touches(self.span(because.node)) for because in note.because)

    # Statements

    def _of_queries(self) -> Iterator[Conclusion]:
        codes = self._codes("sql.sinks")
        queries = self.module.once(Queries)
        for value in queries.values if codes else ():
            nodes = [value.text.node, value.call.node, *(node for node, _ in queries.builders(value.text))]
            if any(self.touches(self.span(node)) for node in nodes):
                yield from self._of_query(value, codes)

    def _of_query(self, value: SinkValue, codes: tuple[str, ...]) -> Iterator[Conclusion]:
        module = self.module
        executes = Because(value.call.node, f"`{module.code(value.call.node.func, 40)}` executes it")
        where = self.span(value.text.node)
        told_of: set[tuple[cst.CSTNode, str]] = set()
        spoken: set[str] = set()
        for slot in _slots(value):
            key = slot.hole.node, slot.role
            if key in told_of:
                continue
            told_of.add(key)
            place = _PLACES.get(slot.role, f"a {slot.role}")
            heard = tuple(
                code for code in codes if slot.role == "placeholder" or (slot.role in _VALUES) == (code == "VET201")
            )
            spoken.update(heard)
            shown = f"`{module.code(slot.hole.node, 40)}`, {place} in the SQL, "
            reason, because = self._of_hole(slot.hole)
            if slot.role == "placeholder":
                reason = reason or "is what the program binds, no text"
            if not reason and (excuse := value.excused(slot)):
                reason, because = told(excuse)
                reason = f"is not safe itself, but {reason}"
            if not reason:
                if any(f.code in heard and self._about(f, value) for f in (*self.findings, *self._excused)):
                    continue
                reason = "is not provably safe; another place of the same text is reported"
            span = self.span(slot.hole.node) or where
            steps = self._steps((*because, executes))
            text = shown + reason.replace(LINE, str(steps[0].span.line) if because and steps else "?")
            yield Conclusion(heard, "silent", text, span, None, steps)
        for node in _parts(value.text.node):
            ways = module.flow.pieces(node, value.text.at)
            if ways and all(isinstance(piece, str) for way in ways for piece in way):
                texts = " or ".join(repr("".join(map(str, way))) for way in ways[:3])
                text = f"`{module.code(node, 40)}` is safe because it is constant: {texts[:80]}"
                yield Conclusion(codes, "silent", text, self.span(node) or where, None, self._steps((executes,)))
        silent = tuple(code for code in codes if code not in spoken)
        if silent and told_of:
            what = " or ".join(_HOLES[code] for code in silent)
            yield Conclusion(
                silent, "silent", f"no {what} is built into the SQL", where, None, self._steps((executes,))
            )
        if not told_of and not list(_parts(value.text.node)):
            text = f"`{module.code(value.call.node.func, 40)}` executes SQL without a hole: all of its text is constant"
            yield Conclusion(codes, "silent", text, where, None, self._steps((executes,)))
        elif not any(isinstance(piece, str) and piece.strip() for way in value.alternatives for piece in way):
            text = "no text is built around the statement here: it is another's whole statement"
            yield Conclusion(codes, "silent", text, where, None, self._steps((executes,)))

    def _about(self, finding: Finding, value: SinkValue) -> bool:
        spans = [self.span(node) for node in (value.text.node, value.call.node)]
        return any(finding.span == span or any(step.span == span for step in finding.steps) for span in spans)

    @staticmethod
    def _of_hole(hole: Hole) -> tuple[str, tuple[Because, ...]]:
        """Why a hole is safe, in words; empty where it is not."""
        if hole.verdict is not Verdict.SAFE:
            return "", ()
        reason, because = told(hole.why)
        return f"is safe: {reason or 'it carries no text of its own'}", because

    # Helpers

    @cached_property
    def chains(self) -> Chains:
        """The chains of the file's program."""
        return self.linker.chains_for(self.path, self.everything)

    @cached_property
    def _loaded(self) -> Loaded | None:
        return self.chains.program.module_at(self.path)

    @cached_property
    def _followed(self) -> list[tuple[Call | Read | Held, CallFact, Function]]:
        """The calls of coroutines that can be followed, with their coroutines."""
        if self._loaded is None:
            return []
        facts = [
            (fact, Function(self._loaded, key))
            for key, function in self._loaded.facts.functions.items()
            if function.kind in ("async", "asyncgenerator")
            for fact in function.calls
        ]
        reads = (Read(*arguments) for arguments in self.module.lowered.reads)
        every: list[Call | Read | Held] = [*self.module.lowered.held, *reads, *self.module.lowered.calls]
        calls = {self.tree.span(one.node): one for one in every}
        return [(calls[fact.span], fact, function) for fact, function in facts]

    def _of_chains(self) -> Iterator[Conclusion]:
        codes = self._codes("chain")
        if not codes:
            return
        followed = {call.node: (fact, coroutine) for call, fact, coroutine in self._followed if "h" not in fact.flags}
        reported = {finding.span for finding in self.findings if finding.code in codes}
        for call in self.module.lowered.calls:
            span = self.span(call.node)
            if not self.touches(span) or span in reported:
                continue
            function = call.scope.function
            shown = f"`{self.module.code(call.node.func, 40)}`"
            if not function.is_async:
                what = f"the {function.kind} `{function.name}`" if function.kind == "function" else f"a {function.kind}"
                yield Conclusion(codes, "silent", f"{shown} is called by {what}, which is no coroutine", span)
            elif call.node not in followed:
                reason = (
                    "stands in a generator expression that may run elsewhere"
                    if call.lazy
                    else "is not resolved: the name leads to nothing that a project can define"
                )
                yield Conclusion(codes, "silent", f"{shown} {reason}", span)
            else:
                yield from (one._replace(span=span, codes=codes) for one in self._of_call(shown, *followed[call.node]))

    def _of_call(self, shown: str, fact: CallFact, coroutine: Function) -> Iterator[Conclusion]:
        """What becomes of one call of a coroutine."""
        entity = self.chains.program.resolve(fact.target, coroutine.module)
        target = fact.target.lstrip(":")
        if entity is None:
            yield _silent(f"{shown} is `{target.lstrip('*')}`, {self._where_it_ends(fact.target, coroutine.module)}")
            return
        if isinstance(entity, Loaded):
            yield _silent(f"{shown} is a module")
            return
        if isinstance(entity, Foreign):
            yield _silent(f"{shown} is `{entity.name}`, which is no function of this project")
            return
        if isinstance(entity, Managed):
            yield _silent(f"{shown} is what `{entity.function.key}` manages")
            return
        home = one_file.display(entity.module.path)
        found = f"{shown} is `{entity.key}` in {home}"
        functions = list(self.chains.runs(entity, fact))
        if not functions and isinstance(entity, Class):
            yield _silent(f"{found}, a class: making an object of it runs no function of this project")
        for function in functions:
            if reason := skipped(function.fact, fact):
                yield _silent(f"{found}, which {reason}")
        for node, chain in self.chains.leads(coroutine, fact):
            yield self._of_way(found, node, chain)

    def _where_it_ends(self, target: str, module: Loaded) -> str:
        """Why a target leads to no function: a module on the way cannot be read, or has no such name."""
        program = self.chains.program
        if not target.startswith(":"):
            level = len(target) - len(target.lstrip("."))
            base = program.project.resolve_relative(module.name, module.package, "." * level) if level else ""
            parts = ".".join(part for part in (base or "", target[level:]) if part).replace("()", ".()").split(".")
            for length in range(len(parts), 0, -1):
                found = program.project.find(".".join(parts[:length]))
                if found is not None:
                    home = one_file.display(found.path)
                    if program.module_at(found.path) is None:
                        return f"and {home} does not parse or cannot be read: the chain ends there"
                    if length < len(parts):
                        for end in range(len(parts) - 1, length, -1):
                            entity = program.resolve(".".join(parts[:end]).replace(".()", "()"), module)
                            if entity is not None:
                                return self._where_it_stops(entity, parts[end])
                        return f"and {home} is not known to bind `{parts[length]}` to a function or class"
                    break
        return "which is no function of this project's modules"

    @staticmethod
    def _where_it_stops(entity: Entity, part: str) -> str:
        """Why nothing is known of what follows something that is."""
        if isinstance(entity, Foreign):
            return f"and `{entity.name}` is no part of this project"
        if isinstance(entity, Loaded):
            return f"and {one_file.display(entity.path)} is not known to bind `{part}` to a function or class"
        if isinstance(entity, Class) and part != "()":
            home = one_file.display(entity.module.path)
            return f"and nothing in this project is known to give `{entity.key}` in {home} its `{part}`"
        function = entity.function if isinstance(entity, Managed) else entity
        return f"and what `{function.key}` in {one_file.display(function.module.path)} gives is not known"

    def _of_way(self, found: str, node: Node, chain: Chain | None) -> Conclusion:
        if chain is not None:
            text = f"{found}, which blocks: reported once for each coroutine and helper, at another call"
            return _silent(text)
        reached = self.chains.reached(node)
        marks = " (a memoised helper)" if "memoised" in node.function.fact.marks else ""
        steps: list[Step] = []
        for one in reached:
            fact, module = one.function.fact, one.function.module
            home = one_file.display(module.path)
            for effect in fact.effects:
                if alive(effect.when, one.known, fact) is None:
                    tests = " and ".join(f"`{when.parameter}`" for when in effect.when)
                    text = f"`{effect.shown}` blocks, but the arguments make this a dead branch: see {tests}"
                    steps.append(Step(home, effect.span, text))
            for call in fact.calls:
                text = ""
                if alive(call.when, one.known, fact) is None:
                    tests = " and ".join(f"`{when.parameter}`" for when in call.when)
                    text = f"`{call.shown}` is called in a branch that the arguments make dead: see {tests}"
                else:
                    entity = self.chains.program.resolve(call.target, module)
                    if entity is None:
                        text = f"`{call.shown}` is `{call.target.lstrip(':')}`, of which nothing is known to block"
                    elif not isinstance(entity, Loaded):
                        reasons = [skipped(other.fact, call) for other in self.chains.runs(entity, call)]
                        text = f"`{call.shown}` {reasons[0]}" if any(reasons) and reasons[0] else ""
                if text:
                    steps.append(Step(home, call.span, text))
        dead = any("dead" in step.text for step in steps)
        ran = f"{len(reached)} function{'' if len(reached) == 1 else 's'} followed"
        text = f"{found}{marks}: nothing in it is known to block ({ran})"
        if dead:
            text += "; a branch is dead by its arguments"
        return _silent(text, tuple(steps[:MAX_STEPS]))


_EMPTY = "the line holds no code that any rule looks at"


def _silent(text: str, steps: tuple[Step, ...] = ()) -> Conclusion:
    return Conclusion((), "silent", text, None, None, steps)


def _slots(value: SinkValue) -> Iterator[Slot]:
    for pieces in value.alternatives:
        yield from slots(pieces)


def _grouped(found: Iterable[Conclusion]) -> Iterator[Conclusion]:
    """Conclusions that say the same of the same code, as one of several rules."""
    together: dict[Conclusion, list[str]] = {}
    for one in found:
        codes = together.setdefault(one._replace(codes=()), [])
        codes += [code for code in one.codes if code not in codes]
    for one, codes in together.items():
        yield one._replace(codes=tuple(sorted(codes)))


def _lacking(words: list[str]) -> str:
    """What a file would have to hold, in words."""
    shown = ", ".join(f"`{word}`" for word in words[:MAX_WORDS])
    more = f" and {len(words) - MAX_WORDS} more" if len(words) > MAX_WORDS else ""
    return f"not run: the file does not pass the gate, it lacks {'each of ' if len(words) > 1 else ''}{shown}{more}"


def _reads_lines(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "readlines"


def _parts(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """The expressions that a text is built from, where they are written in it."""
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, cst.FormattedString):
            yield from (part.expression for part in one.parts if isinstance(part, cst.FormattedStringExpression))
        elif isinstance(one, cst.ConcatenatedString):
            pending += [one.right, one.left]
        elif isinstance(one, cst.BinaryOperation):
            for side in (one.left, one.right):
                if isinstance(side, (cst.Name, cst.Attribute)):
                    yield side
                elif isinstance(side, (cst.BinaryOperation, cst.FormattedString, cst.ConcatenatedString)):
                    pending.append(side)
        elif isinstance(one, cst.Call):
            yield from (arg.value for arg in one.args if isinstance(arg.value, (cst.Name, cst.Attribute)))
