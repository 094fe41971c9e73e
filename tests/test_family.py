"""A family that nobody knew of: two files beside the others, and it is told, linked, kept and explained like them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import veteran

FAMILY = '''
"""Functions that change what their module holds."""

from collections.abc import Iterator, Mapping

import libcst as cst

from veteran.conclusions import Conclusion, silent
from veteran.findings import Span
from veteran.project.family import Family, Heard, Linking
from veteran.project.import_index import IMPORTED, absolute
from veteran.project.kinds import IMPORTS, Kind, Teller
from veteran.project.world import World

CHANGING = Kind("changing", dict[str, Span], {}, IMPORTS, apart=True)
CALLED = Kind("called", dict[str, tuple[Span, ...]], {})


def changing(module):
    """The functions with a `global` statement, and where they are defined."""
    found = {}
    for scope in module.lowered.scopes:
        if scope.kind == "function" and "global " in module.tree.code(scope.node):
            found[scope.qualname] = module.tree.span(scope.node.name)
    return found


def called(module):
    found = {}
    for call in module.lowered.calls:
        if isinstance(call.node.func, cst.Name):
            found.setdefault(call.node.func.value, []).append(module.tree.span(call.node))
    return {name: tuple(spans) for name, spans in found.items()}


class Toy(Family):
    name = "toy"
    tellers = (Teller(CHANGING, None, changing), Teller(CALLED, None, called))
    nothing: Mapping[str, str] = {"toy.changes": "nothing on this line that changes another module"}

    def tell(self, telling):
        telling.add(CALLED)

    def begins(self, summary):
        return bool(summary.of(CALLED) and summary.of(IMPORTED).names)

    def events(self, file, on):
        for name, meant in file.summary.of(IMPORTED).names.items():
            yield from self._changed(file, name, meant)

    def _changed(self, file, name, meant):
        world = file.world
        found = world.project.innermost(absolute(world.project, meant, file.path))
        if found is None:
            return
        home, rest = found
        world.leads(IMPORTS).setdefault(file.path, set()).add(home.path)
        place = world.told(CHANGING, home.path).get(rest)
        for span in file.summary.of(CALLED).get(name, ()) if place is not None else ():
            yield Heard((name, span, home.path, place))

    def conclusions(self, line):
        if line.codes("toy.changes") and line.touches(Span(1, 1, 1, 2)):
            yield silent("the first line")._replace(codes=line.codes("toy.changes"))


family = Toy()
'''

RULE = '''
"""A call that changes another module.

## What it does
It reports it.

## Why is this bad?
Nobody expects it. Really.

## Bad
```python
call()
```

## Good
```python
call()
```

## When to ignore
Never.
"""

from veteran.registry import Rule, links_of

rule = Rule("VET901", since="0.1.0")


@rule.on(links_of("toy.changes", "import"))
def changes(event):
    from veteran.analysis.reports import Linked, LinkedStep
    from veteran.findings import Confidence

    name, span, home, place = event
    step = LinkedStep(home, place, "changes its module")
    yield Linked(span, f"`{name}` changes what its module holds", Confidence.HIGH, (step,))
'''

HELPER = "count = 0\n\n\ndef step():\n    global count\n    count += 1\n\n\ndef calm():\n    return count\n"
USER = "from pkg.helper import calm, step\n\n\ndef run():\n    calm()\n    step()\n"
FOUND = ("pkg/user.py", 6, "VET901", "pkg/helper.py", 4)


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """veteran with a family more, and nothing else changed."""
    folder = tmp_path_factory.mktemp("tool")
    package = folder / "veteran"
    shutil.copytree(Path(veteran.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "families/toy").mkdir()
    (package / "families/toy/__init__.py").touch()
    (package / "families/toy/family.py").write_text(FAMILY, encoding="utf-8")
    (package / "rules/changes_other_module.py").write_text(RULE, encoding="utf-8")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.veteran]\nselect = ["VET901"]\n', encoding="utf-8")
    for name, text in {"__init__": "", "helper": HELPER, "user": USER}.items():
        (tmp_path / f"pkg/{name}.py").write_text(text, encoding="utf-8")
    for number in range(12):  # enough for a second process
        filler = "".join(f"def f{n}(x):\n    return x + {n}\n\n\n" for n in range(5_000))
        (tmp_path / f"pkg/filler{number}.py").write_text(filler, encoding="utf-8")
    return tmp_path


def veteran_of(tool: Path, project: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tool), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-m", "veteran", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def findings(tool: Path, project: Path, *arguments: str) -> list[tuple[Any, ...]]:
    found = json.loads(veteran_of(tool, project, "check", "--output-format", "json", *arguments))["findings"]
    return [(one["path"], one["line"], one["code"], one["steps"][0]["path"], one["steps"][0]["line"]) for one in found]


def test_a_family_more_needs_no_line_elsewhere(tool: Path, project: Path) -> None:
    assert findings(tool, project, ".", "--no-cache", "-j1") == [FOUND]
    assert findings(tool, project, ".", "--no-cache", "-j2") == [FOUND]
    assert findings(tool, project, "pkg/user.py", "--no-cache") == [FOUND]
    for _ in range(2):  # cold and warm
        assert findings(tool, project, ".", "-j2") == [FOUND]
    helper = project / "pkg/helper.py"
    helper.write_text(HELPER.replace("    global count\n    count += 1\n", "    return 1\n"), encoding="utf-8")
    assert findings(tool, project, ".") == []
    helper.write_text("# moved\n" + HELPER, encoding="utf-8")
    assert findings(tool, project, ".") == [(*FOUND[:4], 5)]
    assert findings(tool, project, ".") == [(*FOUND[:4], 5)]


def test_why_speaks_of_a_family_more(tool: Path, project: Path) -> None:
    assert "changes what its module holds" in veteran_of(tool, project, "why", "pkg/user.py:6")
    assert "the first line" in veteran_of(tool, project, "why", "pkg/user.py:1")
    assert "nothing on this line that changes another module" in veteran_of(tool, project, "why", "pkg/user.py:5")
