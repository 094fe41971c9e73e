"""Rules: how one is declared, and how all of them are found.

A rule is one module of the package `veteran.rules`; its file name is its name, its docstring its manual.
Rule modules import nothing heavy, so that a run in which no file passes the gate stays cheap.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

CODE = re.compile(r"VET\d{3}")
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
#: The sections of every manual, in their order; options and limits may be left out.
SECTIONS = ("What it does", "Why is this bad?", "Bad", "Good", "When to ignore", "Options")

#: The families of which no rule runs in tests: memory, concurrency, trust boundaries.
_OFF_IN_TESTS = ("VET1", "VET3", "VET4")


class Subscription(NamedTuple):
    """A meaning a rule wants to hear of.

    kind: `call` (a call of something that the catalogue table `table` lists), `event` (what
    `veteran.families.<table>.events` yields) or `linked` (what the family that `table` begins with finds when files are
    linked). words: of which a file must hold one; those that the catalogue has for it where none are given. lists: the
    catalogue table that a linked meaning is about.
    """

    kind: str
    table: str
    words: tuple[str, ...] = ()
    lists: str = ""

    @property
    def family(self) -> str:
        """The family of an event or of what is linked."""
        return self.table.partition(".")[0]


def calls_of(table: str) -> Subscription:
    """Each call of what the catalogue lists in `table`; the handler receives a `CatalogCall`."""
    return Subscription("call", table)


def events_of(module: str, *words: str) -> Subscription:
    """Each event that `veteran.families.<module>.events(module)` yields, in files that hold one of the words."""
    return Subscription("event", module, words)


def links_of(events: str, *words: str, lists: str = "") -> Subscription:
    """Each of what a family yields for `events`, a name that begins with its own and a dot; see `project.family`.

    It is decided when files are linked, in files that hold one of the words. The handler yields what
    `analysis.reports.Linked` describes, or what the family makes one of.
    """
    return Subscription("linked", events, words, lists)


Handler = Callable[[Any], "Iterable[Any]"]


class Rule:
    """One rule. Made once, at the top of the rule's module, as `rule = Rule("VETnnn", …)`.

    code: `VET` and three digits. default: whether it runs unless selected away. off_in: the contexts
    (see `Settings.contexts`) in which it does not run, left out: what its family says; low_in: those in which
    its findings are of low confidence. needs: texts, each of which a file must hold
    besides a word of the catalogue for the rule to find anything. needs_gil: it is off where `free-threaded`
    is set. equivalents: codes of other tools whose
    suppression comment silences this rule too. since: the release that brought it.
    """

    def __init__(
        self,
        code: str,
        *,
        default: bool = True,
        off_in: tuple[str, ...] | None = None,
        low_in: tuple[str, ...] = (),
        needs: tuple[str, ...] = (),
        needs_gil: bool = False,
        equivalents: tuple[str, ...] = (),
        since: str,
    ) -> None:
        module = sys.modules[sys._getframe(1).f_globals["__name__"]]
        if not CODE.fullmatch(code):
            raise ValueError(f"{module.__name__}: {code!r} is not VET and three digits")
        self.code = code
        self.name = module.__name__.rpartition(".")[2].replace("_", "-")
        self.manual = (module.__doc__ or "").strip()
        self.default = default
        if off_in is None:
            off_in = ("tests",) if code[:4] in _OFF_IN_TESTS else ()
        self.off_in = frozenset(off_in)
        self.low_in = frozenset(low_in)
        self.needs = needs
        self.needs_gil = needs_gil
        self.equivalents = frozenset(equivalents)
        self.since = since
        self.handlers: list[tuple[Subscription, Handler]] = []

    def on(self, subscription: Subscription) -> Callable[[Handler], Handler]:
        """Registers the decorated function for a meaning; it yields `Report`s."""

        def register(handler: Handler) -> Handler:
            self.handlers.append((subscription, handler))
            return handler

        return register

    @property
    def title(self) -> str:
        """The first line of the manual."""
        return self.manual.partition("\n")[0]

    @property
    def sections(self) -> dict[str, str]:
        """The manual by heading, without the title."""
        parts = HEADING.split(self.manual)
        return {head: body.strip() for head, body in zip(parts[1::2], parts[2::2], strict=True)}

    @property
    def reason(self) -> str:
        """The first sentence of "Why is this bad?": what `full` output shows below a finding."""
        text = " ".join(self.sections.get("Why is this bad?", "").split())
        return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


def load(package: str = "veteran.rules") -> dict[str, Rule]:
    """All rules of a package by code, in the order of their codes. ValueError where two share a code."""
    home = importlib.import_module(package)
    rules: dict[str, Rule] = {}
    for name in sorted(_modules_in(home.__path__)):
        rule = getattr(importlib.import_module(f"{package}.{name}"), "rule", None)
        if not isinstance(rule, Rule):
            raise ValueError(f"{package}.{name}: no `rule = Rule(…)` at the top of the module")
        if rule.code in rules:
            raise ValueError(f"{rule.code} is both {rules[rule.code].name} and {rule.name}")
        rules[rule.code] = rule
    return dict(sorted(rules.items()))


def _modules_in(folders: Iterable[str]) -> Iterator[str]:
    """As `pkgutil.iter_modules` finds them, which imports what takes longer than all rules do."""
    for folder in folders:
        names = os.listdir(folder)  # noqa: PTH208
        yield from (name[:-3] for name in names if name.endswith(".py") and name != "__init__.py")


@cache
def all_rules() -> dict[str, Rule]:
    """veteran's own rules by code; read once per process."""
    return load()


def find(key: str) -> Rule | None:
    """The rule of that code or name, in any case."""
    wanted = key.strip().lower().replace("_", "-")
    return next((rule for rule in all_rules().values() if wanted in (rule.code.lower(), rule.name)), None)


def subscribers(rules: Iterable[Rule]) -> Iterator[tuple[Subscription, Rule, Handler]]:
    """Every handler of these rules."""
    for rule in rules:
        for subscription, handler in rule.handlers:
            yield subscription, rule, handler
