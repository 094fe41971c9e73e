"""A cache that this user did not make, or that holds what veteran never wrote: it changes nothing but the time."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from veteran import catalog
from veteran.findings import Confidence
from veteran.frontends import cli
from veteran.project import import_resolver as projects
from veteran.runs import cache, snapshot, store
from veteran.runs.cache import LARGEST, MOST, Cache, clean, inflated, key_of
from veteran.settings import forget

FILES = {
    "pyproject.toml": "[tool.veteran]\n",
    "pkg/__init__.py": "from pkg.helpers import fetch\n",
    "pkg/app.py": "from pkg import fetch\n\n\nasync def handle(url):\n    return fetch(url)\n",
    "pkg/helpers.py": "from pkg import low\n\n\ndef fetch(url):\n    return low.get(url)\n",
    "pkg/low.py": "import requests\n\n\ndef get(url):\n    return requests.get(url)\n",
    "pkg/direct.py": "import time\n\n\nasync def f():\n    time.sleep(1)  # noqa: E501\n",
    "pkg/query.py": "def _run(cur, x):\n    cur.execute(f\"SELECT * FROM t WHERE a = '{x}'\")\n\n\ndef f(cur, x):\n"
    "    _run(cur, x)\n",
    "pkg/client.py": "import requests\n\n\ndef load(url):\n    return requests.get(url).json()\n",
    "pkg/use.py": "from pkg.client import load\n\n\ndef name(url):\n    return load(url)['name']\n",
    "pkg/jobs.py": "from concurrent.futures import ThreadPoolExecutor\n\nfrom pkg.work import work\n\n\n"
    "def go(items):\n    with ThreadPoolExecutor() as pool:\n        return list(pool.map(work, items))\n",
    "pkg/work.py": "def work(n):\n    total = 0\n    for i in range(10_000):\n        for j in range(n):\n"
    "            total += i * j\n    return total\n",
    "pkg/broken.py": "import time\nasync def f(:\n    time.sleep(1)\n",
}
Call = Callable[..., tuple[int, str, str]]
FOLDER = Path(".veteran_cache")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs links")


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project at rest, and a secret of its own."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv(store.OFF, raising=False)
    monkeypatch.setattr(cache, "RACY", 0)
    monkeypatch.setattr(snapshot, "RACY", 0)
    for name, text in FILES.items():
        write(name, text)
    yield tmp_path
    forget()
    projects.forget()
    catalog.forget()


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """`check` as a process of its own would do it."""

    def run(*options: str) -> tuple[int, str, str]:
        forget()
        projects.forget()
        catalog.forget()
        code = cli.main(["check", "-j1", "--select", "VET", "--min-confidence", "low", *options])
        return code, *capsys.readouterr()

    return run


def own() -> Cache:
    return Cache(FOLDER)


def entries() -> dict[bytes, bytes]:
    """All that is kept, by its keys."""
    kept = own()
    kept._load()
    found = {}
    for pack in kept._opened:
        for key, (_, number) in pack.places():
            value = pack.read(number)[0]
            assert value is not None
            found[key] = value
    return found


def keep(values: dict[bytes, bytes]) -> None:
    """Writes entries as this user's veteran does."""
    kept = own()
    for key, value in values.items():
        kept.put(key, value)
    kept.flush()


# Whose it is


def lie(blob: bytes) -> bytes:
    """A record of a run without its findings."""
    size = int.from_bytes(blob[:8], "little")
    try:
        head = json.loads(blob[8 : 8 + size])
        head["results"] = {}
        text = json.dumps(head).encode()
    except (ValueError, KeyError, TypeError):
        return blob
    return len(text).to_bytes(8, "little") + text + blob[8 + size :]


def test_the_own_cache_is_believed(call: Call) -> None:
    first = call()
    assert (first[0], first[1].count("VET")) == (1, 6)
    call()
    keep({key: lie(value) for key, value in entries().items()})
    assert call()[:2] == (0, f"All clear: {len(FILES) - 1} files.\n")


def test_the_cache_of_another_user_is_not(call: Call, tree: Path) -> None:
    first = call()
    call()
    keep({key: lie(value) for key, value in entries().items()})
    (tree / "user").rename(tree / "another")
    assert call() == call() == call("--no-cache") == first
    shutil.rmtree(tree / "user")
    (tree / "another").rename(tree / "user")
    for path in sorted(FOLDER.glob("*.vetpack"))[3:]:
        path.unlink()
    assert call()[0] == 0


def test_values_that_are_exchanged_are_not_believed(call: Call) -> None:
    """Who sees a cache, knows its keys, and what is kept, but cannot put one in the place of the other."""
    first = call()
    for path in FOLDER.glob("*.vetpack"):
        data = path.read_bytes()
        for _ in range(3):
            at = random.Random(7).randrange(len(data) // 2, len(data) - 50)
            data = data[:at] + data[at : at + 20][::-1] + data[at + 20 :]
        path.write_bytes(data)
    assert call() == call() == first


@POSIX
@pytest.mark.parametrize("kind", ["no home", "a file", "not ours", "in the project"])
def test_without_a_secret_nothing_is_kept(kind: str, call: Call, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = call("--no-cache")
    if kind == "no home":
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    elif kind == "a file":
        (tree / "user").write_text("mine")
    elif kind == "not ours":
        user = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", str(Path("cache").absolute()))
    assert call() == call() == expected
    assert not FOLDER.exists()
    assert not Path("cache").exists()
    assert "is not used as a cache" in call("--timings")[2]


def test_many_packs_are_neither_read_nor_added_to(call: Call) -> None:
    first = call()
    (pack,) = FOLDER.glob("*.vetpack")
    FOLDER.joinpath("veteran-merging.lock").mkdir()  # so that nobody merges
    for number in range(MOST + 20):
        shutil.copy(pack, FOLDER / f"{number:012d}-{number:016x}.vetpack")
    before = sorted(FOLDER.iterdir())
    kept = own()
    kept._load()
    assert len(kept._opened) == MOST
    kept.close()
    assert call() == first
    assert sorted(FOLDER.iterdir()) == before


def test_the_last_number_has_none_after_it(call: Call) -> None:
    first = call()
    foreign = FOLDER / f"{cache.LAST}-{0:016x}.vetpack"
    foreign.touch()
    write("pkg/more.py", "x = 1\n")
    call()
    assert all(len(path.name) == len(foreign.name) for path in FOLDER.glob("*.vetpack"))
    assert call()[1].splitlines()[:-1] == first[1].splitlines()[:-1]


# What it may unpack to


def test_what_unpacks_to_much_is_damaged() -> None:
    data = zlib.compress(bytes(LARGEST))
    assert len(inflated(data)) == LARGEST
    for blob in (zlib.compress(bytes(LARGEST + 1)), data[:-1], data[: len(data) // 2]):
        with pytest.raises(ValueError, match="too large"):
            inflated(blob)


# Entries that veteran never wrote, under the keys and the seals of this user


def packed(value: Any) -> bytes:
    return b"z" + zlib.compress(json.dumps(value).encode())


ODD: list[Any] = [
    None, True, False, 0, -1, 7, 2**31, -(2**70), 10**400, 1.5, float("nan"), float("inf"), "", "x", "\ud800", "a\0b",
    "/etc/passwd", "../../x", "\x1b[2J\n::error::x", [], [1], ["a"], [[]], [None] * 3, {}, {"a": 1}, {"a": []},
    {"a": [[]]}, {"a": ["b", "c"]}, [["a", "b"]], [[1, 2, 3, 4]],
]  # fmt: skip


def mutated(value: Any, chance: random.Random) -> Any:
    """The value with one part of it replaced, left out, doubled or nested."""
    if isinstance(value, dict | list) and value and chance.random() < 0.9:
        keys: Any = list(value) if isinstance(value, dict) else range(len(value))
        at = chance.choice(list(keys))
        copy: Any = dict(value) if isinstance(value, dict) else list(value)
        kind = chance.random()
        if kind < 0.1:
            del copy[at]
        elif kind < 0.2 and isinstance(copy, list):
            copy.append(copy[at])
        else:
            copy[at] = mutated(value[at], chance)
        return copy
    if chance.random() < 0.1:
        return [value]
    return chance.choice(ODD)


def altered(blob: bytes, chance: random.Random) -> bytes:
    """An entry with something else in it, still in the form of its kind."""
    try:
        if blob[:1] in (b"z", b"j"):
            value = json.loads(inflated(blob[1:]) if blob[:1] == b"z" else blob[1:])
            return packed(mutated(value, chance))
        size = int.from_bytes(blob[:8], "little")
        text = json.dumps(mutated(json.loads(blob[8 : 8 + size]), chance)).encode()
        return len(text).to_bytes(8, "little") + text + blob[8 + size :]
    except (ValueError, zlib.error):
        pass
    kind = chance.randrange(4)
    at = chance.randrange(len(blob))
    if kind == 0:
        return blob[:at]
    if kind == 1:
        return blob + b"\0" * chance.choice((1, 20, 1000))
    if kind == 2:
        return b""
    return blob[:at] + bytes([blob[at] ^ 255]) + blob[at + 1 :]


@pytest.mark.parametrize("seed", range(15))
def test_no_entry_ends_a_run(seed: int, call: Call) -> None:
    """What cannot be told from truth may be said, but the run ends as runs do, and nothing is obeyed."""
    chance = random.Random(seed)
    call()
    call()
    whole = entries()
    for _ in range(4):
        share = chance.choice((0.05, 0.3, 1))
        keep({key: altered(value, chance) for key, value in whole.items() if chance.random() < share})
        for options in ((), ("pkg/app.py", "pkg/use.py"), ("--output-format", "json")):
            code, out, err = call(*options)
            assert code in (0, 1), (out, err)
            assert "this is a bug" not in err
            assert "VET003" not in out
            assert "root:" not in out
            assert all(line.isprintable() and not line.startswith("::") for line in out.splitlines())
        if chance.random() < 0.5:
            write("pkg/low.py", FILES["pkg/low.py"] + "\n" * chance.randrange(5))


FORMS = [
    b"", b"z", b"j", b"jnull", b"j7", b"j[]", b"j{}", b'j"a"', b"j[NaN]", b"j" + b"[" * 100_000,
    b"j" + b'{"a":' * 100_000, b"z" + zlib.compress(b"[" * 10**6), b"j" + b"9" * 10_000, b'j"\\ud800"', b"\0" * 100,
    packed([[name, {"names": 3}] for name in ("blocking", "sink", "unknown")]), packed([["blocking", {}]] * 3),
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_entries_of_another_form_are_absent(form: bytes, call: Call) -> None:
    first = call()
    call()
    keep(dict.fromkeys(entries(), form))
    found = call()
    assert found == first or form == b"jnull"  # which says that there are no facts
    write("pkg/low.py", FILES["pkg/low.py"] + "\n")
    assert call()[0] == first[0]


def record() -> tuple[bytes, dict[str, Any], bytes]:
    """The key of the newest record of a run, its head and the states."""
    found = []
    for key, blob in entries().items():
        size = int.from_bytes(blob[:8], "little")
        if blob[8:18] == b'{"paths":[':
            found.append((key, json.loads(blob[8 : 8 + size]), blob[8 + size :]))
    return found[-1]


def test_no_line_of_another_file_is_shown(call: Call, tree: Path) -> None:
    (tree / "secrets.txt").write_text("the password\n")
    first = call()
    call()
    key, head, states = record()
    for place in (str(tree / "secrets.txt"), "../secrets.txt", "pkg/../../secrets.txt"):
        for step in (False, True):
            finding = [place, [1, 1, 1, 5], "VET311", "x", int(Confidence.HIGH), []]
            if step:
                finding[0], finding[5] = "pkg/app.py", [[place, [1, 1, 1, 5], "x", False]]
            text = json.dumps({**head, "results": {"0": [[finding], []]}}).encode()
            keep({key: len(text).to_bytes(8, "little") + text + states})
            assert call() == first
            call()


def test_reasons_do_not_come_from_the_cache(call: Call) -> None:
    call()
    call()
    key, head, states = record()
    assert "cards" not in head
    text = json.dumps({**head, "cards": {"VET311": ["name", "::error::x"]}}).encode()
    keep({key: len(text).to_bytes(8, "little") + text + states})
    assert "::error" not in call()[1]


# Where it goes


@POSIX
@pytest.mark.parametrize("where", ["elsewhere", "elsewhere/below", "missing"])
def test_a_link_that_leads_out_of_the_project(where: str, call: Call, tree: Path) -> None:
    (tree / "elsewhere" / "below").mkdir(parents=True)
    FOLDER.symlink_to(tree / where)
    expected = call("--no-cache")
    code, out, err = call()
    assert (code, out) == expected[:2]
    assert err == f"veteran: warning: {FOLDER.absolute()} is not used as a cache: it leads out of the project\n"
    assert call("-q")[2] == ""
    assert sorted(path.name for path in tree.rglob("*") if "vet" in path.name) == [".veteran_cache"]
    chosen = tree / "elsewhere" / "below"
    assert call("--cache-dir", str(chosen))[:2] == expected[:2]
    assert cache.is_ours(str(chosen))


@POSIX
def test_a_link_above_it_that_leads_out_of_the_project(call: Call, tree: Path) -> None:
    (tree / "elsewhere").mkdir()
    Path("var").symlink_to(tree / "elsewhere")
    write("pyproject.toml", "[tool.veteran]\ncache-dir = 'var/cache'\n")
    assert "leads out of the project" in call()[2]
    assert list((tree / "elsewhere").iterdir()) == []


@POSIX
def test_a_link_within_the_project(call: Call) -> None:
    Path("var").mkdir()
    FOLDER.symlink_to("var")
    first = call()
    assert first[2] == ""
    assert list(Path("var").glob("*.vetpack"))
    assert call() == first


@pytest.mark.parametrize("place", ["data", ".git", "pkg"])
def test_a_directory_of_other_things_is_left_alone(place: str, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    write(f"{place}/mine.txt", "mine")
    write("pyproject.toml", f"[tool.veteran]\ncache-dir = '{place}'\n")
    before = sorted(Path(place).rglob("*"))
    expected = call("--no-cache")
    for options in ((), ("--cache-dir", place)):
        code, out, err = call(*options)
        assert (code, out) == expected[:2]
        assert err.startswith(f"veteran: warning: {Path(place).absolute()} is not used as a cache: ")
        assert err.endswith(": it is there and no cache of veteran's\n")
    for arguments in ((), ("--cache-dir", place)):
        assert cli.main(["clean", *arguments]) == 0
        assert capsys.readouterr().out.endswith(f"{place}: left as it is: it is no cache of veteran's\n")
    assert sorted(Path(place).rglob("*")) == before


def test_an_empty_directory_is_taken(call: Call) -> None:
    FOLDER.mkdir()
    assert call()[2] == ""
    assert cache.is_ours(str(FOLDER))


def test_clean_finds_the_caches_of_nested_projects(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "deep/er/two"):
        write(f"{name}/pyproject.toml", "[tool.veteran]\ncache-dir = 'kept'\n")
        write(f"{name}/a.py", "x = 1\n")
    call()
    write("three/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# of another tool\n")
    write("three/.gitignore", "# Made by veteran.\n*\n")
    folders = [FOLDER, Path("one/kept"), Path("deep/er/two/kept")]
    assert all(folder.is_dir() for folder in folders)
    assert cli.main(["clean"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.rpartition(":")[0] for line in lines} == {str(folder.absolute()) for folder in folders}
    assert not any(folder.exists() for folder in folders)
    assert len(list(Path("three").iterdir())) == 2


@POSIX
def test_clean_follows_no_link(tree: Path, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = tree / "elsewhere"
    kept = Cache(elsewhere)
    kept.put(key_of("a"), b"1")
    kept.flush()
    FOLDER.symlink_to(elsewhere)
    Path("below").mkdir()
    Path("below/link").symlink_to(elsewhere)
    before = sorted(elsewhere.iterdir())
    assert cli.main(["clean"]) == 0
    assert capsys.readouterr().out == f"{FOLDER.absolute()}: left as it is: it leads out of the project\n"
    assert sorted(elsewhere.iterdir()) == before
    assert clean(elsewhere) == len(before)


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
@pytest.mark.parametrize("name", ["::error file=a::x", "\x1b[2J", "a\n::error::x", "##vso[task.x]y"])
def test_clean_prints_no_name_that_is_obeyed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(name).mkdir()
    assert cli.main(["clean", "--cache-dir", name]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isprintable()
    assert not line.startswith("::")
    assert "##vso[" not in line
