"""Programs whose names, attributes, functions and classes are made of themselves, or of one another in long rows."""

from __future__ import annotations

import re

import pytest

from helpers import check, places

#: How a value is made of another one.
FORMS = [
    "x",
    "sorted(x)",
    "list(x)",
    "set(x)",
    "reversed(x)",
    "enumerate(x)",
    "x or []",
    "x + ['a']",
    "['a'] + x",
    "x[1:]",
    "x[0]",
    "x['a']",
    "x | {'b'}",
    "x - y",
    "x * 2",
    "x if y else []",
    "[*x, 'a']",
    "(x, y)",
    "{'a': x}",
    "{**x}",
    "[c for c in x]",
    "{c: c for c in x}",
    "map(str, x)",
    "map(lambda v: v, x)",
    "zip(x, y)",
    "filter(y, x)",
    "chain(x, y)",
    "x.copy()",
    "x.items()",
    "x.split(',')",
    "x.strip()",
    "x.union(y)",
    "','.join(sorted(x))",
    "f'{x}'",
    "'%s' % x",
    "x.cols",
    "'{}'.format(x)",
    "'{a}'.format(**x)",
    "x.replace('a', y)",
    "dict(x, a=1)",
    "next(iter(x))",
    "max(x, y)",
    "x()",
    "x.get('a', y)",
    "lambda a: x",
    "(lambda: x)()",
    "(z := x)",
    "type(x)",
    "super().cols",
    "getattr(x, 'cols')",
    "cast('list', x)",
    "Path(x) / y",
    "x.json()",
    "open(x).read()",
]
USES = """
db.execute("SELECT " + ", ".join(X))
db.execute(X)
db.execute(f"SELECT {X} FROM t")
db.execute("SELECT %s" % X)
for a, b in X: db.execute("SELECT " + b)
if X not in ("a", "b"): db.execute("SELECT " + X)
open(X).readlines()
X.read().splitlines()
X.json()["a"]["b"]
requests.get(X).json()["a"]
executor.map(X, y)
with X as h: h.get()
with suppress(X): requests.get("a").json()["a"]
"""
HEAD = """\
import time, requests, threading
from contextlib import suppress
from concurrent.futures import ThreadPoolExecutor
executor = ThreadPoolExecutor(8)
"""
ALIVE = "async def alive():\n    time.sleep(1)\n"


def made(form: str, of: str) -> str:
    """The form, of that expression."""
    return "".join(of if part == "x" else part for part in re.split(r"\b(x)\b", form))


def uses(of: str, indent: int = 4) -> str:
    """Everything that rules look at, with that expression in it."""
    lines = USES.strip().replace("X", of).splitlines()
    caught = f"try: requests.get('a').json()['a']\nexcept {of}: pass".splitlines()
    return "".join(f"{' ' * indent}{line}\n" for line in (*lines, *caught))


def cyclic(form: str) -> dict[str, str]:
    """Programs that make something of itself in that form."""
    own, other = made(form, "self.cols"), made(form, "self.rows")
    return {
        "attribute": f"class C:\n  def __init__(self, cols, y):\n    self.cols = cols\n    self.cols = {own}\n"
        f"{uses('self.cols')}",
        "two": f"class C:\n  def __init__(self, y):\n    self.cols = {other}\n    self.rows = {own}\n"
        f"{uses('self.cols')}",
        "class": f"class C:\n  cols = {made(form, 'D.cols')}\nclass D:\n  cols = {made(form, 'C.cols')}\n"
        f"def f(y):\n{uses('C.cols')}",
        "base": f"class C(D):\n  cols = {made(form, 'E.cols')}\nclass D(C): pass\nclass E(E): pass\n"
        f"def f(y):\n{uses('D.cols')}",
        "property": f"class C:\n  @property\n  def cols(self):\n    return {other}\n  @property\n  def rows(self):\n"
        f"    return {own}\n  def f(self, y):\n{uses('self.cols')}",
        "function": f"def f(y=0):\n  return {made(form, 'g()')}\ndef g(y=0):\n  return {made(form, 'f()')}\n"
        f"def h(y):\n{uses('f()')}",
        "loop": f"def f(x, y):\n  while y:\n    x = {form}\n{uses('x')}",
        "global": f"x = 1\ndef s(y):\n  global x\n  x = {form}\ndef f(y):\n{uses('x')}",
        "for": f"def f(x, y):\n  for x in {form}:\n    for z, (y, *x) in {form}:\n{uses('x', 6)}",
        "with": f"def f(x, y):\n  while y:\n   with {form} as x:\n{uses('x')}",
        "comprehension": f"def f(x, y):\n  while y:\n    x = [{form} for x in ({form})]\n{uses('x')}",
        "parameter": f"def _f(x, y=1):\n    _g({form})\n{uses('x')}def _g(x, y=1):\n    _f({form})\n{uses('x')}",
        "annotation": f"x = {form}\nx: 'x'\ndef f(a: x, b: 'list[x]', y=1):\n{uses('a')}{uses('b')}",
        "lambda": f"f = lambda x: {made(form, 'g(x)')}\ng = lambda x: {made(form, 'f(x)')}\ndef h(y):\n{uses('f(y)')}",
        "stored": f"def f(x, y):\n  x = {{}}\n  x['a'] = {form}\n  x.update(x)\n  z = []\n  z.append(z)\n"
        f"  z.extend({made(form, 'z')})\n"
        f"{uses('x', 2)}{uses('z', 2)}",
    }


@pytest.mark.parametrize("form", FORMS)
def test_what_is_made_of_itself(form: str) -> None:
    for kind, text in cyclic(form).items():
        found = places(check(HEAD + text + ALIVE))
        assert (len((HEAD + text + ALIVE).splitlines()), "VET311") in found, kind
        assert not {"VET001", "VET003"} & {code for _, code in found}, kind


@pytest.mark.parametrize(
    "text",
    [
        "type X = list[X]\n",
        "X = list['X']\n",
        "X = 'X'\n",
        "X = Y = 'Y'\nY = X\n",
        "X = NewType('X', 'X')\n",
        "X = TypeVar('X', bound='X')\n",
        "X = Optional['list[X]']\n",
        "class X(X): a: 'X'\n",
        "class X(X.X): pass\n",
        "class X(type(X), metaclass=X): pass\n",
        "def X() -> 'X': return X\n",
        "@X\ndef X(a): return X\n",
        "from m import *\nfrom . import *\nX = X\n",
    ],
)
def test_types_that_name_themselves(text: str) -> None:
    body = uses("a") + uses("b") + uses("X")
    program = f"from typing import *\n{HEAD}{text}def f(a: X, b: 'X | list[X]', y=1):\n{body}{ALIVE}"
    assert places(check(program))[-1] == (len(program.splitlines()), "VET311")


STEPS = range(1, 400)
LONG = {
    "names": "def f(x0, y):\n" + "".join(f"    x{i} = sorted(x{i - 1})\n" for i in STEPS) + uses("x399"),
    "attributes": "class C:\n  def f(self, y):\n" + "".join(f"    self.a{i} = self.a{i - 1}[1:]\n" for i in STEPS)
    + uses("self.a399"),
    "functions": "def f0(): pass\n" + "".join(f"def f{i}(): return list(f{i - 1}())\n" for i in STEPS)
    + "def g(y):\n"
    + uses("f399()"),
    "handed": "".join(f"def _g{i}(x):\n    _g{i + 1}(x)\n" for i in STEPS) + "def _g400(x, y=1):\n" + uses("x"),
    "checks": "def c0(x):\n    if x not in (1, 2): raise ValueError\n"
    + "".join(f"def c{i}(x):\n    c{i - 1}(x)\n" for i in STEPS)
    + "def f(x, y):\n    c399(x)\n"
    + uses("x"),
    "classes": "class C0: pass\n" + "".join(f"class C{i}(C{i - 1}): pass\n" for i in STEPS)
    + "def f(y):\n"
    + uses("C399().a"),
    "types": "T0 = int\n" + "".join(f"T{i} = list[T{i - 1}]\n" for i in STEPS) + "def f(a: T399, y):\n" + uses("a"),
    "exceptions": "E0 = OSError\n" + "".join(f"E{i} = E{i - 1}\n" for i in STEPS) + "def f(y):\n" + uses("E399"),
    "links": f"def f(x, y):\n    z = x{'.a' * 900}\n{uses('z')}    v = x{'[0]' * 900}\n{uses('v')}",
    "unions": f"def f(x: {' | '.join('A' * 2_000)}, y):\n    if isinstance(x, {' | '.join('A' * 2_000)}): pass\n"
    + uses("x"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LONG)
def test_long_rows(kind: str) -> None:
    program = HEAD + LONG[kind].replace("399", str(STEPS[-1])) + ALIVE
    found = places(check(program))
    assert (len(program.splitlines()), "VET311") in found
    assert not {"VET001", "VET003"} & {code for _, code in found}
