"""What to write instead of a value built into SQL."""

from __future__ import annotations

import re

from veteran.analysis.dataflow.text import joined
from veteran.families.sql import statements
from veteran.families.sql.sinks import SinkValue, other_parameters

# What to write instead


def advice(event: SinkValue, slot: statements.Slot) -> str:
    """How to bind a value where the hole is."""
    module = event.module
    name = module.code(slot.hole.node, 40)
    mark, parameters = event.sink.placeholder, event.sink.parameters
    if slot.role == "condition":
        return "build the clause from constant text and pass its values as parameters"
    if slot.defines and _DEFINES.match(joined(event.alternatives[0], statements.MARK)):
        if event.sink.library in ("psycopg", "psycopg2", "aiopg"):
            return f"a definition takes no parameters: compose it with `sql.Literal({name})`"
        return "a definition takes no parameters: quote it as a literal with the driver's own function"
    if (parameters == "none" and mark == "none") or slot.defines:
        return "pass it as a bound parameter where the driver takes one, else quote it as the driver does"
    if mark == "$1":
        mark = f"${slot.number + 1}"
    unquote = ""
    value = name
    if slot.quoted:
        inside = slot.quoted[1:-1] if slot.quoted[0] != "$" else slot.quoted[2:-2]
        unquote = " without quotes" if mark not in ("", "none") else ", without quotes in the text"
        if inside != statements.MARK and inside.count(statements.MARK) == 1:
            value = f'f"{inside.replace(statements.MARK, "{" + name + "}")}"'
            value = value if len(value) <= 48 and '"' not in value[2:-1] and "'" not in value else name
    elif slot.clause == "IN":
        return _listed(name, mark, event.sink.library)
    if mark in ("", "none"):
        return f"pass it as a bound parameter{unquote}"
    passed = other_parameters(event)
    values = {
        "tuple": f"({value},)",
        "list": f"[{value}]",
        "args": value,
        "dict": f'{{"{mark.lstrip(":@")}": {value}}}',
    }.get(parameters)
    head = f"write `{mark}`{unquote} in its place and "
    if passed:
        return f"{head}add `{value}` to the parameters that are passed already"
    return f"{head}pass it as a query parameter" if values is None else f"{head}pass `{values}`"


#: What a view or a column's default keeps.
_DEFINES = re.compile(r"(?i)[\s(]*(?:CREATE|ALTER)\b(?!\s+(?:USER|ROLE|SYSTEM|SESSION))")


def _listed(name: str, mark: str, library: str) -> str:
    """How to bind the members of an `IN` list."""
    if library == "SQLAlchemy":
        return f'write `IN :name` with `bindparam("name", expanding=True)` and pass `{name}` as a list'
    if library in ("psycopg", "psycopg2", "aiopg", "asyncpg"):
        return f"write `= ANY({mark})` and pass `{name}` as a list"
    if mark in ("?", "%s"):
        return f"write one `{mark}` for each of its members and pass them as parameters"
    return "write one placeholder for each of its members and pass them as parameters"
