"""Programs that repeat one thing within itself, or after itself, more often than a parser likes."""

from __future__ import annotations

from random import Random

TIMES = (5, 20, 90, 101, 210, 700, 3000)
LENGTH = 30_000  # letters of an expression, about
#: What stands before and after an expression.
AROUND = (
    *(("(", ")"), ("[", "]"), ("{", "}"), ("(", ",)"), ("[*", "]"), ("{1: ", "}"), ("{**", "}")),
    *(("f(", ")"), ("f(a=", ")"), ("f(*", ")"), ("(yield ", ")"), ("(a := ", ")"), ("x[", "]"), ("x[1:", "]")),
    *(("", ".a"), ("", "()"), ("", "[0]"), ("", ".format(a)"), ("", ".json()"), ("", ".replace('a', a)")),
    *(("lambda a: ", ""), ("lambda a=", ": a"), ("lambda: (", ")"), ("lambda *a, b: ", "")),
    *(("not ", ""), ("-", ""), ("~ ", ""), ("await ", ""), ("await f(", ")")),
    *(
        ("x + ", ""),
        ("", " + 'x'"),
        ("", " % a"),
        ("x ** ", ""),
        ("x and ", ""),
        ("", " or x"),
        ("x < ", ""),
        ("", " in x"),
    ),
    *(("x if x else ", ""), ("", " if x else x"), ("x if ", " else x"), ("'a' ", ""), ("f'{a}' ", ""), ("", ", x")),
    *(("[a for a in ", "]"), ("[", " for a in x]"), ("[a for a in a if ", "]"), ("f'{", "}'"), ("f'{a:{", "}}'")),
    *(("sorted(", ")"), ("', '.join(", ")"), ("str(", ")"), ("asyncio.gather(", ")"), ("open(", ").readlines()")),
)
#: What stands before a statement, and what is added at each step to the blanks before it.
BEFORE = (
    *(("if a:\n", " "), ("for a in a:\n", " "), ("while a:\n", " "), ("with a as a:\n", " "), ("async with a:\n", " ")),
    *(("try:\n    a\nfinally:\n", " "), ("def f(a):\n", " "), ("async def f(a=a):\n", " "), ("class A(a):\n", " ")),
    *(
        ("if a:\n    return a\n", ""),
        ("if a: pass\nelif a: pass\n", ""),
        ("a = ", ""),
        ("a: a = a; ", ""),
        ("@f\ndef f(): pass\n", ""),
    ),
    *(
        ("a += 'x'\n", ""),
        ("a.append(a)\n", ""),
        ("a = f(a)\n", ""),
        ("global a\n", ""),
        ("del a\n", ""),
        ("else_ = a if a else ", ""),
    ),
)


def deep_program(random: Random) -> bytes:
    """A program of few such things, each repeated."""
    expression = random.choice(("a", "a", "'SELECT'", "f'SELECT {a}'", "requests.get(a).json()", "open(a)"))
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        before, after = random.choice(AROUND)
        times = min(random.choice(TIMES), LENGTH // len(before + after))
        expression = before * times + expression + after * times
    statement = random.choice(
        ("cursor.execute({})", "a = {}", "return {}", "{}", "{}[0] = a", "del {}", "for a in {}: a", "a[{}]: {}")
    )
    lines = [statement.replace("{}", expression)]
    if not random.randrange(3):
        lines = _nested(random, lines[0])
    head = "import asyncio, requests, time\n\nasync def g(cursor, a):\n"
    return (head + "".join(f"    {line}\n" for line in (*lines, "a['name']", "time.sleep(a)"))).encode()


def _nested(random: Random, statement: str) -> list[str]:
    before, step = random.choice(BEFORE)
    indent = ""
    text = ""
    for _ in range(min(random.choice(TIMES), 300 if step else max(TIMES))):
        text += "".join(
            f"{'' if text.endswith(tuple('= ;')) else indent}{line}" for line in before.splitlines(keepends=True)
        )
        indent += step
    return [*(text + (indent if text.endswith("\n") else "") + statement).splitlines()]
