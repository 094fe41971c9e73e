"""Places: the spelling that a test and a use of one value have in common, and whether it still means the same."""

from __future__ import annotations

import re

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Block
from veteran.analysis.syntax.nodes import string_value


def spelling(node: cst.CSTNode) -> str | None:
    """`a.b["c"]` of names, attributes and literal keys: what a test and a use can have in common."""
    if type(node) is cst.Name:
        return node.value
    parts: list[str] = []
    while type(node) is not cst.Name:
        if type(node) is cst.Attribute:
            parts.append(f".{node.attr.value}")
        elif type(node) is cst.Subscript and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
            key = node.slice[0].slice.value
            if not isinstance(key, (cst.SimpleString, cst.Integer)):
                return None
            value = string_value(key) if isinstance(key, cst.SimpleString) else key.value
            parts.append(f"[{value!r}]")
        else:
            return None
        node = node.value
    return node.value + "".join(reversed(parts))


def encloses(outer: At, inner: At) -> bool:
    """Whether code at `outer` certainly ran before a later place `inner` of the same scope.

    The body of a `try` counts for what follows it where every handler leaves.
    """
    around = set()
    block: Block | None = inner.block
    while block is not None:
        around.add(block)
        block = block.owner.block if block.owner else None
    block = outer.block
    while block not in around:
        owner = block.owner
        if owner is None or owner.kind not in ("try", "with") or not owner.complete:
            return False
        if owner.kind == "try" and not all(arm.leaves for role, arm in owner.arms if role == "handler"):
            return False
        if owner.arms[0][1] is not block:
            return False
        block = owner.block
    return True


def same_value(name: str, before: At, after: At) -> bool:
    """Whether the name still means what the test saw."""
    root = re.split(r"[.\[]", name, maxsplit=1)[0]
    return scopes.lookup(root, before).bindings == scopes.lookup(root, after).bindings
