"""What decorators do, judged by the last words of their names: the one look-up for all who ask.

The deeds are those of the catalogue's table `decorator`; of one that nothing is known of there are none.
"""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from veteran.analysis.syntax.expressions import decorator_name
from veteran.analysis.syntax.python import DECORATORS
from veteran.analysis.types.conventions import OFFLOADS, REPEATS
from veteran.catalog import Catalog

#: It leaves the function itself in its place, whether or not a class hands it its object.
SAME = frozenset(("nothing", "binds"))
#: A call of it gives what the function gives.
_GIVES_THE_SAME = SAME | {"keeps", "repeats"}


def deeds(decorator: cst.Decorator, catalog: Catalog) -> frozenset[str]:
    """What one decorator does."""
    name = decorator_name(decorator)
    found = catalog.decorators.get(name) or DECORATORS.get(name)
    if found is not None:
        return found
    named = (("repeats", REPEATS), ("offloads", OFFLOADS))
    return frozenset(deed for deed, pattern in named if pattern.search(name))


def does(decorators: Iterable[cst.Decorator], deed: str, catalog: Catalog) -> bool:
    """Whether one of several decorators does that."""
    return any(deed in deeds(decorator, catalog) for decorator in decorators)


def only(decorators: Iterable[cst.Decorator], allowed: frozenset[str], catalog: Catalog) -> bool:
    """Whether each of them does one of these."""
    return all(not deeds(decorator, catalog).isdisjoint(allowed) for decorator in decorators)


def keeps_result(node: cst.FunctionDef, catalog: Catalog) -> bool:
    """Whether the decorators of a function leave what a call of it returns the same."""
    return only(node.decorators, _GIVES_THE_SAME, catalog)
