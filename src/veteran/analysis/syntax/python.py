"""What Python itself says of names, whatever is installed."""

from __future__ import annotations


def is_class_private(name: str) -> bool:
    """Whether Python spells the name anew for each class, so that no class inherits it."""
    return name.startswith("__") and not name.endswith("__")
