"""What decorators do, judged by the last words of their names: the one look-up for all who ask.

The deeds are those of the catalogue's table `decorator`; of one that nothing is known of there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from veteran.analysis.syntax.expressions import decorator_name
from veteran.analysis.syntax.python import DECORATORS
from veteran.catalog import Catalog

#: It leaves the function itself in its place, whether or not a class hands it its object.
SAME = frozenset(("nothing", "binds"))
#: A call of it gives what the function gives.
_GIVES_THE_SAME = SAME | {"keeps", "repeats"}
#: How projects name decorators of their own: those that call a function again or later, and give what it gives,
_REPEATS = re.compile(r"(?i)retr(?:y|ies)|backoff|throttle|rate_?limit")
#: and those that run it on another thread, or hand out a coroutine in its place.
_OFFLOADS = re.compile(
    r"(?i)thread|executor|offload|background|sync_to_async|asyncify|awaitable|defer|in_loop|coroutine"
)


def deeds(decorator: cst.Decorator, catalog: Catalog) -> frozenset[str]:
    """What one decorator does."""
    name = decorator_name(decorator)
    found = catalog.decorators.get(name) or DECORATORS.get(name)
    if found is not None:
        return found
    named = (("repeats", _REPEATS), ("offloads", _OFFLOADS))
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
