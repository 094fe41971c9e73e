"""The `check` command: answered from an earlier run as far as nothing changed since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING

from veteran import snapshot
from veteran.reporting import cards
from veteran.store import Store, Stores, tool
from veteran.timings import phase

if TYPE_CHECKING:
    from veteran.discovery import Discovered
    from veteran.findings import Outcome
    from veteran.runner import Checked, Progress
    from veteran.settings import Settings


def check_paths(
    paths: Sequence[str],
    options: Sequence[object],
    settings_for: Callable[[Path], Settings],
    *,
    find: Callable[[snapshot.Trace], Discovered],
    jobs: int,
    progress: Callable[[], AbstractContextManager[Progress]],
) -> tuple[Outcome, bool]:
    """What is found in the files that paths mean, and whether some of these cannot be had.

    options: all others that decide what is found. find: the files. progress: called if there is something to wait for.
    """
    since = time_ns()
    stores = Stores()
    with phase("configuration"):
        store = stores.of(settings_for(Path(paths[0])))
    with phase("states of files"):
        key = snapshot.key_for(tool(), paths, options) if store else b""
        earlier = snapshot.look(store.cache, key) if store else None
    try:
        if store and earlier and not earlier.changed:
            cards.give(earlier.cards)
            if earlier.worn:
                snapshot.renew(store.cache, key, earlier, since)
            return earlier.outcome(), False
        from veteran.one_file import give_catalog
        from veteran.runner import check

        if store:
            give_catalog(store)
        trace = snapshot.Trace()
        with phase("search for files"):
            found = find(trace) if earlier is None else None
        files: Sequence[str | Path] = found.files if found else earlier.paths[: earlier.checked] if earlier else []
        failed = bool(found and (found.missing or found.problems))
        with progress() as moved:
            checked = check(files, settings_for, jobs=jobs, progress=moved, stores=stores, earlier=earlier)
        if store and files and not failed:
            with phase("states of files"):
                _keep(store, stores, key, files, checked, trace, since, earlier)
        return checked.outcome, failed
    finally:
        with phase("cache"):
            stores.flush()


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
    codes = (finding.code for result in checked.results for finding in (*result.findings, *result.warnings))
    run = snapshot.Run(
        [str(path) for path in files],
        checked.results,
        checked.digests,
        checked.edges,
        cards.cards_of(codes),
        since,
    )
    snapshot.keep(store.cache, key, run, trace, store.digest_of, earlier, stores.held)
