"""The `check` command: answered from an earlier run as far as nothing changed since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, NamedTuple

from veteran.findings import INTERNAL
from veteran.runs import snapshot
from veteran.runs.store import Damaged, Refusal, Store, Stores, tool
from veteran.settings import ConfigError
from veteran.timings import phase

if TYPE_CHECKING:
    from veteran.findings import Outcome
    from veteran.runs.batch import Checked, Progress
    from veteran.runs.discovery import Discovered
    from veteran.settings import Settings


class Report(NamedTuple):
    """What a run said. found: the files, if they were searched for. refused: by folder, why nothing is kept there."""

    outcome: Outcome
    found: Discovered | None
    refused: dict[str, Refusal]

    @property
    def failed(self) -> bool:
        """Whether some of what was to be checked cannot be had."""
        return bool(self.found and (self.found.missing or self.found.problems))


class _Command(NamedTuple):
    """What `check_paths` is given."""

    paths: Sequence[str]
    options: Sequence[object]
    settings_for: Callable[[Path], Settings]
    find: Callable[[snapshot.Trace], Discovered]
    jobs: int
    progress: Callable[[], AbstractContextManager[Progress]]
    complain: Callable[[str], None] | None


def check_paths(
    paths: Sequence[str],
    options: Sequence[object],
    settings_for: Callable[[Path], Settings],
    *,
    find: Callable[[snapshot.Trace], Discovered],
    jobs: int,
    progress: Callable[[], AbstractContextManager[Progress]],
    complain: Callable[[str], None] | None = None,
) -> Report:
    """What is found in the files that paths mean.

    options: all others that decide what is found. find: the files. progress: called if there is something to wait for.
    complain: as of `runner.check`.
    """
    command = _Command(paths, options, settings_for, find, jobs, progress, complain)
    stores = Stores()
    try:
        return _checked(command, stores)
    except ConfigError:
        raise
    except Exception:
        # Whatever is wrong with what was kept, it costs the time that it was to save.
        if not stores.used:
            raise
        from veteran import catalog

        catalog.forget()
        stores.doubt()
        return _checked(command, stores)
    finally:
        with phase("cache"):
            stores.flush()


def _checked(command: _Command, stores: Stores) -> Report:
    since = time_ns()
    with phase("configuration"):
        store = stores.of(command.settings_for(Path(command.paths[0])))
    with phase("states of files"):
        key = snapshot.key_for(tool(), command.paths, command.options) if store else b""
        earlier = snapshot.look(store.cache, key) if store else None
    if store and earlier and not earlier.changed:
        if earlier.worn:
            snapshot.renew(store.cache, key, earlier, since)
        return Report(earlier.outcome(), None, stores.refused)
    from veteran import catalog
    from veteran.runs.batch import check
    from veteran.runs.one_file import give_catalog

    if store:
        give_catalog(store)
    trace = snapshot.Trace()
    with phase("search for files"):
        found = command.find(trace) if earlier is None else None
    files: Sequence[str | Path] = found.files if found else earlier.paths[: earlier.checked] if earlier else []
    with command.progress() as moved:
        checked = check(
            files,
            command.settings_for,
            jobs=command.jobs,
            progress=moved,
            stores=stores,
            earlier=earlier,
            complain=command.complain,
        )
    report = Report(checked.outcome, found, stores.refused)
    if stores.used and any(finding.code == INTERNAL for finding in report.outcome.findings) and not catalog.is_true():
        raise Damaged("the catalogue")
    if store and files and not report.failed:
        with phase("states of files"):
            _keep(store, stores, key, files, checked, trace, since, earlier)
    return report


def _keep(
    store: Store,
    stores: Stores,
    key: bytes,
    files: Sequence[str | Path],
    checked: Checked,
    trace: snapshot.Trace,
    since: int,
    earlier: snapshot.Earlier | None,
) -> None:
    trace.look_back()
    run = snapshot.Run([str(path) for path in files], checked.results, checked.digests, checked.edges, since)
    snapshot.keep(store.cache, key, run, trace, store.digest_of, earlier, stores.held)
