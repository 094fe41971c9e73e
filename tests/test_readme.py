"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT, check
from veteran import catalog, settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(text) if kind == language]


def test_the_shown_output_is_the_output(tmp_path: Path) -> None:
    (program,) = blocks(README, "python")
    (shown,) = blocks(README, "text")
    (tmp_path / "orders.py").write_text(program, encoding="utf-8")
    command, _, expected = shown.partition("\n")
    arguments = command.removeprefix("$ veteran ").split()
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "veteran", *arguments],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.stdout == expected
    assert done.returncode == 1


@pytest.mark.parametrize("document", ["README.md", "docs/configuration.md"])
def test_shown_configuration_is_valid(document: str, tmp_path: Path) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    shown = [block for block in blocks(text, "toml") if "veteran" in block]
    assert shown
    for number, block in enumerate(shown):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "pyproject.toml").write_text(block, encoding="utf-8")
        assert settings.load(folder).source == folder / "pyproject.toml"


def test_every_key_is_documented() -> None:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    keys = set(settings.load(ROOT).as_json()) - {"root", "source", "files"}
    assert keys == set(re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE))


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    for name in re.findall(r"<!-- run: (\w+) -->", README):
        assert f"readme {name}" in script
    assert len(blocks(README, "console")) == 2


def test_groups_named_in_the_documents_exist() -> None:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    named = re.search(r"group = \"network\"\s+# ([\w, ]+)", text)
    assert named
    groups = set(catalog.catalog_for().groups) - {"metadata"}
    assert set(re.findall(r"\w+", named[1])) - {"or"} == groups


CONNECTED = "import sqlite3\ncon = sqlite3.connect('x')\nK = {'a'}\n"
POOL = """
from concurrent.futures import ThreadPoolExecutor

def work(n):
    t = 0
    for i in range(n):
        for j in range(n):
            t += i * j
    return t

def together(numbers: list[int]):
    with ThreadPoolExecutor() as pool:
        return list(pool.map(work, numbers))
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from time import *\nasync def f():\n    sleep(1)", "VET311"),
        ("from requests import *\nasync def f():\n    get('x')", ""),
        ("try:\n    from requests import get\nexcept E:\n    from .a import get\nasync def f():\n    get('x')", ""),
        (CONNECTED + "def _f(x):\n    con.execute(f'SELECT a FROM {x}')\n_f('t')", ""),
        (CONNECTED + "def f(x):\n    con.execute(f'SELECT a FROM {x}')\nf('t')", "VET202"),
        (CONNECTED + "def q(x):\n    return f'SELECT a FROM {x}'\ndef f(x):\n    con.execute(q(x))", "VET202"),
        (CONNECTED + "def f(x):\n    q = {'a': {'b': f'SELECT a FROM {x}'}}\n    con.execute(q['a']['b'])", ""),
        (CONNECTED + "def f(x):\n    q = {'a': f'SELECT a FROM {x}'}\n    con.execute(q['a'])", "VET202"),
        (CONNECTED + "def f(x):\n    q = {'a': ''}\n    q['a'] += f'SELECT a FROM {x}'\n    con.execute(q['a'])", ""),
        (CONNECTED + "def f(xs):\n    if all(x in K for x in xs):\n        con.execute('SELECT ' + ','.join(xs))", ""),
        (CONNECTED + "def f(x):\n    match x:\n        case 'a':\n            con.execute(f'SELECT a FROM {x}')", ""),
        (
            CONNECTED
            + "def f(x):\n    match x:\n        case {'b': 'c' as y}:\n            con.execute(f'SELECT a FROM {y}')",
            "VET202",
        ),
        ("def f(db, x):\n    db.do_it(f\"SELECT a FROM b WHERE c = '{x}'\")", "VET201"),
        ("def f(it, x):\n    it.do_it(f\"SELECT a FROM b WHERE c = '{x}'\")", "VET203"),
        (POOL, "VET301"),
        (POOL + "\nif POOL:\n    def work(n):\n        return n", ""),
        (POOL.replace("t += i * j", "t += unknown(i)"), ""),
        (POOL.replace("t += i * j", "t += unknown.a"), ""),
    ],
)
def test_the_limits_are_those_that_are_documented(text: str, expected: str) -> None:
    assert " ".join(finding.code for finding in check(text + "\n")) == expected
