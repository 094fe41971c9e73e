"""The flake8 plugin: veteran's findings in a flake8 run.

flake8 imports this module in every run and in every worker process, so it imports nothing heavy.
It keeps no state: flake8's options come with each file, however its process was started.
"""

from __future__ import annotations

from veteran import __version__
from veteran.imports import Secured

with Secured():  # `python -m flake8` has the working directory on the path
    from pathlib import Path
    from typing import TYPE_CHECKING

    from veteran.findings import INTERNAL, UNPARSABLE

if TYPE_CHECKING:
    import argparse
    import ast
    from collections.abc import Iterator

    from flake8.options.manager import OptionManager

    from veteran.findings import Finding
    from veteran.settings import Settings

    Reported = tuple[int, int, str, type["Plugin"]]

#: Option and its help. They exist beside flake8's own because those cannot keep a rule off:
#: `--select VET` turns on all there is, and any `--ignore` drops what a plugin asks to leave out.
SELECTIONS = {
    "select": "Run these rules of veteran, in place of those that its configuration selects",
    "extend-select": "Run these rules of veteran as well",
    "ignore": "Do not run these rules of veteran",
}
MIN_CONFIDENCE = "min-confidence"
#: As much of a text as its first two lines, in all that declare an encoding.
_BEGINNING = 10_000


class Plugin:
    """The check of one file; flake8 makes one for each file that Python itself can parse."""

    name = "veteran"
    version = __version__

    def __init__(
        self,
        tree: ast.AST,  # its name tells flake8 to ask once for the whole file
        filename: str,
        lines: list[str],
        options: argparse.Namespace | None = None,
    ) -> None:
        """The arguments are named as flake8 offers them; without options its defaults hold."""
        self.filename = filename
        self.lines = lines
        self.options = options

    @staticmethod
    def add_options(manager: OptionManager) -> None:
        """Declares the options, which also count in flake8's configuration file."""
        for name, text in SELECTIONS.items():
            manager.add_option(
                f"--veteran-{name}",
                metavar="RULES",
                parse_from_config=True,
                comma_separated_list=True,
                help=f"{text}: codes, prefixes or names, separated by commas.",
            )
        manager.add_option(
            f"--veteran-{MIN_CONFIDENCE}",
            metavar="LEVEL",
            parse_from_config=True,
            help="Report only what veteran is this sure of, or surer: low, medium or high.",
        )

    def run(self) -> Iterator[Reported]:
        """Yields line (from 1), column (from 0), `CODE message` and type. Never raises."""
        with Secured():
            reported = self._reported()
        yield from reported

    def _reported(self) -> list[Reported]:
        try:
            findings = self._findings()
        except Exception as error:  # whatever escapes ends the run for all files
            return [(1, 0, f"{INTERNAL} {_explained(error)}", Plugin)]
        from veteran.reporting.style import printable

        return [(f.span.line, f.span.column - 1, f"{f.code} {printable(f.message)}", Plugin) for f in findings]

    def _findings(self) -> list[Finding]:
        import os

        from veteran.runs.one_file import check_text
        from veteran.runs.store import shared

        settings = self._settings()
        if settings.excluded(Path(self.filename)):
            return []
        suppress = not getattr(self.options, "disable_noqa", False)
        text = "".join(self.lines)
        found = check_text(self.filename, text, settings, suppress=suppress, stores=shared(os.getpid()))
        # flake8 itself reports what is no valid program, as E902 or E999.
        found = [finding for finding in found if finding.code != UNPARSABLE]
        return found if found and self._is_decoded(text) else []

    def _is_decoded(self, text: str) -> bool:
        """Whether Python decodes the file; flake8 reads what it cannot decode as latin-1."""
        from veteran.analysis.syntax.source import BOM, SourceError, declared_encoding, decoded
        from veteran.reading import read

        try:
            declared_encoding(text[:_BEGINNING].encode("utf-8", "surrogatepass"), False)
        except SourceError:
            return False
        try:
            data = read(self.filename)
        except (OSError, ValueError):  # it came from elsewhere, under a name
            return True
        try:
            decoded(data)
        except SourceError:
            return "".join(data.removeprefix(BOM).decode("latin-1").splitlines()) != "".join(text.splitlines())
        return True

    def _settings(self) -> Settings:
        """veteran's own configuration for the file, with flake8's options on top."""
        from veteran.settings import ConfigError, load, override

        fields = [name.replace("-", "_") for name in (*SELECTIONS, MIN_CONFIDENCE)]
        given = {name: getattr(self.options, f"veteran_{name}", None) for name in fields}
        settings = load(Path(self.filename).parent)
        try:
            return override(settings, **given)
        except ConfigError as error:
            option = str(error).removeprefix("command line: ")
            raise ConfigError(f"--veteran-{option}") from None


def _explained(error: Exception) -> str:
    """What went wrong, on one line."""
    from veteran.reporting.style import printable
    from veteran.settings import ConfigError

    text = printable(" ".join(str(error).split()))
    if isinstance(error, ConfigError):
        return text
    return f"veteran failed on this file: {type(error).__name__}: {text}"
