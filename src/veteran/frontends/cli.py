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
from veteran.imports import secure

TYPE_CHECKING = False  # that of `typing`, without its import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from typing import Any, NoReturn, TextIO

    from veteran.findings import Finding, Outcome
    from veteran.reporting import ReadLine
    from veteran.reporting.progress import Progress
    from veteran.runs.discovery import Discovered
    from veteran.runs.snapshot import Trace
    from veteran.runs.store import Refusal
    from veteran.settings import Settings

CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130
FORMATS = ("full", "concise", "json")
STDIN = "-"


class UsageError(Exception):
    """Something the user has to change; the text says what."""


def run() -> int:
    """The command as a process of its own: it ends before the garbage collector could be of use."""
    secure()
    gc.disable()
    try:
        _fill_streams()
        return main()
    except KeyboardInterrupt:  # once more, while the first was answered
        return INTERRUPTED


def _fill_streams() -> None:
    """Puts nothing in the place of closed streams, which no file that is opened later must take."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)


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
        for line in format_exc().splitlines():
            _complain(line)
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
        _print([message.rstrip("\n")])  # help may lose its reader, too

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
        try:
            options.paths += map(_path, late)
        except argparse.ArgumentTypeError as error:
            parser.error(f"argument PATH: {error}")
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
        type=_path,
        default=[],
        metavar="PATH",
        help="files and directories, or - for standard input; default: .",
    )
    add("--stdin-filename", type=_path, metavar="FILE", help="the name that standard input is checked under")
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
    add("--cache-dir", type=_path, metavar="DIR", help="the directory of the cache, whatever the settings say")


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
        type=_path,
        default=[],
        metavar="PATH",
        help="files and directories whose settings say where the cache is, or that hold caches; default: .",
    )
    parser.add_argument(
        "--cache-dir", type=_path, metavar="DIR", help="the directory of the cache, whatever the settings say"
    )


def _add_new(commands: Any) -> None:
    parser = commands.add_parser("new", help="begin a rule, in a checkout of veteran's sources")
    parser.set_defaults(run=_new)
    parser.add_argument("name", metavar="NAME", help="the bad pattern, like sql-from-string")
    parser.add_argument("--code", required=True, metavar="VETnnn")


def _comma_separated(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _path(text: str) -> str:
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError(f"{text!r:.60} cannot be a path")
    return text


def _positive(text: str) -> int:
    number = _number(text)
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a number from 1")
    return number


def _number(text: str) -> int:
    """The number from 1 that a text means; 0 where it means none, or one that nothing can be counted by."""
    digits = text.strip().lstrip("0")
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0


def _terminal_width() -> int:
    """As `shutil.get_terminal_size` has it."""
    try:
        return _number(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns or 80
    except OSError:
        return 80


# `veteran check`


def _check(options: argparse.Namespace) -> int:
    from veteran.settings import ConfigError

    _be_somewhere()
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

    return lambda path: settings_in(_around(path))


def _around(path: Path) -> Path:
    """The directory whose settings hold for a path, which need not be one that can be looked at."""
    return path if os.path.isdir(path) else path.parent  # noqa: PTH112 - `Path.is_dir` may raise


def _be_somewhere() -> None:
    """UsageError where the working directory is gone."""
    try:
        os.getcwd()  # noqa: PTH109
    except OSError as error:
        raise UsageError(f"the working directory cannot be used: {error.strerror}") from None


def _check_paths(paths: list[str], options: argparse.Namespace, settings_for: Callable[[Path], Settings]) -> int:
    from veteran import timings

    if options.timings:
        timings.start()
    with timings.phase("start"):
        from veteran.reporting.lines import line_reader
        from veteran.runs.check import check_paths

    decisive = ("select", "extend_select", "ignore", "min_confidence", "force_exclude")
    report = check_paths(
        paths,
        [getattr(options, name) for name in decisive],
        settings_for,
        find=lambda trace: _find(paths, options, settings_for, trace),
        jobs=_jobs(options),
        progress=lambda: _progress(options),
        complain=_complain,
    )
    outcome, failed = report.outcome, report.failed
    with timings.phase("report"):
        if report.found:
            _say_what_is_missing(report.found, options)
        _say_what_is_refused(report.refused, options)
        _report(outcome, options, line_reader({}), failed)
    if options.timings:
        from veteran.reporting.timings import render

        _print(render(timings.stop()), error=True)
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
        if not _number(wish):
            raise UsageError(f"VETERAN_JOBS: expected a number from 1, got {wish!r:.60}")
        return _number(wish)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _find(
    paths: list[str], options: argparse.Namespace, settings_for: Callable[[Path], Settings], trace: Trace
) -> Discovered:
    """The files that these paths mean."""
    from pathlib import Path

    from veteran.runs.discovery import find_files

    return find_files([Path(path) for path in paths], settings_for, force_exclude=options.force_exclude, trace=trace)


def _say_what_is_missing(found: Discovered, options: argparse.Namespace) -> None:
    for path in found.missing:
        _complain(f"{path}: no such file or directory")
    for path, problem in found.problems:
        _complain(f"{path}: {problem}")
    if not (found.files or found.missing or found.problems or options.quiet or options.force_exclude):
        _complain("no Python files found")


def _say_what_is_refused(refused: dict[str, Refusal], options: argparse.Namespace) -> None:
    """Says of which folders the cache makes no use, and why; what is not amiss only where somebody measures."""
    for folder, refusal in refused.items():
        if options.timings or not (refusal.expected or options.quiet):
            _complain(f"warning: {folder} is not used as a cache: {refusal.reason}")


def _check_stdin(options: argparse.Namespace, settings_for: Callable[[Path], Settings]) -> int:
    from pathlib import Path

    from veteran.findings import Outcome
    from veteran.reporting.lines import line_reader
    from veteran.runs.one_file import check_stdin, display
    from veteran.runs.store import Stores

    named = Path(options.stdin_filename) if options.stdin_filename else None
    settings = settings_for(named or Path.cwd())
    shown = display(named) if named else "<stdin>"
    data = _read_stdin()
    if named and options.force_exclude and settings.excluded(named):
        outcome = Outcome([], 0, [])
    else:
        findings, warnings = check_stdin(shown, data, settings, Stores())
        outcome = Outcome(findings, 1, warnings)
    _report(outcome, options, line_reader({shown: data}))
    return _exit_code(outcome.findings, options)


def _read_stdin() -> bytes:
    if sys.stdin is None:  # it was closed
        raise UsageError("standard input is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(f"standard input: cannot be read: {error.strerror}") from None


def _show_settings(paths: list[str], options: argparse.Namespace, settings_for: Callable[[Path], Settings]) -> int:
    from pathlib import Path

    from veteran.reporting.style import as_json

    if len(paths) > 1:
        raise UsageError("--show-settings takes one path")
    path = Path((options.stdin_filename or ".") if STDIN in paths else paths[0])
    _print([as_json(settings_for(path).as_json(path))])
    return CLEAN


def _report(outcome: Outcome, options: argparse.Namespace, read_line: ReadLine, failed: bool = False) -> None:
    """Prints warnings, findings and the summary, as the options want them. failed: there was more to check."""
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

        _print([summary(len(outcome.findings), outcome.files, failed=failed, color=color)])


def _exit_code(findings: Sequence[Finding], options: argparse.Namespace, failed: bool = False) -> int:
    from veteran.findings import is_unchecked

    if failed:
        return FAILED
    if options.exit_zero or not findings:
        return CLEAN
    return FAILED if any(map(is_unchecked, findings)) else FOUND


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

    from veteran.explain import NoSuchPlace, explain
    from veteran.reading import read
    from veteran.reporting.lines import line_reader
    from veteran.reporting.style import wants_color
    from veteran.reporting.why import render
    from veteran.runs.discovery import find_files
    from veteran.settings import ConfigError

    _be_somewhere()
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
    found = [_number(number) for number in numbers]
    if not name or "\0" in name or not all(found):
        raise UsageError(f"{text!r} is not PATH:LINE or PATH:LINE:COLUMN, with numbers from 1")
    return head if len(found) == 2 else name, found[0], found[1] if len(found) == 2 else None


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
    from veteran.reporting.style import counted, first
    from veteran.runs.cache import clean, is_ours

    _be_somewhere()
    for folder, kept in _caches(options).items():
        foreign = os.path.lexists(folder) and not is_ours(os.fspath(folder))
        reason = kept or ("it is no cache of veteran's" if foreign else "")
        said = f"left as it is: {reason}" if reason else f"{counted(clean(folder), 'file')} removed"
        _print([f"{first(str(folder))}: {said}"])
    return CLEAN


def _caches(options: argparse.Namespace) -> dict[Path, str]:
    """The folders that are to be cleaned, and why one of them must not be."""
    from pathlib import Path

    from veteran.runs.cache import caches_below
    from veteran.runs.store import OUTSIDE, leads_out
    from veteran.settings import ConfigError, load

    if options.cache_dir:
        if options.paths:
            raise UsageError("--cache-dir stands for all that is cleaned and allows no path")
        return {Path(options.cache_dir): ""}
    folders: dict[Path, str] = {}
    for path in map(Path, options.paths or ["."]):
        if not os.path.exists(path):  # noqa: PTH110 - `Path.exists` may raise
            raise UsageError(f"{path}: no such file or directory")
        try:
            settings = load(_around(path))
        except ConfigError as error:
            raise UsageError(str(error)) from None
        folders[settings.cache_folder] = OUTSIDE if leads_out(settings) else ""
        for found in caches_below(os.path.abspath(path)):  # noqa: PTH100
            folders.setdefault(Path(found), "")
    return folders


def _new(options: argparse.Namespace) -> int:
    from pathlib import Path

    from veteran.reporting.style import printable
    from veteran.scaffold import ScaffoldError, create

    _be_somewhere()
    try:
        written = create(options.name, options.code, Path.cwd())
    except ScaffoldError as error:
        raise UsageError(str(error)) from None
    _print(f"wrote {printable(str(path))}" for path in written)
    return CLEAN


# What is printed


def _print(lines: Iterable[str], *, error: bool = False) -> None:
    """Prints lines, to standard output or, of an error, where errors go. A reader that went away ends that quietly."""
    stream: TextIO | None = sys.stderr if error else sys.stdout
    try:
        for line in lines:
            if stream is None and not error:
                raise UsageError("cannot write: standard output is closed")
            if stream is not None:
                print(line, file=stream)
        if stream is not None:
            stream.flush()
    except OSError as problem:
        # The interpreter will flush once more when it ends.
        if stream is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not error and not isinstance(problem, BrokenPipeError):
            raise UsageError(f"cannot write: {problem.strerror}") from None


def _complain(message: str) -> None:
    """Prints a warning or an error, behind the tool's name and on one line."""
    from veteran.reporting.style import printable

    _print([f"veteran: {printable(message)}"], error=True)
