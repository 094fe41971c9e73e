"""Each finding with its source line, the places that explain it, and the reason it matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from veteran.findings import Finding, Span
from veteran.reporting import ReadLine
from veteran.reporting.cards import card_of
from veteran.reporting.style import Paint, cells, counted, first, painter, printable, width

TAB = "    "
#: Longer lines are cut to this many characters, some of them before the range: generated files
#: have lines of megabytes.
LONGEST = 160
LEAD = 40
CUT = "..."
#: Of ranges over more lines only the first and the last are shown.
MOST_LINES = 3


def render(findings: Sequence[Finding], *, read_line: ReadLine, color: bool) -> Iterator[str]:
    """A block of lines per finding, each followed by an empty line."""
    paint = painter(color)
    for finding in findings:
        yield from _block(finding, read_line, paint)
        yield ""


def summary(findings: int, files: int, *, failed: bool = False, color: bool) -> str:
    """The last line: `Found 3 findings in 12 files.` failed: there was more to check, so that nothing is clear."""
    paint = painter(color)
    if findings or failed:
        return paint(f"Found {counted(findings, 'finding')} in {counted(files, 'file')}.", "bold")
    return f"{paint('All clear:', 'good')} {counted(files, 'file')}."


def _block(finding: Finding, read_line: ReadLine, paint: Paint) -> Iterator[str]:
    spans = [finding.span, *(step.span for step in finding.steps)]
    gutter = max(len(str(span.end_line)) for span in spans)
    place = f"{first(finding.path)}:{finding.span.line}:{finding.span.column}:"
    card = card_of(finding.code)
    code = f"{paint(finding.code, 'code')} [{card.name}]"
    yield f"{paint(place, 'bold')} {code} {printable(finding.message)}"
    yield from frame(finding.path, finding.span, gutter, "mark", read_line, paint)
    for step in finding.steps:
        where = f"{printable(step.path)}:{step.span.line}:"
        yield f"{' ' * gutter}{paint('-->', 'note')} {where} {printable(step.text)}"
        yield from frame(step.path, step.span, gutter, "note", read_line, paint)
    if card.reason:
        yield f"{' ' * gutter} {paint('= why:', 'note')} {card.reason}"


def frame(path: str, span: Span, gutter: int, kind: str, read_line: ReadLine, paint: Paint) -> Iterator[str]:
    """The lines of the range with carets below; nothing where they cannot be read."""
    bar = paint("|", "note")
    whole = span.end_line - span.line < MOST_LINES
    for line in range(span.line, span.end_line + 1) if whole else (span.line, span.end_line):
        text = read_line(path, line)
        if text is None:
            return
        if line == span.end_line and not whole:
            yield f"{' ' * gutter} {paint(':', 'note')}"
        text = text.rstrip()
        shown, carets = excerpt(text, *_columns(text, line, span))
        yield f"{paint(f'{line:>{gutter}}', 'note')} {bar} {shown}".rstrip()
        yield f"{' ' * gutter} {bar} {carets[0]}{paint(carets[1], kind)}"


def _columns(text: str, line: int, span: Span) -> tuple[int, int]:
    """The part of this line that lies in the range: offsets from 0, end exclusive."""
    start = span.column - 1 if line == span.line else len(text) - len(text.lstrip())
    end = span.end_column - 1 if line == span.end_line else len(text)
    return start, end


def excerpt(text: str, start: int, end: int) -> tuple[str, tuple[str, str]]:
    """The line as it is shown, and what goes below it: the padding and the carets.

    start, end: the range within `text`, from 0, end exclusive; at least one caret is drawn.
    """
    begin = max(0, min(start - LEAD, len(text) - LONGEST)) if len(text) > LONGEST else 0
    shown = [TAB if cell == "\\t" else cell for cell in cells(text[begin : begin + LONGEST])]
    start, end = max(start - begin, 0), max(end - begin, start - begin, 0)
    left = (CUT if begin else "") + "".join(shown[:start])
    marked = "".join(shown[start:end])
    right = "".join(shown[end:]) + (CUT if begin + LONGEST < len(text) else "")
    return left + marked + right, (" " * width(left), "^" * max(1, width(marked)))
