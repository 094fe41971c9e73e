"""Projects: the file behind an import and the name of a file, as Python itself has them."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veteran.project import import_resolver as module_under_test
from veteran.project.import_resolver import Module, Project, forget, project_for, still

links = pytest.mark.skipif(sys.platform == "win32", reason="needs links")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def tree(root: Path, *names: str, **texts: str) -> Path:
    """Makes files and, with a slash at the end, directories."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    for name, text in texts.items():
        (root / name.replace("__", ".")).write_text(text, encoding="utf-8")
    forget()
    return root


def path_of(project: Project, name: str, root: Path) -> str | None:
    """Where a name leads, below a directory."""
    found = project.find(name)
    return found and found.path.relative_to(root).as_posix()


def relative(project: Project, root: Path) -> list[str]:
    return [os.path.relpath(place, root).replace(os.sep, "/") for place in project.roots]


# Finding


def test_packages_modules_and_what_is_not_there(tmp_path: Path) -> None:
    tree(tmp_path, "pkg/__init__.py", "pkg/a.py", "pkg/sub/__init__.py", "pkg/sub/b.py", "one.py")
    project = Project(tmp_path)
    assert project.find("pkg") == Module("pkg", tmp_path / "pkg/__init__.py", True)
    assert project.find("pkg.a") == Module("pkg.a", tmp_path / "pkg/a.py", False)
    assert project.find("pkg.sub") == Module("pkg.sub", tmp_path / "pkg/sub/__init__.py", True)
    assert project.find("pkg.sub.b") == Module("pkg.sub.b", tmp_path / "pkg/sub/b.py", False)
    assert project.find("one") == Module("one", tmp_path / "one.py", False)
    for name in ("two", "pkg.b", "pkg.a.x", "one.x", "two.x", "sub", "a", "pkg.sub.b.c"):
        assert project.find(name) is None
    assert project.find("pkg.__init__") == project.find("pkg")
    assert project.find("one.__init__") is None


@pytest.mark.parametrize("name", ["", ".", ".a", "a.", "a..b", "a b", "a/b", "../a", "a\0b", "1", "pkg.", "x." * 9999])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    tree(tmp_path, "a.py", "pkg/__init__.py", "pkg/a.py", "1.py")
    assert Project(tmp_path / "pkg").find(name) is None
    assert Project(tmp_path).find(name) is None


def test_package_before_module_before_directory(tmp_path: Path) -> None:
    tree(tmp_path, "a/__init__.py", "a.py", "a/x.py", "b/x.py", "b.py", "c/x.py")
    project = Project(tmp_path)
    assert path_of(project, "a", tmp_path) == "a/__init__.py"
    assert path_of(project, "a.x", tmp_path) == "a/x.py"
    assert path_of(project, "b", tmp_path) == "b.py"
    assert project.find("b.x") is None  # b is a module
    assert project.find("c") is None  # a namespace has no file
    assert path_of(project, "c.x", tmp_path) == "c/x.py"


def test_first_source_root_wins(tmp_path: Path) -> None:
    tree(tmp_path, "one/a.py", "two/a.py", "two/b.py", "two/c/__init__.py", "one/c.py", "one/d/x.py", "two/d.py")
    project = Project(tmp_path, ("one", "two"))
    assert path_of(project, "a", tmp_path) == "one/a.py"
    assert path_of(project, "b", tmp_path) == "two/b.py"
    assert path_of(project, "c", tmp_path) == "one/c.py"
    assert path_of(project, "d", tmp_path) == "two/d.py"  # a file anywhere goes before a namespace
    assert project.find("d.x") is None
    assert path_of(Project(tmp_path, ("two", "one")), "a", tmp_path) == "two/a.py"


def test_namespace_packages_lie_in_several_roots(tmp_path: Path) -> None:
    tree(tmp_path, "one/ns/a.py", "two/ns/b.py", "two/ns/a.py", "one/ns/deep/x.py", "two/ns/deep/y.py")
    tree(tmp_path, "one/closed/a.py", "two/closed/__init__.py", "two/closed/b.py")
    project = Project(tmp_path, ("one", "two"))
    assert path_of(project, "ns.a", tmp_path) == "one/ns/a.py"
    assert path_of(project, "ns.b", tmp_path) == "two/ns/b.py"
    assert path_of(project, "ns.deep.x", tmp_path) == "one/ns/deep/x.py"
    assert path_of(project, "ns.deep.y", tmp_path) == "two/ns/deep/y.py"
    assert project.find("closed.a") is None
    assert path_of(project, "closed.b", tmp_path) == "two/closed/b.py"


def test_stubs_come_last(tmp_path: Path) -> None:
    tree(tmp_path, "one/a.pyi", "one/a.py", "one/b.pyi", "two/b.py", "one/c.pyi", "one/p/__init__.pyi", "one/p/x.py")
    tree(tmp_path, "one/q/__init__.pyi", "one/q.py", "one/r/__init__.pyi", "one/r/__init__.py")
    project = Project(tmp_path, ("one", "two"))
    assert path_of(project, "a", tmp_path) == "one/a.py"
    assert path_of(project, "b", tmp_path) == "two/b.py"
    assert path_of(project, "c", tmp_path) == "one/c.pyi"
    assert project.find("p") == Module("p", tmp_path / "one/p/__init__.pyi", True)
    assert path_of(project, "p.x", tmp_path) == "one/p/x.py"
    assert path_of(project, "q", tmp_path) == "one/q.py"
    assert path_of(project, "r", tmp_path) == "one/r/__init__.py"


def test_standard_library_is_shadowed_by_files_only(tmp_path: Path) -> None:
    tree(tmp_path, "queue.py", "email/__init__.py", "email/mine.py", "json/mine.py", "select.pyi", "time.py", "os/a.py")
    project = Project(tmp_path)
    assert path_of(project, "queue", tmp_path) == "queue.py"
    assert path_of(project, "email.mine", tmp_path) == "email/mine.py"
    assert project.find("email.message") is None
    assert project.find("json.mine") is None
    assert project.find("select") is None
    assert project.find("time") is None  # built in: no file can take its place
    assert project.find("os.a") is None
    tree(tmp_path, "pkg/__init__.py", "pkg/time.py", "pkg/json/a.py")
    project = Project(tmp_path)
    assert path_of(project, "pkg.time", tmp_path) == "pkg/time.py"
    assert path_of(project, "pkg.json.a", tmp_path) == "pkg/json/a.py"


def test_case_counts(tmp_path: Path) -> None:
    tree(tmp_path, "Models.py", "pkg/__init__.py", "pkg/Utils.py")
    project = Project(tmp_path)
    assert project.find("models") is None
    assert project.find("pkg.utils") is None
    assert project.find("PKG") is None
    assert path_of(project, "Models", tmp_path) == "Models.py"


def test_identifiers_are_normalised_as_the_compiler_does(tmp_path: Path) -> None:
    tree(tmp_path, "caf\u00e9.py", "fi.py")
    project = Project(tmp_path)
    assert project.find("cafe\u0301") == Module("caf\u00e9", tmp_path / "caf\u00e9.py", False)
    assert project.find("\ufb01") == Module("fi", tmp_path / "fi.py", False)


def test_what_is_no_file_is_no_module(tmp_path: Path) -> None:
    tree(tmp_path, "a.py/", "b/__init__.py/", "b/x.py", "c.txt", "d.pyc")
    project = Project(tmp_path)
    assert project.find("a") is None
    assert project.find("b") is None
    assert path_of(project, "b.x", tmp_path) == "b/x.py"
    assert project.find("c") is None
    assert project.find("d") is None


def test_each_directory_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "pkg/__init__.py", "pkg/a.py", "pkg/sub/__init__.py", "pyproject.toml")
    read: list[Any] = []
    scan = os.scandir

    def counted(path: Any) -> Any:
        read.append(path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", counted)
    project = project_for(tmp_path / "pkg/a.py", ())
    for name in ("pkg.a", "pkg.b", "pkg.sub.c", "pkg.sub", "x", "x.y", "pkg.a.b"):
        project.find(name)
        project.name_of(tmp_path / "pkg/sub/c.py")
    project_for(tmp_path / "pkg/sub/c.py", ())
    assert len(read) == len(set(read)) == 3
    # Nothing else is asked of the disk.
    monkeypatch.setattr(os, "stat", None)
    monkeypatch.setattr(os, "lstat", None)
    assert project.find("pkg.zzz") is None
    assert project.find("pkg.sub.zzz") is None


def test_directories_that_cannot_be_read_are_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "pkg/__init__.py")

    def refuse(path: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    assert Project(tmp_path).find("pkg") is None
    assert Project(tmp_path / "nowhere", ("x", "/nowhere/y")).find("pkg") is None
    assert project_for(tmp_path / "pkg/a.py", ()).find("pkg") is None


# Names


def test_names(tmp_path: Path) -> None:
    tree(tmp_path, "src/pkg/__init__.py", "src/pkg/a.py", "src/ns/a.py", "conftest.py", "tests/test_a.py")
    project = Project(tmp_path)
    expected = {
        "src/pkg/__init__.py": "pkg",
        "src/pkg/a.py": "pkg.a",
        "src/pkg/a.pyi": "pkg.a",
        "src/pkg/__init__.pyi": "pkg",
        "src/pkg/__main__.py": "pkg.__main__",
        "src/pkg/not_saved/yet.py": "pkg.not_saved.yet",
        "src/ns/a.py": "ns.a",
        "conftest.py": "conftest",
        "tests/conftest.py": "tests.conftest",
        "setup.py": "setup",
        "my-script.py": None,
        "src/pkg/my-script.py": None,
        "src/my-pkg/a.py": None,
        "2024/a.py": None,
        "src/pkg/a.txt": None,
        "src/pkg/a": None,
        "src/__init__.py": None,
        "../elsewhere.py": None,
    }
    assert {name: project.name_of(tmp_path / name) for name in expected} == expected
    assert project.is_package(tmp_path / "src/pkg/__init__.py")
    assert project.is_package(Path("__init__.pyi"))
    assert not project.is_package(tmp_path / "src/pkg/__main__.py")


def test_names_of_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "pyproject.toml", "pkg/__init__.py", "pkg/a.py")
    monkeypatch.chdir(tmp_path / "pkg")
    assert project_for(Path("a.py"), ()).name_of(Path("a.py")) == "pkg.a"
    assert project_for(Path("a.py"), ()) is project_for(tmp_path / "pkg" / ".." / "pkg" / "__init__.py", ())


@pytest.mark.parametrize(
    ("module", "package", "reference", "expected"),
    [
        ("pkg.a", False, ".", "pkg"),
        ("pkg.a", False, ".b", "pkg.b"),
        ("pkg.a", False, ".b.c", "pkg.b.c"),
        ("pkg.a", False, "..b", None),
        ("pkg", True, ".", "pkg"),
        ("pkg", True, ".b", "pkg.b"),
        ("pkg", True, "..", None),
        ("pkg.sub", True, "..b", "pkg.b"),
        ("pkg.sub", True, "..", "pkg"),
        ("pkg.sub", True, "...b", None),
        ("pkg.sub.a", False, "...b", None),
        ("pkg.sub.a", False, "..b", "pkg.b"),
        ("script", False, ".b", None),
        ("script", False, ".", None),
        ("", False, ".b", None),
        ("", True, ".b", None),
        ("pkg.a", False, "other.b", "other.b"),
        ("pkg.a", False, "." * 100_000, None),
    ],
)
def test_relative_imports(tmp_path: Path, module: str, package: bool, reference: str, expected: str | None) -> None:
    assert Project(tmp_path).resolve_relative(module, package, reference) == expected


# Source roots


def roots(path: Path, root: Path, src: tuple[str, ...] = ()) -> list[str]:
    return relative(project_for(path, src), root)


def test_src_layout(tmp_path: Path) -> None:
    tree(tmp_path, "pyproject.toml", "src/pkg/__init__.py", "src/pkg/a.py", "tests/test_a.py", "tests/helpers.py")
    assert roots(tmp_path / "src/pkg/a.py", tmp_path) == ["src", "."]
    # The directory of a file in no package comes last.
    assert roots(tmp_path / "tests/test_a.py", tmp_path) == ["src", ".", "tests"]
    project = project_for(tmp_path / "tests/test_a.py", ())
    assert path_of(project, "pkg.a", tmp_path) == "src/pkg/a.py"
    assert path_of(project, "helpers", tmp_path) == "tests/helpers.py"
    assert path_of(project, "tests.helpers", tmp_path) == "tests/helpers.py"
    assert project.name_of(tmp_path / "tests/helpers.py") == "tests.helpers"
    assert project_for(tmp_path / "tests/helpers.py", ()) is project


def test_src_that_is_a_package(tmp_path: Path) -> None:
    tree(tmp_path, ".git/", "src/__init__.py", "src/a.py", "src/sub/__init__.py")
    assert roots(tmp_path / "src/sub/b.py", tmp_path) == ["."]
    assert project_for(tmp_path / "src/a.py", ()).name_of(tmp_path / "src/a.py") == "src.a"


@pytest.mark.parametrize("marker", module_under_test.MARKERS)
def test_markers(tmp_path: Path, marker: str) -> None:
    tree(tmp_path, marker, "deep/down/a.py", "b.py")
    assert roots(tmp_path / "deep/down/a.py", tmp_path) == [".", "deep/down"]
    assert path_of(project_for(tmp_path / "deep/down/a.py", ()), "b", tmp_path) == "b.py"


def test_nearest_marker_counts(tmp_path: Path) -> None:
    tree(tmp_path, ".git/", "a/pyproject.toml", "a/pkg/__init__.py", "b/pkg/__init__.py", "b/pkg/sub/__init__.py")
    assert roots(tmp_path / "a/pkg/x.py", tmp_path) == ["a"]
    # Two services in one repository: each sees its own package first.
    assert roots(tmp_path / "b/pkg/sub/x.py", tmp_path) == ["b", "."]
    assert project_for(tmp_path / "b/pkg/x.py", ()).name_of(tmp_path / "b/pkg/x.py") == "pkg.x"
    assert path_of(project_for(tmp_path / "b/pkg/x.py", ()), "pkg.sub", tmp_path) == "b/pkg/sub/__init__.py"


def test_no_packaging_file_at_all(tmp_path: Path) -> None:
    tree(tmp_path, "one.py", "two.py", "pkg/__init__.py", "pkg/a.py", "utils/b.py", "queue.py")
    project = project_for(tmp_path / "one.py", ())
    assert relative(project, tmp_path) == ["."]
    assert path_of(project, "two", tmp_path) == "two.py"
    assert path_of(project, "pkg.a", tmp_path) == "pkg/a.py"
    assert path_of(project, "utils.b", tmp_path) == "utils/b.py"
    assert path_of(project, "queue", tmp_path) == "queue.py"
    assert project_for(tmp_path / "pkg/a.py", ()) is project
    assert roots(tmp_path / "utils/b.py", tmp_path) == ["utils"]


def test_scripts_of_a_project_do_not_shadow_the_standard_library(tmp_path: Path) -> None:
    tree(tmp_path, ".git/", "tools/run.py", "tools/queue.py", "tools/helpers.py")
    project = project_for(tmp_path / "tools/run.py", ())
    assert path_of(project, "helpers", tmp_path) == "tools/helpers.py"
    assert project.find("queue") is None
    assert path_of(project, "tools.queue", tmp_path) == "tools/queue.py"


@pytest.mark.parametrize("marker", ["pyproject.toml", "unmarked"])
def test_directories_without_init_inside_a_package(tmp_path: Path, marker: str) -> None:
    tree(tmp_path, marker, "pkg/__init__.py", "pkg/core.py", "pkg/ns/a.py", "pkg/ns/b.py", "pkg/ns/deep/c/__init__.py")
    project = project_for(tmp_path / "pkg/ns/a.py", ())
    assert project.name_of(tmp_path / "pkg/ns/a.py") == "pkg.ns.a"
    assert path_of(project, "pkg.ns.b", tmp_path) == "pkg/ns/b.py"
    assert path_of(project, "b", tmp_path) == "pkg/ns/b.py"
    project = project_for(tmp_path / "pkg/ns/deep/c/d.py", ())
    assert project.name_of(tmp_path / "pkg/ns/deep/c/d.py") == "pkg.ns.deep.c.d"
    assert path_of(project, "pkg.core", tmp_path) == "pkg/core.py"
    assert path_of(project, "c", tmp_path) == "pkg/ns/deep/c/__init__.py"
    assert relative(project, tmp_path) == [".", "pkg/ns/deep"]


def test_directories_that_no_import_can_name_hold_no_packages(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "pkg/__init__.py",
        "pkg/my-skill/utils/__init__.py",
        "my-plugin/__init__.py",
        "my-plugin/sub/__init__.py",
    )
    inner = tmp_path / "pkg/my-skill/utils/a.py"
    assert roots(inner, tmp_path) == ["pkg/my-skill"]
    assert project_for(inner, ()).name_of(inner) == "utils.a"
    assert roots(tmp_path / "my-plugin/sub/a.py", tmp_path) == ["my-plugin"]
    assert project_for(tmp_path / "my-plugin/a.py", ()).name_of(tmp_path / "my-plugin/a.py") == "a"
    assert project_for(tmp_path / "my-plugin/__init__.py", ()).name_of(tmp_path / "my-plugin/__init__.py") is None


def test_packages_above_the_project_do_not_hold_it(tmp_path: Path) -> None:
    tree(tmp_path, "__init__.py", "project/pyproject.toml", "project/pkg/__init__.py", "project/a.py")
    assert roots(tmp_path / "project/pkg/x.py", tmp_path) == ["project"]
    assert roots(tmp_path / "project/a.py", tmp_path) == ["project"]


def test_project_that_is_itself_a_package(tmp_path: Path) -> None:
    tree(tmp_path, "plugin/.git/", "plugin/__init__.py", "plugin/a.py", "plugin/sub/__init__.py", "plugin/sub/b.py")
    tree(tmp_path, "neighbour/__init__.py", "neighbour/a.py")
    project = project_for(tmp_path / "plugin/sub/b.py", ())
    assert project.name_of(tmp_path / "plugin/sub/b.py") == "plugin.sub.b"
    assert path_of(project, "plugin.a", tmp_path) == "plugin/a.py"
    assert path_of(project, "sub.b", tmp_path) == "plugin/sub/b.py"
    assert project.find("neighbour") is None
    assert project.name_of(tmp_path / "neighbour/a.py") is None


def test_installed_packages_see_themselves_only(tmp_path: Path) -> None:
    site = tmp_path / "project/.venv/lib/python3.11/site-packages"
    tree(site, "pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/a.py", "other/__init__.py", "single.py", "ns/x/a.py")
    tree(tmp_path, "project/pyproject.toml", "project/mine/__init__.py")
    project = project_for(site / "pkg/sub/a.py", ())
    assert project.name_of(site / "pkg/sub/a.py") == "pkg.sub.a"
    assert project.find("pkg.sub") is not None
    assert project.find("other") is None
    assert project.find("mine") is None
    assert project_for(site / "other/__init__.py", ()).find("other") is not None
    assert project_for(site / "other/__init__.py", ()).find("pkg") is None
    assert [root.name for root in project_for(site / "other/__init__.py", ()).roots] == ["site-packages"]
    assert project_for(site / "pkg/sub/a.py", (str(tmp_path / "project"),)) is project
    assert project_for(site / "single.py", ()).find("single") is not None
    assert project_for(site / "single.py", ()).find("pkg") is None
    assert project_for(site / "ns/x/a.py", ()).name_of(site / "ns/x/a.py") == "ns.x.a"
    assert project_for(tmp_path / "project/mine/__init__.py", ()).find("other") is None


def test_configured_roots(tmp_path: Path) -> None:
    tree(tmp_path, "pyproject.toml", "lib/pkg/__init__.py", "lib/pkg/a.py", "src/b.py", "tools/run.py", "tools/help.py")
    src = (str(tmp_path / "lib"),)
    project = project_for(tmp_path / "lib/pkg/a.py", src)
    assert relative(project, tmp_path) == ["lib"]
    assert project.name_of(tmp_path / "lib/pkg/a.py") == "pkg.a"
    assert project.find("b") is None
    # What lies elsewhere still sees what lies beside it.
    outside = project_for(tmp_path / "tools/run.py", src)
    assert relative(outside, tmp_path) == ["lib", "tools"]
    assert outside.name_of(tmp_path / "tools/run.py") == "run"
    assert path_of(outside, "help", tmp_path) == "tools/help.py"
    assert path_of(outside, "pkg.a", tmp_path) == "lib/pkg/a.py"
    assert relative(project_for(tmp_path / "lib/pkg/a.py", ("lib", ".", "lib/../lib")), tmp_path) == ["lib", "."]


def test_packages_outside_the_configured_roots(tmp_path: Path) -> None:
    tree(tmp_path, "pyproject.toml", "src/pkg/__init__.py", "x/tests/__init__.py", "x/tests/a.py", "x/tests/b.py")
    project = project_for(tmp_path / "x/tests/a.py", ("src",))
    assert relative(project, tmp_path) == ["src", "x"]
    assert project.name_of(tmp_path / "x/tests/a.py") == "tests.a"


PACKAGING = [
    ("pyproject.toml", "[tool.setuptools.packages.find]\nwhere = ['lib']", ["lib", "."]),
    ("pyproject.toml", "[tool.setuptools]\npackage-dir = {'' = 'lib'}", ["lib", "."]),
    ("pyproject.toml", "[tool.setuptools.package-dir]\npkg = 'lib/pkg'", ["lib", "."]),
    ("pyproject.toml", "[tool.setuptools.package-dir]\npkg = 'lib/renamed'", ["."]),
    (
        "pyproject.toml",
        "[tool.poetry]\npackages = [{ include = 'pkg', from = 'lib' }, { include = 'x' }]",
        ["lib", "."],
    ),
    ("pyproject.toml", "[tool.hatch.build.targets.wheel]\npackages = ['lib/pkg']", ["lib", "."]),
    ("pyproject.toml", "[tool.hatch.build.targets.wheel]\npackages = ['pkg']", ["."]),
    ("pyproject.toml", "[tool.hatch.build.targets.wheel]\nsources = ['lib']", ["lib", "."]),
    ("pyproject.toml", "[tool.hatch.build.targets.wheel.sources]\n'lib' = ''\n'a/b' = 'b'", ["lib", "a", "."]),
    ("pyproject.toml", "[tool.hatch.build]\nsources = ['lib']", ["lib", "."]),
    ("pyproject.toml", "[tool.pdm.build]\npackage-dir = 'lib'", ["lib", "."]),
    ("pyproject.toml", "[tool.maturin]\npython-source = 'python'", ["python", "."]),
    ("pyproject.toml", "[tool.uv.build-backend]\nmodule-root = 'lib'", ["lib", "."]),
    ("pyproject.toml", "[tool.uv.build-backend]\nmodule-root = ''", ["."]),
    ("pyproject.toml", "[tool.setuptools.packages.find]\nwhere = 'lib'", ["."]),
    ("pyproject.toml", "[tool.setuptools.packages.find]\nwhere = [3, '../x', '/', '.', 'lib']", ["lib", "."]),
    ("pyproject.toml", "[tool.setuptools]\npackages = ['lib']", ["."]),
    ("pyproject.toml", "where = [", ["."]),
    ("pyproject.toml", "tool = 'where'", ["."]),
    ("pyproject.toml", "where = " + "[" * 100_000, ["."]),
    ("setup.cfg", "[options]\npackage_dir =\n    = lib\n", ["lib", "."]),
    ("setup.cfg", "[options]\npackage_dir =\n    pkg = lib/pkg\n    =python\n", ["lib", "python", "."]),
    ("setup.cfg", "[options.packages.find]\nwhere = lib\n", ["lib", "."]),
    ("setup.cfg", "[options.packages.find]\nwhere = %(broken\n[options\n", ["."]),
    ("setup.cfg", "where = lib\n", ["."]),
    ("setup.py", "setup(package_dir={'': 'lib'}, packages=find_packages('lib'))", ["lib", "."]),
    ("setup.py", 'setup(packages=find_namespace_packages(where="python"))', ["python", "."]),
    ("setup.py", "setup(packages=find_packages(WHERE), package_dir={'': WHERE})", ["."]),
]


@pytest.mark.parametrize(("file", "text", "expected"), PACKAGING)
def test_what_packaging_files_say(tmp_path: Path, file: str, text: str, expected: list[str]) -> None:
    tree(tmp_path, "lib/pkg/__init__.py", "python/x/__init__.py")
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert relative(Project(tmp_path), tmp_path) == expected


def test_packaging_files_that_cannot_be_read(tmp_path: Path) -> None:
    tree(tmp_path, "pyproject.toml/", "src/a.py")
    (tmp_path / "setup.cfg").write_bytes(b"\xff where")
    assert relative(Project(tmp_path), tmp_path) == ["src", "."]


# Links


@links
def test_loops_of_links_end(tmp_path: Path) -> None:
    tree(tmp_path, "pyproject.toml", "pkg/__init__.py", "pkg/a.py")
    (tmp_path / "pkg/loop").symlink_to(tmp_path / "pkg")
    (tmp_path / "pkg/up").symlink_to(tmp_path)
    (tmp_path / "pkg/self").symlink_to("self")
    (tmp_path / "pkg/self2.py").symlink_to("self2.py")
    project = Project(tmp_path)
    assert project.find("pkg.loop.loop.loop.a") == project.find("pkg.a") == project.find("pkg.up.pkg.up.pkg.a")
    assert project.find("pkg.loop") == project.find("pkg")
    assert project.find("pkg" + ".loop" * 90 + ".a") == project.find("pkg.a")
    assert project.find("pkg.self") is None
    assert project.find("pkg.self2") is None
    assert project.name_of(tmp_path / "pkg/loop/loop/a.py") == "pkg.a"
    assert project.name_of(tmp_path / "pkg/up/pkg/a.py") == "pkg.a"
    assert project_for(tmp_path / "pkg/loop/a.py", ()).name_of(tmp_path / "pkg/loop/a.py") == "pkg.a"


@links
def test_links_within_the_project_lead_to_one_module(tmp_path: Path) -> None:
    tree(tmp_path, "pyproject.toml", "real/__init__.py", "real/a.py", "other/__init__.py")
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "other/b.py").symlink_to("../real/a.py")
    (tmp_path / "other/init.py").symlink_to("../real/__init__.py")
    (tmp_path / "broken.py").symlink_to("nowhere.py")
    project = Project(tmp_path)
    expected = Module("real.a", tmp_path / "real/a.py", False)
    assert project.find("alias.a") == project.find("real.a") == project.find("other.b") == expected
    assert project.find("alias") == project.find("real") == project.find("other.init")
    assert project.find("broken") is None
    assert project.name_of(tmp_path / "alias/a.py") == project.name_of(tmp_path / "other/b.py") == "real.a"
    assert project.name_of(tmp_path / "other/init.py") == "real"


@links
def test_links_to_the_outside_keep_their_names(tmp_path: Path) -> None:
    tree(
        tmp_path, "in/pyproject.toml", "in/pkg/__init__.py", "out/__init__.py", "out/a.py", "out/script", "out/sub/b.py"
    )
    root = tmp_path / "in"
    (root / "pkg/ext").symlink_to(tmp_path / "out")
    (root / "one.py").symlink_to(tmp_path / "out/a.py")
    (root / "two.py").symlink_to(tmp_path / "out/script")
    (tmp_path / "out/sub/loop").symlink_to(tmp_path / "out")
    project = Project(root)
    assert project.find("pkg.ext") == Module("pkg.ext", root / "pkg/ext/__init__.py", True)
    assert project.find("pkg.ext.a") == Module("pkg.ext.a", root / "pkg/ext/a.py", False)
    assert project.find("pkg.ext.sub.loop.sub.loop.a") == project.find("pkg.ext.a")
    assert project.find("one") == Module("one", root / "one.py", False)
    assert project.find("two") == Module("two", root / "two.py", False)
    assert project.name_of(root / "pkg/ext/a.py") == "pkg.ext.a"
    assert project.name_of(tmp_path / "out/a.py") is None


@links
def test_a_project_reached_through_a_link(tmp_path: Path) -> None:
    tree(tmp_path, "real/pyproject.toml", "real/src/pkg/__init__.py", "real/src/pkg/a.py")
    (tmp_path / "alias").symlink_to("real")
    project = project_for(tmp_path / "alias/src/pkg/a.py", ())
    assert (
        project.name_of(tmp_path / "alias/src/pkg/a.py") == project.name_of(tmp_path / "real/src/pkg/a.py") == "pkg.a"
    )
    assert project.find("pkg.a") == Module("pkg.a", tmp_path / "alias/src/pkg/a.py", False)


# What the answers rest on


def test_what_was_looked_for(tmp_path: Path) -> None:
    tree(tmp_path, "one/", "two/pkg/__init__.py", "two/pkg/a.py")
    project = Project(tmp_path, ("one", "two"))
    assert project.looked_for() == ()
    project.find("pkg.a")
    project.find("gone")
    seen = project.looked_for()
    assert {(Path(found.directory).name, found.name, found.found) for found in seen} == {
        ("one", "pkg", ""),
        ("two", "pkg", "/"),
        ("pkg", "__init__", ".py"),
        ("pkg", "a", ".py"),
        ("one", "gone", ""),
        ("two", "gone", ""),
    }
    assert still(seen)
    tree(tmp_path, "one/unrelated.py", "two/pkg/b.py")
    assert still(seen)
    for change in ("one/pkg.py", "one/gone.py", "two/gone/", "two/pkg/a.pyi", "two/pkg.pyi", "two/pkg/a/"):
        tree(tmp_path, change)
        assert not still(seen)
        path = tmp_path / change
        path.rmdir() if path.is_dir() else path.unlink()
        assert still(seen)
    (tmp_path / "two/pkg/a.py").unlink()
    assert not still(seen)


@links
def test_links_that_lead_elsewhere_are_a_change(tmp_path: Path) -> None:
    tree(tmp_path, "a/x.py", "b/x.py")
    (tmp_path / "link").symlink_to("a")
    project = Project(tmp_path)
    project.find("link.x")
    seen = project.looked_for()
    assert still(seen)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("b")
    assert not still(seen)


def test_forget_and_projects_of_their_own_start_anew(tmp_path: Path) -> None:
    tree(tmp_path, "pyproject.toml", "a.py")
    before = project_for(tmp_path / "a.py", ())
    assert before.find("b") is None
    (tmp_path / "b.py").touch()
    assert project_for(tmp_path / "a.py", ()) is before
    assert before.find("b") is None
    assert Project(tmp_path).find("b") is not None
    forget()
    assert project_for(tmp_path / "a.py", ()).find("b") is not None


# Laws


NAMES = st.sampled_from(["a", "b", "c"])
FILES = st.lists(
    st.tuples(
        st.sampled_from(["one", "two"]),
        st.lists(NAMES, max_size=3),
        st.sampled_from(["a.py", "b.py", "c.py", "__init__.py"]),
    ),
    max_size=12,
)


def python_finds(name: str, path: list[str]) -> tuple[str | None, bool]:
    """What CPython's own finder says: the file, and whether it is a package."""
    spec = None
    places: list[str] = path
    for part in name.split("."):
        spec = importlib.machinery.PathFinder.find_spec(part, places)
        if spec is None:
            return None, False
        places = list(spec.submodule_search_locations or [])
    assert spec is not None
    return (spec.origin if spec.has_location else None), bool(spec.has_location and spec.submodule_search_locations)


@settings(deadline=None, max_examples=150)
@given(files=FILES, queries=st.lists(st.lists(NAMES, min_size=1, max_size=4), min_size=1, max_size=8))
def test_finds_what_python_finds(files: list[tuple[str, list[str], str]], queries: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        top = Path(os.path.realpath(name))
        tree(top, "one/", "two/", *("/".join([root, *parts, file]) for root, parts, file in files))
        importlib.invalidate_caches()
        project = Project(top, ("one", "two"))
        path = [str(top / "one"), str(top / "two")]
        for query in queries:
            found = project.find(".".join(query))
            file, package = python_finds(".".join(query), path)
            assert (found and str(found.path), bool(found and found.package)) == (file, package)
            if found:
                assert found.name == ".".join(query) == project.name_of(found.path)
        assert still(project.looked_for())
    sys.path_importer_cache.clear()
