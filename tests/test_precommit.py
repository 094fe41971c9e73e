"""The hook as users have it: real pre-commit, a real repository to install from, real commits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


class Pitfall(NamedTuple):
    """A program with a pitfall, what is found in it, and the same program mended."""

    code: str
    line: int
    bad: str
    mended: str


PITFALLS = {
    "query.py": Pitfall(
        "VET201",
        2,
        "def find(cursor, name):\n    cursor.execute(f\"SELECT * FROM t WHERE name = '{name}'\")\n",
        'def find(cursor, name):\n    cursor.execute("SELECT * FROM t WHERE name = ?", (name,))\n',
    ),
    "wait.py": Pitfall(
        "VET311",
        5,
        "import time\n\n\nasync def wait():\n    time.sleep(1)\n",
        "import asyncio\n\n\nasync def wait():\n    await asyncio.sleep(1)\n",
    ),
}

CONFIGURATION = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: veteran
        args: {arguments}
"""


class Repository:
    """A git repository that nothing outside this test configures."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root = root
        self.environment = environment
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """A finished command, whatever its exit status; standard error is part of its output."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=600,
            check=False,
        )

    def ran(self, *command: str | Path) -> str:
        """The output of a command that must succeed."""
        done = self.run(*command)
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout.strip()

    def git(self, *arguments: str | Path) -> str:
        return self.ran("git", *arguments)

    def write(self, files: dict[str, str]) -> None:
        """Writes files and stages everything."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all")

    def commit(self) -> subprocess.CompletedProcess[str]:
        return self.run("git", "commit", "--quiet", "--message=A change")

    @property
    def commits(self) -> int:
        return int(self.git("rev-list", "--all", "--count"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """This process's variables without git's; pip's stay, since they may name the package index."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return inherited | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@example.com",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@example.com",
        "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit")),
        "PRE_COMMIT_COLOR": "never",
        "PYTHONUTF8": "1",
    }


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> tuple[Path, str]:
    """A repository with this working tree as its only commit, and the name of that commit.

    Git reads the tree where it stands, with or without a repository of its own: changes that are
    not committed yet are tested too, and what .gitignore names is left out.
    """
    repository = Repository(tmp_path_factory.mktemp("published") / "veteran", environment)
    repository.git(f"--work-tree={ROOT}", "add", "--all", ROOT)
    repository.git(f"--work-tree={ROOT}", "commit", "--quiet", "--message=A release")
    return repository.root, repository.git("rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path, published: tuple[Path, str], environment: dict[str, str]) -> Repository:
    """A user's repository with the hook installed and its first commit made."""
    location, revision = published
    repository = Repository(tmp_path / "project", environment)
    configuration = CONFIGURATION.format(repository=location, revision=revision, arguments="[]")
    repository.write({".pre-commit-config.yaml": configuration})
    repository.ran(sys.executable, "-m", "pre_commit", "install", "--install-hooks")
    repository.git("commit", "--quiet", "--message=The hook")
    return repository


def test_commit_with_pitfalls_is_refused_until_they_are_mended(project: Repository) -> None:
    project.write({name: pitfall.bad for name, pitfall in PITFALLS.items()})
    for name, pitfall in PITFALLS.items():
        refused = project.commit()
        assert refused.returncode == 1
        for other, (_, line, _, _) in PITFALLS.items():
            assert (f"{other}:{line}:" in refused.stdout) == (other >= name)
        assert pitfall.code in refused.stdout
        assert project.commits == 1
        project.write({name: pitfall.mended})
    accepted = project.commit()
    assert accepted.returncode == 0, accepted.stdout
    assert project.commits == 2


def test_stubs_are_checked_and_other_files_are_not(project: Repository) -> None:
    bad = PITFALLS["wait.py"].bad
    project.write({"notes.txt": bad})
    assert project.commit().returncode == 0
    project.write({"wait.pyi": bad})
    refused = project.commit()
    assert refused.returncode == 1
    assert "wait.pyi:5:5" in refused.stdout


def test_excluded_files_stay_excluded_also_when_the_option_is_given_twice(
    project: Repository, published: tuple[Path, str]
) -> None:
    location, revision = published
    configuration = CONFIGURATION.format(repository=location, revision=revision, arguments="[--force-exclude]")
    project.write(
        {
            ".pre-commit-config.yaml": configuration,
            "pyproject.toml": '[tool.veteran]\nextend-exclude = ["generated"]\n',
            "generated/wait.py": PITFALLS["wait.py"].bad,
        }
    )
    accepted = project.commit()
    assert accepted.returncode == 0, accepted.stdout


def test_manifest_is_valid(environment: dict[str, str], tmp_path: Path) -> None:
    manifest = ROOT / ".pre-commit-hooks.yaml"
    repository = Repository(tmp_path / "any", environment)
    repository.ran(sys.executable, "-m", "pre_commit", "validate-manifest", manifest)
