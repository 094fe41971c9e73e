"""One file and many: what goes wrong costs that file alone, and no more is imported than needed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from helpers import EVERYTHING, FIXTURES, check, fixtures, places
from veteran.findings import Confidence
from veteran.registry import Rule, all_rules
from veteran.runs import batch, linker, one_file
from veteran.runs.store import Stores
from veteran.settings import Settings

BLOCKING = "import time\nasync def f():\n    time.sleep(1)\n"


def settings_for(_: Path) -> Settings:
    return EVERYTHING


@pytest.fixture
def failing_rule(monkeypatch: pytest.MonkeyPatch) -> Rule:
    """VET311 raises for every call that it hears of."""
    rule = all_rules()["VET311"]

    def fail(_: object) -> None:
        raise RuntimeError("no luck")

    monkeypatch.setattr(rule, "handlers", [(subscription, fail) for subscription, _ in rule.handlers])
    return rule


@pytest.mark.usefixtures("failing_rule")
def test_a_failing_rule_is_a_finding_of_that_file(tmp_path: Path) -> None:
    query = "def f(cur, x):\n    cur.execute(f\"SELECT * FROM t WHERE a = '{x}'\")\n"
    (tmp_path / "a.py").write_text(BLOCKING + query)
    (tmp_path / "b.py").write_text(query)
    outcome = batch.run([tmp_path / "a.py", tmp_path / "b.py"], settings_for)
    assert places(outcome.findings) == [(3, "VET003"), (5, "VET201"), (2, "VET201")]
    assert outcome.findings[0].message == "veteran failed in VET311: RuntimeError: no luck"


@pytest.mark.usefixtures("failing_rule")
@pytest.mark.parametrize("wished", ["", "1"])
def test_the_traceback_of_a_failing_rule(
    wished: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VETERAN_TRACEBACK", wished)
    (tmp_path / "a.py").write_text(BLOCKING)
    batch.run([tmp_path / "a.py"], settings_for)
    assert ("in fail\n" in capsys.readouterr().err) is bool(wished)


@pytest.mark.parametrize("jobs", [1, 2])
def test_unreadable_files(tmp_path: Path, jobs: int) -> None:
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "broken.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    (tmp_path / "good.py").write_text(BLOCKING)
    files = [tmp_path / name for name in ("folder.py", "broken.py", "loop.py", "good.py")]
    outcome = batch.run(files, settings_for, jobs=jobs)
    assert [f.code for f in outcome.findings] == ["VET001", "VET001", "VET001", "VET311"]
    assert all("cannot read" in f.message for f in outcome.findings[:3])


def test_process_count_does_not_change_the_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    files = fixtures()
    alone = batch.run(files, settings_for, jobs=1)
    monkeypatch.setattr(batch, "WORTH_A_PROCESS", 1)
    assert batch.run(files, settings_for, jobs=2) == alone
    assert alone.findings
    progress: list[tuple[int, int]] = []
    batch.run(files, settings_for, jobs=2, progress=lambda done, total: progress.append((done, total)))
    assert progress[-1] == (len(files), len(files))
    assert progress == sorted(progress)


def test_findings_do_not_depend_on_what_else_is_named() -> None:
    files = fixtures()
    together = batch.run(files, settings_for).findings
    apart = [finding for path in files for finding in batch.run([path], settings_for).findings]
    assert together == apart
    backwards = batch.run(list(reversed(files)), settings_for).findings
    assert sorted(backwards) == sorted(together)


def test_confidence_is_a_threshold() -> None:
    text = (
        "import time, threading\nasync def f(lock: threading.Lock):\n"
        "    time.sleep(1)\n    open('a')\n    lock.acquire()\n"
    )
    expected = {Confidence.LOW: [3, 4, 5], Confidence.MEDIUM: [3, 4], Confidence.HIGH: [3]}
    for confidence, lines in expected.items():
        found = check(text, settings=EVERYTHING._replace(min_confidence=confidence))
        assert [finding.span.line for finding in found] == lines


def test_contexts() -> None:
    assert check(BLOCKING, "tests/app.py") == []
    assert check(BLOCKING, "test_app.py") == []
    assert [str(f.confidence) for f in check(BLOCKING, "cli/app.py")] == ["low"]
    assert [str(f.confidence) for f in check(BLOCKING, "app.py")] == ["high"]
    settings = EVERYTHING._replace(contexts=(("tests", ()),))
    assert places(check(BLOCKING, "tests/app.py", settings)) == [(3, "VET311")]


def test_a_project_names_its_own_contexts() -> None:
    text = """
import time
import acme

@acme.boot.hook("early")
async def early():
    time.sleep(1)

@acme.boot.hook("late")
async def late():
    time.sleep(1)

async def by_keyword():
    time.sleep(1)

async def by_call():
    time.sleep(1)

async def command():
    time.sleep(1)

acme.App(prepare=by_keyword).on_boot.add(by_call)
"""
    marks = (
        {"context": "startup", "by": "decorator", "names": ["acme.boot.hook"], "arguments": ["early"]},
        {"context": "startup", "by": "keyword", "names": ["prepare"]},
        {"context": "startup", "by": "call", "names": ["*.on_boot.add"], "imports": ["acme"]},
        {"context": "cli", "by": "function", "names": ["command"]},
    )
    own = EVERYTHING._replace(catalog=tuple(("context", mark) for mark in marks))
    assert [str(f.confidence) for f in check(text)] == ["high"] * 5
    assert [str(f.confidence) for f in check(text, settings=own)] == ["low", "high", "low", "low", "low"]
    elsewhere = (("context", {**marks[2], "imports": ["other"]}),)
    assert [str(f.confidence) for f in check(text, settings=own._replace(catalog=elsewhere))] == ["high"] * 5


def test_a_project_names_its_own_test_clients() -> None:
    text = (
        "import acme, requests\nclass Client(requests.Session):\n    pass\n"
        "async def f(a: acme.TestSession, b: acme.Session):\n    a.get('/')\n    b.get('/')\n"
    )
    bases = tuple(
        ("inherits", {"type": f"acme.{name}", "base": "requests.Session"}) for name in ("TestSession", "Session")
    )
    clients = (("test_client", {"names": ["acme.TestSession"]}),)
    assert places(check(text, settings=EVERYTHING._replace(catalog=bases))) == [(5, "VET311"), (6, "VET311")]
    assert places(check(text, settings=EVERYTHING._replace(catalog=bases + clients))) == [(6, "VET311")]


def test_a_project_names_what_its_own_decorators_do() -> None:
    text = (
        "import requests\nfrom acme.keep import remembers\n"
        "@remembers\nasync def kept():\n    return requests.get('x')\n"
        "@remembers\ndef helper():\n    return requests.get('x')\n"
        "async def calls():\n    helper()\n"
    )
    said = {"memoises": ["low", "low"], "nothing": ["high", "high"], "offloads": ["high"]}
    assert [str(f.confidence) for f in check(text)] == ["high", "high"]
    for does, expected in said.items():
        own = EVERYTHING._replace(catalog=(("decorator", {"names": ["acme.{keep,kept}.remembers"], "does": does}),))
        assert [str(f.confidence) for f in check(text, settings=own)] == expected


def test_contexts_turn_whole_families_off() -> None:
    for rule in all_rules().values():  # of other families each rule says so itself
        assert "tests" in rule.off_in or rule.code[:4] not in ("VET1", "VET3", "VET4"), rule.code
    assert not all_rules()["VET201"].off_in


def test_bytes_and_text_agree() -> None:
    for path in fixtures():
        data = path.read_bytes()
        assert one_file.check_bytes("a.py", data, EVERYTHING) == check(data.decode(), "a.py")


def test_what_passes_no_gate_imports_no_parser() -> None:
    """Neither libcst, nor what only other commands need."""
    program = (
        "import sys; from pathlib import Path\n"
        "from veteran.runs import one_file; from veteran.settings import Settings\n"
        "assert one_file.check_text('a.py', 'def f(): pass\\n', Settings(root=Path('.'))) == []\n"
        "heavy = {'libcst', 'pathspec', 'asyncio', 'multiprocessing', 'concurrent.futures'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def test_the_code_that_is_read_never_runs(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    text = f"import time\nopen({str(witness)!r}, 'w').close()\nasync def f():\n    time.sleep(1)\n"
    assert places(check(text)) == [(4, "VET311")]
    assert not witness.exists()


def test_fixture_folders_are_where_the_tests_look() -> None:
    assert FIXTURES.is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_ends_a_run_with_several_processes(tmp_path: Path) -> None:
    import signal
    import time

    for number in range(40):
        (tmp_path / f"m{number}.py").write_text(BLOCKING + "x = [a.b(c) for a in d]\n" * 20_000)
    command = [sys.executable, "-m", "veteran", "check", "-j2", str(tmp_path)]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, text=True
    ) as process:
        time.sleep(3)  # well before the end, with the workers at work
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Traceback" not in errors


class Foreign(Executor):
    """Not ours: what it takes and gives travels as bytes. Every third batch is lost."""

    def __init__(self, *, loses: bool) -> None:
        self.loses = loses
        self.batches = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.batches += 1
        if self.loses and self.batches % 3 == 0:
            future.set_exception(OSError("the node is gone"))
        else:
            function, given = pickle.loads(pickle.dumps((fn, (args, kwargs))))
            future.set_result(pickle.loads(pickle.dumps(function(*given[0], **given[1]))))
        return future


@pytest.mark.parametrize("loses", [False, True])
@pytest.mark.parametrize("linked", [1, 10**9])
def test_any_executor_does_the_work(loses: bool, linked: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(batch, "WORTH_LINKING_APART", linked)
    project = FIXTURES / "blocking_call_in_async" / "project"
    files = [*fixtures()[::7], *sorted(project.rglob("*.py"))]
    alone = batch.run(files, settings_for)
    assert {"VET311", "VET312"} <= {finding.code for finding in alone.findings}
    executor = Foreign(loses=loses)
    assert batch.run(files, settings_for, jobs=3, executor=executor) == alone
    assert executor.batches > 3
    kept = settings_for(tmp_path)._replace(root=tmp_path, cache_dir="kept")
    without = batch.run(files, lambda _: kept)
    for _ in range(2):
        assert batch.run(files, lambda _: kept, jobs=2, executor=executor, stores=Stores()) == without


def test_an_executor_that_has_nothing_to_do() -> None:
    assert batch.run([], settings_for, jobs=3, executor=Foreign(loses=False)) == batch.run([], settings_for)


def test_facts_that_are_held_in_a_compact_form(monkeypatch: pytest.MonkeyPatch) -> None:
    files = fixtures()
    alone = batch.run(files, settings_for)
    monkeypatch.setattr(batch, "MANY", 0)
    monkeypatch.setattr(linker, "MANY", 0)
    assert batch.run(files, settings_for) == alone
