"""A linter that reviews Python the way a senior engineer does."""

from __future__ import annotations

__version__ = "0.1.0"
