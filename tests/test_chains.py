"""VET312 over random call graphs, written as projects of modules, against a plain search over the graph."""

from __future__ import annotations

import contextlib
import io
import json
import random
import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from veteran.findings import Finding
from veteran.frontends.cli import main
from veteran.frontends.flake8 import Plugin
from veteran.runs import one_file
from veteran.settings import load

CONFIG = '[tool.veteran]\nselect = ["VET312"]\nmin-confidence = "low"\n'
MODULES = ("app", "app.a", "app.b", "app.sub", "app.sub.c", "app.sub.deep", "app.sub.deep.d")
PACKAGES = ("app", "app.sub", "app.sub.deep")
EFFECTS = {"high": "time.sleep(1)", "medium": "pathlib.Path('x').read_text()"}
LEVELS = ("high", "medium")


class Site(NamedTuple):
    """A call that was written, and where."""

    target: int
    line: int


class Written:
    """A random project: functions `f0`, `f1`, … in modules, some of them methods, and all their calls."""

    def __init__(self, seed: int) -> None:
        pick = random.Random(seed)
        count = pick.randint(2, 9)
        self.pick = pick
        self.count = count
        self.aliases = 0
        self.is_async = [pick.random() < 0.4 for _ in range(count)]
        self.owner = [pick.choice((None, None, 0, 1, 2)) for _ in range(count)]
        self.home = [pick.choice(MODULES) for _ in range(3)]  # of the classes
        self.base = [None, pick.choice((None, 0)), pick.choice((None, 0, 1))]
        self.module = [pick.choice(MODULES) if owner is None else self.home[owner] for owner in self.owner]
        self.exports_all = {module: pick.random() < 0.5 for module in MODULES}
        self.stars: dict[str, set[str]] = {module: set() for module in MODULES}
        self.plan = [[pick.randrange(count) for _ in range(pick.randint(0, 3))] for _ in range(count)]
        self.does = [pick.choice(("", "", "high", "medium")) for _ in range(count)]
        self.calls: list[list[Site]] = [[] for _ in range(count)]
        self.effects: dict[int, tuple[str, int]] = {}
        self.texts = dict.fromkeys(MODULES, "")
        self.reexports: dict[str, list[str]] = {module: [] for module in MODULES}
        bodies = {module: self._bodies(module) for module in MODULES}
        for module in MODULES:
            self._place(module, *bodies[module])

    # Writing

    def _bodies(self, module: str) -> tuple[list[str], list[tuple[str, object]]]:
        """The imports of a module and its other lines, with what stands there."""
        imports = ["import time", "import pathlib"]
        lines: list[tuple[str, object]] = []
        for owner in (None, 0, 1, 2):
            inside = [i for i in range(self.count) if self.module[i] == module and self.owner[i] == owner]
            indent = ""
            if owner is not None:
                if self.home[owner] != module:
                    continue
                base = self.base[owner]
                shown = (
                    f"({self._name(f'K{base}', self.home[base], module, imports, imports)})" if base is not None else ""
                )
                lines.append((f"class K{owner}{shown}:", None))
                indent = "    "
                if not inside:
                    lines.append(("    pass", None))
            for number in inside:
                first = "self" if owner is not None else ""
                lines.append((f"{indent}{'async ' if self.is_async[number] else ''}def f{number}({first}):", None))
                body: list[tuple[str, object]] = []
                for target in self.plan[number]:
                    local: list[str] = []
                    call = self._call(number, target, module, imports, local)
                    body += [(line, None) for line in local]
                    awaited = "await " if self.is_async[target] and self.is_async[number] else ""
                    body.append((f"{awaited}{call}()", (number, target)))
                if self.does[number]:
                    at = self.pick.randint(0, len(body))
                    while at and at < len(body) and body[at - 1][1] is None:
                        at -= 1  # not between a local import and its call
                    body.insert(at, (EFFECTS[self.does[number]], (number, None)))
                lines += [(f"{indent}    {line}", what) for line, what in body or [("pass", None)]]
        return imports, lines

    def _call(self, number: int, target: int, module: str, imports: list[str], local: list[str]) -> str:
        owner = self.owner[target]
        if owner is None:
            return self._name(f"f{target}", self.module[target], module, imports, local)
        mine = self.owner[number]
        while mine is not None:
            if mine == owner and self.pick.random() < 0.7:
                return f"self.f{target}"
            mine = self.base[mine]
        kinds = [k for k in range(3) if k == owner or self._inherits(k, owner)]
        kind = self.pick.choice(kinds)
        made = self._name(f"K{kind}", self.home[kind], module, imports, local)
        if self.pick.random() < 0.5:
            local.append(f"held = {made}()")
            return f"held.f{target}"
        return f"{made}().f{target}"

    def _inherits(self, kind: int | None, owner: int) -> bool:
        while kind is not None:
            kind = self.base[kind]
            if kind == owner:
                return True
        return False

    def _name(self, name: str, home: str, module: str, imports: list[str], local: list[str]) -> str:
        """Makes something of another module known, in one of many ways, and says how it is called then."""
        if home == module:
            return name
        where = self.pick.choice((imports, local))
        form = self.pick.randrange(7)
        self.aliases += 1
        alias = f"{name}_{self.aliases}"
        package, _, last = home.rpartition(".")
        if form == 0:
            imports.append(f"import {home}")  # in the function it would make `app` local to all of it
            return f"{home}.{name}"
        if form == 1:
            where.append(f"import {home} as {alias}")
            return f"{alias}.{name}"
        if form == 2 and package:
            where.append(f"from {package} import {last} as {alias}")
            return f"{alias}.{name}"
        if form == 3:
            where.append(f"from {home} import {name} as {alias}")
            return alias
        if form == 4:
            where.append(f"from {self._relative(home, module)} import {name} as {alias}")
            return alias
        if form == 5:
            through = self.pick.choice([p for p in PACKAGES if p != home] or ["app"])
            exported = f"r_{name}_{len(self.reexports[through])}"
            if through == module or home in PACKAGES:
                imports.append(f"from {home} import {name}")
                return name
            self.reexports[through].append(f"from {self._relative(home, through)} import {name} as {exported}")
            where.append(f"from {through} import {exported} as {alias}")
            return alias
        if module not in PACKAGES:
            imports.append(f"from {home} import *")
            return name
        imports.append(f"from {home} import {name}")
        return name

    @staticmethod
    def _relative(home: str, module: str) -> str:
        package = module if module in PACKAGES else module.rpartition(".")[0]
        level, around = 1, package
        while not (home == around or home.startswith(f"{around}.")):
            level, around = level + 1, around.rpartition(".")[0]
        return "." * level + home[len(around) :].lstrip(".")

    def _place(self, module: str, imports: list[str], lines: list[tuple[str, object]]) -> None:
        head = list(dict.fromkeys([*imports, *self.reexports[module]]))
        if self.exports_all[module] and module not in PACKAGES:
            names = [f"f{i}" for i in range(self.count) if self.module[i] == module and self.owner[i] is None]
            names += [f"K{k}" for k in range(3) if self.home[k] == module]
            head.append(f"__all__ = {names!r}")
        text = [*head]
        for line, what in lines:
            text.append(line)
            if isinstance(what, tuple):
                number, target = what
                if target is None:
                    self.effects[number] = (self.does[number], len(text))
                else:
                    self.calls[number].append(Site(target, len(text)))
        self.texts[module] = "\n".join(text) + "\n"

    def write(self, root: Path) -> dict[str, Path]:
        """Writes the files; the path of each module."""
        (root / "pyproject.toml").write_text(CONFIG)
        paths = {}
        for module, text in self.texts.items():
            path = root.joinpath(*module.split("."))
            path = path / "__init__.py" if module in PACKAGES else path.with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            paths[module] = path
        return paths

    # The plain search

    def expected(self, paths: dict[str, Path]) -> dict[str, list[tuple[object, ...]]]:
        """(line, confidence, steps) of the findings of each module."""
        found: dict[str, list[tuple[object, ...]]] = {module: [] for module in MODULES}
        for number in range(self.count):
            if not self.is_async[number]:
                continue
            seen: set[int] = set()
            for site in self.calls[number]:
                if site.target in seen or self.is_async[site.target]:
                    continue
                seen.add(site.target)
                for level in LEVELS:
                    chain = self._search(site.target, level)
                    if chain is not None:
                        steps = tuple((str(paths[self.module[i]]), line) for i, line in chain)
                        found[self.module[number]].append((site.line, level, steps))
                        break
        return {module: sorted(findings) for module, findings in found.items()}

    def _search(self, start: int, level: str) -> list[tuple[int, int]] | None:
        """Breadth first, in source order: the first way with the fewest hops."""
        layer: list[tuple[int, list[tuple[int, int]]]] = [(start, [])]
        seen = {start}
        while layer:
            for number, way in layer:
                effect = self.effects.get(number)
                if effect and LEVELS.index(effect[0]) <= LEVELS.index(level):
                    return [*way, (number, effect[1])]
            following = []
            for number, way in layer:
                for site in self.calls[number]:
                    if not self.is_async[site.target] and site.target not in seen:
                        seen.add(site.target)
                        following.append((site.target, [*way, (number, site.line)]))
            layer = following
        return None


def described(findings: list[Finding]) -> list[tuple[object, ...]]:
    """What the plain search says of a finding, too."""
    return sorted(
        (f.span.line, str(f.confidence), tuple((str(Path(s.path).resolve()), s.span.line) for s in f.steps))
        for f in findings
    )


def by_engine(path: Path) -> list[Finding]:
    return one_file.check_bytes(str(path), path.read_bytes(), load(path.parent))


def by_cli(*paths: Path) -> list[dict[str, object]]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(["check", "-j", "1", "--exit-zero", "--output-format", "json", *map(str, paths)])
    found: list[dict[str, object]] = json.loads(out.getvalue())["findings"]
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_chains_are_those_of_a_plain_search(seed: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        project = Written(seed)
        paths = project.write(root)
        expected = project.expected(paths)
        assert {module: described(by_engine(path)) for module, path in paths.items()} == expected


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**9))
def test_findings_do_not_depend_on_what_else_is_checked(seed: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        project = Written(seed)
        paths = list(project.write(root).values())
        whole = by_cli(root)
        for _ in range(3):
            named = project.pick.sample(paths, project.pick.randint(1, len(paths)))
            wanted = [f for f in whole if f["path"] in {str(path) for path in named}]
            assert by_cli(*named) == wanted
        for path in paths:
            alone = by_engine(path)
            plugin = Plugin(None, str(path), path.read_text().splitlines(keepends=True))  # type: ignore[arg-type]
            said = [(line, column + 1, text) for line, column, text, _ in plugin.run()]
            assert said == [(f.span.line, f.span.column, f"{f.code} {f.message}") for f in alone]
            wanted = [f for f in whole if f["path"] == str(path)]
            assert [(f["line"], f["column"], f["message"]) for f in wanted] == [
                (f.span.line, f.span.column, f.message) for f in alone
            ]
