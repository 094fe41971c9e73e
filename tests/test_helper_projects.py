"""VET311 and VET312 over projects of several modules whose lines say what is expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers import FIXTURES, known_lines, marks
from veteran import engine
from veteran.findings import Confidence
from veteran.settings import Settings

CODES = {"blocking_helper_in_async": "VET312", "blocking_call_in_async": "VET311"}
FILES = sorted(path.relative_to(FIXTURES) for rule in CODES for path in (FIXTURES / rule / "project").rglob("*.py"))


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in a place where the rules are on."""
    root = tmp_path_factory.mktemp("projects")
    for rule in CODES:
        shutil.copytree(FIXTURES / rule / "project", root / rule / "project")
        (root / rule / "project" / "pyproject.toml").write_text("")
    return root


@pytest.mark.parametrize("name", FILES, ids=str)
def test_lines_are_reported_as_they_are_marked(projects: Path, name: Path) -> None:
    path = projects / name
    text = path.read_text(encoding="utf-8")
    rule, project, *_ = name.parts
    settings = Settings(root=projects / rule / project, select=(CODES[rule],), min_confidence=Confidence.LOW)
    known = known_lines(text)
    found = [f for f in engine.check_bytes(str(path), path.read_bytes(), settings) if f.span.line not in known]
    assert [(f.span.line, f.code, str(f.confidence)) for f in found] == marks(text)
