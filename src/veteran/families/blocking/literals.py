"""Values as calls write them out, and how tests of them come out. Needs no tree: linking reads this, too."""

from __future__ import annotations

import operator
import re

#: Values that are neither None, True, False nor a short text.
TEXT, FULL, EMPTY, ANY = "<str>", "[…]", "[]", "?"
_PATHS = frozenset(("str", "bytes", "Path", "PurePath", "PosixPath", "WindowsPath", "PathLike", "int"))
_KINDS = frozenset((*_PATHS, "float", "bool", "list", "dict", "tuple", "set", "frozenset", "NoneType", "bytearray"))

_COMPARED = {"over": operator.gt, "from": operator.ge, "under": operator.lt, "to": operator.le}
_NUMBER = re.compile(r"\d+(?:\.\d*)?")


def holds(test: str, value: str) -> bool | None:
    """Whether a test (see `When`) comes out true for a value (see `abstract`); None where nobody knows."""
    if value == ANY:
        return None
    if test == "none":
        return value == "None"
    if test == "true":
        if value[0] == "<":
            return None
        return value not in ("False", "None", "''", "0", "0.0", EMPTY)
    if test[:3] == "in ":
        return value in test[3:].split() if value[0] not in "<[" else None
    asked, _, number = test.partition(" ")
    if asked in _COMPARED:
        known = {"True": "1", "False": "0"}.get(value, value)
        return _COMPARED[asked](float(known), float(number)) if _NUMBER.fullmatch(known) else None
    kind = _kind(value)
    if test == "path":
        return kind in _PATHS if kind in _KINDS or kind.endswith("IO") else None
    names = test[3:].split()
    if kind in names:
        return True
    return False if _KINDS.issuperset(names) and "PathLike" not in names and kind != "bool" else None


def _kind(value: str) -> str:
    """The name of a value's class; empty for a collection."""
    if value[0] == "<":
        return value[1:-1]
    if value in ("True", "False"):
        return "bool"
    if value == "None":
        return "NoneType"
    if value[0] in "'\"":
        return "str"
    return "" if value[0] == "[" else "float" if "." in value else "int"
