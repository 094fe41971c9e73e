"""What `docs/rules.md` says is so: its rule runs as it stands there, and it names all that a rule can ask."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers import ROOT, python_in
from veteran import catalog, reading
from veteran.analysis.call_events import CallEvent
from veteran.analysis.catalog_calls import CatalogCall
from veteran.analysis.reports import Linked, LinkedStep, Report, ReportStep
from veteran.families.blocking.link import Blocked, LinkedCall
from veteran.families.blocking.locks import EnteredLock
from veteran.families.cpu.fan_out import FanOut
from veteran.families.files.whole_reads import WholeRead
from veteran.families.http.access_checks import Unchecked
from veteran.families.http.link import Told
from veteran.families.sql.sinks import SinkValue
from veteran.families.sql.unexecuted import BuiltText
from veteran.registry import SECTIONS, Rule, all_rules, subscribers

PAGE = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^(`{3,})(\w+)\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"^`([\w/.]+)`[^\n]*:\n\n(`{3,})\w+\n(.*?)^\2$", re.DOTALL | re.MULTILINE)
FILES = {path: text for path, _, text in FILE.findall(PAGE)}
RULE = "src/veteran/rules/tar_extracted_unfiltered.py"


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python_in(checkout, *arguments, timeout=600)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """veteran with the page's files, and nothing else changed."""
    root = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("docs", "src", "tests", "fixtures"):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    for path, text in FILES.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_the_page_shows_whole_files() -> None:
    assert set(FILES) == {
        RULE,
        "src/veteran/catalog/archives.toml",
        "fixtures/tar_extracted_unfiltered/bad.py",
        "fixtures/tar_extracted_unfiltered/good.py",
    }


def test_the_tests_of_rules_and_catalogue_pass_with_them(checkout: Path) -> None:
    command = re.search(r"-m (pytest .*) -k \"(.*)\"", PAGE)
    assert command
    done = run(checkout, "-m", *command[1].split(), "-vv", "-p", "no:cacheprovider", "-k", command[2])
    assert done.returncode == 0, done.stdout
    assert "test_fixture_reports_exactly_what_is_marked[tar_extracted_unfiltered/bad.py] PASSED" in done.stdout
    for test in ("test_manual_is_complete", "test_examples_of_the_manual", "test_fixture_folder"):
        assert f"{test}[tar_extracted_unfiltered] PASSED" in done.stdout
    assert "test_every_entry_fits_the_schema PASSED" in done.stdout


def test_what_is_shown_is_clean(checkout: Path) -> None:
    for command in (["check"], ["format", "--check"]):
        done = run(checkout, "-m", "ruff", *command, "--no-cache", RULE)
        assert done.returncode == 0, done.stdout


def test_a_project_adds_to_the_table(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.veteran]\nselect = ["VET901"]\n\n'
        '[[tool.veteran.catalog.call]]\ntable = "unfiltered"\nnames = ["acme.unpack"]\n',
        encoding="utf-8",
    )
    (tmp_path / "job.py").write_text(
        "import acme as a\n\na.unpack('x')\na.unpack('x', filter=None)\n", encoding="utf-8"
    )
    done = run(checkout, "-m", "veteran", "check", "--no-cache", "--output-format=json", str(tmp_path))
    found = json.loads(done.stdout)["findings"]
    assert [(one["line"], one["code"], one["confidence"]) for one in found] == [
        (3, "VET901", "medium"),
        (4, "VET901", "medium"),
    ]
    why = run(checkout, "-m", "veteran", "why", "--select=VET901", f"{tmp_path / 'job.py'}:3")
    assert "writes wherever the archive says" in why.stdout


@pytest.mark.parametrize(
    ("table", "said"),
    [("unfilterd", "did you mean 'unfiltered'?"), ("blocking", "expected one of unfiltered, got 'blocking'")],
)
def test_a_table_that_no_rule_listens_to_is_told(checkout: Path, tmp_path: Path, table: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f'[[tool.veteran.catalog.call]]\ntable = "{table}"\nnames = ["a.b"]\n', encoding="utf-8"
    )
    done = run(checkout, "-m", "veteran", "check", "--no-cache", str(tmp_path))
    assert done.returncode == 2
    assert said in done.stderr


def test_every_block_parses() -> None:
    for _, language, text in BLOCK.findall(PAGE):
        if language == "python":
            ast.parse(text)
        elif language == "toml":
            for table, entry in catalog.entries_of(reading.tables(text)):
                known = table == "alias" or set(entry) <= set(catalog.SCHEMA[table])
                assert known, (table, entry)
        else:
            assert language == "console"


EVENTS = (CatalogCall, SinkValue, BuiltText, EnteredLock, WholeRead, FanOut, Unchecked, Blocked, LinkedCall, Told)


def names_of(event: type) -> set[str]:
    """The fields and methods of an event, those of tuples and what every event of a call has aside."""
    made = set(inspect.signature(event).parameters)
    own = {name for name in vars(event) if not name.startswith("_")}
    return (made | own) - set(dir(tuple)) - {"module"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_field_of_an_event_is_named(event: type) -> None:
    others = [PAGE.find(f"`{other.__name__}`, ") for other in EVENTS]
    others += [found.start() for found in re.finditer("^## |^### ", PAGE, re.MULTILINE)]
    start = PAGE.find("### `calls_of" if event is CatalogCall else f"`{event.__name__}`, ")
    assert start >= 0
    text = PAGE[start : min(other for other in others if other > start)]
    assert {name for name in names_of(event) if f"event.{name}" not in text} == set()


def test_every_question_of_a_call_is_named() -> None:
    asked = {name for name in vars(CallEvent) if not name.startswith("_")}
    assert {name for name in asked if f"event.{name}" not in PAGE} == set()


@pytest.mark.parametrize("kind", [Report, ReportStep, Linked, LinkedStep], ids=lambda kind: kind.__name__)
def test_every_field_of_a_report_is_named(kind: type) -> None:
    part = PAGE[PAGE.index("## What a handler yields") :]
    assert {name for name in kind._fields if not re.search(rf"\b{name}\b", part)} == set()  # type: ignore[attr-defined]


def test_every_argument_of_a_rule_and_section_of_a_manual_is_named() -> None:
    part = PAGE[PAGE.index("## `Rule`") :]
    named = set(re.findall(r"^\| `(\w+)` \|", part[: part.index("\n## ", 1)], re.MULTILINE))
    assert named == set(inspect.signature(Rule).parameters)
    assert ", ".join(f'"{section}"' for section in SECTIONS) in " ".join(PAGE.split())


def test_every_subscription_in_use_is_named() -> None:
    for subscription, rule, _ in subscribers(all_rules().values()):
        assert f"`{subscription.table}`" in PAGE, rule.code


def test_every_key_of_a_table_of_calls_is_named() -> None:
    part = PAGE[PAGE.index("## The catalogue") :]
    assert set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) == set(catalog.SCHEMA["call"])


def test_types_are_where_the_page_says() -> None:
    part = PAGE[PAGE.index("| type | is imported from |") : PAGE.index("## The catalogue")]
    rows = re.findall(r"^\| (`.*`) \| `([\w.]+)` \|$", part, re.MULTILINE)
    assert rows
    for names, home in rows:
        for name in re.findall(r"\w+", names):
            assert getattr(importlib.import_module(home), name).__module__ == home


def test_what_a_module_is_said_to_answer_exists() -> None:
    from veteran.runs import understand

    module = understand.module("m.py", b"import ssl\nx = f(ssl)\n", catalog.catalog_for())
    part = PAGE[PAGE.index("## What may be asked of a module") : PAGE.index("## The catalogue")]
    paths = re.findall(r"`module\.([\w.]+)", part)
    assert len(paths) > 10
    for path in paths:
        found: object = module
        for name in path.split("."):
            found = getattr(found, name)
