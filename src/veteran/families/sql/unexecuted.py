"""Texts that read as SQL and are built from parts, where no execution of them is in sight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.dataflow.text import Hole, Pieces, Verdict, holes, joined
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding
from veteran.analysis.syntax.expressions import dotted, running
from veteran.analysis.types.calls import argument, class_bindings, function_of
from veteran.families.sql import statements
from veteran.families.sql.confidence import given_whole, how_sure
from veteran.families.sql.conventions import RAISED, SPEAKS
from veteran.families.sql.sinks import Queries, Text

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.findings import Confidence

_MAX_NODES = 50_000
_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)
_BEGINS = (
    r"(?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|TRUNCATE|MERGE|REPLACE|MATCH|OPTIONAL|WITH|CALL|EXEC|EXECUTE|GRANT"
    r"|REVOKE|SET|USE|SHOW|DESCRIBE|EXPLAIN|PRAGMA|COPY|UNWIND|REFRESH|VACUUM|ATTACH|DETACH|LOCK|COMMENT|UPSERT|DEFINE)\b"
)
#: What the literal parts of a candidate must hold before anything is followed.
_QUICK = re.compile(rf"(?i:^[\s(]*{_BEGINS})|\b(?:WHERE|VALUES|FROM|SET)\b|(?:--|/\*)")
#: Methods that put values into a text.
_FILLS = ("format", "format_map", "replace")
#: In capitals, WHEN is a keyword.
_PROSE = re.compile(
    r"(?i)\b(?:the|an|your|this|that|these|please|you|must|should|cannot|can't|could|has been|have|failed|unable"
    r"|invalid|which|of|(?-i:[Ww]hen)|because|its|it|will|would|may|following|list|instead|while)\b"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_STRUCTURE = re.compile(r"[=*,(<>;]|\b(?i:where|limit|order\s+by|group\s+by|join|union|values|having)\b")
#: Django's fragments: the method, and which arguments are SQL.
_EXTRA = ("select", "where", "tables", "order_by")


class BuiltText(NamedTuple):
    """A text or fragment that is built and not seen to be executed. slot: the worst hole in it."""

    module: Module
    text: Text
    slot: statements.Slot
    fragment: str = ""

    @property
    def confidence(self) -> Confidence:
        """How sure it is that the hole matters; never high, as nobody sees the text executed."""
        from veteran.findings import Confidence

        if self.fragment or self.slot.hole.parameter is not None:  # the builder trusts its callers
            return Confidence.MEDIUM
        return min(how_sure(self.module, self.slot), Confidence.MEDIUM)


def events(module: Module) -> Iterator[BuiltText]:
    """Every such text of a module, once."""
    executed = _executed(module)
    seen: set[cst.CSTNode] = set()
    for node, at in _roots(module):
        for text in _candidates(module, node, at, seen):
            slot = None
            if _never_runs(text.at):
                reason = "stands below `if False:`"
            elif text.node in executed:
                reason = "is executed in this module, which VET201 and VET202 judge"
            else:
                slot = _judged(module, text)
                reason = "does not read as SQL, or all of it is safe"
            if slot is not None:
                yield BuiltText(module, text, slot)
            elif module.trace:
                module.trace.note("sql.unexecuted", text.node, text.at, f"this text {reason}")
    yield from _fragments(module)


def _never_runs(at: At) -> bool:
    """Whether a place is below `if False:`."""
    owner = at.block.owner
    while owner is not None:
        if isinstance(owner.node, cst.If) and dotted(owner.node.test) == "False":
            return True
        owner = owner.block.owner
    return False


def _roots(module: Module) -> Iterator[tuple[cst.BaseExpression, At]]:
    """The expressions of a module, by the statements that hold them; arguments of calls by themselves."""
    for scope in module.lowered.scopes:
        for bound in (*scope.bindings.values(), *scope.attributes.values()):
            for binding in bound:
                value = binding.value.value if binding.kind == "augment" else binding.value
                if binding.kind in ("assign", "augment", "walrus") and isinstance(value, cst.BaseExpression):
                    yield value, binding
        for returned, at in (*scope.returns, *scope.yielded):
            if returned is not None:
                yield returned, at
        if isinstance(scope.node, cst.Lambda) and scope.entry is not None:
            yield scope.node.body, At(scope, scope.body, scopes._END, scope.entry.statement)
    yield from ((value, at) for value, at, _ in module.lowered.stored)
    for call in module.lowered.calls:
        name = _name(call.node.func)
        if name not in SPEAKS and not RAISED.search(name):
            for arg in call.node.args:
                yield arg.value, call


def _candidates(module: Module, node: cst.BaseExpression, at: At, seen: set[cst.CSTNode]) -> Iterator[Text]:
    """The outermost expressions below one that build text which might be SQL."""
    pending: list[tuple[cst.CSTNode, At]] = [(node, at)]
    while pending:
        current, where = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        if isinstance(current, (cst.FormattedString, cst.ConcatenatedString, cst.BinaryOperation, cst.Call)):
            literal = _literals(current) or _of_constant(current, where)
            if literal is not None and _QUICK.search(literal):
                yield Text(current, where)
                continue
        if isinstance(current, (cst.Call, cst.ConcatenatedString, cst.BinaryOperation)):
            pending += [(part, where) for part in _beside(current)]
            continue
        if isinstance(current, (cst.Lambda, cst.SimpleString, cst.Name)):
            continue
        if isinstance(current, _COMPREHENSIONS):
            scope = module.lowered.scope_of(current)
            if scope is not None:
                inside = At(scope, scope.body, scopes._END, where.statement)
                parts = [current.key, current.value] if isinstance(current, cst.DictComp) else [current.elt]
                pending += [(part, inside) for part in parts]
            continue
        pending += [(child, where) for child in running(current)]


def _beside(node: cst.Call | cst.ConcatenatedString | cst.BinaryOperation) -> list[cst.CSTNode]:
    """What a chain of texts is made of beside itself: nothing but the whole of a chain can be the outermost text."""
    if isinstance(node, cst.Call):
        current: cst.CSTNode = node.func
        while isinstance(current, cst.Attribute) and _name(current) in _FILLS and isinstance(current.value, cst.Call):
            current = current.value.func
        return [current]
    found: list[cst.CSTNode] = []
    pending: list[cst.CSTNode] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, cst.ConcatenatedString) or (
            isinstance(current, cst.BinaryOperation) and (current is node or isinstance(current.operator, cst.Add))
        ):
            pending += [current.right, current.left]
        else:
            found.append(current)
    return found


def _of_constant(node: cst.CSTNode, at: At) -> str | None:
    """The text of a constant that `format` or `replace` fills."""
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute) or not node.args:
        return None
    if node.func.attr.value not in _FILLS or not isinstance(node.func.value, cst.Name):
        return None
    bound = scopes.lookup(node.func.value.value, at).bindings
    value = bound[0].value if len(bound) == 1 and bound[0].kind == "assign" else None
    return value.raw_value if isinstance(value, cst.SimpleString) else None


def _literals(node: cst.CSTNode, *, filled: bool = False) -> str | None:
    """The literal text that an expression is built around; None where it builds none. filled: a method fills it."""
    if isinstance(node, cst.Call):
        if not isinstance(node.func, cst.Attribute) or not node.args:
            return None
        if node.func.attr.value not in (*_FILLS, "join"):
            return None
        inner = node.func.value
        listed = node.args[0].value
        if node.func.attr.value == "join" and isinstance(listed, (cst.List, cst.Tuple)):
            return " ".join(e.value.raw_value for e in listed.elements if isinstance(e.value, cst.SimpleString))
        if isinstance(inner, cst.SimpleString):
            return inner.raw_value
        texts = (cst.ConcatenatedString, cst.FormattedString, cst.BinaryOperation, cst.Call)
        return _literals(inner, filled=True) if isinstance(inner, texts) else None
    if isinstance(node, cst.FormattedString):
        if not filled and not any(isinstance(part, cst.FormattedStringExpression) for part in node.parts):
            return None
        return "".join(part.value for part in node.parts if isinstance(part, cst.FormattedStringText))
    parts: list[str] = []
    built = filled
    pending: list[cst.CSTNode] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, cst.SimpleString):
            parts.append(current.raw_value)
        elif isinstance(current, cst.FormattedString):
            built = True
            parts += [part.value for part in current.parts if isinstance(part, cst.FormattedStringText)]
        elif isinstance(current, cst.ConcatenatedString):
            pending += [current.right, current.left]
        elif isinstance(current, cst.BinaryOperation) and isinstance(current.operator, (cst.Add, cst.Modulo)):
            built = True
            pending += [current.right, current.left] if isinstance(current.operator, cst.Add) else [current.left]
    return " ".join(parts) if built and parts else None


def _judged(module: Module, text: Text) -> statements.Slot | None:
    """The worst hole of a text that is SQL; None where it is not, or all of it is safe."""
    worst: statements.Slot | None = None
    for pieces in module.flow.pieces(text.node, text.at):
        if not any(hole.verdict for hole in holes(pieces)) or not _is_sql(pieces):
            continue
        for slot in statements.slots(pieces):
            if slot.hole.verdict and slot.role != "placeholder" and not given_whole(slot):
                worst = slot if worst is None else max(worst, slot, key=lambda slot: _rank(module, slot))
    return worst


def _rank(module: Module, slot: statements.Slot) -> tuple[Verdict, Confidence, bool]:
    return slot.hole.verdict, how_sure(module, slot), slot.role in ("value", "condition")


def _is_sql(pieces: Pieces) -> bool:
    """Whether a text is SQL although nothing says so but itself: no sentence with words of SQL in it."""
    if not statements.looks_like_sql(pieces, convincing=True):
        return False
    text = _QUOTED.sub(" ", joined(pieces, statements.MARK)).strip()
    first = re.match(r"\W*(\w+)", text)
    begins = first[1] if first else ""
    # "Select a value from …", "Update … set": a capital and small letters.
    if begins.istitle() and not re.search(r"\b(?:FROM|WHERE|SET|VALUES|INTO|TABLE)\b", text):
        return False
    if len(_PROSE.findall(text)) >= 2 or re.search(r"\w[.!?…]+$", text):
        return False
    return begins.isupper() or _STRUCTURE.search(text.replace(statements.MARK, "x")) is not None


def _executed(module: Module) -> set[cst.CSTNode]:
    """The expressions that executed texts are made of; where nothing certain is known, more of them."""
    flow = module.flow
    seen: set[cst.CSTNode] = set()
    queries = module.once(Queries)
    pending: list[tuple[cst.CSTNode, At]] = [(value.text.node, value.text.at) for value in queries.values]
    texts = {node for node, _ in pending}
    bound: set[Binding] = set()
    while pending and len(seen) < _MAX_NODES:
        node, at = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, cst.Name):
            bindings = list(scopes.lookup(node.value, at).bindings)
            while bindings:
                binding = bindings.pop()
                if binding in bound:
                    continue
                bound.add(binding)
                value = binding.value
                if binding.kind == "augment":
                    value = value.value
                    bindings += scopes.lookup(node.value, binding).bindings
                if isinstance(value, cst.BaseExpression):
                    pending.append((value, binding))
            for call in flow.lowered.index.methods_of.get(node.value, ()):
                if call.scope.function is at.scope.function:
                    pending += [(arg.value, call) for arg in call.node.args]
            continue
        if isinstance(node, cst.Attribute):
            for binding in class_bindings(flow.types, node, at) or ():
                if isinstance(binding.value, cst.BaseExpression):
                    pending.append((binding.value, binding))
        if isinstance(node, cst.Call):
            function = function_of(flow.types, node.func, at)
            if function is not None:
                pending += [(value, where) for value, where in function.returns if value is not None]
        pending += [(child, at) for child in running(node)]
    return seen | texts


def _name(func: cst.CSTNode) -> str:
    if isinstance(func, cst.Attribute):
        return func.attr.value
    return func.value if isinstance(func, cst.Name) else ""


def _fragments(module: Module) -> Iterator[BuiltText]:
    """What Django's `extra`, `raw` and `RawSQL` are given that is not literal, and no whole text either."""
    calls = [call for call in module.lowered.calls if _name(call.node.func) in ("extra", "raw", "RawSQL")]
    if not calls or not any(
        str(binding.value).startswith("django")
        for scope in module.lowered.scopes
        for bound in scope.bindings.values()
        for binding in bound
        if binding.kind == "import"
    ):
        return
    for call in calls:
        name = _name(call.node.func)
        if name == "extra":
            if not isinstance(call.node.func, cst.Attribute):
                continue
            wanted = [argument(call, None, (key,)) for key in _EXTRA]
        else:
            wanted = [argument(call, 0, ("sql", "raw_query"))]
        for value in wanted:
            if value is None or (isinstance(call.node.func, cst.Name) and name == "raw"):
                continue
            hole = _open_hole(module, value, call, whole=name != "extra")
            if hole is not None:
                slot = statements.Slot(hole, "condition", "", "", 0)
                yield BuiltText(module, Text(value, call), slot, name)
                break


def _open_hole(module: Module, node: cst.BaseExpression, at: At, *, whole: bool) -> Hole | None:
    """A hole of a fragment, or of its elements, that is not provably safe. whole: nothing but the hole."""
    flow = module.flow
    parts: list[tuple[cst.BaseExpression, At]] = [(node, at)]
    if isinstance(node, cst.Dict):
        parts = [(element.value, at) for element in node.elements]
    elif isinstance(node, cst.Call) and dotted(node.func) == "dict":
        parts = [(arg.value, at) for arg in node.args]
    elif not whole:
        rows = flow.displays.rows(node, at)
        parts = rows if rows is not None else parts
    for part, where in parts:
        for pieces in flow.pieces(part, where):
            found = [hole for hole in holes(pieces) if hole.verdict]
            if found and (not whole or len(pieces) == 1):
                return found[0]
    return None
