"""Where text comes from: the literal parts and the holes of a string, followed through one function.

A value is a list of alternatives, each a sequence of pieces: text, or a hole that something fills. A hole
is safe (cannot carry text of its own), unknown, or tainted (comes from outside). What cannot be followed
is one unknown hole, so cost is bounded by the size of what is asked about.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Sequence
from functools import cached_property

import libcst as cst

from veteran.analysis.dataflow.conventions import (
    CLASS_NAME,
    CLEANS,
    CONVERTED,
    ENUMERATIONS,
    FIELD_NAMES,
    KINDS,
    MADE_SAFE,
    MEMBER_NAME,
    MODELS,
    PLACEHOLDERS,
    SAFE_ATTRIBUTES,
    SANITISES,
    SIZED_INTEGERS,
    by_convention,
    from_outside,
    is_constant_name,
    typed_so,
)
from veteran.analysis.dataflow.sanitizers import Checked, Guards, matches_whole
from veteran.analysis.dataflow.text import (
    CONSTANT,
    HOLE_MARK,
    Hole,
    Piece,
    Pieces,
    Verdict,
    all_constant,
    badness,
    holes,
    is_open,
    joined,
    merged,
    pieces_key,
    refilled,
)
from veteran.analysis.dataflow.validators import Checks
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import At, Binding, Call, Lowered, Scope, decorators_of
from veteran.analysis.syntax.expressions import decorator_name, dotted
from veteran.analysis.syntax.nodes import changed, integer_value, operands, string_value
from veteran.analysis.syntax.python import COUNTS_OR_HANDS_ON, HANDS_ON, REMADE
from veteran.analysis.types.calls import class_bindings, default_of, function_of, is_enum, passed_value, unpacked
from veteran.analysis.types.decorators import does
from veteran.analysis.types.inference import Types
from veteran.analysis.types.values import Instance, Local
from veteran.catalog import Catalog

_PATH = "a path whose parts are all safe"
#: More ways than this are not told apart.
MAX_ALTERNATIVES = 8
MAX_PIECES = 200
MAX_BINDINGS = 16
MAX_ELEMENTS = 50
_PERCENT = re.compile(r"%(?:\((?P<key>[^)]*)\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?P<kind>[a-zA-Z%])")
_NUMERIC_SPEC = re.compile(r"[<>=^+\-, _#]*\d*[,_]?(?:\.\d+)?[bcdeEfFgGnoxX%]")
KEEPS_TEXT = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "capitalize",
        "casefold",
        "swapcase",
        "expandtabs",
        "removeprefix",
        "removesuffix",
        "encode",
        "decode",
        "center",
        "ljust",
        "rjust",
        "zfill",
    ]
)
_FIELD = re.compile(r"\w*(?:\.\w+)+")
_QUOTE_DOUBLING = (("'", "''"), ('"', '""'), ("`", "``"), ("]", "]]"))


class Flow(Following):
    """Follows values within one module."""

    def __init__(self, lowered: Lowered, types: Types) -> None:
        super().__init__()
        self.lowered = lowered
        self.types = types
        self.catalog = types.catalog
        self.known: dict[Binding, list[Pieces]] = {}
        self.purpose = "sql"
        self.guards = Guards(types, self._is_safe_instance, lambda: self.checks, self)
        self.assumed: list[tuple[cst.BaseExpression, bool]] = []  # tests of conditional expressions around us

    @cached_property
    def checks(self) -> Checks:
        """What the functions of the module check."""
        return Checks(self.types, self.guards, self)

    @cached_property
    def methods_called(self) -> dict[str, list[Call]]:
        """The calls `name.method(…)` by that name."""
        found: dict[str, list[Call]] = {}
        for call in self.lowered.calls:
            func = call.node.func
            if isinstance(func, cst.Attribute) and isinstance(func.value, cst.Name):
                found.setdefault(func.value.value, []).append(call)
        return found

    @cached_property
    def _stored(self) -> dict[str, list[tuple[cst.BaseExpression, cst.BaseExpression, At]]]:
        """What is put under a key of a name, as (key, value, place), by that name."""
        found: dict[str, list[tuple[cst.BaseExpression, cst.BaseExpression, At]]] = {}
        for value, where, target in self.lowered.stored:
            if isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name) and len(target.slice) == 1:
                index = target.slice[0].slice
                if isinstance(index, cst.Index):
                    found.setdefault(target.value.value, []).append((index.value, value, where))
        return found

    def is_literal(self, node: cst.CSTNode, at: At) -> bool:
        """Whether an expression is nothing but text that the program writes out."""
        cuts = self.cuts
        alternatives = self.pieces(node, at)
        return self.cuts == cuts and all_constant(alternatives) and alternatives != [()]

    def pieces(self, node: cst.CSTNode, at: At) -> list[Pieces]:
        """The alternatives for the text of an expression."""
        found = self.deeper(
            lambda: self._pieces(node, at), [self._unknown(node, at, Verdict.SAFE, "too much to follow")]
        )
        unique = list({pieces_key(pieces): pieces[:MAX_PIECES] for pieces in found}.values())
        return unique if len(unique) <= MAX_ALTERNATIVES else [self._worst(unique)]

    def _unknown(
        self, node: cst.CSTNode, at: At, verdict: Verdict = Verdict.UNKNOWN, why: str | Checked = ""
    ) -> Pieces:
        return (Hole(node, verdict, at, why=why),)

    @staticmethod
    def _worst(alternatives: Sequence[Pieces]) -> Pieces:
        """The one alternative that says most against a text, where there are too many to keep."""
        return max(alternatives, key=badness)

    def _hole_of(self, node: cst.CSTNode, at: At, whole: Sequence[Pieces]) -> Pieces:
        """A part of a value that is not followed further: tainted if the whole is."""
        found = [piece for pieces in whole for piece in holes(pieces)]
        verdict = max((piece.verdict for piece in found), default=Verdict.UNKNOWN)
        kept = bool(found) and all(piece.attribute for piece in found if piece.verdict)
        return (Hole(node, verdict, at, attribute=kept),)

    def _sequence(self, parts: Sequence[list[Pieces]]) -> list[Pieces]:
        """The alternatives of parts that follow one another."""
        ways = 1
        narrowed = []
        for alternatives in parts:
            if ways * len(alternatives) > MAX_ALTERNATIVES:
                narrowed.append([self._worst(alternatives)])
            else:
                ways *= len(alternatives)
                narrowed.append(alternatives)
        return [merged(itertools.chain(*way)) for way in itertools.product(*narrowed)]

    def _pieces(self, node: cst.CSTNode, at: At) -> list[Pieces]:
        if isinstance(node, (cst.SimpleString, cst.Integer, cst.Float)):
            return [(_literal(node),)]
        if isinstance(node, cst.Lambda):
            return [self._unknown(node, at, Verdict.SAFE, "a function")]
        if isinstance(node, cst.ConcatenatedString):
            parts: list[cst.CSTNode] = [node.left]
            right: cst.CSTNode = node.right
            while isinstance(right, cst.ConcatenatedString):
                parts.append(right.left)
                right = right.right
            return self._sequence([self.pieces(p, at) for p in (*parts, right)])
        if isinstance(node, cst.FormattedString):
            return self._formatted(node, at)
        if isinstance(node, cst.BinaryOperation):
            return self._binary(node, at)
        if isinstance(node, cst.Name):
            return self._name(node, at)
        if isinstance(node, cst.Call):
            return self._call(node, at)
        if isinstance(node, cst.Attribute):
            return self._attribute(node, at)
        if isinstance(node, cst.IfExp):
            return self.pieces_assuming([(node.test, True)], node.body, at) + self.pieces_assuming(
                [(node.test, False)], node.orelse, at
            )
        if isinstance(node, cst.BooleanOperation):
            if isinstance(node.operator, cst.And):  # what is false is empty or no text
                return [("",), *self.pieces_assuming([(node.left, True)], node.right, at)]
            return self.pieces(node.left, at) + self.pieces(node.right, at)
        if isinstance(node, (cst.NamedExpr, cst.Await)):
            inner = node.value if isinstance(node, cst.NamedExpr) else node.expression
            return self.pieces(inner, at)
        if isinstance(node, (cst.Comparison, cst.UnaryOperation)):
            return [self._unknown(node, at, Verdict.SAFE, "a comparison or a number")]
        if isinstance(node, cst.Subscript):
            return self._subscript(node, at)
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
            elements = self.elements(node, at)
            if elements:
                return [self._worst([way for part in elements for way in part])]
        if isinstance(node, cst.Dict) and (table := self.dictionary(node, at)):
            return [self._worst([way for row in table for part in row[:2] for way in self.pieces(part, row[2])])]
        return [self._typed(node, at)]

    def pieces_assuming(
        self, tests: Sequence[tuple[cst.BaseExpression, bool]], node: cst.CSTNode, at: At
    ) -> list[Pieces]:
        """The alternatives of an expression that is evaluated only if tests came out so."""
        self.assumed += tests
        try:
            return self.pieces(node, at)
        finally:
            del self.assumed[len(self.assumed) - len(tests) :]

    # Building

    def _formatted(self, node: cst.FormattedString, at: At) -> list[Pieces]:
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
                    parts.append([self._unknown(part.expression, at, Verdict.SAFE, "formatted as a number")])
                else:
                    parts.append(self.pieces(part.expression, at))
        return self._sequence(parts)

    def _binary(self, node: cst.BinaryOperation, at: At) -> list[Pieces]:
        if isinstance(node.operator, cst.Add):
            parts = list(operands(node))
            if len(parts) > MAX_PIECES:
                return [self._unknown(node, at)]
            if self._numeric(node, at):
                return [self._unknown(node, at, Verdict.SAFE, "a number")]
            return self._sequence([self.pieces(part, at) for part in parts])
        if isinstance(node.operator, cst.Modulo):
            ways = []
            for template in self.pieces(node.left, at):
                if all(isinstance(piece, Hole) for piece in template):
                    ways += self._sequence([[template], self.pieces(node.right, at)])
                else:
                    ways += self._percent(template, node, at)
            return ways
        if isinstance(node.operator, cst.Multiply):
            for text, other in ((node.left, node.right), (node.right, node.left)):
                alternatives = self.pieces(text, at)
                if isinstance(text, (cst.SimpleString, cst.List, cst.Tuple)) or (
                    all_constant(alternatives) and not isinstance(other, cst.SimpleString)
                ):
                    return [self._worst(alternatives)]
        if isinstance(node.operator, cst.Divide) and not (
            self._numeric(node.left, at) or self._numeric(node.right, at)
        ):
            sides = (node.left, node.right)  # of a path
            verdict = Verdict.SAFE if all(self._is_safe(side, at) for side in sides) else Verdict.UNKNOWN
            return [self._unknown(node, at, verdict, _PATH if not verdict else "")]
        # Any other operator needs numbers; what is no number raises.
        return [self._unknown(node, at, Verdict.SAFE, "a number")]

    def _numeric(self, node: cst.CSTNode, at: At) -> bool:
        """Whether an expression is a number, or would fail if it were none."""
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            if any(self._numeric(part, at) for part in operands(node)):
                return True
        elif isinstance(node, (cst.Integer, cst.Float)) or (
            isinstance(node, cst.Call) and dotted(node.func) in _NUMBERS_MADE
        ):
            return True
        kinds = self.types.types(node, at)
        return bool(kinds) and all(kind.type in ("int", "float", "bool") for kind in kinds or ())

    def _percent(self, pieces: Pieces, node: cst.BinaryOperation, at: At) -> list[Pieces]:
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
                parts.append([self._unknown(value or right, at, Verdict.SAFE, "formatted as a number")])
            elif value is None:
                parts.append(self.pieces(right, at))
            else:
                parts.append(self.pieces(value, at))
        parts.append([refilled(template[position:], kept)])
        return self._sequence(parts)

    def _format_argument(
        self, right: cst.BaseExpression, index: int, key: str | None, at: At
    ) -> cst.BaseExpression | None:
        """The expression that fills one `%` of a template."""
        if isinstance(right, cst.Name):
            binding = self._only(right, at)
            if binding and binding.kind == "assign" and not binding.path:
                right = binding.value if isinstance(binding.value, (cst.Tuple, cst.Dict)) else right
        if key is not None:
            if isinstance(right, cst.Dict):
                for element in right.elements:
                    if isinstance(element, cst.DictElement) and _literal(element.key) == key:
                        return element.value
            return None
        if isinstance(right, cst.Tuple):
            plain = all(isinstance(element, cst.Element) for element in right.elements)
            return right.elements[index].value if plain and index < len(right.elements) else None
        return right

    def _dot_format(self, node: cst.Call, receiver: cst.BaseExpression, at: At) -> list[Pieces]:
        """`template.format(…)`."""
        positional = [arg.value for arg in node.args if arg.keyword is None and not arg.star]
        named = {arg.keyword.value: arg.value for arg in node.args if arg.keyword is not None}
        everything: list[cst.CSTNode] = [arg.value for arg in node.args]
        mapping = next((arg.value for arg in node.args if arg.star == "**"), None)
        starred = next((arg.value for arg in node.args if arg.star == "*"), None)
        ways: list[Pieces] = []
        for template in self.pieces(receiver, at):
            if all(isinstance(piece, Hole) for piece in template):
                ways.append(
                    self._hole_of(node, at, [template, *(way for v in everything for way in self.pieces(v, at))])
                )
                continue
            parts = []
            automatic = 0
            kept = holes(template)
            try:
                fields = list(string.Formatter().parse(joined(template, HOLE_MARK)))
            except ValueError:
                return [self._unknown(node, at)]
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
                    parts.append([self._unknown(value or node, at, Verdict.SAFE, "formatted as a number")])
                elif value is None and mapping is not None:
                    parts.append(self._of_mapping(mapping, at))
                elif value is not None and _FIELD.fullmatch(field):
                    parts.append(self._field(value, field.split(".")[1:], at))
                elif value is None and starred is not None:
                    parts.append([self._hole_of(starred, at, self.pieces(starred, at))])
                elif value is None or head != field:
                    parts.append([self._unknown(value or node, at)])
                else:
                    parts.append(self.pieces(value, at))
            ways += self._sequence(parts)
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
            for pieces in self.pieces(made, at)
        ]

    def _of_mapping(self, node: cst.BaseExpression, at: At) -> list[Pieces]:
        """Some value of `**mapping`."""
        inner = node.args[0].value if isinstance(node, cst.Call) and dotted(node.func) == "dict" and node.args else None
        if isinstance(inner, cst.Call) and dotted(inner.func) == "zip" and len(inner.args) == 2:
            return self.pieces(inner.args[1].value, at)
        table = self.dictionary(node, at)
        if table is None:
            return [self._hole_of(node, at, self.pieces(node, at))]
        return [way for _, value, where in table for way in self.pieces(value, where)]

    def _join(self, node: cst.Call, separator: cst.BaseExpression, at: At) -> list[Pieces]:
        """`separator.join(…)`: every kind of element once."""
        if not node.args:
            return [self._unknown(node, at)]
        elements = self.elements(node.args[0].value, at)
        if elements is None:
            called = isinstance(node.args[0].value, (cst.Name, cst.Call))
            whole = self.pieces(node.args[0].value, at) if called else []
            alone = len(whole) == 1 and len(whole[0]) == 1 and isinstance(whole[0][0], Hole)
            return whole if alone else [self._typed(node.args[0].value, at)]
        between = self.pieces(separator, at)
        if not elements:
            return [("",)]
        parts: list[list[Pieces]] = [elements[0]]
        for alternatives in elements[1:MAX_ELEMENTS]:
            parts += [between, alternatives]
        return self._sequence(parts)

    def elements(self, node: cst.CSTNode, at: At) -> list[list[Pieces]] | None:
        """The alternatives of each kind of element that an iterable yields; None where not known."""
        return self.deeper(lambda: self._elements(node, at), None)

    def _elements(self, node: cst.CSTNode, at: At) -> list[list[Pieces]] | None:
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
            found: list[list[Pieces]] = []
            for element in node.elements:
                if isinstance(element, cst.StarredElement):
                    inner = self.elements(element.value, at)
                    if inner is None:
                        return None
                    found += inner
                else:
                    found.append(self.pieces(element.value, at))
            return found
        if isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp)):
            scope = self.lowered.scope_of(node)
            if scope is None:
                return None
            inside = At(scope, scope.body, scopes._END, at.statement)
            return [self.pieces(node.elt, inside)]
        if isinstance(node, cst.Dict):
            keys = [e.key for e in node.elements if isinstance(e, cst.DictElement)]
            return [self.pieces(key, at) for key in keys] if len(keys) == len(node.elements) else None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
            for side in (node.left, node.right):
                if isinstance(side, (cst.List, cst.Tuple, cst.SimpleString)):
                    return self.elements(side, at)
            return None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            return self._together([self.elements(part, at) for part in operands(node)])
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.BitAnd, cst.Subtract)):
            common = isinstance(node.operator, cst.BitAnd)
            return self._common(node.left, [node.right] if common else [], at)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
            return self._together([self.elements(node.left, at), self.elements(node.right, at)])
        if isinstance(node, cst.SimpleString):
            return [self.pieces(node, at)]
        if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Slice):
            return self.elements(node.value, at)
        if isinstance(node, cst.IfExp):
            return self._together([self.elements(node.body, at), self.elements(node.orelse, at)])
        if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.Or):
            return self._together([self.elements(node.left, at), self.elements(node.right, at)])
        checked = (
            self.guards.restricted(node, at, self.assumed) if isinstance(node, (cst.Name, cst.Attribute)) else None
        )
        if checked:
            return [[self._unknown(node, at, Verdict.SAFE, checked)]]
        if isinstance(node, cst.Name):
            known = self._typed_elements(node, at)
            elements = self._elements_of_name(node, at) if known is None else known
            why = by_convention(node.value)
            if elements and why and why != CONSTANT and all(is_open(way) for part in elements for way in part):
                return [[self._unknown(node, at, Verdict.SAFE, why)]]
            return elements
        if isinstance(node, cst.Call):
            return self._elements_of_call(node, at)
        if isinstance(node, cst.Attribute):
            if node.attr.value in FIELD_NAMES:
                return [[self._unknown(node, at, Verdict.SAFE, "the names of a class's fields")]]
            bound = class_bindings(self.types, node, at)
            if bound and all(b.kind == "assign" and not b.path for b in bound):
                return self._together([self._elements_kept(binding) for binding in bound[-MAX_BINDINGS:]])
        return self._typed_elements(node, at)

    def _elements_kept(self, binding: Binding) -> list[list[Pieces]] | None:
        """The elements that an assignment to an attribute put there; what it takes from itself adds nothing."""
        nothing: list[list[Pieces]] | None = []
        return self.once((binding, "elements"), lambda: self.elements(binding.value, binding), nothing)

    def _common(self, node: cst.CSTNode, others: Sequence[cst.CSTNode], at: At) -> list[list[Pieces]] | None:
        """The elements that collections have in common: those of the one that says least against them."""
        known = [found for one in (node, *others) if (found := self.elements(one, at)) is not None]
        return min(
            known, default=None, key=lambda found: badness(self._worst([w for part in found for w in part] or [()]))
        )

    def _typed_elements(self, node: cst.CSTNode, at: At) -> list[list[Pieces]] | None:
        """The elements of a collection whose type says that none can carry text."""
        if self._safe_items(self.types.of(node, at)):
            return [[self._unknown(node, at, Verdict.SAFE, "its elements carry no text by their type")]]
        return None

    def _safe_items(self, values: Sequence[object]) -> bool:
        """Whether these are collections of which no element can carry text."""
        items = [v.item for v in values if isinstance(v, Instance) and v.item and not v.value]
        return bool(items) and len(items) == len(values) and all(map(self._is_safe_instance, items))

    @staticmethod
    def _together(parts: list[list[list[Pieces]] | None]) -> list[list[Pieces]] | None:
        found: list[list[Pieces]] = []
        for part in parts:
            if part is None:
                return None
            found += part
        return found

    def _elements_of_call(self, node: cst.Call, at: At) -> list[list[Pieces]] | None:
        callee = dotted(node.func)
        if callee in HANDS_ON and node.args:
            return self.elements(node.args[0].value, at)
        if callee in ("range", "enumerate"):
            return [[self._unknown(node, at, Verdict.SAFE, "a number")]] if callee == "range" else None
        if callee == "map" and len(node.args) == 2:
            return [self._mapped(node, at)]
        if callee == "filter" and len(node.args) == 2:
            if self.checks.approves(node.args[0].value, at):
                return [[self._unknown(node, at, Verdict.SAFE, Checked(node.args[0].value, at))]]
            return self.elements(node.args[1].value, at)
        if callee in ("chain", "itertools.chain") and all(arg.keyword is None and not arg.star for arg in node.args):
            return self._together([self.elements(arg.value, at) for arg in node.args])
        if (returned := self._elements_returned(node, at)) is not None:
            return returned
        if isinstance(node.func, cst.Attribute):
            method = node.func.attr.value
            if method in ("keys", "split", "splitlines", "copy") and not isinstance(node.func.value, cst.Call):
                if method in ("split", "splitlines"):
                    return None if self._is_module(node.func.value, at) else [self.pieces(node.func.value, at)]
                return self.elements(node.func.value, at)
            if method in ("intersection", "difference", "union") and not any(arg.star for arg in node.args):
                others = [arg.value for arg in node.args]
                if method == "union":
                    return self._together([self.elements(one, at) for one in (node.func.value, *others)])
                return self._common(node.func.value, others if method == "intersection" else [], at)
            if method in ("values", "items"):
                table = self.dictionary(node.func.value, at)
                if table and method == "values":
                    return [self.pieces(value, where) for _, value, where in table]
            if method in ("map", "apply", "transform") and len(node.args) == 1 and node.args[0].keyword is None:
                # of a series or the like, element by element
                return [self._mapped(changed(node, args=(node.args[0], cst.Arg(node.func.value))), at)]
            if dotted(node.func) == "itertools.repeat" and node.args:
                return [self.pieces(node.args[0].value, at)]
        return None

    def _is_module(self, node: cst.CSTNode, at: At) -> bool:
        """Whether a name was imported, so that its methods are functions: `re.split(…)`."""
        binding = self._only(node, at) if isinstance(node, cst.Name) else None
        return binding is not None and binding.kind == "import"

    def _elements_returned(self, node: cst.Call, at: At) -> list[list[Pieces]] | None:
        """The elements of what a function of this module returns or yields; None where not known."""
        function = function_of(self.types, node.func, at)
        if function is None or not isinstance(function.node, cst.FunctionDef):
            return None
        found = self.once((function, "elements"), lambda: self._elements_given(function), None)
        if found is None:
            return None
        return [
            [w for way in part for w in self._sequence([self._passed(p, node, at, function) for p in way])]
            for part in found
        ]

    def _elements_given(self, function: Scope) -> list[list[Pieces]] | None:
        """The elements that a function itself names."""
        found: list[list[Pieces]] = []
        for value, where in function.yielded or function.returns:
            if value is None and not function.yielded:
                continue
            if value is None:
                return None
            inner = [self.pieces(value, where)] if function.yielded else self.elements(value, where)
            if inner is None:
                return None
            found += inner
        return found

    def _mapped(self, node: cst.Call, at: At) -> list[Pieces]:
        """An element of `map(function, …)`."""
        function, collection = node.args[0].value, node.args[1].value
        if isinstance(function, cst.Lambda):
            return self._applied(function, collection, at)
        if isinstance(function, cst.Attribute) and function.attr.value == "format":
            return self._dot_format(changed(node, func=function, args=node.args[1:]), function.value, at)
        if SANITISES.search((dotted(function) or "").rpartition(".")[2]):
            return [self._unknown(node, at, Verdict.SAFE, f"quoted or checked by `{dotted(function)}`")]
        refs = self.types.refs(function, at)
        if refs and all(self._is_safe_call(ref.name) for ref in refs):
            return [self._unknown(node, at, Verdict.SAFE, f"made safe by `{refs[0].name}`")]
        if refs and all(ref.name in self.catalog.names["carries"] for ref in refs):
            inner = self.elements(collection, at)
            if inner is not None:
                return [self._worst([way for part in inner for way in part] or [("",)])]
        returned = self._returned(changed(node, func=function, args=node.args[1:]), at)
        return [self._unknown(node, at)] if returned is None else returned

    def _applied(self, function: cst.Lambda, collection: cst.BaseExpression, at: At) -> list[Pieces]:
        """What a lambda makes of the elements of a collection."""
        scope = self.lowered.scope_of(function)
        if scope is None:
            return [self._unknown(function, at)]
        elements = self.elements(collection, at)
        given = [self._worst([way for part in elements for way in part] or [()])] if elements is not None else None
        return [
            way
            for pieces in self.pieces(function.body, At(scope, scope.body, scopes._END, at.statement))
            for way in self._sequence(
                [
                    given
                    if given is not None and isinstance(piece, Hole) and piece.parameter and piece.parameter[0] is scope
                    else [(piece,)]
                    for piece in pieces
                ]
            )
        ]

    def _elements_of_name(self, node: cst.Name, at: At) -> list[list[Pieces]] | None:
        """A list's literal beginning, and what the function appends to it."""
        found = scopes.lookup(node.value, at)
        if found.where not in ("local", "outer") or not found.bindings:
            return None
        if len(found.bindings) == 1 and found.bindings[0].kind == "for":
            rows = self.rows(node, at)
            return None if rows is None else [self.pieces(row, where) for row, where in rows]
        nothing: list[list[Pieces]] | None = []
        return self.once((node, at.place), lambda: self._elements_bound(node, found.bindings, at), nothing)

    def _elements_bound(self, node: cst.Name, bindings: Sequence[Binding], at: At) -> list[list[Pieces]] | None:
        """The elements that bindings give a name, and what is added to them before a place."""
        elements: list[list[Pieces]] = []
        for binding in bindings:
            value = binding.value
            if binding.kind == "augment":
                inner = self.elements(value.value, binding)
                before = self.deeper(lambda: self._elements_of_name(node, binding), None)  # noqa: B023
                if inner is None or before is None:
                    return None
                elements += before + inner
                continue
            value = unpacked(value, binding.path) if isinstance(value, cst.CSTNode) else None
            if binding.kind not in ("assign", "walrus") or value is None:
                return None
            empty = isinstance(value, cst.Call) and dotted(value.func) == "list" and not value.args
            inner = [] if empty else self.elements(value, binding)
            if inner is None:
                return None
            elements += inner
        grown = self._grown(node.value, bindings[0].scope, at)
        return None if grown is None else elements + grown + self._keys_added(node.value, bindings, at)

    def _keys_added(self, name: str, bindings: Sequence[Binding], at: At) -> list[list[Pieces]]:
        """The keys that assignments may have added to a dictionary before a place."""
        return [
            self.pieces(key, where) for key, _, where in self._added(name, bindings, at) if not isinstance(where, Call)
        ]

    def _added(
        self, name: str, bindings: Sequence[Binding], at: At
    ) -> list[tuple[cst.BaseExpression, cst.BaseExpression, At]]:
        """What assignments may have put under keys of a name before a place."""
        found = list(self._stored.get(name, ()))
        for call in self.methods_called.get(name, ()):
            method = cst.ensure_type(call.node.func, cst.Attribute).attr.value
            args = call.node.args
            if method == "setdefault" and len(args) == 2:
                found.append((args[0].value, args[1].value, call))
            elif method == "update":
                for arg in args:
                    if arg.keyword is not None:
                        found.append((cst.SimpleString(repr(arg.keyword.value)), arg.value, call))
                    elif (table := self.dictionary(arg.value, call)) is not None:
                        found += table
                    else:
                        found.append((arg.value, arg.value, call))
        return [
            row
            for row in found
            if (row[2].scope is not at.scope or row[2].place < at.place or scopes.share_loop(row[2], at))
            and set(bindings).intersection(scopes.lookup(name, row[2]).bindings)
        ]

    def _grown(self, name: str, scope: Scope, at: At) -> list[list[Pieces]] | None:
        """What methods may have added to the list of that name before a place; None where not known."""
        found: list[list[Pieces]] = []
        for call in self.methods_called.get(name, ()):
            func = cst.ensure_type(call.node.func, cst.Attribute)
            if call.scope.function is not scope.function:
                continue
            if call.scope is at.scope and call.place > at.place and not scopes.share_loop(call, at):
                continue
            if func.attr.value in ("append", "add", "insert", "appendleft") and call.node.args:
                found.append(self.pieces(call.node.args[-1].value, call))
            elif func.attr.value == "setdefault" and call.node.args:
                found.append(self.pieces(call.node.args[0].value, call))
            elif func.attr.value in ("extend", "update") and call.node.args:
                inner = self.elements(call.node.args[0].value, call)
                if inner is None:
                    return None
                found += inner
        return found

    # Following names

    def _only(self, node: cst.Name, at: At) -> Binding | None:
        found = scopes.lookup(node.value, at)
        return found.bindings[0] if len(found.bindings) == 1 and found.sure else None

    def _name(self, node: cst.Name, at: At) -> list[Pieces]:
        if node.value in ("True", "False", "None"):
            return [(node.value,)]
        if checked := self.guards.restricted(node, at, self.assumed):
            return [self._unknown(node, at, Verdict.SAFE, checked)]
        found = scopes.lookup(node.value, at)
        if found.where in ("builtin", "spelled", "unknown") or not found.bindings:
            why = by_convention(node.value)
            return [self._unknown(node, at, Verdict.SAFE, why)] if why else [self._typed(node, at)]
        vouched = self.guards.vouched(node.value, at) if len(found.bindings) > 1 else ()
        ways = [
            # What stands alone is called by the name that is used here.
            (pieces[0]._replace(node=node, at=at),) if len(pieces) == 1 and isinstance(pieces[0], Hole) else pieces
            for binding in found.bindings[-MAX_BINDINGS:]
            for pieces in (
                [self._unknown(node, at, Verdict.SAFE, "replaced where it is none of the allowed")]
                if len(found.bindings) > 1 and (binding in vouched or self.guards.replaced(node.value, binding, at))
                else self._binding(binding, node)
            )
        ]
        at_top = all(binding.scope.kind == "module" for binding in found.bindings)
        if (
            at_top
            and is_constant_name(node.value)
            and any(way and isinstance(way[0], Hole) and way[0].verdict < 2 for way in ways)
        ):
            alone = all(len(way) == 1 for way in ways)
            return [self._unknown(node, at, Verdict.SAFE, CONSTANT)] if alone else ways
        if (why := by_convention(node.value)) and why != CONSTANT and all(map(is_open, ways)):
            return [self._unknown(node, at, Verdict.SAFE, why)]
        return ways

    def _binding(self, binding: Binding, node: cst.Name) -> list[Pieces]:
        """The alternatives that one binding gives its name."""
        if binding in self.known:
            return self.known[binding]
        cuts = self.cuts
        cut = [self._unknown(node, binding, Verdict.SAFE, "too much to follow")]
        # a loop that feeds the name into itself adds nothing new
        bound = self.deeper(lambda: self.once(binding, lambda: self._bound(binding, node), [()]), cut)
        found = [
            tuple(piece._replace(source=piece.source or binding) if isinstance(piece, Hole) else piece for piece in way)
            for way in bound
        ]
        if self.cuts == cuts:
            self.known[binding] = found
        return found

    def _augmented(self, binding: Binding, node: cst.Name) -> list[Pieces]:
        """What a name holds after `+=`: a run of them is followed without recursion."""
        parts: list[list[Pieces]] = []
        current = binding
        while len(parts) < MAX_PIECES:
            parts.append(self.pieces(current.value.value, current))
            before = scopes.lookup(node.value, current).bindings
            if len(before) != 1 or before[0].kind != "augment" or before[0] in self.active:
                break
            current = before[0]
        parts.append(self._name(node, current))
        parts.reverse()
        return self._sequence(parts)

    def _bound(self, binding: Binding, node: cst.Name) -> list[Pieces]:
        kind = binding.kind
        if kind == "assign" and isinstance(binding.value, (cst.Integer, cst.Float)) and not binding.path:
            return [(_literal(binding.value),)]
        if self._safe_type(kinds := self.types.binding(binding)):
            return [self._unknown(node, binding, Verdict.SAFE, typed_so(kinds))]
        if kind == "parameter" and self._safe_items(kinds):
            return [self._unknown(node, binding, Verdict.SAFE, "its elements carry no text by their type")]
        if kind in ("assign", "walrus"):
            value = unpacked(binding.value, binding.path)
            if value is not None:
                return self.pieces(value, binding)
            if binding.path and isinstance(binding.value, (cst.Call, cst.Await)):
                call = binding.value.expression if isinstance(binding.value, cst.Await) else binding.value
                returned = self._returned(call, binding, binding.path) if isinstance(call, cst.Call) else None
                if returned is not None:
                    return returned
            if binding.path and isinstance(binding.value, cst.CSTNode):
                whole = self.pieces(binding.value, binding)
                lone = whole[0][0] if len(whole) == 1 and len(whole[0]) == 1 else None
                if isinstance(lone, Hole) and lone.parameter is not None and isinstance(binding.value, cst.Name):
                    return [(lone._replace(node=node, at=binding),)]  # what is passed for it decides
                return [self._hole_of(node, binding, whole)]
        if kind == "augment" and self._numeric(binding.value.value, binding):
            return [self._unknown(node, binding, Verdict.SAFE, "a number")]
        if kind == "augment" and isinstance(binding.value.operator, cst.AddAssign):
            return self._augmented(binding, node)
        if kind == "for" and binding.path is not None:
            return self._looped(binding, node)
        if kind == "with" and isinstance(binding.value, cst.Call):
            refs = self.types.refs(binding.value.func, binding)
            if refs and all(self._is_safe_call(ref.name) for ref in refs):
                return [self._unknown(node, binding, Verdict.SAFE, f"made safe by `{refs[0].name}`")]
        if kind == "import":
            # By the naming convention a constant of another module.
            if is_constant_name(str(binding.value).rpartition(".")[2]):
                return [self._unknown(node, binding, Verdict.SAFE, CONSTANT)]
            return [self._referenced(binding.value, node, binding)]
        if kind == "parameter" and PLACEHOLDERS.search(binding.name):
            return [self._unknown(node, binding, Verdict.SAFE, "placeholders by its name")]
        if kind == "parameter" and _is_converted(binding.scope, binding.name):
            return [self._unknown(node, binding, Verdict.SAFE, "converted by the route to what carries no text")]
        if kind == "parameter" and _is_test(binding.scope):
            return [self._unknown(node, binding, Verdict.SAFE, "given by the test itself")]
        if kind == "parameter" and binding.path is not None:
            parameter = (binding.scope, binding.name)
            return [(Hole(node, Verdict.UNKNOWN, binding, binding, parameter),)]
        return [self._unknown(node, binding)]

    def _looped(self, binding: Binding, node: cst.Name) -> list[Pieces]:
        """What a loop variable takes on, where the loop runs over something written out."""
        rows = self.rows(binding.value, binding)
        if rows:
            ways: list[Pieces] = []
            for row, where in rows:
                value = unpacked(row, binding.path)
                if value is None:
                    return [self._unknown(node, binding)]
                ways += self.pieces(value, where)
            called = (
                function_of(self.types, binding.value.func, binding) if isinstance(binding.value, cst.Call) else None
            )
            if called is not None and isinstance(called.node, cst.FunctionDef):
                return [
                    w
                    for way in ways
                    for w in self._sequence([self._passed(p, binding.value, binding, called) for p in way])
                ]
            return ways or [self._unknown(node, binding, Verdict.SAFE, "the loop runs over nothing")]
        callee = dotted(binding.value.func) if isinstance(binding.value, cst.Call) else None
        if callee == "enumerate" and binding.path and binding.value.args:
            if binding.path == (0,):
                return [self._unknown(node, binding, Verdict.SAFE, "a number")]
            inner = self.elements(binding.value.args[0].value, binding)
        elif callee in ("zip", "itertools.zip_longest") and binding.path and len(binding.path) == 1:
            columns = [arg.value for arg in binding.value.args if arg.keyword is None and not arg.star]
            column = columns[binding.path[0]] if binding.path[0] < len(columns) else None
            inner = None if column is None else self.elements(column, binding)
        elif binding.path:
            inner = None
        else:
            inner = self.elements(binding.value, binding)
        if inner is None and self._is_class(binding.value, binding):
            return [self._unknown(node, binding, Verdict.SAFE, "a member of an enumeration")]
        if inner is None:
            looped = binding.value
            while (within := self._looped_over(looped, binding)) is not None:
                looped = within
            pieces = self.pieces(looped, binding)
            if len(pieces) == 1 and len(pieces[0]) == 1 and isinstance(only := pieces[0][0], Hole) and only.parameter:
                return [(only._replace(node=node, at=binding),)]  # what is passed for it decides
            sets = isinstance(binding.value, cst.BinaryOperation)
            return [self._hole_of(node, binding, pieces if sets else self.pieces(binding.value, binding))]
        return [way for alternatives in inner for way in alternatives] or [()]

    def _is_class(self, node: cst.CSTNode, at: At) -> bool:
        """Whether a name is a class, of this module or by its spelling: only enumerations can be looped over."""
        binding = self._only(node, at) if isinstance(node, cst.Name) else None
        if binding is None:
            return False
        if binding.kind == "class":
            return isinstance(binding.value, Scope) and is_enum(binding.value)
        return binding.kind == "import" and CLASS_NAME.fullmatch(str(binding.value).rpartition(".")[2]) is not None

    def _looped_over(self, node: cst.CSTNode, at: At) -> cst.BaseExpression | None:
        """The collection that a view, a copy in another order, or an operation on sets takes its elements from."""
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.BitAnd, cst.BitOr, cst.Subtract)):
            known = isinstance(node.operator, cst.BitOr) and self.elements(node.left, at) is not None
            return node.right if known else node.left
        if not isinstance(node, cst.Call):
            return None
        if isinstance(node.func, cst.Attribute):
            views = node.func.attr.value in ("items", "keys", "values", "copy") and not node.args
            return node.func.value if views else None
        plain = len(node.args) == 1 and not node.args[0].star
        return node.args[0].value if plain and dotted(node.func) in COUNTS_OR_HANDS_ON else None

    def rows(self, node: cst.CSTNode, at: At) -> list[tuple[cst.BaseExpression, At]] | None:
        """The items of something written out: a literal, what was appended to it, pairs of a dictionary, `zip`."""
        return self.deeper(lambda: self._rows(node, at), None)

    def _rows(self, node: cst.CSTNode, at: At) -> list[tuple[cst.BaseExpression, At]] | None:
        if isinstance(node, cst.Call):
            return self._rows_of_call(node, at)
        if isinstance(node, (cst.Name, cst.Attribute)):
            bound = (
                scopes.lookup(node.value, at).bindings
                if isinstance(node, cst.Name)
                else class_bindings(self.types, node, at)
            )
            if not bound or len(bound) != 1:
                return None
            return self.once((bound[0], "rows"), lambda: self._rows_bound(node, bound[0], at), None)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            parts = [self.rows(part, at) for part in operands(node)]
            known = [part for part in parts if part is not None]
            return [row for part in known for row in part] if len(known) == len(parts) else None
        if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Slice):
            return self.rows(node.value, at)
        if isinstance(node, cst.Dict):
            keys = [(e.key, at) for e in node.elements if isinstance(e, cst.DictElement)]
            return keys if keys and len(keys) == len(node.elements) else None
        if isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp)):
            scope = self.lowered.scope_of(node)
            return None if scope is None else [(node.elt, At(scope, scope.body, scopes._END, at.statement))]
        if not isinstance(node, (cst.List, cst.Tuple, cst.Set)):
            return None
        found: list[tuple[cst.BaseExpression, At]] = []
        for element in node.elements:
            inner = self.rows(element.value, at) if isinstance(element, cst.StarredElement) else [(element.value, at)]
            if inner is None:
                return None
            found += inner
        return found

    def _rows_bound(
        self, node: cst.Name | cst.Attribute, binding: Binding, at: At
    ) -> list[tuple[cst.BaseExpression, At]] | None:
        """The items of what a name or attribute is bound to, and what is added to them before a place."""
        if binding.kind == "for" and binding.path is not None:
            return self._rows_of_rows(binding)
        if binding.kind != "assign" or binding.path:
            return None
        rows = self.rows(binding.value, binding)
        if isinstance(node, cst.Attribute):
            return rows
        if rows is None:
            table = self.dictionary(node, at)
            return None if table is None else [(key, where) for key, _, where in table]
        added = self._appended(node.value, binding, at)
        return None if added is None else rows + added

    def _rows_of_rows(self, binding: Binding) -> list[tuple[cst.BaseExpression, At]] | None:
        """The items of what a loop takes out of something written out."""
        found: list[tuple[cst.BaseExpression, At]] = []
        for row, where in self.rows(binding.value, binding) or ():
            value = unpacked(row, binding.path)
            inner = None if value is None else self.rows(value, where)
            if inner is None:
                return None
            found += inner
        return found[:MAX_PIECES] or None

    def _appended(self, name: str, binding: Binding, at: At) -> list[tuple[cst.BaseExpression, At]] | None:
        """What `append` and the like add to a list before a place; None where not known."""
        found: list[tuple[cst.BaseExpression, At]] = []
        for call in self.methods_called.get(name, ()):
            method = cst.ensure_type(call.node.func, cst.Attribute).attr.value
            if method not in ("append", "add", "insert", "appendleft", "extend", "update"):
                continue
            if call.scope.function is not binding.scope.function:
                if binding in scopes.lookup(name, call).bindings:
                    return None
                continue  # another's of that name
            if not call.node.args:
                return None
            if call.scope is at.scope and call.place > at.place and not scopes.share_loop(call, at):
                continue
            if method in ("extend", "update"):
                inner = self.rows(call.node.args[0].value, call)
                if inner is None:
                    return None
                found += inner
            else:
                found.append((call.node.args[-1].value, call))
        return found

    def _rows_of_call(self, node: cst.Call, at: At) -> list[tuple[cst.BaseExpression, At]] | None:
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in ("items", "keys", "values", "copy"):
            method = node.func.attr.value
            table = self.dictionary(node.func.value, at)
            if table is None:
                return self.rows(node.func.value, at) if method == "copy" else None
            if method == "items":
                return [(cst.Tuple([cst.Element(key), cst.Element(value)]), where) for key, value, where in table]
            return [(value if method == "values" else key, where) for key, value, where in table]
        function = function_of(self.types, node.func, at)
        if function is not None and isinstance(function.node, cst.FunctionDef) and not function.yields:
            return self.once((function, "rows"), lambda: self._rows_returned(function), None)
        callee = (dotted(node.func) or "").rpartition(".")[2]
        plain = node.args and all(arg.keyword is None and not arg.star for arg in node.args[:1])
        if not plain:
            return None
        if callee in COUNTS_OR_HANDS_ON:
            rows = self.rows(node.args[0].value, at)
            if rows is None or callee != "enumerate":
                return rows
            return [(cst.Tuple([cst.Element(cst.Integer("0")), cst.Element(row)]), where) for row, where in rows]
        if callee in ("zip", "product", "chain"):
            columns = [_counted(arg.value, at) or self.rows(arg.value, at) for arg in node.args if arg.keyword is None]
            known = [column for column in columns if column is not None]
            if len(known) != len(columns):
                return None
            if callee == "chain":
                return [row for column in known for row in column]
            ways = zip(*known, strict=False) if callee == "zip" else itertools.product(*known)
            return [
                (cst.Tuple([cst.Element(value) for value, _ in way]), way[0][1])
                for way in itertools.islice(ways, MAX_PIECES)
                if all(where.scope.function is way[0][1].scope.function for _, where in way) or _all_literal(way)
            ] or None
        return None

    def _rows_returned(self, function: Scope) -> list[tuple[cst.BaseExpression, At]] | None:
        """The items of what a function of this module returns, where they are written out."""
        found: list[tuple[cst.BaseExpression, At]] = []
        for value, where in function.returns:
            inner = None if value is None else self.rows(value, where)
            if inner is None:
                return None
            found += inner
        return found or None

    def dictionary(self, node: cst.CSTNode, at: At) -> list[tuple[cst.BaseExpression, cst.BaseExpression, At]] | None:
        """The rows of a literal dictionary, directly or through a name bound once."""
        return self.deeper(lambda: self._dictionary(node, at), None)

    def _dictionary(self, node: cst.CSTNode, at: At) -> list[tuple[cst.BaseExpression, cst.BaseExpression, At]] | None:
        if isinstance(node, cst.Call) and dotted(node.func) == "dict" and node.args:
            named = [(arg.keyword, arg.value, at) for arg in node.args if arg.keyword is not None]
            plain = [(cst.SimpleString(repr(key.value)), value, where) for key, value, where in named]
            return list(plain) if len(plain) == len(node.args) else None
        if isinstance(node, cst.DictComp):
            scope = self.lowered.scope_of(node)
            return None if scope is None else [(node.key, node.value, At(scope, scope.body, scopes._END, at.statement))]
        if isinstance(node, cst.Dict):
            rows = [(e.key, e.value, at) for e in node.elements if isinstance(e, cst.DictElement)]
            return rows if rows and len(rows) == len(node.elements) else None
        bound: Sequence[Binding] | None = None
        if isinstance(node, cst.Name):
            bound = scopes.lookup(node.value, at).bindings
        elif isinstance(node, cst.Attribute):
            bound = class_bindings(self.types, node, at)
            if bound and len(bound) == 1 and bound[0].kind == "def":
                return self._table_of_property(bound[0].value)
        if bound and len(bound) == 1 and bound[0].kind == "assign" and not bound[0].path:
            return self.once((bound[0], "table"), lambda: self._table_bound(node, bound[0], at), None)
        return None

    def _table_bound(
        self, node: cst.CSTNode, binding: Binding, at: At
    ) -> list[tuple[cst.BaseExpression, cst.BaseExpression, At]] | None:
        """The rows of the dictionary that a name or attribute is bound to, and what is added before a place."""
        written = self.dictionary(binding.value, binding)
        added = self._added(node.value, [binding], at) if isinstance(node, cst.Name) else []
        if written is None and not (added and _is_empty_dictionary(binding.value)):
            return None
        return ((written or []) + added)[:MAX_PIECES]

    def _table_of_property(self, function: Scope) -> list[tuple[cst.BaseExpression, cst.BaseExpression, At]] | None:
        """The rows of the dictionaries that a property returns, where all are written out."""
        if not does(decorators_of(function), "reads", self.catalog):
            return None
        return self.once((function, "table"), lambda: self._table_returned(function), None)

    def _table_returned(self, function: Scope) -> list[tuple[cst.BaseExpression, cst.BaseExpression, At]] | None:
        """The rows of the dictionaries that a function returns, where all are written out."""
        tables = [None if value is None else self.dictionary(value, where) for value, where in function.returns]
        known = [table for table in tables if table is not None]
        return [row for table in known for row in table] if known and len(known) == len(tables) else None

    def _attribute(self, node: cst.Attribute, at: At) -> list[Pieces]:
        if checked := self.guards.restricted(node, at, self.assumed):
            return [self._unknown(node, at, Verdict.SAFE, checked)]
        name = node.attr.value
        if name in SAFE_ATTRIBUTES:
            return [self._unknown(node, at, Verdict.SAFE, "a name or number that drivers, models or Python give")]
        bound = class_bindings(self.types, node, at)
        if bound and all(b.kind in ("assign", "annotate", "augment") for b in bound):
            ways: list[Pieces] = []
            for binding in bound[-MAX_BINDINGS:]:
                if self._safe_type(kinds := self.types.binding(binding)):
                    ways.append(self._unknown(node, at, Verdict.SAFE, typed_so(kinds)))
                elif binding.kind == "assign" and not binding.path:
                    ways += self._kept(binding, node, at)
                    if _is_field(binding, self.catalog):  # a constructor that nobody wrote out sets it, too
                        ways.append((Hole(node, Verdict.UNKNOWN, at, binding, None, attribute=True),))
                elif binding.kind == "augment" and self._numeric(binding.value.value, binding):
                    ways.append(self._unknown(node, at, Verdict.SAFE, "a number"))
                elif binding.kind != "annotate":
                    ways.append(self._unknown(node, at))
            if ways and (by_convention(name) in ("", CONSTANT) or not all(map(is_open, ways))):
                return ways
        if why := by_convention(name):
            return [self._unknown(node, at, Verdict.SAFE, why)]
        owner = self.types.of(node.value, at)
        if checked := self.guards.restricted(node.value, at, self.assumed):
            return [self._unknown(node, at, Verdict.SAFE, checked)]
        if self._safe_type(owner) or (name in ("value", "name") and self._is_member(node.value, at)):
            return [self._unknown(node, at, Verdict.SAFE, "of a number, or a member of an enumeration")]
        inner = self.pieces(node.value, at)
        if all(len(way) == 1 and isinstance(way[0], Hole) and way[0].verdict is Verdict.SAFE for way in inner):
            return [self._unknown(node, at, Verdict.SAFE, "an attribute of what is safe")]
        refs = self.types.refs(node, at)
        if refs and not any(ref.spelled for ref in refs):
            ((hole,),) = [self._referenced(refs[0].name, node, at)]
            return [(hole._replace(attribute=True) if isinstance(hole, Hole) else hole,)]
        tainted = any(isinstance(p, Hole) and p.verdict is Verdict.TAINTED for pieces in inner for p in pieces)
        if tainted:
            return [self._unknown(node, at, Verdict.TAINTED)]
        hole = Hole(node, Verdict.UNKNOWN, at, None, None, attribute=True)
        if not self._safe_type(kinds := self.types.of(node, at)):
            return [(hole,)]
        return [(hole._replace(verdict=Verdict.SAFE, why=typed_so(kinds)),)]

    def _is_member(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an expression is a member of an enumeration: by its class, or by the convention of its name."""
        if isinstance(node, cst.Attribute) and is_constant_name(node.attr.value):
            return True
        if any(isinstance(v, Instance) and KINDS.search(v.type) for v in self.types.of(node, at)):
            return True
        inner = node.value if isinstance(node, (cst.Attribute, cst.Subscript)) else node
        return any(isinstance(v, Local) and is_enum(v.scope) for v in self.types.of(inner, at))

    def _kept(self, binding: Binding, node: cst.Attribute, at: At) -> list[Pieces]:
        """What an assignment to an attribute put there; holes are seen as the attribute."""
        nothing: list[Pieces] = [()]
        return [
            tuple(
                Hole(node, p.verdict, at, binding, None, True, p.why) if isinstance(p, Hole) and len(pieces) == 1 else p
                for p in pieces
            )
            for pieces in self.once((binding, "kept"), lambda: self.pieces(binding.value, binding), nothing)
        ]

    def _subscript(self, node: cst.Subscript, at: At) -> list[Pieces]:
        table = self.dictionary(node.value, at)
        if table is not None:
            wanted = node.slice[0].slice.value if isinstance(node.slice[0].slice, cst.Index) else None
            if isinstance(wanted, cst.SimpleString):
                plain = (cst.SimpleString, cst.Integer)
                named = [r for r in table if not isinstance(r[0], plain) or _literal(r[0]) == _literal(wanted)]
                table = named or table
            return [way for _, value, where in table for way in self.pieces(value, where)]
        fields = self._fields(node, at)
        if fields:
            return [way for value, where in fields for way in self.pieces(value, where)]
        rows = self.rows(node.value, at)
        if rows:
            return [way for row, where in rows for way in self.pieces(row, where)]
        if self._safe_type(kinds := self.types.of(node, at)):
            return [self._unknown(node, at, Verdict.SAFE, typed_so(kinds))]
        if checked := self.guards.restricted(node, at, self.assumed):
            return [self._unknown(node, at, Verdict.SAFE, checked)]
        refs = self.types.refs(node.value, at)
        if refs:
            return [self._referenced(refs[0].name, node, at)]
        inner = self.pieces(node.value, at)
        if isinstance(node.slice[0].slice, cst.Slice):
            return inner
        lone = inner[0][0] if len(inner) == 1 and len(inner[0]) == 1 else None
        if isinstance(lone, Hole) and lone.parameter is not None and lone.parameter[0].kind == "lambda":
            return [(lone._replace(node=node, at=at),)]
        return [self._hole_of(node, at, inner)]

    def _fields(self, node: cst.Subscript, at: At) -> list[tuple[cst.BaseExpression, At]] | None:
        """`row["key"]` or `row[1]` of a loop variable that runs over literal rows."""
        inner = node.value
        key = node.slice[0].slice.value if isinstance(node.slice[0].slice, cst.Index) else None
        if not isinstance(inner, cst.Name) or not isinstance(key, (cst.SimpleString, cst.Integer)):
            return None
        bound = scopes.lookup(inner.value, at).bindings
        if len(bound) != 1 or bound[0].kind != "for" or bound[0].path is None:
            return None
        found: list[tuple[cst.BaseExpression, At]] = []
        for row, where in self.rows(bound[0].value, bound[0]) or ():
            whole = unpacked(row, bound[0].path)
            table = self.dictionary(whole, where) if isinstance(whole, (cst.Dict, cst.Call)) else None
            if table is not None:
                found += [(value, place) for name, value, place in table if _literal(name) == _literal(key)]
            elif isinstance(key, cst.Integer) and isinstance(whole, (cst.Tuple, cst.List)):
                part = unpacked(whole, (integer_value(key),))
                if not isinstance(part, cst.BaseExpression):
                    return None
                found.append((part, where))
            else:
                return None
        return found

    # Calls

    def _returned(self, node: cst.Call, at: At, path: tuple[int, ...] = ()) -> list[Pieces] | None:
        """What a function of this module returns to a call; None where that says no more than that it is unknown."""
        function = function_of(self.types, node.func, at)
        if function is None or not isinstance(function.node, cst.FunctionDef):
            return None
        ways = self.once(function, lambda: self._ways_returned(function, node, at, path), None)
        if ways is None:
            return None
        lone = [way[0] for way in ways if len(way) == 1 and isinstance(way[0], Hole)]
        if not ways or any(hole.verdict is Verdict.UNKNOWN for hole in lone):
            return None
        return ways

    def _ways_returned(self, function: Scope, node: cst.Call, at: At, path: tuple[int, ...]) -> list[Pieces] | None:
        """The alternatives of what a function returns to a call, `None` aside; None where one of them is not known."""
        ways: list[Pieces] = []
        for value, where in function.returns:
            taken = unpacked(value, path) if value is not None else None
            if taken is None:
                if value is None or dotted(value) == "None":
                    continue
                return None
            for pieces in self.pieces(taken, where):
                ways += self._sequence([self._passed(piece, node, at, function) for piece in pieces])
        return ways

    def _passed(self, piece: Piece, node: cst.Call, at: At, function: Scope) -> list[Pieces]:
        """A piece of what a function returns, with what a call passes for its parameters."""
        if isinstance(piece, str) or piece.parameter is None or piece.parameter[0] is not function:
            return [(piece,)]
        name = piece.parameter[1]
        value = passed_value(self.types, node, at, function, name)
        if value is not None:
            return self.pieces(value, at)
        if any(arg.star for arg in node.args) or function.entry is None:
            return [(piece,)]
        default = default_of(function, name)
        return [(piece,)] if default is None else self.pieces(default, function.entry)

    def _call(self, node: cst.Call, at: At) -> list[Pieces]:
        func = node.func
        if isinstance(func, cst.Attribute):
            if self._safe_type(self.types.of(func.value, at)):
                return [self._unknown(node, at, Verdict.SAFE)]  # a driver's own composition
            built = self._method(node, func, at)
            if built is not None:
                return built
        callee = dotted(func) or ""
        if callee in REMADE and node.args:
            elements = self.elements(node.args[0].value, at)
            if elements is not None:
                return [self._worst([way for part in elements for way in part] or [("",)])]
        if callee in HANDS_ON and node.args:
            return [self._hole_of(node, at, self.pieces(node.args[0].value, at))]
        refs = self.types.refs(func, at)
        if refs:
            name = refs[0].name
            plain = len(node.args) == 3 and isinstance(node.args[1].value, cst.SimpleString)
            if name == "re.sub" and plain and CLEANS.match(_literal(node.args[0].value)):
                return [self._unknown(node, at, Verdict.SAFE, "`re.sub` leaves no quotes in it")]
            if all(self._is_safe_call(ref.name) for ref in refs):
                return [self._unknown(node, at, Verdict.SAFE, f"made safe by `{name}`")]
            if all(self.catalog.has("source", ref.name) for ref in refs):
                return [self._unknown(node, at, Verdict.TAINTED, from_outside(name))]
            if name == "os.path.join" and all(not arg.star and self._is_safe(arg.value, at) for arg in node.args):
                return [self._unknown(node, at, Verdict.SAFE, _PATH)]
            if name == "next" and node.args and self._counts(node.args[0].value, at):
                return [self._unknown(node, at, Verdict.SAFE, "a number")]
            if name == "next" and node.args and (taken := self.elements(node.args[0].value, at)) is not None:
                ways = [way for part in taken for way in part]
                return ways + [way for arg in node.args[1:2] for way in self.pieces(arg.value, at)] or [()]
            if name in ("max", "min") and len(node.args) > 1:
                return [way for arg in node.args for way in self.pieces(arg.value, at)]
            if node.args and name in self.catalog.names["carries"]:
                return self.pieces(node.args[0].value, at)
        if self._safe_type(kinds := self.types.of(node, at)):
            return [self._unknown(node, at, Verdict.SAFE, typed_so(kinds))]
        local = self._validated(node, at)
        if local:
            return [self._unknown(node, at, Verdict.SAFE, f"quoted or checked by `{dotted(func)}`")]
        returned = self._returned(node, at)
        if returned is not None:
            return returned
        if isinstance(func, cst.Attribute):
            if func.attr.value in ("split", "rsplit", "partition", "rpartition", "splitlines"):
                return [self._unknown(node, at)] if self._is_module(func.value, at) else self.pieces(func.value, at)
            if MADE_SAFE.match(func.attr.value) or self._is_match(func, at):
                return [self._unknown(node, at, Verdict.SAFE, f"made safe by `{func.attr.value}`")]
            if func.attr.value == "sql" and all(arg.keyword is not None for arg in node.args):
                return [self._unknown(node, at, Verdict.SAFE, "SQL that a library writes")]
            if func.attr.value == "translate" and len(node.args) == 1:
                return [self._unknown(node, at, Verdict.SAFE, "its characters are replaced by a table")]
            if func.attr.value == "strftime" and node.args and self._is_fixed(node.args[-1].value, at):
                return [self._unknown(node, at, Verdict.SAFE, "a date in a fixed form")]
            inner = [piece for way in self.pieces(func.value, at) for piece in way]
            verdicts = [piece.verdict for piece in inner if isinstance(piece, Hole)]
            if verdicts and (max(verdicts) is Verdict.TAINTED or (len(inner) == len(verdicts) and not max(verdicts))):
                return [self._unknown(node, at, max(verdicts))]
        return [self._unknown(node, at)]

    def _is_fixed(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an expression is what this module or another one writes out."""
        found = self._only(node, at) if isinstance(node, cst.Name) else None
        return (found is not None and found.kind == "import") or self._is_safe(node, at)

    def _is_safe(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether nothing in the text of an expression is unknown."""
        return not any(hole.verdict for pieces in self.pieces(node, at) for hole in holes(pieces))

    def _counts(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an iterator is an `itertools.count()`."""
        where: At = at
        if isinstance(node, cst.Name):
            binding = self._only(node, at)
            if binding is None or binding.path or not isinstance(binding.value, cst.Call):
                return False
            node, where = binding.value, binding
        refs = self.types.refs(node.func, where) if isinstance(node, cst.Call) else None
        return bool(refs) and all(ref.name == "itertools.count" for ref in refs or ())

    def _is_match(self, func: cst.Attribute, at: At) -> bool:
        """Whether `found.group` belongs to the match of a whole text."""
        binding = self._only(func.value, at) if isinstance(func.value, cst.Name) else None
        if binding is None or not isinstance(binding.value, cst.Call) or func.attr.value not in ("group", "groups"):
            return False
        method = (dotted(binding.value.func) or "").rpartition(".")[2]
        return method in ("fullmatch", "match") and matches_whole(method, binding.value)

    def _is_safe_call(self, name: str) -> bool:
        return self.catalog.has("safe", name) or self.purpose in self.catalog.validators.get(name, ())

    def _validated(self, node: cst.Call, at: At) -> bool:
        """A function whose own name says that it quotes, escapes or checks, or that the project lists."""
        name = dotted(node.func) or ""
        for known, purposes in self.catalog.validators.items():
            if self.purpose in purposes and "." in known and name and known.endswith(f".{name}"):
                return True
        last = name.rpartition(".")[2]
        return bool(SANITISES.search(last) or PLACEHOLDERS.search(last))

    def _method(self, node: cst.Call, func: cst.Attribute, at: At) -> list[Pieces] | None:
        """The string methods that build text; None for any other."""
        method = func.attr.value
        receiver = func.value
        if method == "format":
            if dotted(receiver) == "str" and node.args:
                return self._dot_format(changed(node, args=node.args[1:]), node.args[0].value, at)
            return self._dot_format(node, receiver, at)
        if method == "format_map" and node.args:
            return self._sequence([self.pieces(receiver, at), [self._unknown(node.args[0].value, at)]])
        if method == "join" and len(node.args) == 1:
            return self._join(node, receiver, at)
        if method == "replace" and len(node.args) >= 2:
            return self._replaced(node, receiver, at)
        if method in ("substitute", "safe_substitute"):
            return self._substituted(node, receiver, at)
        if method in KEEPS_TEXT:
            return self.pieces(receiver, at)
        if method == "get" and node.args:
            table = self.dictionary(receiver, at)
            if table is not None:
                ways = [way for _, value, where in table for way in self.pieces(value, where)]
                for default in node.args[1:2]:
                    ways += self.pieces(default.value, at)
                return ways
        return None

    def _substituted(self, node: cst.Call, receiver: cst.BaseExpression, at: At) -> list[Pieces] | None:
        """`string.Template(text).substitute(…)`."""
        where = at
        if isinstance(receiver, cst.Name) and (binding := self._only(receiver, at)):
            receiver, where = binding.value, binding
        if not isinstance(receiver, cst.Call) or not receiver.args:
            return None
        named = {arg.keyword.value: arg.value for arg in node.args if arg.keyword is not None}
        ways: list[Pieces] = []
        for template in self.pieces(receiver.args[0].value, where):
            parts: list[list[Pieces]] = []
            for index, text in enumerate(_DOLLAR.split(joined(template, "?"))):
                value = named.get(text) if index % 2 else None
                parts.append(self.pieces(value, at) if value else [(self._unknown(node, at) if index % 2 else (text,))])
            ways += self._sequence(parts)
        return ways

    def _replaced(self, node: cst.Call, receiver: cst.BaseExpression, at: At) -> list[Pieces]:
        old, new = (self.pieces(arg.value, at) for arg in node.args[:2])
        for pair in _QUOTE_DOUBLING:
            if old == [(pair[0],)] and new in ([(pair[1],)], [("",)]):
                return [self._unknown(node, at, Verdict.SAFE, "its quotes are doubled or taken out")]
        before = self.pieces(receiver, at)
        if all_constant(new):
            return before
        if not all_constant(old) or not all_constant(before):
            return self._sequence([before, new])
        ways = []
        for pieces in before:
            parts: list[list[Pieces]] = []
            for index, text in enumerate("".join(pieces).split("".join(old[0]) or "\0")):  # type: ignore[arg-type]
                if index:
                    parts.append(new)
                parts.append([(text,)])
            ways += self._sequence(parts)
        return ways

    def builders(self, node: cst.CSTNode, at: At) -> list[Binding]:
        """The assignments that a name's text was put together in, in order; none for an expression."""
        found: list[Binding] = []
        pending: list[tuple[cst.CSTNode, At]] = [(node, at)]
        while pending and len(found) < MAX_ALTERNATIVES:
            expression, where = pending.pop()
            if not isinstance(expression, cst.Name):
                continue
            for binding in scopes.lookup(expression.value, where).bindings:
                if binding in found or not isinstance(binding.value, cst.CSTNode):
                    continue
                if binding.kind == "augment":
                    pending.append((expression, binding))
                elif binding.kind not in ("assign", "walrus"):
                    continue
                else:
                    pending.append((binding.value, binding))
                if not isinstance(binding.value, (cst.Name, cst.SimpleString)):
                    found.append(binding)
        return sorted(found, key=lambda binding: binding.place)

    # Verdicts without text

    def _typed(self, node: cst.CSTNode, at: At) -> Pieces:
        """One hole, judged by the expression's type."""
        if self._safe_type(kinds := self.types.of(node, at)):
            return self._unknown(node, at, Verdict.SAFE, typed_so(kinds))
        if self._typed_elements(node, at):
            return self._unknown(node, at, Verdict.SAFE, "its elements carry no text by their type")
        refs = self.types.refs(node, at) if isinstance(node, (cst.Name, cst.Attribute)) else None
        if refs and not refs[0].spelled:
            return self._referenced(refs[0].name, node, at)
        return self._unknown(node, at)

    def _referenced(self, name: str, node: cst.CSTNode, at: At) -> Pieces:
        """A value of another module."""
        head = name
        while head:
            if head in self.catalog.names["source"]:
                return self._unknown(node, at, Verdict.TAINTED, from_outside(head))
            head = head.rpartition(".")[0]
        if any(map(is_constant_name, name.split(".")[1:])) or MEMBER_NAME.search(name):
            return self._unknown(node, at, Verdict.SAFE, CONSTANT)
        return self._unknown(node, at)

    def _safe_type(self, values: Sequence[object]) -> bool:
        return bool(values) and all(
            isinstance(value, Instance) and self._is_safe_instance(value.type) for value in values
        )

    def _is_safe_instance(self, kind: str) -> bool:
        if kind in ("int", "float", "bool", "typing.Literal", "typing_extensions.Literal") or SIZED_INTEGERS.search(
            kind
        ):
            return True
        if kind.startswith("<"):
            scope = self.types.classes.get(kind)
            return scope is not None and is_enum(scope)
        if ENUMERATIONS.search(kind):
            return True
        return self.catalog.is_a(kind, "safe_type") or self.catalog.has("safe", kind)


def _is_field(binding: Binding, catalog: Catalog) -> bool:
    """Whether an assignment in a class body is the default of a field: of a dataclass, a model, settings."""
    owner = binding.scope.node
    if binding.annotation is None or not isinstance(owner, cst.ClassDef):
        return False
    outer = binding.annotation.value if isinstance(binding.annotation, cst.Subscript) else binding.annotation
    if (dotted(outer) or "").rpartition(".")[2] in ("ClassVar", "Final"):
        return False
    return does(owner.decorators, "fields", catalog) or any(
        MODELS.search(dotted(base.value) or "") for base in owner.bases
    )


def _is_empty_dictionary(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Call):
        return not node.args and dotted(node.func) in ("dict", "OrderedDict", "collections.OrderedDict")
    return isinstance(node, cst.Dict) and not node.elements


def _counted(node: cst.CSTNode, at: At) -> list[tuple[cst.BaseExpression, At]] | None:
    """What stands for the numbers that `range` counts."""
    if isinstance(node, cst.Call) and dotted(node.func) in ("range", "itertools.count", "count"):
        return [(cst.Integer("0"), at)]
    return None


def _is_converted(function: Scope, name: str) -> bool:
    """Whether a route above a function says that a parameter is a number: `/<int:user_id>`, `/{user_id:int}`."""
    for decorator in decorators_of(function):
        called = decorator.decorator
        for arg in called.args if isinstance(called, cst.Call) else ():
            for found in CONVERTED.finditer(_literal(arg.value)) if isinstance(arg.value, cst.SimpleString) else ():
                if name in (found[2], found[3]):
                    return True
    return False


def _is_test(function: Scope) -> bool:
    """Whether a test runner calls a function, with what the tests themselves say."""
    return function.name.startswith("test_") or any(
        decorator_name(decorator) in ("parametrize", "given", "fixture") for decorator in decorators_of(function)
    )


#: What drivers count, what Python itself names, and the names that models declare.
_NUMBERS_MADE = frozenset(["len", "int", "float", "sum", "round", "abs", "ord"])
_DOLLAR = re.compile(r"\$\{?(\w+)\}?")


def _literal(node: cst.CSTNode) -> str:
    """The text of a literal."""
    if isinstance(node, cst.SimpleString):
        value = string_value(node)
        return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    value = getattr(node, "value", "")
    return value if isinstance(value, str) else ""


def _unescaped(text: str) -> str:
    """The text of an f-string's literal part, its escapes read."""
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


#: The codec warns of all others, and leaves them as they are.
_ESCAPE = re.compile(
    r"""\\(?:[\\'"abfnrtv\n]|[0-3]?[0-7]{1,2}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}\n]+\})"""
)


def _escaped(found: re.Match[str]) -> str:
    """What an escape sequence stands for."""
    try:
        return found[0].encode("latin-1").decode("unicode_escape")
    except UnicodeError:
        return found[0]


def _all_literal(way: Sequence[tuple[cst.BaseExpression, At]]) -> bool:
    """Whether it does not matter where these expressions stand."""
    return all(isinstance(value, (cst.SimpleString, cst.Integer, cst.Tuple, cst.List)) for value, _ in way)
