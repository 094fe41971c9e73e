"""What a rule finds does not depend on which other rules run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers import FIXTURES, ROOT, check, fixtures
from veteran.findings import Confidence, Finding
from veteran.registry import all_rules
from veteran.runs import one_file
from veteran.settings import Settings

CODES = tuple(all_rules())
PACKAGE = ROOT / "src" / "veteran"


def alone(code: str, root: Path = ROOT) -> Settings:
    return Settings(root=root, select=(code,), min_confidence=Confidence.LOW)


def of(findings: list[Finding], code: str) -> list[Finding]:
    return [finding for finding in findings if finding.code == code]


@pytest.mark.parametrize("folder", sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()))
def test_rules_run_alone_on_fixtures(folder: str) -> None:
    for path in fixtures():
        if path.parts[len(FIXTURES.parts)] == folder:
            text = path.read_text(encoding="utf-8")
            everything = check(text, path.name)
            for code in CODES:
                assert of(everything, code) == check(text, path.name, alone(code)), (path.name, code)


@pytest.mark.parametrize("project", sorted(FIXTURES.glob("*/project")), ids=lambda path: str(path.parent.name))
def test_rules_run_alone_on_projects(project: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(project, root)
    (root / "pyproject.toml").write_text("")
    _compare(root, ("VET",), CODES)


def test_rules_run_alone_on_a_package(tmp_path: Path) -> None:
    root = tmp_path / "package"
    shutil.copytree(PACKAGE / "frontends", root / "frontends")
    (root / "pyproject.toml").write_text("")
    (root / "frontends" / "server.py").write_text(
        "from .helpers import client, fetch, look\n\n\nasync def serve(url):\n"
        "    client.get(url)\n    fetch(url)\n    look(url)\n    return client.path.exists()\n"
    )
    (root / "frontends" / "helpers.py").write_text(
        "import os\nfrom pathlib import Path\n\nimport requests\n\n\nclass Client:\n    path = Path('a')\n"
        "    get = None\n\n    def __init__(self):\n        self.session = requests.Session()\n\n\n"
        "client = requests.Session()\n\n\ndef fetch(url):\n    return requests.get(url).json()['a']\n\n\n"
        "def look(url):\n    return os.path.exists(url)\n"
    )
    found = _compare(root, ("VET",), CODES)
    assert {"VET311", "VET312"} <= found


def _compare(root: Path, everything: tuple[str, ...], codes: tuple[str, ...]) -> set[str]:
    """Checks every file with all rules and with each one alone; the codes that were found."""
    every = Settings(root=root, select=everything, min_confidence=Confidence.LOW)
    found: set[str] = set()
    for path in sorted(root.rglob("*.py")):
        data = path.read_bytes()
        together = one_file.check_bytes(str(path), data, every)
        found.update(finding.code for finding in together)
        for code in codes:
            assert of(together, code) == one_file.check_bytes(str(path), data, alone(code, root)), (path.name, code)
    return found
