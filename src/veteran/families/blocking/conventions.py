"""What names say of calls that may wait, and of when they run: conventions that serve as evidence, never as proof."""

from __future__ import annotations

import re

#: What a path or an address is called that nothing else tells of.
PATH = re.compile(r"(?i)path|file_?name|fname|url|uri|dir(?:ectory)?$|folder")
#: Functions that await what they are given if it can be awaited.
MAYBE_AWAITS = re.compile(
    r"(?i)_?(?:ensure|maybe|await)_?(?:is_?)?(?:async|await(?:able|ed)?|coro(?:utine)?|maybe|if_?\w+|me_maybe)"
)
#: Flags of code for both kinds of callers: without it, no event loop is in use,
ASYNCHRONOUS = re.compile(r"_?(?:is_|use_|run_)?async(?:hronous|io)?(?:_mode)?")
#: and with it, neither.
SYNCHRONOUS = re.compile(r"_?(?:is_|use_|run_)?sync(?:hronous)?(?:_mode)?")
#: Methods that put something into a cache,
PUTS = re.compile(r"(?:set|put|add|store|save|update|cache)(?:_(?:cached?|item|value|entry|default|set))?|setdefault")
#: and those that look there first.
FETCHES = re.compile(r"(?:get|pop|fetch|lookup|load|cache)(?:_(?:cached?|item|value|entry|get))?")
#: A constant of a module that switches something on: where it is deployed, it mostly is off.
CONSTANT = re.compile(r"_*[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|_*DEBUG")
#: What holds switches of things that are tried out.
FLAGS = re.compile(r"(?i)_*(?:feature_?|experiment(?:al|s)?_?)(?:flags?|toggles?|switches)?|flags")
#: What is off in production.
OFF = re.compile(
    r"(?i)_*(?:(?:is|in|use|enable)_)?(?:debug|verbose|dry_?run|profiling|legacy|experimental|testing|offline)(?:_?mode)?"
)
#: What asks for somebody at a terminal: nothing is served there.
INTERACTIVE = re.compile(
    r"(?i)_*(?:is_?a?_?tty|(?:is|in)_(?:an?_)?(?:interactive|terminal|notebook|ipython|jupyter|colab)\w*)"
)
#: What asks for a system that servers rarely run on,
UNUSUAL = re.compile(
    r"(?i)_*(?:(?:is|on|in)_?|running_on_)?"
    r"(?:windows|win32|win64|win|mac|mac_?os|os_?x|darwin|cygwin|android|ios|pypy|jython|emscripten|pyodide|wasm)"
)
#: and for the usual one.
USUAL = re.compile(r"(?i)_*(?:(?:is|on)_?|running_on_)(?:linux|posix|unix|cpython)")
#: Functions of projects that tell whether an event loop runs.
IN_LOOP = re.compile(
    r"(?i)(?:\w+\.)*(?:_*(?:is_|has_|in_|inside_)+(?:an?_)?(?:running_|active_)?"
    r"(?:async|event_loop|loop|asyncio)(?:_\w+)?|running_in_\w*(?:async|loop)\w*)"
)
#: Functions of projects that read a variable of the environment, which is set where something is unusual.
ASKS_ENVIRONMENT = re.compile(
    r"(?i)_*(?:(?:get|read|is|has|parse|check|str|bool|int|flag|truthy)_)*env(?:_?var|ironment)?"
    r"(?:_(?:var|bool|int|str|flag|set|true|truthy|enabled|get))*"
)
