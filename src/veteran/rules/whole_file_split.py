r"""A whole file read into memory to be cut into lines that are only gone through once

## What it does

Finds `read().splitlines()`, `read().split("\n")`, `Path.read_text().splitlines()`, `list(file)`,
`[line for line in file]` and `list(csv.reader(file))` on files, where the lines are used for nothing but one pass: a
loop, a comprehension, `enumerate`, `any`, `all`, `sum`, `min`, `max`, `next`, or the search for the first match.

## Why is this bad?

The text and the list of its lines are held in memory together, so the job needs more than twice the size of the file.
Iterating over the file itself needs one line at a time.

## Bad

```python
from pathlib import Path


def errors(path: Path):
    return sum("ERROR" in line for line in path.read_text().splitlines())
```

## Good

```python
from pathlib import Path


def errors(path: Path):
    with path.open() as log:
        return sum("ERROR" in line for line in log)
```

Lines of a file end in a newline: `line.rstrip("\n")` takes it off. For the last lines use
`collections.deque(log, maxlen=n)`, for the first ones `itertools.islice(log, n)`. `str.splitlines` also splits at rarer
ends of lines, such as form feeds, and `split("\n")` gives an empty last item: neither is wanted as a rule.

## When to ignore

Where the file is small by what it is for. The last or the first lines, taken straight from the list
(`splitlines()[-10:]`, `[0]`), are of low confidence. Lists that are otherwise indexed or sliced, measured, sorted, gone
through twice, returned, stored or passed on are not reported, nor is text that is used otherwise too, nor files that
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
    "VET102",
    since="0.1.0",
    off_in=("tests",),
)


@rule.on(events_of("files.whole_reads"))
def split_file(event: WholeRead) -> Iterator[Report]:
    """A whole file that is cut into lines, or kept as a list, for one pass."""
    from veteran.families.files.whole_reads import report

    if event.kind != "readlines":
        yield report(event)
