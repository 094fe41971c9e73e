"""One file checked: its summary, what other files decide, and what is reported of it in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from veteran import catalog as catalogue
from veteran import suppressions
from veteran.findings import INTERNAL, SUPPRESSION, UNPARSABLE, Confidence, Finding
from veteran.project.summary import Summary
from veteran.registry import all_rules
from veteran.runs import understand
from veteran.runs.job import FileJob
from veteran.runs.store import Read, digest_of
from veteran.stacks import roomy

if TYPE_CHECKING:
    from veteran.runs.store import Store, Stores
    from veteran.settings import Settings

T = TypeVar("T")


@roomy
def check_bytes(path: str, data: bytes, settings: Settings) -> list[Finding]:
    """One file all the way, with what it imports."""
    job = FileJob.of(path, settings)
    return judge(understand.summarise(job, data), job, data)[0]


@roomy
def check_text(
    path: str, text: str, settings: Settings, *, suppress: bool = True, stores: Stores | None = None
) -> list[Finding]:
    """One file all the way, from text that a host has decoded. suppress: whether comments silence findings."""
    data = text.encode("utf-8", "surrogatepass")
    job = FileJob.of(path, settings)

    def summarised() -> Summary:
        from veteran.analysis.syntax.source import Source

        return understand.guarded(job, data, lambda: Source(text))

    def check(stores: Stores | None) -> list[Finding]:
        summary = _kept(job, digest_of(data, text=True), stores, summarised)
        if not suppress:
            summary = summary._replace(comments=())
        return judge(summary, job, data, stores)[0]

    return _unharmed(check, stores)


@roomy
def check_stdin(
    path: str, data: bytes, settings: Settings, stores: Stores | None = None
) -> tuple[list[Finding], list[Finding]]:
    """One file all the way, whose bytes need not be those on the disk. See `finish`."""
    job = FileJob.of(path, settings)

    def check(stores: Stores | None) -> tuple[list[Finding], list[Finding]]:
        summary = _kept(job, digest_of(data), stores, lambda: understand.summarise(job, data))
        return judge(summary, job, data, stores)

    return _unharmed(check, stores)


def _unharmed(check: Callable[[Stores | None], T], stores: Stores | None) -> T:
    """What a check with these stores gives; without them where what is kept there is damaged."""
    try:
        return check(stores)
    except Exception:
        if stores is None or not stores.used:
            raise
    catalogue.forget()
    return check(None)


def give_catalog(store: Store) -> None:
    """Lets the catalogue be read from there, where that was not done in this process."""
    if not catalogue.is_known():
        catalogue.give(store.catalog())


def _kept(job: FileJob, digest: bytes, stores: Stores | None, summarised: Callable[[], Summary]) -> Summary:
    """The summary of that content, from an earlier run or made and kept."""
    store = stores.of(job.settings) if stores else None
    if store:
        give_catalog(store)
    summary = store.summary(digest, job, whole=True) if store else None
    if summary is None:
        summary = summarised()
        if store:
            store.keep(Read(summary, digest), job)
    return summary


@roomy
def judge(
    summary: Summary, job: FileJob, data: bytes, stores: Stores | None = None
) -> tuple[list[Finding], list[Finding]]:
    """Link and `finish` for one file, whose bytes need not be those on the disk."""
    from veteran.runs.linker import Linker

    linker = Linker(display, {job.path: data}, stores)
    (findings,) = linker.link([(summary, job)])
    return finish(summary, findings, job)


def display(path: Path) -> str:
    """The path as findings show it: below the working directory relative to it, with forward slashes."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def finish(summary: Summary, findings: Iterable[Finding], job: FileJob) -> tuple[list[Finding], list[Finding]]:
    """What is reported of a linked file, sorted; and malformed suppressions if VET002 does not report them."""
    found = [finding for finding in findings if finding.code in job.enabled]
    own = [finding for finding in found if finding.code in (UNPARSABLE, INTERNAL)]
    rest = [finding for finding in found if finding.code not in (UNPARSABLE, INTERNAL)]
    warnings: list[Finding] = []
    if summary.comments:
        applied = suppressions.apply(summary.path, rest, summary.comments, all_rules(), job.enabled)
        rest = applied.kept
        if SUPPRESSION in job.enabled:
            own += applied.malformed + applied.unused
        else:
            warnings = applied.malformed
    rest = [
        finding
        for finding in (in_context(finding, job.contexts) for finding in rest)
        if finding.confidence >= job.settings.min_confidence
    ]
    return sorted({*own, *rest}, key=lambda f: (f.span, f.code, f.message)), warnings


def in_context(finding: Finding, contexts: frozenset[str]) -> Finding:
    """The finding, of low confidence where its rule says so of the file's contexts."""
    if all_rules()[finding.code].low_in.isdisjoint(contexts):
        return finding
    return finding._replace(confidence=Confidence.LOW)
