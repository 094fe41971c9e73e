"""What whole trees cost: cold, warm, after a change, for a commit; how that grows; and how much memory it takes."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import libcst as cst

from .commands import WORKED, flake8, tool
from .files import File, Sample, size
from .table import print_table

#: Files whose times may be relied on: older than what a cache calls racy.
SETTLED = 3.5  # seconds
COMMIT = 5
PEAK = 150, 400  # MB per process, and so many times the largest text
MEBIBYTE = 2**20
_WITH_PEAK = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(f"{done.returncode} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
"""


class Spent(NamedTuple):
    """What one run of a command took: seconds, and the most that one of its processes held, in megabytes."""

    wall: float
    cpu: float
    peak: float


def spend(argv: Sequence[str], directory: Path) -> Spent:
    """Runs a command, which must work, and measures it."""
    with tempfile.NamedTemporaryFile("r") as report:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", _WITH_PEAK, report.name, *argv], cwd=directory, check=True)
        wall = time.perf_counter() - begin
        code, cpu, peak = report.read().split()
    if int(code) not in WORKED:
        sys.exit(f"benchmarks: exit code {code}: {' '.join(argv)[:200]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Spent(wall, float(cpu), float(peak) * unit / 1e6)


def bare(directory: Path, runs: int) -> Spent:
    """What `spend` itself costs: the time to start one Python from another."""
    return _median([spend([sys.executable, "-c", "pass"], directory) for _ in range(runs)])


def _median(spent: Sequence[Spent]) -> Spent:
    return Spent(*(statistics.median(column) for column in zip(*spent, strict=True)))


def measure_tree(number: str, sample: Sample, runs: int) -> None:
    """Prints what a tree costs, beside other tools. The files of the sample are changed, and put back."""
    os.environ.pop("VETERAN_NO_CACHE", None)
    root = sample.root
    rows: list[tuple[str, Spent]] = []
    notes: list[str] = []
    leaf, five, quiet = _chosen(sample)
    veteran = tool("veteran", [])
    with tempfile.TemporaryDirectory() as name:
        cache = str(Path(name).resolve() / "cache")

        def run(label: str, argv: Sequence[str], times: int, before: Callable[[], object] = lambda: None) -> Spent:
            found = []
            for _ in range(times):
                before()
                found.append(spend(argv, root))
            rows.append((label, _median(found)))
            return rows[-1][1]

        def other(label: str, name: str, argv: Sequence[str], times: int) -> None:
            command = tool(name, argv)
            if command.missing:
                notes.append(f"left out: {label}: not installed: {name}")
            else:
                run(label, command.argv, times)

        def check(*options: str) -> list[str]:
            return [*veteran.argv, "check", "-q", "--exit-zero", *options]

        start = bare(root, runs)
        times = max(runs // 2, 1)
        parse = run("bare libcst.parse_module", [sys.executable, "-c", _PARSE, "."], times)
        cold = run("veteran, cold, 1 process", check("-j1", "--no-cache"), times)
        two = run("veteran, cold, 2 processes", check("-j2", "--no-cache"), times)
        other("bandit -t B608, cold", "bandit", ["-q", "-r", "-t", "B608", "--exit-zero", "."], 1)
        other("ruff, cold", "ruff", ["check", "--isolated", "--silent", "--exit-zero", "--no-cache", "."], runs)
        warm_ruff = ["check", "--isolated", "--silent", "--exit-zero", "--cache-dir", f"{name}/ruff", "."]
        tidy = ["--select", "E9", *warm_ruff[1:]]
        other("ruff, warm", "ruff", warm_ruff, runs + 1)
        other("ruff, warm, rules that find nothing", "ruff", ["check", *tidy], runs + 1)
        time.sleep(SETTLED)
        kept = ("--cache-dir", cache)
        run("veteran, filling the cache", check("-j1", *kept), 1)
        warm = run("veteran, warm", check(*kept), runs)
        alone = run("veteran, the leaf alone, cold", check("--no-cache", leaf), runs)
        changed = run("veteran, one leaf changed", check(*kept), times, lambda: _touch(root / leaf))
        run("veteran, a commit of five files", check(*kept, *five), runs, lambda: [_touch(root / f) for f in five])
        run("veteran, the same five, unchanged", check(*kept, *five), runs)
        if quiet:
            run(
                f"veteran, {len(quiet)} files that pass no gate",
                check(*kept, *quiet),
                runs,
                lambda: [_touch(root / f) for f in quiet],
            )
        plain = flake8([], five, "flake8 without plugins, the five files")
        if plain.missing:
            notes.append(f"left out: {plain.name}: not installed: {plain.missing}")
        else:
            run(plain.name, plain.argv, runs)
    for file in sample.files:
        file.path.write_bytes(file.data)
    largest = max(len(file.data) for file in sample.files)
    limit = PEAK[0] + PEAK[1] * largest / 1e6
    print_table(
        f"{number}. A tree of {len(sample.files)} files ({size(sample.files)}); medians of up to {runs} runs",
        ("", "wall", "CPU", "wall to the parse", "CPU to the parse", "peak"),
        [
            (
                label,
                f"{spent.wall - start.wall:.3f} s",
                f"{spent.cpu - start.cpu:.3f} s",
                f"{(spent.wall - start.wall) / (parse.wall - start.wall):.3f}",
                f"{(spent.cpu - start.cpu) / (parse.cpu - start.cpu):.3f}",
                f"{spent.peak:.0f} MB",
            )
            for label, spent in rows
        ],
        f"without the {start.wall:.3f} s that it takes to start a command from here",
        f"two processes: {(cold.wall - start.wall) / (two.wall - start.wall):.2f} x as fast as one;"
        f" the machine itself: {_machine():.2f} x for two loops that share nothing",
        f"one leaf: {changed.wall - warm.wall - alone.wall + start.wall:+.3f} s to warm and the leaf alone together",
        f"peak of a process: {max(cold.peak, two.peak):.0f} MB; {PEAK[0]} MB + {PEAK[1]} x the largest text:"
        f" {limit:.0f} MB",
        *notes,
    )


_PARSE = """
import gc, pathlib, sys
import libcst
gc.disable()
for path in pathlib.Path(sys.argv[1]).rglob("*.py"):
    libcst.parse_module(path.read_bytes())
    gc.collect(0)
"""
_LOOP = "x = 0\nfor i in range(30_000_000):\n    x += i * i"


def _machine() -> float:
    """How much faster two processes are than one where nothing is shared but the machine."""
    argv = [sys.executable, "-c", _LOOP]
    begin = time.perf_counter()
    for _ in range(2):
        subprocess.run(argv, check=True)
    middle = time.perf_counter()
    both = [subprocess.Popen(argv) for _ in range(2)]
    for process in both:
        process.wait()
    return (middle - begin) / (time.perf_counter() - middle)


def _chosen(sample: Sample) -> tuple[str, list[str], list[str]]:
    """A leaf, that nobody imports by its name; five files that pass a gate; and some that pass none."""
    from .inprocess import passing

    live, dead = passing(sample)
    everything = b"\n".join(file.data for file in sample.files)
    ordered = sorted(live, key=lambda file: (-len(file.data), file.name))
    middle = ordered[len(ordered) // 4 :] or ordered
    leaf = next((f for f in middle if everything.count(Path(f.name).stem.encode()) < COMMIT), middle[0])
    step = max(len(middle) // COMMIT, 1)
    return leaf.name, [file.name for file in middle[::step][:COMMIT]], [file.name for file in dead[:COMMIT]]


def _touch(path: Path) -> None:
    """Changes a file's content, and no line's place."""
    with path.open("ab") as file:
        file.write(b"# changed\n")


def measure_growth(number: str, scratch: Path, sample: Sample) -> None:
    """Prints how the time grows with the size of a file, and with the number of files."""
    os.environ.pop("VETERAN_NO_CACHE", None)
    veteran = [*tool("veteran", []).argv, "check", "-q", "--exit-zero", "-j1"]
    start = min(spend([*veteran, "--show-settings"], scratch) for _ in range(3))
    body = next(file.data for file in sorted(sample.files, key=_distance) if file.data.isascii())
    rows = []
    for power in range(7):
        text = _repeated(body, 80_000 * 2**power)
        path = scratch / f"grown{power}.py"
        path.write_bytes(text)
        spent = spend([*veteran, "--no-cache", path.name], scratch)
        begin = time.perf_counter()
        cst.parse_module(text)
        parse = time.perf_counter() - begin
        mega = len(text) / 1e6
        cpu = spent.cpu - start.cpu
        rows.append(
            (f"{mega:.2f} MB", f"{cpu:.2f} s", f"{cpu / mega:.2f} s", f"{cpu / parse:.2f}", f"{spent.peak:.0f} MB")
        )
        path.unlink()
    head = ("one file of", "CPU", "per MB", "to its parse", "peak")
    print_table(f"{number}a. Files of {body_name(sample, body)}'s functions, again and again", head, rows)
    rows = []
    for count in (1_000, 10_000, 100_000):
        tree = scratch / f"files{count}"
        for index in range(count):
            folder = tree / f"package{index // 1000}"
            if not index % 1000:
                folder.mkdir(parents=True)
            (folder / f"module{index % 1000}.py").write_text(_module(index), encoding="utf-8")
        time.sleep(SETTLED)
        for label in ("filling the cache", "warm"):
            spent = spend(veteran, tree)
            per = (spent.wall - start.wall) / count * 1e6
            rows.append(
                (f"{count} files, {label}", f"{spent.wall - start.wall:.2f} s", f"{per:.0f} us", f"{spent.peak:.0f} MB")
            )
        shutil.rmtree(tree)
    print_table(f"{number}b. Small files, one in fifty with a finding", ("", "wall", "per file", "peak"), rows)


def body_name(sample: Sample, body: bytes) -> str:
    """The name of the file with that content."""
    return next(file.name for file in sample.files if file.data == body)


def _distance(file: File) -> tuple[int, str]:
    return abs(len(file.data) - 20_000), file.name


def _repeated(body: bytes, length: int) -> bytes:
    """The text again and again; later parts may not hold what only the beginning of a module may."""
    again = b"".join(line for line in body.splitlines(True) if b"__future__" not in line)
    return body + b"\n" + again * max((length - len(body)) // max(len(again), 1), 0)


def _module(index: int) -> str:
    if index % 50:
        return f'"""Module {index}."""\n\nfrom module0 import f\n\n\ndef g{index}(x):\n    return f(x) + {index}\n'
    return f"import time\n\n\nasync def f(x):\n    time.sleep(x + {index})\n"
