"""What a user installs: the wheel that pip builds from this tree."""

from __future__ import annotations

import configparser
import email
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import veteran

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"

pytestmark = pytest.mark.slow


def pip(*arguments: str | Path) -> None:
    """Runs pip; what it says is shown if it fails."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, stdin=subprocess.DEVNULL, timeout=300, check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built as pip builds it for everyone."""
    directory = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--wheel-dir", directory, ROOT)
    [built] = directory.glob("veteran-*.whl")
    return built


def read(wheel: Path, name: str) -> str:
    """A file of the wheel's `.dist-info`."""
    with zipfile.ZipFile(wheel) as archive:
        path = f"veteran-{veteran.__version__}.dist-info/{name}"
        return archive.read(path).decode("utf-8")


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == files
    assert "veteran/py.typed" in packed
    assert any(name.startswith("veteran/catalog/") and name.endswith(".toml") for name in packed)


def test_entry_points(wheel: Path) -> None:
    entries = configparser.ConfigParser()
    entries.optionxform = str  # type: ignore[assignment,method-assign]
    entries.read_string(read(wheel, "entry_points.txt"))
    assert {section: dict(entries[section]) for section in entries.sections()} == {
        "console_scripts": {"veteran": "veteran.frontends.cli:run"},
        "flake8.extension": {"VET": "veteran.frontends.flake8:Plugin"},
    }


def test_metadata(wheel: Path) -> None:
    metadata = email.message_from_string(read(wheel, "METADATA"))
    assert metadata["Version"] == veteran.__version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "MIT"
    assert "The veteran authors" in read(wheel, "licenses/LICENSE")


def test_every_dependency_is_justified(wheel: Path) -> None:
    metadata = email.message_from_string(read(wheel, "METADATA"))
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    names = {re.split(r"[^\w-]", line)[0] for line in required}
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, _, section = contributing.partition("\n## Dependencies\n")
    table = re.findall(r"^\| ([\w-]+)", section.partition("\n## ")[0], re.MULTILINE)
    assert names == set(table) - {"dependency", "---"}


def test_installed_wheel_finds_its_data(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip("install", "--no-deps", "--target", site, wheel)
    (tmp_path / "bad.py").write_text("import time\n\n\nasync def f():\n    time.sleep(1)\n", encoding="utf-8")
    probe = (
        "import sys, veteran\n"
        "from veteran.frontends.cli import main\n"
        "print(veteran.__file__)\n"
        "sys.argv[1:] = ['check', '--output-format=concise', 'bad.py']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    place, *findings = done.stdout.splitlines()
    assert Path(place).is_relative_to(site)
    assert [finding[:17] for finding in findings] == ["bad.py:5:5: VET31"], done.stderr
    assert done.returncode == 1


def test_changelog_has_a_section_for_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {veteran.__version__}" in changelog
