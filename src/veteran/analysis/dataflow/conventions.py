"""What a name alone says of a value: conventions that serve as evidence, never as proof."""

from __future__ import annotations

import re
from collections.abc import Sequence

from veteran.analysis.types.values import Instance

#: Why a value is safe, in words.
CONSTANT = "a constant by its name"
ENVIRONMENT = "read from the environment"
#: Classes of other modules whose `value` and `name` are those of an enumeration.
KINDS = re.compile(r"(?:^|\.)[A-Z]\w*(?:Type|State|Level|Category|Role|Policy)$")
#: Numbers of a fixed size, in the spelling that libraries and projects share.
SIZED_INTEGERS = re.compile(r"(?:^|\.)u?int(?:8|16|32|64|128|256)$")
#: Classes of other modules that by their names are enumerations.
ENUMERATIONS = re.compile(
    r"(?:^|\.)[A-Z]\w*(?:Strategy|Enum|Mode|Kind|Order|Direction|Metric|Operator|Aggregation|Granularity|Dialect|Status)$"
)
#: Classes of other modules that check the types of their fields, or declare them at least.
MODELS = re.compile(r"(?:^|\.)(?:\w*(?:BaseModel|Settings|Config|SQLModel)|Struct|NamedTuple)$")
#: Parts of a route that the framework hands on as numbers or UUIDs.
CONVERTED = re.compile(
    r"<(int|float|uuid)(?:\([^)]*\))?:(\w+)>|[<{](\w+):(?:int|float|uuid)(?:\([^)]*\))?[>}]", re.IGNORECASE
)
#: What stands for a bound value in a statement: `?`, `%s`.
PLACEHOLDERS = re.compile(
    r"(?i)placeholders?$|^marks?$|(?:^|_)(?:ph|qmarks?|bind_?vars?|param_?style|format_char)$"
    r"|(?:^|_)(?:columns?|params?|values?|bind)_?mark(?:er)?s?$"
)
#: What a driver counts, Python names itself and a model declares: none of it comes from outside.
SAFE_ATTRIBUTES = frozenset(
    [
        *("lastrowid", "rowcount", "__name__", "__qualname__", "__module__", "__file__"),
        *("__tablename__", "__table__", "_meta", "db_table", "sorted_tables", "__table_name__"),
    ]
)
#: Methods whose results are numbers, dates or SQL that a library made or quoted.
MADE_SAFE = re.compile(
    r"mogrify$|hex$|compile$|as_string$|format_(?:table|column|schema|label|sequence|index|constraint)$|isoformat$"
    r"|timestamp$|total_seconds$|hexdigest$|toordinal$|literal_processor$|render_literal_value$"
)
#: Patterns that fit all but some characters: what `re.sub` leaves of a text has only those.
CLEANS = re.compile(r"\[\^[\w\\ -]+\][*+]?$|\\W[*+]?$|\\D[*+]?$")
#: Names of values that say that they were quoted before.
_QUOTED = re.compile(r"(?i)(?:^|_)(?:quoted|escaped|saniti[sz]ed)(?:_|$)|^(?:quote|escape)_")
#: What declares the names of a class's fields.
FIELD_NAMES = frozenset(
    [
        "model_fields",
        "__fields__",
        "_fields",
        "__dataclass_fields__",
        "__annotations__",
        "__slots__",
        "model_computed_fields",
    ]
)


def is_constant_name(name: str) -> bool:
    """Whether a name is a constant's or the module's own, by the naming convention."""
    return (name.isupper() and len(name) > 1) or name in SAFE_ATTRIBUTES


def by_convention(name: str) -> str:
    """Why a name alone makes its value safe; empty where it does not."""
    if is_constant_name(name):
        return CONSTANT
    if _QUOTED.search(name):
        return "quoted by its name"
    return "placeholders by its name" if PLACEHOLDERS.search(name) else ""


def typed_so(kinds: Sequence[object]) -> str:
    """The type that leaves no room for text, in words."""
    names = {kind.type.strip("<>") for kind in kinds if isinstance(kind, Instance)}
    return f"{' or '.join(f'`{name}`' for name in sorted(names))} by its type, which carries no text of its own"


#: Functions of projects that quote a text or check it.
SANITISES = re.compile(
    r"(?i)(?<!un)(?:quote|escape)|sanit|validat|whitelist|allowlist|identifier$|^qt_?(?:ident|literal)|^_?safe_\w*(?:ident|name)"
    r"|(?:^|_|sql)literal(?!_eval|_column)(?:_|$)"
)
#: What begins with a capital is a class.
CLASS_NAME = re.compile(r"[A-Z][a-z]\w*")
#: `Kinds.Draft`: by the naming convention a constant or member of a class, as no object's attribute is called that.
MEMBER_NAME = re.compile(r"\.[A-Z][a-z]\w*\.[A-Z][a-z]\w*$")


def from_outside(name: str) -> str:
    """What is known of a source: whoever starts the program sets its environment."""
    return ENVIRONMENT if name.startswith(("os.environ", "os.getenv")) else ""


#: Functions of projects that raise for what is not as it should be.
RAISES = re.compile(r"_?(?:validate|check|ensure|verify|require|assert)_")
#: Functions of projects that tell whether a text is.
APPROVES = re.compile(r"(?i)valid|is_safe|is_allowed|is_known")
