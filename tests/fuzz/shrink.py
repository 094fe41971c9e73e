"""Smaller programs with the same problem."""

from __future__ import annotations

from collections.abc import Callable


def shrink(program: bytes, fails: Callable[[bytes], bool], tries: int) -> bytes:
    """The program with as few lines as were found with so many tries. fails: whether a part still has the problem."""
    lines = program.splitlines(keepends=True)
    size = max(len(lines) // 2, 1)
    while True:
        start = 0
        before = len(lines)
        while start < len(lines):
            if not tries:
                return b"".join(lines)
            tries -= 1
            less = lines[:start] + lines[start + size :]
            if fails(b"".join(less)):
                lines = less
            else:
                start += size
        if size == 1 and len(lines) == before:
            return b"".join(lines)
        size = max(size // 2, 1)
