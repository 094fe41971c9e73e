"""Settings: found from any directory, checked to the last key, resolved per file."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from veteran import settings as module
from veteran.findings import Confidence
from veteran.registry import Rule
from veteran.settings import (
    DEFAULT_CONTEXTS,
    DEFAULT_EXCLUDE,
    ConfigError,
    Globs,
    Settings,
    forget,
    load,
    override,
)

BLOCKING = """
[[tool.veteran.catalog.blocking]]
names = ["acme.client.fetch", "acme.client.send"]
group = "network"
instead = "acme.aio.fetch"
"""


def rule(code: str, name: str, *, default: bool = True, off_in: tuple[str, ...] = ()) -> Rule:
    made = Rule(code, default=default, off_in=off_in, since="0")
    made.name = name
    return made


RULES = [
    rule("VET101", "readlines-into-memory", off_in=("tests",)),
    rule("VET201", "sql-from-string"),
    rule("VET203", "sql-string-built", default=False),
    rule("VET311", "blocking-call-in-async", off_in=("tests",)),
    rule("VET313", "blocking-metadata-in-async", default=False, off_in=("tests",)),
]
DEFAULTS = {"VET001", "VET003", "VET101", "VET201", "VET311"}


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rules of our own, whatever the package holds by now."""
    monkeypatch.setattr("veteran.registry.all_rules", lambda: {rule.code: rule for rule in RULES})


def settings(root: Path, text: str = "", name: str = "veteran.toml") -> Settings:
    """The settings of a directory with that configuration; `text` stands below `[tool.veteran]` there."""
    root.mkdir(parents=True, exist_ok=True)
    head = "[tool.veteran]\n" if name == "pyproject.toml" else ""
    (root / name).write_text(head + text, encoding="utf-8")
    forget()
    return load(root)


def error(root: Path, text: str, name: str = "veteran.toml") -> str:
    """What is said about that configuration, without the path of the directory."""
    with pytest.raises(ConfigError) as raised:
        settings(root, text, name)
    message = str(raised.value)
    assert message.startswith(str(root / name))
    return message.removeprefix(f"{root}/")


def enabled(settings: Settings, path: str = "a.py") -> set[str]:
    return set(settings.enabled(settings.root / path))


# Which configuration


def test_nearest_configuration_wins(tmp_path: Path) -> None:
    outer = settings(tmp_path, 'ignore = ["VET201"]', "pyproject.toml")
    inner = settings(tmp_path / "a" / "b", 'ignore = ["VET311"]')
    deep = tmp_path / "a" / "b" / "c" / "d"
    deep.mkdir(parents=True)
    assert load(deep) == inner
    assert load(tmp_path / "a") == load(tmp_path) == outer
    assert (inner.root, inner.source) == (tmp_path / "a/b", tmp_path / "a/b/veteran.toml")
    assert outer.ignore == ("VET201",)
    assert inner.ignore == ("VET311",)  # nothing is inherited


def test_veteran_toml_wins_over_its_neighbour(tmp_path: Path) -> None:
    settings(tmp_path, 'ignore = ["VET201"]', "pyproject.toml")
    assert settings(tmp_path, 'ignore = ["VET311"]').ignore == ("VET311",)
    assert load(tmp_path).source == tmp_path / "veteran.toml"


def test_pyproject_without_our_table_is_passed_over(tmp_path: Path) -> None:
    outer = settings(tmp_path, 'ignore = ["VET201"]', "pyproject.toml")
    for text in ("[project]\nname = 'veteran-client'\n", "[tool.other]\n", "veteran = 1\n", "tool = 'veteran'\n"):
        inner = tmp_path / "inner"
        inner.mkdir(exist_ok=True)
        (inner / "pyproject.toml").write_text(text, encoding="utf-8")
        forget()
        assert load(inner) == outer


def test_empty_configuration_counts(tmp_path: Path) -> None:
    settings(tmp_path, 'ignore = ["VET201"]', "pyproject.toml")
    assert settings(tmp_path / "a", "", "pyproject.toml") == Settings(tmp_path / "a", tmp_path / "a/pyproject.toml")
    assert settings(tmp_path / "b", "") == Settings(tmp_path / "b", tmp_path / "b/veteran.toml")


def test_directories_and_broken_links_are_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "veteran.toml").mkdir()
    (tmp_path / "pyproject.toml").symlink_to("nowhere")
    (tmp_path / ".git").mkdir()
    assert load(tmp_path) == Settings(tmp_path)


@pytest.mark.parametrize("marker", [".git", "pyproject.toml"])
def test_root_without_configuration_is_the_project(tmp_path: Path, marker: str) -> None:
    (tmp_path / marker).write_text("", encoding="utf-8")
    deep = tmp_path / "src" / "pkg"
    deep.mkdir(parents=True)
    assert load(deep) == load(tmp_path) == Settings(tmp_path)


def test_configuration_beyond_the_repository_counts(tmp_path: Path) -> None:
    outer = settings(tmp_path, 'ignore = ["VET201"]')
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    assert load(tmp_path / "repository") == outer


def test_root_without_any_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "scripts" / "tests"
    deep.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert load(deep) == load(Path("scripts/tests")) == Settings(tmp_path)
    assert load(deep).contexts_of(deep / "a.py") >= {"tests"}
    monkeypatch.chdir(Path(__file__).parent)
    assert load(deep) == Settings(deep)


def test_relative_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(tmp_path, 'extend-exclude = ["/gen"]\ncontexts = { web = ["web/"] }')
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert load(Path()) == load(Path("..")) == load(Path("b/../..")) == found
    assert found.contexts_of(Path("../web/x.py")) == {"web"}
    assert found.excluded(Path("../gen/x.py"))
    assert not found.excluded(Path("gen/x.py"))


def test_very_deep_directories(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert load(tmp_path.joinpath(*"d" * 1500)) == found


def test_each_directory_is_read_once(tmp_path: Path) -> None:
    before = settings(tmp_path, 'ignore = ["VET201"]')
    (tmp_path / "veteran.toml").write_text("", encoding="utf-8")
    assert load(tmp_path) is before
    forget()
    assert load(tmp_path).ignore == ()


# What it may say


def test_every_key(tmp_path: Path) -> None:
    text = f"""
select = ["VET", "sql-from-string"]
extend-select = ["VET0"]
ignore = ["VET31", "readlines-into-memory"]
min-confidence = "low"
exclude = ["old"]
extend-exclude = ["gen/"]
respect-gitignore = false
src = ["src", "../shared", "."]
cache-dir = "var/cache"
per-file-ignores = {{ "a.py" = ["VET2"], "b/" = ["VET"] }}
contexts = {{ tests = [], web = ["web/"] }}
free-threaded = true
{BLOCKING}"""
    found = settings(tmp_path, text, "pyproject.toml")
    assert found == Settings(
        root=tmp_path,
        source=tmp_path / "pyproject.toml",
        select=("VET", "sql-from-string"),
        extend_select=("VET0",),
        ignore=("VET31", "readlines-into-memory"),
        min_confidence=Confidence.LOW,
        per_file_ignores=(("a.py", ("VET2",)), ("b/", ("VET",))),
        exclude=("old",),
        extend_exclude=("gen/",),
        respect_gitignore=False,
        src=("src", "../shared", "."),
        cache_dir="var/cache",
        contexts=tuple({**dict(DEFAULT_CONTEXTS), "tests": (), "web": ("web/",)}.items()),
        free_threaded=True,
        catalog=found.catalog,
    )
    [(table, entry)] = found.catalog
    assert (table, entry["group"]) == ("blocking", "network")
    assert pickle.loads(pickle.dumps(found)) == found
    assert hash(found) == hash(pickle.loads(pickle.dumps(found)))


def test_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found == Settings(tmp_path, tmp_path / "veteran.toml")
    assert found.exclude == DEFAULT_EXCLUDE
    assert found.min_confidence is Confidence.MEDIUM
    assert found.respect_gitignore is True
    assert found.free_threaded is False
    assert found.source_roots == ()
    assert found.cache_folder == tmp_path / ".veteran_cache"
    assert found.exclusions.cover(".veteran_cache/")


def test_directories_are_relative_to_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(tmp_path / "a", f"src = ['lib', '../b', '.', '{(tmp_path / 'c').as_posix()}']\ncache-dir = 'x/y'")
    monkeypatch.chdir(tmp_path)
    assert found.source_roots == tuple((tmp_path / name).as_posix() for name in ("a/lib", "b", "a", "c"))
    assert found.cache_folder == tmp_path / "a" / "x" / "y"


@pytest.mark.parametrize(
    "place",
    ["../x", "x/../../y", "..", ".", "./", "/", "/tmp/x", "//server/x", "C:/x", "C:x", "..\\\\x", "\\\\x", "x/.."],
)
def test_a_project_keeps_nothing_elsewhere(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigError) as raised:
        settings(tmp_path / "a", f'cache-dir = "{place}"')
    assert str(raised.value).startswith(f"{tmp_path / 'a' / 'veteran.toml'}: cache-dir: expected a directory below")
    assert "--cache-dir" in str(raised.value)


@pytest.mark.parametrize("place", ["x", "x/y", "./x", "var/cache/", "~", "..x", "x.."])
def test_a_project_keeps_what_it_keeps_below_it(tmp_path: Path, place: str) -> None:
    found = settings(tmp_path / "a", f'cache-dir = "{place}"').cache_folder
    assert found.resolve().is_relative_to((tmp_path / "a").resolve())


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("extend_select", "extend-select"),
        ("selct", "select"),
        ("EXCLUDE", "exclude"),
        ("per-file-ignore", "per-file-ignores"),
        ("min-confidance", "min-confidence"),
        ("context", "contexts"),
        ("catalogue", "catalog"),
    ],
)
@pytest.mark.parametrize(("name", "place"), [("veteran.toml", ""), ("pyproject.toml", "tool.veteran.")])
def test_unknown_key(tmp_path: Path, key: str, nearest: str, name: str, place: str) -> None:
    message = error(tmp_path, f"{key} = []", name)
    assert message.startswith(
        f"{name}: {place}{key}: unknown key; the nearest is {nearest!r}, expected was one of select, "
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select = 'VET2'", "select: expected a list of strings, found 'VET2'"),
        ("select = [1]", "select[0]: expected a string, found 1"),
        ("ignore = ['VET2', ['VET3']]", "ignore[1]: expected a string, found ['VET3']"),
        ("exclude = true", "exclude: expected a list of strings, found True"),
        ("extend-exclude = { a = 1 }", "extend-exclude: expected a list of strings, found {'a': 1}"),
        ("src = 'src'", "src: expected a list of strings, found 'src'"),
        ("src = ['a', '']", "src[1]: expected the path of a directory, found ''"),
        ("src = ['\\u0000']".replace("'", '"'), "src[0]: expected the path of a directory, found '\\x00'"),
        ("cache-dir = ''", "cache-dir: expected the path of a directory, found ''"),
        ("cache-dir = ['x']", "cache-dir: expected the path of a directory, found ['x']"),
        ("respect-gitignore = 'yes'", "respect-gitignore: expected true or false, found 'yes'"),
        ("respect-gitignore = 1", "respect-gitignore: expected true or false, found 1"),
        ("free-threaded = 'yes'", "free-threaded: expected true or false, found 'yes'"),
        ("min-confidence = 2", "min-confidence: expected one of low, medium, high, found 2"),
        ("min-confidence = true", "min-confidence: expected one of low, medium, high, found True"),
        (
            "min-confidence = 'hihg'",
            "min-confidence: expected one of low, medium, high (the nearest is 'high'), found 'hihg'",
        ),
        (
            "min-confidence = 'LOW'",
            "min-confidence: expected one of low, medium, high (the nearest is 'low'), found 'LOW'",
        ),
        ("per-file-ignores = ['VET2']", "per-file-ignores: expected a table, found ['VET2']"),
        (
            "per-file-ignores = { 'a.py' = 'VET2' }",
            "per-file-ignores.\"a.py\": expected a list of strings, found 'VET2'",
        ),
        ("contexts = ['tests/']", "contexts: expected a table, found ['tests/']"),
        ("contexts = { web = 'web/' }", "contexts.web: expected a list of strings, found 'web/'"),
        ("exclude = ['']", "exclude: expected a glob that is not empty, not negated and without '..', found ''"),
        ("exclude = ['/']", "exclude: expected a glob that is not empty, not negated and without '..', found '/'"),
        ("exclude = ['!a']", "exclude: expected a glob that is not empty, not negated and without '..', found '!a'"),
        ("contexts = { a = ['../b'] }", "contexts.a: expected a glob that is not empty, not negated and without '..'"),
        ("per-file-ignores = { '!a' = [] }", "per-file-ignores: expected a glob that is not empty, not negated"),
        ("exclude = ['[z-a]']", "exclude: '[z-a]' is not a glob: bad character range z-a"),
        ("catalog = 3", "catalog: "),
        ("catalog = { blokcing = [] }", "catalog.blokcing: unknown table; did you mean 'blocking'?"),
        ("[[catalog.blocking]]\ngroup = 'network'", "catalog.blocking: names is missing"),
    ],
)
def test_wrong_values(tmp_path: Path, text: str, said: str) -> None:
    assert error(tmp_path, text).startswith(f"veteran.toml: {said}")


@pytest.mark.parametrize(
    ("selector", "nearest"),
    [
        ("VET31x", "VET313"),
        ("VET9", "VET3"),
        ("vet311", "VET311"),
        ("VET3111", "VET311"),
        ("E501", "VET201"),
        ("sqlfrom", "sql-from-string"),
        ("sql_from_string", "sql-from-string"),
        ("blocking", "blocking-call-in-async"),
        ("V", "VET3"),
    ],
)
@pytest.mark.parametrize(
    ("form", "key"),
    [
        ('select = ["{}"]', "select"),
        ('extend-select = ["VET2", "{}"]', "extend-select"),
        ('ignore = ["{}"]', "ignore"),
        ('per-file-ignores = {{ "x.py" = ["{}"] }}', 'per-file-ignores."x.py"'),
    ],
)
def test_selectors_that_name_no_rule(tmp_path: Path, selector: str, nearest: str, form: str, key: str) -> None:
    message = error(tmp_path, form.format(selector))
    assert message.startswith(f"veteran.toml: {key}: {selector!r} names no rule; the nearest is {nearest!r}, ")
    assert message.endswith("expected were codes (VET311), their prefixes (VET3, VET) or names of rules")


def test_our_table_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nveteran = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"pyproject\.toml: tool\.veteran: expected a table, found 3"):
        load(tmp_path)


# Files that cannot be read


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'ignore = ["VET201"]\n\nselect = [', 3),
        (b'ignore = ["VET201"]\nselect = [\n\n', 2),
        (b"a = 1\na = 2\n", 2),
        (b"\n\n\nselect == []\n", 4),
        (b"x = 2026-13-45\n", 1),
        (b"# fine\nname = 'caf\xe9'\n", 2),
        (b"select = " + b"[" * 100_000, 1),
    ],
)
@pytest.mark.parametrize("name", ["veteran.toml", "pyproject.toml"])
def test_broken_files_are_named_with_the_line(tmp_path: Path, data: bytes, line: int, name: str) -> None:
    data = b"# veteran\n" + data
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError) as raised:
        load(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path / name}:{line + 1}: ")


def test_bytes_that_are_not_utf_8_are_named(tmp_path: Path) -> None:
    (tmp_path / "veteran.toml").write_bytes("# café".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"veteran\.toml:1: expected UTF-8, found the byte 0xe9"):
        load(tmp_path)


def test_broken_pyproject_that_does_not_name_us_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.black\nx = \xe9")
    assert load(tmp_path) == Settings(tmp_path)


def test_unreadable_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "veteran.toml").write_text("", encoding="utf-8")
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ConfigError, match=r"veteran\.toml: cannot be read: Permission denied"):
        load(tmp_path)


def test_directory_that_may_not_be_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: Any) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    monkeypatch.setattr(Path, "exists", refuse)
    assert load(tmp_path) == Settings(tmp_path)


def test_byte_order_mark_and_windows_newlines(tmp_path: Path) -> None:
    (tmp_path / "veteran.toml").write_bytes(b'\xef\xbb\xbfignore = [\r\n  "VET201",\r\n]\r\n')
    assert load(tmp_path).ignore == ("VET201",)


# Which rules


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", DEFAULTS),
        ("select = []", {"VET001", "VET003"}),
        ("select = ['VET']", {*DEFAULTS, "VET002", "VET203", "VET313"}),
        ("select = ['VET3']", {"VET001", "VET003", "VET311", "VET313"}),
        ("select = ['VET311']", {"VET001", "VET003", "VET311"}),
        ("select = ['sql-string-built']", {"VET001", "VET003", "VET203"}),
        ("select = ['VET0']", {"VET001", "VET002", "VET003"}),
        ("select = ['bad-suppression']", {"VET001", "VET002", "VET003"}),
        ("extend-select = ['VET203']", {*DEFAULTS, "VET203"}),
        ("extend-select = ['VET002']", {*DEFAULTS, "VET002"}),
        ("select = ['VET2']\nextend-select = ['VET311']", {"VET001", "VET003", "VET201", "VET203", "VET311"}),
        ("ignore = ['VET311']", DEFAULTS - {"VET311"}),
        ("ignore = ['blocking-call-in-async']", DEFAULTS - {"VET311"}),
        ("ignore = ['VET']", {"VET001", "VET003"}),
        # the longest decides
        ("select = ['VET311']\nignore = ['VET31']", {"VET001", "VET003", "VET311"}),
        ("select = ['blocking-call-in-async']\nignore = ['VET31']", {"VET001", "VET003", "VET311"}),
        ("select = ['VET3']\nignore = ['VET31', 'VET2']", {"VET001", "VET003"}),
        ("extend-select = ['VET313']\nignore = ['VET3']", {*DEFAULTS, "VET313"} - {"VET311"}),
        ("select = ['VET', 'VET311']\nignore = ['VET3']", {*DEFAULTS, "VET002", "VET203"}),
        # at equal length ignore does
        ("select = ['VET3']\nignore = ['VET3']", {"VET001", "VET003"}),
        ("extend-select = ['VET311']\nignore = ['blocking-call-in-async']", DEFAULTS - {"VET311"}),
        # the tool's own
        ("ignore = ['VET001']", DEFAULTS - {"VET001"}),
        ("ignore = ['unparsable-file']", DEFAULTS - {"VET001"}),
        ("ignore = ['VET0']", DEFAULTS),
        ("ignore = ['VET003']", DEFAULTS - {"VET003"}),
        ("ignore = ['internal-error']", DEFAULTS - {"VET003"}),
        ("select = ['VET0']\nignore = ['VET002']", {"VET001", "VET003"}),
    ],
)
def test_selection(tmp_path: Path, text: str, codes: set[str]) -> None:
    assert enabled(settings(tmp_path, text)) == codes


def test_per_file_ignores_win(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        """
select = ["VET201", "VET311", "VET002"]
[per-file-ignores]
"gen/" = ["VET"]
"*_pb2.py" = ["sql-from-string"]
"src/api/*.py" = ["VET3"]
"src/**/v[12].py" = ["VET2"]
"[[]id].py" = ["VET2"]
'\\[slug\\].py' = ["VET3"]
"caf\u00e9/" = ["VET3"]
"broken.py" = ["VET001", "VET003"]
""",
    )
    everything = {"VET001", "VET002", "VET003", "VET201", "VET311"}
    assert enabled(found, "a.py") == everything
    assert enabled(found, "x/gen/deep/a.py") == {"VET001", "VET003"}
    assert enabled(found, "gen.py") == everything
    assert enabled(found, "x/a_pb2.py") == everything - {"VET201"}
    assert enabled(found, "src/api/a.py") == everything - {"VET311"}
    assert enabled(found, "src/api/deep/a.py") == everything
    assert enabled(found, "other/src/api/a.py") == everything
    assert enabled(found, "src/v1.py") == enabled(found, "src/x/y/v2.py") == everything - {"VET201"}
    assert enabled(found, "src/v3.py") == everything
    assert enabled(found, "pages/[id].py") == everything - {"VET201"}
    assert enabled(found, "pages/i.py") == everything
    assert enabled(found, "pages/[slug].py") == everything - {"VET311"}
    assert enabled(found, "caf\u00e9/a.py") == everything - {"VET311"}
    assert enabled(found, "cafe\u0301/a.py") == everything - {"VET311"}  # as macOS spells it
    assert enabled(found, "broken.py") == everything - {"VET001", "VET003"}


def test_root_with_special_characters(tmp_path: Path) -> None:
    found = settings(tmp_path / "[a] *b?", 'per-file-ignores = { "x/" = ["VET2"] }\nextend-exclude = ["/y"]')
    assert "VET201" not in enabled(found, "x/a.py")
    assert found.excluded(found.root / "y" / "a.py")


def test_files_elsewhere_are_known_by_name_only(tmp_path: Path) -> None:
    found = settings(tmp_path / "a", 'exclude = ["tests/", "/b.py", "c.py"]')
    assert not found.contexts_of(tmp_path / "tests" / "a.py")
    assert found.contexts_of(tmp_path / "tests" / "test_a.py") == {"tests"}
    assert not found.excluded(tmp_path / "b.py")
    assert found.excluded(tmp_path / "c.py")


# Contexts


@pytest.mark.parametrize("path", ["tests/a.py", "pkg/tests/deep/a.py", "test_a.py", "x/a_test.py", "x/conftest.py"])
def test_test_files(tmp_path: Path, path: str) -> None:
    found = settings(tmp_path)
    assert "tests" in found.contexts_of(tmp_path / path)
    assert enabled(found, path) == DEFAULTS - {"VET101", "VET311"}


@pytest.mark.parametrize("path", ["a.py", "tests.py", "pkg/latest/a.py", "mytests/a.py", "conftest.pyi"])
def test_other_files(tmp_path: Path, path: str) -> None:
    found = settings(tmp_path)
    assert "tests" not in found.contexts_of(tmp_path / path)
    assert enabled(found, path) == DEFAULTS


@pytest.mark.parametrize("path", ["cli/a.py", "pkg/cli.py", "pkg/__main__.py", "app/management/commands/a.py"])
def test_command_line_tools(tmp_path: Path, path: str) -> None:
    assert "cli" in settings(tmp_path).contexts_of(tmp_path / path)


@pytest.mark.parametrize("path", ["gunicorn.conf.py", "deploy/gunicorn_conf.py"])
def test_files_of_the_start(tmp_path: Path, path: str) -> None:
    assert settings(tmp_path).contexts_of(tmp_path / path) == {"startup"}


def test_without_a_project_contexts_are_those_below_what_holds_the_package(tmp_path: Path) -> None:
    package = tmp_path / "site" / "pkg"
    (package / "cli").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cli" / "__init__.py").touch()
    found = load(package / "cli")
    assert found.root == tmp_path / "site"
    assert found.contexts_of(package / "cli" / "a.py") == {"cli"}
    assert load(tmp_path / "site").root == tmp_path / "site"


def test_directories_above_the_root_make_no_context(tmp_path: Path) -> None:
    root = tmp_path / "tests" / "project"
    assert not settings(root).contexts_of(root / "a.py")


def test_selecting_does_not_undo_a_context_but_configuring_it_does(tmp_path: Path) -> None:
    assert "VET311" not in enabled(settings(tmp_path, "select = ['VET311']"), "tests/a.py")
    found = settings(tmp_path, "contexts = { tests = [] }")
    assert not found.contexts_of(tmp_path / "tests/a.py")
    assert enabled(found, "tests/a.py") == DEFAULTS
    found = settings(tmp_path, "contexts = { tests = ['/checks/'] }")
    assert enabled(found, "tests/a.py") == DEFAULTS
    assert enabled(found, "checks/a.py") == DEFAULTS - {"VET101", "VET311"}


def test_own_contexts_join_the_others(tmp_path: Path) -> None:
    found = settings(tmp_path, "contexts = { scripts = ['bin/', '*.script.py'] }")
    assert found.contexts_of(tmp_path / "bin/test_x.py") == {"scripts", "tests"}
    assert found.contexts_of(tmp_path / "x/y.script.py") == {"scripts"}
    assert found.contexts_of(tmp_path / "bin") == frozenset()


# Globs


@pytest.mark.parametrize(
    ("glob", "matched", "unmatched"),
    [
        ("build", ["build", "build/", "a/build/"], ["builds/", "a/build.py", "build/x.py"]),
        ("build/", ["build/", "a/build/"], ["build", "a/build"]),
        ("/build", ["build", "build/"], ["a/build"]),
        ("./build", ["build/"], ["a/build/"]),
        ("*.py", ["a.py", "x/.py"], ["a.pyi", "a.py/x"]),
        ("a/*.py", ["a/b.py"], ["a/b/c.py", "x/a/b.py"]),
        ("a/**/c.py", ["a/c.py", "a/b/c.py", "a/b/b/c.py"], ["a/bc.py", "xa/c.py"]),
        ("**/a/b", ["a/b", "x/y/a/b/"], ["xa/b", "a/x/b"]),
        ("a/**", ["a/b", "a/b/c.py", "a/b/"], ["a", "a/", "b/a"]),
        ("**", ["a", "a/b/c.py"], []),
        ("*/*", ["a/b", "a/b/"], ["a", "a/", "a/b/c"]),
        ("?.py", ["a.py", "x/é.py"], [".py", "ab.py"]),
        ("x[0-9].py", ["x1.py"], ["xa.py", "x10.py", "x[0-9].py"]),
        ("[!a]b", ["bb", "]b"], ["ab", "a/b", "b"]),
        ("[^a]b", ["bb"], ["ab", "^b/x"]),
        ("[]-]", ["]", "-"], ["["]),
        ("[&&~~||]", ["&", "~", "|"], ["a"]),
        ("[", ["["], ["a"]),
        (r"\*\[x\]", ["*[x]"], ["a[x]", "*x"]),
        ("a.b+c$", ["a.b+c$"], ["aXb+c$", "a.bbc$"]),
        ("line\nbreak", ["line\nbreak"], ["line"]),
        ("*.py", ["line\nbreak.py"], ["a.py\n"]),
    ],
)
def test_globs(glob: str, matched: list[str], unmatched: list[str]) -> None:
    globs = Globs((glob,))
    assert [path for path in matched + unmatched if globs.match(path)] == matched


def test_globs_cover_what_is_below() -> None:
    globs = Globs(("build", "gen/", "/src/*/x.py"))
    covered = ["build/a.py", "x/build/y/z.py", "gen/a.py", "src/a/x.py", "src/a/x.py/b"]
    assert [path for path in [*covered, "gen", "a/src/b/x.py", "builds/a.py"] if globs.cover(path)] == covered
    assert not Globs(()).cover("a.py")
    assert not Globs(()).match("")


def test_excluded(tmp_path: Path) -> None:
    found = settings(tmp_path, 'extend-exclude = ["gen_*.py"]')
    for path in ("a/.venv/b.py", "node_modules/a.py", "x/gen_a.py", "build/lib/a.py"):
        assert found.excluded(tmp_path / path)
    assert not found.excluded(tmp_path / "a/b.py")
    found = settings(tmp_path, 'exclude = ["only"]')
    assert not found.excluded(tmp_path / "build/a.py")
    assert found.excluded(tmp_path / "only/a.py")


# The command line


def test_nothing_said_on_the_command_line_changes_nothing(tmp_path: Path) -> None:
    found = settings(tmp_path, 'select = ["VET2"]\nextend-select = ["VET3"]\nignore = ["VET313"]')
    assert override(found) == found
    assert override(found, select=None, ignore=()) == found


@pytest.mark.parametrize(
    ("text", "options", "codes"),
    [
        ("select = ['VET2']\nextend-select = ['VET313']", {"select": ["VET311"]}, {"VET311"}),
        ("select = ['VET201']", {"extend_select": ["VET313"]}, {"VET201", "VET313"}),
        ("select = ['VET2']", {"ignore": ["VET203"]}, {"VET201"}),
        # the file's word against the command line's
        ("ignore = ['VET311']", {"select": ["VET3"]}, {"VET313"}),
        ("ignore = ['VET311']", {"select": ["VET311"]}, {"VET311"}),
        ("ignore = ['VET311']", {"select": ["blocking-call-in-async"]}, {"VET311"}),
        ("ignore = ['VET313']", {"extend_select": ["VET313"]}, {"VET101", "VET201", "VET311", "VET313"}),
        ("select = ['VET311', 'VET201']", {"ignore": ["VET3"]}, {"VET201"}),
        ("extend-select = ['blocking-metadata-in-async']", {"ignore": ["VET3"]}, {"VET101", "VET201"}),
        ("select = ['VET311']", {"ignore": ["VET3"], "extend_select": ["VET313"]}, {"VET313"}),
        ("select = ['VET2']", {"select": ["VET3"], "ignore": ["VET3"]}, set()),
    ],
)
def test_command_line(tmp_path: Path, text: str, options: dict[str, Any], codes: set[str]) -> None:
    found = override(settings(tmp_path, text), **options)
    assert enabled(found) - {"VET001", "VET003"} == codes


def test_other_options_of_the_command_line(tmp_path: Path) -> None:
    found = settings(tmp_path, 'extend-exclude = ["a"]')
    changed = override(found, min_confidence="high", exclude=["b"], extend_exclude=iter(["c"]), respect_gitignore=False)
    assert changed == found._replace(
        min_confidence=Confidence.HIGH, exclude=("b",), extend_exclude=("a", "c"), respect_gitignore=False
    )
    assert override(found, min_confidence=Confidence.LOW).min_confidence is Confidence.LOW


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"select": ["VET9"]}, "command line: select: 'VET9' names no rule"),
        ({"extend_select": ["sqlfrom"]}, "command line: extend-select: 'sqlfrom' names no rule; .*'sql-from-string'"),
        ({"select": "VET2"}, "command line: select: expected a list of strings"),
        ({"min_confidence": "hgh"}, "command line: min-confidence: .*'high'"),
        ({"exclude": [""]}, "command line: exclude: expected a glob"),
    ],
)
def test_wrong_options_of_the_command_line(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        override(Settings(Path("/")), **options)


def test_free_threaded_turns_off_what_needs_the_gil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Rule("VET301", needs_gil=True, since="0")
    made.name = "threads-for-cpu-work"
    monkeypatch.setattr("veteran.registry.all_rules", lambda: {"VET301": made})
    assert "VET301" in settings(tmp_path).enabled(tmp_path / "a.py")
    found = settings(tmp_path, 'free-threaded = true\nselect = ["VET301"]')
    assert "VET301" not in found.enabled(tmp_path / "a.py")
    assert found.as_json()["free-threaded"] is True


# --show-settings


def test_as_json_holds_everything_by_its_key(tmp_path: Path) -> None:
    found = settings(tmp_path, f'select = ["VET2"]\n{BLOCKING}', "pyproject.toml")
    shown = json.loads(json.dumps(found.as_json(tmp_path / "tests/a.py", tmp_path / "build/b.py")))
    assert shown["root"] == str(tmp_path)
    assert shown["source"] == str(tmp_path / "pyproject.toml")
    assert shown["select"] == ["VET2"]
    assert shown["min-confidence"] == "medium"
    assert (shown["src"], shown["cache-dir"]) == ([], ".veteran_cache")
    assert list(shown) == ["root", "source", *module._KEYS, "files"]
    assert shown["contexts"]["tests"] == list(dict(DEFAULT_CONTEXTS)["tests"])
    assert shown["catalog"]["blocking"][0]["names"] == ["acme.client.fetch", "acme.client.send"]
    assert shown["files"] == {
        str(tmp_path / "tests/a.py"): {
            "contexts": ["tests"],
            "enabled": ["VET001", "VET003", "VET201", "VET203"],
            "excluded": False,
        },
        str(tmp_path / "build/b.py"): {
            "contexts": [],
            "enabled": ["VET001", "VET003", "VET201", "VET203"],
            "excluded": True,
        },
    }
    assert Settings(tmp_path).as_json()["select"] is None
    assert Settings(tmp_path).as_json()["files"] == {}
