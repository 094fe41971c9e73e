"""Every fixture and every example of a manual, checked both ways; and what all rules have in common."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers import FIXTURES, MARK, check, family_of, fixtures, known_lines, marks, places
from veteran.findings import INTERNAL, UNPARSABLE
from veteran.registry import SECTIONS, Rule, all_rules, find
from veteran.settings import Settings

RULES = list(all_rules().values())
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def by_rule(rule: Rule) -> str:
    """As its module and folder are named, so that one word of pytest's `-k` finds all tests of a rule."""
    return rule.name.replace("-", "_")


def own_family(fixture: Path) -> Settings:
    """A new rule of another family changes nothing here."""
    rule = find(fixture.relative_to(FIXTURES).parts[0])
    assert rule is not None
    return family_of(rule.code)


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: str(path.relative_to(FIXTURES)))
def test_fixture_reports_exactly_what_is_marked(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = marks(text)
    known = known_lines(text)
    settings = own_family(path)
    found = [finding for finding in check(text, path.name, settings) if finding.span.line not in known]
    assert sorted(places(found)) == sorted((line, code) for line, code, _ in expected), [
        f"{f.span.line}: {f.code} {f.message}" for f in found
    ]
    said = {(f.span.line, f.code): str(f.confidence) for f in found}
    assert {(line, code): said[line, code] for line, code, _ in expected} == {
        (line, code): confidence or said[line, code] for line, code, confidence in expected
    }
    assert bool(expected) == path.name.startswith("bad")


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: str(path.relative_to(FIXTURES)))
def test_every_mark_turned_into_a_suppression_silences(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    silenced = "\n".join(
        MARK.sub(lambda m: "# noqa: " + ",".join(re.findall(r"VET\d{3}", m[1])), line) for line in text.splitlines()
    )
    known = known_lines(text)
    found = check(silenced, path.name, own_family(path))
    assert [finding for finding in found if finding.span.line not in known] == []


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: str(path.relative_to(FIXTURES)))
def test_findings_stand_inside_the_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for finding in check(text, path.name):  # by all rules, none of which fails
        assert finding.code not in (INTERNAL, UNPARSABLE), finding.message
        for span in (finding.span, *(step.span for step in finding.steps)):
            assert 1 <= span.line <= span.end_line <= len(lines)
            assert 1 <= span.column <= len(lines[span.line - 1]) + 1
            assert (span.line, span.column) < (span.end_line, span.end_column)


@pytest.mark.parametrize("rule", RULES, ids=by_rule)
def test_manual_is_complete(rule: Rule) -> None:
    heads = list(rule.sections)
    assert heads == [head for head in SECTIONS if head in heads]
    assert set(SECTIONS) - set(heads) <= {"Options"}
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.reason.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=by_rule)
def test_examples_of_the_manual(rule: Rule) -> None:
    bad = BLOCK.findall(rule.sections["Bad"])
    good = BLOCK.findall(rule.sections["Good"])
    assert bad
    assert good
    for example in bad:
        assert rule.code in [code for _, code in places(check(example, settings=family_of(rule.code)))]
    for example in good:
        assert check(example, settings=family_of(rule.code)) == []


@pytest.mark.parametrize("rule", RULES, ids=by_rule)
def test_fixture_folder(rule: Rule) -> None:
    folder = FIXTURES / by_rule(rule)
    assert list(folder.glob("bad*.py"))
    assert list(folder.glob("good*.py"))
    marked = {code for path in folder.glob("bad*.py") for _, code, _ in marks(path.read_text(encoding="utf-8"))}
    assert rule.code in marked


def test_every_fixture_folder_belongs_to_a_rule() -> None:
    names = {by_rule(rule) for rule in RULES}
    assert {path.name for path in FIXTURES.iterdir() if path.is_dir()} <= names


def test_codes_are_families() -> None:
    assert [rule.code for rule in RULES] == sorted({rule.code for rule in RULES})
    assert len({rule.name for rule in RULES}) == len(RULES)


MANY_KEYS = {
    "read behind a test": "    if d.get('s{i}'):\n        print(d['k{i}'])\n",
    "nested": "    if x: print(d['k{i}']['a']['b'])\n",
    "plain": "    print(d['k{i}'])\n",
    "conditional": "    print(d['k{i}'] if x else 0)\n",
}


@pytest.mark.parametrize("shape", MANY_KEYS)
def test_answers_with_many_keys_are_found(shape: str) -> None:
    for count in (1, 100, 101, 200, 299, 300):
        body = "".join(MANY_KEYS[shape].replace("{i}", str(i)) for i in range(count))
        found = check(f"import requests\ndef f(u, x):\n    d = requests.get(u).json()\n{body}")
        assert [finding.code for finding in found] == ["VET401"], count


@pytest.mark.parametrize("test", ["if x{i}: return", "if d.get('k{i}') is None: return"])
def test_a_guard_before_many_tests_stays_one(test: str) -> None:
    for count in (1, 150, 199, 200, 300):
        body = "".join(f"    {test}\n".replace("{i}", str(i)) for i in range(count))
        guard = "    if 'key' not in d: return\n"
        assert not check(f"import requests\ndef f(u):\n    d = requests.get(u).json()\n{guard}{body}    d['key']\n")
