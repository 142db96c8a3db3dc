"""A store that is looked at while it grows: its tables are brought up to date, its sweeps loaded once per change."""

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from analysis.errors import ResultStoreError
from analysis.results.load import Curves, Runs, load
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore

Made = TypeVar("Made")

LEAST_SECONDS = 1.0
SHARE_OF_TIME = 0.1
"""Most of the time that collecting may take: a store of many trials is looked through less often."""
MOST_KEPT = 32


class LiveStore:
    """A store, its tables at most a moment old. Several threads may ask; one at a time collects or loads."""

    def __init__(self, store: ResultStore, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self._clock = clock
        self._lock = threading.RLock()
        self._next = float("-inf")
        self._revision = ""
        self._skipped: list[str] = []
        self._kept: OrderedDict[tuple[str, ...], tuple[str, object]] = OrderedDict()

    def refresh(self) -> str:
        """Collect what has changed, unless that was done a moment ago; return the revision of what is to be seen."""
        with self._lock:
            began = self._clock()
            if began >= self._next:
                self._skipped = collect(self.store).skipped
                took = self._clock() - began
                self._next = began + took + max(LEAST_SECONDS, took / SHARE_OF_TIME)
            return self.revision()

    def revision(self) -> str:
        """Return 16 hexadecimal digits that change whenever tables, plans or figures do."""
        seen = hashlib.sha256()
        for path in sorted(self._watched()):
            try:
                status = os.stat(path)
            except OSError:
                continue
            seen.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        return seen.hexdigest()[:16]

    @property
    def skipped(self) -> list[str]:
        """What the last collection could not read."""
        return self._skipped

    def sweep(self, name: str, metric: str | None = None) -> tuple[Runs, Curves]:
        """Return the runs and curves of a sweep, by its score or another metric. Raises AnalysisError.

        No path is built from a name that is not that of a sweep of the store.
        """
        if name not in self.store.sweeps():
            raise ResultStoreError("no such sweep in this store")
        return self.once(("sweep", name, metric or ""), lambda: load(self.store, name, score=metric))

    def once(self, key: tuple[str, ...], make: Callable[[], Made]) -> Made:
        """Return what `make` makes, made once per revision; only the latest MOST_KEPT values are kept."""
        with self._lock, self._one_state() as revision:
            kept = self._kept.get(key)
            if kept is None or kept[0] != revision:
                kept = self._kept[key] = (revision, make())
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return kept[1]  # type: ignore[return-value]

    @contextmanager
    def _one_state(self) -> Iterator[str]:
        """Give the revision; what is asked for inside sees the same, without looking again."""
        is_first = not self._revision
        self._revision = self._revision or self.refresh()
        try:
            yield self._revision
        finally:
            if is_first:
                self._revision = ""

    def _watched(self) -> Iterator[Path]:
        yield from (self.store.tables / "runs").glob("*.parquet")
        yield from (self.store.path / "sweeps").glob("**/plan.json")
        yield from (self.store.path / "figures").glob("**/*.provenance.json")
