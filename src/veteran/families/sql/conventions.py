"""What names and words say of SQL, where nothing else is known: conventions that serve as evidence, never as proof."""

from __future__ import annotations

import re

#: Files that are run once, when somebody deploys: what is built into their SQL comes from the project itself.
MIGRATIONS = re.compile(
    r"(?i)(?:^|[\\/])(?:(?:migrations?|migration_\w+|alembic|upgrades)[\\/]|(?:\w+_)?migrations?\.py$)"
)
#: Amounts, sizes, spans of time and positions: as a rule no text.
NUMBERS = re.compile(
    r"(?i)(?:^|_)(?:limit|offset|count|num|size|length|timeout|seconds|secs|ms|minutes|hours|days|width|dims?|dimensions?"
    r"|k|top|page|port|ttl|batch|interval|index|idx|version|number|max|min|oid|pid)s?$"
)
#: Of these, those that are names where an identifier stands: of an index, a table of versions, a page.
INDEX = re.compile(r"(?i)index|idx|version|page")
#: Numbers where no quotes stand around them; in quotes they may be anything.
COUNTED = re.compile(
    r"(?i)^(?:n|nb|num|max|min)_\w+$|(?:^|_)(?:rows|ts|epoch|step|slot|block|height|depth|level|year|month|day|hour|minute"
    r"|chunk|shard|weight|score|threshold|lat|lon|lng|latitude|longitude|radius|distance|zoom|amount|price|quantity|bins?"
    r"|x|y|[xy]_?(?:min|max))$"
)
#: Pieces of SQL that code has put together: judged where that is done.
FRAGMENTS = re.compile(
    r"(?i)(?:^|_)(?:sql|ddl|definitions?|fragment|suffix)$|_(?:clauses?|exprs?|expressions?|placeholders)$"
)
#: What a name has in it that holds a statement.
STATEMENT_NAMES = re.compile(
    r"(?i)sql|query|queries|quer|stmt|statement|select|cypher|command|ddl|script|cte|expression"
)
#: Whoever runs the program writes its configuration: no user does.
SETTINGS = re.compile(
    r"(?i)^_*(?:settings|config|conf|cfg|configuration|options|opts|constants|const|meta)$|_(?:config|settings|conf|cfg)$|(?:Config|Settings)$"
)
#: What was read out of the database or its catalogue is spelled as the database has it.
READ = re.compile(
    r"(?i)fetch\w*$|inspect\w*$|reflect\w*$|scalars?$|^execute\w*$"
    r"|(?:get|list|find|load|read|show)_?\w*(?:tables?|names|columns|schemas|views|indexes|partitions|databases)$"
)
#: Attributes that are made to hold a clause, which code has put together.
CLAUSES = re.compile(
    r"(?i)(?:^|_)(?:where|filters?|cond(?:ition)?s?|clauses?|criteria|predicates?|restrictions?|having|joins?)"
    r"(?:_(?:sql|clause|str|string|expr|stmt))?$"
)
#: What rows come from: iterated over, it gives what the database holds.
ROWS = re.compile(r"(?i)(?:^|_)(?:cur|cursor|resultset)$")
#: Names of tables and the like, which an object keeps for itself.
OBJECT = re.compile(r"(?i)(?:^|_)(?:table|view|sequence|index|column|schema|trigger|keyspace)s?(?:_?name)?$")
#: The layer of a program that knows how its database spells things.
LAYER = re.compile(r"(?i)(?:^|_)(?:db|database|conn|connection|cursor|dialect|ops|engine|adapter|backend)$")
#: What a receiver is called whose methods take a statement.
DATABASES = re.compile(r"(?i)(?:^|_)(?:db|database|conn|connection|cur|cursor)$")
#: What a helper is given to execute a statement on.
GIVEN = re.compile(r"(?i)(?:^|_)(?:db|conn|connection|con|cur|cursor|cr|session|engine)$")
#: What functions are called that say, quote or keep a text and execute none.
NO_QUERY = re.compile(
    r"(?i)(?:^|_)log(?:_|$)|debug|info|warn|error|print|quote|escape|format|parse|append|^add|register|notif|^get$|^set|compile|render"
    r"|valid|comment|message|explain_|tokeni[sz]e|title|description"
)
#: Functions that make a query object of their first argument; projects import them under these names.
WRAPS = frozenset(["text", "sa_text", "sql_text", "_text", "TextClause", "SimpleStatement", "literal_sql"])
#: Functions that say something to people: their texts may hold words of SQL.
SPEAKS = frozenset(
    [
        *("debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "echo", "secho"),
        *("add_argument", "Option", "Argument", "option", "argument", "fail", "skip", "_", "gettext", "fatal"),
        *("gettext_lazy", "notice", "message", "add_error", "abort", "trace", "status", "success", "help", "panic"),
    ]
)
#: Exceptions, whose texts are for people as well.
RAISED = re.compile(r"(?:Error|Exception|Warning|Invalid|Exit|Abort|Failure|Failed)$")
