"""A name or keyword built into the text of an SQL statement

## What it does

Finds SQL that is put together from parts and then executed, where a part that is not provably safe takes the place of
a table, a column, another name or a keyword: `FROM {table}`, `ORDER BY {column} {direction}`, `SET {setting}`,
`CREATE TABLE {name}`, or a whole statement. A bound parameter cannot stand there. Query languages of other
databases count (CQL, Cypher). Constants, members of enumerations, names checked against a list or a
pattern, by a function of the module too, and names that the driver or a quoting function quotes are safe.

## Why is this bad?

Whoever controls the name controls the statement, and a parameter cannot help, so the usual advice does not apply.
Even a harmless name breaks the statement when it needs quotes.

## Bad

```python
import sqlite3


def newest(connection: sqlite3.Connection, table):
    return connection.execute(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 1").fetchone()
```

## Good

```python
import sqlite3

TABLES = {"users", "orders"}


def newest(connection: sqlite3.Connection, table):
    if table not in TABLES:
        raise ValueError(f"unknown table {table!r}")
    return connection.execute(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 1").fetchone()
```

With psycopg compose the statement: `sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))`.

## When to ignore

Where the name comes only from your own code and no check is worth its line: migrations, administration scripts.
Of low confidence is a name that the program's user does not choose: one that an object keeps since its construction,
that the configuration, the environment or another module holds, that was read from the database or made by another
function.

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

rule = Rule("VET202", since="0.1.0", equivalents=("S608", "B608", "S2077"))

#: The places in a statement that no bound parameter can take.
ROLES = ("identifier", "keyword", "statement")


@rule.on(events_of("sql.sinks"))
def sql_identifier_from_string(event: SinkValue) -> Iterator[Report]:
    """An executed statement with a name or keyword in it that is not provably safe."""
    return event.report(ROLES, _message)


def _message(event: SinkValue, slot: Slot) -> str:
    module = event.module
    name = module.code(slot.hole.node, 40)
    executes = module.code(event.call.node.func, 40)
    if slot.role == "statement":
        return (
            f"`{name}` is a statement of its own in the SQL that `{executes}` executes: let it be one of a fixed list"
        )
    what = "an identifier" if slot.role == "identifier" else "a keyword"
    head = f"`{name}` is built as {what} into the SQL that `{executes}` executes: "
    listed = "check it against a list of allowed names"
    if slot.role == "keyword":
        return head + "choose it from a list of allowed keywords"
    if event.sink.library in module.catalog.sorted["library"]["composes"]:
        return head + f"compose the statement with `sql.SQL(…).format(sql.Identifier({name}))`, or {listed}"
    if event.sink.library == "SQLAlchemy":
        return head + f"build the statement with Core from `quoted_name({name}, quote=True)`, or {listed}"
    return head + listed
