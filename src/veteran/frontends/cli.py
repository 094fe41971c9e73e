"""The `veteran` command.

Only the parser is imported at the start: `veteran --version` costs what argparse costs.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys

from veteran import __version__

TYPE_CHECKING = False  # that of `typing`, without its import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from typing import Any, NoReturn, TextIO

    from veteran.discovery import Discovered
    from veteran.findings import Finding, Outcome
    from veteran.reporting import ReadLine
    from veteran.reporting.progress import Progress
    from veteran.settings import Settings
    from veteran.snapshot import Trace

CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130
FORMATS = ("full", "concise", "json")
STDIN = "-"


class UsageError(Exception):
    """Something the user has to change; the text says what."""


def run() -> int:
    """The command as a process of its own: it ends before the garbage collector could be of use."""
    gc.disable()
    return main()


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns the exit code; SystemExit for what argparse itself answers."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # an ASCII terminal must not end the run
    try:
        options = _parse(sys.argv[1:] if argv is None else argv)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except UsageError as error:
        _complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:
        from traceback import format_exc

        _complain("this is a bug in veteran, please report it")
        _print([format_exc()], sys.stderr)
        return FAILED


# The parser


class _Formatter(argparse.HelpFormatter):
    """Knows the terminal's width without `shutil`, whose import costs half as much as argparse."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, **{"width": _terminal_width() - 2, **options})


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Formatter, allow_abbrev=False, **options)

    def _print_message(self, message: str, file: Any = None) -> None:
        _print([message.rstrip("\n")], file)  # help may lose its reader, too

    def error(self, message: str) -> NoReturn:
        _complain(f"{message} (see `{self.prog} --help`)")
        self.exit(FAILED)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(prog="veteran", description="Finds the pitfalls that pass every style check.")
    parser.add_argument("--version", action="version", version=f"veteran {__version__}")
    commands = parser.add_subparsers(prog="veteran", metavar="COMMAND", dest="command", required=True)
    colored = _Parser(add_help=False)
    colored.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: on terminals, unless NO_COLOR or FORCE_COLOR is set",
    )
    _add_check(commands, colored)
    _add_explain(commands, colored)
    _add_rules(commands, colored)
    _add_why(commands, colored)
    _add_clean(commands)
    _add_new(commands)

    options, rest = parser.parse_known_args(argv)
    if rest:
        late = _late_paths(rest) if options.command == "check" else None
        if late is None:
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        options.paths += late
    return options


def _late_paths(rest: list[str]) -> list[str] | None:
    """The paths among what argparse left over: it takes one run of them, `a.py -q b.py` has two.

    None if there is an unknown option.
    """
    split = rest.index("--") if "--" in rest else len(rest)
    paths = rest[:split]
    if any(path.startswith("-") and path != STDIN for path in paths):
        return None
    return paths + rest[split + 1 :]


def _add_check(commands: Any, colored: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "check",
        help="check files",
        parents=[colored],
        epilog="RULES: codes, prefixes of codes or names, separated by commas. Such options may be repeated.",
    )
    parser.set_defaults(run=_check)
    add = parser.add_argument
    add(
        "paths",
        nargs="*",
        default=[],
        metavar="PATH",
        help="files and directories, or - for standard input; default: .",
    )
    add("--stdin-filename", metavar="FILE", help="the name that standard input is checked under")
    _add_selection(parser)
    add("--output-format", choices=FORMATS, default="full", help="default: full")
    add("--statistics", action="store_true", help="show how often each code was found, only")
    add("--show-settings", action="store_true", help="print the settings of PATH and check nothing")
    add("--force-exclude", action="store_true", help="exclude files that are named as PATH, too")
    add("--exit-zero", action="store_true", help="exit with 0 when there are findings")
    add(
        "-j",
        "--jobs",
        type=_positive,
        metavar="N",
        help="processes; default: VETERAN_JOBS, or one per processor",
    )
    add("-q", "--quiet", action="store_true", help="print findings and errors only")
    add("--timings", action="store_true", help="show what took how long, on standard error")
    add("--no-cache", action="store_true", help="neither use nor write what is kept between runs")
    add("--cache-dir", metavar="DIR", help="the directory of the cache, whatever the settings say")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    """The options that decide which findings are reported."""
    add = parser.add_argument
    for name, effect in (
        ("--select", "only these rules"),
        ("--extend-select", "these rules as well"),
        ("--ignore", "not these rules"),
    ):
        add(name, action="extend", type=_comma_separated, metavar="RULES", help=effect)
    add("--min-confidence", choices=("low", "medium", "high"), help="default: medium")


def _add_why(commands: Any, colored: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "why",
        help="say what every rule concludes of a line, and why",
        parents=[colored],
        epilog="RULES: as for check.",
    )
    parser.set_defaults(run=_why)
    parser.add_argument("place", metavar="PATH:LINE", help="or PATH:LINE:COLUMN")
    _add_selection(parser)
    parser.add_argument("--output-format", choices=("full", "json"), default="full", help="default: full")


def _add_explain(commands: Any, colored: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("explain", help="print a rule's manual", parents=[colored])
    parser.set_defaults(run=_explain)
    parser.add_argument("rule", metavar="RULE", help="a code or a name")


def _add_rules(commands: Any, colored: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("rules", help="list all rules", parents=[colored])
    parser.set_defaults(run=_rules)
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def _add_clean(commands: Any) -> None:
    parser = commands.add_parser("clean", help="remove the cache")
    parser.set_defaults(run=_clean)
    parser.add_argument(
        "paths",
        nargs="*",
        default=[],
        metavar="PATH",
        help="files and directories whose settings say where the cache is; default: .",
    )
    parser.add_argument("--cache-dir", metavar="DIR", help="the directory of the cache, whatever the settings say")


def _add_new(commands: Any) -> None:
    parser = commands.add_parser("new", help="begin a rule, in a checkout of veteran's sources")
    parser.set_defaults(run=_new)
    parser.add_argument("name", metavar="NAME", help="the bad pattern, like sql-from-string")
    parser.add_argument("--code", required=True, metavar="VETnnn")


def _comma_separated(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _positive(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def _terminal_width() -> int:
    """As `shutil.get_terminal_size` has it."""
    wish = os.environ.get("COLUMNS", "")
    try:
        return int(wish) if wish.isdecimal() else os.get_terminal_size().columns or 80
    except OSError:
        return 80


# `veteran check`


def _check(options: argparse.Namespace) -> int:
    from veteran.settings import ConfigError

    paths: list[str] = options.paths or ["."]
    if STDIN in paths and len(paths) > 1:
        raise UsageError("- stands for all that is checked and allows no other path")
    if options.stdin_filename and STDIN not in paths:
        raise UsageError("--stdin-filename needs - as the path")
    try:
        settings_for = _settings_source(options)
        if options.show_settings:
            return _show_settings(paths, options, settings_for)
        if STDIN in paths:
            return _check_stdin(options, settings_for)
        return _check_paths(paths, options, settings_for)
    except ConfigError as error:
        raise UsageError(str(error)) from None


def _settings_source(options: argparse.Namespace) -> Callable[[Path], Settings]:
    """The settings that hold for a file or in a directory, the command line's included."""
    from functools import cache

    from veteran.settings import load, override

    folder = getattr(options, "cache_dir", None)
    if folder is not None and not folder:
        raise UsageError("--cache-dir needs a directory")
    kept = "" if getattr(options, "no_cache", False) else folder and os.path.abspath(folder)  # noqa: PTH100

    @cache
    def settings_in(directory: Path) -> Settings:
        settings = override(
            load(directory),
            select=options.select,
            extend_select=options.extend_select,
            ignore=options.ignore,
            min_confidence=options.min_confidence,
        )
        return settings if kept is None else settings._replace(cache_dir=kept)

    return lambda path: settings_in(path if path.is_dir() else path.parent)


def _check_paths(paths: list[str], options: argparse.Namespace, settings_for: Callable[[Path], Settings]) -> int:
    from veteran import timings

    if options.timings:
        timings.start()
    with timings.phase("start"):
        from veteran.checking import check_paths
        from veteran.reporting.lines import line_reader

    decisive = ("select", "extend_select", "ignore", "min_confidence", "force_exclude")
    outcome, failed = check_paths(
        paths,
        [getattr(options, name) for name in decisive],
        settings_for,
        find=lambda trace: _find(paths, options, settings_for, trace),
        jobs=_jobs(options),
        progress=lambda: _progress(options),
    )
    with timings.phase("report"):
        _report(outcome, options, line_reader({}))
    if options.timings:
        from veteran.reporting.timings import render

        _print(render(timings.stop()), sys.stderr)
    return _exit_code(outcome.findings, options, failed)


def _progress(options: argparse.Namespace) -> Progress:
    from veteran.reporting.progress import Progress
    from veteran.reporting.style import is_terminal

    return Progress(sys.stderr, enabled=not options.quiet and is_terminal(sys.stderr))


def _jobs(options: argparse.Namespace) -> int:
    """How many processes: as the options or the environment wish, else one for each processor that we may use."""
    if options.jobs:
        return int(options.jobs)
    if wish := os.environ.get("VETERAN_JOBS"):
        if not wish.isdecimal() or not int(wish):
            raise UsageError(f"VETERAN_JOBS: expected a number from 1, got {wish!r}")
        return int(wish)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _find(
    paths: list[str], options: argparse.Namespace, settings_for: Callable[[Path], Settings], trace: Trace
) -> Discovered:
    """The files that these paths mean. Says which of them cannot be had."""
    from pathlib import Path

    from veteran.discovery import find_files

    found = find_files([Path(path) for path in paths], settings_for, force_exclude=options.force_exclude, trace=trace)
    for path in found.missing:
        _complain(f"{path}: no such file or directory")
    for path, problem in found.problems:
        _complain(f"{path}: {problem}")
    if not (found.files or found.missing or found.problems or options.quiet or options.force_exclude):
        _complain("no Python files found")
    return found


def _check_stdin(options: argparse.Namespace, settings_for: Callable[[Path], Settings]) -> int:
    from pathlib import Path

    from veteran.engine import check_stdin, display
    from veteran.findings import Outcome
    from veteran.reporting.lines import line_reader
    from veteran.store import Stores

    named = Path(options.stdin_filename) if options.stdin_filename else None
    settings = settings_for(named or Path.cwd())
    shown = display(named) if named else "<stdin>"
    data = sys.stdin.buffer.read()
    if named and options.force_exclude and settings.excluded(named):
        outcome = Outcome([], 0, [])
    else:
        findings, warnings = check_stdin(shown, data, settings, Stores())
        outcome = Outcome(findings, 1, warnings)
    _report(outcome, options, line_reader({shown: data}))
    return _exit_code(outcome.findings, options)


def _show_settings(paths: list[str], options: argparse.Namespace, settings_for: Callable[[Path], Settings]) -> int:
    import json
    from pathlib import Path

    if len(paths) > 1:
        raise UsageError("--show-settings takes one path")
    path = Path((options.stdin_filename or ".") if STDIN in paths else paths[0])
    _print([json.dumps(settings_for(path).as_json(path), indent=2)])
    return CLEAN


def _report(outcome: Outcome, options: argparse.Namespace, read_line: ReadLine) -> None:
    """Prints warnings, findings and the summary, as the options want them."""
    from veteran.reporting import renderer
    from veteran.reporting.style import wants_color

    if not options.quiet:
        for warning in outcome.warnings:
            place = f"{warning.path}:{warning.span.line}:{warning.span.column}"
            _complain(f"{place}: warning: {warning.message}")
    color = wants_color(options.color, sys.stdout)
    if options.statistics:
        from veteran.reporting import statistics

        _print(statistics.render(outcome.findings, output_format=options.output_format, color=color))
    else:
        render = renderer(options.output_format)
        _print(render(outcome.findings, read_line=read_line, color=color))
    if options.output_format == "full" and not options.quiet:
        from veteran.reporting.full import summary

        _print([summary(len(outcome.findings), outcome.files, color=color)])


def _exit_code(findings: Sequence[Finding], options: argparse.Namespace, failed: bool = False) -> int:
    from veteran.findings import INTERNAL

    if failed or any(finding.code == INTERNAL for finding in findings):
        return FAILED
    return FOUND if findings and not options.exit_zero else CLEAN


# The other commands


def _explain(options: argparse.Namespace) -> int:
    from veteran.reporting.manual import explain, lookup, nearest
    from veteran.reporting.style import wants_color

    entry = lookup(options.rule)
    if entry is None:
        near = nearest(options.rule)
        raise UsageError(f"no rule has the code or name {options.rule!r}; the nearest is {near.code} {near.name}")
    _print(explain(entry, color=wants_color(options.color, sys.stdout)))
    return CLEAN


def _why(options: argparse.Namespace) -> int:
    from pathlib import Path

    from veteran.discovery import find_files
    from veteran.reading import read
    from veteran.reporting.lines import line_reader
    from veteran.reporting.style import wants_color
    from veteran.reporting.why import render
    from veteran.settings import ConfigError
    from veteran.why import NoSuchPlace, explain

    name, line, column = _place(options.place)
    path = Path(name)
    try:
        data = read(path)
        settings_for = _settings_source(options)
        excluded = not find_files([path], settings_for, force_exclude=True).files
        answer = explain(path, data, settings_for(path), line, column, excluded=excluded)
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    except (ConfigError, NoSuchPlace) as error:
        raise UsageError(str(error)) from None
    color = wants_color(options.color, sys.stdout)
    _print(render(answer, output_format=options.output_format, read_line=line_reader({}), color=color))
    return CLEAN


def _place(text: str) -> tuple[str, int, int | None]:
    """The path, line and column of `PATH:LINE` or `PATH:LINE:COLUMN`; a path may hold colons itself."""
    name, _, last = text.rstrip(":").rpartition(":")
    head, _, middle = name.rpartition(":")
    numbers = (middle, last) if head and middle.isdecimal() else (last,)
    if not name or not all(number.isdecimal() and int(number) for number in numbers):
        raise UsageError(f"{text!r} is not PATH:LINE or PATH:LINE:COLUMN, with numbers from 1")
    return head if len(numbers) == 2 else name, int(numbers[0]), int(numbers[1]) if len(numbers) == 2 else None


def _rules(options: argparse.Namespace) -> int:
    from veteran.registry import all_rules
    from veteran.reporting.manual import rule_json, rule_table
    from veteran.reporting.style import wants_color

    rules = all_rules().values()
    if options.output_format == "json":
        _print(rule_json(rules))
    else:
        _print(rule_table(rules, color=wants_color(options.color, sys.stdout)))
    return CLEAN


def _clean(options: argparse.Namespace) -> int:
    from pathlib import Path

    from veteran.cache import clean
    from veteran.settings import ConfigError, load

    if options.cache_dir:
        if options.paths:
            raise UsageError("--cache-dir stands for all that is cleaned and allows no path")
        folders = [Path(options.cache_dir)]
    else:
        paths = [Path(path) for path in options.paths or ["."]]
        missing = [path for path in paths if not path.exists()]
        if missing:
            raise UsageError(f"{missing[0]}: no such file or directory")
        try:
            folders = [load(path if path.is_dir() else path.parent).cache_folder for path in paths]
        except ConfigError as error:
            raise UsageError(str(error)) from None
    for folder in dict.fromkeys(folders):
        removed = clean(folder)
        _print([f"{folder}: {removed} file{'' if removed == 1 else 's'} removed"])
    return CLEAN


def _new(options: argparse.Namespace) -> int:
    from pathlib import Path

    from veteran.scaffold import ScaffoldError, create

    try:
        written = create(options.name, options.code, Path.cwd())
    except ScaffoldError as error:
        raise UsageError(str(error)) from None
    _print(f"wrote {path}" for path in written)
    return CLEAN


# What is printed


def _print(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Prints lines, to standard output by default. A reader that went away (`| head`) ends that quietly."""
    stream = stream or sys.stdout
    try:
        for line in lines:
            print(line, file=stream)
        stream.flush()
    except OSError as error:
        # The interpreter will flush once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            raise UsageError(f"cannot write: {error.strerror}") from None


def _complain(message: str) -> None:
    """Prints a warning or an error, behind the tool's name and on one line."""
    from veteran.reporting.style import printable

    _print([f"veteran: {printable(message)}"], sys.stderr)
