"""SQL text with holes: whether it is SQL at all, and what each hole stands for."""

from __future__ import annotations

import re
from typing import NamedTuple

from veteran.analysis.dataflow.text import Hole, Pieces, joined
from veteran.analysis.semantics.places import spelling
from veteran.patterns import lazily

#: Stands for a hole in joined text; no program text holds it.
MARK = "\ufdd0"

_OBJECTS = (
    "TABLE|INDEX|VIEW|DATABASE|SCHEMA|USER|ROLE|SEQUENCE|FUNCTION|PROCEDURE|TRIGGER|TYPE|EXTENSION"
    "|KEYSPACE|COLUMN|CONSTRAINT|POLICY|TABLESPACE|COLLECTION|PARTITION|STREAM|STAGE|WAREHOUSE"
    "|TEMP|TEMPORARY|UNIQUE|MATERIALIZED|EXTERNAL|VIRTUAL|GLOBAL|LOCAL|UNLOGGED|OR\\s+REPLACE|FULLTEXT|IF|NODE|REL"
)
_STATEMENT = lazily(
    rf"""
    (?: \s | \( | --[^\n]*(?:\n|$) | /\*(?:[^*]|\*(?!/))*\*/ | {MARK} )*
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
      | TRUNCATE \s+ TABLE \b
      | WITH \s+ (?:RECURSIVE\s+)? [\w{MARK}"]+ \s* (?:\([^)]*\)\s*)? AS \b
      | PRAGMA \s+ [\w.{MARK}]+
      | (?:GRANT|REVOKE) \b .* \b (?:ON|TO|FROM) \b
      | (?:CALL|EXEC|EXECUTE) \s+ [\w.{MARK}"]+ \s* [\(@{MARK}']
      | (?-i:CALL|EXEC|EXECUTE) \s+ [\w."]* {MARK} [\w."{MARK}]* \s* ;? \s* $
      | (?-i: (?:CREATE|ALTER|DROP) \s+ [A-Z]{{3,}} \s )
      | SET \s+ (?:(?:SESSION|LOCAL|GLOBAL)\s+)?
          (?:[\w.@{MARK}]+ \s* (?:=|TO\b) | (?:ROLE|TRANSACTION|TIME\s+ZONE|NAMES|SCHEMA|IDENTITY_INSERT)\b )
      | SHOW \s+ (?:CREATE|TABLES?|DATABASES|SCHEMAS|COLUMNS|INDEX|INDEXES|GRANTS|FULL|VIEWS|PARTITIONS|FUNCTIONS) \b
      | SHOW \s+ [\w.{MARK}]+ \s* ;? \s* $
      | (?:DESCRIBE|DESC) \s+ (?:(?:TABLE|HISTORY|EXTENDED|DETAIL|FORMATTED|KEYSPACE) \b | [\w.`"{MARK}]+ \s* ;? \s* $)
      | USE \s+ (?:(?:DATABASE|SCHEMA|ROLE|WAREHOUSE|CATALOG|KEYSPACE)\s+)? [\w.`"\[\]{MARK}]+ \s* ;? \s* $
      | ALTER \s+ (?:SESSION|SYSTEM|ACCOUNT|DEFAULT|GROUP|LOGIN) \b
      | SELECT \s+ (?:DISTINCT\s+)? (?:\*|[\w."`{MARK}]+\s*,|'[^']*'|{MARK}\s*$)
      | (?:OPTIONAL\s+)? MATCH \s+ (?:\w+\s*=\s*)? \(
      | MATCH \s* \( .* \b(?:RETURN|SET|DELETE|CREATE|MERGE|WITH|REMOVE|CALL)\b
      | (?:MERGE|CREATE) \s+ (?:\w+\s*=\s*)? \( [\s\w`{MARK}]* [:)\{{] .* $
      | UNWIND \b .* \b AS \b
      | (?:DETACH\s+)? DELETE \s+ [\w{MARK}]+ \s* $
      | CALL \s+ (?:\w+\.)+ \w+ \s* \(
      | (?:DEFINE|REMOVE|INFO\s+FOR) \s+ (?:TABLE|FIELD|INDEX|NAMESPACE|NS|DB|DATABASE|ANALYZER|EVENT) \b
      | RELATE \s+ .* (?:->|<-)
      | (?:CREATE|UPDATE|UPSERT) \s+ (?:ONLY\s+)? [\w:`{MARK}]+ \s+ (?:CONTENT|SET|MERGE) \b
      | DELETE \s+ (?:ONLY\s+)? [\w:`{MARK}]+ \s* (?:WHERE\b|;|$)
      | COPY \s+ [\w.("{MARK}] .* \b (?:FROM|TO) \b
      | (?:LOCK\s+TABLES?|NOTIFY|LISTEN|VACUUM|REINDEX|OPTIMIZE\s+TABLE|ANALYZE\s+TABLE
          |ATTACH\s+DATABASE|DETACH\s+DATABASE|REFRESH\s+MATERIALIZED|COMMENT\s+ON) \b
      | (?:SAVEPOINT|RELEASE\s+SAVEPOINT|ROLLBACK\s+TO\s+SAVEPOINT) \s+ \S+ \s* ;? \s* $
      | VALUES \s* \(
      | {MARK} \s* (?:WHERE|AND|OR|SET|VALUES|HAVING|ORDER\s+BY|LIMIT) \b
    )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

#: Statements that define or set something: outside of quotes no driver takes a parameter in them.
_UTILITY = lazily(
    r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*"
    r"(?:CREATE|ALTER|DROP|TRUNCATE|REINDEX|VACUUM|ANALYZE|DESCRIBE|DESC|SHOW|USE|SET|PRAGMA|GRANT|REVOKE|BEGIN"
    r"|LOCK|ATTACH|DETACH|REFRESH|COMMENT|COPY|RENAME|OPTIMIZE|CLUSTER|NOTIFY|LISTEN|SAVEPOINT|RELEASE)\b",
    re.IGNORECASE | re.DOTALL,
)
_TOKEN = lazily(
    rf"""
      (?P<mark> {MARK} )
    | (?P<comment> --[^\n]* | /\*(?:[^*]|\*(?!/))*(?:\*/|$) )
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
        "OF",
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
        "SAVEPOINT",
        "RELEASE",
        "CREATE_REPLICATION_SLOT",
        "DROP_REPLICATION_SLOT",
        "INSTALL",
        "LOAD",
        "SECRET",
        "LISTEN",
        "UNLISTEN",
        "NOTIFY",
        "FOR",
        "KEYSPACES",
        "DETAIL",
        "EXTENDED",
        "HISTORY",
        "FORMATTED",
        "CONCURRENTLY",
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
_CLOSES = lazily(r"\s*\)")
_DIRECTIONS = lazily(r"\s*(?:,|$|\)|;|LIMIT\b|OFFSET\b|NULLS\b|FETCH\b)", re.IGNORECASE)


#: What no sentence or command line has: for methods whose names say little.
_CONVINCING = lazily(
    rf"""
    (?: \s | \( | --[^\n]*(?:\n|$) | /\*(?:[^*]|\*(?!/))*\*/ )*
    (?:
        (?i: SELECT \b .* \b FROM \s+ [\w."`'\[({MARK}⟨] )
      | (?i: INSERT \s+ (?:OR\s+\w+\s+|IGNORE\s+|OVERWRITE\s+)? (?:INTO|TABLE) \b .* (?:\( | \bSELECT\b) )
      | (?i: UPDATE \s+ \S+ \s+ (?:(?:AS\s+)?\w+\s+)? SET \s .* = )
      | (?i: DELETE \s+ FROM \s+ [\w."`\[{MARK}]+ \s* (?:;|$|WHERE\b|USING\b) )
      | (?i: WITH \s+ [\w"{MARK}]+ \s+ AS \s* \( .* SELECT \b )
      | (?i: (?:CREATE|DROP|ALTER|TRUNCATE) \s+ (?:OR\s+REPLACE\s+)?
            (?:TEMP\s+|TEMPORARY\s+|EXTERNAL\s+|MATERIALIZED\s+)? (?:TABLE|VIEW|INDEX|KEYSPACE|SCHEMA|DATABASE) \s+
            (?:IF\s+(?:NOT\s+)?EXISTS\s+)? [\w."`{MARK}]+ \s*
            (?:\(|;|$|AS\b|ON\b|CASCADE\b|ADD\b|DROP\b|WITH\b|RENAME\b|USING\b) )
      | (?i: (?:OPTIONAL\s+)? MATCH \s* (?:\w+\s*=\s*)? \( .* \) .*
            \b(?:RETURN|SET|DELETE|CREATE|MERGE|WITH|REMOVE|WHERE)\b )
      | (?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|TRUNCATE|SHOW|DESCRIBE|EXPLAIN|PRAGMA|USE|SET|GRANT|REVOKE
          |CALL|MERGE|MATCH|UNWIND|COPY|VACUUM|ANALYZE|REFRESH|WITH|REPLACE|DETACH|DEFINE|RELATE|UPSERT|ATTACH) \s
    )
    """,
    re.VERBOSE | re.DOTALL,
)


def looks_like_sql(pieces: Pieces, *, convincing: bool = False) -> bool:
    """Whether the text begins as a statement of SQL does, and goes on like one."""
    text = joined(pieces, MARK)
    return _STATEMENT.match(text) is not None and (not convincing or _CONVINCING.match(text) is not None)


class Slot(NamedTuple):
    """A hole in a statement: what it stands for, and what stands around it.

    quoted: the quoted text that it is in, holes as `MARK`. clause: the word that rules the place. number: how many
    positional parameters of the form `$n` the statement has. defines: it is a statement that takes no parameters.
    unplaced: no placeholder is written out in the text. lists: it is all of a list of values.
    """

    hole: Hole
    role: str
    quoted: str
    clause: str
    number: int
    defines: bool = False
    unplaced: bool = False
    lists: bool = False


def slots(pieces: Pieces) -> list[Slot]:
    """Each hole with what it stands for.

    value: a parameter could take its place. identifier: a table, column or other name. keyword: a sort order or the
    like. condition: a clause of its own. placeholder: what the
    program binds something to. statement: the text before or after it is another's whole statement.
    """
    text = joined(pieces, MARK)
    holes = [piece for piece in pieces if isinstance(piece, Hole)]
    takes_parameters = not _UTILITY.match(text)
    cypher = _CYPHER.match(text) is not None
    roles: list[str] = []
    quoted: list[str] = []
    clauses: list[str] = []
    context = _Context()
    placed = _PLACED.search(text) is not None
    lists: set[int] = set()
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        token = match[0]
        inside = token.count(MARK)
        if kind == "mark":
            role = context.role(text, match.start(), match.end())
            if _is_placeholder(text, match.start(), cypher):
                role = "placeholder"
            elif role in ("argument", "condition") and not takes_parameters:
                role = "keyword"
            elif role == "value" and not takes_parameters and context.previous != "DEFAULT" and not context.in_view:
                role = "identifier" if context.previous in ("IN", "LIKE") else "keyword"
            if role == "value" and _LISTS.search(text, 0, match.start()) and _CLOSES_LIST.match(text, match.end()):
                lists.add(len(roles))
            roles.append(role)
            quoted.append("")
            clauses.append("IN" if context.previous == "IN" else context.clauses[-1])
        elif inside:
            roles += [context.quoted_role(kind, text, match.end())] * inside
            quoted += [token if kind == "quoted" or token[0] == '"' else ""] * inside
            clauses += [context.clauses[-1]] * inside
        elif token == ";":
            takes_parameters = not _UTILITY.match(text, match.end())
        context.read(kind, token)
    roles = [
        ("identifier" if _COLUMN.search(spelling(hole.node) or "") else "value") if role == "argument" else role
        for hole, role in zip(holes, roles, strict=False)
    ]
    missing = len(holes) - len(roles)
    roles += ["value"] * missing
    quoted += [""] * missing
    clauses += [""] * missing
    # What names a column in one place names it in the next one, unless quotes say otherwise.
    names = {_subject(hole) for hole, role in zip(holes, roles, strict=True) if role == "identifier"}
    number = max((int(found) for found in _NUMBERED.findall(text)), default=0)
    defines = _UTILITY.match(text) is not None
    return [
        Slot(
            hole,
            "identifier" if role == "value" and _subject(hole) in names and not around else role,
            around,
            clause,
            number,
            defines,
            not placed,
            index in lists,
        )
        for index, (hole, role, around, clause) in enumerate(zip(holes, roles, quoted, clauses, strict=True))
    ]


#: Placeholders that the text itself writes out.
_PLACED = lazily(rf"\?|%s|%\([^)]*\)s|(?<![:\w]):[a-zA-Z_{MARK}]|\$[\d{MARK}]|@[\w{MARK}]")
_LISTS = lazily(r"(?i)\b(?:VALUES|IN)\s*\(?\s*\Z")
_CLOSES_LIST = lazily(r"(?i)\s*(?:\)|;|\Z|ON\b|RETURNING\b|AS\b|AND\b|ORDER\b)")
_KEY = lazily(r"\s*:(?!:)")
#: What speaks of a column where a function takes it or a value.
_COLUMN = lazily(r"(?i)(?:^|[._])(?:col|column|field|attr|table|schema)s?(?:_?name)?s?(?:$|[.\[])|column_map")
_CYPHER = lazily(r"(?i)[\s(]*(?:MATCH|OPTIONAL|MERGE|UNWIND|CREATE\s*\(|CALL|WITH|DETACH|USING)\b")


def _is_placeholder(text: str, start: int, cypher: bool) -> bool:
    """Whether a hole is the name or number of a parameter: `$1`, `:name`, `@name`, `%(name)s`."""
    before = text[start - 1 : start]
    if before in ("$", "@") or text.endswith("%(", 0, start):
        return True
    if before != ":" or cypher:
        return False
    return re.search(r"(?:^|[\s,(=<>|+\-*/%]):$", text[max(0, start - 2) : start]) is not None


_NUMBERED = lazily(r"\$(\d{1,3})\b")


def _subject(hole: Hole) -> object:
    """Equal for holes that one name fills."""
    return spelling(hole.node) or hole


class _Context:
    """What was read before a hole: the last word that matters, by bracket level."""

    def __init__(self) -> None:
        self.previous = ""  # the last token, words in upper case
        self.kind = ""
        self.before = ""  # the kind of the token before the last one
        self.first = True
        self.clauses = [""]  # the clause word that rules each open bracket
        self.words: set[str] = set()  # of this statement

    @property
    def in_view(self) -> bool:
        """Whether this is the query that a view or a new table is made from."""
        return "CREATE" in self.words and "SELECT" in self.words and not self.words.isdisjoint(("VIEW", "TABLE"))

    def read(self, kind: str, token: str) -> None:
        if kind == "comment":
            return
        if kind == "word":
            word = token.upper().rstrip(".")
            self.words.add(word)
            if word in _CLAUSES:
                self.clauses[-1] = word
        elif token in ("(", "["):
            # After a comparison, in a function too, stands a value.
            function = self.kind == "word" and self.before == "operator" and self.previous not in _CLAUSES
            after_operator = self.kind == "operator" or function
            word = self.previous if self.kind == "word" else self.clauses[-1]
            self.clauses.append("=" if after_operator and word not in ("ANY", "ALL", "ARRAY") else word)
        elif token in (")", "]") and len(self.clauses) > 1:
            self.clauses.pop()
        elif token == ";":
            self.clauses = [""]
            self.words.clear()
        self.first = self.first and kind == "mark"
        self.before = self.kind
        self.previous = token.upper()
        self.kind = kind

    def quoted_role(self, kind: str, text: str, end: int) -> str:
        """What a hole within quotes or a comment stands for."""
        if kind == "identifier":
            if self.previous == "WHEN" and _COMPARES.match(text, end):
                return "identifier"
            # Some dialects take double quotes for text too: where a value belongs, it is one.
            listed = self.previous in ("(", ",") and self.clauses[-1] in ("IN", "VALUES")
            compared = self.kind == "operator" or self.previous in _BEFORE_VALUE or listed
            return "value" if compared else "identifier"
        if kind == "comment":
            return "condition"
        # Some dialects take single quotes around names, too: `INTO 'name' ('column', …)`.
        listed = len(self.clauses) > 1 and self.clauses[-2] == "INTO" and self.clauses[-1] not in _CLAUSES - {"INTO"}
        named = self.previous in ("INTO", "UPDATE", "TABLE", "JOIN") or (listed and self.previous in ("(", ","))
        return "identifier" if named else "value"

    def role(self, text: str, start: int, end: int) -> str:
        if self.first:
            return "statement"
        previous, clause, after_hole = self.previous, self.clauses[-1], text[end : end + 1]
        if start and (text[start - 1] in ":@$" or text.endswith("%(", 0, start)):
            return "identifier"  # the name of a parameter, or of a type
        if text[start - 1 : start] == "[" and text[end : end + 1] == "]" and clause != "ARRAY":
            return "identifier"
        if previous == "WITH" or (self.kind == "word" and previous in _BEFORE_STATEMENT):
            return "identifier" if previous == "WITH" else "statement"
        if (previous == "(" and clause == "AS") or (previous == ";" and text[end : end + 1] in ("", ";", "\n", " ")):
            return "statement"
        alone = after_hole == ")" or (text[start - 1 : start] == "\n" and _CLOSES.match(text, end))
        if previous == "(" and alone and clause in ("FROM", "JOIN", "EXISTS", "UNION", "ALL"):
            return "statement"
        adjacent = start > 0 and not text[start - 1].isspace()
        if text[end : end + 1] == "." or self.kind == "dot" or previous.endswith("."):
            return "identifier"
        after = text[end : end + 1]
        if after == "(" or (previous in ("{", ",") and _KEY.match(text, end)):
            return "identifier"  # the name of a function, or of a property
        if (adjacent and self.kind in ("word", "mark", "number")) or after.isalnum() or after == "_":
            # Glued to a name: it is a part of it.
            return "value" if self.kind == "number" else "identifier"
        if self.kind == "operator":
            return "identifier" if previous == "*" and clause == "SELECT" else "value"
        if self.kind == "placeholder":
            return "condition"
        if self.kind == "word":
            return self._after_word(previous, clause, text, end)
        if clause == "INTO" and not adjacent and (self.kind in ("mark", "identifier") or previous == ")"):
            return "statement"  # what is inserted
        if self.kind == "mark":
            return "keyword" if clause in ("ORDER", "BY", "GROUP", "TABLE", "COLUMN") else "condition"
        if previous in ("(", ",", "["):
            return self._in_list(previous, clause, text, end)
        if self.kind == "number" and clause == "SELECT":
            return "identifier"  # TOP 10 name
        return "condition"

    def _after_word(self, previous: str, clause: str, text: str, end: int) -> str:
        if previous in ("TIMESTAMP", "DATE") and clause in ("WHERE", "ON", "HAVING", "BY"):
            return "condition"  # a column of that name: a literal of that type has quotes
        if previous in _BEFORE_CONDITION:
            # `WHERE {column} = …` names a column; `WHERE {clause}` is a condition of its own.
            return "identifier" if _COMPARES.match(text, end) else "condition"
        if previous == "WHEN" and _COMPARES.match(text, end):
            return "identifier"
        if previous in _BEFORE_VALUE or (previous == "MATCH" and clause in _BEFORE_CONDITION | {"WHERE"}):
            return "value"
        if clause == "INTO" and previous not in _CLAUSES:
            return "statement"
        if previous == "AS" and clause in ("VIEW", "TABLE") and text[end : end + 1] in ("", ";", "\n"):
            return "statement"
        if previous == "ON" and "JOIN" in self.words:
            return "identifier" if _COMPARES.match(text, end) or text[end : end + 1] == "." else "condition"
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
        listed = any(outer in ("VALUES", "IN") for outer in self.clauses[:-1])
        if clause in _OF_COLUMNS and previous == "(" and not listed:
            return "identifier"
        if clause in ("WHERE", "AND", "OR", "NOT", "HAVING", "WHEN"):
            named = _COMPARES.match(text, end) or text[end : end + 1] == "," or previous == ","
            return "identifier" if named else "condition"
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
        return "argument"  # of a function


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
_BEFORE_STATEMENT = frozenset(["EXPLAIN", "PLAN", "ANALYZE", "VERBOSE"])
#: Functions whose first argument is nearly always a column.
_OF_COLUMNS = frozenset(
    [
        "COUNT",
        "SUM",
        "MIN",
        "MAX",
        "AVG",
        "LOWER",
        "UPPER",
        "COALESCE",
        "IFNULL",
        "NULLIF",
        "SUBSTR",
        "SUBSTRING",
        "TRIM",
        "LENGTH",
        "ROUND",
        "ABS",
        "CAST",
        "EXTRACT",
        "DATE",
        "JSON_EXTRACT",
        "TOTAL",
        "GROUP_CONCAT",
        "STRING_AGG",
        "ARRAY_AGG",
        "MEDIAN",
        "STDDEV",
        "VARIANCE",
        "UNNEST",
        "YEAR",
        "MONTH",
        "DAY",
    ]
)
#: Clauses whose lists hold names.
_NAMED = frozenset(["SELECT", "BY", "ORDER", "FROM", "JOIN", "INTO", "TABLE", "ON", "USING", "INDEX", "VIEW", "PRAGMA"])
_COMPARES = lazily(
    r"\s*(?:=|<|>|!=|~|::|\+|-|\*|/|@>|@@|\?\||&&|\b(?:LIKE|ILIKE|IN|NOT|IS|BETWEEN|REGEXP|RLIKE|SIMILAR|GLOB)\b)",
    re.IGNORECASE,
)
