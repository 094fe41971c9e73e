"""Calls that run a function elsewhere or later, and those that wait for what it gives."""

from __future__ import annotations

import libcst as cst

from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.python import HANDS_ON

#: Functions that give the items of their argument.
SAME_ITEMS = HANDS_ON | {"as_completed", "gather", "tqdm"}


def is_new(value: object) -> bool:
    """Whether an expression is a collection with nothing in it yet."""
    if isinstance(value, (cst.List, cst.Dict)):
        return not value.elements
    if isinstance(value, cst.Call) and (dotted(value.func) or "").rpartition(".")[2] in COLLECTIONS:
        return all(not isinstance(arg.value, (cst.List, cst.Dict, cst.Tuple)) for arg in value.args)
    return False


COLLECTIONS = ("list", "dict", "set", "deque", "defaultdict", "OrderedDict")
