"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A user's cache directory for the tests alone, those of other processes included."""
    home = tmp_path_factory.mktemp("user") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(home))
        yield home / "veteran" / "secret"
