"""A whole file read into a list of lines that is only gone through once

## What it does

Finds `readlines()` on an open file where the list is used for nothing but one pass over the lines: a loop, a
comprehension, `enumerate`, `any`, `all`, `sum`, `min`, `max`, `next`, or the search for the first match. The
file must be known as one: from `open`, `io.open`, `Path.open`, `gzip`, `bz2`, `lzma` or `codecs.open`, also as a
`with` item, an annotated parameter or an attribute of `self`.

## Why is this bad?

The list holds every line of the file at once, so memory grows with the file: the job that ran for months dies on
the first large log. Iterating over the file itself needs one line at a time.

## Bad

```python
def errors(path):
    with open(path) as log:
        for line in log.readlines():
            if "ERROR" in line:
                print(line)
```

## Good

```python
def errors(path):
    with open(path) as log:
        for line in log:
            if "ERROR" in line:
                print(line)
```

For the last lines use `collections.deque(log, maxlen=n)`, for the first ones `itertools.islice(log, n)`.

## When to ignore

Where the file is small by what it is for. The last or the first lines, taken straight from the list
(`readlines()[-10:]`, `[0]`), are of low confidence. Lists that are otherwise indexed or sliced, measured, sorted, gone
through twice, returned, stored or passed on are not reported, nor are pipes, sockets and HTTP bodies, nor files that
are small by their name or place (`/proc`, `/sys`, `.env`, requirements, ignore and configuration files), nor files
that the same function writes again. In test files the rule is off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.registry import Rule, events_of

if TYPE_CHECKING:
    from veteran.analysis.reports import Report
    from veteran.families.files.whole_reads import WholeRead

rule = Rule(
    "VET101",
    since="0.1.0",
    off_in=("tests",),
    equivalents=("FURB129",),
)


@rule.on(events_of("files.whole_reads", "readlines"))
def read_lines(event: WholeRead) -> Iterator[Report]:
    """A list of all lines that one pass goes through."""
    from veteran.families.files.whole_reads import report

    if event.kind == "readlines":
        yield report(event)
