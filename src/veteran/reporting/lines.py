"""Source lines for the formats that show them, read again only where something was found."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from veteran.reading import read
from veteran.reporting import ReadLine


def line_reader(given: Mapping[str, bytes]) -> ReadLine:
    """Reads lines of files; `given` holds what is not, or not yet, on disk (standard input)."""

    @lru_cache(maxsize=16)
    def lines(path: str) -> list[str]:
        try:
            data = given[path] if path in given else read(path)
        except (OSError, ValueError):
            return []
        # The lines that Python sees, in a tenth of the time that a pattern takes.
        return _decode(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def read_line(path: str, line: int) -> str | None:
        found = lines(path)
        return found[line - 1] if 0 < line <= len(found) else None

    return read_line


def _decode(data: bytes) -> str:
    """The text, whatever it takes: a file that cannot be decoded is what VET001 has to show."""
    from veteran.analysis.syntax.source import BOM, SourceError, declared_encoding

    bom = data.startswith(BOM)
    try:
        encoding = declared_encoding(data[len(BOM) :] if bom else data, bom)
        return data.decode("utf-8-sig" if bom else encoding, errors="replace")
    except (SourceError, LookupError, ValueError):
        return data.decode("latin-1")
