"""Patterns and texts that a repository holds, however long: time and memory grow as they do, no faster.

Each input here took minutes, or all memory. A subprocess ends what does not; no clock is read.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import EVERYTHING
from veteran import catalog, suppressions
from veteran.analysis.semantics.ir import At
from veteran.analysis.syntax import source
from veteran.analysis.syntax.gate import Glance
from veteran.analysis.types.inference import Types
from veteran.analysis.types.values import Values
from veteran.families.sql import unexecuted
from veteran.project import import_index, import_resolver
from veteran.runs import discovery
from veteran.runs.discovery import _Ignored, _rules
from veteran.runs.one_file import check_text
from veteran.settings import MAX_GLOB, MAX_GLOBS, ConfigError, Globs, forget, load


def glance(text: str) -> Glance:
    return Glance(text.encode(), catalog.catalog_for())


ENDLESS = {
    "stars": ("*a*a*a*a*a*a*b", "a" * 100),
    "many-stars": ("*a" * 99 + "*b", "a" * 250),
    "stars-and-one": ("*?" * 60 + "b", "a" * 250),
    "stars-and-sets": ("*[ab]" * 60 + "c", "ab" * 125),
    "long-pieces": ("*" + "a" * 120 + "*" + "a" * 100 + "b", "a" * 250),
    "directories": ("**/a/" * 9 + "b", "a/" * 400 + "c"),
    "many-directories": ("**/a/" * 99 + "b", "a/" * 2_000 + "c"),
    "any-directories": ("**/*/" * 60 + "b", "a/" * 400 + "c"),
    "directories-only": ("**/a/**/", "a/" * 2_000 + "x"),
    "in-the-middle": ("a/**/b/**/c/**/d", "a/" + "b/c/" * 1_000 + "e"),
    "both": ("**/*a*a*b/" * 9 + "b", ("a" * 60 + "/") * 60 + "c"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_globs_without_end(name: str) -> None:
    glob, path = ENDLESS[name]
    code = (
        "import sys; from veteran.settings import Globs; from veteran.runs.discovery import _Ignored, _rules;"
        "glob, path = sys.argv[1:]; globs = Globs([glob]);"
        "assert not globs.match(path);"
        "globs.cover(path); globs.match(path + '/');"
        "assert not _Ignored(list(_rules(glob)), '/x/', None).has('/x/', path)"
    )
    subprocess.run([sys.executable, "-c", code, glob, path], check=True, timeout=120)


# A slow matcher of globs, that says in so many words what they mean.


@cache
def fits(pieces: tuple[str, ...], text: str) -> bool:
    """Whether one component of a glob matches a name."""
    if not pieces:
        return not text
    first, *rest = pieces
    if first == "*":
        return any(fits(tuple(rest), text[at:]) for at in range(len(text) + 1))
    return bool(text) and bool(re.fullmatch(first, text[0])) and fits(tuple(rest), text[1:])


def leads(components: tuple[tuple[str, ...], ...], names: tuple[str, ...]) -> bool:
    """Whether the components of a glob match those of a path."""
    if not components:
        return not names
    first, *rest = components
    if first == ("**",):
        if not rest:
            return bool(names)
        return any(leads(tuple(rest), names[at:]) for at in range(len(names)))
    return bool(names) and fits(first, names[0]) and leads(tuple(rest), names[1:])


PIECES = st.sampled_from(["*", "*", "*", "a", "b", "a", ".", "[ab]", "[!a]", "?"])
FORMS = {"?": ".", ".": r"\.", "[!a]": "[^a]"}
COMPONENTS = st.lists(PIECES, min_size=1, max_size=7).filter(lambda pieces: pieces not in (["."], [".", "."]))
PARTS = st.one_of(COMPONENTS, COMPONENTS, st.just(["**"]))
NAMES = st.text("ab.", min_size=1, max_size=7).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=7)


@given(st.lists(PARTS, min_size=1, max_size=6), PATHS, st.booleans(), st.booleans(), st.booleans())
def test_globs_mean_what_a_slow_matcher_says(
    parts: list[list[str]], names: list[str], anchored: bool, only_directories: bool, directory: bool
) -> None:
    glob = "/" * anchored + "/".join(map("".join, parts)) + "/" * only_directories
    components: list[tuple[str, ...]] = []
    for part in parts:
        whole = "".join(part)
        if not whole.strip("*"):
            stars = ("**",) if whole == "**" else ("*",)
            # A star alone stands for a name, which is never empty.
            components.append(stars)
        else:
            components.append(tuple(FORMS.get(piece, piece) for piece in part))
    if len(parts) == 1 and not anchored:
        components.insert(0, ("**",))
    expected = leads(tuple(components), tuple(names)) and (directory or not only_directories)
    path = "/".join(names) + "/" * directory
    assert Globs([glob]).match(path) == expected
    above = ("/".join(names[:end]) + "/" for end in range(1, len(names)))
    assert Globs([glob]).cover(path) == (expected or any(Globs([glob]).match(place) for place in above))


@given(st.lists(st.lists(PARTS, min_size=1, max_size=3), max_size=9), PATHS, st.booleans(), st.data())
def test_the_last_line_decides_however_many_are_one_expression(
    lines: list[list[list[str]]], names: list[str], directory: bool, data: st.DataObject
) -> None:
    text = "\n".join(data.draw(st.sampled_from(["", "!"])) + "/".join(map("".join, line)) for line in lines)
    rules = list(_rules(text))
    path = "/".join(names) + "/" * directory
    expected = False
    for rule in rules:
        if Globs([rule.glob]).match(path):
            expected = rule.ignores
    above, _, name = path.rstrip("/").rpartition("/")
    for together in (1, 2, 100):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(discovery, "TOGETHER", together)
            ignored = _Ignored(rules, "/", None)
        assert ignored.has(f"/{above}/" if above else "/", name + "/" * directory) == expected


# Long ignore files


def lines_of(kind: str) -> Iterator[str]:
    form = {"names": "name{}", "stars": "*.x{}", "paths": "a/b{}", "sets": "[a-c]{}"}[kind]
    return map(form.format, range(8_000))


@pytest.mark.parametrize("kind", ["names", "stars", "paths", "sets"])
def test_long_ignore_files(kind: str) -> None:
    rules = list(_rules("\n".join(lines_of(kind))))
    assert len(rules) == 8_000
    ignored = _Ignored(rules, "/", None)
    found = {"names": "name7", "stars": "a.x7", "paths": "b7", "sets": "b7"}[kind]
    assert ignored.has("/a/", found)
    assert not ignored.has("/a/", "other.py")


@pytest.mark.parametrize(
    "line",
    [
        "a" * 2**20,
        "[" * 2**20,
        "[" * MAX_GLOB,
        "*" * 2**20,
        "a" + " " * 2**20 + "b",
        "[" + "a" * 2**20 + "]",
        "\\" * 2**20,
    ],
)
def test_long_lines(line: str) -> None:
    rules = list(_rules(f"{line}\nb.py\n"))
    assert _Ignored(rules, "/", None).has("/", "b.py")


@pytest.mark.parametrize(
    ("line", "glob"),
    [
        ("a  ", "a"),
        ("a\\  ", "a\\ "),
        ("a\\ ", "a\\ "),
        ("a\\", "a\\"),
        ("a b ", "a b"),
        ("a \r", "a"),
        ("[a", ""),
        ("[z-a]", ""),
    ],
)
def test_ends_of_lines(line: str, glob: str) -> None:
    assert [rule.glob for rule in _rules(line)] == ([glob] if glob else [])


def test_many_brackets_in_the_configuration() -> None:
    assert Globs(["[" * MAX_GLOB]).match("[" * MAX_GLOB)
    assert Globs(["[[]" * 999]).match("[" * 999)


# Other texts


#: A text that is repeated, by what reads it.
RUNS: dict[str, tuple[Callable[[str], object], str, str]] = {
    "package_dir": (import_resolver._from_cfg, "[options]\npackage_dir = {}\n", "a"),
    "package_dir-blank": (import_resolver._from_cfg, "[options]\npackage_dir\n{}", " = "),
    "an-option-and-blanks": (import_resolver._from_cfg, "[options]\npackage_dir = a\nb{}c", " "),
    "where": (import_resolver._from_cfg, "[options.packages.find]\nwhere = {}\n", "a, "),
    "options": (import_resolver._from_cfg, "[options]\nwhere = a\n{}", "=\n"),
    "sections": (import_resolver._from_cfg, "where\n{}", "["),
    "setup-py": (import_resolver._from_setup, "package_dir={{'': '{}", "a/"),
    "setup-py-calls": (import_resolver._from_setup, "{}", "find_packages( where "),
    "noqa": (lambda text: suppressions.GATE.search(text.encode()), "# {}", "noqa"),
    "noqa-and-ve": (lambda text: suppressions.GATE.search(text.encode()), "# {}", "noqa ve"),
    "veteran": (lambda text: suppressions.GATE.search(text.encode()), "# {}", "veteran "),
    "relevant": (suppressions.RELEVANT.search, "# {}", "ruff  "),
    "ruff": (suppressions._RUFF.search, "{}", "# ruff: ignore["),
    "noqa-codes": (suppressions._NOQA.search, "# noqa: {}", "A1"),
    "noqa-letters": (suppressions._NOQA.search, "# noqa: {}", "A"),
    "nosec": (suppressions._NOSEC.search, "# nosec {}!", "a-"),
    "nosec-words": (suppressions._NOSEC.search, "# nosec {}!", "a, "),
    "directive": (suppressions._VETERAN.search, "{}", "# veteran: ignore["),
    "flake8": (suppressions._FLAKE8_FILE.match, "# flake8: noqa{}", " "),
    "cookie": (lambda text: source.COOKIE.match(text.encode()), "# {}", "coding: "),
    "cookie-blanks": (lambda text: source.COOKIE.match(text.encode()), "# coding:{}!", " "),
    "blank": (lambda text: source.BLANK.match(text.encode()), "{}x", " \f"),
    "imports": (lambda text: import_index.imports_of(glance(text)), "{}", "from a import (\n"),
    "import-dots": (lambda text: import_index.imports_of(glance(text)), "from {}", "."),
    "import-blanks": (lambda text: import_index.imports_of(glance(text)), "from{}", " "),
    "import-name": (lambda text: import_index.imports_of(glance(text)), "from {}", "a"),
    "import-goes-on": (lambda text: import_index.imports_of(glance(text)), "import {}", "\\\n"),
    "import-bracket": (lambda text: import_index.imports_of(glance(text)), "from a import{}(", " "),
}


def test_long_texts() -> None:
    """Of a million characters none may be looked at once for each other one."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_endless; test_endless.run()"
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent)], check=True, timeout=300)


def run() -> None:
    """Reads a million characters of each kind."""
    for name, (read, form, repeated) in RUNS.items():
        print(name, flush=True)
        with suppress(ValueError):
            read(form.format(repeated * (10**6 // len(repeated))))


def test_packaging_files_that_name_very_much(tmp_path: Path) -> None:
    named = "\n".join([*(f" d{number}" for number in range(9_999)), " " + "a/" * 99_999])
    (tmp_path / "setup.cfg").write_text(f"[options.packages.find]\nwhere =\n{named}\n", encoding="utf-8")
    assert len(import_resolver.Project(tmp_path).roots) == import_resolver.MAX_SAID + 1


# The catalogue


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[Path]:
    forget()
    yield tmp_path / "veteran.toml"
    forget()


@pytest.mark.parametrize(
    "names",
    [
        ["{a,b,c,d,e,f,g,h,i,j}" * 6],
        ["{a,b,c,d,e,f,g,h,i,j}" * 40],
        ["a.{a,b}" * 15],
        [f"a.{{{','.join(map(str, range(200)))}}}"] * 101,
        [f"a.n{number}" for number in range(20_001)],
    ],
)
def test_names_without_end(configured: Path, names: list[str]) -> None:
    configured.write_text(
        f'[[catalog.blocking]]\ngroup = "network"\nnames = {names}\n'.replace("'", '"'), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"veteran\.toml: catalog\.blocking\.names: expected at most 20,000 names in"):
        load(configured.parent)


def test_names_of_any_length(configured: Path) -> None:
    configured.write_text(f'[[catalog.safe]]\nnames = ["{"{a,b}" * 1_000}"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"veteran\.toml: catalog\.safe\.names: expected at most 1,000 characters"):
        load(configured.parent)


def test_entries_without_end(configured: Path) -> None:
    entries = "".join(f'[[catalog.inherits]]\ntype = "a{n}"\nbase = "a{n + 1}"\n' for n in range(20_001))
    configured.write_text(entries, encoding="utf-8")
    with pytest.raises(ConfigError, match="expected at most 20,000 names in catalog"):
        load(configured.parent)


@pytest.mark.parametrize(("text", "names"), [("{a}{b,c}", 2), ("{a,{b,c}}", 3), ("{", 1), ("a}", 1), ("{" * 500, 1)])
def test_braces(text: str, names: int) -> None:
    assert len(list(catalog.expand(text))) == names


def test_long_chains_of_types_and_circles() -> None:
    chain = [("inherits", {"type": f"lib.T{n}", "base": f"lib.T{n + 1}"}) for n in range(9_999)]
    made = catalog.Catalog([*chain, ("body", {"names": ["lib.T9999.text"]})])
    assert made.roots("http.json_access") == {"lib"}
    circle = [("inherits", {"type": kind, "base": base}) for kind, base in ("ab", "bc", "ca", "dd", "ea")]
    made = catalog.Catalog(circle)
    assert made.lookup({}, "a.m") is None
    assert made.lookup({}, "d.m") is None
    assert made.lookup({"c.m": 1}, "e.m") == 1
    assert not made.has("safe", "b.m")
    assert not made.is_a("e", "safe_type")


def test_globs_of_the_configuration_are_bounded(configured: Path) -> None:
    for text, said in (
        (f"exclude = {['a' * (MAX_GLOB + 1)]}", "exclude: expected a glob of at most 4,096 characters"),
        (f"exclude = {['a'] * (MAX_GLOBS + 1)}", "exclude: expected at most 1,000 globs, found 1,001"),
        (f"[contexts]\nx = {['a'] * (MAX_GLOBS + 1)}", r"contexts\.x: expected at most 1,000 globs"),
        (
            "[per-file-ignores]\n" + "".join(f"a{n} = []\n" for n in range(1_001)),
            "per-file-ignores: expected at most 1,000",
        ),
        (f"src = {['a' * 5_000]}", "src.*: expected the path of a directory"),
    ):
        configured.write_text(text, encoding="utf-8")
        forget()
        with pytest.raises(ConfigError, match=said):
            load(configured.parent)


@pytest.mark.parametrize("method", ["format(y)", 'replace("a", y)', "join([y])", 'get("a")', "strip(y)"])
def test_a_chain_of_calls_costs_what_it_is_long(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    # What is asked of a call is asked of what stands before it by several ways: each asks once.
    asked = 0
    answer = Types._of

    def counted(self: Types, node: cst.CSTNode, at: At) -> Values:
        nonlocal asked
        asked += 1
        return answer(self, node, at)

    monkeypatch.setattr(Types, "_of", counted)

    def cost(length: int) -> int:
        nonlocal asked
        asked = 0
        chain = "".join(f".{method}" for _ in range(length))
        source = f"import sqlite3\n\n\ndef f(c: sqlite3.Cursor, x, y):\n    x = x{chain}\n    c.execute(x)\n"
        check_text("a.py", source, EVERYTHING)
        return asked

    assert cost(10) < 1_000
    assert cost(20) < 3_000


def test_literals_beside_each_other_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    answer = unexecuted._literals

    def counted(node: cst.CSTNode, *, filled: bool = False) -> str | None:
        nonlocal asked
        asked += 1
        return answer(node, filled=filled)

    monkeypatch.setattr(unexecuted, "_literals", counted)
    text = " ".join(f'"SELECTED {number} "' for number in range(400))
    assert check_text("a.py", f"import sqlite3\n\ntopics = ({text})\n", EVERYTHING) == []
    assert asked < 10
