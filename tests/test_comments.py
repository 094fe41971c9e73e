"""Comments that silence: each form, on every line of a statement, and the traps."""

from __future__ import annotations

import pytest

from helpers import check, places

CALL = "import time\nasync def f():\n    time.sleep(1)  {}\n"
QUERY = 'def f(cur, x):\n    cur.execute(f"""\n        SELECT * FROM t WHERE a = \'{{x}}\'\n    """)  {}\n'


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "#noqa",
        "# NOQA",
        "# noqa: VET311",
        "# noqa:VET311",
        "# noqa: E501,VET311",
        "# noqa: VET311 E501",
        "# noqa: VET3",
        "# noqa: VET311 because",
        "# noqa: VET311  # because",
        "# because  # noqa: VET311",
        "# noqa: ASYNC251",
        "# veteran: ignore",
        "# veteran: ignore[VET311]",
        "# veteran: ignore[VET311] because",
        "# veteran: ignore[blocking-call-in-async, VET201]",
        "# ruff: ignore[ASYNC251]",
        "# NOSONAR",
    ],
)
def test_silences(comment: str) -> None:
    assert "VET311" not in [code for _, code in places(check(CALL.format(comment)))]


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: E501",
        "# noqa: vet311",
        "# noqa: VET201",
        "# veteran: ignore[VET201]",
        "# nosec",
        "# no qa",
        "# ASYNC251",
    ],
)
def test_does_not_silence(comment: str) -> None:
    assert (3, "VET311") in places(check(CALL.format(comment)))


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# noqa: vet311", "codes are upper case"),
        ("# noqa : VET311", "space before the colon"),
        ("# noqa: VET", "silences every code"),
        ("# veteran: ignore[VET999]", "no code of veteran"),
        ("# veteran: ignroe[VET311]", "# veteran: ignore[…]"),
        ("# veteran: ignore-file[VET311]", "line of its own"),
        ("# noqa: VET201", "unused suppression of VET201"),
        ("# veteran: ignore[VET201]", "unused suppression of VET201"),
    ],
)
def test_traps_and_unused_ones_are_reported(comment: str, said: str) -> None:
    (problem,) = [finding for finding in check(CALL.format(comment)) if finding.code == "VET002"]
    assert said in problem.message
    assert (problem.span.line, problem.span.column) == (3, 20)


@pytest.mark.parametrize(
    "comment", ["# noqa: S608", "# nosec B608", "# nosec", "# noqa: VET201", "# nosec: B608, B101"]
)
def test_behind_the_closing_quotes(comment: str) -> None:
    assert places(check(QUERY.format(comment))) == []


def test_where_another_tool_reports_the_builder() -> None:
    text = "def f(cur, x):\n    q = f\"SELECT * FROM t WHERE a = '{x}'\"  # noqa: S608\n    cur.execute(q)\n"
    assert places(check(text)) == []
    assert places(check(text.replace("S608", "VET201"))) == []
    at_call = text.replace("  # noqa: S608", "").replace("execute(q)", "execute(q)  # noqa: S608")
    assert places(check(at_call)) == []
    assert places(check(at_call.replace("S608", "VET201"))) == [(2, "VET201"), (3, "VET002")]


@pytest.mark.parametrize("line", [3, 4, 5])
def test_any_line_of_the_statement(line: int) -> None:
    lines = ["import time", "async def f():", "    time.sleep(", "        1", "    )"]
    lines[line - 1] += "  # noqa: VET311"
    assert places(check("\n".join(lines) + "\n")) == []


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("# veteran: ignore-file", True),
        ("# veteran: ignore-file[VET311]", True),
        ("# veteran: ignore-file[VET201]", False),
        ("# flake8: noqa", True),
        ("x = 1  # flake8: noqa", False),
        ("# noqa: VET311", False),
    ],
)
def test_whole_file(comment: str, silent: bool) -> None:
    found = places(check(f"{comment}\n{CALL.format('')}"))
    assert ((4, "VET311") not in found) is silent


def test_flake8_file_with_codes_skips_everything_and_is_reported() -> None:
    found = check(f"# flake8: noqa: VET201\n{CALL.format('')}")
    assert places(found) == [(1, "VET002")]
    assert "# veteran: ignore-file[VET201]" in found[0].message


def test_a_string_is_no_comment() -> None:
    assert (3, "VET311") in places(check(CALL.format('; "# veteran: ignore[VET311]"')))
