"""Where git keeps what a repository ignores besides its ignore files."""

from __future__ import annotations

import os

from veteran.reading import TEXT_LIMIT, read


def exclude_files(directory: str) -> list[str]:
    """The exclude file of the repository in a directory, whose path ends in a slash, behind the files that lead there.

    Of a work tree or submodule `.git` is a file that names another directory, wherever that is, and what several work
    trees share lies in yet another one.
    """
    place = f"{directory}.git"
    leading = [place]
    target = _pointed(place, b"gitdir: ")
    if target:
        place = os.path.join(directory, target)  # noqa: PTH118 - text, as all paths here
    leading.append(f"{place}/commondir")
    target = _pointed(leading[-1], b"")
    if target:
        place = os.path.join(place, target)  # noqa: PTH118
    return [*leading, f"{place}/info/exclude"]


def _pointed(source: str, start: bytes) -> str:
    """The path that a file of git's holds behind these bytes; empty where it is no such file."""
    try:
        data = read(source, TEXT_LIMIT)
    except (OSError, ValueError):
        return ""
    if not data.startswith(start) or b"\0" in data:
        return ""
    return os.fsdecode(data.removeprefix(start).rstrip(b"\r\n"))
