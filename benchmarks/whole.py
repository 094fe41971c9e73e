"""What a run over a whole package costs, links included: without a cache, with a new one, and with a full one.

With a full one it is measured as after a new file, which makes all links anew, and as the same command again."""

from __future__ import annotations

import os
import tempfile
from contextlib import nullcontext
from pathlib import Path

import libcst as cst

from veteran.project import import_resolver
from veteran.runs import batch
from veteran.runs.check import check_paths
from veteran.runs.discovery import find_files
from veteran.runs.store import OFF, Stores
from veteran.settings import Settings

from .files import Sample, size
from .inprocess import Times
from .table import print_table, ratio, seconds, spread

#: What a run without a cache may cost, in bare parses of all files, and one with a full cache, in such runs.
COLD, WARM = 1.5, 0.1


def measure_whole(sample: Sample, repeats: int) -> bool:
    """Prints the cost of whole runs; returns whether they keep to the limits."""
    os.environ.pop(OFF, None)
    paths = [file.path for file in sample.files]
    rows = ("parse", "no cache", "new cache", "full cache, links anew", "full cache")
    times = {name: Times.none() for name in rows}
    found = set()

    def parse() -> None:
        for file in sample.files:
            cst.parse_module(file.data)

    def check(folder: str, stores: Stores | None) -> None:
        import_resolver.forget()
        settings = Settings(sample.root, cache_dir=folder)
        found.add(repr(sorted(batch.run(paths, lambda _: settings, stores=stores).findings)))

    def again(folder: str) -> None:
        import_resolver.forget()
        settings = Settings(sample.root, cache_dir=folder)
        outcome, _ = check_paths(
            [str(sample.root)],
            [],
            lambda _: settings,
            find=lambda trace: find_files([sample.root], lambda _: settings, force_exclude=False, trace=trace),
            jobs=1,
            progress=lambda: nullcontext(lambda done, total: None),
        )
        found.add(repr(sorted(outcome.findings)))

    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as name:
            folder = str(Path(name) / "cache")
            times["parse"].measure(parse)
            times["no cache"].measure(lambda: check("", None))
            times["new cache"].measure(lambda: check(folder, Stores()))  # noqa: B023 - called at once
            times["full cache, links anew"].measure(lambda: check(folder, Stores()))  # noqa: B023
            again(folder)
            times["full cache"].measure(lambda: again(folder))  # noqa: B023
    base, cold = times["parse"].cpu, times["no cache"].cpu
    kept = len(found) == 1 and ratio(cold, base) <= COLD and ratio(times["full cache"].cpu, cold) <= WARM
    print_table(
        f"6. A run over all {len(sample.files)} files ({size(sample.files)}), links included, in one process;"
        f" medians of {repeats} rounds",
        ("", "CPU", "to the parse", "to no cache"),
        [
            (name, seconds(measured.cpu), spread(measured.cpu, base), spread(measured.cpu, cold))
            for name, measured in times.items()
        ],
        f"the same findings in all runs: {'yes' if len(found) == 1 else 'NO'}",
        f"at most {COLD} parses without a cache, and {WARM} of that with a full one: {'yes' if kept else 'NO'}",
    )
    return kept
