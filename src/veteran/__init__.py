"""A linter that reviews Python the way a senior engineer does."""

__version__ = "0.1.0"
