"""What an assignment in a function changes that outlives its call."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from veteran.analysis.semantics import places
from veteran.analysis.semantics.ir import Scope, first_parameter
from veteran.analysis.syntax.expressions import dotted

#: The statements that hold others, and where.
_COMPOUND = frozenset(
    (
        *(cst.IndentedBlock, cst.SimpleStatementLine, cst.SimpleStatementSuite, cst.If, cst.Else, cst.For, cst.While),
        *(cst.Try, cst.TryStar, cst.ExceptHandler, cst.ExceptStarHandler, cst.Finally, cst.With, cst.Match),
        cst.MatchCase,
    )
)
_BODIES = ("body", "orelse", "handlers", "finalbody", "cases")


def assigned(function: Scope) -> Iterator[tuple[str, str | None, bool]]:
    """What outlives a call and is assigned by it, the name that it is given, and whether an error leads there."""
    pending: list[tuple[cst.CSTNode, bool]] = [(function.node.body, False)]  # type: ignore[attr-defined]
    while pending:
        node, handled = pending.pop()
        if type(node) is cst.Assign or type(node) is cst.AnnAssign:
            if node.value is None:
                continue
            targets = [target.target for target in node.targets] if isinstance(node, cst.Assign) else [node.target]
            for target in targets:
                for part in [e.value for e in target.elements] if isinstance(target, cst.Tuple) else [target]:
                    name = _outliving(part.value if isinstance(part, cst.Subscript) else part, part, function)
                    if name:
                        yield name, dotted(node.value), handled
        elif type(node) in _COMPOUND:
            inner = handled or isinstance(node, (cst.ExceptHandler, cst.ExceptStarHandler))
            for name in _BODIES:
                child = getattr(node, name, None)
                if child is not None:
                    pending += [(c, inner) for c in (child if isinstance(child, (tuple, list)) else (child,))]


def _outliving(node: cst.BaseExpression, target: cst.BaseExpression, function: Scope) -> str:
    """The spelling of what is assigned to, if it belongs to the object itself or to the module; else empty."""
    name = places.spelling(node)
    if name is None:
        return ""
    root = re.split(r"[.\[]", name, maxsplit=1)[0]
    if root in function.declared:
        return name
    if root == name and node is target:
        return ""
    own_object = function.parent is not None and function.parent.kind == "class" and first_parameter(function) == root
    return name if own_object or root not in function.bindings else ""
