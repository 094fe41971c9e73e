"""Why a line is reported, or why not: every rule's conclusion on the code of one line.

The same analysis as in a check runs with a trace, and what it said and dropped is put into words here. No rule is
decided anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from veteran import suppressions
from veteran.analysis.dataflow.callers import callers
from veteran.analysis.dataflow.trace import LINE, Because, Note, Trace
from veteran.analysis.module import Module
from veteran.analysis.reports import Conditional
from veteran.analysis.rule_runner import run
from veteran.analysis.syntax.gate import Gate, Glance
from veteran.analysis.syntax.source import Source, SourceError
from veteran.analysis.syntax.tree import Tree, parse
from veteran.conclusions import Answer, Conclusion
from veteran.families import all_families, heard_by
from veteran.findings import SUPPRESSION, TOOL_CODES, UNPARSABLE, Finding, Span, Step
from veteran.project.caller_decided import unsafe_parameters
from veteran.project.explained import Line
from veteran.project.family import Family
from veteran.project.summary import Summary
from veteran.registry import Rule, all_rules
from veteran.runs import one_file, understand
from veteran.runs.job import FileJob
from veteran.runs.linker import Linker
from veteran.settings import Settings

#: More words than this are not spelled out.
MAX_WORDS = 8


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
        found = understand.summarise(FileJob.of(shown, settings), data).findings
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
        self.job = FileJob(path.absolute(), one_file.display(path), settings)
        self.shown = self.job.shown
        self.settings = settings
        self.source = source
        self.rules = all_rules()
        glance = Glance(data, self.job.catalog)
        self.lacking = {code: Gate((rule,), self.job.catalog).lacks(glance) for code, rule in self.rules.items()}
        self.live = {code: rule for code, rule in self.rules.items() if not self.lacking[code]}
        self.module = Module(self.shown, source, tree, self.job.catalog)
        self.module.glance = glance
        self.trace = self.module.trace = Trace()
        # Everything runs, and low confidence counts: what the settings hide is told.
        all_on = settings._replace(
            select=("VET",), extend_select=(), ignore=(), per_file_ignores=(), contexts=(), free_threaded=False
        )
        everything = FileJob(self.job.path, self.shown, all_on)
        linker = Linker(one_file.display, {self.job.path: data})
        self.summary = self._summary()
        (self.findings,) = linker.link([(self.summary, everything)])
        unsafe = unsafe_parameters(self.summary.arguments)
        excused = [one.finding for one in self.summary.conditional if unsafe.isdisjoint(one.parameters)]
        on = {code: rule for code, rule in self.live.items() if code in self.job.enabled}
        world = linker.world(everything)
        self.line = Line(self.module, self.job.path, world, self.summary, self.findings, excused, on)

    def at(self, line: int, column: int | None = None) -> tuple[Conclusion, ...]:
        """What is concluded of the code on a line, or around a column of it."""
        self.line.line, self.line.column = line, column
        return tuple(self._conclusions())

    def _summary(self) -> Summary:
        summary = Summary(self.shown, *run(self.module, self.live.values()), comments=understand.comments(self.source))
        notes = list(self.trace.notes)  # what is told asks about other calls too
        heard = heard_by(self.rules.values())
        summary = understand.told_by(self.module, summary, heard, self.live.values())
        self.trace.notes = notes
        return summary

    # All of it

    def _conclusions(self) -> Iterator[Conclusion]:
        """The rules that fired, then those that could have, then what kept the others from looking."""
        found = [
            *self._of_findings(),
            *self._of_suppressions(),
            *self._of_conditional(),
            *self._of_notes(),
            *(one for family in all_families().values() for one in family.conclusions(self.line)),
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
        text = self.source.line_text(self.line.line).strip()
        return (
            bool(text)
            and not text.startswith("#")
            and any(self.line.touches(self.line.span(call.node)) for call in self.module.lowered.calls)
        )

    def _nothing(self, rule: Rule) -> str:
        on, _ = rule.handlers[0]
        said = (family.nothing.get(on.table) for family in all_families().values())
        return next(filter(None, said), "nothing on this line that it looks at")

    def _off(self, rule: Rule) -> str:
        """Why the settings keep a rule from running on the file; empty where they do not."""
        settings, code = self.settings, rule.code
        if code in self.job.enabled:
            return ""
        if rule.needs_gil and settings.free_threaded:
            return "off: the settings say `free-threaded`"
        contexts = self.job.contexts
        if off := rule.off_in & contexts:
            return f"off in the context `{min(off)}`, which the file is in"
        if code in settings._replace(per_file_ignores=()).enabled(self.job.path):
            return "not selected: `per-file-ignores` names it for this file"
        if code in settings._replace(ignore=()).enabled(self.job.path):
            return "not selected: `ignore` names it"
        if not rule.default and settings.select is None:
            return "not selected: off by default, `--extend-select` turns it on"
        return "not selected: `select` does not name it"

    # Findings

    def _of_findings(self) -> Iterator[Conclusion]:
        for finding in self.findings:
            if self.line.touches(finding.span):
                yield self._judged(finding)
            elif any(step.path == self.shown and self.line.touches(step.span) for step in finding.steps):
                judged = self._judged(finding)
                steps = (Step(self.shown, finding.span, finding.message),)
                if judged.verdict == "fired":
                    text = f"part of the finding at line {finding.span.line}"
                    yield Conclusion((finding.code,), "elsewhere", text, finding.span, finding.confidence, steps)
                else:
                    yield judged._replace(steps=steps)

    def _of_suppressions(self) -> Iterator[Conclusion]:
        """What VET002 says of the comments on the line."""
        for finding in one_file.finish(self.summary, self.findings, self.job)[0]:
            if finding.code == SUPPRESSION and self.line.touches(finding.span):
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
            contexts = self.job.contexts
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
        contexts = self._contexts_at(finding)
        for family in all_families().values():
            if said := family.why_low(self.line, finding, in_context=bool(contexts)):
                return said
        return f": the function is in the context `{min(contexts)}`" if contexts else ""

    def _contexts_at(self, finding: Finding) -> frozenset[str]:
        rule = self.rules.get(finding.code)
        for call in self.module.lowered.calls:
            if rule is not None and rule.low_in and self.line.span(call.node) == finding.span:
                return rule.low_in & self.module.contexts.of(call.scope.function)
        return frozenset()

    def _of_conditional(self) -> Iterator[Conclusion]:
        """Findings that the callers of a private function decided against."""
        unsafe = unsafe_parameters(self.summary.arguments)
        for conditional in self.summary.conditional:
            if unsafe.isdisjoint(conditional.parameters) and self.line.touches(conditional.finding.span):
                yield self._excused_by_callers(conditional)

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
        steps = self.line.steps(Because(call.node, "passes what is safe") for call in calls)
        return Conclusion((finding.code,), "silent", text, finding.span, None, steps)

    # What was dropped

    def _of_notes(self) -> Iterator[Conclusion]:
        families = all_families().values()
        for note in dict.fromkeys(self.trace.notes):
            span = self.line.span(note.node)
            codes = self._codes(note, families)
            if not codes or not (self.line.touches(span) or any(f.touches(self.line, note) for f in families)):
                continue
            steps = self.line.steps(note.because)
            text = note.text.replace(LINE, str(steps[0].span.line) if steps else "?")
            yield Conclusion(codes, "silent", text, span, None, steps)

    def _codes(self, note: Note, families: Collection[Family]) -> tuple[str, ...]:
        """The rules that would speak of what a note is about."""
        codes = self.line.codes(note.table)
        about = [family for family in families if note.table in family.nothing]
        return tuple(code for code in codes if all(family.concerns(code, note) for family in about))


_EMPTY = "the line holds no code that any rule looks at"


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
