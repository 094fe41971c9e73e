"""Comments that silence findings: `# noqa`, `# veteran: ignore[…]`, and other tools' comments for the same pitfall.

A comment counts on every line of its logical line, so that a statement with a long string can be silenced
behind the closing quotes. `# noqa` is read as flake8 reads it, traps included; the traps are reported.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from veteran.findings import SUPPRESSION, TOOL_CODES, Confidence, Finding, Span
from veteran.patterns import lazily
from veteran.registry import Rule

#: What a comment must hold to be looked at.
MAY_SILENCE = re.compile(rb"(?i)noqa|nosec|nosonar|veteran\s*:|ruff\s*:")
RELEVANT = re.compile(r"noqa|nosec|nosonar|veteran\s*:|ruff\s*:", re.IGNORECASE)
#: What bytes must hold for an unused or malformed suppression to be in them.
GATE = re.compile(rb"(?i)noqa(?:(?!noqa)[^\n])*vet|veteran\s*:")

_NOQA = lazily(r"#\s*noqa(?P<colon>:\s?(?P<codes>(?:[A-Z]+[0-9]+[,\s]*)+))?", re.IGNORECASE)
_FLAKE8_FILE = lazily(r"#\s*flake8[:=]\s*noqa(?P<codes>\s*:\s*\S.*)?", re.IGNORECASE)
_VETERAN = lazily(r"#\s*veteran\s*:\s*(?P<verb>[\w-]*)\s*(?:\[(?P<codes>[^\]]*)\])?")
_NOSEC = lazily(r"#\s*nosec\b:?\s*(?P<codes>(?:[\w-]+(?:[,\s]+|$))*)", re.IGNORECASE)
_NOSONAR = lazily(r"#\s*NOSONAR\b")
_RUFF = lazily(r"#\s*ruff\s*:\s*(?:ignore\s*\[(?P<line>[^\[\]]*)\]|noqa\s*:\s*(?P<file>[\w,\s]+))")
_CODE = lazily(r"[A-Z]+[0-9]+", re.IGNORECASE)
_BANDIT_NAMES = {"hardcoded_sql_expressions": "B608"}


class Comment(NamedTuple):
    """A comment that may suppress; first, last: the lines of its logical line, 0 if it stands alone."""

    line: int
    column: int
    text: str
    first: int
    last: int


class Suppression(NamedTuple):
    """What one comment silences. codes: prefixes of veteran's codes, or None for all of them.

    others: other tools' codes; "B" and "S" stand for all of bandit's and Sonar's. whole_file: not only its line.
    explicit: the codes it names that are veteran's, which may turn out unused.
    """

    comment: Comment
    codes: tuple[str, ...] | None = ()
    others: tuple[str, ...] = ()
    whole_file: bool = False
    explicit: tuple[str, ...] = ()


class Applied(NamedTuple):
    """kept: the findings that remain. problems: VET002 findings; malformed ones first, then unused ones."""

    kept: list[Finding]
    malformed: list[Finding]
    unused: list[Finding]


def apply(
    path: str,
    findings: Sequence[Finding],
    comments: Iterable[Comment],
    rules: Mapping[str, Rule],
    live: Iterable[str],
) -> Applied:
    """Silences what the comments silence. live: the codes that ran, whose suppressions can be unused."""
    suppressions: list[Suppression] = []
    malformed: list[Finding] = []
    for comment in comments:
        read, problem = parse(comment, rules)
        suppressions += read
        if problem:
            malformed.append(_problem(path, comment, problem))
    used: set[tuple[int, str]] = set()
    kept: list[Finding] = []
    for finding in findings:
        silenced = False
        for index, suppression in enumerate(suppressions):
            code = _silences(suppression, finding, rules)
            if code is not None:
                silenced = True
                used.add((index, code))
        if not silenced:
            kept.append(finding)
    ran = frozenset(live)
    unused = [
        _problem(path, s.comment, f"unused suppression of {code}: nothing is reported here")
        for index, s in enumerate(suppressions)
        for code in s.explicit
        if (index, code) not in used and any(other.startswith(code) for other in ran)
    ]
    return Applied(kept, malformed, unused)


def parse(comment: Comment, rules: Mapping[str, Rule]) -> tuple[list[Suppression], str]:
    """What a comment silences, and what is wrong with it ("" if nothing)."""
    text = comment.text
    found: list[Suppression] = []
    problem = ""
    if match := _FLAKE8_FILE.match(text):
        if comment.first == 0:  # on a line of its own
            found.append(Suppression(comment, None, whole_file=True))
            codes = _CODE.findall(match["codes"] or "")
            if any(code.upper().startswith("VET") for code in codes):
                meant = ", ".join(code.upper() for code in codes)
                problem = f"flake8 skips the whole file here, for all codes: write `# veteran: ignore-file[{meant}]`"
    elif match := _NOQA.search(text):
        suppression, problem = _noqa(comment, match)
        found.append(suppression)
    if match := _VETERAN.search(text):
        suppression_or_none, problem = _veteran(comment, match, rules)
        if suppression_or_none:
            found.append(suppression_or_none)
    if match := _NOSEC.search(text):
        named = re.findall(r"[\w-]+", match["codes"] or "")
        translated = [_BANDIT_NAMES.get(name, name.upper()) for name in named]
        tests = tuple(code for code in translated if re.fullmatch(r"B\d+", code))
        found.append(Suppression(comment, others=tests or ("B",)))
    if _NOSONAR.search(text):
        found.append(Suppression(comment, others=("S",)))
    if match := _RUFF.search(text):
        named = _CODE.findall(match["line"] or match["file"] or "")
        own = tuple(code for code in named if code.startswith("VET"))
        found.append(Suppression(comment, own, tuple(named), bool(match["file"]), own))
    return found, problem


def _noqa(comment: Comment, match: re.Match[str]) -> tuple[Suppression, str]:
    rest = comment.text[match.end() :]
    if match["codes"] is None:
        trap = re.match(r"\s*:\s*(vet\w*(?:[,\s]+[a-z]+[0-9]+)*)", rest, re.IGNORECASE)
        problem = ""
        if trap:
            meant = trap[1].upper()
            if rest.startswith(":"):
                problem = (
                    f"`{meant}` is no code, so this silences every code: "
                    "write the codes with their digits, as `# noqa: VET201`"
                )
            else:
                problem = f"the space before the colon makes this silence every code: write `# noqa: {meant}`"
        return Suppression(comment, None), problem
    codes = tuple(_CODE.findall(match["codes"]))
    problem = ""
    lower = [code for code in codes if code.upper().startswith("VET") and code != code.upper()]
    if lower:
        meant = ", ".join(code.upper() for code in codes)
        problem = f"codes are upper case, so `{lower[0]}` silences nothing: write `# noqa: {meant}`"
    own = tuple(code for code in codes if code.startswith("VET"))
    return Suppression(comment, own, codes, explicit=own), problem


def _veteran(comment: Comment, match: re.Match[str], rules: Mapping[str, Rule]) -> tuple[Suppression | None, str]:
    verb = match["verb"]
    if verb not in ("ignore", "ignore-file"):
        close = difflib.get_close_matches(verb, ("ignore", "ignore-file"), 1, 0)
        return None, f"unknown directive `{verb}`: write `# veteran: {close[0]}[…]`"
    whole_file = verb == "ignore-file"
    if whole_file and comment.first:
        return None, "`# veteran: ignore-file` stands on a line of its own"
    if match["codes"] is None:
        return Suppression(comment, None, whole_file=whole_file), ""
    names = {rule.name: code for code, rule in rules.items()}
    known = [*rules, *TOOL_CODES]
    codes = []
    problem = ""
    for name in re.split(r"[,\s]+", match["codes"].strip()):
        code = names.get(name, name)
        if code and any(other.startswith(code) for other in known) and code.startswith("VET"):
            codes.append(code)
        else:
            close = difflib.get_close_matches(code.upper(), known, 1, 0.5)
            hint = f": did you mean {close[0]}?" if close else ""
            problem = f"`{name}` is no code of veteran{hint}"
    return Suppression(comment, tuple(codes), (), whole_file, tuple(codes)), problem


def _silences(suppression: Suppression, finding: Finding, rules: Mapping[str, Rule]) -> str | None:
    """The code, or another word, by which a suppression silences a finding; None if it does not."""
    here = suppression.whole_file or _covers(suppression, finding.span)
    if here:
        if suppression.codes is None:
            return "*"
        for code in suppression.codes:
            if finding.code.startswith(code):
                return code
    if suppression.others and finding.code in rules:
        equivalents = rules[finding.code].equivalents
        if here or any(step.anchor and _covers(suppression, step.span) for step in finding.steps):
            for other in suppression.others:
                if other in equivalents or _all_of(other, equivalents):
                    return other
    return None


def _all_of(tool: str, equivalents: Iterable[str]) -> bool:
    """Whether a comment that silences all of bandit ("B") or Sonar ("S") silences one of these codes."""
    form = {"B": r"B\d{3}", "S": r"S\d{4}"}.get(tool)
    return form is not None and any(re.fullmatch(form, code) for code in equivalents)


def _covers(suppression: Suppression, span: Span) -> bool:
    comment = suppression.comment
    return comment.first <= span.line <= comment.last


def _problem(path: str, comment: Comment, text: str) -> Finding:
    end = comment.column + len(comment.text)
    span = Span(comment.line, comment.column, comment.line, end)
    return Finding(path, span, SUPPRESSION, text, Confidence.HIGH)
