"""`python -m veteran`, where the working directory is on the path until `secure` is called."""

import sys

from veteran.imports import secure

if __name__ == "__main__":
    secure()
    from veteran.frontends.cli import run

    sys.exit(run())
