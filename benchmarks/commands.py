"""What whole commands cost, veteran's beside those of other tools, on the same files."""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from .files import Sample, size
from .table import print_table, ratio

FLAKE8_WITH = Path(__file__).with_name("flake8_with.py")
#: Exit codes of a linter that worked: nothing found, something found.
WORKED = frozenset([0, 1])
UNGATED = '"""Nothing that any rule could concern."""\n\nANSWER = 42\n'
GATED = "import asyncio\nimport time\n\n\nasync def nap():\n    time.sleep(1)\n\n\nasyncio.run(nap())\n"


class Command(NamedTuple):
    """Something to run. missing: what has to be installed for it, if it is not."""

    name: str
    argv: list[str]
    missing: str = ""


class Measured(NamedTuple):
    """The times of a command's runs, in seconds; problem: why there are none."""

    wall: list[float]
    cpu: list[float]
    problem: str = ""


def tool(name: str, argv: Sequence[str], label: str = "") -> Command:
    """A command of an installed tool; those beside this Python come first."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    return Command(label or shlex.join([name, *argv]), [found or name, *argv], "" if found else name)


def flake8(plugins: Sequence[str], argv: Sequence[str], label: str) -> Command:
    """flake8 with these plugins and no others."""
    needed = ("flake8", *plugins)
    missing = next((name for name in needed if not _installed(name)), "")
    command = [sys.executable, str(FLAKE8_WITH), *plugins, "--", "--isolated", "-j1", *argv]
    return Command(label, command, missing)


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def versions() -> str:
    """The versions of the tools, of those that are there."""
    names = ("veteran", "libcst", "flake8", "flake8-async", "bandit", "ruff")
    return ", ".join(f"{name} {metadata.version(name)}" for name in names if _installed(name))


# Running


def keep_bytecode(directory: Path) -> None:
    """Lets every Python command find its compiled modules: a checkout may have none, installed tools brought theirs."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["VETERAN_NO_CACHE"] = "1"  # no tool profits from its last run
    os.environ["PYTHONPYCACHEPREFIX"] = str(directory)


def measure(commands: Sequence[Command], directory: Path, runs: int, *, hyperfine: str | None) -> dict[str, Measured]:
    """The times of each command's runs in a directory, by name, after one run that does not count."""
    found: dict[str, Measured] = {}
    ready = []
    for command in commands:
        problem = f"not installed: {command.missing}" if command.missing else _rehearse(command, directory)
        found[command.name] = Measured([], [], problem)
        if not problem:
            ready.append(command)
    if hyperfine and ready:
        found.update(_with_hyperfine(hyperfine, ready, directory, runs))
        return found
    for _ in range(runs):
        for command in ready:  # in turns, so that a busy moment of the machine hits all of them
            wall, cpu = _run(command, directory)
            found[command.name].wall.append(wall)
            found[command.name].cpu.append(cpu)
    return found


def _rehearse(command: Command, directory: Path) -> str:
    """Runs a command once, for the caches' sake; returns what went wrong."""
    done = subprocess.run(
        command.argv,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode in WORKED:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines() or [""]
    return f"exit code {done.returncode}: {said[-1][:100]}"


def _run(command: Command, directory: Path) -> tuple[float, float]:
    """Wall time and CPU time of one run; the CPU time of its own processes counts."""
    before = _children()
    begin = time.perf_counter()
    subprocess.run(
        command.argv,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return time.perf_counter() - begin, _children() - before


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _with_hyperfine(
    hyperfine: str, commands: Sequence[Command], directory: Path, runs: int
) -> Iterable[tuple[str, Measured]]:
    """The times that hyperfine measures. It sums up CPU times to one mean."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        options = [
            "--shell=none",
            "--ignore-failure",
            "--style=none",
            "--runs",
            str(runs),
            "--export-json",
            report.name,
        ]
        lines = [shlex.join(command.argv) for command in commands]
        subprocess.run(
            [hyperfine, *options, *lines],
            cwd=directory,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        results = json.loads(Path(report.name).read_bytes())["results"]
    for command, result in zip(commands, results, strict=True):
        yield command.name, Measured(result["times"], [result["user"] + result["system"]])


# The tables


def measure_linters(number: str, sample: Sample, runs: int, *, slow: bool, hyperfine: str | None) -> None:
    """Prints what linters cost on the same files. slow: the slow ones too."""
    names = [file.name for file in sample.files]
    first = tool("veteran", ["check", "-j1", *names], "veteran check -j1")
    commands = [
        first,
        tool("veteran", ["check", *names], "veteran check"),
        tool("ruff", ["check", "--isolated", "--no-cache", "--select", "ASYNC,S608", *names], "ruff ASYNC,S608"),
        tool("bandit", ["-q", "-t", "B608", *names], "bandit B608"),
        flake8([], ["--select", "ZZZ", *names], "flake8 without plugins -j1"),
        flake8(["veteran"], ["--select", "VET", *names], "flake8 with veteran -j1"),
    ]
    if slow:
        commands.append(flake8(["flake8-async"], ["--select", "ASYNC", *names], "flake8 with flake8-async -j1"))
    title = f"{number}. Whole commands on {len(names)} files ({size(sample.files)}); medians of {runs} runs"
    _print(title, commands, measure(commands, sample.root, runs, hyperfine=hyperfine), first.name)


def measure_start(number: str, directory: Path, runs: int, *, hyperfine: str | None) -> None:
    """Prints what starting costs."""
    (directory / "ungated.py").write_text(UNGATED, encoding="utf-8")
    (directory / "gated.py").write_text(GATED, encoding="utf-8")
    base = Command("python -c 'import argparse, json'", [sys.executable, "-c", "import argparse, json"])
    commands = [
        Command("python -c pass", [sys.executable, "-c", "pass"]),
        base,
        Command("python -c 'import libcst'", [sys.executable, "-c", "import libcst"]),
        tool("veteran", ["--version"]),
        tool("veteran", ["check", "ungated.py"], "veteran check, one file that passes no gate"),
        tool("veteran", ["check", "gated.py"], "veteran check, one file that does"),
        tool("ruff", ["check", "--isolated", "--no-cache", "ungated.py"], "ruff check, one file"),
        flake8([], ["ungated.py"], "flake8 without plugins, one file"),
        flake8(["veteran"], ["ungated.py"], "flake8 with veteran, one file that passes no gate"),
        flake8(["veteran"], ["gated.py"], "flake8 with veteran, one file that does"),
    ]
    title = f"{number}. Starting; medians of {runs} runs"
    _print(title, commands, measure(commands, directory, runs, hyperfine=hyperfine), base.name)


def _print(title: str, commands: Sequence[Command], found: dict[str, Measured], base_name: str) -> None:
    base = found[base_name]
    rows = []
    notes = []
    for command in commands:
        times = found[command.name]
        if times.problem or base.problem:
            notes.append(f"left out: {command.name}: {times.problem or base.problem}")
            continue
        rows.append(
            (
                command.name,
                f"{statistics.median(times.wall):.3f} s",
                f"{statistics.median(times.cpu):.3f} s",
                f"{ratio(times.wall, base.wall):.2f}",
                f"{ratio(times.cpu, base.cpu):.2f}",
            )
        )
    print_table(title, ("", "wall", "CPU", "wall ratio", "CPU ratio"), rows, f"ratios to {base_name}", *notes)
