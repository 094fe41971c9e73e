"""A rule's manual on the terminal, and the list of all rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from textwrap import wrap
from typing import NamedTuple

from veteran.findings import INTERNAL, SUPPRESSION, TOOL_CODES, UNPARSABLE
from veteran.registry import Rule, all_rules
from veteran.reporting.style import Paint, as_json, painter

VERSION = 1
WIDTH = 88
#: So many equivalents of a rule fit into the list of rules.
MOST_EQUIVALENTS = 3
#: What `veteran explain` prints for the codes that are no rules.
TOOL_MANUALS = {
    UNPARSABLE: """\
A file that is no valid Python, or that nothing can parse.

## What it does
Reports a file with a syntax error, an unknown or wrong encoding, null bytes, or nesting beyond what
Python itself accepts. Files in which no rule could find anything are not parsed and not reported.

## Why is this bad?
Nothing else in this file is checked.

## When to ignore
For files that are broken on purpose, such as test data: better keep those out with `exclude`.
""",
    SUPPRESSION: """\
A comment that suppresses nothing, or that is not written as suppressions are.

## What it does
Reports a suppression of a veteran code where there is nothing to suppress. Off unless selected.

## Why is this bad?
A comment that outlived its finding hides the next one.

## Bad
```python
total = 1 + 1  # noqa: VET201
```

## Good
```python
total = 1 + 1
```
""",
    INTERNAL: """\
veteran itself failed on a file.

## What it does
Says that checking a file raised an error. Where it names rules, only their findings are missing, and the line is
the one that was looked at; else nothing of the file was checked, and veteran exits with 2. The other files are
checked as usual. A comment cannot suppress it; `ignore`, `per-file-ignores` and `--exit-zero` count.

## Why is this bad?
What was not checked may be wrong, and veteran has a bug: please report it with the file, or the part of
it that shows the error.
""",
}


class Entry(NamedTuple):
    """What can be explained: a rule, or one of the tool's own codes."""

    code: str
    name: str
    facts: tuple[str, ...]  # sentences
    manual: str


def entries() -> list[Entry]:
    """All that can be explained: the rules by code, then the tool's own codes."""
    rules = all_rules().values()
    found = [Entry(rule.code, rule.name, _facts(rule), rule.manual) for rule in rules]
    return found + [Entry(code, TOOL_CODES[code], (), text) for code, text in TOOL_MANUALS.items()]


def lookup(key: str) -> Entry | None:
    """The entry of that code or name, in any case."""
    wanted = key.strip().lower().replace("_", "-")
    return next((entry for entry in entries() if wanted in (entry.code.lower(), entry.name)), None)


def nearest(key: str) -> Entry:
    """The entry whose code or name looks most like `key`, however little."""
    by_key = {key: entry for entry in entries() for key in (entry.code.lower(), entry.name)}
    return by_key[get_close_matches(key.lower(), by_key, n=1, cutoff=0.0)[0]]


def explain(entry: Entry, *, color: bool) -> Iterator[str]:
    """The manual with its headings, and its prose and examples indented under them."""
    paint = painter(color)
    title, _, body = entry.manual.strip().partition("\n")
    yield f"{paint(entry.code, 'code')} {paint(entry.name, 'bold')}"
    yield title
    for fact in entry.facts:
        yield from (paint(line, "dim") for line in wrap(fact, WIDTH))
    yield from _markdown(body, paint)


def _facts(rule: Rule) -> tuple[str, ...]:
    default = "On by default" if rule.default else "Off by default"
    off_in = f", off in {', '.join(sorted(rule.off_in))}" if rule.off_in else ""
    also = f"Also suppressed by {', '.join(sorted(rule.equivalents))}." if rule.equivalents else ""
    return (f"{default}{off_in}, since {rule.since}.", also)


def _markdown(text: str, paint: Paint) -> Iterator[str]:
    """Light Markdown: `## ` headings, fenced code, and prose."""
    fenced = False
    for line in text.rstrip().splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            yield f"    {line}".rstrip()
        elif line.startswith("## "):
            yield paint(line.removeprefix("## "), "bold")
        else:
            yield f"  {line}".rstrip()


def rule_table(rules: Iterable[Rule], *, color: bool) -> Iterator[str]:
    """One line per rule: code, name, default, release, title, and what other tools call it."""
    paint = painter(color)
    rows = list(rules)
    name = max((len(rule.name) for rule in rows), default=0)
    since = max((len(rule.since) for rule in rows), default=0)
    for rule in rows:
        default = paint("on ", "good") if rule.default else paint("off", "dim")
        also = paint(_equivalents(rule), "dim")
        code = paint(rule.code, "code")
        line = f"{code}  {rule.name:<{name}}  {default}  {rule.since:<{since}}  {rule.title} {also}"
        yield line.rstrip()


def _equivalents(rule: Rule) -> str:
    codes = sorted(rule.equivalents)
    more = len(codes) - MOST_EQUIVALENTS
    shown = ", ".join(codes[:MOST_EQUIVALENTS]) + (f" and {more} more" if more > 0 else "")
    return f"[{shown}]" if shown else ""


def rule_json(rules: Iterable[Rule]) -> Iterator[str]:
    """All rules as one JSON object."""
    rows = [
        {
            "code": rule.code,
            "name": rule.name,
            "default": rule.default,
            "title": rule.title,
            "since": rule.since,
            "equivalents": sorted(rule.equivalents),
        }
        for rule in rules
    ]
    yield as_json({"version": VERSION, "rules": rows})
