"""What may not happen to a program, whatever it is."""

from __future__ import annotations

import ast
import pickle
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import ParamSpec, TypeVar
from unittest.mock import patch

from veteran.findings import INTERNAL, UNPARSABLE, Confidence, Finding
from veteran.runs import batch, one_file
from veteran.runs.store import Stores
from veteran.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")
MODULE = re.compile(rb"^#: ([\w./]+\.py)[ \t]*\r?\n", re.M)
#: What veteran refuses though CPython may read it: told by the documentation, not a failure.
LIMITS = ("nested", "too many", "too long")


def check(program: bytes) -> tuple[str, tuple[str, ...]]:
    """(what is wrong, or nothing, the codes found) of a program under all rules, at low confidence."""
    try:
        if MODULE.search(program):
            return _check_project(program)
        settings = everything(Path.cwd())
        found = one_file.check_bytes("module.py", program, settings)
        again = one_file.check_bytes("module.py", program, settings) if found else found
    except Exception as error:
        return f"raised: {type(error).__name__}: {error}", ()
    differs = "differs: the second time" if found != again else ""
    return _failure(found) or _refused(found, program) or differs, tuple(finding.code for finding in found)


def everything(root: Path) -> Settings:
    """All rules at low confidence."""
    return Settings(root=root, select=("VET",), min_confidence=Confidence.LOW)


def modules(program: bytes) -> dict[str, bytes]:
    """The modules of a project by their paths."""
    parts = MODULE.split(program)
    return dict(zip((name.decode() for name in parts[1::2]), parts[2::2], strict=True))


def _failure(found: list[Finding]) -> str:
    failed = [finding for finding in found if finding.code == INTERNAL]
    return f"VET003: {failed[0].path}: {failed[0].message}" if failed else ""


def _refused(found: list[Finding], program: bytes) -> str:
    """What veteran could not read, though this Python can."""
    refused = [finding for finding in found if finding.code == UNPARSABLE]
    if not refused or any(limit in refused[0].message for limit in LIMITS):
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(program)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return ""
    return f"VET001: {refused[0].span.line}: {refused[0].message}, and CPython reads it"


class PassedOn(Executor):
    """Does at once what processes would do, with what they would be handed."""

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        given = pickle.loads(pickle.dumps((function, args, kwargs)))
        try:
            future.set_result(pickle.loads(pickle.dumps(given[0](*given[1], **given[2]))))
        except Exception as error:
            future.set_exception(error)
        return future


def _check_project(program: bytes) -> tuple[str, tuple[str, ...]]:
    """Also: the same findings cold and warm, by one or several processes, whole or alone, before and after an edit."""
    root = Path.cwd() / "project"
    shutil.rmtree(root, ignore_errors=True)
    try:
        paths = []
        for name, text in modules(program).items():
            paths.append(root / name)
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            paths[-1].write_bytes(text)
        (root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
        cold = batch.run(paths, _settings, stores=None).findings
        failed = _failure(cold)
        if not failed:
            failed = next((f"differs: {how}" for how, found in _other_ways(paths) if found != cold), "")
        return failed, tuple(finding.code for finding in cold)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _settings(path: Path) -> Settings:
    return everything(path.parents[len(path.parents) - 1 - path.parts.index("project")])


def _other_ways(paths: list[Path]) -> Iterator[tuple[str, list[Finding]]]:
    """Other ways to check a project, and what they found."""
    with (
        patch.object(batch, "WORTH_A_PROCESS", 1),
        patch.object(batch, "WORTH_LINKING_APART", 1),
        patch.object(batch, "MANY", 1),
    ):
        yield "by processes", batch.run(paths, _settings, jobs=2, executor=PassedOn()).findings
    alone = [batch.run([path], _settings).findings for path in paths]
    yield "each module alone", [finding for findings in alone for finding in findings]
    yield "with an empty cache", batch.run(paths, _settings, stores=Stores()).findings
    yield "warm", batch.run(paths, _settings, stores=Stores()).findings
    first = paths[0].read_bytes()
    paths[0].write_bytes(b"import os\n")
    batch.run(paths, _settings, stores=Stores())
    paths[0].write_bytes(first)
    yield "warm, after an edit was taken back", batch.run(paths, _settings, stores=Stores()).findings
