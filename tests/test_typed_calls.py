"""VET311 and VET313 where another module tells what a receiver is, on lines that say what is expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers import FIXTURES, known_lines, marks
from veteran import engine
from veteran.findings import Confidence
from veteran.settings import Settings

PROJECT = FIXTURES / "blocking_call_in_async" / "project"
FILES = sorted(path.relative_to(PROJECT) for path in PROJECT.rglob("*.py"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in a place where the rules are on."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT, root, dirs_exist_ok=True)
    (root / "pyproject.toml").write_text("")
    return root


def found(project: Path, name: Path) -> list[tuple[int, str, str]]:
    path = project / name
    # VET312 brings the files in that name no library.
    settings = Settings(root=project, select=("VET311", "VET312", "VET313"), min_confidence=Confidence.LOW)
    findings = engine.check_bytes(str(path), path.read_bytes(), settings)
    known = known_lines(path.read_text(encoding="utf-8"))
    own = [f for f in findings if f.code != "VET312" and f.span.line not in known]
    return [(f.span.line, f.code, str(f.confidence)) for f in own]


@pytest.mark.parametrize("name", FILES, ids=str)
def test_lines_are_reported_as_they_are_marked(project: Path, name: Path) -> None:
    assert found(project, name) == marks((project / name).read_text(encoding="utf-8"))


def test_the_steps_name_the_type_of_the_receiver(project: Path) -> None:
    path = project / "app" / "coroutines.py"
    settings = Settings(root=project, select=("VET311", "VET312"))
    findings = [f for f in engine.check_bytes(str(path), path.read_bytes(), settings) if f.code == "VET311"]
    assert "`redis.Redis`" in findings[0].steps[0].text
