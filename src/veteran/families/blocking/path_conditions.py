"""How a function comes to make a call: which of its parameters decide it, and whether it does so rarely.

Rarely: an error leads there, an option that somebody has to set, a platform, or the outcome is kept.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.semantics import conditions, reachability, scopes
from veteran.analysis.semantics.conditions import innermost_loop
from veteran.analysis.semantics.ir import At, Call, Held, Read
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import string_value
from veteran.families.blocking import literals, memoization, rare_paths
from veteran.families.blocking.exemptions import around
from veteran.families.blocking.literals import ANY, EMPTY, FULL, TEXT
from veteran.project.summary import When

if TYPE_CHECKING:
    from veteran.analysis.module import Module

_place_of = attrgetter("place")
_MODE = re.compile(r"[\w.+-]{0,16}")
_ORDERS: dict[type, str] = {
    cst.GreaterThan: "over",
    cst.GreaterThanEqual: "from",
    cst.LessThan: "under",
    cst.LessThanEqual: "to",
}


class Way(NamedTuple):
    """How a call is reached. when: see `When`. rare: see above. kept: it is made while its outcome is not kept yet.

    never: not where an event loop runs. dead: nowhere.
    """

    when: tuple[When, ...] = ()
    rare: bool = False
    kept: bool = False
    never: bool = False
    dead: bool = False


class Said(NamedTuple):
    """What one outcome of a test says of all that it decides. options: names that somebody has to switch on."""

    when: tuple[When, ...] = ()
    rare: bool = False
    kept: bool = False
    never: bool = False
    options: tuple[str, ...] = ()


class AllSaid(NamedTuple):
    """What several tests say. options: of each of them."""

    when: tuple[When, ...] = ()
    rare: bool = False
    kept: bool = False
    never: bool = False
    options: tuple[tuple[str, ...], ...] = ()


class _Known:
    """What the tests of a module say: by tests and how they came out; by scopes, blocks and statements in them."""

    def __init__(self, _: Module) -> None:
        self.said: dict[tuple[int, bool], Said] = {}
        self.ways: dict[tuple[int, int, int], AllSaid] = {}


def way_to(module: Module, call: Call | Read | Held) -> Way:
    """What decides whether a function makes a call."""
    if reachability.is_behind_exit(call):
        return Way(dead=True)
    said = _before(module, call)
    if call.optional:
        within = (_said(module, test, outcome, call, False) for test, outcome in around(module, call))
        said = _together((said, *within))
    rare = said.rare or rare_paths.after_error(call)
    if said.options and not rare:
        called = dotted(call.node.func if isinstance(call.node, cst.Call) else call.node) or ""
        rare = any(not any(called.startswith(f"{name}.") for name in names) for names in said.options)
    return Way(said.when, rare, said.kept, said.never or rare_paths.without_loop(module, call))


def _before(module: Module, at: At) -> AllSaid:
    """What the tests on the way to a place say; the same for all places between two statements with tests."""
    key = (id(at.scope), id(at.block), bisect_left(at.block.compounds, at.place, key=_place_of))
    ways = module.once(_Known).ways
    known = ways.get(key)
    if known is None:
        known = ways[key] = _together(_said_by(module, condition) for condition in conditions.conditions(at))
    return known


def _said_by(module: Module, condition: conditions.Condition) -> Said:
    key = (id(condition.test), condition.outcome)
    known = module.once(_Known).said
    said = known.get(key)
    if said is None:
        required = not condition.outcome and rare_paths.is_required(condition)
        said = known[key] = _said(module, condition.test, condition.outcome, condition.at, required)
    return said


def _together(tests: Iterable[Said | AllSaid]) -> AllSaid:
    """What tests say that all come out so."""
    when: list[When] = []
    options: list[tuple[str, ...]] = []
    rare = kept = never = False
    groups = 0
    for said in tests:
        if isinstance(said, AllSaid):
            groups = max((one.group for one in said.when), default=0)
            options += said.options
        elif said.options:
            options.append(said.options)
        if said.when and isinstance(said, Said) and said.when[0].group:
            groups += 1
            when += [one._replace(group=groups) for one in said.when]
        else:
            when += said.when
        rare = rare or said.rare
        kept = kept or said.kept
        never = never or said.never
    return AllSaid(tuple(when), rare, kept, never, tuple(options))


def _said(module: Module, test: cst.BaseExpression, outcome: bool, at: At, required: bool) -> Said:
    """What a test says. required: an error is raised where it comes out otherwise."""
    ways = [_of_parts(module, parts, at) for parts in conditions.ways(test, outcome)]
    if len(ways) == 1:
        return ways[0]._replace(rare=False, options=()) if required else ways[0]
    if all(len(way.when) == 1 and not any(way[1:]) for way in ways):
        return Said(tuple(one._replace(group=1) for way in ways for one in way.when))
    return Said(
        (),
        not required and all(way.rare or way.options or _by_wish(way.when, at) for way in ways),
        any(way.kept for way in ways),  # what is kept until it is too old
        all(way.never for way in ways),
    )


def _of_parts(module: Module, parts: list[conditions.Part], at: At) -> Said:
    """What tests say that all come out so."""
    when: list[When] = []
    options: list[str] = []
    rare = kept = never = False
    function = at.scope.function
    for part, outcome in parts:
        asked = _asked(part, outcome, at)
        if asked is not None:
            when.append(asked)
            continue
        rare = (
            rare
            or rare_paths.is_option(module, part, outcome, at)
            or memoization.is_first(module, part, outcome, function)
        )
        options += rare_paths.switched(part, outcome, function)
        kept = kept or memoization.is_kept(module, part, outcome, at, function)
        never = never or rare_paths.says_no_loop(module, part, outcome, at)
    return Said(tuple(when), rare, kept and innermost_loop(at) is None, never, tuple(options))


def _asked(part: cst.BaseExpression, outcome: bool, at: At) -> When | None:
    """The test of a parameter that this is, if it still is what was passed."""
    test = _test(part, outcome)
    if test is None:
        return None
    bound = scopes.lookup(test.parameter, at).bindings
    passed = len(bound) == 1 and bound[0].kind == "parameter" and bound[0].scope is at.scope.function
    return test if passed else None


def _by_wish(when: tuple[When, ...], at: At) -> bool:
    """Whether one of these tests comes out otherwise by default."""
    for test in when:
        bound = scopes.lookup(test.parameter, at).bindings
        default = bound[0].value.default if bound else None
        if default is not None and literals.holds(test.test, abstract(default)) is not test.outcome:
            return True
    return False


def opened(call: Call) -> tuple[When, ...]:
    """A call of `open(p)` waits only if the parameter `p` is a path."""
    if isinstance(call.node.func, cst.Name) and call.node.func.value == "open" and call.node.args:
        node = call.node.args[0].value
        if isinstance(node, cst.Name):
            bound = scopes.lookup(node.value, call).bindings
            if len(bound) == 1 and bound[0].kind == "parameter" and bound[0].scope is call.scope.function:
                return (When(node.value, "path", True),)
    return ()


# Parameters


def _test(part: cst.BaseExpression, outcome: bool) -> When | None:
    """A test of a name: of its truth, for None, for values or classes, or against a number."""
    if isinstance(part, cst.Name):
        return When(part.value, "true", outcome)
    if isinstance(part, cst.Comparison) and len(part.comparisons) == 1 and isinstance(part.left, cst.Name):
        target = part.comparisons[0]
        operator, other = target.operator, target.comparator
        negated = isinstance(operator, (cst.IsNot, cst.NotEqual, cst.NotIn))
        if isinstance(operator, (cst.Is, cst.IsNot, cst.Equal, cst.NotEqual)):
            value = abstract(other)
            if value == "None":
                return When(part.left.value, "none", outcome is not negated)
            if value[:1] not in "?<[":
                return When(part.left.value, f"in {value}", outcome is not negated)
        elif type(operator) in _ORDERS and isinstance(other, (cst.Integer, cst.Float)):
            return When(part.left.value, f"{_ORDERS[type(operator)]} {other.value}", outcome)
        elif isinstance(operator, (cst.In, cst.NotIn)) and isinstance(other, (cst.Tuple, cst.List, cst.Set)):
            literals = [abstract(element.value) for element in other.elements]
            if literals and all(value[:1] not in "?<[" for value in literals):
                return When(part.left.value, f"in {' '.join(literals)}", outcome is not negated)
    if isinstance(part, cst.Call) and dotted(part.func) == "isinstance" and len(part.args) == 2:
        asked, kinds = part.args[0].value, part.args[1].value
        names = [dotted(e.value) for e in kinds.elements] if isinstance(kinds, cst.Tuple) else [dotted(kinds)]
        if isinstance(asked, cst.Name) and all(names):
            shown = " ".join((name or "").rpartition(".")[2] for name in names)
            return When(asked.value, f"is {shown}", outcome)
    return None


def abstract(node: cst.BaseExpression) -> str:
    """What is known of a value: a short literal as its text, the class of what is made on the spot, else `?`."""
    name = dotted(node)
    if name is not None:
        return name if name in ("True", "False", "None") else ANY
    if isinstance(node, cst.SimpleString):
        text = string_value(node)
        return repr(text) if isinstance(text, str) and _MODE.fullmatch(text) else TEXT
    if isinstance(node, (cst.Integer, cst.Float)):
        return node.value if len(node.value) <= 16 else "1"
    if isinstance(node, (cst.FormattedString, cst.ConcatenatedString)):
        return TEXT
    if isinstance(node, (cst.List, cst.Tuple)):
        return FULL if node.elements else EMPTY
    if isinstance(node, cst.Dict):
        return FULL if node.elements else EMPTY
    if isinstance(node, cst.Call):
        last = (dotted(node.func) or "").rpartition(".")[2]
        if last[:1].isupper() and not last.isupper():
            return f"<{last}>"
    return ANY
