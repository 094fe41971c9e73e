"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT
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
