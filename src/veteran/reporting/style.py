"""What makes text fit for a terminal: colours, escapes, widths."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TextIO

SGR = {
    "bold": "1",
    "dim": "2",
    "code": "1;31",
    "mark": "1;31",
    "note": "1;34",
    "good": "1;32",
}
#: `paint(text, kind)` with a kind of SGR.
Paint = Callable[[str, str], str]


def painter(color: bool) -> Paint:
    """What colours a piece of text, or leaves it as it is."""
    if not color:
        return lambda text, kind: text
    return lambda text, kind: f"\x1b[{SGR[kind]}m{text}\x1b[0m"


def wants_color(choice: str, stream: TextIO) -> bool:
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


def is_terminal(stream: TextIO) -> bool:
    """Whether the stream is a terminal that understands cursor movements and colours."""
    return os.environ.get("TERM") != "dumb" and stream.isatty()


def printable(text: str) -> str:
    r"""The text with what a terminal would obey or cannot show as `\x1b`, `\u202e`, `\udc80`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def width(text: str) -> int:
    """How many columns printable text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
