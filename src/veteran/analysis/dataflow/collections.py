"""What text the elements of a collection can be: of displays, comprehensions, views, and what is added to them.

An answer is a list of kinds of elements, each with the alternatives of its text, see `strings`; None where the
elements are not known.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from veteran.analysis.dataflow.conventions import CONSTANT, FIELD_NAMES, SANITISES, by_convention
from veteran.analysis.dataflow.displays import Displays
from veteran.analysis.dataflow.safe_values import SafeValues
from veteran.analysis.dataflow.sanitizers import Checked
from veteran.analysis.dataflow.templates import Templates
from veteran.analysis.dataflow.text import (
    MAX_BINDINGS,
    Hole,
    Pieces,
    Strings,
    Verdict,
    badness,
    is_open,
    one_hole,
    sequence,
    worst,
)
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Call, Scope
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import changed, operands
from veteran.analysis.syntax.python import COUNTS_OR_HANDS_ON, HANDS_ON
from veteran.analysis.types.calls import class_bindings, function_of, unpacked

#: Functions that give the elements of what they are given.


class Collections:
    """Answers for one module. strings: what follows the text of one element."""

    def __init__(self, strings: Strings, displays: Displays, safe: SafeValues, templates: Templates) -> None:
        self.strings = strings
        self.displays = displays
        self.safe = safe
        self.templates = templates

    def elements(self, node: cst.CSTNode, at: At) -> list[list[Pieces]] | None:
        """The alternatives of each kind of element that an iterable yields; None where not known."""
        return self.strings.following.deeper(lambda: self._elements(node, at), None)

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
                    found.append(self.strings.pieces(element.value, at))
            return found
        if isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp)):
            scope = self.strings.lowered.scope_of(node)
            if scope is None:
                return None
            inside = At(scope, scope.body, scopes._END, at.statement)
            return [self.strings.pieces(node.elt, inside)]
        if isinstance(node, cst.Dict):
            keys = [e.key for e in node.elements if isinstance(e, cst.DictElement)]
            return [self.strings.pieces(key, at) for key in keys] if len(keys) == len(node.elements) else None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
            for side in (node.left, node.right):
                if isinstance(side, (cst.List, cst.Tuple, cst.SimpleString)):
                    return self.elements(side, at)
            return None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            return _together([self.elements(part, at) for part in operands(node)])
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.BitAnd, cst.Subtract)):
            common = isinstance(node.operator, cst.BitAnd)
            return self._common(node.left, [node.right] if common else [], at)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
            return _together([self.elements(node.left, at), self.elements(node.right, at)])
        if isinstance(node, cst.SimpleString):
            return [self.strings.pieces(node, at)]
        if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Slice):
            return self.elements(node.value, at)
        if isinstance(node, cst.IfExp):
            return _together([self.elements(node.body, at), self.elements(node.orelse, at)])
        if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.Or):
            return _together([self.elements(node.left, at), self.elements(node.right, at)])
        checked = (
            self.strings.guards.restricted(node, at, self.strings.assumed)
            if isinstance(node, (cst.Name, cst.Attribute))
            else None
        )
        if checked:
            return [[one_hole(node, at, Verdict.SAFE, checked)]]
        if isinstance(node, cst.Name):
            known = self.safe.typed_elements(node, at)
            elements = self._elements_of_name(node, at) if known is None else known
            why = by_convention(node.value)
            if elements and why and why != CONSTANT and all(is_open(way) for part in elements for way in part):
                return [[one_hole(node, at, Verdict.SAFE, why)]]
            return elements
        if isinstance(node, cst.Call):
            return self._elements_of_call(node, at)
        if isinstance(node, cst.Attribute):
            if node.attr.value in FIELD_NAMES:
                return [[one_hole(node, at, Verdict.SAFE, "the names of a class's fields")]]
            bound = class_bindings(self.strings.types, node, at)
            if bound and all(b.kind == "assign" and not b.path for b in bound):
                return _together([self._elements_kept(binding) for binding in bound[-MAX_BINDINGS:]])
        return self.safe.typed_elements(node, at)

    def _elements_kept(self, binding: Binding) -> list[list[Pieces]] | None:
        """The elements that an assignment to an attribute put there; what it takes from itself adds nothing."""
        nothing: list[list[Pieces]] | None = []
        return self.strings.following.once(
            (binding, "elements"), lambda: self.elements(binding.value, binding), nothing
        )

    def _common(self, node: cst.CSTNode, others: Sequence[cst.CSTNode], at: At) -> list[list[Pieces]] | None:
        """The elements that collections have in common: those of the one that says least against them."""
        known = [found for one in (node, *others) if (found := self.elements(one, at)) is not None]
        return min(known, default=None, key=lambda found: badness(worst([w for part in found for w in part] or [()])))

    def _elements_of_call(self, node: cst.Call, at: At) -> list[list[Pieces]] | None:
        callee = dotted(node.func)
        if callee in HANDS_ON and node.args:
            return self.elements(node.args[0].value, at)
        if callee in ("range", "enumerate"):
            return [[one_hole(node, at, Verdict.SAFE, "a number")]] if callee == "range" else None
        if callee == "map" and len(node.args) == 2:
            return [self._mapped(node, at)]
        if callee == "filter" and len(node.args) == 2:
            if self.strings.checks.approves(node.args[0].value, at):
                return [[one_hole(node, at, Verdict.SAFE, Checked(node.args[0].value, at))]]
            return self.elements(node.args[1].value, at)
        if callee in ("chain", "itertools.chain") and all(arg.keyword is None and not arg.star for arg in node.args):
            return _together([self.elements(arg.value, at) for arg in node.args])
        if (returned := self._elements_returned(node, at)) is not None:
            return returned
        if isinstance(node.func, cst.Attribute):
            method = node.func.attr.value
            if method in ("keys", "split", "splitlines", "copy") and not isinstance(node.func.value, cst.Call):
                if method in ("split", "splitlines"):
                    return None if is_imported(node.func.value, at) else [self.strings.pieces(node.func.value, at)]
                return self.elements(node.func.value, at)
            if method in ("intersection", "difference", "union") and not any(arg.star for arg in node.args):
                others = [arg.value for arg in node.args]
                if method == "union":
                    return _together([self.elements(one, at) for one in (node.func.value, *others)])
                return self._common(node.func.value, others if method == "intersection" else [], at)
            if method in ("values", "items"):
                table = self.displays.dictionary(node.func.value, at)
                if table and method == "values":
                    return [self.strings.pieces(value, where) for _, value, where in table]
            if method in ("map", "apply", "transform") and len(node.args) == 1 and node.args[0].keyword is None:
                # of a series or the like, element by element
                return [self._mapped(changed(node, args=(node.args[0], cst.Arg(node.func.value))), at)]
            if dotted(node.func) == "itertools.repeat" and node.args:
                return [self.strings.pieces(node.args[0].value, at)]
        return None

    def _elements_returned(self, node: cst.Call, at: At) -> list[list[Pieces]] | None:
        """The elements of what a function of this module returns or yields; None where not known."""
        function = function_of(self.strings.types, node.func, at)
        if function is None or not isinstance(function.node, cst.FunctionDef):
            return None
        found = self.strings.following.once((function, "elements"), lambda: self._elements_given(function), None)
        if found is None:
            return None
        return [
            [w for way in part for w in sequence([self.strings.passed(p, node, at, function) for p in way])]
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
            inner = [self.strings.pieces(value, where)] if function.yielded else self.elements(value, where)
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
            return self.templates.dot_format(changed(node, func=function, args=node.args[1:]), function.value, at)
        if SANITISES.search((dotted(function) or "").rpartition(".")[2]):
            return [one_hole(node, at, Verdict.SAFE, f"quoted or checked by `{dotted(function)}`")]
        refs = self.strings.types.refs(function, at)
        if refs and all(self.safe.is_safe_call(ref.name) for ref in refs):
            return [one_hole(node, at, Verdict.SAFE, f"made safe by `{refs[0].name}`")]
        if refs and all(ref.name in self.safe.catalog.names["carries"] for ref in refs):
            inner = self.elements(collection, at)
            if inner is not None:
                return [worst([way for part in inner for way in part] or [("",)])]
        returned = self.strings.returned(changed(node, func=function, args=node.args[1:]), at)
        return [one_hole(node, at)] if returned is None else returned

    def _applied(self, function: cst.Lambda, collection: cst.BaseExpression, at: At) -> list[Pieces]:
        """What a lambda makes of the elements of a collection."""
        scope = self.strings.lowered.scope_of(function)
        if scope is None:
            return [one_hole(function, at)]
        elements = self.elements(collection, at)
        given = [worst([way for part in elements for way in part] or [()])] if elements is not None else None
        return [
            way
            for pieces in self.strings.pieces(function.body, At(scope, scope.body, scopes._END, at.statement))
            for way in sequence(
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
            rows = self.displays.rows(node, at)
            return None if rows is None else [self.strings.pieces(row, where) for row, where in rows]
        nothing: list[list[Pieces]] | None = []
        return self.strings.following.once(
            (node, at.place), lambda: self._elements_bound(node, found.bindings, at), nothing
        )

    def _elements_bound(self, node: cst.Name, bindings: Sequence[Binding], at: At) -> list[list[Pieces]] | None:
        """The elements that bindings give a name, and what is added to them before a place."""
        elements: list[list[Pieces]] = []
        for binding in bindings:
            value = binding.value
            if binding.kind == "augment":
                inner = self.elements(value.value, binding)
                before = self.strings.following.deeper(lambda: self._elements_of_name(node, binding), None)  # noqa: B023
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
            self.strings.pieces(key, where)
            for key, _, where in self.displays.added(name, bindings, at)
            if not isinstance(where, Call)
        ]

    def _grown(self, name: str, scope: Scope, at: At) -> list[list[Pieces]] | None:
        """What methods may have added to the list of that name before a place; None where not known."""
        found: list[list[Pieces]] = []
        for call in self.strings.lowered.index.methods_of.get(name, ()):
            func = cst.ensure_type(call.node.func, cst.Attribute)
            if call.scope.function is not scope.function:
                continue
            if call.scope is at.scope and call.place > at.place and not scopes.share_loop(call, at):
                continue
            if func.attr.value in ("append", "add", "insert", "appendleft") and call.node.args:
                found.append(self.strings.pieces(call.node.args[-1].value, call))
            elif func.attr.value == "setdefault" and call.node.args:
                found.append(self.strings.pieces(call.node.args[0].value, call))
            elif func.attr.value in ("extend", "update") and call.node.args:
                inner = self.elements(call.node.args[0].value, call)
                if inner is None:
                    return None
                found += inner
        return found

    def looped_over(self, node: cst.CSTNode, at: At) -> cst.BaseExpression | None:
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


def _together(parts: list[list[list[Pieces]] | None]) -> list[list[Pieces]] | None:
    """The elements of several collections; None where those of one are not known."""
    found: list[list[Pieces]] = []
    for part in parts:
        if part is None:
            return None
        found += part
    return found


def is_imported(node: cst.CSTNode, at: At) -> bool:
    """Whether a name was imported, so that its methods are functions: `re.split(…)`."""
    binding = scopes.only(node, at) if isinstance(node, cst.Name) else None
    return binding is not None and binding.kind == "import"
