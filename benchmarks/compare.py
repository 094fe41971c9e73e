"""`python -m benchmarks compare REV`: whether this tree finds in released packages what another revision finds."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .files import unpacked

#: Releases with something for every rule.
PACKAGES = (
    "apache-airflow-core==3.3.2",
    "apache-superset==6.1.0",
    "celery==5.7.0",
    "distributed==2026.8.0",
    "flexget==3.22.8",
    "langchain-community==0.4.2",
    "lnbits==1.6.2",
    "mlflow-skinny==3.17.2",
    "prefect==3.9.1",
    "starlette==1.10.0",
)
HERE = Path(__file__).parents[1]
STORE = HERE / ".packages"
#: How many lines a package may fill, and how long they are.
SHOWN, WIDTH = 20, 400


def main(argv: Sequence[str]) -> int:
    """Compares as the arguments wish. Returns 1 where anything differs."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks compare",
        description="Whether this tree finds in released packages what another revision finds, with all rules at low.",
    )
    add = parser.add_argument
    add("revision", metavar="REV", help="a revision of this repository")
    add("--package", action="append", metavar="NAME==VERSION", help="instead of the usual ones; may be repeated")
    add("--store", type=Path, default=STORE, metavar="DIR", help="keeps packages and findings; default: %(default)s")
    options = parser.parse_args(argv)
    return 0 if compare(options.revision, options.package or PACKAGES, options.store) else 1


def compare(revision: str, packages: Sequence[str], store: Path) -> bool:
    """Prints what is new, gone and said otherwise, with all rules at low; whether nothing is.

    store: keeps the packages, and what revisions found in them.
    """
    store.mkdir(parents=True, exist_ok=True)
    commit = _git("rev-parse", f"{revision}^{{commit}}")
    same = True
    with tempfile.TemporaryDirectory() as scratch:
        before = Path(scratch, "before")
        _git("worktree", "add", "--quiet", "--detach", str(before), commit)
        try:
            for package in packages:
                files = store / package
                if not files.is_dir():
                    with tempfile.TemporaryDirectory(dir=store) as part:
                        unpacked(package, Path(part, "package")).rename(files)
                kept = store / f"{package}.{commit}.json"
                if not kept.is_file():
                    kept.write_text(_findings(before, files), encoding="utf-8")
                same = _differences(package, kept.read_text(encoding="utf-8"), _findings(HERE, files)) and same
        finally:
            _git("worktree", "remove", "--force", str(before))
    return same


def _git(*command: str) -> str:
    return subprocess.run(["git", "-C", str(HERE), *command], check=True, capture_output=True, text=True).stdout.strip()


def _findings(checkout: Path, files: Path) -> str:
    """What the code of that checkout finds, as its JSON report has it."""
    options = ("--select=VET", "--min-confidence=low", "--output-format=json", "--no-cache", "--exit-zero")
    done = subprocess.run(
        [sys.executable, "-m", "veteran", "check", ".", *options],
        cwd=files,
        env=os.environ | {"PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        sys.exit(f"benchmarks: veteran fails on {files.name}: {done.stderr.strip() or done.stdout[-1000:]}")
    return done.stdout


def _differences(package: str, before: str, now: str) -> bool:
    """Prints how two reports differ; whether they do not."""
    if before == now:
        print(f"{package}: {len(_rows(now))} findings, byte for byte the same")
        return True
    old, new = Counter(map(_shown, _rows(before))), Counter(map(_shown, _rows(now)))
    lines = [*_signed("-", old - new), *_signed("+", new - old)]
    print(f"{package}: {old.total()} findings before, {new.total()} now; {len(lines)} differ")
    for line in sorted(lines, key=lambda line: (line[2:], line[0]))[:SHOWN]:
        print(f"  {line[:WIDTH]}")
    if len(lines) > SHOWN:
        print(f"  … and {len(lines) - SHOWN} more")
    return False


def _rows(report: str) -> list[dict[str, Any]]:
    return list(json.loads(report)["findings"])


def _shown(row: dict[str, Any]) -> str:
    """A finding with all that is said of it, place first."""
    head = f"{row['path']}:{row['line']}:{row['column']}: {row['code']} {row['confidence']} {row['message']}"
    return f"{head} {json.dumps(row, sort_keys=True)}"


def _signed(sign: str, rows: Counter[str]) -> Iterator[str]:
    return (f"{sign} {row}" for row in rows.elements())
