"""Bytes to text, and one pass over the text before the parser sees it.

The pass finds the logical lines and the comments, and what CPython itself refuses or libcst's native
parser cannot survive: it overflows the stack on deep nesting, and is nearly cubic on long operator chains.
"""

from __future__ import annotations

import codecs
import itertools
import re
from bisect import bisect_right
from typing import NamedTuple

#: CPython's own limits ("too many nested parentheses", "too many levels of indentation").
MAX_NESTING = 200
MAX_INDENTS = 100
MAX_FORMATTED = 149  # formatted strings in each other's fields
#: Past these libcst needs seconds for one expression; CPython gives up soon after.
MAX_LINKS = 1_000  # `.x`, `(…)` and `[…]` in one chain
MAX_OPERATORS = 2_500  # binary operators, or neighbouring string literals, in one operand list
MAX_FIELDS = 10_000  # in one formatted string
#: Of all operators of a file, how deep they stand, added up: a gigabyte for libcst.
MAX_COST = MAX_OPERATORS**2 // 2
_SHALLOW = 100  # operators that cost nothing to speak of
_DEFAULT = 4

BOM = codecs.BOM_UTF8
COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_LINE_END = re.compile(rb"\r\n|\r|\n")
NEWLINE = re.compile(r"\r\n|\r|\n")

STRING = r"""
    (?: "{3} [^"\\]* (?: (?: \\. | "(?!"") ) [^"\\]* )* "{3}
    |   '{3} [^'\\]* (?: (?: \\. | '(?!'') ) [^'\\]* )* '{3}
    |   " (?!"") [^"\\\r\n]* (?: \\(?:\r\n|.) [^"\\\r\n]* )* "
    |   ' (?!'') [^'\\\r\n]* (?: \\(?:\r\n|.) [^'\\\r\n]* )* '
    )
"""
#: A formatted string whose fields hold neither quotes nor backslashes nor braces: most of them.
_PLAIN_FSTRING = r"""
    (?: " (?!"") [^"\\\r\n{}]* (?: \{[^"'\\\r\n{}]*\} [^"\\\r\n{}]* )* "
    |   ' (?!'') [^'\\\r\n{}]* (?: \{[^"'\\\r\n{}]*\} [^'\\\r\n{}]* )* '
    )
"""
_FORMATTED = re.compile(_PLAIN_FSTRING, re.VERBOSE)
#: Anything that does not matter, then what does; a string's prefix belongs to what does not.
_TOKEN = re.compile(
    rf"""
    [^\r\n"'\#\\()\[\]{{}}]*
    (?: (?P<newline> \r\n | \r | \n )
      | (?P<close> [)\]}}] )
      | (?P<open> [(\[{{] )
      | (?P<string> {STRING} )
      | (?P<comment> \#[^\r\n]* )
      | (?P<continued> \\(?:\r\n|\r|\n) )
      | (?P<broken> ["'\\] )
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_INDENT = re.compile(r"[ \t\f]*")
_CHAIN = re.compile(
    rf"""
      (?P<string> (?<!\w)[A-Za-z]{{0,2}}(?=["'])(?P<quote>) {STRING} )
    | (?P<comment> \#[^\r\n]* )
    | (?P<space> [\s\\]+ )
    | (?P<operator> (?:and|or|not|is|in|if|else|lambda|await)\b | [-+*/%@&|^~<>!]=? )
    | (?P<number> \d[\w.]* )
    | (?P<name> \w+ )
    | (?P<dot> \.(?!\.) )
    | (?P<open> [(\[{{] )
    | (?P<close> [)\]}}] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
#: A statement whose right-hand side can be blanked out without changing the lines around it.
_ASSIGNS = re.compile(r"[ \t]*(?:[\w.]+(?:[ \t]*:[^=\r\n]*)?[ \t]*[-+|]?=(?!=)|return\b|)[ \t]*")
_COMPOUND = re.compile(r"[ \t]*(?:if|elif|else|for|while|try|except|finally|with|async|def|class|match|case|@)\b")


class SourceError(Exception):
    """Text that is no program; line and column from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class _TooDeep(Exception):
    """More nesting than CPython reads, at this offset."""

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(what)
        self.offset = offset


class Comment(NamedTuple):
    """A comment; line and column from 1, column in code points."""

    line: int
    column: int
    text: str


class LogicalLine(NamedTuple):
    """A statement's lines, from 1, last included."""

    first: int
    last: int


class Source:
    """One file's text, decoded, with what a single pass over it finds.

    text: as the file has it, without the byte order mark. parse_text: the same lines and columns with
    what the parser cannot survive blanked out. encoding, bom: how to write it back.
    """

    def __init__(self, text: str, encoding: str = "utf-8", bom: bool = False) -> None:
        self.text = text
        self.encoding = encoding
        self.bom = bom
        self.comments: list[Comment] = []
        self.logical: list[LogicalLine] = []
        self.starts: list[int] = [0]  # offset of each line
        self.parse_text = text
        try:
            self._scan()
        except _TooDeep as error:
            raise self._error(str(error), error.offset) from None

    @classmethod
    def from_bytes(cls, data: bytes) -> Source:
        """Decodes as CPython would (PEP 263) and scans. SourceError for what CPython refuses."""
        return cls(*decoded(data))

    @property
    def lines(self) -> list[str]:
        """The lines with their ends, split where CPython splits them."""
        bounds = [*self.starts, len(self.text)]
        return [self.text[a:b] for a, b in itertools.pairwise(bounds)]

    def nesting_where(self, begins: re.Pattern[str]) -> tuple[int, int]:
        """The deepest nesting of brackets in logical lines that begin so, and the line."""
        deepest = 0, 1
        bounds = [*self.starts, len(self.text)]
        for entry in self.logical:
            start, stop = bounds[entry.first - 1], bounds[entry.last]
            if not begins.match(self.text, start, stop):
                continue
            depth = 0
            for token in _TOKEN.finditer(self.text, start, stop):
                depth += (token.lastgroup == "open") - (token.lastgroup == "close")
                deepest = max(deepest, (depth, entry.first))
        return deepest

    def too_costly(self) -> int:
        """The line by which libcst's parser would need too much memory; 0 where there is none.

        It remembers for each part of an expression all that it tried there, until the whole file is read.
        """
        bounds = [*self.starts, len(self.text)]
        cost = 0
        for entry in self.logical:
            start, stop = bounds[entry.first - 1], bounds[entry.last]
            if stop - start > _SHALLOW:
                cost += _chains(self.parse_text, start, stop).cost
                if cost > MAX_COST:
                    return entry.first
        return 0

    def line_at(self, offset: int) -> int:
        """The line, from 1, that holds this offset."""
        return bisect_right(self.starts, offset)

    def line_text(self, line: int) -> str:
        """One line, from 1, without its end; empty where there is none."""
        if not 0 < line <= len(self.starts):
            return ""
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return self.text[self.starts[line - 1] : end].rstrip("\r\n")

    def logical_at(self, line: int) -> LogicalLine:
        """The logical line that holds this line; the line alone where no statement is."""
        index = bisect_right(self.logical, line, key=lambda entry: entry.first) - 1
        if index >= 0 and line <= self.logical[index].last:
            return self.logical[index]
        return LogicalLine(line, line)

    def is_statement(self, line: int) -> bool:
        """Whether a statement stands on this line, or goes on there."""
        entry = self.logical_at(line)
        if entry.first < entry.last:
            return True
        return not self.line_text(line).lstrip().startswith(("#", "\f"))

    def _error(self, message: str, offset: int) -> SourceError:
        line = self.line_at(offset)
        return SourceError(message, line, offset - self.starts[line - 1] + 1)

    def _scan(self) -> None:
        """Fills lines, comments and logical lines; raises SourceError for what must not be parsed."""
        text = self.text
        starts = self.starts = _line_starts(text)
        if "\0" in text:
            raise self._error("null byte", text.index("\0"))
        if starts[-1] == len(text) and len(starts) > 1:
            starts.pop()
        depth = 0
        line = 1  # counted along: cheaper than bisecting
        first = 0  # line on which the logical line began; 0 between logical lines
        begin = 0  # offset after the last newline token outside brackets
        end = 0  # end of the last token
        blanked: list[tuple[int, int]] = []
        scanner = _TOKEN.scanner(text)  # type: ignore[attr-defined]
        while match := scanner.match():
            kind = match.lastgroup
            start = match.start(kind)
            if not first and (
                (kind != "newline" and kind != "comment") or (start > end and not text[end:start].isspace())  # noqa: PLR1714
            ):
                first = line
            end = match.end()
            if kind == "newline":
                line += 1
                if not depth:
                    if first:
                        self.logical.append(LogicalLine(first, line - 1))
                        if start - begin > 2 * MAX_LINKS:
                            self._screen_chains(begin, start, blanked)
                        first = 0
                    begin = end
            elif kind == "open":
                depth += 1
                if depth > MAX_NESTING:
                    raise self._error(f"more than {MAX_NESTING} nested brackets", start)
            elif kind == "close":
                depth -= depth > 0
            elif kind == "string":
                stop = _string_end(text, start, end)
                if stop != end:
                    scanner = _TOKEN.scanner(text, stop)  # type: ignore[attr-defined]
                    end = stop
                if line < len(starts) and end > starts[line]:
                    line = self.line_at(end - 1)
            elif kind == "comment":
                self.comments.append(Comment(line, start - starts[line - 1] + 1, match[kind]))
            elif kind == "continued":
                line += 1
            else:
                # An unterminated string, unless a field of a formatted one holds its quote: else the parser says so.
                if not _is_formatted(text, start) or (stop := _string_end(text, start, end)) <= start + 1:
                    break
                scanner = _TOKEN.scanner(text, stop)  # type: ignore[attr-defined]
                end = stop
                line = self.line_at(end - 1)
        if first or text[begin:].strip():
            self.logical.append(LogicalLine(first or line, len(starts)))
            if len(text) - begin > 2 * MAX_LINKS:
                self._screen_chains(begin, len(text), blanked)
        for start, stop in reversed(blanked):
            kept = "".join(c if c in "\r\n" else " " for c in self.parse_text[start:stop])
            self.parse_text = f"{self.parse_text[:start]}0{kept[1:]}{self.parse_text[stop:]}"
        self._check_indents()

    def _check_indents(self) -> None:
        """Refuses more levels than CPython reads; a stack is kept only where a line is deep enough."""
        deep = " " * MAX_INDENTS
        if f"\n{deep}" not in self.text and "\n" + "\t" * MAX_INDENTS not in self.text:
            return
        stack = [0]
        for entry in self.logical:
            offset = self.starts[entry.first - 1]
            width = len(_INDENT.match(self.text, offset)[0].expandtabs())  # type: ignore[index]
            while width < stack[-1]:
                stack.pop()
            if width > stack[-1]:
                stack.append(width)
                if len(stack) > MAX_INDENTS:
                    raise self._error(f"more than {MAX_INDENTS} levels of indentation", offset)

    def _screen_chains(self, begin: int, stop: int, blanked: list[tuple[int, int]]) -> None:
        """Notes the statement [begin, stop) for blanking if it holds a chain too long for the parser."""
        if _chains(self.text, begin, stop).too_long:
            blanked.append(self._blankable(begin, stop))

    def _blankable(self, begin: int, stop: int) -> tuple[int, int]:
        """The part of the statement [begin, stop) to blank out; SourceError where it heads a block."""
        if _COMPOUND.match(self.text, begin):
            raise self._error("an expression too long for the parser", begin)
        start = _ASSIGNS.match(self.text, begin).end()  # type: ignore[union-attr]
        if start - begin > MAX_LINKS:  # it may stand in the target or the annotation
            start = _INDENT.match(self.text, begin).end()  # type: ignore[union-attr]
        return start, stop


class _Chains:
    """What the longest chains of one statement come to, counted along its tokens, brackets or not."""

    def __init__(self) -> None:
        self.links = [0]  # one entry for each open bracket, like strings
        self.strings = [0]
        self.depth = 0  # operators around us, those outside the brackets included
        #: The depth where each open bracket, and each lambda whose parameters are still read, began.
        self.begun: list[tuple[bool, int]] = [(True, 0)]
        self.too_long = False
        self.cost = 0  # the sum of all depths that matter: what libcst's parser remembers

    def operator(self, token: str) -> None:
        """An operator, or what like one takes an expression behind it."""
        bracket = self.begun[-1][0]
        # A default of a lambda's parameter is read at several levels.
        self.depth += 1 if token != "lambda" or bracket else _DEFAULT
        self.cost += self.depth if self.depth > _SHALLOW else 0
        self.links[-1] = self.strings[-1] = 0
        if token == "lambda":
            self.begun.append((False, self.depth))

    def separator(self, token: str) -> None:
        """What ends an expression: the next one begins."""
        self.links[-1] = self.strings[-1] = 0
        bracket, self.depth = self.begun[-1]
        if token == ":" and not bracket:  # a lambda's body follows, as deep
            self.begun.pop()

    def opened(self) -> None:
        """A bracket: what stands in it is as deep as what stands before."""
        self.links.append(0)
        self.strings.append(0)
        self.begun.append((True, self.depth))

    def closed(self) -> None:
        """The end of a bracket."""
        if len(self.links) == 1:
            return
        self.links.pop()
        self.strings.pop()
        bracket = False
        while not bracket:
            bracket, self.depth = self.begun.pop()

    def fields(self, text: str, fields: list[tuple[int, int]]) -> None:
        """The expressions in a formatted string."""
        self.too_long = self.too_long or len(fields) > MAX_FIELDS
        for first, last in fields:
            if last - first > _SHALLOW:
                inner = _chains(text, first, last)
                self.too_long = self.too_long or inner.too_long
                self.cost += inner.cost

    def measure(self) -> None:
        """Notes what is too long so far."""
        if self.links[-1] > MAX_LINKS or max(self.depth, self.strings[-1]) > MAX_OPERATORS:
            self.too_long = True


def _chains(text: str, begin: int, stop: int) -> _Chains:
    """The chains of the statement, or of the part of one, in [begin, stop)."""
    chains = _Chains()
    operand = False  # whether an operand stands directly before
    scanner = _CHAIN.scanner(text, begin, stop)  # type: ignore[attr-defined]
    while match := scanner.match():
        kind = match.lastgroup
        if kind in ("space", "comment"):
            continue
        if kind in ("dot", "open") and operand:
            chains.links[-1] += 1
        if kind == "open":
            chains.opened()
        elif kind == "close":
            chains.closed()
        elif kind == "operator":
            chains.operator(match[0])
        elif kind == "string":
            if _is_formatted(text, quote := match.start("quote")):
                fields: list[tuple[int, int]] = []
                end = _skip(text, quote, fields)
                if end != match.end():
                    scanner = _CHAIN.scanner(text, end, stop)  # type: ignore[attr-defined]
                chains.fields(text, fields)
            chains.strings[-1] += 1
        elif kind == "other":
            chains.separator(match[0])
        operand = kind in ("close", "string", "name", "number") or (kind == "dot" and operand)
        chains.measure()
    return chains


def _is_formatted(text: str, quote: int) -> bool:
    """Whether the prefix before a quote makes a formatted string."""
    prefix = text[max(quote - 3, 0) : quote].lower()
    letters = re.search(r"(?<!\w)[a-z]{1,2}$", prefix)
    return letters is not None and ("f" in letters[0] or "t" in letters[0])


def _string_end(text: str, start: int, end: int) -> int:
    """Where a string ends that begins with the quote at `start`; `end` if it is no formatted one."""
    if text[start - 1 : start] not in _FORMATTING or not _is_formatted(text, start):
        return end
    if text.find("{", start, end) < 0 and end - start > 1:
        return end
    if plain := _FORMATTED.match(text, start):
        return plain.end()
    return _skip(text, start)


def _skip(text: str, start: int, fields: list[tuple[int, int]] | None = None) -> int:
    """Where a formatted string ends that begins with the quote at `start`. fields: takes its expressions."""
    quote = text[start : start + 3]
    quote = quote if quote in ('"""', "'''") else quote[:1]
    return skip_formatted(text, start + len(quote), quote, "r" in text[max(start - 2, 0) : start].lower(), fields)


_FORMATTING = frozenset("fFtTrR")


def _line_starts(text: str) -> list[int]:
    """The offset of each line, and of what follows the last newline."""
    if "\r" in text:
        return [0, *(found.end() for found in NEWLINE.finditer(text))]
    starts = list(itertools.accumulate([len(line) + 1 for line in text.split("\n")], initial=0))
    starts.pop()
    return starts


def decoded(data: bytes) -> tuple[str, str, bool]:
    """Text, encoding, and whether a byte order mark stood before it. SourceError for what CPython refuses."""
    bom = data.startswith(BOM)
    if bom:
        data = data[len(BOM) :]
    encoding = declared_encoding(data, bom)
    try:
        return data.decode(encoding), encoding, bom
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        message = f"not {encoding}: byte 0x{data[error.start]:02x}"
        raise SourceError(message, line, error.start - before.rfind(b"\n")) from None
    except (LookupError, ValueError) as error:
        raise SourceError(f"cannot decode as {encoding}: {error}") from None


def declared_encoding(data: bytes, bom: bool) -> str:
    """The encoding that the first two lines declare, else utf-8. SourceError if unknown or against the BOM."""
    for number, raw in enumerate(_LINE_END.split(data, maxsplit=2)[:2], 1):
        found = COOKIE.match(raw)
        if found:
            return _encoding(found[1].decode("ascii"), number, bom)
        if not BLANK.match(raw):
            break
    return "utf-8"


def _encoding(declared: str, line: int, bom: bool) -> str:
    """The encoding of that name. SourceError for one that CPython does not read, or that costs more than its text."""
    name = _normal(declared)
    if bom and name != "utf-8":
        raise SourceError(f"encoding {declared} contradicts the byte order mark", line)
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        raise SourceError(f"unknown encoding: {declared}", line) from None
    if codec.name in _SLOW:
        raise SourceError(f"cannot decode as {declared}: it is for short names", line)
    return codec.name


def _normal(declared: str) -> str:
    """The name as CPython's tokenizer spells it: editors add how lines end, as in `utf-8-unix`."""
    short = declared[:12].lower().replace("_", "-")
    for name, encoding in _EDITED.items():
        if short == name or short.startswith(f"{name}-"):
            return encoding
    return declared


_EDITED = {"utf-8": "utf-8", "latin-1": "iso-8859-1", "iso-8859-1": "iso-8859-1", "iso-latin-1": "iso-8859-1"}
#: Their decoders take a time that grows with the square of the text.
_SLOW = frozenset(("idna", "punycode"))


def skip_formatted(
    text: str, position: int, quote: str, raw: bool, fields: list[tuple[int, int]] | None = None, level: int = 1
) -> int:
    """The offset behind a formatted string that began before `position` with `quote` (PEP 701).

    At the end of the text, or of the line for single quotes, it stops there: the parser reports it.
    fields: takes where the expressions in it begin and end. level: how many strings it stands in, itself included.
    """
    if level > MAX_FORMATTED:
        raise _TooDeep(f"more than {MAX_FORMATTED} nested formatted strings", position)
    # Each entry is a quote (inside its text) or a bracket (inside a field's expression, or "spec").
    stack = [quote]
    begin = position
    while position < len(text):
        char = text[position]
        mode = stack[-1]
        if len(stack) > MAX_NESTING:
            raise _TooDeep(f"more than {MAX_NESTING} nested brackets", position)
        if mode in ('"', "'", '"""', "'''"):
            if text.startswith(mode, position):
                stack.pop()
                position += len(mode)
                if not stack:
                    return position
            elif char == "\\" and not raw:
                # A backslash also escapes a newline; `\N{…}` names a character.
                position += 2
                if text.startswith("{", position) and text[position - 1] == "N":
                    position = max(text.find("}", position), position) + 1
            elif char == "\\":
                position += 1 if text[position + 1 : position + 2] in "{}" else 2
            elif char == "{":
                if text.startswith("{{", position):
                    position += 2
                else:
                    stack.append("{")
                    position += 1
                    begin = position
            elif char in "\r\n" and len(mode) == 1:
                return position
            else:
                position += 1
        elif mode == "spec":
            if char == "{":
                stack.append("{")
            elif char == "}":
                stack.pop()
                stack.pop()
                if fields is not None and len(stack) == 1:
                    fields.append((begin, position))
            elif char in "\r\n":
                return position
            position += 1
        elif char in "([":
            stack.append(char)
            position += 1
        elif char == "{":
            stack.append("(")  # a dictionary or set inside the field: a colon there is no spec
            position += 1
        elif char in ")]}":
            stack.pop()
            if fields is not None and len(stack) == 1:
                fields.append((begin, position))
            position += 1
        elif char == ":" and mode == "{":
            stack.append("spec")
            position += 1
        elif char == "#":
            found = NEWLINE.search(text, position)
            position = found.start() if found else len(text)
        elif char in "\"'":
            found = _STRING_AT.match(text, position)
            prefix = text[max(position - 2, 0) : position].lower()
            if prefix[-1:] in ("f", "t") or (prefix[-1:] == "r" and prefix[:1] in ("f", "t")):
                nested = text[position : position + 3]
                nested = nested if nested in ('"""', "'''") else char
                position = skip_formatted(text, position + len(nested), nested, "r" in prefix, None, level + 1)
            elif found:
                position = found.end()
            elif stack[0] == char:  # before PEP 701 the outer quote ends the string wherever it stands
                return position + 1
            else:
                return position
        elif char in "\r\n" and len(quote) == 1 and len(stack) == 1:
            return position
        else:
            position += 1
    return position


_STRING_AT = re.compile(STRING, re.VERBOSE | re.DOTALL)
