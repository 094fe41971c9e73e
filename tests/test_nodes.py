"""The tree that the host's parser gives is the one that libcst's gives, and its nodes stand in the same places."""

from __future__ import annotations

import ast
import multiprocessing
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import check, places
from veteran.analysis.syntax import nodes, tree
from veteran.analysis.syntax.source import Source, SourceError
from veteran.findings import Finding

ROOT = Path(__file__).parent.parent
LIBRARY = Path(sysconfig.get_paths()["stdlib"])
FIXTURES = sorted((ROOT / "fixtures").rglob("*.py"))
STANDARD = sorted(LIBRARY.glob("*.py")) + sorted((LIBRARY / "asyncio").glob("*.py"))


def statements(body: Any) -> Iterator[cst.CSTNode]:
    """The statements of a body: libcst tells one-line suites from blocks."""
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from statement.body
        else:
            yield statement


def shape(node: Any) -> Any:
    """All that a tree means, without its layout."""
    if isinstance(node, (list, tuple)):
        return [shape(one) for one in node]
    if isinstance(node, cst.MaybeSentinel):
        return None
    if not isinstance(node, cst.CSTNode):
        return node
    if isinstance(node, cst.Name):
        return "Name", node.value
    if isinstance(node, (cst.IndentedBlock, cst.SimpleStatementSuite)):
        return "Block", [shape(one) for one in statements(node.body)]
    kind = "MatchList" if isinstance(node, cst.MatchTuple) else type(node).__name__
    return kind, [shape(getattr(node, name)) for name in meaning(type(node))]


def meaning(kind: Any) -> list[str]:
    return [name for name in kind.__dataclass_fields__ if name not in nodes.LAYOUT and "whitespace" not in name]


def both(text: str) -> tuple[tree.Tree, tree.Tree]:
    """The trees of the two readers."""
    source = Source(text)
    return tree.HostTree(source, nodes.read(source)), tree.ParsedTree(source, cst.parse_module(source.parse_text))


def pairs(one: cst.CSTNode, other: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """The expressions of two trees of one shape, side by side."""
    pending = [(one, other)]
    while pending:
        one, other = pending.pop()
        if type(one) is not type(other):
            continue  # the ways to write a block or a pattern
        if isinstance(one, (cst.BaseExpression, cst.Slice)):
            yield one, other
        ours, theirs = list(nodes.children(one)), list(nodes.children(other))
        if len(ours) == len(theirs):
            pending += zip(ours, theirs, strict=True)


def same(text: str) -> int:
    """Holds both trees of a text against each other; returns how many expressions it has."""
    ours, theirs = both(text)
    assert shape(ours.module) == shape(theirs.module)
    count = 0
    for one, other in pairs(ours.module, theirs.module):
        count += 1
        try:
            ours.range(one)
        except KeyError:
            # An attribute's name, a keyword, a part of a module's name: nobody asks for its place.
            assert isinstance(one, (cst.Name, cst.Attribute)), type(one)
            continue
        assert (type(one), ours.code(one), ours.span(one)) == (type(other), theirs.code(other), theirs.span(other))
    return count


def parsed(path: Path) -> str | None:
    """The text of a file that both parsers read."""
    try:
        source = Source.from_bytes(path.read_bytes())
        nodes.read(source)
        cst.parse_module(source.parse_text)
    except (SourceError, nodes.Unconverted, cst.ParserSyntaxError):
        return None
    return source.parse_text


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_fixtures_give_the_same_tree(path: Path) -> None:
    text = parsed(path)
    if text is None:
        pytest.skip("one of the parsers does not read it")
    assert same(text)


@pytest.mark.slow
@pytest.mark.parametrize("path", STANDARD, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_the_standard_library_gives_the_same_tree(path: Path) -> None:
    text = parsed(path)
    if text is None:
        pytest.skip("one of the parsers does not read it")
    same(text)


EVERYTHING = '''
"""Everything that there is, once."""
from __future__ import annotations
import a.b.c, d as e, f.g as h
from . import i
from ..j import k as l, m
from n import *
global_value: int = 1; other = 2; third = 3
x: "list[int]" = b"a" rb'b'
a, *b = c = [1, 2.5, 3j, 0x1F, 1_000, ..., None, True, not False, -1, +2, ~3]
d = {"k": 1, **e, 'é': "ü" 'plain' r"raw\\d", None: {1, 2, *rest}, (): ()}
f = g(h, *i, j=1, *k, **l, m=2)(n)[o][p:q][r:s:t, ..., u][(v, w)][-1]
ok = 1 < 2 <= 3 != 4 is not None is None and 5 in (6,) or 7 not in 8 and 9 > 0 >= 1 == 2
sums = a + b - c * d / e // f % g @ h ** i << 2 >> 3 & 4 | 5 ^ 6
long = ("one"
        'two'  # why
        \'\'\'three\'\'\' \\
        "four")
é = "ü" + ö.ä("ß", ñ=é)
for a, (b, *c) in d: continue
else: pass
async def coroutine(a, /, b: int = 1, *args: str, c, d=2, **kwargs) -> "x":
    async with a as b, c: await d
    async for e in f: yield e
    else: return
    return [g async for g in h if i if j for k in l]
@decorator
@another.one(1)
class K(Base, *bases, metaclass=Meta, **options):
    """Doc."""
    def method(self, *, only): return lambda: (yield)
    def generator(self): x = yield; yield from y; nonlocal_ = yield z
lambdas = lambda a, /, b=1, *c, d, e=2, **f: a if b else c
while a: break
else:
    if b: pass
    elif c: pass
    else:
        if d: pass
try: pass
except (A, B) as error: raise C from error
except D: raise
except: pass
else: pass
finally: pass
with (open(a) as b, c): pass
with d as (e, f), g as h.i: pass
del a
del b, c[0], d.e
assert a, "b"
a += 1; b -= 1; c *= 1; d /= 1; e //= 1; f %= 1; g @= 1; h **= 1; i <<= 1; j >>= 1; k &= 1; l |= 1; m ^= 1
if (n := 1) and (y := f(x)): print({a: b for a, b in c}, {d for d in e}, (f for f in g), [h for h in i])
def scope():
    global x, y
    def inner():
        nonlocal_ = 1
    return *a, b
strings = f"{a!r:>{width}} {b=} {{}} {c['d']}" "tail" f'{e(f"{g}")}'
match command:
    case 1 | -2 | "a" | None | True: pass
    case [a, 2, *rest] if a: pass
    case (b, _): pass
    case {"k": v, **others}: pass
    case Point(x=0, y=[c]) | Point(0, 0): pass
    case a.b: pass
    case [Point() as p, *_]: pass
    case _: pass
'''


def test_every_construct_gives_the_same_tree() -> None:
    assert same(EVERYTHING) > 300


def test_lines_may_end_in_any_way() -> None:
    for newline in ("\n", "\r\n", "\r"):
        assert same(EVERYTHING.replace("\n", newline)) > 300


NEW = {
    (3, 11): "try: pass\nexcept* A as a: pass\nexcept* (B, C): pass\ndef f(*args: *Ts): pass\nx[*a, b]\n",
    (3, 12): "type A[T: int, *Ts, **P] = list[T]\ndef f[T](x: T) -> T: return x\nclass C[T: (int, str)]: pass\n"
    'x = f"{f"{\'a\'}"}"\n',
    (3, 13): "def f[T = int, *Ts = *tuple[int], **P = [int]](x: T): pass\n",
    (3, 14): "x = t'{a} b {c!r:>{d}}'\ntry: pass\nexcept A, B: pass\n",
}


@pytest.mark.parametrize("version", NEW)
def test_newer_syntax_gives_the_same_tree(version: tuple[int, int]) -> None:
    try:
        cst.parse_module(NEW[version])
    except cst.ParserSyntaxError:
        pytest.skip("libcst does not read it")
    if sys.version_info < version:
        with pytest.raises(nodes.Unconverted):
            nodes.read(Source(NEW[version]))
        assert isinstance(tree.parse(Source(NEW[version])), tree.ParsedTree)
    else:
        assert isinstance(tree.parse(Source(NEW[version])), tree.HostTree)
        same(NEW[version])


def test_names_stand_where_they_are_written() -> None:
    text = (
        "async  def  name(first, *args: int, **rest): pass\nclass Word(Base): pass\n"
        "import a.b as bound, b as b\nfrom m import (one as two,\n  three)\n"
        "try: pass\nexcept e . e as e: pass\nmatch x:\n    case {'rest': 1, **rest} | [*_, C(rest=1) as rest]: pass\n"
    )
    ours, theirs = both(text)

    def named(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        for child in nodes.children(node):
            if isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.Param, cst.AsName, cst.ImportAlias, cst.MatchAs)):
                yield from [child] if isinstance(child, (cst.Name, cst.Attribute)) else []
            yield from named(child)

    found = [ours.span(node) for node in named(ours.module)]
    assert found == [theirs.span(node) for node in named(theirs.module)]
    assert len(found) > 12


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("x" + ".a()" * 600, id="links"),
        pytest.param(" + ".join(["x"] * 2_400), id="sum"),
        pytest.param("lambda: " * 1_500 + "1", id="lambdas"),
        pytest.param("[" * 150 + "]" * 150, id="brackets"),
    ],
)
def test_deep_expressions_are_read_either_way(expression: str) -> None:
    text = f"import time\nasync def f():\n    x = {expression}\n    time.sleep(1)\n"
    assert places(check(text)) == [(4, "VET311")]


_LEAVES = st.sampled_from(["a", "b.c", "1", "'s'", "'é'", "f'{a}'", "f'{b!r} é'", "...", "'x' 'y'", "None", "b'z'"])


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.builds(lambda one, operator: f"({one[0]} {operator} {one[1]})", pair, st.sampled_from(OPERATORS)),
        st.builds(lambda one, operator: f"({operator} ({one}))", inner, st.sampled_from(["not", "-", "~", "await"])),
        st.builds(lambda one: f"g({one[0]}, *{one[1]}, k={one[0]})", pair),
        st.builds(lambda one: f"({one[0]})[{one[1]}]", pair),
        st.builds(lambda one: f"({one[0]} if {one[1]} else ä)", pair),
        st.builds(lambda one: f"[{one[0]}, ({one[1]},), *({one[0]})]", pair),
        st.builds(lambda one: f"{{{one[0]}: {one[1]}, **({one[0]})}}", pair),
        st.builds(lambda one: f"[({one[0]}) for x in ({one[1]}) if x]", pair),
        st.builds(lambda one: f"(lambda x={one[0]}, *y: {one[1]})", pair),
        st.builds(lambda one: f"f'é{{({one})!r:>3}}' 'tail'" if "'" not in one else one, inner),
    )


OPERATORS = [*"+ - * / // % @ ** << >> & | ^ < > <= >= == != in is and or".split(), "not in", "is not"]  # noqa: SIM905


@settings(deadline=None)
@given(st.lists(st.recursive(_LEAVES, _compound, max_leaves=12), min_size=1, max_size=5))
def test_any_expression_gives_the_same_tree(expressions: list[str]) -> None:
    lines = "".join(f"    ü = {one}; v = {one}\n" for one in expressions)
    assert same(f"async def f():\n{lines}")


def findings_by(reader: str, text: str, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What is found in a text that CPython's parser reads, or that only libcst's reads."""

    def refuse(source: Source) -> nodes.Converter:
        raise nodes.Unconverted("not read here")

    with monkeypatch.context() as patched:
        if reader == "libcst":
            patched.setattr(tree, "read", refuse)
        return check(text)


#: Bodies of a coroutine, and the calls found in them, without blanks.
ODD = {
    "normalised attribute": ("    time.\u017fleep(1); time.sleep(2)\n", ["time.\u017fleep(1)", "time.sleep(2)"]),
    "normalised name": (
        "    import time as \ufb01\n    \ufb01.sleep(1); fi.sleep(2)\n",
        ["\ufb01.sleep(1)", "fi.sleep(2)"],
    ),
    "normalised in a field": (
        "    x = f'é{time.\u017fleep(1)} {time.sleep(2)}'\n",
        ["time.\u017fleep(1)", "time.sleep(2)"],
    ),
    "combining marks": ("    import time as नमस्ते\n    नमस्ते.sleep(1)\n", ["नमस्ते.sleep(1)"]),
    "a middle dot": ("    import time as a·b\n    a·b.sleep(1)\n", ["a·b.sleep(1)"]),
    "wide characters before": (
        "    x = 'äöü😀'; time.sleep(1); y = f'😀{time.sleep(2)}'; time.sleep(3)\n",
        ["time.sleep(1)", "time.sleep(2)", "time.sleep(3)"],
    ),
    "a long wide line": (
        "    x = ['" + "é" * 3_000 + "', g('a😀', b)]; time.sleep(1); y = 'é'; time.sleep(2)\n",
        ["time.sleep(1)", "time.sleep(2)"],
    ),
    "tabs": ("    if x:\n    \ttime\t.\tsleep\t(\t1\t)\n", ["time.sleep(1)"]),
    "form feeds": ("\f    time.sleep(1)\n    \f\n    time.sleep(2)\f\n\f\n", ["time.sleep(1)", "time.sleep(2)"]),
    "mixed line ends": (
        "    time.sleep(1)\r    x = 'a\\\r\nb'; time.sleep(2)\n    f'''{time.sleep(3)}\r{\rtime.sleep(4)\r\n}'''\r\n",
        ["time.sleep(1)", "time.sleep(2)", "time.sleep(3)", "time.sleep(4)"],
    ),
    "continued lines": ("    x = 1; \\\n  time \\\n . \\\n sleep \\\n ( \\\n 1)\n", ["time\\.\\sleep\\(\\1)"]),
    "comments": (
        "    (time # x\n  . # y )\n  sleep # z (\n  ( # time.sleep(2)\n  1 # )\n  ) # q\n  ) # end\n"
        "    x = (a and ( # c )\n  b # )\n ) and time.sleep(2) # and\n  )\n",
        ["time#x.#y)sleep#z((#time.sleep(2)1#))", "time.sleep(2)"],
    ),
    "strings side by side": (
        "    x = (f'''{\r\n time.sleep(1) }''' # c\r\n   f'{time.sleep(2)}' # d\r\n  'x'\r\n f'{time.sleep(3)}')\r\n",
        ["time.sleep(1)", "time.sleep(2)", "time.sleep(3)"],
    ),
    "strings on continued lines": (
        "    x = f'{time.sleep(1)}' \\\n   f'{time.sleep(2)}' \\\n   'x' f'{time.sleep(3)}'\n",
        ["time.sleep(1)", "time.sleep(2)", "time.sleep(3)"],
    ),
    "fields of all kinds": (
        "    x = f'{time.sleep(1)!r:>{time.sleep(2)}}{ time.sleep(3) = }{{{time.sleep(4)}}}' \\\n"
        "        rf'\\d{time.sleep(5)}\\{time.sleep(6)}'\n",
        [f"time.sleep({number})" for number in range(1, 7)],
    ),
    "blanks in fields": (
        "    x = f'{a [ 1 : 2 ] }{ {1 : 2} [ 1 ] }{time.sleep(2)  !r:>3}{ a if b else time.sleep(4) }'\n",
        ["time.sleep(2)", "time.sleep(4)"],
    ),
    "escapes": ("    x = '\\d'; y = f'\\d{a}\\N{DIGIT ONE}'; z = b'\\d'; time.sleep(1)\n", ["time.sleep(1)"]),
    "everything asynchronous": (
        "    async with a: time.sleep(1)\n    async for b in c: time.sleep(2)\n"
        "    x = [time.sleep(3) async for d in e if await g]; return (await h)(time.sleep(4))\n",
        [f"time.sleep({number})" for number in range(1, 5)],
    ),
    "arguments in any order": (
        "    g(a=time.sleep(1), *time.sleep(2), b=3, **time.sleep(3))\n",
        ["time.sleep(1)", "time.sleep(2)", "time.sleep(3)"],
    ),
    "names in comments": (
        "    try: pass\n    except (A # as e\n , B # e\n ) as e: time.sleep(1)\n",
        ["time.sleep(1)"],
    ),
    "type comments": (
        "    def g(a, # type: int\n  b # type: (\n ):\n        # type: (...) -> None\n        pass\n"
        "    time.sleep(1) # type: ignore[\n",
        ["time.sleep(1)"],
    ),
    "patterns": (
        "    match time.sleep(1):\n        case [1, *_, {'a': None, **r}] if time.sleep(2): pass\n"
        "        case -1 | 1+2j | A.b(x=1) as q: time.sleep(3)\n        case (1, ) | [] | (): pass\n",
        ["time.sleep(1)", "time.sleep(2)", "time.sleep(3)"],
    ),
    "keys": (
        "    d = g.json()\n    x = 'é'; y = d['é']['a'][:2][(1, 2)][1:2, ...][(a)]; return y\n",
        ["d['é']"],
    ),
    "one-line suites": (
        "    if a: x = 1; time.sleep(1); y = 2\n    for b in c: time.sleep(2); x;\n",
        ["time.sleep(1)", "time.sleep(2)"],
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_findings_do_not_depend_on_the_reader(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body, expected = ODD[name]
    text = f"import time\nfrom requests import Response\n@a # (\nasync def f(g: Response):\n{body}"
    source = Source(text)
    nodes.read(source)
    found = findings_by("host", text, monkeypatch)
    assert findings_by("libcst", text, monkeypatch) == found
    shown = []
    for line, column, end_line, end_column in (finding.span for finding in found):
        stop = source.starts[end_line - 1] + end_column - 1
        shown.append("".join(text[source.starts[line - 1] + column - 1 : stop].split()))
    assert shown == expected


def test_words_are_found_however_they_are_written() -> None:
    text = (
        "def \ufb01(): pass\nimport \ufb01 . a # as b\nfrom m import (a  # as b\n  as b)\ndef f(\ufb01: int): pass\n"
        "try: pass\nexcept (A # e\n ) as e: pass\nclass नमस्ते: pass\n"
        "match x:\n    case {'rest': 1, **rest # rest\n }: pass\n    case [  *  # r\n r]: pass\n    case a·b: pass\n"
    )
    converter = nodes.read(Source(text))
    words = [place for place in converter.places.values() if isinstance(place, (nodes.Word, ast.arg))]
    ranges = sorted({converter.range(place) for place in words})
    shown = [(text.count("\n", 0, start) + 1, text[start:stop]) for start, stop in ranges]
    assert shown == [
        *((1, "\ufb01"), (2, "\ufb01 . a"), (3, "a"), (4, "b"), (5, "f"), (5, "\ufb01"), (8, "e"), (9, "नमस्ते")),
        *((11, "rest"), (14, "r"), (15, "a·b")),
    ]


def test_tuples_in_subscripts_keep_their_parentheses() -> None:
    assert same(
        "x[(a, b)]; x[a, b]; x[(a), b]; x[(a), (b)]; x[((a), b)]; x[(a, b), c]; x[((a, b), c)]; x[(a,)]; x[a,]\n"
    )
    assert same(
        "x[()]; x[( # (\n (a) # ,\n , b)]; x[(*a, b)]; x[:, (a, b)]; x[(f(x), y)]; x[(yield), b]; x[:2]; x[a:b:c]\n"
    )


def test_a_generator_stands_in_the_parentheses_of_its_call() -> None:
    assert same(
        "f(x for x in y); f((x for x in y)); f( # (\n (x) for x in g(z for z in y) # )\n ); f((x for x in y), 1)\n"
    )
    assert same("f'{g(x for x in y)}'\n")


def test_hosts_filters_stay_and_parsing_is_silent_under_error() -> None:
    """In a process of its own: filters are the process's."""
    program = f"""
import sys, warnings
sys.path.insert(0, {str(ROOT / "tests")!r})
from helpers import check, places
before = list(warnings.filters)
text = '''import sqlite3, time, requests
async def f(c: sqlite3.Cursor, x: "1if 1else int"):
    c.execute("\\\\d" + x); c.execute(f"\\\\d select {{x}}"); c.execute("select \\\\400 " f"\\\\400{{x}}")
    time.sleep("\\\\q", 1if x else 2); requests.get("").json()["\\\\d"]["\\\\e"]
'''
print(sorted(set(places(check(text)))))
assert [entry for entry in warnings.filters if "<veteran>" not in str(entry[3])] == before
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    quiet = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (quiet.stdout, quiet.stderr) == (done.stdout, "")
    assert "(3, 'VET201')" in done.stdout
    assert "VET0" not in done.stdout


def test_threads_and_forks_may_check_at_once() -> None:
    text = "import time\nasync def f():\n    x = f'é{time.sleep(1)}'\n    time.sleep(2)\n"
    expected = check(text)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(check, [text] * 40))
    assert found == [expected] * 40
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as processes:
        assert list(processes.map(check, [text] * 4)) == [expected] * 4
