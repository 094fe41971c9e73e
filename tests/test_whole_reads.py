"""What the two rules of whole reads say, and what the analysis costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import EVERYTHING, check, places
from veteran.analysis.module import Module
from veteran.analysis.syntax.gate import Glance, gate_for
from veteran.catalog import catalog_for
from veteran.families.files import whole_reads
from veteran.registry import all_rules
from veteran.runs import one_file


def message(body: str, path: str = "module.py") -> str:
    """The one message for a function body."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    (finding,) = check(f"import csv\nfrom pathlib import Path\n\ndef run(name, out, path: Path):\n{lines}\n", path)
    return finding.message


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("with open(name) as f:\n    for line in f.readlines():\n        print(line)", "iterate over `f`"),
        ("with open(name) as f:\n    return set(f.readlines())", "hand `f` itself to `set`"),
        ("with open(name) as f:\n    out.writelines(f.readlines())", "hand `f` itself to `writelines`"),
        (
            "with open(name) as f:\n    for row in csv.reader(f.read().splitlines()):\n        print(row)",
            "hand `f` itself to `csv.reader`",
        ),
        (
            "with open(name) as f:\n    lines = f.readlines()\nfor line in lines:\n    print(line)",
            "iterate over `f`, inside the `with` that opens the file",
        ),
        ("with open(name) as f:\n    return f.readlines()[-3:]", "use `collections.deque(f, maxlen=3)`"),
        ("with open(name) as f:\n    return f.readlines()[2:4]", "use `itertools.islice(f, 2, 4)`"),
        ("with open(name) as f:\n    return f.readlines()[7]", "use `next(itertools.islice(f, 7, None))`"),
        ("with open(name) as f:\n    return list(csv.reader(f))[0]", "use `next(csv.reader(f))`"),
        (
            "for line in open(name).readlines()[1:]:\n    print(line)",
            "open it as in `with open(name) as file:` and use `itertools.islice(file, 1, None)`",
        ),
        (
            'for line in path.read_text("utf-8").splitlines():\n    print(line)',
            'open it as in `with path.open(encoding="utf-8") as file:` and iterate over `file`;'
            ' `line.rstrip("\\n")` takes off the newline',
        ),
        (
            "for line in path.read_bytes().splitlines():\n    print(line)",
            'open it as in `with path.open("rb") as file:` and iterate over `file`; `line.rstrip(b"\\r\\n")` takes off'
            " the newline",
        ),
        (
            "with open(name) as f:\n    rows = [line.split() for line in f]\nreturn sum(len(row) for row in rows)",
            "iterate over `f` and do this to each line there, inside the `with` that opens the file",
        ),
    ],
)
def test_advice(body: str, advice: str) -> None:
    assert message(body).endswith(f": {advice}")


def test_steps_show_where_the_file_is_opened_and_where_its_lines_are_used() -> None:
    text = """
def run(name):
    with open(name) as f:
        lines = f.readlines()
    for line in lines:
        print(line)
"""
    (finding,) = check(text)
    assert [(step.span.line, step.text) for step in finding.steps] == [
        (3, "the file is opened here"),
        (5, "the loop over the lines"),
    ]


def test_programs_that_build_a_project_are_left_alone() -> None:
    text = "def run(name):\n    for line in open(name).readlines():\n        print(line)\n"
    assert places(check(text, "tool.py")) == [(2, "VET101")]
    assert check(text, "setup.py") == []
    assert check(text, "docs/conf.py") == []


def test_the_comment_of_an_equivalent_rule_silences() -> None:
    text = "def run(name):\n    for line in open(name).readlines():  # noqa: FURB129\n        print(line)\n"
    assert check(text) == []


def test_one_analysis_serves_both_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Module] = []
    events = whole_reads.events

    def counted(module: Module) -> Iterator[whole_reads.WholeRead]:
        calls.append(module)
        return events(module)

    monkeypatch.setattr(whole_reads, "events", counted)
    text = (
        "def run(name):\n    for line in open(name).readlines():\n        print(line)\n"
        "    for line in open(name).read().split('\\n'):\n        print(line)\n"
    )
    assert places(check(text)) == [(2, "VET101"), (4, "VET102")]
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("for line in f.readlines(): pass", {"VET101"}),
        ("for line in open(p).read().splitlines(): pass", {"VET102"}),
        ("for line in text.splitlines(): pass", set()),
        ("read_text_file(p).splitlines()", set()),
    ],
)
def test_gate(text: str, codes: set[str]) -> None:
    rules = tuple(rule for rule in all_rules().values() if rule.code.startswith("VET10"))
    assert {rule.code for rule in gate_for(rules, catalog_for()).live(Glance(text.encode(), catalog_for()))} == codes


@pytest.mark.parametrize("count", [400])
def test_many_reads_in_one_function(count: int) -> None:
    body = "".join(
        f"    with open(p{i}) as f:\n        lines{i} = f.readlines()\n    for line in lines{i}:\n        print(line)\n"
        f"    with open(q{i}, 'w') as f:\n        f.write('')\n"
        for i in range(count)
    )
    found = one_file.check_text("module.py", f"def run():\n{body}", EVERYTHING)
    assert len(found) == count


def test_tests_are_left_alone(tmp_path: Path) -> None:
    text = "def run(name):\n    for line in open(name).readlines():\n        print(line)\n"
    assert check(text, "tests/test_run.py") == []
