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

## Options

`[[tool.veteran.catalog.sink]]` adds your own query functions: `names`, `query` (the position of the statement),
`placeholder`. `[[tool.veteran.catalog.validator]]` with `for = ["sql"]` names functions whose result is safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.registry import Rule, values_reaching

if TYPE_CHECKING:
    from veteran.analysis.flow import Hole
    from veteran.analysis.model import Report, ReportStep, SinkValue

rule = Rule("VET201", since="0.1.0", equivalents=("S608", "B608", "S2077"))

#: The places in a statement that a bound parameter, or parameters and constant text, can take.
ROLES = ("value", "condition")


@rule.on(values_reaching("sql"))
def sql_from_string(event: SinkValue) -> Iterator[Report]:
    """An executed statement with a value in it that is not provably safe."""
    from veteran.analysis.flow import Verdict
    from veteran.analysis.model import Report
    from veteran.analysis.sql import hole_roles
    from veteran.findings import Confidence

    found: dict[Hole, str] = {}
    for pieces in event.alternatives:
        if any(isinstance(piece, str) and piece.strip() for piece in pieces):
            for hole, role in hole_roles(pieces):
                if hole.verdict is not Verdict.SAFE and role in ROLES and not _excused(event, hole, role):
                    found.setdefault(hole, role)
    if not found:
        return
    # The worst one is named; a certain one before one that depends on the callers.
    worst = max(found, key=lambda hole: (hole.verdict, found[hole] == "value", not _private(event, hole)))
    conditional = all(_private(event, hole) for hole in found)
    yield Report(
        event.call.node,
        event.call,
        _message(event, worst, found[worst]),
        Confidence.HIGH if worst.verdict is Verdict.TAINTED else Confidence.MEDIUM,
        _steps(event, worst),
        tuple(hole.parameter for hole in found if hole.parameter) if conditional else (),
    )


def _excused(event: SinkValue, hole: Hole, role: str) -> bool:
    """Whether the value was checked after it was built in, or a whole clause is another function's work."""
    import libcst as cst

    from veteran.analysis.flow import Verdict
    from veteran.analysis.lowering import dotted

    source = hole.source
    if role == "condition" and source is not None and source.path and hole.verdict is not Verdict.TAINTED:
        # `where, parameters = self.build(…)`: a clause that comes with its parameters.
        call = source.value.expression if isinstance(source.value, cst.Await) else source.value
        callee = (dotted(call.func) or "?.?") if isinstance(call, cst.Call) else "?.?"
        if "." not in callee or callee.startswith(("self.", "cls.")):
            return True
    return event.module.flow.guards.restricted(hole.node, event.call)  # type: ignore[arg-type]


def _private(event: SinkValue, hole: Hole) -> bool:
    """Whether the callers of a private function decide what the hole holds."""
    return hole.parameter is not None and event.module.is_private(hole.parameter[0])


def _message(event: SinkValue, hole: Hole, role: str) -> str:
    module = event.module
    name = module.code(hole.node, 40)
    head = f"`{name}` is built into the SQL that `{module.code(event.call.node.func, 40)}` executes: "
    if role == "condition":
        return head + "build the clause from constant text and pass its values as parameters"
    mark = event.sink.placeholder
    if mark in ("", "none"):
        return head + "pass it as a bound parameter"
    values = {
        "tuple": f"({name},)",
        "list": f"[{name}]",
        "args": name,
        "dict": f'{{"{mark.lstrip(":@")}": {name}}}',
    }.get(event.sink.parameters)
    if values is None:
        return head + f"write `{mark}` in its place and pass it as a query parameter"
    return head + f"write `{mark}` in its place and pass `{values}`"


def _steps(event: SinkValue, hole: Hole) -> tuple[ReportStep, ...]:
    """Where the value came from, then where it was built in, if that is elsewhere."""
    from veteran.analysis.model import ReportStep

    module = event.module
    steps = []
    if hole.source is not None and hole.source.target is not None:
        what = "is a parameter" if hole.source.kind == "parameter" else "comes from here"
        text = f"`{module.code(hole.source.target, 40)}` {what}"
        steps.append(ReportStep(hole.source.target, hole.source, text))
    for binding in module.flow.builders(event.query, event.call):
        text = f"`{binding.name}` is built here"
        node = binding.value if binding.kind != "augment" else binding.value.value
        steps.append(ReportStep(node, binding, text, anchor=True))
    return tuple(steps)
