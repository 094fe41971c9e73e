"""VET311, VET312 and VET401 over projects of several modules whose lines say what is expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers import FIXTURES, known_lines, marks
from veteran.findings import Confidence
from veteran.runs import one_file
from veteran.settings import Settings

CODES = {
    "blocking_helper_in_async": ("VET312",),
    "blocking_call_in_async": ("VET311", "VET313"),
    "unvalidated_json": ("VET401",),
}
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
    settings = Settings(root=projects / rule / project, select=CODES[rule], min_confidence=Confidence.LOW)
    known = known_lines(text)
    found = [
        finding
        for finding in one_file.check_bytes(str(path), path.read_bytes(), settings)
        if finding.code in CODES[rule] and finding.span.line not in known
    ]
    assert [(f.span.line, f.code, str(f.confidence)) for f in found] == marks(text)


LOOP = """
import asyncio, time

def starts():
    asyncio.get_running_loop().call_soon(print)
    time.sleep(1)

def waits(seconds):
    time.sleep(seconds)

class Manager:
    def __enter__(self):
        time.sleep(1)

async def run(manager: Manager):
    starts()
    waits(1)
    with manager:
        pass
"""


def test_advice_fits_what_is_called(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    path = tmp_path / "module.py"
    path.write_text(LOOP)
    settings = Settings(root=tmp_path, select=("VET312",))
    found = one_file.check_bytes(str(path), path.read_bytes(), settings)
    assert [finding.message.partition(": ")[2] for finding in found] == [
        "it uses the event loop itself, so hand only what blocks in it to a thread",
        "use `await asyncio.to_thread(waits, …)`",
        "put the `with` into a function for `await asyncio.to_thread(…)`, or make it an `async with`",
    ]


def test_the_steps_name_the_type_of_the_receiver(projects: Path) -> None:
    root = projects / "blocking_call_in_async" / "project"
    path = root / "app" / "coroutines.py"
    findings = one_file.check_bytes(str(path), path.read_bytes(), Settings(root=root, select=("VET311",)))
    assert "`redis.Redis`" in findings[0].steps[0].text
