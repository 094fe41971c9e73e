"""flake8 with some of the installed plugins only: `python flake8_with.py flake8-async -- ARGUMENTS`.

flake8 runs every plugin that is installed, whatever it is asked to select, so one environment could not
compare flake8 alone with flake8 and one plugin.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterable, Sequence
from typing import Any

GROUPS = frozenset(["flake8.extension", "flake8.report"])
OWN = ("flake8", "pycodestyle", "pyflakes", "mccabe")


def only(plugins: Sequence[str]) -> None:
    """Hides the plugins of all other distributions from this process."""
    everything = importlib.metadata.distributions
    kept = frozenset((*OWN, *plugins))

    def distributions(**options: Any) -> Iterable[importlib.metadata.Distribution]:
        for found in everything(**options):
            if GROUPS.isdisjoint(entry.group for entry in found.entry_points) or found.metadata["Name"] in kept:
                yield found

    importlib.metadata.distributions = distributions


def main(arguments: Sequence[str]) -> int:
    """Runs flake8."""
    split = arguments.index("--")
    only(arguments[:split])
    from flake8.main.cli import main as flake8

    return int(flake8(list(arguments[split + 1 :])))


if __name__ == "__main__":
    del sys.path[0]  # this directory, whose modules are not flake8's business
    sys.exit(main(sys.argv[1:]))
