"""The plugin inside real flake8 runs: processes, stdin, selections, suppressions, failures."""

from __future__ import annotations

import ast
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import veteran
from veteran.frontends.flake8 import Plugin

FIXTURES = Path(__file__).parents[1] / "fixtures"
FORMAT = "--format=%(path)s:%(row)d:%(col)d: %(code)s %(text)s"

BLOCKING = "import time\n\n\nasync def f():\n    time.sleep(1)\n"  # VET311, high
READING = "async def f(path):\n    open(path)\n"  # VET311, medium
INJECTION = "def f(cur, x):\n    cur.execute(f\"SELECT * FROM t WHERE id = '{x}'\")\n"  # VET201
CLEAN = "def f(x):\n    return x + 1\n"

#: flake8 with a start method and, for files with "boom" in their name, a failure inside veteran:
#: at the top, so that worker processes which import the main module anew have it too.
DRIVER = """
import multiprocessing
import sys

import veteran.runs.one_file
from flake8.main.cli import main

check_text = veteran.runs.one_file.check_text


def failing(path, *args, **kwargs):
    if "boom" in path:
        raise RuntimeError("no such\\n    thing")
    return check_text(path, *args, **kwargs)


veteran.runs.one_file.check_text = failing

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
"""


class Run(NamedTuple):
    """A finished command: its exit status and the lines of its standard output."""

    status: int
    lines: list[str]

    @property
    def places(self) -> list[str]:
        """`path:line:column: code` of each finding."""
        return [" ".join(line.split(" ", 2)[:2]) for line in self.lines]

    @property
    def codes(self) -> list[str]:
        """The code of each finding."""
        return [line.split(" ", 2)[1] for line in self.lines]


def run(directory: Path, *command: str, text: str | None = None) -> Run:
    """Runs Python with these arguments; it must write nothing to standard error."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=directory,
        input=text,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1", "NO_COLOR": "1"},
        timeout=300,
        check=False,
    )
    assert not done.stderr, done.stderr
    return Run(done.returncode, done.stdout.splitlines())


def flake8(directory: Path, *options: str, text: str | None = None) -> Run:
    """flake8 with every code of veteran and nobody else's."""
    return run(directory, "-m", "flake8", FORMAT, "--select=VET", *options, text=text)


def write(directory: Path, **files: str) -> None:
    """Modules by name."""
    for name, text in files.items():
        (directory / f"{name}.py").write_text(text, encoding="utf-8")


def findings(text: str) -> list[str]:
    """What the plugin yields for a program when no flake8 is around it."""
    plugin = Plugin(ast.parse(text), "example.py", text.splitlines(keepends=True))
    return [f"{line}:{column} {message}" for line, column, message, _ in plugin.run()]


# The plugin itself


def test_flake8_names_the_plugin_and_its_version(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", "flake8", "--version")
    assert f"veteran: {veteran.__version__}" in " ".join(done.lines)


def test_codes_are_on_without_any_option(tmp_path: Path) -> None:
    write(tmp_path, a=BLOCKING)
    done = run(tmp_path, "-m", "flake8", FORMAT, "a.py")
    assert "a.py:5:5: VET311" in done.places
    assert done.status == 1


def test_columns_are_those_flake8_counts_from() -> None:
    [finding] = findings(BLOCKING)
    assert finding.startswith("5:4 VET311 ")


def test_columns_count_code_points(tmp_path: Path) -> None:
    write(tmp_path, a="import time\n\n\nasync def f():\n    é = '😀'; time.sleep(1)\n")
    assert flake8(tmp_path, "a.py").places == ["a.py:5:14: VET311"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_bytes_are_read_as_flake8_reads_them(tmp_path: Path, encoding: str, newline: str) -> None:
    text = f"# coding: {encoding.removesuffix('-sig')}\né = 'ü'\n{BLOCKING}"
    (tmp_path / "a.py").write_bytes(text.replace("\n", newline).encode(encoding))
    assert flake8(tmp_path, "a.py").places == ["a.py:7:5: VET311"]


def test_nothing_heavy_is_imported_for_a_file_that_passes_no_gate(tmp_path: Path) -> None:
    probe = (
        "import ast, sys\n"
        "from veteran.frontends.flake8 import Plugin\n"
        f"text = {CLEAN!r}\n"
        "assert not list(Plugin(ast.parse(text), 'a.py', text.splitlines(True)).run())\n"
        "print(*{'asyncio', 'flake8', 'libcst', 'multiprocessing'} & set(sys.modules))\n"
    )
    assert run(tmp_path, "-c", probe).lines == [""]


# Processes and stdin


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.parametrize("jobs", [1, 2])
def test_findings_and_options_reach_every_process(tmp_path: Path, method: str, jobs: int) -> None:
    write(tmp_path, a=BLOCKING, b=INJECTION, c=CLEAN, d=READING)
    (tmp_path / "driver").write_text(DRIVER, encoding="utf-8")
    done = run(
        tmp_path,
        "driver",
        method,
        FORMAT,
        "--select=VET",
        f"--jobs={jobs}",
        "--veteran-ignore=VET201",
        "--veteran-min-confidence=high",
        ".",
    )
    assert done.places == ["./a.py:5:5: VET311"]
    assert done.status == 1


def test_many_processes_give_what_one_gives(tmp_path: Path) -> None:
    for number in range(8):
        write(tmp_path, **{f"a{number}": BLOCKING, f"b{number}": INJECTION, f"c{number}": READING})
    alone = flake8(tmp_path, "--jobs=1", ".")
    assert len(alone.lines) == 24
    assert flake8(tmp_path, "--jobs=4", ".") == alone


def test_stdin_takes_the_settings_of_the_name_it_is_given(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "veteran.toml").write_text('ignore = ["VET201"]\n', encoding="utf-8")
    text = f"{BLOCKING}\n\n{INJECTION}"
    assert flake8(tmp_path, "-", text=text).places == ["stdin:5:5: VET311", "stdin:9:17: VET201"]
    named = flake8(tmp_path, "--stdin-display-name=package/new.py", "-", text=text)
    assert named.places == ["package/new.py:5:5: VET311"]


# Which findings


def test_flake8_selects_and_ignores(tmp_path: Path) -> None:
    write(tmp_path, a=BLOCKING, b=INJECTION)
    both = ["./a.py:5:5: VET311", "./b.py:2:17: VET201"]
    assert flake8(tmp_path, ".").places == both
    assert run(tmp_path, "-m", "flake8", FORMAT, "--select=VET3", ".").places == both[:1]
    assert flake8(tmp_path, "--extend-ignore=VET311", ".").places == both[1:]
    assert flake8(tmp_path, "--per-file-ignores=b.py:VET2", ".").places == both[:1]
    assert flake8(tmp_path, "--exclude=a.py", ".").places == both[1:]


def test_options_of_veteran(tmp_path: Path) -> None:
    write(tmp_path, a=BLOCKING, b=INJECTION, c=READING)
    assert flake8(tmp_path, ".").codes == ["VET311", "VET201", "VET311"]
    assert flake8(tmp_path, "--veteran-select=VET2,VET0", ".").codes == ["VET201"]
    assert flake8(tmp_path, "--veteran-ignore=blocking-call-in-async", ".").codes == ["VET201"]
    high = flake8(tmp_path, "--veteran-min-confidence=high", "c.py")
    assert high == Run(0, [])


def test_options_of_veteran_in_the_configuration_of_flake8(tmp_path: Path) -> None:
    write(tmp_path, a=BLOCKING, b=INJECTION)
    (tmp_path / ".flake8").write_text(
        "[flake8]\nselect = VET\nveteran-select =\n    VET201,\n    VET311\nveteran-ignore = VET201\n",
        encoding="utf-8",
    )
    assert run(tmp_path, "-m", "flake8", FORMAT, ".").places == ["./a.py:5:5: VET311"]


def test_the_nearest_configuration_of_veteran_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.veteran]\nignore = ["VET311"]\nextend-exclude = ["generated"]\n'
        '[tool.veteran.per-file-ignores]\n"c.py" = ["VET2"]\n',
        encoding="utf-8",
    )
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    nearer = inner / "nearer"
    nearer.mkdir()
    (nearer / "veteran.toml").write_text('min-confidence = "high"\n', encoding="utf-8")
    generated = tmp_path / "generated"
    generated.mkdir()
    write(tmp_path, a=BLOCKING, b=INJECTION, c=INJECTION)
    write(inner, a=BLOCKING)
    write(nearer, a=BLOCKING, b=READING)
    write(generated, a=INJECTION)
    places = ["./b.py:2:17: VET201", "./inner/nearer/a.py:5:5: VET311"]
    assert flake8(tmp_path, ".").places == places


def test_no_option_of_flake8_turns_on_what_veteran_has_off(tmp_path: Path) -> None:
    write(tmp_path, a="import os  # noqa: VET201\n")
    assert flake8(tmp_path, "--select=VET", "--ignore=E", "a.py").codes == []
    assert flake8(tmp_path, "--extend-select=VET002", "a.py").codes == []
    assert flake8(tmp_path, "--veteran-extend-select=VET002", "a.py").codes == ["VET002"]
    (tmp_path / "veteran.toml").write_text('extend-select = ["VET002"]\n', encoding="utf-8")
    assert flake8(tmp_path, "a.py").codes == ["VET002"]


# Suppressions


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# noqa: VET311",
        "# noqa: E501,VET3",
        "# veteran: ignore[VET311]",
        "# noqa: ASYNC251",
    ],
)
def test_suppressions_count_unless_flake8_disables_them(tmp_path: Path, comment: str) -> None:
    write(tmp_path, a=BLOCKING.replace("sleep(1)", f"sleep(1)  {comment}"))
    assert flake8(tmp_path, "a.py") == Run(0, [])
    assert flake8(tmp_path, "--disable-noqa", "a.py").codes == ["VET311"]


def test_suppression_after_the_end_of_a_statement_of_several_lines(tmp_path: Path) -> None:
    write(
        tmp_path,
        a='def f(cur, x):\n    cur.execute(\n        f"""SELECT * FROM t\n'
        '        WHERE id = \'{x}\'"""\n    )  # noqa: VET201\n',
    )
    assert flake8(tmp_path, "a.py") == Run(0, [])
    assert flake8(tmp_path, "--disable-noqa", "a.py").codes == ["VET201"]


# Failures


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failure_costs_one_file(tmp_path: Path, method: str, jobs: int) -> None:
    write(tmp_path, a=BLOCKING, boom=BLOCKING, c=INJECTION)
    (tmp_path / "driver").write_text(DRIVER, encoding="utf-8")
    done = run(tmp_path, "driver", method, FORMAT, "--select=VET", f"--jobs={jobs}", ".")
    assert done.places == ["./a.py:5:5: VET311", "./boom.py:1:1: VET003", "./c.py:2:17: VET201"]
    assert "RuntimeError: no such thing" in done.lines[1]


@pytest.mark.parametrize(
    ("options", "configuration", "named"),
    [
        ([], '[tool.veteran]\nselct = ["VET2"]\n', ["pyproject.toml", "selct", "select"]),
        ([], "[tool.veteran\n", ["pyproject.toml"]),
        (["--veteran-select=VET9"], "", ["--veteran-select: ", "VET9"]),
        (
            ["--veteran-extend-select=sql-from-strin"],
            "",
            ["--veteran-extend-select: ", "'sql-from-string'"],
        ),
        (["--veteran-ignore=E501"], "", ["--veteran-ignore: ", "E501"]),
        (
            ["--veteran-min-confidence=hihg"],
            "",
            ["--veteran-min-confidence: ", "'hihg'", "'high'"],
        ),
    ],
)
def test_a_wrong_setting_is_one_finding_a_file(
    tmp_path: Path, options: list[str], configuration: str, named: list[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(configuration, encoding="utf-8")
    write(tmp_path, a=BLOCKING, b=CLEAN)
    done = flake8(tmp_path, *options, ".")
    assert done.places == ["./a.py:1:1: VET003", "./b.py:1:1: VET003"]
    assert done.status == 1
    for word in named:
        assert word in done.lines[0]


def test_a_syntax_error_is_left_to_flake8(tmp_path: Path) -> None:
    write(tmp_path, a=f"{BLOCKING}def (:\n", b=BLOCKING)
    done = flake8(tmp_path, "--select=E9,VET", ".")
    assert done.codes == ["E999", "VET311"]
    assert done.lines[1].startswith("./b.py:5:5: ")


def test_what_only_the_parser_of_veteran_refuses_is_silent(tmp_path: Path) -> None:
    """What is a program and what is not, flake8 says with a code of its own."""
    write(tmp_path, a=f"{BLOCKING}x = {'(' * 120}1{')' * 120}\n")
    assert set(flake8(tmp_path, "a.py").codes) <= {"VET311"}


@pytest.mark.parametrize(
    "begins",
    [b"", b"# coding: klingon\n", b"# coding: ascii\n", b"\xef\xbb\xbf# coding: latin-1\n", b"# coding: punycode\n"],
)
def test_what_python_does_not_decode_is_silent(tmp_path: Path, begins: bytes) -> None:
    """flake8 reads it as latin-1."""
    (tmp_path / "a.py").write_bytes(begins + BLOCKING.encode() + b"x = '\xe9'\n")
    write(tmp_path, b=f"{BLOCKING}x = 'é'\n")
    assert [place for place in flake8(tmp_path, "--select=VET", ".").places if "VET" in place] == ["./b.py:5:5: VET311"]


def test_what_python_decodes_is_checked(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"# coding: latin-1-unix\n" + BLOCKING.encode() + b"x = '\xe9'\n")
    assert flake8(tmp_path, "--select=VET", ".").places == ["./a.py:6:5: VET311"]


# Both ways in


def is_read(data: bytes) -> bool:
    """Whether the running Python reads a file."""
    try:
        ast.parse(data)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("confidence", ["low", "medium", "high"])
def test_flake8_and_the_command_line_agree_on_all_fixtures(tmp_path: Path, confidence: str) -> None:
    project = tmp_path / "project"
    shutil.copytree(FIXTURES, project)
    for path in project.rglob("*.py"):
        if not is_read(path.read_bytes()):  # flake8 stops at what this Python does not read
            path.unlink()
    (project / "veteran.toml").write_text(
        f'extend-select = ["VET"]\nmin-confidence = "{confidence}"\n', encoding="utf-8"
    )
    checked = run(project, "-m", "veteran", "check", "--output-format=concise", ".")
    command_line = {line for line in checked.lines if " VET001 " not in line}
    assert len(command_line) > 20
    plugin = {line.removeprefix("./") for line in flake8(project, ".").lines}
    assert plugin == command_line
