"""The answer of `veteran why`: each conclusion with its place and the steps that explain it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from veteran.findings import Span
from veteran.reporting import ReadLine
from veteran.reporting.cards import card_of
from veteran.reporting.full import frame
from veteran.reporting.style import Paint, as_json, first, painter, printable

if TYPE_CHECKING:
    from veteran.conclusions import Answer, Conclusion

#: Changes when that would break its readers.
VERSION = 1
_SAYS = {"fired": "fired", "hidden": "found, not reported", "elsewhere": "fired elsewhere", "silent": "silent"}


def render(answer: Answer, *, output_format: str, read_line: ReadLine, color: bool) -> Iterator[str]:
    """The answer in one of the formats `full` and `json`."""
    if output_format == "json":
        yield as_json(_json(answer))
        return
    paint = painter(color)
    path = first(answer.path)
    for remark in answer.remarks:
        yield f"{paint(f'{path}:', 'bold')} {printable(remark)}"
    shown = None
    for conclusion in answer.conclusions:
        if conclusion.verdict in _SAYS:
            yield from _block(answer, conclusion, read_line, paint, again=shown == conclusion.span)
            shown = conclusion.span
    rest = [one for one in answer.conclusions if one.verdict not in _SAYS]
    if shown is not None and rest:
        yield ""
    for conclusion in rest:
        place = f"{path}:{answer.line}:"
        yield f"{paint(place, 'bold')} {paint(', '.join(conclusion.codes), 'code')} {printable(conclusion.text)}"


def _block(answer: Answer, one: Conclusion, read_line: ReadLine, paint: Paint, *, again: bool) -> Iterator[str]:
    """A conclusion with its source, left out where it was shown just before, and its steps."""
    path = first(answer.path)
    spans = [*([one.span] if one.span else []), *(step.span for step in one.steps)]
    gutter = max((len(str(span.end_line)) for span in spans), default=1)
    place = f"{path}:{one.span.line}:{one.span.column}:" if one.span else f"{path}:{answer.line}:"
    verdict = paint(_SAYS[one.verdict], "mark" if one.verdict == "fired" else "bold")
    sure = f" ({one.confidence})" if one.confidence else ""
    codes = paint(", ".join(one.codes), "code")
    yield f"{paint(place, 'bold')} {codes} {verdict}{sure}: {printable(one.text)}"
    if one.span and not again:
        yield from frame(answer.path, one.span, gutter, "mark", read_line, paint)
    for step in one.steps:
        where = f"{printable(step.path)}:{step.span.line}:"
        yield f"{' ' * gutter}{paint('-->', 'note')} {where} {printable(step.text)}"
        yield from frame(step.path, step.span, gutter, "note", read_line, paint)


def _json(answer: Answer) -> dict[str, Any]:
    return {
        "version": VERSION,
        "path": answer.path,
        "line": answer.line,
        "column": answer.column,
        "remarks": list(answer.remarks),
        "conclusions": [
            {
                "rules": [{"code": code, "name": card_of(code).name} for code in one.codes],
                "verdict": one.verdict,
                "text": one.text,
                "confidence": str(one.confidence) if one.confidence else None,
                "place": _range(one.span),
                "steps": [{"path": step.path, **(_range(step.span) or {}), "text": step.text} for step in one.steps],
            }
            for one in answer.conclusions
        ],
    }


def _range(span: Span | None) -> dict[str, int] | None:
    return dict(span._asdict()) if span else None
