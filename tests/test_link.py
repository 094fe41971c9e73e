"""The link step: a function of summaries alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from helpers import check, places
from veteran.analysis.reports import ArgumentFact, Conditional, Parameter
from veteran.findings import Confidence, Finding, Span
from veteran.project.caller_decided import decided, unsafe_parameters
from veteran.project.summary import Summary

FINDING = Finding("a.py", Span(1, 1, 1, 2), "VET201", "message", Confidence.MEDIUM)


def parameter(number: int) -> Parameter:
    return Parameter(f"f{number}", "x")


def test_conditional_findings_need_an_unsafe_caller() -> None:
    conditional = (Conditional(FINDING, (parameter(1),)),)
    safe = Summary("a.py", conditional=conditional, arguments=(ArgumentFact(parameter(1), False),))
    unsafe = Summary("a.py", conditional=conditional, arguments=(ArgumentFact(parameter(1), True),))
    assert [decided(summary) for summary in (safe, unsafe)] == [[], [FINDING]]


@given(
    st.sets(st.integers(0, 9)),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30),
    st.randoms(),
)
def test_unsafe_is_what_a_search_over_the_calls_reaches(
    sources: set[int], edges: list[tuple[int, int]], random: st.DataObject
) -> None:
    facts = [ArgumentFact(parameter(number), True) for number in sources]
    facts += [ArgumentFact(parameter(to), False, (parameter(origin),)) for origin, to in edges]
    reached = set(sources)
    while new := {to for origin, to in edges if origin in reached} - reached:
        reached |= new
    random.shuffle(facts)  # type: ignore[attr-defined]
    assert unsafe_parameters(facts) == {parameter(number) for number in reached}


MODULE = """
def _run(cursor, name):
    cursor.execute(f"SELECT * FROM t WHERE a = '{name}'")

def _through(cursor, name):
    _run(cursor, name)

def public(cursor, user):
    CALL
"""


def test_callers_of_private_functions_decide() -> None:
    line = [(3, "VET201")]
    assert places(check(MODULE.replace("CALL", "_through(cursor, 'constant')"))) == []
    assert places(check(MODULE.replace("CALL", "_through(cursor, user)"))) == line
    assert places(check(MODULE.replace("CALL", "_through(cursor, name=user)"))) == line
    assert places(check(MODULE.replace("CALL", "_through(*user)"))) == line
    assert places(check(MODULE.replace("CALL", "_through(cursor, 'a'); register(_run)"))) == line
    assert places(check(MODULE.replace("CALL", "pass"))) == line
    assert places(check(MODULE.replace("_run", "run").replace("CALL", "_through(cursor, 'a')"))) == line


def test_recursive_private_functions_end() -> None:
    text = """
def _walk(cursor, name, depth):
    cursor.execute(f"SELECT * FROM t WHERE a = '{name}'")
    _walk(cursor, name, depth - 1)

def public(cursor, user):
    _walk(cursor, USER, 3)
"""
    assert places(check(text.replace("USER", "'a'"))) == []
    assert places(check(text.replace("USER", "user"))) == [(3, "VET201")]
