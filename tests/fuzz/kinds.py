"""The kinds of programs, and how one is made of a seed and a number."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from random import Random

from .deep import deep_program
from .grammar import grammar
from .mutants import text_mutant, texts, tree_mutant

ROOT = Path(__file__).parent.parent.parent
#: What is mutated: the files of this repository, so that the programs are the same everywhere.
OWN = tuple(str(ROOT / name) for name in ("fixtures", "src", "tests"))
GRAMMARS = ("classes", "sql", "json", "waiting", "files")
#: The words without which rules do not look at a program.
LIVE = b"\n# async: requests.json(), time, open().read().splitlines(), readlines(), SELECT execute, threading\n"
#: How many programs hypothesmith makes at a time: of a few they are all short.
TOGETHER = 20


def _written(*names: str) -> Callable[[Random, tuple[str, ...]], bytes]:
    return lambda random, _: grammar("common", *names).program(random).encode()


def _mixed(random: Random, _: tuple[str, ...]) -> bytes:
    return grammar("common", *GRAMMARS).program(random).encode()


def _project(random: Random, _: tuple[str, ...]) -> bytes:
    return grammar("common", *GRAMMARS, "projects").program(random, "project").encode()


_MADE: dict[str, Callable[[Random, tuple[str, ...]], bytes]] = {
    "text": lambda random, roots: text_mutant(random, texts(roots or OWN)) + LIVE,
    "tree": lambda random, roots: tree_mutant(random, texts(roots or OWN)) + LIVE,
    **{name: _written(name) for name in GRAMMARS},
    "mixed": _mixed,
    "project": _project,
}
USUAL = tuple(_MADE)
#: And those that take much time, to be checked or to be made.
KINDS = (*USUAL, "deep", "hypothesmith")


def make(job: str, seed: int, roots: tuple[str, ...] = ()) -> bytes:
    """The program of that kind and number (`sql 17`). roots: what is mutated, if not the files of this repository."""
    kind, number = job.split()
    if kind == "hypothesmith":
        together, which = divmod(int(number), TOGETHER)
        programs = _smithed(seed * 1_000_003 + together)
        return programs[which % len(programs)]
    random = Random(f"{seed} {kind} {number}")
    return deep_program(random) if kind == "deep" else _MADE[kind](random, roots)


@lru_cache(2)
def _smithed(seed: int) -> tuple[bytes, ...]:
    """Programs that use the syntax of Python evenly. Needs the extra `fuzz`."""
    import hypothesis
    import hypothesmith

    found: list[bytes] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=TOGETHER,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(hypothesmith.from_grammar() | hypothesmith.from_node())
    def note(text: str) -> None:
        found.append(text.encode("utf-8", "surrogatepass") + LIVE)

    note()
    return tuple(found)
