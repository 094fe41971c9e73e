"""What the check of a file costs within one process, against the parse alone and against reading the file."""

from __future__ import annotations

import functools
import gc
import pkgutil
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import libcst as cst

from veteran.analysis.syntax.gate import Gate, Glance, gate_for
from veteran.catalog import catalog_for
from veteran.findings import INTERNAL, UNPARSABLE
from veteran.registry import all_rules
from veteran.runs import batch, one_file
from veteran.settings import Settings

from .files import File, Sample, size
from .table import print_table, ratio, seconds, spread

#: What the whole check of a file that is parsed may cost: this many bare parses.
LIMIT = 1.5
#: Passes over files that are not parsed take milliseconds: many of them cost nothing.
GATE_REPEATS = 25

#: The steps of the check and the product's functions that take them. What no function here takes is "rest".
STEPS = (
    ("gate", "veteran.analysis.syntax.gate.Gate.live"),
    ("decode and scan", "veteran.analysis.syntax.source.Source.from_bytes"),
    ("parse", "veteran.analysis.syntax.tree.parse"),
    ("lowering", "veteran.analysis.module.lower"),
    ("model and rules", "veteran.analysis.rule_runner.run"),
    ("facts", "veteran.families.blocking.facts.facts_of"),
    ("suppressions", "veteran.runs.one_file.finish"),
)


class Times(NamedTuple):
    """Repeated measurements of one thing, in seconds."""

    wall: list[float]
    cpu: list[float]

    @classmethod
    def none(cls) -> Times:
        return cls([], [])

    def measure(self, work: Callable[[], object]) -> None:
        """Runs `work` once and notes what it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.cpu.append(time.process_time() - cpu)
        self.wall.append(time.perf_counter() - wall)


@contextmanager
def collector(enabled: bool) -> Iterator[None]:
    """With Python's garbage collector on or off."""
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        yield
    finally:
        (gc.enable if before else gc.disable)()


def default_settings(root: Path) -> Settings:
    """What holds where nothing is configured."""
    return Settings(root)


def passing(sample: Sample) -> tuple[list[File], list[File]]:
    """The files that pass the gate of any rule that runs on them, and the others."""
    settings = default_settings(sample.root)
    live: list[File] = []
    dead: list[File] = []
    for file in sample.files:
        (live if gate_of(file, settings).live(Glance(file.data, catalog_for(settings.catalog))) else dead).append(file)
    return live, dead


def gate_of(file: File, settings: Settings) -> Gate:
    """The gate that holds for a file."""
    enabled = settings.enabled(file.path)
    return gate_for(tuple(r for code, r in all_rules().items() if code in enabled), catalog_for(settings.catalog))


def failure(sample: Sample) -> str:
    """What veteran itself failed on, "" if nothing: a check that ends early must not be measured as a cheap one."""
    settings = default_settings(sample.root)
    for file in sample.files:
        for finding in one_file.check_bytes(file.name, file.data, settings):
            if finding.code in (INTERNAL, UNPARSABLE):
                return f"{file.name}: {finding.code} {finding.message}"
    return ""


# The whole check against the parse


def _parse(files: Iterable[File]) -> None:
    for file in files:
        cst.parse_module(file.data)


def _check(files: Iterable[File], settings: Settings) -> None:
    for file in files:
        one_file.check_bytes(str(file.path), file.data, settings)


def measure_check(sample: Sample, repeats: int) -> bool:
    """Prints the cost of the check of the files that pass the gate; returns whether it keeps to the limit."""
    files, _ = passing(sample)
    if not files:
        print("\n1. No file passes the gate.")
        return True
    settings = default_settings(sample.root)

    def parse() -> None:
        _parse(files)

    def check() -> None:
        _check(files, settings)

    def run() -> None:
        batch.run(paths, lambda _: settings)

    paths = [file.path for file in files]
    works: dict[str, Callable[[], object]] = {"parse": parse, "check": check, "run": run}
    for work in works.values():
        work()
    rows = []
    kept = True
    for enabled in (True, False):
        with collector(enabled):
            times, left = _interleaved(works, repeats)
        parsed, checked = times["parse"].cpu, times["check"].cpu
        kept = kept and ratio(checked, parsed) <= LIMIT
        with_left = {name: [*map(sum, zip(times[name].cpu, left[name].cpu, strict=True))] for name in works}
        rows.append(
            (
                f"collector {'on' if enabled else 'off'}",
                seconds(parsed),
                seconds(checked),
                spread(checked, parsed),
                spread(times["check"].wall, times["parse"].wall),
                f"{ratio(with_left['check'], with_left['parse']):.2f}",
                f"{ratio(times['run'].cpu, parsed):.2f}",
            )
        )
    print_table(
        f"1. The whole check of the {len(files)} files that pass the gate ({size(files)}) against a bare "
        f"libcst.parse_module of them\n   in one process; medians of {repeats} rounds",
        ("", "parse CPU", "check CPU", "CPU ratio", "wall ratio", "with collect()", "runner"),
        rows,
        f"CPU ratio at most {LIMIT}: {'yes' if kept else 'NO'}",
    )
    return kept


def _interleaved(works: dict[str, Callable[[], object]], repeats: int) -> tuple[dict[str, Times], dict[str, Times]]:
    """Times of all works, in turns, and of the collection of what each of them left behind."""
    times = {name: Times.none() for name in works}
    left = {name: Times.none() for name in works}
    for number in range(repeats):
        for name in works if number % 2 == 0 else reversed(works):
            gc.collect()
            times[name].measure(works[name])
            left[name].measure(gc.collect)
    return times, left


# Where the time of the check goes


class Stopwatch:
    """CPU time by step; a step within another one is not counted twice."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.inner: list[float] = []

    def around(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed."""

        @functools.wraps(function)
        def timed(*args: Any, **options: Any) -> Any:
            begin = time.process_time()
            self.inner.append(0.0)
            try:
                return function(*args, **options)
            finally:
                whole = time.process_time() - begin
                self.spent[step] += whole - self.inner.pop()  # type: ignore[assignment]
                if self.inner:
                    self.inner[-1] += whole

        return timed


def measure_split(sample: Sample, repeats: int) -> None:
    """Prints the cost of each step of the check, in bare parses."""
    files, _ = passing(sample)
    if not files:
        print("\n2. No file passes the gate.")
        return
    settings = default_settings(sample.root)
    columns: list[dict[str, float]] = []
    notes: list[str] = []
    for enabled in (True, False):
        shares: dict[str, list[float]] = {}
        with collector(enabled):
            for _ in range(repeats):
                base = Times.none()
                gc.collect()
                base.measure(lambda: _parse(files))
                gc.collect()
                spent, notes = _steps(files, settings)
                for step, cpu in spent.items():
                    shares.setdefault(step, []).append(cpu / base.cpu[0])
        columns.append({step: statistics.median(found) for step, found in shares.items()})
    order = [*(step for step, _ in STEPS), "rest", "whole"]
    print_table(
        f"2. Where the check's CPU time goes, in bare parses of the same files; medians of {repeats} passes",
        ("", "collector on", "collector off"),
        [(step, *(f"{column.get(step, 0):.3f}" for column in columns)) for step in order],
        *notes,
    )


def _steps(files: Sequence[File], settings: Settings) -> tuple[dict[str, float], list[str]]:
    """CPU seconds of each step of one pass, and notes on what could not be timed."""
    watch = Stopwatch()
    notes = []
    with ExitStack() as patches:
        for step, target in STEPS:
            try:
                function = pkgutil.resolve_name(target)
            except (ImportError, AttributeError):
                notes.append(f"{step}: no {target}, so it counts as rest")
                continue
            patches.enter_context(mock.patch(target, watch.around(step, function)))
        whole = Times.none()
        whole.measure(lambda: _check(files, settings))
    spent = dict(watch.spent)
    rest = whole.cpu[0] - sum(spent.values())
    return {**spent, "rest": rest, "whole": whole.cpu[0]}, notes


# Files that do not pass


def any_word() -> re.Pattern[bytes]:
    """One regular expression that asks what the gate has to know: may any rule find something here?"""
    words = {
        word.encode()
        for rule in all_rules().values()
        if rule.default
        for subscription, _ in rule.handlers
        for word in subscription.words or catalog_for().roots(subscription.table)
    }
    return re.compile(rb"\b(?:" + b"|".join(sorted(map(re.escape, words))) + rb")\b")


def measure_gate(sample: Sample) -> None:
    """Prints what a file costs that does not pass the gate."""
    _, files = passing(sample)
    if not files:
        print("\n3. Every file passes the gate.")
        return
    settings = default_settings(sample.root)
    paths = [file.path for file in files]
    one_word, words = re.compile(rb"\basynchronously\b"), any_word()

    def read() -> None:
        for path in paths:
            path.read_bytes()

    def search(pattern: re.Pattern[bytes]) -> None:
        for path in paths:
            for _ in pattern.finditer(path.read_bytes()):  # to the end: a gate that says no has read all of it
                pass

    def gate() -> None:
        for path in paths:
            gate_of_all.live(Glance(path.read_bytes(), catalog_for(settings.catalog)))

    def check() -> None:
        for path in paths:
            one_file.check_bytes(str(path), path.read_bytes(), settings)

    gate_of_all = gate_of(files[0], settings)
    base_name = "read, one search for any of the rules' words"
    works: dict[str, Callable[[], object]] = {
        "read": read,
        "read, one search for one word": lambda: search(one_word),
        base_name: lambda: search(words),
        "read, the gate": gate,
        "read, whole check": check,
        "the runner over all of them": lambda: batch.run(paths, lambda _: settings),
    }
    times = {name: Times.none() for name in works}
    for work in works.values():
        work()
    with collector(True):
        for _ in range(GATE_REPEATS):
            for name, work in works.items():
                times[name].measure(work)
    base = times[base_name]
    print_table(
        f"3. The {len(files)} files that do not pass the gate ({size(files)}); medians of {GATE_REPEATS} passes",
        ("", "CPU a file", "CPU ratio", "wall ratio"),
        [
            (
                name,
                f"{statistics.median(found.cpu) / len(files) * 1e6:.0f} µs",
                f"{ratio(found.cpu, base.cpu):.2f}",
                f"{ratio(found.wall, base.wall):.2f}",
            )
            for name, found in times.items()
        ],
        f"ratios to: {base_name}",
    )
