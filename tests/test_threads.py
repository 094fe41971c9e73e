"""What VET301 says, and that it stays quick."""

from __future__ import annotations

import pytest

from helpers import EVERYTHING, check, places

HEAD = """import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import anyio.to_thread


def work(n):
    return sum(i * i for i in range(n))


class Job:
    def work(self, n):
        return sum(i * i for i in range(n))


"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "def f(xs, pool=None):\n    with ThreadPoolExecutor() as p:\n        p.map(work, xs)\n",
            "`work` only computes in Python",
        ),
        ("def f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(work, xs)\n", "use a `ProcessPoolExecutor`"),
        (
            "def f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(json.loads, xs)\n",
            "`json.loads` computes and holds the GIL",
        ),
        (
            "def f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(lambda n: work(n), xs)\n",
            "a lambda cannot be sent",
        ),
        ("def f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(Job().work, xs)\n", "must be picklable"),
        (
            "def f(xs):\n    def g(n):\n        return work(n)\n"
            "    with ThreadPoolExecutor() as p:\n        p.map(g, xs)\n",
            "a nested function cannot be sent",
        ),
        (
            "def f(xs):\n    for x in xs:\n        Thread(target=work, args=(x,)).start()\n",
            "use `multiprocessing.Process`",
        ),
        (
            "async def f(xs):\n    await asyncio.gather(*(asyncio.to_thread(work, x) for x in xs))\n",
            "use `run_in_executor` with a `ProcessPoolExecutor`",
        ),
    ],
)
def test_messages(code: str, said: str) -> None:
    [finding] = check(HEAD + code)
    assert finding.code == "VET301"
    assert said in finding.message


def test_the_steps_show_the_function_and_its_loop() -> None:
    [finding] = check(HEAD + "def f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(work, xs)\n")
    assert [(step.span.line, step.text) for step in finding.steps] == [
        (9, "`work` runs in every thread"),
        (10, "this loop is the work"),
    ]


def test_free_threaded_projects_are_left_alone() -> None:
    code = HEAD + "def f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(work, xs)\n"
    assert places(check(code)) == [(20, "VET301")]
    assert check(code, settings=EVERYTHING._replace(free_threaded=True)) == []


def test_tests_are_left_alone() -> None:
    code = HEAD + "def f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(work, xs)\n"
    assert check(code, "tests/test_work.py") == []


@pytest.mark.parametrize(
    "body",
    [
        "    x = n\n    for i in range(n):\n        x = " + "int(str(" * 60 + "x" + "))" * 60 + "\n    return x\n",
        "    return " + "+".join(["n"] * 900) + "\n",
        "".join(f"    if n == {i}:\n        n = a(n) + b(n)\n" for i in range(300)) + "    return n\n",
    ],
)
def test_odd_bodies_are_survived(body: str) -> None:
    code = HEAD + f"def odd(n):\n{body}\ndef f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(odd, xs)\n"
    assert {finding.code for finding in check(code)} <= {"VET301"}


def test_partials_of_themselves_end() -> None:
    code = "from functools import partial\ng = partial(h)\nh = partial(g)\n"
    assert check(HEAD + code + "def f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(g, xs)\n") == []


def test_functions_that_call_each_other_end() -> None:
    code = "".join(f"def w{i}(n):\n    return w{(i + 1) % 9}(n) + w{(i + 4) % 9}(n)\n" for i in range(9))
    found = check(HEAD + code + "def f(xs):\n    with ThreadPoolExecutor() as p:\n        p.map(w0, xs)\n")
    assert [finding.code for finding in found] == ["VET301"]


def test_long_arguments_are_survived() -> None:
    long = "+".join(["1"] * 900)
    code = f"def f():\n    with ThreadPoolExecutor() as p:\n        p.map(work, [{long}, 2])\n"
    assert [finding.code for finding in check(HEAD + code)] == ["VET301"]
