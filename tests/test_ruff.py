"""Side by side with real ruff: what the README advises keeps ruff from deleting our comments."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
SUPPRESSED = 'def f(cur, x):\n    cur.execute("SELECT " + x)  # noqa: VET201\n'
OWN = SUPPRESSED.replace("# noqa: VET201", "# veteran: ignore[VET201] checked above")


def fixed_by_ruff(directory: Path, configuration: str, text: str = SUPPRESSED) -> str:
    """The text after `ruff check --fix` with every check that ruff has for suppressions."""
    (directory / "pyproject.toml").write_text(configuration, encoding="utf-8")
    module = directory / "module.py"
    module.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select=RUF", "--fix", "."]
    subprocess.run(command, cwd=directory, capture_output=True, timeout=60, check=True)
    return module.read_text(encoding="utf-8")


def test_ruff_deletes_comments_of_codes_it_does_not_know(tmp_path: Path) -> None:
    """Should this fail one day, then ruff has changed and the README's advice can go."""
    assert "noqa" not in fixed_by_ruff(tmp_path, "")


@pytest.mark.parametrize("preview", ["false", "true"])
def test_external_keeps_them(tmp_path: Path, preview: str) -> None:
    configuration = f'[tool.ruff.lint]\nexternal = ["VET"]\npreview = {preview}\n'
    assert fixed_by_ruff(tmp_path, configuration) == SUPPRESSED


def test_ruff_leaves_comments_in_the_words_of_veteran_alone(tmp_path: Path) -> None:
    assert fixed_by_ruff(tmp_path, "", OWN) == OWN


def test_the_readme_says_so(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)
    [configuration] = [block for block in blocks if "[tool.ruff.lint]" in block]
    assert fixed_by_ruff(tmp_path, configuration) == SUPPRESSED
