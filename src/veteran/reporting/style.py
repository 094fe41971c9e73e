"""What makes text fit for a terminal and for the log of a CI system: colours, escapes, widths."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any, TextIO

SGR = {
    "bold": "1",
    "dim": "2",
    "code": "1;31",
    "mark": "1;31",
    "note": "1;34",
    "good": "1;32",
}
#: How Azure (`##vso[`), GitHub (`##[`) and TeamCity know a command, wherever in a line it stands.
COMMAND = re.compile(r"(?<=##)(\w*)\[")
#: What a path may begin a line with; `::`, `##` and `---` begin commands of CI systems.
_HARMLESS = re.compile(r"[\w./\\<]")
#: `paint(text, kind)` with a kind of SGR.
Paint = Callable[[str, str], str]


def painter(color: bool) -> Paint:
    """What colours a piece of text, or leaves it as it is."""
    if not color:
        return lambda text, kind: text
    return lambda text, kind: f"\x1b[{SGR[kind]}m{text}\x1b[0m"


def wants_color(choice: str, stream: TextIO | None) -> bool:
    """Whether to colour; `choice` is `auto`, `always` or `never`.

    `auto` asks NO_COLOR (https://no-color.org), then FORCE_COLOR, then the stream.
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal(stream)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether the stream is a terminal that understands cursor movements and colours; None: it is closed."""
    return stream is not None and os.environ.get("TERM") != "dumb" and stream.isatty()


def printable(text: str) -> str:
    r"""The text on one line, with what a terminal or CI would obey or cannot show as `\x1b`, `\u202e`, `##vso\x5b`."""
    if not text.isprintable():
        text = "".join(map(_printable, text))
    return COMMAND.sub(r"\1\\x5b", text) if "##" in text else text


def cells(text: str) -> list[str]:
    """The same, character by character."""
    shown = list(text) if text.isprintable() else list(map(_printable, text))
    for found in COMMAND.finditer(text) if "##" in text else ():
        shown[found.end() - 1] = "\\x5b"
    return shown


def _printable(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def first(path: str) -> str:
    """A path that begins a line, `printable`. One that could be taken for a command of CI is shown as `./::error…`."""
    text = printable(path)
    return text if _HARMLESS.match(text) else f"./{text}"


def as_json(value: Any) -> str:
    """An object as indented JSON. Pure ASCII, so that no encoding and no name can break it, and no command of CI."""
    return COMMAND.sub(r"\1\\u005b", json.dumps(value, indent=2))


def width(text: str) -> int:
    """How many columns printable text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
