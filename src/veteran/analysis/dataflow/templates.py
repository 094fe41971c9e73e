"""Texts that are put together from a template and values: f-strings, `%`, `format`, `join`, `substitute`, `replace`."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

import libcst as cst

from veteran.analysis.dataflow.displays import Displays
from veteran.analysis.dataflow.safe_values import SafeValues
from veteran.analysis.dataflow.text import (
    HOLE_MARK,
    Hole,
    Pieces,
    Strings,
    Verdict,
    all_constant,
    holes,
    joined,
    literal_text,
    one_hole,
    part_of,
    refilled,
    sequence,
)
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At
from veteran.analysis.syntax.expressions import dotted

#: Elements that are joined; of more, the rest is not looked at.
_MAX_ELEMENTS = 50
_PERCENT = re.compile(r"%(?:\((?P<key>[^)]*)\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?P<kind>[a-zA-Z%])")
_NUMERIC_SPEC = re.compile(r"[<>=^+\-, _#]*\d*[,_]?(?:\.\d+)?[bcdeEfFgGnoxX%]")
_FIELD = re.compile(r"\w*(?:\.\w+)+")
_QUOTE_DOUBLING = (("'", "''"), ('"', '""'), ("`", "``"), ("]", "]]"))
_DOLLAR = re.compile(r"\$\{?(\w+)\}?")
#: The codec warns of all others, and leaves them as they are.
_ESCAPE = re.compile(
    r"""\\(?:[\\'"abfnrtv\n]|[0-3]?[0-7]{1,2}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}\n]+\})"""
)


class Templates:
    """Fills the templates of one module. strings: what follows the template and the values."""

    def __init__(self, strings: Strings, displays: Displays, safe: SafeValues) -> None:
        self.strings = strings
        self.displays = displays
        self.safe = safe

    def formatted(self, node: cst.FormattedString, at: At) -> list[Pieces]:
        """An f-string."""
        raw = "r" in node.prefix.lower()
        parts: list[list[Pieces]] = []
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                text = part.value.replace("{{", "{").replace("}}", "}")
                parts.append([(text if raw else _unescaped(text),)])
            else:
                assert isinstance(part, cst.FormattedStringExpression)
                spec = part.format_spec or ()
                if (
                    len(spec) == 1
                    and isinstance(spec[0], cst.FormattedStringText)
                    and (_NUMERIC_SPEC.fullmatch(spec[0].value))
                ):
                    parts.append([one_hole(part.expression, at, Verdict.SAFE, "formatted as a number")])
                else:
                    parts.append(self.strings.pieces(part.expression, at))
        return sequence(parts)

    def percent(self, pieces: Pieces, node: cst.BinaryOperation, at: At) -> list[Pieces]:
        """`template % right`."""
        right = node.right
        template, kept = joined(pieces, HOLE_MARK), holes(pieces)
        parts: list[list[Pieces]] = []
        position = 0
        count = 0
        for match in _PERCENT.finditer(template):
            parts.append([refilled(template[position : match.start()], kept)])
            position = match.end()
            if match["kind"] == "%":
                parts.append([("%",)])
                continue
            value = self._format_argument(right, count, match["key"], at)
            count += 1
            if match["kind"] in "diouxXeEfFgGc":
                parts.append([one_hole(value or right, at, Verdict.SAFE, "formatted as a number")])
            elif value is None:
                parts.append(self.strings.pieces(right, at))
            else:
                parts.append(self.strings.pieces(value, at))
        parts.append([refilled(template[position:], kept)])
        return sequence(parts)

    def _format_argument(
        self, right: cst.BaseExpression, index: int, key: str | None, at: At
    ) -> cst.BaseExpression | None:
        """The expression that fills one `%` of a template."""
        if isinstance(right, cst.Name):
            binding = scopes.only(right, at)
            if binding and binding.kind == "assign" and not binding.path:
                right = binding.value if isinstance(binding.value, (cst.Tuple, cst.Dict)) else right
        if key is not None:
            if isinstance(right, cst.Dict):
                for element in right.elements:
                    if isinstance(element, cst.DictElement) and literal_text(element.key) == key:
                        return element.value
            return None
        if isinstance(right, cst.Tuple):
            plain = all(isinstance(element, cst.Element) for element in right.elements)
            return right.elements[index].value if plain and index < len(right.elements) else None
        return right

    def dot_format(self, node: cst.Call, receiver: cst.BaseExpression, at: At) -> list[Pieces]:
        """`template.format(…)`."""
        positional = [arg.value for arg in node.args if arg.keyword is None and not arg.star]
        named = {arg.keyword.value: arg.value for arg in node.args if arg.keyword is not None}
        everything: list[cst.CSTNode] = [arg.value for arg in node.args]
        mapping = next((arg.value for arg in node.args if arg.star == "**"), None)
        starred = next((arg.value for arg in node.args if arg.star == "*"), None)
        ways: list[Pieces] = []
        for template in self.strings.pieces(receiver, at):
            if all(isinstance(piece, Hole) for piece in template):
                ways.append(
                    part_of(node, at, [template, *(way for v in everything for way in self.strings.pieces(v, at))])
                )
                continue
            parts = []
            automatic = 0
            kept = holes(template)
            try:
                fields = list(string.Formatter().parse(joined(template, HOLE_MARK)))
            except ValueError:
                return [one_hole(node, at)]
            for text, field, spec, _ in fields:
                parts.append([refilled(text, kept)])
                if field is None:
                    continue
                head = re.split(r"[.\[]", field, maxsplit=1)[0]
                value: cst.BaseExpression | None
                if head == "" or head.isdigit():
                    index = int(head) if head else automatic
                    automatic += head == ""
                    value = positional[index] if index < len(positional) else None
                else:
                    value = named.get(head)
                if spec and _NUMERIC_SPEC.fullmatch(spec):
                    parts.append([one_hole(value or node, at, Verdict.SAFE, "formatted as a number")])
                elif value is None and mapping is not None:
                    parts.append(self._of_mapping(mapping, at))
                elif value is not None and _FIELD.fullmatch(field):
                    parts.append(self._field(value, field.split(".")[1:], at))
                elif value is None and starred is not None:
                    parts.append([part_of(starred, at, self.strings.pieces(starred, at))])
                elif value is None or head != field:
                    parts.append([one_hole(value or node, at)])
                else:
                    parts.append(self.strings.pieces(value, at))
            ways += sequence(parts)
        return ways

    def _field(self, value: cst.BaseExpression, names: Sequence[str], at: At) -> list[Pieces]:
        """`{0.name}` of a template."""
        made = value
        for name in names:
            made = cst.Attribute(made, cst.Name(name))
        return [
            tuple(
                piece._replace(node=value, at=at) if isinstance(piece, Hole) and piece.node is made else piece
                for piece in pieces
            )
            for pieces in self.strings.pieces(made, at)
        ]

    def _of_mapping(self, node: cst.BaseExpression, at: At) -> list[Pieces]:
        """Some value of `**mapping`."""
        inner = node.args[0].value if isinstance(node, cst.Call) and dotted(node.func) == "dict" and node.args else None
        if isinstance(inner, cst.Call) and dotted(inner.func) == "zip" and len(inner.args) == 2:
            return self.strings.pieces(inner.args[1].value, at)
        table = self.displays.dictionary(node, at)
        if table is None:
            return [part_of(node, at, self.strings.pieces(node, at))]
        return [way for _, value, where in table for way in self.strings.pieces(value, where)]

    def join(self, node: cst.Call, separator: cst.BaseExpression, at: At) -> list[Pieces]:
        """`separator.join(…)`: every kind of element once."""
        if not node.args:
            return [one_hole(node, at)]
        elements = self.strings.elements(node.args[0].value, at)
        if elements is None:
            called = isinstance(node.args[0].value, (cst.Name, cst.Call))
            whole = self.strings.pieces(node.args[0].value, at) if called else []
            alone = len(whole) == 1 and len(whole[0]) == 1 and isinstance(whole[0][0], Hole)
            return whole if alone else [self.safe.typed(node.args[0].value, at)]
        between = self.strings.pieces(separator, at)
        if not elements:
            return [("",)]
        parts: list[list[Pieces]] = [elements[0]]
        for alternatives in elements[1:_MAX_ELEMENTS]:
            parts += [between, alternatives]
        return sequence(parts)

    def substituted(self, node: cst.Call, receiver: cst.BaseExpression, at: At) -> list[Pieces] | None:
        """`string.Template(text).substitute(…)`."""
        where = at
        if isinstance(receiver, cst.Name) and (binding := scopes.only(receiver, at)):
            receiver, where = binding.value, binding
        if not isinstance(receiver, cst.Call) or not receiver.args:
            return None
        named = {arg.keyword.value: arg.value for arg in node.args if arg.keyword is not None}
        ways: list[Pieces] = []
        for template in self.strings.pieces(receiver.args[0].value, where):
            parts: list[list[Pieces]] = []
            for index, text in enumerate(_DOLLAR.split(joined(template, "?"))):
                value = named.get(text) if index % 2 else None
                parts.append(
                    self.strings.pieces(value, at) if value else [(one_hole(node, at) if index % 2 else (text,))]
                )
            ways += sequence(parts)
        return ways

    def replaced(self, node: cst.Call, receiver: cst.BaseExpression, at: At) -> list[Pieces]:
        """`text.replace(old, new)`."""
        old, new = (self.strings.pieces(arg.value, at) for arg in node.args[:2])
        for pair in _QUOTE_DOUBLING:
            if old == [(pair[0],)] and new in ([(pair[1],)], [("",)]):
                return [one_hole(node, at, Verdict.SAFE, "its quotes are doubled or taken out")]
        before = self.strings.pieces(receiver, at)
        if all_constant(new):
            return before
        if not all_constant(old) or not all_constant(before):
            return sequence([before, new])
        ways = []
        for pieces in before:
            parts: list[list[Pieces]] = []
            for index, text in enumerate("".join(pieces).split("".join(old[0]) or "\0")):  # type: ignore[arg-type]
                if index:
                    parts.append(new)
                parts.append([(text,)])
            ways += sequence(parts)
        return ways


def _unescaped(text: str) -> str:
    """The text of an f-string's literal part, its escapes read."""
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(found: re.Match[str]) -> str:
    """What an escape sequence stands for."""
    try:
        return found[0].encode("latin-1").decode("unicode_escape")
    except UnicodeError:
        return found[0]
