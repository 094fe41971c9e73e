"""Who imports whom in `src/veteran`: no circle of files, no file that imports a higher layer, none that is too long.

Every import counts: those under `TYPE_CHECKING` and those within functions, too.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

Imports = Mapping[str, frozenset[str]]
#: The layers from the ground up, each by what its modules' names begin with; a module is of the layer with the longest
#: such beginning. A module may import its own layer and those before it.
LAYERS: tuple[tuple[str, ...], ...] = (
    (
        "veteran.conclusions",
        "veteran.findings",
        "veteran.imports",
        "veteran.once",
        "veteran.patterns",
        "veteran.reading",
        "veteran.stacks",
        "veteran.timings",
    ),
    ("veteran.catalog", "veteran.registry"),
    ("veteran.settings", "veteran.suppressions"),
    ("veteran.analysis.syntax",),
    ("veteran.analysis.semantics",),
    ("veteran.analysis.types",),
    ("veteran.analysis.dataflow",),
    ("veteran.analysis",),
    ("veteran.project",),
    ("veteran.families",),
    ("veteran.rules",),
    ("veteran.runs",),
    ("veteran.explain", "veteran.scaffold"),
    ("veteran.reporting",),
    ("veteran.frontends", "veteran.__main__"),
)

#: Lines of a file, and of a function at most and in the median: more is hard to read.
MAX_FILE, MAX_FUNCTION, MEDIAN_FUNCTION = 1_200, 90, 10


def modules_of(source: Path) -> dict[str, Path]:
    """The modules below a directory, by dotted names."""
    found = {}
    for path in source.rglob("*.py"):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(source: Path) -> Imports:
    """What each module below a directory imports of the others."""
    modules = modules_of(source)
    return {name: frozenset(_imported(name, path, modules.keys()) - {name}) for name, path in sorted(modules.items())}


def _imported(name: str, path: Path, known: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(name, path, node)
            found.update(f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names)
    return found.intersection(known)


def _base(name: str, path: Path, node: ast.ImportFrom) -> str:
    """The absolute name of what a `from … import` names."""
    if not node.level:
        return node.module or ""
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def circles(imports: Imports) -> frozenset[frozenset[str]]:
    """The largest sets of modules each of which leads to all others."""
    reached = {name: _reached(name, imports) for name in imports}
    found = (frozenset(other for other in reached[name] if name in reached[other]) for name in imports)
    return frozenset(circle for circle in found if circle)


def _reached(name: str, imports: Imports) -> set[str]:
    """What a module leads to; itself only by way of a circle."""
    found: set[str] = set()
    pending = [*imports[name]]
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending += imports[one]
    return found


def upwards(imports: Imports, layers: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, str]]:
    """The imports of a higher layer; modules of no layer count as the lowest where they are imported, as none else."""
    for name, imported in imports.items():
        own = layer_of(name, layers)
        for other in sorted(imported):
            if own is not None and (layer_of(other, layers) or 0) > own:
                yield name, other


def layer_of(name: str, layers: tuple[tuple[str, ...], ...]) -> int | None:
    """The number of a module's layer, from the ground up."""
    fits = [
        (len(prefix), number)
        for number, layer in enumerate(layers)
        for prefix in layer
        if name == prefix or name.startswith(f"{prefix}.")
    ]
    return max(fits)[1] if fits else None


def shown(circle: Iterable[str], imports: Imports) -> str:
    """A circle with the imports that make it, for whoever has to break it."""
    names = set(circle)
    return "\n".join(f"  {name} imports {', '.join(sorted(imports[name] & names))}" for name in sorted(names))


@pytest.fixture(scope="module")
def imports() -> Imports:
    found = imports_of(SOURCE)
    assert "veteran.analysis.module" in found["veteran.families.sql.sinks"]  # for types alone
    assert "veteran.runs.linker" in found["veteran.runs.one_file"]  # within a function
    return found


def test_no_files_import_each_other_in_a_circle(imports: Imports) -> None:
    found = "\n\n".join(shown(circle, imports) for circle in circles(imports))
    assert not found, f"files that import each other in a circle:\n{found}"


def test_no_file_imports_a_higher_layer(imports: Imports) -> None:
    found = "\n".join(f"  {name} imports {other}" for name, other in sorted(upwards(imports, LAYERS)))
    assert not found, f"files that import a higher layer:\n{found}"


def test_every_module_is_of_a_layer(imports: Imports) -> None:
    lost = [name for name in imports if name != "veteran" and layer_of(name, LAYERS) is None]
    assert not lost, f"in no layer: {lost}"


def test_families_do_not_know_each_other(imports: Imports) -> None:
    families = {name: name.split(".")[2] for name in imports if name.startswith("veteran.families.")}
    crossing = [
        (name, other)
        for name, family in families.items()
        for other in imports[name]
        if families.get(other, family) != family
    ]
    assert len(set(families.values())) > 1
    assert crossing == []


def test_only_rules_name_a_family(imports: Imports) -> None:
    # All others loop over what `veteran.families` finds.
    free = ("veteran.families.", "veteran.rules.")
    naming = [
        (n, o) for n, others in imports.items() for o in others if o.startswith(free[0]) and not n.startswith(free)
    ]
    assert naming == []


def functions_in(text: str) -> Iterator[tuple[str, int]]:
    """The functions of a file, by name, with how many lines they have."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_and_functions_are_short() -> None:
    texts = {name: path.read_text(encoding="utf-8") for name, path in modules_of(SOURCE).items()}
    assert {name: text.count("\n") for name, text in texts.items() if text.count("\n") > MAX_FILE} == {}
    functions = [(name, *function) for name, text in texts.items() for function in functions_in(text)]
    assert [function for function in functions if function[2] > MAX_FUNCTION] == []
    assert statistics.median(lines for *_, lines in functions) <= MEDIAN_FUNCTION


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root.joinpath(*name.split("__"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".py").write_text(text, encoding="utf-8")


def test_all_imports_are_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        pkg__a="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg import b\nimport os.path\n",
        pkg__b="def f():\n    from pkg.sub.c import thing\n    return thing\n",
        pkg__sub__c="from ..a import x\nfrom . import d\nclass C:\n    import pkg.e\n",
        pkg__sub__d="from .. import e\n",
        pkg__e="import pkg.sub.d as d\n",
    )
    (tmp_path / "pkg/sub/__init__.py").write_text("from .c import C\n", encoding="utf-8")
    found = imports_of(tmp_path)
    assert found == {
        "pkg.a": {"pkg.b"},
        "pkg.b": {"pkg.sub.c"},
        "pkg.e": {"pkg.sub.d"},
        "pkg.sub": {"pkg.sub.c"},
        "pkg.sub.c": {"pkg.a", "pkg.sub.d", "pkg.e"},
        "pkg.sub.d": {"pkg.e"},
    }
    assert circles(found) == {frozenset(("pkg.a", "pkg.b", "pkg.sub.c")), frozenset(("pkg.e", "pkg.sub.d"))}
    assert shown(("pkg.e", "pkg.sub.d"), found) == "  pkg.e imports pkg.sub.d\n  pkg.sub.d imports pkg.e"


def test_a_layer_imports_downwards() -> None:
    layers = (("v.low",), ("v", "w"), ("v.top",))
    found = {
        "v.low.a": frozenset(("v.mid", "v.low.b")),
        "v.low.b": frozenset(("lost",)),
        "v.mid": frozenset(("v.low.a", "w", "v.top.c")),
        "v.lower": frozenset(("v.low.a",)),
        "v.top.c": frozenset(("v.mid", "v.low.a")),
        "w": frozenset(("v.mid",)),
        "lost": frozenset(("v.top.c",)),
    }
    assert {name: layer_of(name, layers) for name in found} == {
        "v.low.a": 0, "v.low.b": 0, "v.mid": 1, "v.lower": 1, "v.top.c": 2, "w": 1, "lost": None,
    }  # fmt: skip
    assert list(upwards(found, layers)) == [("v.low.a", "v.mid"), ("v.mid", "v.top.c")]
