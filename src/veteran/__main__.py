"""`python -m veteran`."""

from __future__ import annotations

import sys

from veteran.frontends.cli import run

if __name__ == "__main__":
    sys.exit(run())
