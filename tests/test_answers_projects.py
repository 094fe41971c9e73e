"""VET401 over several modules: steps, runs of any files in any order, and what is kept between runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from helpers import FIXTURES
from veteran.findings import Confidence, Finding
from veteran.frontends import cli
from veteran.project import import_resolver as projects
from veteran.runs import one_file
from veteran.runs.batch import run
from veteran.runs.store import Stores
from veteran.settings import Settings

API = FIXTURES / "unvalidated_json" / "project" / "api"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the fixtures' project in a place where the rule is on."""
    shutil.copytree(API, tmp_path / "api")
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def check(root: Path, *names: str, stores: Stores | None = None) -> list[Finding]:
    projects.forget()
    paths = [root / "api" / name for name in names] or sorted(root.rglob("*.py"))
    settings = Settings(root=root, select=("VET401",), min_confidence=Confidence.LOW)
    return run(paths, lambda _: settings, stores=stores).findings


def test_steps_lead_through_the_modules(root: Path) -> None:
    (found,) = check(root, "without_words.py")
    assert [(Path(step.path).name, step.text) for step in found.steps] == [("client.py", "`load` decodes it here")]


def test_full_output_shows_the_lines_of_other_modules(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    projects.forget()
    cli.main(["check", "--no-cache", "--select", "VET401", "--output-format", "full", "api/bad.py"])
    shown = capsys.readouterr().out
    assert re.search(r"--> api/client\.py:\d+: `load` decodes it here\n *\d+ \|     return response\.json\(\)", shown)
    assert '--> api/parse.py:5: `data["items"]` reads it here' in shown
    assert '    return data["items"][0]' in shown


def test_a_file_alone_says_what_it_says_among_all(root: Path) -> None:
    together = check(root)
    assert together
    alone = [found for path in sorted((root / "api").rglob("*.py")) for found in check(root, str(path))]
    assert sorted(alone) == sorted(together)


def test_the_order_of_files_does_not_matter(root: Path) -> None:
    paths = sorted(root.rglob("*.py"))
    settings = Settings(root=root, select=("VET401", "VET312"), min_confidence=Confidence.LOW)
    projects.forget()
    backwards = run(paths[::-1], lambda _: settings).findings
    assert sorted(found for found in backwards if found.code == "VET401") == sorted(check(root))


def test_what_is_kept_says_the_same(root: Path) -> None:
    settings = Settings(root=root, select=("VET401",), min_confidence=Confidence.LOW, cache_dir=".cache")
    paths = sorted(root.rglob("*.py"))
    runs = []
    for _ in range(3):
        projects.forget()
        runs.append(run(paths, lambda _: settings, stores=Stores()).findings)
    assert runs[0] == runs[1] == runs[2] == check(root)


def test_a_change_elsewhere_counts(root: Path) -> None:
    settings = Settings(root=root, select=("VET401",), cache_dir=".cache")
    path = root / "api" / "without_words.py"
    assert run([path], lambda _: settings, stores=Stores()).findings
    client = root / "api" / "client.py"
    client.write_text(
        client.read_text().replace(
            "    return response.json()\n\n\ndef load_typed", "    return {}\n\n\ndef load_typed"
        )
    )
    projects.forget()
    assert not run([path], lambda _: settings, stores=Stores()).findings


def test_circles_end(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "one.py").write_text("import requests\nimport two\n\n\ndef f(x):\n    return two.f(x)\n")
    (tmp_path / "two.py").write_text(
        "import requests\nimport one\n\n\n"
        "def f(x):\n    if x:\n        return requests.get(x).json()\n    return one.f(x)\n"
    )
    (tmp_path / "use.py").write_text('import one\nimport two\n\n\ndef g(x):\n    return one.f(x)["a"], two.f(x)["b"]\n')
    settings = Settings(root=tmp_path, select=("VET401",), min_confidence=Confidence.LOW)
    projects.forget()
    found = run([tmp_path / "use.py"], lambda _: settings).findings
    assert [(one.span.line, one.span.column) for one in found] == [(6, 12), (6, 27)]


def test_tests_are_left_alone(root: Path) -> None:
    path = root / "tests" / "test_api.py"
    path.parent.mkdir()
    path.write_text('from api.client import load\n\n\ndef test_load():\n    assert load("/")["id"]\n')
    settings = Settings(root=root, select=("VET401",))
    assert not one_file.check_bytes(str(path), path.read_bytes(), settings)
