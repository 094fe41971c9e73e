"""Reading fixtures: real files whose expected findings are marked at the ends of their lines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from veteran.findings import Confidence, Finding
from veteran.runs import one_file
from veteran.settings import Settings

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
#: A number counts lines: `-3` marks a text that begins three lines above its end, where no comment can stand.
MARK = re.compile(r"#((?: VET\d{3}(?: (?:high|medium|low)\b)?(?: -\d+)?)+)\s*$")
#: A line that is known to be judged wrongly: either way is accepted until that is mended.
KNOWN = re.compile(r"# (?:missed|false alarm): VET\d{3}\s*$")
ONE = re.compile(r"(VET\d{3})(?: (high|medium|low)\b)?(?: (-\d+))?")
EVERYTHING = Settings(root=ROOT, select=("VET",), min_confidence=Confidence.LOW)


def fixtures() -> list[Path]:
    """All fixture files that stand alone, in order; each in the folder of its rule."""
    paths = sorted(FIXTURES.rglob("*.py"))
    return [path for path in paths if not path.name.startswith("fixed") and "project" not in path.parts]


def family_of(code: str) -> Settings:
    """All rules of a code's family, at any confidence: what a rule's fixtures and examples are checked under."""
    return EVERYTHING._replace(select=(code[:4],))


def marks(text: str) -> list[tuple[int, str, str | None]]:
    """(line, code, confidence or None) of every mark."""
    return [
        (number + int(lines or 0), code, confidence or None)
        for number, line in enumerate(text.splitlines(), 1)
        if (found := MARK.search(line))
        for code, confidence, lines in ONE.findall(found[1])
    ]


def known_lines(text: str) -> set[int]:
    """The lines marked as missed or as a false alarm."""
    return {number for number, line in enumerate(text.splitlines(), 1) if KNOWN.search(line)}


def check(text: str, path: str = "module.py", settings: Settings = EVERYTHING) -> list[Finding]:
    """All findings of a text, low confidence and rules that are off by default included."""
    return one_file.check_text(path, text, settings)


def places(findings: Iterable[Finding]) -> list[tuple[int, str]]:
    """(line, code) of each finding."""
    return [(finding.span.line, finding.code) for finding in findings]


def python_in(checkout: Path, *arguments: str, timeout: int) -> subprocess.CompletedProcess[str]:
    """Runs Python on the veteran of a checkout, in it. timeout: in seconds, after which it hangs."""
    return subprocess.run(
        [sys.executable, "-B", *arguments],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
