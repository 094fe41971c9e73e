"""What names say of HTTP responses and of checks: conventions that serve as evidence, never as proof."""

from __future__ import annotations

import re

#: Functions that check what they are given, or raise for it.
CHECKS = re.compile(
    r"(?i)valid|check|ensure|verify|assert|schema|raise_(?:for|on|if)|sanit|conform|expect|require|is_error|has_error"
)
#: Decorators and context managers that see to what is raised in them.
CATCHING = re.compile(
    r"(?i)suppress|catch|swallow|handle_?(?:api_?)?(?:err|exc)|(?:err|exc)\w*_handler|ignore_err|safe_"
)
#: Loops and groups of tasks: their methods wait for what they are given, as others of the same name do not.
RUNNERS = re.compile(r"(?i)loop$|group$|^tg$|nursery$|^_?hass$")
#: What a response is called that nothing else tells of.
RESPONSES = ("response", "resp", "res", "rsp")
#: What is in the text of every function that checks: without one of these it is not looked at.
MAY_CHECK = (
    *("raise", "assert", "alid", "heck", "nsure", "erify", "chema", "xpect", "equire", "onform", "anit", "structure"),
    "from_",
)
