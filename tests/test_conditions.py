"""What tests decide: within an expression, for each way to an outcome, and for the loop around a `break`."""

from __future__ import annotations

import libcst as cst
import pytest

from veteran.analysis.semantics.conditions import alternatives, breaks, chosen, ways


def code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


@pytest.mark.parametrize(
    ("test", "outcome", "expected"),
    [
        ("a", True, [["a"]]),
        ("a and b", True, [["a", "b"]]),
        ("a and b", False, [["not a"], ["not b"]]),
        ("a or b", True, [["a"], ["b"]]),
        ("not (a or b)", True, [["not a", "not b"]]),
        ("a and (b or c)", True, [["a", "b"], ["a", "c"]]),
        ("not (a and not b)", True, [["not a"], ["b"]]),
    ],
)
def test_each_way_to_an_outcome(test: str, outcome: bool, expected: list[list[str]]) -> None:
    found = ways(cst.parse_expression(test), outcome)
    assert [[code(part) if held else f"not {code(part)}" for part, held in way] for way in found] == expected


def test_what_is_left_open_comes_after_what_is_decided() -> None:
    found = list(alternatives(cst.parse_expression("a and (b or c)"), True))
    assert [(code(part).strip("()"), outcome) for part, outcome in found] == [("a", True), ("b or c", True)]


def test_operands_run_by_an_outcome() -> None:
    for text, expected in (
        ("a and b", [("a", "b", True)]),
        ("a or b", [("a", "b", False)]),
        ("b if a else c", [("a", "b", True), ("a", "c", False)]),
        ("a", []),
    ):
        found = [(code(test), code(operand), came) for test, operand, came in chosen(cst.parse_expression(text))]
        assert found == expected


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("break", 1),
        ("for x in y:\n    break", 0),
        ("for x in y:\n    pass\nelse:\n    break", 1),
        ("try:\n    break\nexcept E:\n    break\nfinally:\n    break", 3),
        ("with a:\n    match b:\n        case 1:\n            break", 1),
        ("def f():\n    while a:\n        break", 0),
    ],
)
def test_breaks_that_leave_the_loop(body: str, count: int) -> None:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    loop = cst.ensure_type(cst.parse_module(f"while True:\n{lines}\n").body[0], cst.While)
    assert len(list(breaks(loop.body))) == count
