"""Collections that are written out: the items of lists and the entries of dictionaries, as expressions and places.

A display of the program, what is added to one, a copy or a view of one, and what a function returns of them. What
text the items of any collection can be, see `collections`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property

import libcst as cst

from veteran.analysis.dataflow.text import MAX_PIECES, literal_text
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import At, Binding, Lowered, Scope, decorators_of
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import integer_value, operands
from veteran.analysis.syntax.python import COUNTS_OR_HANDS_ON
from veteran.analysis.types.calls import class_bindings, function_of, unpacked
from veteran.analysis.types.decorators import does
from veteran.analysis.types.inference import Types

#: An item, and where it stands; an entry of a dictionary, as key and value.
Row = tuple[cst.BaseExpression, At]
Entry = tuple[cst.BaseExpression, cst.BaseExpression, At]


class Displays:
    """Answers what the collections of one module hold. following: what the question is part of."""

    def __init__(self, lowered: Lowered, types: Types, following: Following) -> None:
        self.lowered = lowered
        self.types = types
        self.following = following

    @cached_property
    def _stored(self) -> dict[str, list[Entry]]:
        """What is put under a key of a name, as (key, value, place), by that name."""
        found: dict[str, list[Entry]] = {}
        for value, where, target in self.lowered.stored:
            if isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name) and len(target.slice) == 1:
                index = target.slice[0].slice
                if isinstance(index, cst.Index):
                    found.setdefault(target.value.value, []).append((index.value, value, where))
        return found

    def added(self, name: str, bindings: Sequence[Binding], at: At) -> list[Entry]:
        """What assignments may have put under keys of a name before a place."""
        found = list(self._stored.get(name, ()))
        for call in self.lowered.index.methods_of.get(name, ()):
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

    def rows(self, node: cst.CSTNode, at: At) -> list[Row] | None:
        """The items of something written out: a literal, what was appended to it, pairs of a dictionary, `zip`."""
        return self.following.deeper(lambda: self._rows(node, at), None)

    def _rows(self, node: cst.CSTNode, at: At) -> list[Row] | None:
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
            return self.following.once((bound[0], "rows"), lambda: self._rows_bound(node, bound[0], at), None)
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
        found: list[Row] = []
        for element in node.elements:
            inner = self.rows(element.value, at) if isinstance(element, cst.StarredElement) else [(element.value, at)]
            if inner is None:
                return None
            found += inner
        return found

    def _rows_bound(self, node: cst.Name | cst.Attribute, binding: Binding, at: At) -> list[Row] | None:
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

    def _rows_of_rows(self, binding: Binding) -> list[Row] | None:
        """The items of what a loop takes out of something written out."""
        found: list[Row] = []
        for row, where in self.rows(binding.value, binding) or ():
            value = unpacked(row, binding.path)
            inner = None if value is None else self.rows(value, where)
            if inner is None:
                return None
            found += inner
        return found[:MAX_PIECES] or None

    def _appended(self, name: str, binding: Binding, at: At) -> list[Row] | None:
        """What `append` and the like add to a list before a place; None where not known."""
        found: list[Row] = []
        for call in self.lowered.index.methods_of.get(name, ()):
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

    def _rows_of_call(self, node: cst.Call, at: At) -> list[Row] | None:
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
            return self.following.once((function, "rows"), lambda: self._rows_returned(function), None)
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

    def _rows_returned(self, function: Scope) -> list[Row] | None:
        """The items of what a function of this module returns, where they are written out."""
        found: list[Row] = []
        for value, where in function.returns:
            inner = None if value is None else self.rows(value, where)
            if inner is None:
                return None
            found += inner
        return found or None

    def dictionary(self, node: cst.CSTNode, at: At) -> list[Entry] | None:
        """The rows of a literal dictionary, directly or through a name bound once."""
        return self.following.deeper(lambda: self._dictionary(node, at), None)

    def _dictionary(self, node: cst.CSTNode, at: At) -> list[Entry] | None:
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
            return self.following.once((bound[0], "table"), lambda: self._table_bound(node, bound[0], at), None)
        return None

    def _table_bound(self, node: cst.CSTNode, binding: Binding, at: At) -> list[Entry] | None:
        """The rows of the dictionary that a name or attribute is bound to, and what is added before a place."""
        written = self.dictionary(binding.value, binding)
        added = self.added(node.value, [binding], at) if isinstance(node, cst.Name) else []
        if written is None and not (added and _is_empty_dictionary(binding.value)):
            return None
        return ((written or []) + added)[:MAX_PIECES]

    def _table_of_property(self, function: Scope) -> list[Entry] | None:
        """The rows of the dictionaries that a property returns, where all are written out."""
        if not does(decorators_of(function), "reads", self.types.catalog):
            return None
        return self.following.once((function, "table"), lambda: self._table_returned(function), None)

    def _table_returned(self, function: Scope) -> list[Entry] | None:
        """The rows of the dictionaries that a function returns, where all are written out."""
        tables = [None if value is None else self.dictionary(value, where) for value, where in function.returns]
        known = [table for table in tables if table is not None]
        return [row for table in known for row in table] if known and len(known) == len(tables) else None

    def fields(self, node: cst.Subscript, at: At) -> list[Row] | None:
        """`row["key"]` or `row[1]` of a loop variable that runs over literal rows."""
        inner = node.value
        key = node.slice[0].slice.value if isinstance(node.slice[0].slice, cst.Index) else None
        if not isinstance(inner, cst.Name) or not isinstance(key, (cst.SimpleString, cst.Integer)):
            return None
        bound = scopes.lookup(inner.value, at).bindings
        if len(bound) != 1 or bound[0].kind != "for" or bound[0].path is None:
            return None
        found: list[Row] = []
        for row, where in self.rows(bound[0].value, bound[0]) or ():
            whole = unpacked(row, bound[0].path)
            table = self.dictionary(whole, where) if isinstance(whole, (cst.Dict, cst.Call)) else None
            if table is not None:
                found += [(value, place) for name, value, place in table if literal_text(name) == literal_text(key)]
            elif isinstance(key, cst.Integer) and isinstance(whole, (cst.Tuple, cst.List)):
                part = unpacked(whole, (integer_value(key),))
                if not isinstance(part, cst.BaseExpression):
                    return None
                found.append((part, where))
            else:
                return None
        return found


def _is_empty_dictionary(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Call):
        return not node.args and dotted(node.func) in ("dict", "OrderedDict", "collections.OrderedDict")
    return isinstance(node, cst.Dict) and not node.elements


def _counted(node: cst.CSTNode, at: At) -> list[Row] | None:
    """What stands for the numbers that `range` counts."""
    if isinstance(node, cst.Call) and dotted(node.func) in ("range", "itertools.count", "count"):
        return [(cst.Integer("0"), at)]
    return None


def _all_literal(way: Sequence[Row]) -> bool:
    """Whether it does not matter where these expressions stand."""
    return all(isinstance(value, (cst.SimpleString, cst.Integer, cst.Tuple, cst.List)) for value, _ in way)
