"""`python -m benchmarks`."""

from __future__ import annotations

import argparse
import io
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import compare
from .commands import keep_bytecode, measure_linters, measure_start, versions
from .files import Sample, collect, draw, size, standard_library
from .inprocess import LIMIT, failure, measure_check, measure_gate, measure_split, passing
from .tree import measure_growth, measure_tree
from .whole import measure_whole

#: A release, so that the files are the same everywhere: asynchronous code, and SQL.
PACKAGE = "prefect==3.9.1"
SECTIONS = ("check", "split", "gate", "commands", "start", "whole", "tree", "growth")


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints. Returns 1 where the check costs more than it may, or what is compared differs."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["compare"]:
        return compare.main(argv[1:])
    options = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # each table as soon as it is there
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{versions()}; {python}, {platform.machine()}, {os.cpu_count()} processors")
    print(_load(), end="")
    hyperfine = None if options.no_hyperfine else shutil.which("hyperfine")
    kept = True
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name).resolve()
        keep_bytecode(scratch / "pycache")
        small, large = _samples(options, scratch)
        for sample in (small, large):
            live, _ = passing(sample)
            print(
                f"{sample.origin}: {len(sample.files)} of {sample.total} files, {size(sample.files)};"
                f" {len(live)} pass the gate, {size(live)}"
            )
        if not large.files:
            sys.exit("benchmarks: there is no Python file")
        if failed := failure(large):
            sys.exit(f"benchmarks: veteran fails, so there is nothing to measure: {failed}")
        if "check" in options.only:
            kept = measure_check(large, options.repeat)
        if "split" in options.only:
            measure_split(large, options.repeat)
        if "gate" in options.only:
            measure_gate(large)
        if "commands" in options.only:
            print(f"\nCommands are timed by {'hyperfine' if hyperfine else 'getrusage, not hyperfine'}.")
            measure_linters("4a", small, options.runs, slow=True, hyperfine=hyperfine)
            measure_linters("4b", large, options.runs, slow=options.slow, hyperfine=hyperfine)
        if "start" in options.only:
            directory = scratch / "start"
            directory.mkdir()
            measure_start("5", directory, max(options.runs, 10), hyperfine=hyperfine)
        if "whole" in options.only:
            kept = measure_whole(large, max(options.repeat // 2, 1)) and kept
        if "tree" in options.only:
            measure_tree("7", large, options.runs)
        if "growth" in options.only:
            directory = scratch / "growth"
            directory.mkdir()
            measure_growth("8", directory, large)
    return 0 if kept else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures what veteran costs, as ratios in one run on one set of files.",
        epilog=f"The exit code is 1 if the whole check of what is parsed costs more than {LIMIT} bare parses,"
        " or table 6 misses a limit. `compare REV` compares findings instead.",
    )
    add = parser.add_argument
    add(
        "--package",
        action="append",
        default=[],
        metavar="NAME==VERSION",
        help=f"measure this release, downloaded with pip; may be repeated; default: {PACKAGE}",
    )
    add("--path", action="append", type=Path, default=[], metavar="DIR", help="measure this tree; may be repeated")
    add("--files", type=int, default=300, metavar="N", help="how many files are measured; default: 300")
    add("--few", type=int, default=60, metavar="N", help="how many where slow tools take part; default: 60")
    add("--slow", action="store_true", help="let the slow tools take part with all files, too")
    add("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="measure this only")
    add("--repeat", type=int, default=7, metavar="N", help="passes within this process; default: 7")
    add("--runs", type=int, default=5, metavar="N", help="runs of each command; default: 5")
    add("--no-hyperfine", action="store_true", help="time the commands without hyperfine")
    return parser


def _samples(options: argparse.Namespace, scratch: Path) -> tuple[Sample, Sample]:
    """The few files and the many."""
    for path in options.path:
        if not path.is_dir():
            sys.exit(f"benchmarks: {path} is no directory")
    packages = options.package or ([] if options.path else [PACKAGE])
    try:
        origin, files = collect(packages, options.path, scratch)
    except subprocess.CalledProcessError:
        if options.package:
            sys.exit(f"benchmarks: pip cannot download {', '.join(packages)}")
        print(f"pip cannot download {PACKAGE}: measuring other files, not to be compared", file=sys.stderr)
        origin, files = standard_library()
    return (
        draw(origin, files, min(options.few, options.files), scratch / "few"),
        draw(origin, files, options.files, scratch / "files"),
    )


def _load() -> str:
    """A warning where other programs are at work."""
    processors = os.cpu_count() or 1
    load = os.getloadavg()[0]
    if load <= processors / 2:
        return ""
    return f"This machine is busy (load {load:.1f}): trust the ratios of CPU times, not the times.\n"


if __name__ == "__main__":
    sys.exit(main())
