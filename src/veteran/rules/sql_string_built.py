"""SQL text built from parts, whatever becomes of it

## What it does

Finds text that reads as an SQL statement and is put together from parts (f-strings, `%`, `.format`, `+`, `join`,
`replace`) of which one is not provably safe, where no execution is in sight: the text is returned, stored or
passed to something unknown. Finds fragments for Django's `raw`, `extra` and `RawSQL` that are not literal, too.
Text whose execution this module shows is left to VET201 and VET202. Off by default.

## Why is this bad?

Text that is built in one place and executed in another is checked in neither: the builder trusts its callers,
and who executes it sees only a finished statement.

## Bad

```python
def users_of(group):
    return f"SELECT id FROM users WHERE grp = '{group}'"
```

## Good

```python
def users_of(group):
    return "SELECT id FROM users WHERE grp = %s", (group,)
```

## When to ignore

Where all callers pass constants. Messages for people that happen to hold words of SQL are not reported where they read
as prose. The rule asks for a habit, not for a proven fault: hence it is off by default. Confidence is judged as by
VET201 and VET202, but that a function's own parameters count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.registry import Rule, events_of

if TYPE_CHECKING:
    from veteran.analysis.reports import Report
    from veteran.families.sql.unexecuted import BuiltText

rule = Rule(
    "VET203",
    default=False,
    since="0.1.0",
    equivalents=("S608", "B608", "S610", "B610", "S611", "B611"),
)

#: In small letters only what is rare in Python.
_WORDS = (
    *("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "TRUNCATE", "MERGE", "MATCH", "WITH", "GRANT"),
    *("USE", "SHOW", "CALL", "DESCRIBE", "PRAGMA", "EXPLAIN", "COPY", "VACUUM", "WHERE", "select", "where", "into"),
    *("RawSQL", "QuerySet", "objects"),
)


@rule.on(events_of("sql.unexecuted", *_WORDS))
def sql_string_built(event: BuiltText) -> Iterator[Report]:
    """A text of SQL, or a fragment for Django, that is built from parts and executed elsewhere."""
    from veteran.analysis.dataflow.callers import is_private
    from veteran.analysis.reports import Report

    module, hole = event.module, event.slot.hole
    name = module.code(hole.node, 40)
    if event.fragment:
        message = f"`{name}` is not a literal, and `{event.fragment}` takes it as SQL: use expressions or `params`"
    elif event.slot.role in ("value", "condition"):
        message = f"`{name}` is built into SQL that is not executed here: give the statement and its parameters apart"
    else:
        message = f"`{name}` is built into SQL that is not executed here: take it from a list of allowed names"
    private = hole.parameter is not None and is_private(module.flow, hole.parameter[0])
    yield Report(
        event.text.node,
        event.text.at,
        message,
        event.confidence,
        (),
        (hole.parameter,) if private and hole.parameter else (),
    )
