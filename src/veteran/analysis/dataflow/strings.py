"""Where text comes from: the literal parts and the holes of a string, followed through one function.

A value is a list of alternatives, each a sequence of pieces: text, or a hole that something fills. A hole
is safe (cannot carry text of its own), unknown, or tainted (comes from outside). What cannot be followed
is one unknown hole, so cost is bounded by the size of what is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import libcst as cst

from veteran.analysis.dataflow.collections import Collections, is_imported
from veteran.analysis.dataflow.conventions import (
    CLEANS,
    CONSTANT,
    MADE_SAFE,
    PLACEHOLDERS,
    SAFE_ATTRIBUTES,
    by_convention,
    from_outside,
    is_constant_name,
    typed_so,
)
from veteran.analysis.dataflow.displays import Displays
from veteran.analysis.dataflow.safe_values import SafeValues, is_converted, is_field, is_test
from veteran.analysis.dataflow.sanitizers import Guards
from veteran.analysis.dataflow.templates import Templates
from veteran.analysis.dataflow.text import (
    MAX_ALTERNATIVES,
    MAX_BINDINGS,
    MAX_PIECES,
    Hole,
    Piece,
    Pieces,
    Verdict,
    all_constant,
    holes,
    is_open,
    literal_text,
    one_hole,
    part_of,
    pieces_key,
    sequence,
    worst,
)
from veteran.analysis.dataflow.validators import Checks
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import At, Binding, Lowered, Scope
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import changed, operands
from veteran.analysis.syntax.python import HANDS_ON, REMADE
from veteran.analysis.types.calls import class_bindings, default_of, function_of, passed_value, unpacked
from veteran.analysis.types.inference import Types

_PATH = "a path whose parts are all safe"
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


class Flow:
    """Follows values within one module."""

    def __init__(self, lowered: Lowered, types: Types) -> None:
        self.lowered = lowered
        self.types = types
        self.catalog = types.catalog
        self.following = Following()
        self.known: dict[Binding, list[Pieces]] = {}
        self.safe = SafeValues(types)
        self.displays = Displays(lowered, types, self.following)
        self.guards = Guards(
            types, self.safe.is_safe_instance, lambda: self.checks, self.is_literal, self.displays.rows
        )
        self.templates = Templates(self, self.displays, self.safe)
        self.collections = Collections(self, self.displays, self.safe, self.templates)
        self.assumed: list[tuple[cst.BaseExpression, bool]] = []  # tests of conditional expressions around us

    @cached_property
    def checks(self) -> Checks:
        """What the functions of the module check."""
        return Checks(self.types, self.guards, self.following)

    def is_literal(self, node: cst.CSTNode, at: At) -> bool:
        """Whether an expression is nothing but text that the program writes out."""
        cuts = self.following.cuts
        alternatives = self.pieces(node, at)
        return self.following.cuts == cuts and all_constant(alternatives) and alternatives != [()]

    def pieces(self, node: cst.CSTNode, at: At) -> list[Pieces]:
        """The alternatives for the text of an expression."""
        found = self.following.deeper(
            lambda: self._pieces(node, at), [one_hole(node, at, Verdict.SAFE, "too much to follow")]
        )
        unique = list({pieces_key(pieces): pieces[:MAX_PIECES] for pieces in found}.values())
        return unique if len(unique) <= MAX_ALTERNATIVES else [worst(unique)]

    def _pieces(self, node: cst.CSTNode, at: At) -> list[Pieces]:
        if isinstance(node, (cst.SimpleString, cst.Integer, cst.Float)):
            return [(literal_text(node),)]
        if isinstance(node, cst.Lambda):
            return [one_hole(node, at, Verdict.SAFE, "a function")]
        if isinstance(node, cst.ConcatenatedString):
            parts: list[cst.CSTNode] = [node.left]
            right: cst.CSTNode = node.right
            while isinstance(right, cst.ConcatenatedString):
                parts.append(right.left)
                right = right.right
            return sequence([self.pieces(p, at) for p in (*parts, right)])
        if isinstance(node, cst.FormattedString):
            return self.templates.formatted(node, at)
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
            return [one_hole(node, at, Verdict.SAFE, "a comparison or a number")]
        if isinstance(node, cst.Subscript):
            return self._subscript(node, at)
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
            elements = self.collections.elements(node, at)
            if elements:
                return [worst([way for part in elements for way in part])]
        if isinstance(node, cst.Dict) and (table := self.displays.dictionary(node, at)):
            return [worst([way for row in table for part in row[:2] for way in self.pieces(part, row[2])])]
        return [self.safe.typed(node, at)]

    def elements(self, node: cst.CSTNode, at: At) -> list[list[Pieces]] | None:
        """The alternatives of each kind of element that an iterable yields; None where not known."""
        return self.collections.elements(node, at)

    def pieces_assuming(
        self, tests: Sequence[tuple[cst.BaseExpression, bool]], node: cst.CSTNode, at: At
    ) -> list[Pieces]:
        """The alternatives of an expression that is evaluated only if tests came out so."""
        self.assumed += tests
        try:
            return self.pieces(node, at)
        finally:
            del self.assumed[len(self.assumed) - len(tests) :]

    def _binary(self, node: cst.BinaryOperation, at: At) -> list[Pieces]:
        if isinstance(node.operator, cst.Add):
            parts = list(operands(node))
            if len(parts) > MAX_PIECES:
                return [one_hole(node, at)]
            if self.safe.numeric(node, at):
                return [one_hole(node, at, Verdict.SAFE, "a number")]
            return sequence([self.pieces(part, at) for part in parts])
        if isinstance(node.operator, cst.Modulo):
            ways = []
            for template in self.pieces(node.left, at):
                if all(isinstance(piece, Hole) for piece in template):
                    ways += sequence([[template], self.pieces(node.right, at)])
                else:
                    ways += self.templates.percent(template, node, at)
            return ways
        if isinstance(node.operator, cst.Multiply):
            for text, other in ((node.left, node.right), (node.right, node.left)):
                alternatives = self.pieces(text, at)
                if isinstance(text, (cst.SimpleString, cst.List, cst.Tuple)) or (
                    all_constant(alternatives) and not isinstance(other, cst.SimpleString)
                ):
                    return [worst(alternatives)]
        if isinstance(node.operator, cst.Divide) and not (
            self.safe.numeric(node.left, at) or self.safe.numeric(node.right, at)
        ):
            sides = (node.left, node.right)  # of a path
            verdict = Verdict.SAFE if all(self._is_safe(side, at) for side in sides) else Verdict.UNKNOWN
            return [one_hole(node, at, verdict, _PATH if not verdict else "")]
        # Any other operator needs numbers; what is no number raises.
        return [one_hole(node, at, Verdict.SAFE, "a number")]

    # Following names

    def _name(self, node: cst.Name, at: At) -> list[Pieces]:
        if node.value in ("True", "False", "None"):
            return [(node.value,)]
        if checked := self.guards.restricted(node, at, self.assumed):
            return [one_hole(node, at, Verdict.SAFE, checked)]
        found = scopes.lookup(node.value, at)
        if found.where in ("builtin", "spelled", "unknown") or not found.bindings:
            why = by_convention(node.value)
            return [one_hole(node, at, Verdict.SAFE, why)] if why else [self.safe.typed(node, at)]
        vouched = self.guards.vouched(node.value, at) if len(found.bindings) > 1 else ()
        ways = [
            # What stands alone is called by the name that is used here.
            (pieces[0]._replace(node=node, at=at),) if len(pieces) == 1 and isinstance(pieces[0], Hole) else pieces
            for binding in found.bindings[-MAX_BINDINGS:]
            for pieces in (
                [one_hole(node, at, Verdict.SAFE, "replaced where it is none of the allowed")]
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
            return [one_hole(node, at, Verdict.SAFE, CONSTANT)] if alone else ways
        if (why := by_convention(node.value)) and why != CONSTANT and all(map(is_open, ways)):
            return [one_hole(node, at, Verdict.SAFE, why)]
        return ways

    def _binding(self, binding: Binding, node: cst.Name) -> list[Pieces]:
        """The alternatives that one binding gives its name."""
        if binding in self.known:
            return self.known[binding]
        cuts = self.following.cuts
        cut = [one_hole(node, binding, Verdict.SAFE, "too much to follow")]
        # a loop that feeds the name into itself adds nothing new
        bound = self.following.deeper(
            lambda: self.following.once(binding, lambda: self._bound(binding, node), [()]), cut
        )
        found = [
            tuple(piece._replace(source=piece.source or binding) if isinstance(piece, Hole) else piece for piece in way)
            for way in bound
        ]
        if self.following.cuts == cuts:
            self.known[binding] = found
        return found

    def _augmented(self, binding: Binding, node: cst.Name) -> list[Pieces]:
        """What a name holds after `+=`: a run of them is followed without recursion."""
        parts: list[list[Pieces]] = []
        current = binding
        while len(parts) < MAX_PIECES:
            parts.append(self.pieces(current.value.value, current))
            before = scopes.lookup(node.value, current).bindings
            if len(before) != 1 or before[0].kind != "augment" or before[0] in self.following.active:
                break
            current = before[0]
        parts.append(self._name(node, current))
        parts.reverse()
        return sequence(parts)

    def _bound(self, binding: Binding, node: cst.Name) -> list[Pieces]:
        kind = binding.kind
        if kind == "assign" and isinstance(binding.value, (cst.Integer, cst.Float)) and not binding.path:
            return [(literal_text(binding.value),)]
        if self.safe.safe_type(kinds := self.types.binding(binding)):
            return [one_hole(node, binding, Verdict.SAFE, typed_so(kinds))]
        if kind == "parameter" and self.safe.safe_items(kinds):
            return [one_hole(node, binding, Verdict.SAFE, "its elements carry no text by their type")]
        if kind in ("assign", "walrus"):
            value = unpacked(binding.value, binding.path)
            if value is not None:
                return self.pieces(value, binding)
            if binding.path and isinstance(binding.value, (cst.Call, cst.Await)):
                call = binding.value.expression if isinstance(binding.value, cst.Await) else binding.value
                returned = self.returned(call, binding, binding.path) if isinstance(call, cst.Call) else None
                if returned is not None:
                    return returned
            if binding.path and isinstance(binding.value, cst.CSTNode):
                whole = self.pieces(binding.value, binding)
                lone = whole[0][0] if len(whole) == 1 and len(whole[0]) == 1 else None
                if isinstance(lone, Hole) and lone.parameter is not None and isinstance(binding.value, cst.Name):
                    return [(lone._replace(node=node, at=binding),)]  # what is passed for it decides
                return [part_of(node, binding, whole)]
        if kind == "augment" and self.safe.numeric(binding.value.value, binding):
            return [one_hole(node, binding, Verdict.SAFE, "a number")]
        if kind == "augment" and isinstance(binding.value.operator, cst.AddAssign):
            return self._augmented(binding, node)
        if kind == "for" and binding.path is not None:
            return self._looped(binding, node)
        if kind == "with" and isinstance(binding.value, cst.Call):
            refs = self.types.refs(binding.value.func, binding)
            if refs and all(self.safe.is_safe_call(ref.name) for ref in refs):
                return [one_hole(node, binding, Verdict.SAFE, f"made safe by `{refs[0].name}`")]
        if kind == "import":
            # By the naming convention a constant of another module.
            if is_constant_name(str(binding.value).rpartition(".")[2]):
                return [one_hole(node, binding, Verdict.SAFE, CONSTANT)]
            return [self.safe.referenced(binding.value, node, binding)]
        if kind == "parameter" and PLACEHOLDERS.search(binding.name):
            return [one_hole(node, binding, Verdict.SAFE, "placeholders by its name")]
        if kind == "parameter" and is_converted(binding.scope, binding.name):
            return [one_hole(node, binding, Verdict.SAFE, "converted by the route to what carries no text")]
        if kind == "parameter" and is_test(binding.scope):
            return [one_hole(node, binding, Verdict.SAFE, "given by the test itself")]
        if kind == "parameter" and binding.path is not None:
            parameter = (binding.scope, binding.name)
            return [(Hole(node, Verdict.UNKNOWN, binding, binding, parameter),)]
        return [one_hole(node, binding)]

    def _looped(self, binding: Binding, node: cst.Name) -> list[Pieces]:
        """What a loop variable takes on, where the loop runs over something written out."""
        rows = self.displays.rows(binding.value, binding)
        if rows:
            ways: list[Pieces] = []
            for row, where in rows:
                value = unpacked(row, binding.path)
                if value is None:
                    return [one_hole(node, binding)]
                ways += self.pieces(value, where)
            called = (
                function_of(self.types, binding.value.func, binding) if isinstance(binding.value, cst.Call) else None
            )
            if called is not None and isinstance(called.node, cst.FunctionDef):
                return [
                    w for way in ways for w in sequence([self.passed(p, binding.value, binding, called) for p in way])
                ]
            return ways or [one_hole(node, binding, Verdict.SAFE, "the loop runs over nothing")]
        callee = dotted(binding.value.func) if isinstance(binding.value, cst.Call) else None
        if callee == "enumerate" and binding.path and binding.value.args:
            if binding.path == (0,):
                return [one_hole(node, binding, Verdict.SAFE, "a number")]
            inner = self.collections.elements(binding.value.args[0].value, binding)
        elif callee in ("zip", "itertools.zip_longest") and binding.path and len(binding.path) == 1:
            columns = [arg.value for arg in binding.value.args if arg.keyword is None and not arg.star]
            column = columns[binding.path[0]] if binding.path[0] < len(columns) else None
            inner = None if column is None else self.collections.elements(column, binding)
        elif binding.path:
            inner = None
        else:
            inner = self.collections.elements(binding.value, binding)
        if inner is None and self.safe.is_class(binding.value, binding):
            return [one_hole(node, binding, Verdict.SAFE, "a member of an enumeration")]
        if inner is None:
            looped = binding.value
            while (within := self.collections.looped_over(looped, binding)) is not None:
                looped = within
            pieces = self.pieces(looped, binding)
            if len(pieces) == 1 and len(pieces[0]) == 1 and isinstance(only := pieces[0][0], Hole) and only.parameter:
                return [(only._replace(node=node, at=binding),)]  # what is passed for it decides
            sets = isinstance(binding.value, cst.BinaryOperation)
            return [part_of(node, binding, pieces if sets else self.pieces(binding.value, binding))]
        return [way for alternatives in inner for way in alternatives] or [()]

    def _attribute(self, node: cst.Attribute, at: At) -> list[Pieces]:
        if checked := self.guards.restricted(node, at, self.assumed):
            return [one_hole(node, at, Verdict.SAFE, checked)]
        name = node.attr.value
        if name in SAFE_ATTRIBUTES:
            return [one_hole(node, at, Verdict.SAFE, "a name or number that drivers, models or Python give")]
        bound = class_bindings(self.types, node, at)
        if bound and all(b.kind in ("assign", "annotate", "augment") for b in bound):
            ways: list[Pieces] = []
            for binding in bound[-MAX_BINDINGS:]:
                if self.safe.safe_type(kinds := self.types.binding(binding)):
                    ways.append(one_hole(node, at, Verdict.SAFE, typed_so(kinds)))
                elif binding.kind == "assign" and not binding.path:
                    ways += self._kept(binding, node, at)
                    if is_field(binding, self.catalog):  # a constructor that nobody wrote out sets it, too
                        ways.append((Hole(node, Verdict.UNKNOWN, at, binding, None, attribute=True),))
                elif binding.kind == "augment" and self.safe.numeric(binding.value.value, binding):
                    ways.append(one_hole(node, at, Verdict.SAFE, "a number"))
                elif binding.kind != "annotate":
                    ways.append(one_hole(node, at))
            if ways and (by_convention(name) in ("", CONSTANT) or not all(map(is_open, ways))):
                return ways
        if why := by_convention(name):
            return [one_hole(node, at, Verdict.SAFE, why)]
        owner = self.types.of(node.value, at)
        if checked := self.guards.restricted(node.value, at, self.assumed):
            return [one_hole(node, at, Verdict.SAFE, checked)]
        if self.safe.safe_type(owner) or (name in ("value", "name") and self.safe.is_member(node.value, at)):
            return [one_hole(node, at, Verdict.SAFE, "of a number, or a member of an enumeration")]
        inner = self.pieces(node.value, at)
        if all(len(way) == 1 and isinstance(way[0], Hole) and way[0].verdict is Verdict.SAFE for way in inner):
            return [one_hole(node, at, Verdict.SAFE, "an attribute of what is safe")]
        refs = self.types.refs(node, at)
        if refs and not any(ref.spelled for ref in refs):
            ((hole,),) = [self.safe.referenced(refs[0].name, node, at)]
            return [(hole._replace(attribute=True) if isinstance(hole, Hole) else hole,)]
        tainted = any(isinstance(p, Hole) and p.verdict is Verdict.TAINTED for pieces in inner for p in pieces)
        if tainted:
            return [one_hole(node, at, Verdict.TAINTED)]
        hole = Hole(node, Verdict.UNKNOWN, at, None, None, attribute=True)
        if not self.safe.safe_type(kinds := self.types.of(node, at)):
            return [(hole,)]
        return [(hole._replace(verdict=Verdict.SAFE, why=typed_so(kinds)),)]

    def _kept(self, binding: Binding, node: cst.Attribute, at: At) -> list[Pieces]:
        """What an assignment to an attribute put there; holes are seen as the attribute."""
        nothing: list[Pieces] = [()]
        return [
            tuple(
                Hole(node, p.verdict, at, binding, None, True, p.why) if isinstance(p, Hole) and len(pieces) == 1 else p
                for p in pieces
            )
            for pieces in self.following.once((binding, "kept"), lambda: self.pieces(binding.value, binding), nothing)
        ]

    def _subscript(self, node: cst.Subscript, at: At) -> list[Pieces]:
        table = self.displays.dictionary(node.value, at)
        if table is not None:
            wanted = node.slice[0].slice.value if isinstance(node.slice[0].slice, cst.Index) else None
            if isinstance(wanted, cst.SimpleString):
                plain = (cst.SimpleString, cst.Integer)
                named = [r for r in table if not isinstance(r[0], plain) or literal_text(r[0]) == literal_text(wanted)]
                table = named or table
            return [way for _, value, where in table for way in self.pieces(value, where)]
        fields = self.displays.fields(node, at)
        if fields:
            return [way for value, where in fields for way in self.pieces(value, where)]
        rows = self.displays.rows(node.value, at)
        if rows:
            return [way for row, where in rows for way in self.pieces(row, where)]
        if self.safe.safe_type(kinds := self.types.of(node, at)):
            return [one_hole(node, at, Verdict.SAFE, typed_so(kinds))]
        if checked := self.guards.restricted(node, at, self.assumed):
            return [one_hole(node, at, Verdict.SAFE, checked)]
        refs = self.types.refs(node.value, at)
        if refs:
            return [self.safe.referenced(refs[0].name, node, at)]
        inner = self.pieces(node.value, at)
        if isinstance(node.slice[0].slice, cst.Slice):
            return inner
        lone = inner[0][0] if len(inner) == 1 and len(inner[0]) == 1 else None
        if isinstance(lone, Hole) and lone.parameter is not None and lone.parameter[0].kind == "lambda":
            return [(lone._replace(node=node, at=at),)]
        return [part_of(node, at, inner)]

    # Calls

    def returned(self, node: cst.Call, at: At, path: tuple[int, ...] = ()) -> list[Pieces] | None:
        """What a function of this module returns to a call; None where that says no more than that it is unknown."""
        function = function_of(self.types, node.func, at)
        if function is None or not isinstance(function.node, cst.FunctionDef):
            return None
        ways = self.following.once(function, lambda: self._ways_returned(function, node, at, path), None)
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
                ways += sequence([self.passed(piece, node, at, function) for piece in pieces])
        return ways

    def passed(self, piece: Piece, node: cst.Call, at: At, function: Scope) -> list[Pieces]:
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
            if self.safe.safe_type(self.types.of(func.value, at)):
                return [one_hole(node, at, Verdict.SAFE)]  # a driver's own composition
            built = self._method(node, func, at)
            if built is not None:
                return built
        callee = dotted(func) or ""
        if callee in REMADE and node.args:
            elements = self.collections.elements(node.args[0].value, at)
            if elements is not None:
                return [worst([way for part in elements for way in part] or [("",)])]
        if callee in HANDS_ON and node.args:
            return [part_of(node, at, self.pieces(node.args[0].value, at))]
        refs = self.types.refs(func, at)
        if refs:
            name = refs[0].name
            plain = len(node.args) == 3 and isinstance(node.args[1].value, cst.SimpleString)
            if name == "re.sub" and plain and CLEANS.match(literal_text(node.args[0].value)):
                return [one_hole(node, at, Verdict.SAFE, "`re.sub` leaves no quotes in it")]
            if all(self.safe.is_safe_call(ref.name) for ref in refs):
                return [one_hole(node, at, Verdict.SAFE, f"made safe by `{name}`")]
            if all(self.catalog.has("source", ref.name) for ref in refs):
                return [one_hole(node, at, Verdict.TAINTED, from_outside(name))]
            if name == "os.path.join" and all(not arg.star and self._is_safe(arg.value, at) for arg in node.args):
                return [one_hole(node, at, Verdict.SAFE, _PATH)]
            if name == "next" and node.args and self.safe.counts(node.args[0].value, at):
                return [one_hole(node, at, Verdict.SAFE, "a number")]
            if (
                name == "next"
                and node.args
                and (taken := self.collections.elements(node.args[0].value, at)) is not None
            ):
                ways = [way for part in taken for way in part]
                return ways + [way for arg in node.args[1:2] for way in self.pieces(arg.value, at)] or [()]
            if name in ("max", "min") and len(node.args) > 1:
                return [way for arg in node.args for way in self.pieces(arg.value, at)]
            if node.args and name in self.catalog.names["carries"]:
                return self.pieces(node.args[0].value, at)
        if self.safe.safe_type(kinds := self.types.of(node, at)):
            return [one_hole(node, at, Verdict.SAFE, typed_so(kinds))]
        local = self.safe.validated(node, at)
        if local:
            return [one_hole(node, at, Verdict.SAFE, f"quoted or checked by `{dotted(func)}`")]
        returned = self.returned(node, at)
        if returned is not None:
            return returned
        if isinstance(func, cst.Attribute):
            if func.attr.value in ("split", "rsplit", "partition", "rpartition", "splitlines"):
                return [one_hole(node, at)] if is_imported(func.value, at) else self.pieces(func.value, at)
            if MADE_SAFE.match(func.attr.value) or self.safe.is_match(func, at):
                return [one_hole(node, at, Verdict.SAFE, f"made safe by `{func.attr.value}`")]
            if func.attr.value == "sql" and all(arg.keyword is not None for arg in node.args):
                return [one_hole(node, at, Verdict.SAFE, "SQL that a library writes")]
            if func.attr.value == "translate" and len(node.args) == 1:
                return [one_hole(node, at, Verdict.SAFE, "its characters are replaced by a table")]
            if func.attr.value == "strftime" and node.args and self._is_fixed(node.args[-1].value, at):
                return [one_hole(node, at, Verdict.SAFE, "a date in a fixed form")]
            inner = [piece for way in self.pieces(func.value, at) for piece in way]
            verdicts = [piece.verdict for piece in inner if isinstance(piece, Hole)]
            if verdicts and (max(verdicts) is Verdict.TAINTED or (len(inner) == len(verdicts) and not max(verdicts))):
                return [one_hole(node, at, max(verdicts))]
        return [one_hole(node, at)]

    def _is_fixed(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether an expression is what this module or another one writes out."""
        found = scopes.only(node, at) if isinstance(node, cst.Name) else None
        return (found is not None and found.kind == "import") or self._is_safe(node, at)

    def _is_safe(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether nothing in the text of an expression is unknown."""
        return not any(hole.verdict for pieces in self.pieces(node, at) for hole in holes(pieces))

    def _method(self, node: cst.Call, func: cst.Attribute, at: At) -> list[Pieces] | None:
        """The string methods that build text; None for any other."""
        method = func.attr.value
        receiver = func.value
        if method == "format":
            if dotted(receiver) == "str" and node.args:
                return self.templates.dot_format(changed(node, args=node.args[1:]), node.args[0].value, at)
            return self.templates.dot_format(node, receiver, at)
        if method == "format_map" and node.args:
            return sequence([self.pieces(receiver, at), [one_hole(node.args[0].value, at)]])
        if method == "join" and len(node.args) == 1:
            return self.templates.join(node, receiver, at)
        if method == "replace" and len(node.args) >= 2:
            return self.templates.replaced(node, receiver, at)
        if method in ("substitute", "safe_substitute"):
            return self.templates.substituted(node, receiver, at)
        if method in KEEPS_TEXT:
            return self.pieces(receiver, at)
        if method == "get" and node.args:
            table = self.displays.dictionary(receiver, at)
            if table is not None:
                ways = [way for _, value, where in table for way in self.pieces(value, where)]
                for default in node.args[1:2]:
                    ways += self.pieces(default.value, at)
                return ways
        return None

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
