"""Arguments are bound as Python binds them."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import libcst as cst
import pytest

from veteran.analysis.syntax.arguments import binds
from veteran.analysis.syntax.expressions import declared, form

SIGNATURES = (
    "a, b",
    "a, /, b",
    "a, *, b",
    "a, *b, c=0",
    "a=0, /, **b",
    "*a, b=0, **c",
    "a, b=0, /, c=0, *d, e=0, **f",
    "",
)
CALLS = ("", "1", "1, 2", "1, 2, 3, 4", "a=1", "b=1", "1, b=2", "1, c=2, d=3, x=4", "1, 2, a=3", "1, 2, 3, 4, 5, e=6")


def parameters(signature: str) -> cst.Parameters:
    definition = cst.ensure_type(cst.parse_module(f"def f({signature}): pass").body[0], cst.FunctionDef)
    return definition.params


def bound(signature: str, call: str, *, itself: bool = False) -> list[str | None]:
    node = cst.ensure_type(cst.parse_expression(f"f({call})"), cst.Call)
    takers = binds(declared(parameters(signature)), map(form, node.args), itself=itself)
    return [one.name if one is not None else None for one in takers]


def taken(signature: str, call: str, *, itself: bool = False) -> list[str | None] | None:
    """What Python says; None where the call fails."""
    space: dict[str, Any] = {}
    exec(f"def f({signature}): pass\ndef g(*args, **kwargs): return args, kwargs\npassed = g({call})", space)
    args, kwargs = space["passed"]
    own = ("itself",) if itself else ()
    try:
        found = inspect.signature(space["f"]).bind(*own, *args, **kwargs).arguments
    except TypeError:
        return None
    names: dict[object, str] = {}
    for name, value in found.items():
        inside = value if isinstance(value, tuple) else value.values() if isinstance(value, dict) else (value,)
        names |= dict.fromkeys(inside, name)
    return [names.get(value) for value in (*args, *kwargs.values())]


@pytest.mark.parametrize("itself", [False, True])
def test_arguments_go_where_python_puts_them(itself: bool) -> None:
    asked = list(itertools.product(SIGNATURES, CALLS))
    expected = [taken(*one, itself=itself) for one in asked]
    known = [(one, found) for one, found in zip(asked, expected, strict=True) if found is not None]
    assert len(known) >= 20
    assert [(one, bound(*one, itself=itself)) for one, _ in known] == known


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("1, *x", ["a", None]),
        ("*x, 1", [None, None]),
        ("*x, 1, c=2", [None, None, "c"]),
        ("**x", [None]),
        ("1, b=2, **x", ["a", "b", None]),
        ("1, 2, 3, 4", ["a", "b", "c", None]),
    ],
)
def test_what_is_unpacked_is_not_known(call: str, expected: list[str | None]) -> None:
    assert bound("a, b, c", call) == expected
