"""VET312 over a project of several modules whose lines say what is expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers import FIXTURES, known_lines, marks
from veteran import engine
from veteran.findings import Confidence
from veteran.settings import Settings

PROJECT = FIXTURES / "blocking_helper_in_async" / "project"
FILES = sorted(path.relative_to(PROJECT) for path in PROJECT.rglob("*.py"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in a place where the rule is on."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT, root, dirs_exist_ok=True)
    (root / "pyproject.toml").write_text("")
    return root


@pytest.mark.parametrize("name", FILES, ids=str)
def test_lines_are_reported_as_they_are_marked(project: Path, name: Path) -> None:
    path = project / name
    text = path.read_text(encoding="utf-8")
    settings = Settings(root=project, select=("VET312",), min_confidence=Confidence.LOW)
    known = known_lines(text)
    found = [f for f in engine.check_bytes(str(path), path.read_bytes(), settings) if f.span.line not in known]
    assert [(f.span.line, f.code, str(f.confidence)) for f in found] == marks(text)
