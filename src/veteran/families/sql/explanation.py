"""Why a statement that is executed is reported, or why not."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from veteran.analysis.dataflow.text import Hole, Verdict
from veteran.analysis.dataflow.trace import LINE, Because, told
from veteran.conclusions import Conclusion
from veteran.families.sql.sinks import Queries, SinkValue
from veteran.families.sql.statements import Slot, slots
from veteran.findings import Finding
from veteran.project.explained import Line

#: Which places of a statement VET201 speaks of, and which VET202; a placeholder is nobody's.
_VALUES = ("value", "condition")
_PLACES = {"identifier": "an identifier", "statement": "a whole statement"}
_HOLES = {"VET201": "value", "VET202": "name, keyword or statement"}


def conclusions(line: Line) -> Iterator[Conclusion]:
    """What becomes of the statements that are executed on a line."""
    codes = line.codes("sql.sinks")
    queries = line.module.once(Queries)
    for value in queries.values if codes else ():
        nodes = [value.text.node, value.call.node, *(node for node, _ in queries.builders(value.text))]
        if any(line.touches(line.span(node)) for node in nodes):
            yield from _of_query(line, value, codes)


def _of_query(line: Line, value: SinkValue, codes: tuple[str, ...]) -> Iterator[Conclusion]:
    module = line.module
    executes = Because(value.call.node, f"`{module.code(value.call.node.func, 40)}` executes it")
    where = line.span(value.text.node)
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
        reason, because = _of_hole(slot.hole)
        if slot.role == "placeholder":
            reason = reason or "is what the program binds, no text"
        if not reason and (excuse := value.excused(slot)):
            reason, because = told(excuse)
            reason = f"is not safe itself, but {reason}"
        if not reason:
            if any(f.code in heard and _about(line, f, value) for f in (*line.findings, *line.excused)):
                continue
            reason = "is not provably safe; another place of the same text is reported"
        span = line.span(slot.hole.node) or where
        steps = line.steps((*because, executes))
        text = shown + reason.replace(LINE, str(steps[0].span.line) if because and steps else "?")
        yield Conclusion(heard, "silent", text, span, None, steps)
    for node in _parts(value.text.node):
        ways = module.flow.pieces(node, value.text.at)
        if ways and all(isinstance(piece, str) for way in ways for piece in way):
            texts = " or ".join(repr("".join(map(str, way))) for way in ways[:3])
            text = f"`{module.code(node, 40)}` is safe because it is constant: {texts[:80]}"
            yield Conclusion(codes, "silent", text, line.span(node) or where, None, line.steps((executes,)))
    silent = tuple(code for code in codes if code not in spoken)
    if silent and told_of:
        what = " or ".join(_HOLES[code] for code in silent)
        yield Conclusion(silent, "silent", f"no {what} is built into the SQL", where, None, line.steps((executes,)))
    if not told_of and not list(_parts(value.text.node)):
        text = f"`{module.code(value.call.node.func, 40)}` executes SQL without a hole: all of its text is constant"
        yield Conclusion(codes, "silent", text, where, None, line.steps((executes,)))
    elif not any(isinstance(piece, str) and piece.strip() for way in value.alternatives for piece in way):
        text = "no text is built around the statement here: it is another's whole statement"
        yield Conclusion(codes, "silent", text, where, None, line.steps((executes,)))


def _about(line: Line, finding: Finding, value: SinkValue) -> bool:
    spans = [line.span(node) for node in (value.text.node, value.call.node)]
    return any(finding.span == span or any(step.span == span for step in finding.steps) for span in spans)


def _of_hole(hole: Hole) -> tuple[str, tuple[Because, ...]]:
    """Why a hole is safe, in words; empty where it is not."""
    if hole.verdict is not Verdict.SAFE:
        return "", ()
    reason, because = told(hole.why)
    return f"is safe: {reason or 'it carries no text of its own'}", because


def _slots(value: SinkValue) -> Iterator[Slot]:
    for pieces in value.alternatives:
        yield from slots(pieces)


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
