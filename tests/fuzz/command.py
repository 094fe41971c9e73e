"""The command: programs are made, looked at, and those that fail reported."""

from __future__ import annotations

import argparse
import os
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from .checks import check
from .kinds import KINDS, USUAL, make
from .shrink import shrink
from .watch import Check, Look, Seen, Watched, watch

#: How often a program is tried with fewer lines.
TRIES = 400
#: How many programs with one cause are made smaller.
ALIKE = 3
SHOWN = 40  # lines
WIDTH = 200  # letters of each


class Job(NamedTuple):
    """A program to look at: a number of a kind, or the path of a file."""

    kind: str
    name: str


def main(argv: Sequence[str] | None = None, examine: Check = check) -> int:
    """Makes programs and examines them. Returns 1 where one of them fails."""
    options = _parser().parse_args(argv)
    if options.files:
        jobs, look = _files(options.files), Look(_content, examine)
    else:
        roots = tuple(str(path.resolve()) for path in options.path)
        jobs = _programs(options.only, options.start, options.count)
        look = Look(partial(make, seed=options.seed, roots=roots), examine)
    began = time.monotonic()
    counts: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    failed: list[tuple[Job, Seen]] = []
    for job, seen in watch(jobs, _name, look, options.guard, options.jobs):
        counts[job.kind] += 1
        codes.update(set(seen.codes))
        if seen.problem:
            failed.append((job, seen))
            print(f"{_name(job)}: {seen.problem}", file=sys.stderr, flush=True)
    alike: Counter[str] = Counter()
    for job, seen in sorted(failed):
        cause = _cause(seen.problem)
        alike[cause] += 1
        _report(job, seen if alike[cause] > ALIKE else _smaller(seen, options.guard, examine), options)
    problems = Counter(seen.problem.partition(":")[0] for _, seen in failed)
    print("programs:", _listed(counts))
    print("programs with findings:", _listed(codes) or "none")
    print(f"seed {options.seed}: {counts.total()} programs, {_listed(problems) or 'no failures'}", end="")
    print(f"; {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description="Checks programs that nobody would write. None may make veteran fail, hang or die.",
        epilog="A program depends on its kind, the seed and its number, mutants on the files that are mutated and on"
        " the Python that writes them. The exit code is 1 if one fails.",
    )
    add = parser.add_argument
    processors = os.cpu_count() or 1
    add("--seed", type=int, default=0, metavar="N", help="default: 0")
    add("--count", type=int, default=1000, metavar="N", help="how many programs, of all kinds together; default: 1000")
    add("--start", type=int, default=0, metavar="N", help="number of the first program of each kind; default: 0")
    add("--only", nargs="+", choices=KINDS, default=USUAL, metavar="KIND", help=f"of {', '.join(KINDS)}")
    add("--path", nargs="+", type=Path, default=[], metavar="PATH", help="mutate these files; default: veteran's own")
    add("--files", nargs="+", type=Path, metavar="PATH", help="check these files, as they are, instead")
    add("--jobs", type=int, default=processors, metavar="N", help="how many processes; default: one a processor")
    add("--guard", type=float, default=60, metavar="SECONDS", help="what takes longer hangs; default: 60")
    add("--output", type=Path, default=Path(".fuzz"), metavar="DIR", help="where failing programs go; default: .fuzz")
    return parser


def _programs(kinds: Sequence[str], start: int, count: int) -> Iterator[Job]:
    for number in range(count):
        turn, which = divmod(number, len(kinds))
        yield Job(kinds[which], str(start + turn))


def _files(paths: Sequence[Path]) -> Iterator[Job]:
    for path in paths:
        found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (Job("file", str(file.resolve())) for file in found if file.is_file())


def _name(job: Job) -> str:
    return f"{job.kind} {job.name}"


def _content(name: str) -> bytes:
    return Path(name.partition(" ")[2]).read_bytes()


def _as_it_is(name: str) -> bytes:
    return name.encode("latin-1")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _smaller(seen: Seen, guard: float, examine: Check) -> Seen:
    """As few lines of a program as show the problem."""
    if seen.problem.startswith(("hangs", "not made")):  # each try of one that hangs takes as long as the guard
        return seen
    watched = Watched(Look(_as_it_is, examine), guard)
    fails = partial(_fails, watched, _cause(seen.problem))
    try:
        if not fails(seen.program):
            return seen._replace(problem=f"{seen.problem}; alone it does not: it depends on what was checked before")
        return seen._replace(program=shrink(seen.program, fails, TRIES))
    finally:
        watched.end()


def _report(job: Job, seen: Seen, options: argparse.Namespace) -> None:
    """Writes a program that fails, to a file and, as far as it is short, to standard output."""
    name = job.name if job.kind != "file" else f"{Path(job.name).stem}-{zlib.crc32(job.name.encode()):08x}"
    path = options.output / f"{job.kind}-{options.seed}-{name}.py"
    options.output.mkdir(parents=True, exist_ok=True)
    path.write_bytes(seen.program)
    print(f"\n{_name(job)} (seed {options.seed}): {seen.problem}\n{path}:")
    print("\n".join(f"    {line if line.isprintable() else ascii(line)}" for line in _lines(seen.program)))


def _lines(program: bytes) -> list[str]:
    return [line[:WIDTH] for line in program.decode("utf-8", "replace").splitlines()[:SHOWN]]


def _cause(problem: str) -> str:
    """What problems of one cause share: no numbers, no places."""
    return " ".join(word for word in problem.split() if word.strip(":").isalnum() and not word.strip(":").isdigit())


def _fails(watched: Watched, cause: str, program: bytes) -> bool:
    return _cause(watched.see(program.decode("latin-1")).problem) == cause
