"""`veteran new`: a module and a fixture folder for a rule, with which all tests pass at once."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from veteran.findings import TOOL_CODES
from veteran.reading import read
from veteran.registry import CODE

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DECLARED = re.compile(r"\bRule\(\s*[\"'](VET\d{3})[\"']")

RULE = '''\
"""TODO: the pitfall in one line, as {name} says it

## What it does

TODO: what is found, and what is known not to be it.

## Why is this bad?

TODO: a sentence that can stand alone below each finding, as `full` output shows it. Then the rest.

## Bad

```python
import time


def todo_{module}():
    time.sleep(1)
```

## Good

```python
import time


def {module}():
    time.sleep(1)
```

## When to ignore

TODO: where it does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.registry import Rule, calls_of

if TYPE_CHECKING:
    from veteran.analysis.catalog_calls import CatalogCall
    from veteran.analysis.reports import Report

rule = Rule("{code}", since="{since}")


@rule.on(calls_of("blocking"))
def {module}(event: CatalogCall) -> Iterator[Report]:
    """TODO: which of these calls are reported, and which are not."""
    from veteran.analysis.reports import Report
    from veteran.findings import Confidence

    if event.function.name == "todo_{module}":
        yield Report(event.call.node, event.call, f"TODO: `{{event.name}}`", Confidence.HIGH)
'''

BAD = """\
import time


def todo_{module}():
    time.sleep(1)  # {code} high
"""

GOOD = """\
import time


def {module}():
    time.sleep(1)
"""


class ScaffoldError(Exception):
    """Why no rule can be written; the text is for the user."""


def create(name: str, code: str, directory: Path) -> list[Path]:
    """Writes the rule's module and its fixtures into the checkout around `directory`.

    Returns the files that it wrote. ScaffoldError, and nothing written, where there is no checkout
    or where the name or the code is taken or not allowed.
    """
    root = _checkout(directory)
    module = name.replace("-", "_")
    _check_name(name, module)
    _check_code(code)
    rules = root / "src" / "veteran" / "rules"
    fixtures = root / "fixtures" / module
    for path in (rules / f"{module}.py", fixtures):
        if path.exists():
            raise ScaffoldError(f"{path.relative_to(root)} exists: choose another name")
    for path in sorted(rules.glob("*.py")):
        if code in DECLARED.findall(read(path).decode()):
            raise ScaffoldError(f"{code} is taken by {path.relative_to(root)}")

    from veteran import __version__

    texts = {rules / f"{module}.py": RULE, fixtures / "bad.py": BAD, fixtures / "good.py": GOOD}
    fixtures.mkdir(parents=True)
    for path, text in texts.items():
        filled = text.format(name=name, module=module, code=code, since=__version__)
        path.write_text(filled, encoding="utf-8", newline="\n")
    return [path.relative_to(root) for path in texts]


def _checkout(directory: Path) -> Path:
    """The nearest directory, from this one up, that holds veteran's sources."""
    for root in (directory, *directory.parents):
        if (root / "src" / "veteran" / "registry.py").is_file():
            return root
    raise ScaffoldError(f"{directory} is not in a checkout of veteran's sources")


def _check_name(name: str, module: str) -> None:
    if not NAME.fullmatch(name) or CODE.fullmatch(name.upper()):
        raise ScaffoldError(f"{name!r} is no rule name, such as sql-from-string")
    if keyword.iskeyword(module) or name in TOOL_CODES.values():
        raise ScaffoldError(f"{name!r} cannot name a rule: it means something else already")


def _check_code(code: str) -> None:
    if not CODE.fullmatch(code):
        raise ScaffoldError(f"{code!r} is no code: VET and three digits, such as VET501")
    if code.startswith("VET0"):
        raise ScaffoldError(f"{code}: VET0xx is for veteran's own findings")
