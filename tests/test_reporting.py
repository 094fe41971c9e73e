"""What the output formats print, down to the column of the carets."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from veteran.conclusions import Answer, Conclusion
from veteran.findings import TOOL_CODES, Confidence, Finding, Span, Step
from veteran.registry import all_rules
from veteran.reporting import ReadLine, manual, renderer, statistics, why
from veteran.reporting.cards import card_of
from veteran.reporting.full import CUT, LEAD, LONGEST, excerpt, summary
from veteran.reporting.lines import line_reader
from veteran.reporting.progress import DELAY, ERASE, INTERVAL, Progress
from veteran.reporting.style import first, painter, printable, wants_color, width

FORMATS = ("full", "concise", "json")
LINES = {"app.py": ["import time", "", "async def poll(name):", "\ttime.sleep(1)"]}


def finding(
    *span: int,
    path: str = "app.py",
    code: str = "VET311",
    message: str = "blocks",
    steps: tuple[Step, ...] = (),
) -> Finding:
    return Finding(path, Span(*span), code, message, Confidence.HIGH, steps)


def reader(lines: Mapping[str, list[str]]) -> ReadLine:
    def read_line(path: str, line: int) -> str | None:
        found = lines.get(path, [])
        return found[line - 1] if line <= len(found) else None

    return read_line


def render(output_format: str, *findings: Finding, lines: Mapping[str, list[str]] = LINES) -> list[str]:
    return list(renderer(output_format)(findings, read_line=reader(lines), color=False))


# full


def test_full_shows_the_line_the_steps_and_the_reason() -> None:
    step = Step("app.py", Span(3, 16, 3, 20), "`name` is a parameter")
    reason = all_rules()["VET311"].reason
    assert render("full", finding(4, 2, 4, 15, steps=(step,))) == [
        "app.py:4:2: VET311 [blocking-call-in-async] blocks",
        "4 |     time.sleep(1)",
        "  |     ^^^^^^^^^^^^^",
        " --> app.py:3: `name` is a parameter",
        "3 | async def poll(name):",
        "  |                ^^^^",
        f"  = why: {reason}",
        "",
    ]


def test_full_sets_all_gutters_to_the_widest_line_number() -> None:
    lines = {"a.py": [f"x{number}" for number in range(1, 121)]}
    step = Step("a.py", Span(7, 1, 7, 3), "here")
    shown = render("full", finding(120, 1, 120, 5, path="a.py", steps=(step,)), lines=lines)
    assert shown[1:6] == [
        "120 | x120",
        "    | ^^^^",
        "   --> a.py:7: here",
        "  7 | x7",
        "    | ^^",
    ]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        pytest.param(
            (1, 1, 3, 2),
            ["1 | run(", "  | ^^^^", "2 |     1,", "  |     ^^", "3 | )", "  | ^"],
            id="a few lines: all",
        ),
        pytest.param(
            (1, 1, 5, 2),
            ["1 | run(", "  | ^^^^", "  :", "5 | ]", "  | ^"],
            id="many lines: first and last",
        ),
        pytest.param((3, 1, 4, 1), ["3 | )", "  | ^", "4 |", "  | ^"], id="ends on an empty line"),
        pytest.param((2, 5, 9, 1), ["2 |     1,", "  |     ^^"], id="ends behind the file"),
        pytest.param((8, 1, 8, 2), [], id="begins behind the file"),
    ],
)
def test_full_shows_ranges_over_several_lines(span: tuple[int, int, int, int], expected: list[str]) -> None:
    lines = {"app.py": ["run(  ", "    1,", ")", "", "]"]}
    assert render("full", finding(*span, code="VET001"), lines=lines)[1:-1] == expected


def test_full_does_without_source_lines() -> None:
    assert render("full", finding(1, 1, 1, 2, code="VET003"), lines={}) == [
        "app.py:1:1: VET003 [internal-error] blocks",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "marked", "expected"),
    [
        ("f(x)", "x", "  ^"),
        ("\tf(x)", "x", "      ^"),
        ("f(\tx\t)", "x\t", "      ^^^^^"),
        ("s = '中文'; f(x)", "f(x)", "            ^^^^"),
        ("s = '中文'", "中文", "     ^^^^"),
        ("s = 'e\u0301'; f(x)", "f(x)", "         ^^^^"),
        ("s = 'é'; f(x)", "f(x)", "         ^^^^"),
        ("s = '\x1b[2J'; x", "x", " " * 15 + "^"),
        ("s = '\udc80'; x", "x", " " * 14 + "^"),
        ("s = '\u202e'; x", "x", " " * 14 + "^"),
        ("s = '##vso[a]'; x", "x", " " * 19 + "^"),
        ("s = '##vso[a]'; x", "so[a", " " * 8 + "^^^^^^^"),
        ("s = '\\t'; x", "x", " " * 10 + "^"),
    ],
)
def test_carets_stand_below_what_they_mark(text: str, marked: str, expected: str) -> None:
    start = text.rindex(marked)
    shown, carets = excerpt(text, start, start + len(marked))
    assert "".join(carets) == expected
    assert shown.isprintable()


@pytest.mark.parametrize(("start", "end"), [(4, 4), (3, 2), (9, 12), (4, 10)])
def test_at_least_one_caret_is_drawn(start: int, end: int) -> None:
    shown, (_, carets) = excerpt("f(x)", start, end)
    assert (shown, carets) == ("f(x)", "^")


@pytest.mark.parametrize("start", [0, 5, LEAD, 3_000, 5_999_990])
def test_long_lines_are_cut_around_the_range(start: int) -> None:
    text = "=" * start + "call" + "=" * (6_000_000 - start)
    shown, (padding, carets) = excerpt(text, start, start + 4)
    assert len(shown) <= LONGEST + 2 * len(CUT)
    assert shown[len(padding) :][: len(carets)] == "call"


def test_a_range_longer_than_a_cut_line_is_marked_to_the_cut() -> None:
    shown, (padding, carets) = excerpt("x" * 1000, 100, 900)
    assert len(padding) + len(carets) + len(CUT) == len(shown)


@pytest.mark.parametrize(
    ("findings", "files", "expected"),
    [
        (0, 12, "All clear: 12 files."),
        (0, 1, "All clear: 1 file."),
        (1, 1, "Found 1 finding in 1 file."),
        (3, 12, "Found 3 findings in 12 files."),
    ],
)
def test_summary(findings: int, files: int, expected: str) -> None:
    assert summary(findings, files, color=False) == expected
    assert summary(findings, files, failed=True, color=False).startswith(f"Found {findings} finding")


# concise and json


def test_concise_is_one_line_per_finding() -> None:
    assert render("concise", finding(4, 2, 4, 15), finding(5, 1, 5, 2, code="VET001")) == [
        "app.py:4:2: VET311 blocks",
        "app.py:5:1: VET001 blocks",
    ]


@pytest.mark.parametrize("output_format", ["full", "concise"])
def test_names_and_messages_cannot_command_the_terminal(output_format: str) -> None:
    step = Step("c\x07.py", Span(1, 1, 1, 2), "\x1b[2J")
    odd = finding(1, 1, 1, 2, path="a\n\x1b[2J\udcff.py", message="`x\r`", steps=(step,))
    shown = render(output_format, odd)
    assert all(line.isprintable() for line in shown)
    assert shown[0].startswith("a\\n\\x1b[2J\\udcff.py:1:1: ")


COMMANDS = [
    "::error file=a.py::x",
    " ::error::x",
    "\t::set-output name=a::x",
    "##[error]x",
    "###[group]x",
    "##vso[task.setvariable variable=a]x",
    "##teamcity[buildStop]",
    "x ##vso[task.complete result=Succeeded]",
    "--- section",
    "+++ section",
    "~~~ section",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\x1b[0Ksection_start:1:a\r\x1b[0K",
    "a\n::error::x",
    "a\r\n##[error]x",
    "a\u2028::error::x",
    "a\x85::error::x",
    "a\x0b::error::x",
    "\u202e::rorre",
    "\u200b::error::x",
    "\udcff::error::x",
]


def obeyed(line: str) -> bool:
    """Whether a terminal or a CI system could take a line for more than text."""
    begin = line.lstrip()
    return (
        not line.isprintable()
        or begin.startswith(("::", "##", "--- ", "+++ ", "~~~ ", "^^^ "))
        or re.search(r"##\w*\[", line) is not None
    )


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("text", COMMANDS)
def test_no_text_of_a_repository_is_obeyed(text: str, output_format: str) -> None:
    paths = (text, f"{text}/a.py", f"a/{text}.py")
    lines = {path: [text, f"{text} {text}", text] for path in paths}
    for path in paths:
        steps = tuple(Step(path, Span(2, column, 2, column + 2), text) for column in range(1, 2 * len(text) + 2))
        for line in "\n".join(render(output_format, finding(1, 1, 3, 2, path=path, message=text, steps=steps),
                                      lines=lines)).split("\n"):  # fmt: skip
            assert not obeyed(line), line


@pytest.mark.parametrize("output_format", ["full", "json"])
@pytest.mark.parametrize("text", COMMANDS)
def test_no_text_of_a_repository_is_obeyed_in_the_answer_of_why(text: str, output_format: str) -> None:
    step = Step(text, Span(1, 1, 1, 2), text)
    conclusions = [
        Conclusion(("VET311",), verdict, text, span, Confidence.HIGH, (step,))
        for verdict in ("fired", "hidden", "elsewhere", "silent", "nothing", "off")
        for span in (Span(1, 1, 1, 3), None)
    ]
    answer = Answer(text, 1, None, (text,), tuple(conclusions))
    read_line = reader({text: [text]})
    for line in why.render(answer, output_format=output_format, read_line=read_line, color=False):
        assert not any(map(obeyed, line.split("\n"))), line


def test_a_path_that_is_made_harmless_still_leads_to_its_file() -> None:
    assert first("::error::x.py") == "./::error::x.py"
    assert first("-c.py") == "./-c.py"
    for path in ("a.py", "_a.py", ".a.py", "../a.py", "/a/b.py", "é.py", "<stdin>", "C:\\a.py", "a::b.py", "a#b.py"):
        assert first(path) == path


@pytest.mark.parametrize("text", COMMANDS)
def test_json_says_what_it_said(text: str) -> None:
    (shown,) = render("json", finding(1, 1, 1, 2, path=text, message=text))
    (found,) = json.loads(shown)["findings"]
    assert (found["path"], found["message"]) == (text, text)


def test_json_holds_everything() -> None:
    step = Step("b.py", Span(3, 16, 3, 20), "`name` is a parameter", anchor=True)
    (text,) = render("json", finding(4, 2, 5, 15, steps=(step,)))
    assert json.loads(text) == {
        "version": 1,
        "findings": [
            {
                "path": "app.py",
                "code": "VET311",
                "name": "blocking-call-in-async",
                "message": "blocks",
                "confidence": "high",
                "line": 4,
                "column": 2,
                "end_line": 5,
                "end_column": 15,
                "steps": [
                    {
                        "path": "b.py",
                        "line": 3,
                        "column": 16,
                        "end_line": 3,
                        "end_column": 20,
                        "text": "`name` is a parameter",
                    }
                ],
            }
        ],
    }


def test_json_survives_names_that_are_no_text() -> None:
    (text,) = render("json", finding(1, 1, 1, 2, path="a\udcff中.py"))
    assert text.isascii()
    assert json.loads(text)["findings"][0]["path"] == "a\udcff中.py"


@pytest.mark.parametrize(
    ("output_format", "expected"),
    [("full", []), ("concise", []), ("json", ['{\n  "version": 1,\n  "findings": []\n}'])],
)
def test_nothing_found(output_format: str, expected: list[str]) -> None:
    assert render(output_format) == expected


@pytest.mark.parametrize("output_format", FORMATS)
def test_color_changes_nothing_but_colors(output_format: str) -> None:
    found = [finding(4, 2, 4, 15, steps=(Step("app.py", Span(3, 16, 3, 20), "here"),))]
    colored = renderer(output_format)(found, read_line=reader(LINES), color=True)
    assert [without_color(line) for line in colored] == render(output_format, *found)


def without_color(line: str) -> str:
    parts = line.split("\x1b[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])


# Statistics


def test_statistics_count_by_code_the_most_frequent_first() -> None:
    found = [finding(1, 1, 1, 2, code=code) for code in ["VET201"] + ["VET311"] * 10 + ["VET001"]]
    assert list(statistics.render(found, output_format="full", color=False)) == [
        "10  VET311  blocking-call-in-async",
        " 1  VET001  unparsable-file",
        " 1  VET201  sql-from-string",
    ]
    (text,) = statistics.render(found[:1], output_format="json", color=False)
    assert json.loads(text) == {
        "version": 1,
        "statistics": [{"code": "VET201", "name": "sql-from-string", "count": 1}],
    }
    assert list(statistics.render([], output_format="concise", color=False)) == []


# Source lines


@pytest.mark.parametrize(
    "data",
    [
        b"# coding: latin-1\r\ns = '\xe9'",
        b"# coding: latin-1\rs = '\xe9'",
        b"\xef\xbb\xbf#\ns = '\xc3\xa9'\n",
        "#\ns = 'é'\n".encode(),
        b"# coding: no-such-encoding\ns = '\xe9'",
    ],
)
def test_lines_are_decoded_as_the_file_says(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(data)
    assert line_reader({})(str(path), 2) == "s = 'é'"


def test_lines_that_cannot_be_decoded_are_shown_somehow(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 1\ns = '\xff'\n")
    assert line_reader({})(str(path), 2) == "s = '\ufffd'"


def test_lines_that_do_not_exist_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1", encoding="utf-8")
    read_line = line_reader({"<stdin>": b"y = 1\n"})
    assert read_line("<stdin>", 1) == "y = 1"
    assert [read_line(str(path), line) for line in (0, 1, 2)] == [None, "x = 1", None]
    assert read_line(str(tmp_path), 1) is None
    assert read_line(str(tmp_path / "b.py"), 1) is None
    assert read_line("a\0b", 1) is None


# Terminals


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "environment", "on_terminal", "on_file"),
    [
        ("auto", {}, True, False),
        ("auto", {"TERM": "dumb"}, False, False),
        ("auto", {"NO_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, True, True),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ("always", {"NO_COLOR": "1"}, True, True),
        ("never", {"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_color_is_for_terminals_and_as_the_environment_wants(
    choice: str,
    environment: dict[str, str],
    on_terminal: bool,
    on_file: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_color(choice, Terminal()) is on_terminal
    assert wants_color(choice, io.StringIO()) is on_file


def test_painter() -> None:
    assert painter(True)("x", "bold") == "\x1b[1mx\x1b[0m"
    assert painter(False)("x", "bold") == "x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("é 中 ok", "é 中 ok"),
        ("\t\n\x7f\x9b", "\\t\\n\\x7f\\x9b"),
        ("\u2066\ud800", "\\u2066\\ud800"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("abc", 3), ("中ａ", 4), ("e\u0301", 1), ("ｱ", 1)])
def test_width(text: str, expected: int) -> None:
    assert width(text) == expected


@pytest.fixture
def clock() -> Callable[[], float]:
    times = iter([0.0, DELAY / 2, DELAY, DELAY + INTERVAL / 2, DELAY + INTERVAL])
    return lambda: next(times)


def test_progress_appears_after_a_second_and_vanishes(clock: Callable[[], float]) -> None:
    stream = Terminal()
    with Progress(stream, enabled=True, clock=clock) as progress:
        for done in range(1, 5):
            progress(done, 4)

    assert stream.getvalue().split(ERASE) == [
        "",
        f"[{'#' * 15}{'.' * 15}] 2/4 files",
        f"[{'#' * 30}] 4/4 files",
        "",
    ]


def test_progress_of_a_short_run_or_off_writes_nothing(clock: Callable[[], float]) -> None:
    stream = Terminal()
    with Progress(stream, enabled=True, clock=lambda: 0.0) as progress:
        progress(1, 1)
    with Progress(stream, enabled=False, clock=clock) as progress:
        for done in range(1, 5):
            progress(done, 4)
    assert stream.getvalue() == ""


def test_progress_is_erased_when_the_run_is_interrupted(clock: Callable[[], float]) -> None:
    stream = Terminal()

    def run() -> None:
        with Progress(stream, enabled=True, clock=clock) as progress:
            progress(1, 4)
            progress(2, 4)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert stream.getvalue().endswith(f"2/4 files{ERASE}")


# Manuals


def test_everything_has_a_manual() -> None:
    assert {entry.code for entry in manual.entries()} == {*all_rules(), *TOOL_CODES}
    for entry in manual.entries():
        assert entry.name == card_of(entry.code).name
        shown = "\n".join(manual.explain(entry, color=False))
        assert shown.startswith(f"{entry.code} {entry.name}\n")
        assert "\nWhy is this bad?\n" in shown
        assert "```" not in shown
        assert "## " not in shown
        assert "\n\n\n" not in shown.partition("Bad\n")[0]


def test_explain_indents_prose_and_examples_under_their_headings() -> None:
    text = "Title\n\n## Bad\n\nProse.\n\n```python\nf()\n\n## no heading\n```\n"
    entry = manual.Entry("VET999", "some-name", ("On by default.",), text)
    assert list(manual.explain(entry, color=False)) == [
        "VET999 some-name",
        "Title",
        "On by default.",
        "",
        "Bad",
        "",
        "  Prose.",
        "",
        "    f()",
        "",
        "    ## no heading",
    ]


@pytest.mark.parametrize("key", ["VET311", "vet311", "blocking-call-in-async", "Blocking_Call_In_Async"])
def test_lookup_takes_codes_and_names_in_any_case(key: str) -> None:
    entry = manual.lookup(key)
    assert entry
    assert entry.code == "VET311"


@pytest.mark.parametrize(
    ("key", "code"), [("blocking-call", "VET311"), ("sql-from-strings", "VET201"), ("internal", "VET003")]
)
def test_nearest(key: str, code: str) -> None:
    assert manual.lookup(key) is None
    assert manual.nearest(key).code == code


def test_nearest_always_has_an_answer() -> None:
    assert manual.nearest("!").code in {*all_rules(), *TOOL_CODES}


def test_rule_json_is_complete() -> None:
    (text,) = manual.rule_json(all_rules().values())
    listed = json.loads(text)
    assert listed["version"] == 1
    assert [rule["code"] for rule in listed["rules"]] == list(all_rules())
    for shown, rule in zip(listed["rules"], all_rules().values(), strict=True):
        assert shown == {
            "code": rule.code,
            "name": rule.name,
            "default": rule.default,
            "title": rule.title,
            "since": rule.since,
            "equivalents": sorted(rule.equivalents),
        }


def test_rule_table_has_a_line_per_rule() -> None:
    lines = list(manual.rule_table(all_rules().values(), color=False))
    for line, rule in zip(lines, all_rules().values(), strict=True):
        assert line.split()[:4] == [
            rule.code,
            rule.name,
            "on" if rule.default else "off",
            rule.since,
        ]
        assert rule.title in line
