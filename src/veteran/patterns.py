"""Regular expressions that are compiled when they are first used: many runs need few of them."""

from __future__ import annotations

import re
from typing import Any, cast


class _Lazily:
    """A pattern to be. Its methods become attributes when they are asked for."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(*self._given), name)
        setattr(self, name, value)
        return value


def lazily(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """As `re.compile`, but for functions of `re` that are given a pattern."""
    return cast("re.Pattern[str]", _Lazily(pattern, flags))
