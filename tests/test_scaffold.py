"""`veteran new` in a copy of this checkout: what it writes passes every test, and what it refuses."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers import python_in
from veteran import scaffold

ROOT = Path(__file__).parents[1]
NAME, MODULE, CODE = "some-new-pitfall", "some_new_pitfall", "VET599"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as a rule and its tests need."""
    no_caches = shutil.ignore_patterns("__pycache__")
    for folder in ("src", "fixtures"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=no_caches)
    (tmp_path / "tests").mkdir()
    for file in ("pyproject.toml", "tests/helpers.py", "tests/test_rules.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def files(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def python(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python_in(checkout, *arguments, timeout=300)


def test_a_new_rule_needs_no_other_file(checkout: Path) -> None:
    before = files(checkout)
    written = scaffold.create(NAME, CODE, checkout / "src")
    assert set(written) == files(checkout) - before
    assert [path.as_posix() for path in written] == [
        f"src/veteran/rules/{MODULE}.py",
        f"fixtures/{MODULE}/bad.py",
        f"fixtures/{MODULE}/good.py",
    ]

    tests = python(checkout, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_rules.py")
    assert tests.returncode == 0, tests.stdout
    assert f"{CODE}  {NAME}" in python(checkout, "-m", "veteran", "rules").stdout
    assert python(checkout, "-m", "veteran", "explain", NAME).stdout.startswith(f"{CODE} {NAME}\n")
    bad = python(checkout, "-m", "veteran", "check", "--output-format=concise", f"fixtures/{MODULE}/bad.py")
    assert (bad.returncode, bad.stdout.split()[:2]) == (1, [f"fixtures/{MODULE}/bad.py:5:5:", CODE])


def test_what_is_written_is_clean(checkout: Path) -> None:
    rule = str(scaffold.create(NAME, CODE, checkout)[0])
    for command in (["check"], ["format", "--check"]):
        done = python(checkout, "-m", "ruff", *command, "--no-cache", rule)
        assert done.returncode == 0, done.stdout
    for path in (checkout / "fixtures" / MODULE).iterdir():
        compile(path.read_text(encoding="utf-8"), path.name, "exec")


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("sql-from-string", "VET999", "src/veteran/rules/sql_from_string.py exists"),
        (NAME, "VET201", "VET201 is taken by src/veteran/rules/sql_from_string.py"),
        (NAME, "VET001", "VET0xx is for veteran's own findings"),
        (NAME, "vet599", "'vet599' is no code"),
        (NAME, "VET5999", "'VET5999' is no code"),
        (NAME, "E501", "'E501' is no code"),
        ("some_new_pitfall", CODE, "is no rule name"),
        ("Some-New-Pitfall", CODE, "is no rule name"),
        ("-pitfall", CODE, "is no rule name"),
        ("pitfall-", CODE, "is no rule name"),
        ("../pitfall", CODE, "is no rule name"),
        ("pïtfall", CODE, "is no rule name"),
        ("vet599", CODE, "is no rule name"),
        ("", CODE, "is no rule name"),
        ("import", CODE, "cannot name a rule"),
        ("internal-error", CODE, "cannot name a rule"),
    ],
)
def test_refusals_write_nothing(checkout: Path, name: str, code: str, expected: str) -> None:
    before = files(checkout)
    with pytest.raises(scaffold.ScaffoldError, match=re.escape(expected)):
        scaffold.create(name, code, checkout)
    assert files(checkout) == before


def test_a_fixture_folder_is_not_overwritten(checkout: Path) -> None:
    (checkout / "fixtures" / MODULE).mkdir()
    with pytest.raises(scaffold.ScaffoldError, match=f"fixtures/{MODULE} exists"):
        scaffold.create(NAME, CODE, checkout)


def test_elsewhere_than_in_a_checkout(tmp_path: Path) -> None:
    with pytest.raises(scaffold.ScaffoldError, match="not in a checkout"):
        scaffold.create(NAME, CODE, tmp_path)
