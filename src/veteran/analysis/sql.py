"""SQL text with holes: whether it is SQL at all, and what each hole stands for."""

from __future__ import annotations

import re

from veteran.analysis.flow import Hole, Pieces, joined

#: Stands for a hole in joined text; no program text holds it.
MARK = "\ufdd0"

_OBJECTS = (
    "TABLE|INDEX|VIEW|DATABASE|SCHEMA|USER|ROLE|SEQUENCE|FUNCTION|PROCEDURE|TRIGGER|TYPE|EXTENSION"
    "|KEYSPACE|COLUMN|CONSTRAINT|POLICY|TABLESPACE|COLLECTION|PARTITION|STREAM|STAGE|WAREHOUSE"
    "|TEMP|TEMPORARY|UNIQUE|MATERIALIZED|EXTERNAL|VIRTUAL|GLOBAL|LOCAL|UNLOGGED|OR\\s+REPLACE|FULLTEXT|IF"
)
_STATEMENT = re.compile(
    rf"""
    (?: \s | \( | --[^\n]*(?:\n|$) | /\*.*?\*/ | {MARK} )*
    (?: (?:EXPLAIN|ANALYZE|PROFILE|VERBOSE|QUERY\s+PLAN)\s+ )*
    (?:
        SELECT \b .* \b(?:FROM|WHERE|UNION|LIMIT|INTO)\b
      | SELECT \s+ (?:DISTINCT\s+)? [\w.{MARK}]+ \s* \(
      | INSERT \s+ (?:OR\s+\w+\s+|IGNORE\s+|OVERWRITE\s+)? INTO \b
      | INSERT \s+ OVERWRITE \b
      | (?:REPLACE|MERGE|UPSERT) \s+ INTO \b
      | UPDATE \b .* \b SET \b
      | DELETE \s+ FROM \b
      | DELETE \b .* \b FROM \b .* \b WHERE \b
      | (?:CREATE|ALTER|DROP) \s+ (?:{_OBJECTS}|{MARK}) \b
      | TRUNCATE \s+ (?:TABLE\s+)? [\w."`\[{MARK}]+ \s* ;? \s* $
      | WITH \s+ (?:RECURSIVE\s+)? [\w{MARK}"]+ \s* (?:\([^)]*\)\s*)? AS \b
      | PRAGMA \s+ [\w.{MARK}]+
      | (?:GRANT|REVOKE) \b .* \b (?:ON|TO|FROM) \b
      | (?:CALL|EXEC|EXECUTE) \s+ [\w.{MARK}"]+ \s* [\(@{MARK}']
      | SET \s+ (?:(?:SESSION|LOCAL|GLOBAL)\s+)? [\w.@{MARK}]+ \s* (?:=|TO\b)
      | SHOW \s+ (?:CREATE|TABLES|DATABASES|SCHEMAS|COLUMNS|INDEX|GRANTS|FULL) \b
      | DESCRIBE \s+ (?:TABLE|HISTORY|EXTENDED|DETAIL|FORMATTED) \b
      | COPY \s+ [\w.("{MARK}] .* \b (?:FROM|TO) \b
      | (?:LOCK\s+TABLE|VACUUM|REINDEX|ATTACH\s+DATABASE|DETACH\s+DATABASE|REFRESH\s+MATERIALIZED|COMMENT\s+ON) \b
      | VALUES \s* \(
    )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

#: Statements that define or set something: outside of quotes no driver takes a parameter in them.
_UTILITY = re.compile(
    r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
    r"(?:CREATE|ALTER|DROP|TRUNCATE|REINDEX|VACUUM|ANALYZE|DESCRIBE|DESC|SHOW|USE|SET|PRAGMA|GRANT|REVOKE|BEGIN"
    r"|LOCK|ATTACH|DETACH|REFRESH|COMMENT|COPY|RENAME|OPTIMIZE|CLUSTER|NOTIFY|LISTEN|SAVEPOINT|RELEASE)\b",
    re.IGNORECASE | re.DOTALL,
)
_TOKEN = re.compile(
    rf"""
      (?P<mark> {MARK} )
    | (?P<comment> --[^\n]* | /\*.*?(?:\*/|$) )
    | (?P<quoted> '(?:[^']|'')*(?:'|$) | \$\$.*?(?:\$\$|$) )
    | (?P<identifier> "(?:[^"]|"")*(?:"|$) | `[^`]*(?:`|$) )
    | (?P<word> [^\W\d]\w*(?:\.(?=[^\W\d{MARK}"`\[]))? )
    | (?P<number> \d[\w.]* )
    | (?P<operator> <>|!=|<=|>=|\|\||::|->>?|[-=<>+*/%~^&|] )
    | (?P<dot> \. )
    | (?P<placeholder> \?|%s|%\(\w+\)s|[:@$]\w+ )
    | (?P<punctuation> [(),;\[\]{{}}:] )
    """,
    re.VERBOSE | re.DOTALL,
)
#: What follows these is the name of a table, column or other object …
_BEFORE_NAME = frozenset(
    [
        "FROM",
        "JOIN",
        "INTO",
        "UPDATE",
        "TABLE",
        "INDEX",
        "VIEW",
        "DATABASE",
        "SCHEMA",
        "USER",
        "ROLE",
        "SEQUENCE",
        "FUNCTION",
        "PROCEDURE",
        "TRIGGER",
        "TYPE",
        "EXTENSION",
        "KEYSPACE",
        "COLUMN",
        "CONSTRAINT",
        "ON",
        "USE",
        "DESCRIBE",
        "DESC",
        "TRUNCATE",
        "AS",
        "REFERENCES",
        "EXISTS",
        "PRAGMA",
        "SELECT",
        "DISTINCT",
        "BY",
        "ONLY",
        "USING",
        "ADD",
        "RENAME",
        "DROP",
        "ALTER",
        "CREATE",
        "EXEC",
        "EXECUTE",
        "CALL",
        "COPY",
        "ANALYZE",
        "VACUUM",
        "REINDEX",
        "LATERAL",
        "OVERWRITE",
        "REPLACE",
        "COLLATE",
        "OWNER",
        "COLUMNS",
        "RETURNING",
        "WINDOW",
        "OVER",
        "PARTITION",
        "CAST",
        "CONFLICT",
        "ATTACH",
        "TO",
        "COLLECTION",
        "MATCH",
        "DELETE",
        "GRANT",
        "REVOKE",
        "SHOW",
        "STREAM",
        "STAGE",
        "WAREHOUSE",
        "TABLESPACE",
        "ENGINE",
        "UNIQUE",
        "TEMPORARY",
        "TEMP",
    ]
)
#: … and after these a value.
_BEFORE_VALUE = frozenset(
    [
        "LIKE",
        "ILIKE",
        "RLIKE",
        "REGEXP",
        "SIMILAR",
        "GLOB",
        "LIMIT",
        "OFFSET",
        "BETWEEN",
        "IN",
        "ANY",
        "ALL",
        "VALUES",
        "VALUE",
        "THEN",
        "ELSE",
        "WHEN",
        "INTERVAL",
        "TOP",
        "FETCH",
        "FIRST",
        "NEXT",
        "ESCAPE",
        "IS",
        "PASSWORD",
        "RETURN",
        "DEFAULT",
        "TIMESTAMP",
        "DATE",
    ]
)
_BEFORE_CONDITION = frozenset(["WHERE", "AND", "OR", "NOT", "HAVING"])
_DIRECTIONS = re.compile(r"\s*(?:,|$|\)|;|LIMIT\b|OFFSET\b|NULLS\b|FETCH\b)", re.IGNORECASE)


def looks_like_sql(pieces: Pieces) -> bool:
    """Whether the text begins as a statement of SQL does, and goes on like one."""
    return _STATEMENT.match(joined(pieces, MARK)) is not None


def hole_roles(pieces: Pieces) -> list[tuple[Hole, str]]:
    """Each hole with what it stands for.

    value: a parameter could take its place. identifier: a table, column or other name. keyword: a sort order or the
    like. condition: a clause of its own. statement: the text before or after it is another's whole statement.
    """
    text = joined(pieces, MARK)
    holes = [piece for piece in pieces if isinstance(piece, Hole)]
    takes_parameters = not _UTILITY.match(text)
    roles: list[str] = []
    context = _Context()
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        token = match[0]
        inside = token.count(MARK)
        if kind == "mark":
            role = context.role(text, match.start(), match.end())
            if role in ("value", "condition") and not takes_parameters:
                role = "keyword"
            roles.append(role)
        elif inside:
            roles += [context.quoted_role(kind)] * inside
        elif token == ";":
            takes_parameters = not _UTILITY.match(text, match.end())
        context.read(kind, token)
    roles += ["value"] * (len(holes) - len(roles))
    return list(zip(holes, roles, strict=False))


class _Context:
    """What was read before a hole: the last word that matters, by bracket level."""

    def __init__(self) -> None:
        self.previous = ""  # the last token, words in upper case
        self.kind = ""
        self.first = True
        self.clauses = [""]  # the clause word that rules each open bracket

    def read(self, kind: str, token: str) -> None:
        if kind == "comment":
            return
        if kind == "word":
            word = token.upper().rstrip(".")
            if word in _CLAUSES:
                self.clauses[-1] = word
        elif token in ("(", "["):
            self.clauses.append(self.previous if self.kind == "word" else self.clauses[-1])
        elif token in (")", "]") and len(self.clauses) > 1:
            self.clauses.pop()
        elif token == ";":
            self.clauses = [""]
        self.first = self.first and kind == "mark"
        self.previous = token.upper()
        self.kind = kind

    def quoted_role(self, kind: str) -> str:
        """What a hole within quotes or a comment stands for."""
        if kind == "identifier":
            # Some dialects take double quotes for text too: where a value belongs, it is one.
            compared = self.kind == "operator" or self.previous in _BEFORE_VALUE
            return "value" if compared else "identifier"
        return "condition" if kind == "comment" else "value"

    def role(self, text: str, start: int, end: int) -> str:
        if self.first:
            return "statement"
        previous, clause = self.previous, self.clauses[-1]
        adjacent = start > 0 and not text[start - 1].isspace()
        if text[end : end + 1] == "." or self.kind == "dot" or previous.endswith("."):
            return "identifier"
        after = text[end : end + 1]
        if after == "(":
            return "identifier"  # the name of a function
        if (adjacent and self.kind in ("word", "mark", "number")) or after.isalnum() or after == "_":
            # Glued to a name: it is a part of it.
            return "value" if self.kind == "number" else "identifier"
        if self.kind == "operator":
            return "identifier" if previous == "*" and clause == "SELECT" else "value"
        if self.kind == "placeholder":
            return "condition"
        if self.kind == "word":
            return self._after_word(previous, clause, text, end)
        if self.kind == "mark":
            return "keyword" if clause in ("ORDER", "BY", "GROUP", "TABLE", "COLUMN") else "condition"
        if previous in ("(", ",", "["):
            return self._in_list(previous, clause, text, end)
        if self.kind in ("number", "quoted", "identifier"):
            return "condition"
        return "condition"

    def _after_word(self, previous: str, clause: str, text: str, end: int) -> str:
        if previous in _BEFORE_CONDITION:
            # `WHERE {column} = …` names a column; `WHERE {clause}` is a condition of its own.
            return "identifier" if _COMPARES.match(text, end) else "condition"
        if previous in _BEFORE_VALUE:
            return "value"
        if previous in _BEFORE_NAME:
            return "identifier"
        if previous == "SET":
            return "identifier" if _COMPARES.match(text, end) else "condition"
        if clause in ("ORDER", "BY") and _DIRECTIONS.match(text, end):
            return "keyword"
        if clause in ("ORDER", "BY", "GROUP"):
            return "keyword"
        return "condition"

    def _in_list(self, previous: str, clause: str, text: str, end: int) -> str:
        if clause in ("VALUES", "IN", "ANY", "ALL", "LIMIT", "BETWEEN"):
            return "value"
        if previous == "," and clause in ("WHERE", "HAVING"):
            return "value"
        if clause in _NAMED:
            return "identifier"
        if clause == "SET":
            return "identifier" if _COMPARES.match(text, end) else "condition"
        # `INSERT INTO name (columns…)` and `CREATE … name (columns…)` against `function(value…)`.
        outer = self.clauses[-2] if len(self.clauses) > 1 else ""
        if outer in ("INTO", "TABLE", "INDEX", "VIEW", "ON", "PRAGMA"):
            return "identifier"
        return "value"


_CLAUSES = frozenset(
    [
        "SELECT",
        "FROM",
        "WHERE",
        "JOIN",
        "ON",
        "GROUP",
        "ORDER",
        "BY",
        "HAVING",
        "LIMIT",
        "VALUES",
        "INTO",
        "SET",
        "IN",
        "ANY",
        "ALL",
        "BETWEEN",
        "TABLE",
        "INDEX",
        "USING",
        "VIEW",
        "UPDATE",
        "DATABASE",
        "SCHEMA",
        "RETURNING",
        "PRAGMA",
    ]
)
#: Clauses whose lists hold names.
_NAMED = frozenset(["SELECT", "BY", "ORDER", "FROM", "JOIN", "INTO", "TABLE", "ON", "USING", "INDEX", "VIEW", "PRAGMA"])
_COMPARES = re.compile(
    r"\s*(?:=|<|>|!=|~|::|\+|-|\*|/|\b(?:LIKE|ILIKE|IN|NOT|IS|BETWEEN|REGEXP|RLIKE|SIMILAR|GLOB)\b)",
    re.IGNORECASE,
)
