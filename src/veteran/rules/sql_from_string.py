"""A value built into the text of an SQL statement

## What it does

Finds SQL that is put together from parts (f-strings, `%`, `.format`, `+`, `+=`, `join`, `replace`) and then executed,
where a part that is not provably safe takes the place of a value. The statement is followed from the call that
executes it back through assignments; literals, constants, numbers, generated placeholders, checked and quoted values
are safe. Where only private functions pass the value on, what their callers in the same module pass decides.

## Why is this bad?

Whoever controls the value can change the statement, read other rows or delete them.
Quotes in honest values break the statement too, and the database cannot reuse its plan.

## Bad

```python
import sqlite3


def find(connection: sqlite3.Connection, name):
    query = f"SELECT id FROM users WHERE name = '{name}'"
    return connection.execute(query).fetchone()
```

## Good

```python
import sqlite3


def find(connection: sqlite3.Connection, name):
    query = "SELECT id FROM users WHERE name = ?"
    return connection.execute(query, (name,)).fetchone()
```

## When to ignore

Where the value comes from a place that only your own code writes, and no parameter can be used, as in DDL on some
databases. Names of tables and columns are not the subject of this rule: no parameter can take their place.
Of low confidence are, outside of quotes, what a function returned, what the object itself keeps and what its name calls
a number (as text alone these would break the statement), and what the configuration holds.

## Options

`[[tool.veteran.catalog.sink]]` adds your own query functions: `names`, `query` (the position of the statement),
`placeholder`. `[[tool.veteran.catalog.validator]]` with `for = ["sql"]` names functions whose result is safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.registry import Rule, events_of

if TYPE_CHECKING:
    from veteran.analysis.reports import Report
    from veteran.families.sql.sinks import SinkValue
    from veteran.families.sql.statements import Slot

rule = Rule("VET201", since="0.1.0", equivalents=("S608", "B608", "S2077"))

#: The places in a statement that a bound parameter, or parameters and constant text, can take.
ROLES = ("value", "condition")


@rule.on(events_of("sql.sinks"))
def sql_from_string(event: SinkValue) -> Iterator[Report]:
    """An executed statement with a value in it that is not provably safe."""
    return event.report(ROLES, _message)


def _message(event: SinkValue, slot: Slot) -> str:
    from veteran.families.sql.advice import advice

    name = event.module.code(slot.hole.node, 40)
    executes = event.module.code(event.call.node.func, 40)
    return f"`{name}` is built into the SQL that `{executes}` executes: {advice(event, slot)}"
