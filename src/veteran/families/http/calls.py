"""Calls that decoded values meet: by what they call, which parameter takes an argument, and which check it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.semantics.ir import At
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.types.values import Ref
from veteran.families.http.conventions import CHECKS

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.catalog import Catalog

#: Functions that say nothing of what they are given.
SILENT = frozenset(("len", "str", "repr", "print", "bool", "hasattr", "id", "type", "dumps", "callable"))


def checks_argument(module: Module, call: cst.Call, at: At) -> bool:
    """Whether a call checks what it is given: by the catalogue, the settings, or its name."""
    func = call.func
    name = dotted(func) or (func.attr.value if isinstance(func, cst.Attribute) else "")
    last = name.rpartition(".")[2]
    if last in ("isinstance", "print", "len") or last in SILENT:
        return False
    for known, purposes in module.catalog.validators.items() if last in module.catalog.checking else ():
        if "json" in purposes and (name == known or known.endswith(f".{name}")) and name:
            return True
    if isinstance(func, cst.Attribute) and last in module.catalog.names["validator_like"]:
        return True
    if CHECKS.search(last):
        return True
    return any(
        isinstance(value, Ref) and _is_validator(module.catalog, value.name) for value in module.types.of(func, at)
    )


def _is_validator(catalog: Catalog, name: str) -> bool:
    """Whether a function is listed as one that checks, by its own name or as relative imports name it."""
    known = catalog.validators
    if not name.startswith("."):
        return "json" in known.get(name, ())
    tail = "." + name.lstrip(".")
    return any("json" in purposes and listed.endswith(tail) for listed, purposes in known.items())
