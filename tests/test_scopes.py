"""Names: what Python itself does is the judge."""

from __future__ import annotations

import contextlib
import random
from collections import defaultdict
from typing import Any

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veteran.analysis.semantics.binder import lower
from veteran.analysis.semantics.ir import Call, Lowered
from veteran.analysis.semantics.scopes import lookup
from veteran.catalog import catalog_for


def lowered(text: str) -> Lowered:
    return lower(cst.parse_module(text), catalog_for())


def call_of(module: Lowered, name: str) -> Call:
    """The only call of a plain name."""
    (found,) = [c for c in module.calls if isinstance(c.node.func, cst.Name) and c.node.func.value == name]
    return found


def bound_at_use(text: str, name: str = "x") -> tuple[str, list[str]]:
    """Where `name` is found at the call of `use`, and the source of what it can be bound to."""
    module = lowered(text)
    found = lookup(name, call_of(module, "use"))
    values = [
        module.tree.code_for_node(b.value) if isinstance(b.value, cst.CSTNode) else b.kind for b in found.bindings
    ]
    return found.where, sorted(values)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("from math import *\nuse()", "local"),
        ("from math import *\ndef f():\n    use()", "outer"),
        ("from math import *\nsqrt = 2\nuse()", "local"),
        ("from .math import *\nuse()", "unknown"),
        ("from mymath import *\nuse()", "unknown"),
    ],
)
def test_star_imports_of_plain_modules_bind_their_names(text: str, where: str) -> None:
    module = lowered(text)
    found = lookup("sqrt", call_of(module, "use"))
    assert (found.where, len(found.bindings)) == (where, int(where != "unknown"))


@pytest.mark.parametrize(
    ("text", "where", "values"),
    [
        ("use()", "spelled", []),
        ("x = 1\nuse()", "local", ["1"]),
        ("x = 1\nx = 2\nuse()", "local", ["2"]),
        ("use()\nx = 1", "unknown", []),
        ("x = 1\ndef f():\n    use()\nx = 2", "outer", ["2"]),
        ("def f():\n    use()\n    x = 1", "local", []),
        ("def f(x):\n    use()", "local", ["x"]),
        ("def f(x):\n    x = 2\n    use()", "local", ["2"]),
        ("x = 1\nclass C:\n    x = 2\n    def f(self):\n        use()", "outer", ["1"]),
        ("x = 1\nclass C:\n    use()\n    x = 2", "local", ["1"]),
        ("x = 1\nclass C:\n    x = 2\n    use()", "local", ["2"]),
        ("x = 1\n[use() for x in y]", "local", ["y"]),
        ("x = 1\n[use() for z in y]", "local", ["1"]),
        ("[x := 3 for z in y]\nuse()", "local", ["3"]),
        ("def f():\n    x = 1\n    def g():\n        use()\n    x = 2", "outer", ["1", "2"]),
        ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    use()", "local", ["1", "2"]),
        ("x = 1\ndef f():\n    global x\n    x = 2\ndef g():\n    use()", "outer", ["1", "2"]),
        ("x = 1\ndel x\nuse()", "unknown", []),
        ("def f():\n    x = 1\n    del x\n    use()", "local", []),
        ("from m import *\nuse()", "unknown", []),
        ("from time import *\nuse()", "spelled", []),
        ("def f(a=use()):\n    x = 1", "unknown", []),
        ("lambda x: use()", "local", ["x"]),
        ("if a:\n    x = 1\nelse:\n    x = 2\nuse()", "local", ["1", "2"]),
        ("x = 0\nif a:\n    x = 1\nelse:\n    raise E\nuse()", "local", ["1"]),
        ("x = 0\nif a:\n    x = 1\n    raise E\nuse()", "local", ["0"]),
        ("x = 0\nfor i in a:\n    use()\n    x = 1", "local", ["0", "1"]),
        ("x = 0\ntry:\n    x = 1\nexcept E:\n    use()", "local", ["0", "1"]),
        ("x = 0\ntry:\n    x = 1\nexcept E:\n    x = 2\nuse()", "local", ["1", "2"]),
        ("try:\n    x = 1\nfinally:\n    x = 2\nuse()", "local", ["2"]),
        ("x = 0\nwith (x := 1):\n    use()", "local", ["1"]),
        ("with a as x:\n    use()", "local", ["a"]),
        ("x = 0\nmatch a:\n    case 1:\n        x = 1\n    case _:\n        x = 2\nuse()", "local", ["1", "2"]),
        ("try:\n    pass\nexcept* E as x:\n    use()", "local", ["E"]),
        ("match a:\n    case {'k': x}:\n        use()", "local", ["match"]),
        ("match a:\n    case [1, *x]:\n        use()", "local", ["match"]),
        ("match a:\n    case C(x):\n        use()", "local", ["match"]),
        ("match a:\n    case C(k=x):\n        use()", "local", ["match"]),
        ("match a:\n    case 1 | 2 as x:\n        use()", "local", ["match"]),
        ("match a:\n    case {**x}:\n        use()", "local", ["match"]),
        ("match a:\n    case x:\n        pass\nuse()", "local", ["a"]),
        ("type x = int\nuse()", "local", ["int"]),
        ("def f[x](a):\n    use()", "local", ["type"]),
        ("def f[*x](a):\n    use()", "local", ["type"]),
        ("def f[**x](a):\n    use()", "local", ["type"]),
        ("class C[x]:\n    use()", "local", ["type"]),
        ("class C[x]:\n    def f(self):\n        use()", "outer", ["type"]),
        ("for x in a:\n    pass\nuse()", "local", ["a"]),
        ("for i, (x, y) in a: use()", "local", ["a"]),
        ("async def f():\n    async for x in a:\n        use()", "local", ["a"]),
        ("async def f():\n    async with a as x:\n        use()", "local", ["a"]),
        ("with a as (y, x):\n    use()", "local", ["a"]),
        ("(y, *x) = a\nuse()", "local", ["a"]),
        ("x = y = 1\nuse()", "local", ["1"]),
        ("x = 1\nx += 2\nuse()", "local", ["x += 2"]),
        ("x: int\nuse()", "unknown", []),
        ("import x\nuse()", "local", ["import"]),
        ("import x.y\nuse()", "local", ["import"]),
        ("from m import y as x\nuse()", "local", ["import"]),
        ("if a:\n    import x\nelse:\n    x = None\nuse()", "local", ["None", "import"]),
        ("try:\n    import x\nexcept ImportError:\n    x = None\nuse()", "local", ["None", "import"]),
        ("from m import *\nx = 1\nuse()", "local", ["1"]),
        ("def x(): pass\nuse()", "local", ["def"]),
        ("class x: pass\nuse()", "local", ["class"]),
        ("use() if (x := 1) else 0", "local", ["1"]),
        ("if (x := a) and use(): pass", "local", ["a"]),
        ("[use() for i, x in a]", "local", ["a"]),
        ("{use(): 1 for x in a}", "local", ["a"]),
        ("def f(*x): use()", "local", ["*x"]),
        ("def f(**x): use()", "local", ["**x"]),
        ("def f(*, x=1): use()", "local", ["x=1"]),
        ("class C:\n    x = 1\n    y = [use() for z in a]", "unknown", []),
        ("class C:\n    x = 1\n    y = [z for z in use()]", "local", ["1"]),
        ("class C:\n    x = 1\n    y = lambda self: use()", "unknown", []),
        ("@use()\ndef f(x): pass", "unknown", []),
        ("x = 1\nclass C(use()):\n    x = 2", "local", ["1"]),
        ("x = 1\nif a:\n    del x\nuse()", "local", ["1"]),
        ("while True:\n    x = 1\n    break\nuse()", "local", ["1"]),
    ],
)
def test_lookup(text: str, where: str, values: list[str]) -> None:
    assert bound_at_use(text) == (where, values)


class Program:
    """A random function of assignments to x and observations of it, which can be run."""

    def __init__(self, choice: random.Random) -> None:
        self.choice = choice
        self.count = 0
        self.uses = 0
        self.lines = ["def f(cond, use):", "    x = 0"]
        self.block(1, 0, in_loop=False)
        self.text = "\n".join(self.lines)

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def block(self, depth: int, nesting: int, *, in_loop: bool) -> None:
        for _ in range(self.choice.randint(1, 4)):
            self.statement(depth, nesting, in_loop=in_loop)
        if nesting and self.choice.random() < 0.2:
            self.line(depth, self.choice.choice(["return", "raise KeyError"] + ["break", "continue"] * in_loop))

    def statement(self, depth: int, nesting: int, *, in_loop: bool) -> None:
        kind = self.choice.choice(["assign", "use", "use", "if", "loop", "try", "with"]) if nesting < 3 else "use"
        if kind == "assign":
            self.count += 1
            self.line(depth, f"x = {self.count}")
        elif kind == "use":
            self.uses += 1
            self.line(depth, f"use({self.uses}, x)")
        elif kind == "if":
            self.line(depth, "if cond():")
            self.block(depth + 1, nesting + 1, in_loop=in_loop)
            if self.choice.random() < 0.5:
                self.line(depth, "else:")
                self.block(depth + 1, nesting + 1, in_loop=in_loop)
        elif kind == "loop":
            self.line(depth, self.choice.choice(["while cond():", "for _ in range(2):"]))
            self.block(depth + 1, nesting + 1, in_loop=True)
            if self.choice.random() < 0.3:
                self.line(depth, "else:")
                self.block(depth + 1, nesting + 1, in_loop=in_loop)
        elif kind == "with":
            self.line(depth, "with manager():")
            self.block(depth + 1, nesting + 1, in_loop=in_loop)
        else:
            self.line(depth, "try:")
            self.block(depth + 1, nesting + 1, in_loop=in_loop)
            if self.choice.random() < 0.7:
                self.line(depth, "except KeyError:")
                self.block(depth + 1, nesting + 1, in_loop=in_loop)
                if self.choice.random() < 0.3:
                    self.line(depth, "else:")
                    self.block(depth + 1, nesting + 1, in_loop=in_loop)
            else:
                self.line(depth, "finally:")
                self.line(depth + 1, "pass")
                self.block(depth + 1, nesting + 1, in_loop=False)


class Manager:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_every_value_that_arrives_is_foreseen(seed: int) -> None:
    """Whatever a run observes is among the bindings that `lookup` gives for that place."""
    choice = random.Random(seed)
    program = Program(choice)
    observed: dict[int, set[int]] = defaultdict(set)

    class Enough(Exception):
        pass

    steps = 0

    def cond() -> bool:
        nonlocal steps
        steps += 1
        if steps > 200:
            raise Enough
        return choice.random() < 0.5

    namespace: dict[str, Any] = {"manager": Manager}
    exec(compile(program.text, "program", "exec"), namespace)
    for _ in range(30):
        steps = 0
        with contextlib.suppress(KeyError, Enough):
            namespace["f"](cond, lambda number, x: observed[number].add(x))
    module = lowered(program.text)
    foreseen = {}
    for call in module.calls:
        if isinstance(call.node.func, cst.Name) and call.node.func.value == "use":
            found = lookup("x", call)
            number = int(call.node.args[0].value.value)  # type: ignore[attr-defined]
            foreseen[number] = {int(b.value.value) for b in found.bindings}
    for number, values in observed.items():
        assert values <= foreseen[number], (number, values, foreseen[number], program.text)


@pytest.mark.parametrize(
    "text",
    [
        "for x, x, x, x, x in rows:\n    pass\nuse(x)\n",
        "while rows:\n    x, (x, x), *x = rows\nuse(x)\n",
        "with a as x, b as (x, x), c as x:\n    use(x)\n",
        "def f(rows):\n    for x, x, x, x, x in rows:\n        use(x)\n",
    ],
)
def test_bindings_of_one_statement_are_in_the_same_order_each_time(text: str) -> None:
    orders = set()
    kept = []
    for number in range(40):
        kept.append([object() for _ in range(number)])  # so that what is made lies elsewhere each time
        module = lowered(text)
        call = next(call for call in module.calls if isinstance(call.node.func, cst.Name))
        kept.append([module])
        orders.add(tuple((binding.place, binding.path) for binding in lookup("x", call).bindings))
    assert len(orders) == 1
