"""The command that makes programs and checks them finds what it has to, and makes the same ones everywhere."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fuzz.checks import PassedOn, check, modules
from fuzz.command import main
from fuzz.grammar import Grammar
from fuzz.kinds import GRAMMARS, USUAL, make
from fuzz.shrink import shrink
from helpers import ROOT

#: Only a guard against hanging.
TIMEOUT = 600


def run(*arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def test_the_command_checks_some_of_every_kind(tmp_path: Path) -> None:
    count = str(2 * len(USUAL))
    done = run("-m", "tests.fuzz", "--count", count, "--jobs", "2", "--guard", "300", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"programs: {', '.join(f'{kind} 2' for kind in sorted(USUAL))}\n" in done.stdout
    assert f"seed 0: {count} programs, no failures" in done.stdout
    assert not (tmp_path / "out").exists()


def planted(program: bytes) -> tuple[str, tuple[str, ...]]:
    """Fails where a line of the program says so."""
    lines = program.split()
    if b"hangs" in lines:
        time.sleep(TIMEOUT)
    if b"dies" in lines:
        os._exit(7)
    return ("VET003: it fails at 17", ()) if b"fails" in lines else ("", ("VET101",))


@pytest.mark.parametrize(
    ("word", "problem"),
    [("fails", "VET003: it fails at 17"), ("dies", "dies: exit code 7"), ("hangs", "hangs: no answer in 5 s")],
)
def test_what_fails_is_reported_and_the_others_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str, problem: str
) -> None:
    paths = [tmp_path / f"{name}.py" for name in ("a", "b", "c")]
    for path in paths:
        path.write_text("one\ntwo\n")
    text = f"one\ntwo\n{word}\nfour\n"
    paths[1].write_text(text)
    out = tmp_path / "out"
    assert main(["--files", *map(str, paths), "--guard", "5", "--jobs", "1", "--output", str(out)], planted) == 1
    printed = capsys.readouterr()
    assert f"file {paths[1].resolve()}: {problem}\n" in printed.err
    assert f"file {paths[1].resolve()} (seed 0): {problem}\n" in printed.out
    assert "programs: file 3\nprograms with findings: VET101 2\n" in printed.out
    (written,) = out.iterdir()
    assert written.read_text() == (text if word == "hangs" else f"{word}\n")


def failing(_: bytes) -> tuple[str, tuple[str, ...]]:
    return "VET003: always", ()


def test_a_program_that_fails_can_be_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--only", "json", "--count", "1", "--start", "7", "--seed", "3", "--output", str(tmp_path / "out")]
    assert main(arguments, failing) == 1
    assert "json 7 (seed 3): VET003: always\n" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["json-3-7.py"]


SHOW = "import sys; from tests.fuzz.kinds import make; [print(repr(make(job, 5))) for job in sys.argv[1:]]"


def test_a_program_depends_on_kind_seed_and_number_only() -> None:
    jobs = [f"{kind} {number}" for number in (4, 0) for kind in USUAL]
    one, other = (run("-c", SHOW, *order, seed=seed) for order, seed in ((jobs, "1"), (jobs[::-1], "2")))
    assert not one.stderr + other.stderr
    programs = one.stdout.splitlines()
    assert programs == other.stdout.splitlines()[::-1]
    assert len(set(programs)) == len(jobs)
    assert make(jobs[0], 6) != make(jobs[0], 5)


def test_deep_programs_repeat_one_thing() -> None:
    programs = [make(f"deep {number}", 0) for number in range(60)]
    assert any(program.count(b"lambda") > 500 for program in programs)
    assert any(re.search(rb"([(\[{])\1{80}", program) for program in programs)
    assert all(len(program) < 5_000_000 for program in programs)


@pytest.mark.parametrize("kind", [*GRAMMARS, "mixed", "tree"])
def test_most_programs_are_some(kind: str) -> None:
    """The parser of an older Python does not read all f-strings."""
    assert sum(is_program(make(f"{kind} {number}", 0)) for number in range(20)) >= 10


def is_program(text: bytes) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def test_the_modules_of_a_project() -> None:
    found = modules(b"#: a.py\nx = 1\n#: pkg/__init__.py\n#: pkg/b.py\r\ny\n")
    assert found == {"a.py": b"x = 1\n", "pkg/__init__.py": b"", "pkg/b.py": b"y\n"}


PROJECT = b"""#: one.py
import time
from two import load
def wait():
    time.sleep(1)
#: two.py
import one
async def load():
    one.wait()
"""


def test_a_project_is_checked_in_every_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check(PROJECT) == ("", ("VET312",))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("way", ["by processes", "each module alone", "warm"])
def test_what_depends_on_how_it_is_checked_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    from veteran.runs import batch

    real = batch.run

    def unlike(paths: list[Path], *args: object, **kwargs: object) -> object:
        lost = {
            "by processes": "executor" in kwargs,
            "each module alone": len(paths) == 1,
            "warm": bool(kwargs.get("stores")) and (tmp_path / "project" / ".veteran_cache").exists(),
        }[way]
        made: Callable[..., object] = real
        return made(paths, *args, **kwargs) if not lost else made([], *args, **kwargs)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(batch, "run", unlike)
    assert check(PROJECT)[0] == f"differs: {way}"


def test_a_file_that_is_refused_though_it_is_a_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from veteran.analysis.syntax import tree
    from veteran.analysis.syntax.source import Source, SourceError

    def refusing(source: Source) -> object:
        raise SourceError("what is this?", 1)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tree, "parse", refusing)
    assert check(b"file.readlines()\n") == ("VET001: 1: what is this?, and CPython reads it", ("VET001",))
    assert check(b"file.readlines(\n") == ("", ("VET001",))


def test_a_file_that_is_judged_differently_a_second_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from veteran.runs import one_file

    real = one_file.check_bytes
    answers = iter((1, 0, 1, 1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(one_file, "check_bytes", lambda *args: real(*args)[: next(answers)])
    program = b"def f(path):\n    for line in open(path).readlines():\n        print(line)\n"
    assert check(program) == ("differs: the second time", ("VET101",))
    assert check(program) == ("", ("VET101",))


def test_what_is_passed_on_is_copied() -> None:
    given: list[int] = []
    assert PassedOn().submit(_grown, given).result() == [1]
    assert given == []
    with pytest.raises(ZeroDivisionError):
        PassedOn().submit(divmod, 1, 0).result()


def _grown(values: list[int]) -> list[int]:
    values.append(1)
    return values


def test_as_few_lines_as_show_the_problem() -> None:
    program = b"".join(b"%d\n" % number for number in range(100))
    tried: list[bytes] = []

    def fails(part: bytes) -> bool:
        tried.append(part)
        return {b"17", b"80"} <= set(part.split())

    assert shrink(program, fails, 1000) == b"17\n80\n"
    tried.clear()
    assert len(shrink(program, fails, 5).split()) > 2
    assert len(tried) == 5


@pytest.fixture
def grammar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Grammar]:
    def write(text: str) -> Grammar:
        (tmp_path / "g.txt").write_text(text)
        monkeypatch.setattr("fuzz.grammar.FOLDER", tmp_path)
        return Grammar(["g"])

    return write


def test_a_grammar(grammar: Callable[[str], Grammar]) -> None:
    rules = grammar("# which\nmodule:\n  | if a:\n        <line*2>\nline:\n  | <v> = f(<v,2>)\n  |2 pass\nv:\n  | x\n")
    programs = {rules.program(Random(number)) for number in range(3000)}
    line = r"    (x = f\((x(, x)?)?\)|pass)\n"
    assert all(re.fullmatch(rf"if a:\n{line}({line})?", program) for program in programs)
    assert len(programs) == 4 + 16


def test_a_grammar_ends(grammar: Callable[[str], Grammar]) -> None:
    rules = grammar("module:\n  |9 (<module> + <module>)\n  | [<module,9>, <module>]\n  | x\n")
    for number in range(20):
        assert len(rules.program(Random(number))) < 10_000


@pytest.mark.parametrize("text", ["a:\n  | <b>\n", "a:\n  | <a>\n", "a:\n  | x\nnonsense\n"])
def test_a_grammar_that_cannot_be_followed(grammar: Callable[[str], Grammar], text: str) -> None:
    with pytest.raises(ValueError, match=r"has no end, or is no rule|not understood"):
        grammar(text)
