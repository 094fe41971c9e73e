"""Runs with a cache say what runs without one say, whatever happened in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import veteran
from helpers import EVERYTHING, FIXTURES
from veteran.catalog import Catalog
from veteran.families import tellers
from veteran.findings import INTERNAL, UNPARSABLE, Confidence, Finding, Outcome, Span
from veteran.frontends import cli
from veteran.project import import_resolver as projects
from veteran.project.kinds import Kind
from veteran.project.summary import FACTS, Facts, Summary
from veteran.runs import batch, store, understand
from veteran.runs.cache import Cache
from veteran.runs.job import FileJob
from veteran.runs.store import Read, Store, Stores, digest_of
from veteran.settings import Settings, forget

SOURCES = Path(veteran.__file__).parents[1]
FILES = {
    "pyproject.toml": "[tool.veteran]\n",
    "pkg/__init__.py": "from pkg.helpers import fetch\n",
    "pkg/app.py": "from pkg import fetch\n\n\nasync def handle(url):\n    return fetch(url)\n",
    "pkg/helpers.py": "from pkg import low\n\n\ndef fetch(url):\n    return low.get(url)\n",
    "pkg/low.py": "import requests\n\n\ndef get(url):\n    return requests.get(url)\n",
    "pkg/direct.py": "import time\n\n\nasync def f():\n    time.sleep(1)  # noqa: E501\n",
    "pkg/query.py": "def _run(cur, x):\n    cur.execute(f\"SELECT * FROM t WHERE a = '{x}'\")\n\n\ndef f(cur, x):\n"
    "    _run(cur, x)\n",
    "pkg/broken.py": "import time\nasync def f(:\n    time.sleep(1)\n",
    "pkg/latin.py": "# coding: latin-1\nimport time\n\n\nasync def f():\n    time.sleep(1)\n",
    "pkg/plain.py": "x = 1\n",
}


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(store.OFF, raising=False)
    for name, text in FILES.items():
        write(name, text)
    yield tmp_path
    forget()
    projects.forget()


def write(name: str, text: str) -> Path:
    """Writes a file, and makes it look old enough for its state to be trusted."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    write.clock += 1  # type: ignore[attr-defined]
    os.utime(path, (write.clock, write.clock))  # type: ignore[attr-defined]
    return path


write.clock = 1_600_000_000  # type: ignore[attr-defined]


def run(*names: str, cached: bool = True, jobs: int = 1, settings: Settings | None = None) -> Outcome:
    """A run as a process of its own would do it."""
    projects.forget()
    paths = [Path(name) for name in names] or sorted(Path().rglob("*.py"))
    found = settings or Settings(Path.cwd())
    return batch.run(paths, lambda _: found, jobs=jobs, stores=Stores() if cached else None)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are analysed, as it happens."""
    names: list[str] = []
    summarise, told = understand.summarise, understand.told

    def summarised(job: FileJob, data: bytes) -> Summary:
        names.append(job.path.name)
        return summarise(job, data)

    def read_told(kind: Kind[Any], data: bytes, catalog: Catalog) -> Any:
        if kind.apart:  # the others are seen without a parse
            names.append(kind.name)
        return told(kind, data, catalog)

    monkeypatch.setattr(understand, "summarise", summarised)
    monkeypatch.setattr(understand, "told", read_told)
    return names


def test_a_second_run_analyses_nothing(read: list[str]) -> None:
    first = run()
    assert {finding.code for finding in first.findings} == {"VET001", "VET311", "VET312", "VET201"}
    assert first == run(cached=False)
    read.clear()
    assert run() == first
    assert read == []


def test_any_subset_after_any_other(read: list[str]) -> None:
    run("pkg/app.py")
    whole = run()
    for names in (["pkg/app.py"], ["pkg/low.py", "pkg/app.py"], ["pkg/direct.py"], ["pkg/broken.py", "pkg/query.py"]):
        wanted = [finding for name in names for finding in whole.findings if finding.path == name]
        assert run(*names).findings == run(*names, cached=False).findings == wanted
    assert run() == whole


def test_what_a_changed_import_changes(read: list[str]) -> None:
    assert [finding.code for finding in run("pkg/app.py").findings] == ["VET312"]
    write("pkg/low.py", FILES["pkg/low.py"].replace("requests.get(url)", "url"))
    read.clear()
    assert run("pkg/app.py").findings == []
    assert read == ["facts"]
    write("pkg/low.py", "\n\n" + FILES["pkg/low.py"])
    (moved,) = run("pkg/app.py").findings
    assert moved.steps[-1].span.line == 7
    assert [moved] == run("pkg/app.py", cached=False).findings


def test_a_new_file_shadows_an_import() -> None:
    settings = Settings(Path.cwd(), src=("first", "."))
    assert [finding.code for finding in run("pkg/app.py", settings=settings).findings] == ["VET312"]
    write("first/pkg/__init__.py", "def fetch(url):\n    return url\n")
    assert run("pkg/app.py", settings=settings).findings == []
    assert run("pkg/app.py", settings=settings, cached=False).findings == []


def test_a_module_that_is_gone_and_comes_back() -> None:
    first = run("pkg/app.py")
    assert len(first.findings) == 1
    text = Path("pkg/low.py").read_text()
    Path("pkg/low.py").unlink()
    assert run("pkg/app.py").findings == []
    write("pkg/low.py", text)
    assert run("pkg/app.py") == first


def test_additions_to_the_catalogue_count() -> None:
    write("pkg/own.py", "import acme\n\n\nasync def f():\n    acme.wait()\n")
    own = (("blocking", {"names": ["acme.wait"], "group": "sleep"}),)
    plain, added = (
        Settings(Path.cwd()),
        Settings(Path.cwd(), catalog=own),
    )
    for _ in range(2):
        assert run("pkg/own.py", settings=plain).findings == []
        assert [finding.code for finding in run("pkg/own.py", settings=added).findings] == ["VET311"]


def test_selected_rules_count(read: list[str]) -> None:
    for select, expected in ((("VET311",), {"VET311"}), (("VET312",), {"VET312"}), (("VET",), {"VET311", "VET312"})):
        settings = Settings(Path.cwd(), select=select)
        for cached in (True, True, False):
            found = run("pkg/app.py", "pkg/direct.py", settings=settings, cached=cached).findings
            assert {finding.code for finding in found} == expected


def test_another_version_reads_nothing_of_this_one(read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = run()
    read.clear()
    monkeypatch.setattr(veteran, "__version__", "99.0")
    assert run() == first
    assert "app.py" in read
    read.clear()
    assert run() == first
    assert read == []


def test_a_moved_file_is_reported_under_its_own_name(read: list[str]) -> None:
    run("pkg/query.py")
    write("other/query.py", FILES["pkg/query.py"])
    read.clear()
    (found,) = run("other/query.py").findings
    assert (found.path, read) == ("other/query.py", [])
    assert {step.path for step in found.steps} <= {"other/query.py"}


def test_what_veteran_fails_on_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(cached=False)
    with monkeypatch.context() as patch:
        patch.setattr(understand, "_analysed", lambda *_: 1 / 0)
        patch.setattr(understand, "told", lambda *_: 1 / 0)
        assert INTERNAL in {finding.code for finding in run().findings}
    assert run() == whole


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_write_what_one_reads(jobs: int, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "WORTH_A_PROCESS", 1)
    first = run(jobs=jobs)
    read.clear()
    assert run(jobs=3 - jobs) == run(cached=False) == first
    assert run("pkg/app.py").findings == [finding for finding in first.findings if finding.path == "pkg/app.py"]


def entries() -> Iterator[Path]:
    yield from Path(".veteran_cache").glob("*.vetpack")


@pytest.mark.parametrize("what", ["cut", "garbage", "empty", "flipped"])
def test_a_damaged_cache_is_made_anew(what: str) -> None:
    first = run()
    for pack in entries():
        data = pack.read_bytes()
        middle = len(data) // 2
        pack.write_bytes(
            {
                "cut": data[:middle],
                "garbage": b"garbage",
                "empty": b"",
                "flipped": bytes([*data[:middle], data[middle] ^ 255, *data[middle + 1 :]]),
            }[what]
        )
    assert run() == first
    assert run() == first


@pytest.mark.parametrize(
    "value",
    [
        b"", b"x", b"z", b"jnull", b"j{}", b"j[]", b"j[1,2]", b"j[true,[]]", b"j[[],[],[],[],[],[],[]]", b"j7", b'j"a"',
        b"z" + zlib.compress(b"[1,["), b'j[true,["",[],[],[],[],null,1]]', b'j[[{"f":[1]}],{},{},[]]',
        b"j" + b"[" * 9999,
    ],
)  # fmt: skip
def test_entries_of_another_form_are_made_anew(value: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(cached=False)
    get = Cache.get
    run()
    with monkeypatch.context() as patch:
        # Where states of files are kept, any value is told apart by its length.
        patch.setattr(Cache, "get", lambda self, key: value if get(self, key) is not None else None)
        assert run().findings == whole.findings or value == b"jnull"  # an entry that says: no facts
    assert run() == whole


def test_a_cache_that_cannot_be_made() -> None:
    whole = run(cached=False)
    Path(".veteran_cache").write_text("a file")
    assert run() == whole
    assert Path(".veteran_cache").read_text() == "a file"


def test_everything_that_is_kept_comes_back_the_same(tmp_path: Path) -> None:
    kept = Store(tmp_path / "kept")
    for path in sorted(FIXTURES.rglob("*.py")):
        data = path.read_bytes()
        job = FileJob.of(str(path), EVERYTHING)
        summary = understand.summarise(job, data)
        kept.keep(Read(summary, digest_of(data)), job)
        found = kept.summary(digest_of(data), job)
        assert found is not None
        kinds = {name: tellers()[name].kind for name in summary.told}
        for name, told in summary.told.items():
            if kinds[name].apart:
                assert found.told[name] is None
                assert kept.told(kinds[name], digest_of(data), EVERYTHING) == (told,)
            else:
                same_types(found.told[name], told)
        whole = kept.summary(digest_of(data), job, whole=True)
        assert found._replace(told={}) == summary._replace(told={})
        assert whole == (summary if summary.begins else found)


def same_types(one: object, other: object) -> None:
    assert type(one) is type(other)
    if isinstance(one, tuple):
        for parts in zip(one, other, strict=True):  # type: ignore[call-overload]
            same_types(*parts)
    elif isinstance(one, dict):
        assert list(one) == list(other)  # type: ignore[call-overload]
        for key, value in one.items():
            same_types(value, other[key])  # type: ignore[index]


def test_missing_facts_come_back(tmp_path: Path) -> None:
    kept = Store(tmp_path / "kept")
    kept.keep_told(FACTS, b"digest", EVERYTHING, None)
    assert (kept.told(FACTS, b"digest", EVERYTHING), kept.told(FACTS, b"other", EVERYTHING)) == ((None,), None)
    kept.keep_told(FACTS, b"digest", EVERYTHING, Facts({}, {}, {"\ud800": ("a",)}))
    assert kept.told(FACTS, b"digest", EVERYTHING) == (Facts({}, {}, {"\ud800": ("a",)}),)


def test_failures_of_the_machine_are_not_kept(tmp_path: Path) -> None:
    kept = Store(tmp_path / "kept")
    for code, message in ((INTERNAL, "veteran failed"), (UNPARSABLE, "the parser failed: MemoryError")):
        finding = Finding("a.py", Span(1, 1, 1, 2), code, message, Confidence.HIGH)
        job = FileJob.of("a.py", EVERYTHING)
        kept.keep(Read(Summary("a.py", (finding,)), b"digest"), job)
        assert kept.summary(b"digest", job) is None


# Commands


def command(*arguments: str, stdin: str = "", **environment: str) -> tuple[int, str]:
    """A process of its own."""
    variables = {**os.environ, "PYTHONPATH": str(SOURCES), **environment}
    done = subprocess.run(
        [sys.executable, *arguments],
        input=stdin,
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_processes_at_once() -> None:
    arguments = [sys.executable, "-m", "veteran", "check", "-q"]
    variables = {**os.environ, "PYTHONPATH": str(SOURCES)}
    started = [subprocess.Popen(arguments, env=variables, stdout=subprocess.PIPE) for _ in range(3)]
    outputs = {process.communicate(timeout=120)[0] for process in started}
    assert outputs == {command("-m", "veteran", "check", "-q")[1].encode()}
    assert outputs == {command("-m", "veteran", "check", "-q", "--no-cache")[1].encode()}


def test_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "-q", "--no-cache"]) == 1
    expected = capsys.readouterr().out
    assert not Path(".veteran_cache").exists()
    assert cli.main(["check", "-q", "--cache-dir", "else/where"]) == 1
    assert capsys.readouterr().out == expected
    assert list(Path("else/where").glob("*.vetpack"))
    assert not Path(".veteran_cache").exists()
    assert cli.main(["clean", "--cache-dir", "else/where"]) == 0
    assert not Path("else/where").exists()
    capsys.readouterr()
    assert cli.main(["check", "--show-settings", "--no-cache"]) == 0
    assert json.loads(capsys.readouterr().out)["cache-dir"] is None


def test_the_environment_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.OFF, "1")
    run()
    assert not Path(".veteran_cache").exists()


def test_standard_input_reads_and_does_not_write() -> None:
    whole = run("pkg/app.py")
    packs = sorted(entries())
    code, printed = command(
        "-m", "veteran", "check", "-q", "--output-format=concise",
        "--stdin-filename", "pkg/app.py", "-",
        stdin=FILES["pkg/app.py"] + "\n\nasync def other(url):\n    return fetch(url)\n",
    )  # fmt: skip
    assert (code, printed.count("VET312")) == (1, 1 + len(whole.findings))
    assert sorted(entries()) == packs


def test_a_warm_run_imports_no_parser() -> None:
    program = (
        "import sys\nfrom veteran.frontends.cli import main\ncode = main(['check', '-q'])\n"
        "heavy = [n for n in sys.modules if n.startswith('libcst') or n == 'veteran.analysis.module']\n"
        "print('heavy', len(heavy))\n"
    )
    cold, warm = command("-c", program)[1], command("-c", program)[1]
    assert "heavy 0" not in cold
    assert warm == f"{cold.rpartition('heavy')[0]}heavy 0\n"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_flake8_keeps_and_reads(jobs: str) -> None:
    pytest.importorskip("flake8")
    arguments = (
        "-m",
        "flake8",
        "--select=VET",
        "-j",
        jobs,
        "pkg/app.py",
        "pkg/direct.py",
        "pkg/query.py",
    )
    cold = command(*arguments)
    assert cold[1].count("VET") == 3
    assert list(entries())
    assert command(*arguments) == cold
    assert command(*arguments, **{store.OFF: "1"}) == cold
    write("pkg/low.py", "def get(url):\n    return url\n")
    assert command(*arguments)[1].count("VET") == 2
