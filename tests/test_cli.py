"""The command: what it takes, what it prints where, and with which exit code it ends."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import veteran
from veteran.families.blocking import link as blocking_link
from veteran.families.sql.sinks import Queries
from veteran.findings import INTERNAL
from veteran.frontends import cli
from veteran.project.edges import Edges
from veteran.registry import all_rules
from veteran.runs import batch, discovery, understand
from veteran.runs.cache import Cache
from veteran.runs.discovery import Discovered
from veteran.settings import forget

SOURCES = Path(veteran.__file__).parents[1]
BLOCKING = "import time\n\n\nasync def f():\n    time.sleep(1)\n"  # VET311, high
READING = "async def f(path):\n    open(path)\n"  # VET311, medium
INJECTION = "def f(cur, x):\n    cur.execute(f\"SELECT * FROM t WHERE id = '{x}'\")\n"  # VET201
BROKEN = "import time\nasync def f(:\n    time.sleep(1)\n"
CLEAN = "def f(x):\n    return x + 1\n"


class Result(NamedTuple):
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Veteran = Callable[..., Result]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working directory, and an environment without wishes."""
    for name in ("NO_COLOR", "FORCE_COLOR", "VETERAN_JOBS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Veteran:
    """Runs the command in this process."""

    def run(*arguments: str) -> Result:
        try:
            code: Any = cli.main(arguments)
        except SystemExit as end:
            code = end.code
        return Result(code, *capsys.readouterr())

    return run


def spawn(*arguments: str, stdin: bytes = b"", cwd: Path | None = None, **environment: str) -> Result:
    """Runs the command as users do."""
    done = subprocess.run(
        [sys.executable, "-m", "veteran", *arguments],
        check=False,
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(SOURCES), **environment},
        timeout=60,
    )
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    return Result(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


# check: findings, formats, exit codes


def test_findings_are_shown_and_end_with_1(call: Veteran) -> None:
    write({"pkg/a.py": BLOCKING, "pkg/b.py": CLEAN, "c.py": INJECTION})
    result = call("check")
    assert result.code == 1
    assert result.lines[0].startswith("c.py:2:17: VET201 [sql-from-string] ")
    assert "pkg/a.py:5:5: VET311 [blocking-call-in-async] " in result.out
    assert "5 |     time.sleep(1)\n  |     ^^^^^^^^^^^^^\n" in result.out
    assert result.lines[-1] == "Found 2 findings in 3 files."
    assert result.err == ""


def test_nothing_found_ends_with_0(call: Veteran) -> None:
    write({"a.py": CLEAN})
    assert call("check", ".") == (0, "All clear: 1 file.\n", "")


def test_concise(call: Veteran) -> None:
    write({"a.py": BLOCKING, "b.py": CLEAN})
    code, out, _ = call("check", "--output-format", "concise")
    assert code == 1
    (line,) = out.splitlines()
    assert line.startswith("a.py:5:5: VET311 `time.sleep` ")
    assert call("check", "--output-format", "concise", "b.py") == (0, "", "")


def test_json(call: Veteran) -> None:
    write({"a.py": BLOCKING})
    code, out, _ = call("check", "--output-format=json")
    assert code == 1
    assert [found["code"] for found in json.loads(out)["findings"]] == ["VET311"]


def test_a_file_that_cannot_be_parsed_is_a_finding(call: Veteran) -> None:
    write({"a.py": BROKEN, "b.py": BLOCKING})
    result = call("check", "--output-format=concise")
    assert result.code == 1
    assert [line.split()[1] for line in result.lines] == ["VET001", "VET311"]


def test_exit_zero_is_for_findings_only(call: Veteran) -> None:
    write({"a.py": BLOCKING})
    assert call("check", "--exit-zero").code == 0
    assert call("check", "--exit-zero", "a.py", "missing.py").code == 2


def test_a_missing_path_does_not_keep_the_others_from_being_checked(call: Veteran) -> None:
    write({"a.py": BLOCKING})
    result = call("check", "missing.py", "a.py", "--output-format=concise")
    assert result.code == 2
    assert result.err == "veteran: missing.py: no such file or directory\n"
    assert result.out.startswith("a.py:5:5: VET311")


def test_what_could_not_be_read_is_said(call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_files(*_: object, **__: object) -> Discovered:
        return Discovered([Path("a.py")], [], [(Path("secret"), "Permission denied")])

    write({"a.py": CLEAN})
    monkeypatch.setattr(discovery, "find_files", find_files)
    assert call("check") == (2, "Found 0 findings in 1 file.\n", "veteran: secret: Permission denied\n")


def test_an_internal_error_is_shown_with_the_findings(call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no such thing")

    write({"a.py": BLOCKING})
    monkeypatch.setattr(understand, "_analysed", fails)
    result = call("check", "--output-format=concise")
    assert result.code == 2
    assert result.out.startswith(f"a.py:1:1: {INTERNAL} ")
    assert "no such thing" in result.out
    assert call("check", "--exit-zero").code == 0
    assert call("check", f"--ignore={INTERNAL}").code == 0
    write({"pyproject.toml": f"[tool.veteran.per-file-ignores]\n'a.py' = ['{INTERNAL}']\n"})
    forget()
    assert call("check").code == 0


def test_a_failing_rule_is_a_finding_like_any_other(call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no such thing")

    write({"a.py": f"{BLOCKING}\ndef g(cur, x):\n    cur.execute(f\"SELECT * FROM t WHERE a = '{{x}}'\")\n"})
    monkeypatch.setattr(Queries, "texts", fails)
    result = call("check", "--output-format=concise")
    last = len(Path("a.py").read_text().splitlines())
    assert result.code == 1
    assert "VET311" in result.out
    assert f"a.py:{last}:5: {INTERNAL} veteran failed in VET201, VET202: RuntimeError: no such thing" in result.out
    assert call("check", "--exit-zero").code == 0
    assert INTERNAL not in call("check", f"--ignore={INTERNAL}", "--output-format=concise").out
    with monkeypatch.context() as patch:
        patch.setattr(blocking_link, "events", fails)
        assert call("check", "--output-format=concise").out.count(INTERNAL) == 3  # VET311 and VET312 hear of chains


def test_a_bug_in_the_command_itself_ends_with_2(call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no such thing")

    write({"a.py": CLEAN})
    monkeypatch.setattr(batch, "check", fails)
    result = call("check")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("veteran: this is a bug in veteran, please report it\n")
    assert "RuntimeError: no such thing" in result.err


def test_interruption_is_quiet(call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    write({"a.py": CLEAN})
    monkeypatch.setattr(batch, "check", interrupted)
    assert call("check") == (130, "", "")


@pytest.mark.parametrize("options", [[], ["--statistics"], ["--exit-zero"]])
def test_what_could_not_be_had_is_not_called_clear(call: Veteran, options: list[str]) -> None:
    for name in ("missing.py", "x" * 5000, "missing/a.py"):
        expected = (2, "Found 0 findings in 0 files.\n", f"veteran: {name}: no such file or directory\n")
        assert call("check", name, *options) == expected


def test_nothing_to_check_is_said(call: Veteran) -> None:
    assert call("check") == (0, "All clear: 0 files.\n", "veteran: no Python files found\n")


# check: options


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ([], ["VET311", "VET201"]),
        (["--select", "VET2"], ["VET201"]),
        (["--select", "VET2,blocking-call-in-async"], ["VET311", "VET201"]),
        (["--select", "VET201", "--select=VET311"], ["VET311", "VET201"]),
        (["--select", "VET2", "--extend-select", " VET311 ,"], ["VET311", "VET201"]),
        (["--ignore", "VET3"], ["VET201"]),
        (["--ignore", "VET3", "--ignore", "sql-from-string"], []),
        (["--min-confidence", "high", "--select", "VET201"], []),
        (["--min-confidence", "low", "--select", "VET201"], ["VET201"]),
    ],
)
def test_selection(call: Veteran, options: Sequence[str], codes: list[str]) -> None:
    write({"a.py": BLOCKING, "c.py": INJECTION})
    result = call("check", "--output-format=concise", *options)
    assert [line.split()[1] for line in result.lines] == codes
    assert result.code == (1 if codes else 0)


def test_paths_and_options_mix(call: Veteran) -> None:
    write({"a.py": BLOCKING, "b.py": BLOCKING, "-c.py": BLOCKING})
    arguments = ["a.py", "--output-format", "concise", "b.py", "-q", "--", "-c.py"]
    shown = [line.partition(":")[0] for line in call("check", *arguments).lines]
    assert shown == ["./-c.py", "a.py", "b.py"]


def test_force_exclude_may_be_given_twice(call: Veteran) -> None:
    write({"build/a.py": BLOCKING})
    assert call("check", "-q", "build/a.py").code == 1
    assert call("check", "-q", "--force-exclude", "--force-exclude", "build/a.py").code == 0


def test_statistics_replace_the_findings(call: Veteran) -> None:
    write({"a.py": BLOCKING, "b.py": BLOCKING, "c.py": INJECTION})
    assert call("check", "--statistics").out == (
        "2  VET311  blocking-call-in-async\n1  VET201  sql-from-string\nFound 3 findings in 3 files.\n"
    )
    as_json = json.loads(call("check", "--statistics", "--output-format=json").out)
    assert [(row["code"], row["count"]) for row in as_json["statistics"]] == [
        ("VET311", 2),
        ("VET201", 1),
    ]


def test_quiet_leaves_findings_and_errors(call: Veteran) -> None:
    write({"a.py": BLOCKING + "x = 1  # noqa: VET\n"})
    loud, quiet = call("check", "a.py", "missing.py"), call("check", "-q", "a.py", "missing.py")
    assert loud.lines[:-1] == quiet.lines
    assert "warning" in loud.err
    assert quiet.err == "veteran: missing.py: no such file or directory\n"
    assert call("check", "-q", "--select=VET2").out == ""


def test_show_settings(call: Veteran) -> None:
    write({"veteran.toml": 'ignore = ["VET2"]\n', "tests/a.py": CLEAN})
    code, out, _ = call("check", "--show-settings", "tests/a.py", "--min-confidence=low")
    settings = json.loads(out)
    assert code == 0
    assert (settings["ignore"], settings["min-confidence"]) == (["VET2"], "low")
    assert settings["files"]["tests/a.py"]["contexts"] == ["tests"]
    assert "VET201" not in settings["files"]["tests/a.py"]["enabled"]
    assert json.loads(call("check", "--show-settings").out)["source"].endswith("veteran.toml")
    assert call("check", "--show-settings", "a.py", "b.py").code == 2


def test_jobs_default_to_the_environment(call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def check(*_: object, jobs: int, **__: object) -> batch.Checked:
        asked.append(jobs)
        return batch.Checked([], [], Edges())

    monkeypatch.setattr(batch, "check", check)
    write({"a.py": CLEAN})
    monkeypatch.setenv("VETERAN_JOBS", "3")
    assert call("check").code == call("check", "-j", "5").code == call("check", "--jobs=7").code == 0
    assert asked == [3, 5, 7]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_timings(jobs: str, call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "WORTH_A_PROCESS", 1)
    write({"a.py": BLOCKING, "b.py": INJECTION})
    plain = call("check", "-q", "--no-cache")
    assert plain.err == ""
    timed = call("check", "-q", "--no-cache", "--timings", "-j", jobs)
    assert (timed.code, timed.out) == (plain.code, plain.out)
    rows = [line.split(None, 3) for line in timed.err.splitlines()]
    phases = {row[3]: float(row[0]) for row in rows[:-1]}
    assert {"parse", "lowering", "links", "rules VET311", "rules VET201, VET202", "search for files"} <= phases.keys()
    assert sum(phases.values()) == pytest.approx(float(rows[-1][0]), abs=0.0006 * len(rows))
    assert call("check", "-q", "--no-cache").err == ""


# check: configuration


def test_settings_of_each_directory_hold(call: Veteran) -> None:
    write({"a.py": BLOCKING, "sub/b.py": BLOCKING, "sub/veteran.toml": 'ignore = ["VET311"]\n'})
    result = call("check", "--output-format=concise")
    assert [line.partition(":")[0] for line in result.lines] == ["a.py"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ('slect = ["VET2"]', ["veteran.toml", "slect", "'select'"]),
        ('select = ["VET9"]', ["veteran.toml", "select", "VET9"]),
        ("select = 1\n", ["veteran.toml", "select", "list"]),
        ("select = [", ["veteran.toml", "TOML"]),
    ],
)
def test_bad_configuration_ends_with_2(call: Veteran, config: str, expected: list[str]) -> None:
    write({"a.py": BLOCKING, "sub/b.py": BLOCKING, "sub/veteran.toml": config})
    result = call("check")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("veteran: ")
    assert all(part in result.err for part in expected)


# Misuse


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "COMMAND"),
        (["chekc"], "chekc"),
        (["check", "--slect", "VET2", "a.py"], "--slect"),
        (["check", "a.py", "--unknown", "b.py"], "--unknown"),
        (["check", "--sel", "VET2"], "--sel"),
        (["check", "--select"], "--select"),
        (["check", "--select", "VET9"], "VET9"),
        (["check", "--min-confidence", "total"], "total"),
        (["check", "--output-format", "xml"], "xml"),
        (["check", "-j", "0"], "'0'"),
        (["check", "-j", "many"], "'many'"),
        (["check", "-j", "9" * 5000], "'9999"),
        (["check", "-j", "\u00b2"], "is not a number"),
        (["check", ""], "'' cannot be a path"),
        (["check", "a.py", "-q", ""], "'' cannot be a path"),
        (["check", "a\0b"], "cannot be a path"),
        (["check", "-", "--stdin-filename", ""], "--stdin-filename"),
        (["check", "--cache-dir", ""], "--cache-dir"),
        (["check", "--show-settings", "--slect"], "--slect"),
        (["clean", ""], "'' cannot be a path"),
        (["why", ":3"], "PATH:LINE"),
        (["why", "a.py:0"], "PATH:LINE"),
        (["why", "a.py:" + "9" * 5000], "PATH:LINE"),
        (["why", "a.py:3:" + "9" * 5000], "PATH:LINE"),
        (["why", "a\0.py:3"], "PATH:LINE"),
        (["why", ".:3"], ".: "),
        (["why", "nowhere/a.py:3"], "nowhere/a.py"),
        (["check", "-", "a.py"], "-"),
        (["check", "--stdin-filename", "a.py"], "--stdin-filename"),
        (["explain"], "RULE"),
        (["explain", "VET311", "VET201"], "VET201"),
        (["new", "some-name"], "--code"),
        (["clean", "nowhere"], "nowhere"),
        (["clean", ".", "--cache-dir", "x"], "--cache-dir"),
    ],
)
def test_misuse_ends_with_2_and_one_clear_line(call: Veteran, arguments: list[str], expected: str) -> None:
    result = call(*arguments)
    assert (result.code, result.out) == (2, "")
    (line,) = result.err.splitlines()
    assert line.startswith("veteran: ")
    assert expected in line


@pytest.mark.parametrize("command", [[], ["check"], ["explain"], ["rules"], ["clean"], ["new"]])
def test_help(call: Veteran, command: list[str]) -> None:
    result = call(*command, "--help")
    assert result.code == 0
    assert result.out.startswith("usage: veteran")
    assert result.err == ""


# Standard input


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Sets what standard input holds."""

    def set_stdin(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return set_stdin


def test_standard_input(call: Veteran, feed: Callable[[bytes], None]) -> None:
    feed(BLOCKING.encode())
    result = call("check", "-")
    assert result.code == 1
    assert result.lines[0].startswith("<stdin>:5:5: VET311 ")
    assert result.lines[1] == "5 |     time.sleep(1)"


def test_standard_input_has_the_settings_of_its_name(call: Veteran, feed: Callable[[bytes], None]) -> None:
    write({"sub/veteran.toml": 'ignore = ["VET3"]\nexclude = ["old"]\n', "a.py": CLEAN})
    for name, code in (("a.py", 1), ("sub/a.py", 0), ("test_a.py", 0)):
        feed(BLOCKING.encode())
        assert call("check", "--stdin-filename", name, "-").code == code
    for options, expected in (([], 1), (["--force-exclude"], 0)):
        feed(INJECTION.encode())
        assert call("check", "-", "--stdin-filename=sub/old/a.py", *options).code == expected


def test_standard_input_may_be_anything() -> None:
    assert spawn("check", "-", stdin=b"import time\nasync def f():\n  time.sleep('\xff')\n").code == 1
    assert spawn("check", "-", stdin=b"").code == 0


# Streams, directories and wishes that are not what they should be


def shell(command: str, **environment: str) -> Result:
    """Runs a command line; `veteran` in it is the command."""
    done = subprocess.run(
        ["sh", "-c", command.replace("veteran", f"{sys.executable} -m veteran")],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(SOURCES), **environment},
        timeout=60,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


@POSIX
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("check >&-", (2, "", "veteran: cannot write: standard output is closed\n")),
        ("check -q clean.py >&-", (0, "", "")),
        ("--version >&-", (2, "", "veteran: cannot write: standard output is closed\n")),
        ("rules >&-", (2, "", "veteran: cannot write: standard output is closed\n")),
        ("check clean.py 2>&-", (0, "All clear: 1 file.\n", "")),
        ("check -q --statistics 2>&-", (1, "1  VET311  blocking-call-in-async\n", "")),
        ("check missing.py 2>&-", (2, "Found 0 findings in 0 files.\n", "")),
        ("check --unknown 2>&-", (2, "", "")),
        ("check --timings clean.py 2>&-", (0, "All clear: 1 file.\n", "")),
        ("check >&- 2>&-", (2, "", "")),
        ("check clean.py <&-", (0, "All clear: 1 file.\n", "")),
        ("check - <&-", (2, "", "veteran: standard input is closed\n")),
        ("check -q clean.py <&- >&- 2>&-", (0, "", "")),
    ],
)
def test_streams_that_are_closed(command: str, expected: tuple[int, str, str]) -> None:
    write({"a.py": BLOCKING, "clean.py": CLEAN})
    for cached in ("", "--no-cache"):
        tail = cached if command.startswith("check") else ""
        assert shell(f"veteran {command} {tail}") == expected


@POSIX
def test_files_do_not_take_the_place_of_closed_streams() -> None:
    write({"a.py": BLOCKING})
    code = "import os; from veteran.frontends.cli import _fill_streams as f; f(); raise SystemExit(os.dup(0) < 3)"
    done = subprocess.run(
        ["sh", "-c", f'{sys.executable} -c "{code}" <&- >&- 2>&-'],
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        timeout=60,
    )
    assert done.returncode == 0


@POSIX
@pytest.mark.parametrize("command", ["check", "check a.py", "check -", "why a.py:1", "clean", "new a-b --code VET999"])
def test_a_working_directory_that_is_gone(project: Path, command: str) -> None:
    (project / "gone").mkdir()
    result = shell(f"cd gone; rmdir ../gone; veteran {command} </dev/null")
    assert (result.code, result.out) == (2, "")
    assert result.err == "veteran: the working directory cannot be used: No such file or directory\n"


@POSIX
@pytest.mark.parametrize("command", ["rules", "--version", "explain VET311"])
def test_what_needs_no_working_directory(project: Path, command: str) -> None:
    (project / "gone").mkdir()
    assert shell(f"cd gone; rmdir ../gone; veteran {command}").code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_errors_that_cannot_be_written() -> None:
    write({"a.py": BLOCKING})
    assert shell("veteran check -q --statistics a.py missing.py 2>/dev/full").code == 2
    assert shell("veteran check --output-format json >/dev/full").err == (
        "veteran: cannot write: No space left on device\n"
    )
    assert shell("veteran check >/dev/full 2>/dev/full").code == 2


@pytest.mark.parametrize("wish", ["0", "-1", "1.5", "many", "9" * 5000, "\u00b2", "1 2"])
def test_an_odd_wish_for_processes(call: Veteran, monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
    write({"a.py": CLEAN})
    monkeypatch.setenv("VETERAN_JOBS", wish)
    code, out, err = call("check")
    assert (code, out) == (2, "")
    assert err == f"veteran: VETERAN_JOBS: expected a number from 1, got {wish!r:.60}\n".replace("\u00b2", "²")


@pytest.mark.parametrize("wish", ["", "3", " 2 ", "007"])
def test_a_wish_for_processes(call: Veteran, monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
    write({"a.py": CLEAN})
    monkeypatch.setenv("VETERAN_JOBS", wish)
    assert call("check").code == 0


@pytest.mark.parametrize("wish", ["0", "-5", "wide", "9" * 5000])
def test_an_odd_wish_for_columns(call: Veteran, monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
    monkeypatch.setenv("COLUMNS", wish)
    assert call("check", "--help").code == 0


@POSIX
def test_directories_that_may_not_be_read(call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"secret/a.py": CLEAN})
    denied = PermissionError(13, "Permission denied")

    def refuse(path: Any, **_: object) -> Any:
        if "secret" in str(path):
            raise denied
        return whole(path)

    whole = os.scandir
    monkeypatch.setattr(os, "scandir", refuse)
    result = call("check", "secret")
    assert (result.code, result.out) == (2, "Found 0 findings in 0 files.\n")
    assert result.err == "veteran: secret: cannot be read: Permission denied\n"


@POSIX
def test_paths_that_may_not_be_looked_at(call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"secret/a.py": CLEAN})

    def refuse(path: Any, *arguments: Any, **options: Any) -> Any:
        if "secret/" in str(path):
            raise PermissionError(13, "Permission denied")
        return whole(path, *arguments, **options)

    whole = os.stat
    monkeypatch.setattr(os, "stat", refuse)
    for command in ("check", "clean"):
        result = call(command, "secret/a.py")
        assert result.code == 2
        assert "secret/a.py: " in result.err
        assert "bug" not in result.err


# explain, rules, --version


def test_explain(call: Veteran) -> None:
    for key in ("VET311", "blocking-call-in-async"):
        code, out, _ = call("explain", key)
        assert code == 0
        assert out.startswith("VET311 blocking-call-in-async\n")
    assert call("explain", "vet003").out.startswith("VET003 internal-error\n")


def test_explain_names_the_nearest_rule(call: Veteran) -> None:
    assert call("explain", "sql-from-strings") == (
        2,
        "",
        "veteran: no rule has the code or name 'sql-from-strings'; the nearest is VET201 sql-from-string\n",
    )


def test_rules(call: Veteran) -> None:
    code, out, _ = call("rules")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(all_rules())
    listed = json.loads(call("rules", "--output-format", "json").out)
    assert [rule["code"] for rule in listed["rules"]] == list(all_rules())


def test_version_imports_little() -> None:
    script = (
        "import sys; from veteran.frontends.cli import main\n"
        "try: main(['--version'])\n"
        "finally: print(*sys.modules, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(SOURCES)!r}); {script}"],
        capture_output=True,
        text=True,
        check=True,
    )
    version, *modules = done.stdout.splitlines()
    assert version == f"veteran {veteran.__version__}"
    assert {name for name in modules if name.startswith("veteran")} == {
        "veteran",
        "veteran.frontends",
        "veteran.frontends.cli",
        "veteran.imports",
    }
    assert not {"typing", "pathlib", "shutil", "inspect", "json", "libcst"} & set(modules)


def test_a_file_that_passes_no_gate_does_not_import_the_parser(project: Path) -> None:
    write({"a.py": CLEAN})
    script = (
        "import sys; from veteran.frontends.cli import main\n"
        "assert main(['check', '-j1']) == 0; assert 'libcst' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr


# Terminals, encodings, pipes


def test_other_encodings_do_not_end_the_run() -> None:
    write({"né.py": "import time\nasync def f():\n    time.sleep('中')\n"})
    for output_format in cli.FORMATS:
        result = spawn("check", "--output-format", output_format, PYTHONIOENCODING="ascii")
        assert result.code == 1
        assert "n\\xe9.py" in result.out or "n\\u00e9.py" in result.out
        assert result.err == ""


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_file_names_that_are_no_text() -> None:
    Path(os.fsdecode(b"a\xff\n.py")).write_text(BLOCKING, encoding="utf-8")
    result = spawn("check")
    assert result.code == 1
    assert result.lines[0].startswith("a\\udcff\\n.py:5:5: VET311 ")
    assert result.lines[1] == "5 |     time.sleep(1)"
    (found,) = json.loads(spawn("check", "--output-format=json").out)["findings"]
    assert found["path"] == "a\udcff\n.py"
    missing = subprocess.run(
        [sys.executable, "-m", "veteran", "check", b"b\xff\x1b.py"],
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
    )
    assert missing.stderr == b"veteran: b\\udcff\\x1b.py: no such file or directory\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX pipes")
@pytest.mark.parametrize("command", [["check"], ["rules"], ["--help"], ["check", "--help"]])
def test_a_reader_that_goes_away_ends_output_quietly(command: list[str]) -> None:
    write({f"{number}.py": BLOCKING for number in range(300)})
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-m", "veteran", *command],
        check=False,
        stdout=writes,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )
    os.close(writes)
    assert (done.returncode, done.stderr) == (1 if command == ["check"] else 0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
@pytest.mark.parametrize("command", [["check"], ["--version"]])
def test_output_that_cannot_be_written_is_an_error(command: list[str]) -> None:
    write({"a.py": BLOCKING})
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "veteran", *command],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
        )
    assert (done.returncode, done.stderr) == (2, b"veteran: cannot write: No space left on device\n")


def on_terminal(*arguments: str, **environment: str) -> tuple[int, str]:
    """Runs Python on a terminal of its own: exit code and everything that was written there."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": str(SOURCES), **environment},
    )
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(ours)
    return process.wait(), written.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
@pytest.mark.parametrize(
    ("options", "environment", "colored"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"TERM": "dumb"}, False),
        (["--color=never"], {}, False),
        (["--color=always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_color_on_a_terminal(options: list[str], environment: dict[str, str], colored: bool) -> None:
    write({"a.py": BLOCKING})
    code, written = on_terminal("-m", "veteran", "check", *options, **environment)
    assert code == 1
    assert bool(re.search(r"\x1b\[[\d;]+m", written)) is colored  # a slow run shows its progress, too
    assert "time.sleep(1)" in written


def test_color_elsewhere() -> None:
    write({"a.py": BLOCKING})
    assert "\x1b[" not in spawn("check").out
    for forced in (spawn("check", FORCE_COLOR="1"), spawn("check", "--color", "always")):
        assert "\x1b[1;31mVET311\x1b[0m" in forced.out


SLOW = """
import sys, time
import veteran.runs.understand
from veteran.frontends.cli import main

quick = veteran.runs.understand.summarise

def slow(*arguments):
    time.sleep(0.3)
    return quick(*arguments)

veteran.runs.understand.summarise = slow
sys.exit(main(["check", "-j1", *sys.argv[1:]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_progress_on_a_terminal() -> None:
    write({f"{number}.py": BLOCKING for number in range(6)})
    code, written = on_terminal("-c", SLOW, "--color=never")
    assert code == 1
    *drawn, rest = written.split("\r\x1b[K")
    assert "6/6 files" in drawn[-1]
    assert rest.startswith("0.py:5:5: VET311")
    for quiet in (on_terminal("-c", SLOW, "-q"), on_terminal("-c", SLOW, TERM="dumb")):
        assert "6/6" not in quiet[1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_an_interrupt_ends_quietly(project: Path) -> None:
    import signal

    write({f"{number}.py": BLOCKING for number in range(100)})
    ready = project / "ready"
    script = SLOW.replace("time.sleep(0.3)", "open('ready', 'w').close(); time.sleep(0.3)")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )
    while not ready.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130


# clean


def test_clean_removes_the_cache_and_nothing_else(call: Veteran, project: Path) -> None:
    write({"veteran.toml": "cache-dir = 'var/cache'", "a/veteran.toml": "", "b.py": ""})
    for folder in (Path("var/cache"), Path("a/.veteran_cache"), Path("elsewhere")):
        cache = Cache(folder)
        cache.put(b"key", b"value")
        cache.flush()
    write({"a/.veteran_cache/mine.txt": ""})
    folders = f"{project}/var/cache", f"{project}/a/.veteran_cache"
    assert call("clean", "a", "b.py").lines == [f"{folders[1]}: 3 files removed", f"{folders[0]}: 3 files removed"]
    assert not Path("var/cache").exists()
    assert [path.name for path in Path("a/.veteran_cache").iterdir()] == ["mine.txt"]
    assert call("clean", "--cache-dir", "elsewhere") == (0, "elsewhere: 3 files removed\n", "")
    assert call("clean") == (0, f"{folders[0]}: 0 files removed\n", "")
    write({"veteran.toml": "cache-dir = 3"})
    forget()
    assert call("clean").code == 2


# new


def test_new_reports_what_it_wrote(call: Veteran, monkeypatch: pytest.MonkeyPatch) -> None:
    from veteran import scaffold

    monkeypatch.setattr(scaffold, "create", lambda name, code, directory: [Path("a.py")])
    assert call("new", "some-name", "--code", "VET999") == (0, "wrote a.py\n", "")


def test_new_elsewhere_ends_with_2(call: Veteran) -> None:
    result = call("new", "some-name", "--code", "VET999")
    assert result.code == 2
    assert result.err.startswith("veteran: ")
    assert "checkout" in result.err
