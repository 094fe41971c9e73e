"""How sure it is that a value built into SQL does harm."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.dataflow.callers import is_private, passed_holes
from veteran.analysis.dataflow.conventions import ENVIRONMENT
from veteran.analysis.dataflow.strings import KEEPS_TEXT
from veteran.analysis.dataflow.text import Hole, Verdict
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding
from veteran.analysis.semantics.places import spelling
from veteran.analysis.syntax.expressions import dotted, last_name
from veteran.analysis.syntax.python import COUNTS_OR_HANDS_ON
from veteran.families.sql import statements
from veteran.families.sql.conventions import (
    CLAUSES,
    COUNTED,
    FRAGMENTS,
    INDEX,
    LAYER,
    MIGRATIONS,
    NUMBERS,
    OBJECT,
    READ,
    ROWS,
    SETTINGS,
    STATEMENT_NAMES,
)

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.findings import Confidence


def given_whole(slot: statements.Slot) -> str:
    """Why a whole statement does not count: its name says that the function is made to be given it."""
    unknown = slot.hole.verdict is not Verdict.TAINTED and slot.role == "statement"
    if unknown and STATEMENT_NAMES.search(last_name(slot.hole.node)):
        return "a whole statement by its name, which the function is made to be given"
    return ""


def how_sure(module: Module, slot: statements.Slot, *, migrates: bool = False, beside: bool = False) -> Confidence:
    """How sure it is that a hole matters.

    migrates: the call that executes the text defines a schema. beside: it passes parameters, too.
    """
    from veteran.findings import Confidence

    hole = slot.hole
    named = slot.role in ("identifier", "keyword")
    if hole.verdict is Verdict.TAINTED:
        if hole.why == ENVIRONMENT:  # whoever starts the program chose it
            return Confidence.LOW if named or last_name(hole.node).isupper() else Confidence.MEDIUM
        return Confidence.HIGH
    # A migration is fed by nobody but its authors.
    if slot.role == "statement" or migrates or MIGRATIONS.search(module.path) or _is_number(slot):
        return Confidence.LOW
    if named:
        chosen = _is_decided_elsewhere(hole) or _callers_decide(module, hole)
        return Confidence.LOW if chosen else Confidence.MEDIUM
    if slot.role == "condition":
        # A clause beside parameters: most are put together from constant text.
        return Confidence.LOW if beside or _is_composed(hole) else Confidence.MEDIUM
    if slot.role == "value" and _is_setting(hole):
        return Confidence.LOW
    if slot.role == "value" and (_names_object(slot) if slot.quoted else _is_spelled_elsewhere(hole)):
        return Confidence.LOW
    return Confidence.MEDIUM


def callers_are_safe(module: Module, hole: Hole) -> bool:
    """Whether all callers of a private function pass what is safe."""
    if hole.parameter is None or not is_of_private_function(module, hole):
        return False
    passed = passed_holes(module.flow, *hole.parameter)
    return all(other is not None and (not other.verdict or other.parameter == hole.parameter) for other in passed)


def _callers_decide(module: Module, hole: Hole) -> bool:
    """Whether all callers of a private function pass what they do not decide themselves either."""
    if hole.parameter is None or not is_of_private_function(module, hole):
        return False
    found = [hole for hole in passed_holes(module.flow, *hole.parameter) if hole is None or hole.verdict]
    return bool(found) and all(hole is not None and _is_decided_elsewhere(hole) for hole in found)


def is_of_private_function(module: Module, hole: Hole) -> bool:
    """Whether the callers of a private function decide what the hole holds."""
    return hole.parameter is not None and is_private(module.flow, hole.parameter[0])


def _is_number(slot: statements.Slot) -> bool:
    """Whether by its name it is a number."""
    called = called_name(slot.hole.node)
    if NUMBERS.search(called):
        return not (slot.role == "identifier" and INDEX.match(called))
    return slot.role == "value" and not slot.quoted and COUNTED.search(called) is not None


def _is_spelled_elsewhere(hole: Hole) -> bool:
    """Whether a value outside of quotes is text that other code spelled: as text alone it would break the statement.

    What a function returned, what an object keeps, and what its name calls a fragment are numbers, quoted or SQL.
    """
    if FRAGMENTS.search(called_name(hole.node)) or _is_composed(hole) or _is_dialect(hole):
        return True
    named = hole.source.value if isinstance(hole.node, cst.Name) and hole.source is not None else hole.node
    kept = isinstance(named, cst.CSTNode) and (spelling(named) or "").startswith(("self.", "cls."))
    return hole.attribute and kept


def _is_setting(hole: Hole) -> bool:
    """Whether a configuration that is called so holds a value, or another module."""
    if hole.source is not None and hole.source.kind == "import" and isinstance(hole.node, cst.Name):
        return True
    if isinstance(hole.node, cst.BaseExpression) and _speaks_of_settings(hole.node, objects=False):
        return True
    kept = hole.source.value if hole.attribute and hole.source is not None else None
    if isinstance(kept, cst.BaseExpression) and _speaks_of_settings(kept, objects=False):
        return True
    return hole.parameter is None and _all_origins(hole, _is_configured)


PLAIN_SLOTS = ("value", "identifier")
_CONSTRUCTORS = ("__init__", "__new__", "__post_init__", "__init_subclass__")
_MAX_HOPS = 10
_MAX_ORIGINS = 24


def _is_decided_elsewhere(hole: Hole) -> bool:
    """Whether a constructor, the configuration, the database itself or another function chose what the hole holds."""
    if hole.parameter is not None:
        return hole.parameter[0].name in _CONSTRUCTORS
    if hole.attribute or FRAGMENTS.search(last_name(hole.node)):
        return True
    if hole.source is not None and hole.source.scope.function.name in _CONSTRUCTORS:
        return True  # made of what a constructor was given
    return _all_origins(hole, lambda node: _is_made(node) or _is_chosen(node))


def _is_chosen(node: cst.BaseExpression | Binding) -> bool:
    """Whether an origin is kept by an object, configured, or read from the database."""
    if isinstance(node, cst.BaseExpression):
        return _speaks_of_settings(node) or ROWS.search(last_name(node)) is not None
    if node.kind == "import":  # what another module keeps for all
        return True
    return node.kind == "parameter" and node.scope.function.name in _CONSTRUCTORS


def _is_configured(node: cst.BaseExpression | Binding) -> bool:
    return isinstance(node, cst.BaseExpression) and _speaks_of_settings(node, objects=False)


def _is_made(node: cst.BaseExpression | Binding) -> bool:
    """Whether another function made it."""
    return isinstance(node, cst.Call) and last_name(node.func) not in _TEXT_METHODS


def _is_composed(hole: Hole) -> bool:
    """Whether by its name it is a piece of SQL that other code composed, or what another function made."""
    if hole.parameter is None and FRAGMENTS.search(last_name(hole.node)):
        return True
    if hole.attribute and CLAUSES.search(last_name(hole.node)):
        return True
    return hole.parameter is None and _all_origins(hole, _is_made)


def _all_origins(hole: Hole, test: Callable[[cst.BaseExpression | Binding], bool]) -> bool:
    """Whether a test holds of everything that a hole's text may come from."""
    if not isinstance(hole.node, cst.BaseExpression):
        return False
    found = list(itertools.islice(_origins(hole.node, hole.at, _MAX_HOPS, set()), _MAX_ORIGINS))
    return bool(found) and len(found) < _MAX_ORIGINS and all(map(test, found))


def _origins(node: cst.BaseExpression, at: At, hops: int, seen: set[Binding]) -> Iterator[cst.BaseExpression | Binding]:
    """What an expression takes its text from, but for literals: calls, attributes, parameters, what is not followed."""
    if isinstance(node, (cst.SimpleString, cst.Integer)):
        return
    if isinstance(node, cst.Await):
        node = node.expression
    parts: list[cst.BaseExpression] = []
    if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
        parts = [element.value for element in node.elements]
    elif isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp)):
        parts = [node.for_in.iter]
    elif isinstance(node, cst.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, cst.BooleanOperation):
        parts = [node.left, node.right]
    elif isinstance(node, cst.Call) and node.args:
        called = node.func.attr.value if isinstance(node.func, cst.Attribute) else dotted(node.func)
        if called == "join" or called in _COPIES:
            parts = [node.args[0].value]
        elif called == "map" and dotted(node.args[0].value) in ("str", "repr"):
            parts = [node.args[-1].value]
        elif called in ("zip", "filter", "chain"):
            parts = [arg.value for arg in node.args]
    if parts and hops:
        for part in parts:
            yield from _origins(part, at, hops - 1, seen)
        return
    root = _root(node)
    if not hops or _speaks_of_settings(node) or not isinstance(root, cst.Name):
        if hops and root is not node and not _speaks_of_settings(node):
            yield from _origins(root, at, hops - 1, seen)
        else:
            yield node
        return
    bound = scopes.lookup(root.value, at).bindings
    if not bound:
        yield node
    for binding in bound:
        if binding in seen:
            continue
        seen.add(binding)
        if binding.kind not in ("assign", "walrus", "for") or not isinstance(binding.value, cst.BaseExpression):
            yield binding
        elif binding.kind == "for" and ROWS.search(last_name(binding.value)):
            yield binding.value
        else:
            yield from _origins(binding.value, binding, hops - 1, seen)


def _root(node: cst.BaseExpression) -> cst.BaseExpression:
    """What an expression takes a part of: an attribute, an item, its elements in another order, or its text anew."""
    while True:
        if isinstance(node, (cst.Attribute, cst.Subscript)):
            node = node.value
        elif isinstance(node, cst.Await):
            node = node.expression
        elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            if node.func.attr.value not in (*KEEPS_TEXT, *_VIEWS):
                return node
            node = node.func.value
        elif isinstance(node, cst.Call) and node.args and dotted(node.func) in _COPIES:
            node = node.args[0].value
        else:
            return node


_VIEWS = ("items", "keys", "values", "copy", "get", "replace", "split", "rsplit")


def _names_object(slot: statements.Slot) -> bool:
    """Whether a text in quotes by its name is the name of a table or the like, which an object keeps."""
    hole = slot.hole
    return bool(slot.quoted) and hole.attribute and OBJECT.search(last_name(hole.node)) is not None


def _is_dialect(hole: Hole) -> bool:
    """Whether the database's own layer says how it is spelled: `db.cast("size", "int")`, `db.now`."""
    node = hole.node
    if isinstance(node, cst.Attribute):
        return LAYER.search(last_name(node.value)) is not None
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return False
    plain = all(isinstance(arg.value, (cst.SimpleString, cst.Integer)) for arg in node.args)
    return plain and LAYER.search(last_name(node.func.value)) is not None


_COPIES = COUNTS_OR_HANDS_ON | {"str"}
_TEXT_METHODS = frozenset(
    [
        *(*KEEPS_TEXT, *_COPIES, *_VIEWS, "pop", "format", "join", "repr", "dumps", "input"),
        *("zip", "filter", "chain", "next", "max", "min"),
    ]
)


def _speaks_of_settings(node: cst.CSTNode, *, objects: bool = True) -> bool:
    """Whether an expression reads the configuration; an attribute of the object itself, or the database."""
    while True:
        if isinstance(node, cst.Attribute):
            if objects and isinstance(node.value, cst.Name) and node.value.value in ("self", "cls"):
                return True
            if SETTINGS.search(node.attr.value):
                return True
            node = node.value
        elif isinstance(node, cst.Subscript):
            node = node.value
        elif isinstance(node, cst.Call):
            mine = (dotted(node.func) or "").startswith(("self.", "cls."))
            if objects and (mine or READ.search(last_name(node.func))):
                return True
            if not isinstance(node.func, cst.Attribute):
                return False
            method = node.func.attr.value
            if method not in (*KEEPS_TEXT, "replace") and not method.startswith("get"):
                return False
            node = node.func.value
        elif isinstance(node, cst.Await):
            node = node.expression
        else:
            return isinstance(node, cst.Name) and SETTINGS.search(node.value) is not None


def called_name(node: cst.CSTNode) -> str:
    """The name that a value goes by, in `str(…)` too."""
    if isinstance(node, cst.Call) and dotted(node.func) in ("str", "repr") and len(node.args) == 1:
        node = node.args[0].value
    return last_name(node)
