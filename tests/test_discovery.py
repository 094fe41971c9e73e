"""Discovery: which files a path stands for, and what is left alone on the way."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from veteran.runs.discovery import Discovered, find_files
from veteran.settings import ConfigError, Settings, forget, load

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory to work in; no path outside of it plays a part."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "veteran.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(root)
    forget()
    yield root
    forget()


def write(*paths: str) -> None:
    """Empty files, or `path: text`, below the working directory."""
    for path in paths:
        name, _, text = path.partition(": ")
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def repository(*paths: str) -> None:
    """As `write`, in a repository."""
    write(".git/HEAD", *paths)


def find(*paths: str | Path, force_exclude: bool = False) -> Discovered:
    return find_files([Path(path) for path in paths or (".",)], load, force_exclude=force_exclude)


def names(*paths: str | Path, force_exclude: bool = False) -> list[str]:
    """The files found, shown with forward slashes; nothing may be missing or go wrong."""
    found = find(*paths, force_exclude=force_exclude)
    assert (found.missing, found.problems) == ([], [])
    return [file.as_posix() for file in found.files]


# Files and directories


def test_python_files_below_a_directory_in_order() -> None:
    write("b.py", "a.pyi", "a/z.py", "a-b/y.py", "a/b/x.py", "a.txt", "py", ".hidden.py", "A.py", "x.PY", "c.pyc")
    assert names() == [".hidden.py", "A.py", "a/b/x.py", "a/z.py", "a-b/y.py", "a.pyi", "b.py"]
    assert names("a") == ["a/b/x.py", "a/z.py"]


def test_nothing() -> None:
    assert find_files([], load, force_exclude=False) == Discovered([], [], [])
    assert find() == Discovered([], [], [])


def test_named_files_are_taken_whatever_their_suffix(tree: Path) -> None:
    write("script", "a.txt", "build/b.py", ".venv/c.py")
    assert names("script", "a.txt", "build/b.py", ".venv/c.py") == [".venv/c.py", "a.txt", "build/b.py", "script"]


def test_paths_are_shown_as_given(tree: Path) -> None:
    write("a/b.py", "c.py")
    (tree / "d").mkdir()
    os.chdir("d")
    assert names("..") == ["../a/b.py", "../c.py"]
    assert names("../a/./b.py") == ["../a/b.py"]
    assert names(tree) == [f"{tree.as_posix()}/a/b.py", f"{tree.as_posix()}/c.py"]


def test_each_file_once_as_it_was_named_first(tree: Path) -> None:
    write("a/b.py", "a/c.py")
    assert names("a/b.py", "a", ".", "a/../a/b.py", tree / "a") == ["a/b.py", "a/c.py"]
    assert names(tree / "a/b.py", "a/b.py", "a") == [f"{tree.as_posix()}/a/b.py", "a/c.py"]


def test_missing_paths(tree: Path) -> None:
    write("a.py")
    (tree / "broken.py").symlink_to("nowhere")
    (tree / "self.py").symlink_to("self.py")
    absent = ["none.py", "none/", "a.py/b.py", "broken.py", "self.py", "x" * 5000, "nul\0.py"]
    found = find("a.py", *absent, "none.py")
    assert found == Discovered([Path("a.py")], [Path(path) for path in absent], [])


def test_directory_named_like_a_file() -> None:
    write("x.py/a.py", "x.py/y.pyi/b.py")
    assert names() == names("x.py") == ["x.py/a.py", "x.py/y.pyi/b.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_what_is_no_file_is_passed_over(tree: Path) -> None:
    os.mkfifo(tree / "pipe.py")
    write("a.py")
    assert names() == ["a.py"]
    assert names("pipe.py") == ["pipe.py"]  # where it is read, it is said that it is none


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="names are Unicode there")
def test_names_that_are_not_utf_8(tree: Path) -> None:
    (tree / os.fsdecode(b"caf\xe9.py")).touch()
    (tree / "veteran.toml").write_text('extend-exclude = ["naïve"]', encoding="utf-8")
    assert [os.fsencode(file) for file in find().files] == [b"caf\xe9.py"]


def test_unicode_names_and_brackets(tree: Path) -> None:
    write("pages/[id].py", "é/a.py", "日本/b.py", "a\nb.py")
    assert names() == ["a\nb.py", "pages/[id].py", "é/a.py", "日本/b.py"]
    (tree / "veteran.toml").write_text('extend-exclude = ["[[]*.py", "é", "/日本/"]', encoding="utf-8")
    forget()
    assert names() == ["a\nb.py"]


# Links


def test_links_to_directories_are_not_followed(tree: Path) -> None:
    write("a/b.py")
    (tree / "a" / "up").symlink_to("..")
    (tree / "a" / "loop.py").symlink_to(".")
    (tree / "link").symlink_to("a")
    assert names() == ["a/b.py"]


def test_named_links_to_directories_are_followed(tree: Path) -> None:
    write("a/b.py")
    (tree / "link").symlink_to("a")
    assert names("link") == ["link/b.py"]
    assert names("link", "a") == ["link/b.py"]


def test_broken_links_and_loops_are_passed_over(tree: Path) -> None:
    write("a.py")
    (tree / ".#a.py").symlink_to("user@host.123:456")  # as Emacs locks a file
    (tree / "self.py").symlink_to("self.py")
    (tree / "ping.py").symlink_to("pong.py")
    (tree / "pong.py").symlink_to("ping.py")
    assert names() == ["a.py"]


def test_links_to_files_yield_to_the_file(tree: Path) -> None:
    write("m.py", "z/m.py", "out/of/sight.txt")
    (tree / "a.py").symlink_to("m.py")
    (tree / "n.py").symlink_to("z/m.py")
    (tree / "x.py").symlink_to("out/of/sight.txt")
    (tree / "w.py").symlink_to("x.py")
    assert names() == ["m.py", "w.py", "z/m.py"]
    assert names("a.py") == names("a.py", "m.py") == ["a.py"]


# Excludes


@pytest.mark.parametrize(
    "directory",
    [".git", ".venv", "venv", "node_modules", "__pycache__", "build", "dist", ".tox", ".nox", ".eggs", ".mypy_cache"],
)
def test_default_excludes(directory: str) -> None:
    write("a.py", f"{directory}/b.py", f"x/{directory}/c/d.py")
    assert names() == ["a.py"]
    assert names(directory, f"x/{directory}") == sorted([f"{directory}/b.py", f"x/{directory}/c/d.py"])


def test_excludes(tree: Path) -> None:
    (tree / "veteran.toml").write_text(
        'exclude = ["old", "gen/*/x.py"]\nextend-exclude = ["*_pb2.py", "only/"]', encoding="utf-8"
    )
    write("old/a.py", "a/old/b.py", "gen/a/x.py", "gen/a/y.py", "a_pb2.py", "only/a.py", "b/only", "build/c.py")
    assert names() == ["build/c.py", "gen/a/y.py"]
    assert names("gen/a") == ["gen/a/y.py"]  # relative to the configuration, not to where we begin
    assert names("a/old") == ["a/old/b.py"]


def test_nested_configuration_says_what_is_excluded_below_it() -> None:
    write(
        "inner/veteran.toml: exclude = ['/a']",
        "inner/a/x.py",
        "inner/b/a/x.py",
        "inner/build/x.py",
        "build/x.py",
        "a/x.py",
    )
    assert names() == ["a/x.py", "inner/b/a/x.py", "inner/build/x.py"]


def test_nested_configuration_cannot_include_itself(tree: Path) -> None:
    (tree / "veteran.toml").write_text('extend-exclude = ["vendor"]', encoding="utf-8")
    write("vendor/lib/veteran.toml: exclude = []", "vendor/lib/a.py", "a.py")
    assert names() == ["a.py"]
    assert names("a.py", "vendor/lib/a.py", "vendor", force_exclude=True) == ["a.py"]


def test_broken_nested_configuration_is_raised() -> None:
    write("inner/veteran.toml: x = 1", "inner/a.py", "a.py")
    with pytest.raises(ConfigError, match=r"inner/veteran\.toml: x: unknown key"):
        find()


def test_force_exclude() -> None:
    write("a.py", "build/b.py", "x/venv/c/d.py", "script")
    named = ["a.py", "build/b.py", "build", "x/venv/c/d.py", "x/venv/c", "script"]
    assert names(*named, force_exclude=True) == ["a.py", "script"]
    assert names(force_exclude=True) == ["a.py"]
    assert find("none.py", "build/none.py", force_exclude=True).missing == [Path("none.py"), Path("build/none.py")]


def test_force_exclude_leaves_tracked_files_that_git_would_ignore() -> None:
    repository(".gitignore: *.py", "a.py")
    assert names("a.py", force_exclude=True) == ["a.py"]


@pytest.mark.parametrize("marker", ["veteran.toml", ".git"])
def test_force_exclude_in_a_project_that_is_called_build(tmp_path: Path, marker: str) -> None:
    root = tmp_path / "build"
    root.mkdir()
    os.chdir(root)
    write(marker, "a.py", "b/c.py")
    assert names("a.py", "b", ".", force_exclude=True) == ["a.py", "b/c.py"]


def test_the_same_settings_everywhere(tree: Path) -> None:
    """As an editor or a test has it: one object, whatever the directory."""
    write("a.py", "gen/b.py", "x/gen/c.py")
    fixed = Settings(tree, extend_exclude=("/gen",))
    found = find_files([Path(), tree.parent, Path("gen/b.py")], lambda _: fixed, force_exclude=True)
    assert [file.as_posix() for file in found.files] == ["a.py", "x/gen/c.py"]


# Virtual environments


def test_virtual_environments_of_any_name() -> None:
    write("a.py", "py311/pyvenv.cfg", "py311/lib/b.py", "x/env/pyvenv.cfg", "x/env/c.py", "x/d.py")
    assert names() == ["a.py", "x/d.py"]
    assert names("py311", "x/env/c.py") == ["py311/lib/b.py", "x/env/c.py"]


def test_project_that_is_its_own_virtual_environment() -> None:
    write("pyvenv.cfg", "a.py", "lib/python3.12/site-packages/x/b.py", "Lib/site-packages/c.py")
    assert names() == ["a.py"]
    assert names("lib/python3.12/site-packages/x") == ["lib/python3.12/site-packages/x/b.py"]


def test_site_packages_elsewhere_are_files_like_others() -> None:
    write("image/site-packages/a.py")
    assert names() == ["image/site-packages/a.py"]


# Ignore files


def test_gitignore() -> None:
    repository(
        ".gitignore: # made by tools\ngen/\n*_pb2.py\n!keep_pb2.py\n/top.py\ndocs/**/x.py\n",
        "a.py", "gen/b.py", "x/gen/b.py", "a_pb2.py", "x/keep_pb2.py", "top.py", "x/top.py",
        "docs/x.py", "docs/a/b/x.py", "docs/y.py", "x/docs/x.py",
    )  # fmt: skip
    assert names() == ["a.py", "docs/y.py", "x/docs/x.py", "x/keep_pb2.py", "x/top.py"]


def test_nested_ignore_files_and_negation() -> None:
    repository(
        ".gitignore: *.py\n!keep.py\n",
        "a.py", "keep.py",
        "x/.gitignore: !b.py\nkeep.py\n",
        "x/a.py", "x/b.py", "x/keep.py",
        "x/y/.gitignore: !/keep.py\n",
        "x/y/keep.py", "x/y/z/keep.py", "x/y/b.py",
    )  # fmt: skip
    assert names() == ["keep.py", "x/b.py", "x/y/b.py", "x/y/keep.py"]


def test_only_what_is_listed() -> None:
    repository(".gitignore: *\n!*/\n!*.py\n!.gitignore\n", "a.py", "x/b.py", "x/c.pyi", "x/y/d.py")
    assert names() == ["a.py", "x/b.py", "x/y/d.py"]


def test_what_is_in_an_ignored_directory_cannot_come_back() -> None:
    repository(".gitignore: gen\n!gen/a.py\nlib/*\n!lib/a.py\n", "gen/a.py", "lib/a.py", "lib/b.py", "lib/c/a.py")
    assert names() == ["lib/a.py"]


def test_info_exclude_yields_to_ignore_files() -> None:
    repository(".git/info/exclude: a.py\nb.py\n", ".gitignore: !b.py\n", "a.py", "b.py", "x/a.py", "x/b.py")
    assert names() == ["b.py", "x/b.py"]
    assert names("x") == ["x/b.py"]


def test_ignore_files_above_count_up_to_the_repository(tree: Path) -> None:
    write(".gitignore: c.py\n")
    (tree / "r").mkdir()
    os.chdir("r")
    repository(".gitignore: a.py\n/x/y/d.py\n", "x/.gitignore: b.py\n", "x/y/a.py", "x/y/b.py", "x/y/c.py", "x/y/d.py")
    assert names("x/y") == ["x/y/c.py"]
    os.chdir("x")
    assert names("y") == ["y/c.py"]
    os.chdir("y")
    assert names() == ["c.py"]


def test_ignored_directories_and_files_that_are_named_are_taken() -> None:
    repository(".gitignore: gen\n", "gen/a.py", "gen/x/b.py", "gen/x/.gitignore: c.py", "gen/x/c.py")
    assert names() == []
    assert names("gen") == ["gen/a.py", "gen/x/b.py"]
    assert names("gen/x") == ["gen/x/b.py"]
    assert names("gen/x/c.py") == ["gen/x/c.py"]


def test_repository_in_a_repository_has_rules_of_its_own() -> None:
    repository(
        ".gitignore: a.py\n",
        "sub/.git/info/exclude: b.py\n", "sub/a.py", "sub/b.py",
        "module/.git: gitdir: ../.git/modules/module", "module/a.py",
    )  # fmt: skip
    assert names() == ["module/a.py", "sub/a.py"]


def test_ignore_files_without_a_repository_count_up_to_the_configuration() -> None:
    write(".gitignore: a.py\n", "x/a.py", "x/b.py", "x/.gitignore: c.py", "x/c.py")
    assert names() == names("x") == ["x/b.py"]


def test_gitignore_is_not_respected_where_configured(tree: Path) -> None:
    (tree / "veteran.toml").write_text("respect-gitignore = false", encoding="utf-8")
    repository(
        ".git/info/exclude: a.py\n", ".gitignore: b.py\n", "a.py", "b.py",
        "x/veteran.toml", "x/.gitignore: c.py", "x/c.py", "x/a.py",
    )  # fmt: skip
    assert names() == ["a.py", "b.py", "x/a.py"]


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "#a.py\n", "/\n//\n!\n! \n", "[z-a].py\n", "[\n", "a.py/\n", "./a.py\n", "x/../a.py\n", "\\\n"],
)
def test_lines_that_ignore_nothing(text: str) -> None:
    repository(f".gitignore: {text}", "a.py")
    assert names() == ["a.py"]


@pytest.mark.parametrize(
    "text",
    [
        "a.py",
        "a.py   \n",
        "a.py\r\n",
        "\ufeffa.py\n",
        "**\n",
        "[a-b].py\n",
        "[!b].py\n",
        "\\a.py\n",
        "[z-a]\n?.py\n",
        "!a.py\na.py\n",
    ],
)
def test_lines_that_ignore(text: str) -> None:
    repository(".gitignore", "a.py", "#a.py", "!a.py")
    Path(".gitignore").write_bytes(text.encode())
    assert "a.py" not in names()


def test_escaped_lines() -> None:
    repository(".gitignore: \\#a.py\n\\!a.py\nb.py\\ \n", "#a.py", "!a.py", "a.py", "b.py", "b.py /c.py")
    assert names() == ["a.py", "b.py"]


def test_ignore_file_that_is_not_utf_8(tree: Path) -> None:
    repository("a.py", "b.py")
    (tree / ".gitignore").write_bytes(b"caf\xe9\na.py\n")
    assert names() == ["b.py"]


def test_ignore_file_that_is_none(tree: Path) -> None:
    repository("a.py", ".gitignore/b.py")
    (tree / ".git" / "info").write_text("", encoding="utf-8")
    assert names() == [".gitignore/b.py", "a.py"]


@needs_git
def test_agrees_with_git(tree: Path) -> None:
    """Random trees and ignore files; git itself says what is to be found."""
    parts = ["a", "b", "ab", "a.py", "b.py", "ab.pyi", "[x].py", "!a.py", "#b.py", "a b.py", "c\\d.py"]
    globs = [
        "a", "b", "ab", "a.py", "*.py", "*.pyi", "*", "?", "a*", "*b", "*.p[y]", "?.py", "[ab]", "[!a].py", "[^b]*",
        "[a-b].py", "[z-a]", "[,-0]*", "[]-].py", "[[]x].py", "\\[x\\].py", "**", "\\!a.py", "\\#b.py", "a b.py",
        "a\\ b.py", "c\\\\d.py", "#b.py",
    ]  # fmt: skip
    pick = random.Random(0)

    def plant(directory: Path, depth: int) -> None:
        directory.mkdir(exist_ok=True)
        for name in pick.sample(parts, 5):
            if "." in name and pick.random() < 0.9:
                (directory / name).touch()
            elif depth:
                plant(directory / name, depth - 1)

    def line() -> str:
        glob = "/".join(pick.choices(globs, k=pick.choice((1, 1, 2, 3))))
        return pick.choice(("", "", "!")) + pick.choice(("", "", "/")) + glob + pick.choice(("", "", "/", "  "))

    for number in range(60):
        root = tree / str(number)
        plant(root, 3)
        subprocess.run(["git", "init", "-q", root], check=True)
        directories = [path for path in root.rglob("*") if path.is_dir() and ".git" not in path.parts]
        for directory in [root, *pick.sample(directories, min(2, len(directories)))]:
            text = "\n".join(line() for _ in range(pick.randint(1, 5)))
            (directory / ".gitignore").write_text(text, encoding="utf-8")
        (root / ".git" / "info" / "exclude").write_text(line(), encoding="utf-8")
        command = ["git", "-c", "core.excludesFile=", "ls-files", "-co", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=True).stdout
        settings = Settings(root, exclude=())
        found = find_files([root], lambda _: settings, force_exclude=False)  # noqa: B023
        assert {str(file.relative_to(root)) for file in found.files} == {
            path for path in listed.split("\0") if path.endswith((".py", ".pyi"))
        }, root


def git(*arguments: str, cwd: Path) -> str:
    own = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always", "-c", "core.excludesFile=")
    return subprocess.run(["git", *own, *arguments], cwd=cwd, capture_output=True, encoding="utf-8", check=True).stdout


def as_git_lists(root: Path) -> set[str]:
    return set(git("ls-files", "-co", "--exclude-standard", cwd=root).split())


@needs_git
def test_the_exclude_file_of_a_work_tree(tree: Path) -> None:
    """Git reads that of the repository that the work trees share, and no other."""
    git("init", "-q", "main", cwd=tree)
    git("commit", "-q", "--allow-empty", "-m", "first", cwd=tree / "main")
    git("worktree", "add", "-q", "../other", cwd=tree / "main")
    (tree / "main/.git/info/exclude").write_text("a.py\nbelow/\n", encoding="utf-8")
    own = tree / "main/.git/worktrees/other/info"
    own.mkdir()
    (own / "exclude").write_text("b.py\n", encoding="utf-8")
    write("other/a.py", "other/b.py", "other/x/a.py", "other/below/c.py")
    assert set(names("other")) == {f"other/{path}" for path in as_git_lists(tree / "other")} == {"other/b.py"}
    assert names("other/x") == []
    # Relative, with other ends of lines, and by a link.
    (tree / "other/.git").write_bytes(b"gitdir: ../main/.git/worktrees/other\r\n")
    (tree / "main/.git/worktrees/other/commondir").write_bytes(os.fsencode(tree / "main" / ".git") + b"\n\n")
    assert set(names("other")) == {f"other/{path}" for path in as_git_lists(tree / "other")} == {"other/b.py"}


@needs_git
def test_the_exclude_file_of_a_submodule(tree: Path) -> None:
    for name in ("library", "main"):
        git("init", "-q", name, cwd=tree)
        git("commit", "-q", "--allow-empty", "-m", "first", cwd=tree / name)
    git("submodule", "--quiet", "add", str(tree / "library"), "sub", cwd=tree / "main")
    (tree / "main/.git/info/exclude").write_text("a.py\n", encoding="utf-8")
    (tree / "main/.git/modules/sub/info").mkdir(exist_ok=True)
    (tree / "main/.git/modules/sub/info/exclude").write_text("b.py\n", encoding="utf-8")
    write("main/a.py", "main/b.py", "main/sub/a.py", "main/sub/b.py")
    assert as_git_lists(tree / "main/sub") == {"a.py"}
    assert names("main") == ["main/b.py", "main/sub/a.py"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"gitdir: ",
        b"gitdir:x",
        b"gitdir: \0",
        b"gitdir: nowhere",
        b"gitdir: .",
        b"gitdir: .git",
        b"\xff" * 99,
        b"x" * 2**23,
    ],
)
def test_files_called_git_that_lead_nowhere(tree: Path, data: bytes) -> None:
    write("a.py")
    (tree / ".git").write_bytes(data)
    assert find() == Discovered([Path("a.py")], [], [])


def test_a_repository_elsewhere_is_read_as_others_are(tree: Path) -> None:
    write("project/a.py", "away/info/exclude: a.py")
    (tree / "project/.git").write_text(f"gitdir: {tree / 'away'}\n", encoding="utf-8")
    assert names("project") == []
    (tree / "away/info/exclude").unlink()
    with (tree / "away/info/exclude").open("wb") as file:
        file.truncate(2**40)
    found = find("project")
    assert [problem for _, problem in found.problems] == ["cannot be read: larger than 4 MiB"]
    assert found.files == [Path("project/a.py")]


# What cannot be read


def test_unreadable_directories_are_reported_and_the_rest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py", "secret/b.py", "x/c.py", "x/secret/d.py")
    scandir = os.scandir

    def guarded(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("secret"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert find() == Discovered(
        [Path("a.py"), Path("x/c.py")],
        [],
        [
            (Path("secret"), "cannot be read: Permission denied"),
            (Path("x/secret"), "cannot be read: Permission denied"),
        ],
    )


def test_paths_that_may_not_be_looked_at_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: bool) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    assert find("secret/a.py") == Discovered([], [], [(Path("secret/a.py"), "cannot be read: Permission denied")])


def test_unreadable_ignore_file_is_reported(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(".gitignore: a.py", "a.py")

    opened = os.open

    def guarded(path: str, flags: int, mode: int = 0) -> int:
        if os.fspath(path).endswith(".gitignore"):
            raise PermissionError(13, "Permission denied", path)
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", guarded)
    assert (
        find()
        == find(".", tree)
        == Discovered([Path("a.py")], [], [(tree / ".gitignore", "cannot be read: Permission denied")])
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_permissions(tree: Path) -> None:
    write("a.py", "secret/b.py")
    (tree / "secret").chmod(0)
    try:
        assert find().problems == [(Path("secret"), "cannot be read: Permission denied")]
    finally:
        (tree / "secret").chmod(0o700)
