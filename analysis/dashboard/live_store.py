"""A store that is looked at while it grows: its tables are brought up to date, what is made of them is made once."""

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from analysis.dashboard.made_once import MadeOnce
from analysis.dashboard.memory_tables import MemoryTables
from analysis.dashboard.prices import Prices
from analysis.errors import AnalysisError, ResultStoreError
from analysis.results.load import Curves, Runs, load_from
from analysis.tables.collect import SeenShards, collect
from analysis.tables.store import ResultStore
from trainer.errors import UserError
from trainer.files import matching

Made = TypeVar("Made")

LEAST_SECONDS = 1.0
SHARE_OF_TIME = 0.1
"""Most of the time that collecting may take: a store of many trials is looked through less often,"""
MOST_SECONDS = 5.0
"""but at least so often."""
WATCHED_SECONDS = 60.0
"""While nobody has asked for so long, nothing is collected."""
PAST = 3
NO_PRICES = Prices()


class LiveStore:
    """A store, its tables at most a moment old. Any number of threads may ask.

    By itself, it collects when it is asked. While `following`, a thread collects and makes anew what was asked for
    lately; until that is done, answers are those of before, and nobody waits.
    """

    def __init__(
        self, store: ResultStore, clock: Callable[[], float] = time.monotonic, prices: Prices = NO_PRICES
    ) -> None:
        self.store = store
        self.prices = prices
        self.tables = MemoryTables(store)
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = SeenShards()
        self._next = self._asked = float("-inf")
        self._skipped: list[str] = []
        self._now = MadeOnce("")
        self._past: deque[MadeOnce] = deque(maxlen=PAST)
        self._inside: ContextVar[MadeOnce | None] = ContextVar("inside", default=None)
        self._is_followed = False

    def refresh(self) -> str:
        """Return the revision of what is to be seen; unless `following`, collect what has changed."""
        self._asked = self._clock()
        if not self._is_followed:
            with self._lock:
                self._collect()
        return self._now.revision

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
        return self.once(("sweep", name, metric or ""), lambda: load_from(self.tables, self.store, name, score=metric))

    def once(self, key: tuple[str, ...], make: Callable[[], Made]) -> Made:
        """Return what `make` makes, made once per revision. What it asks for itself is of the same revision."""
        with self._one_revision() as made:
            return made.get(key, make)

    @contextmanager
    def one_revision(self) -> Iterator[str]:
        """Give a revision of which everything is that is asked for inside."""
        with self._one_revision() as made:
            yield made.revision

    def past(self, revision: str, key: tuple[str, ...]) -> object | None:
        """Return what was made for `key` in one of the last revisions, None if that is forgotten."""
        return next((made.kept(key) for made in self._past if made.revision == revision), None)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Collect in a thread while the block runs."""
        ended = threading.Event()
        thread = threading.Thread(target=self._follow, args=(ended,), daemon=True)
        self._is_followed = True
        with self._lock:
            if matching(self.store.tables / "runs", "*.parquet"):
                self._renew()
            else:
                self._collect()
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self._is_followed = False

    def _follow(self, ended: threading.Event) -> None:
        while not ended.wait(LEAST_SECONDS):
            if self._clock() - self._asked < WATCHED_SECONDS:
                with self._lock:
                    self._collect()

    def _collect(self) -> None:
        began = self._clock()
        if began >= self._next:
            self._skipped = collect(self.store, self._seen).skipped
            took = self._clock() - began
            self._next = began + took + min(max(LEAST_SECONDS, took / SHARE_OF_TIME), MOST_SECONDS)
        self._renew()

    def _renew(self) -> None:
        """Begin a new revision if there is one, with what was asked for lately made anew."""
        revision = self._revision()
        if revision == self._now.revision:
            return
        fresh = MadeOnce(revision)
        if self._is_followed:
            with self._within(fresh):
                for key, make in self._now.latest():
                    with suppress(AnalysisError, UserError):
                        fresh.get(key, make)
        self._past.appendleft(self._now)
        self._now.forget_all_but("view", "curves")
        self._now = fresh

    @contextmanager
    def _one_revision(self) -> Iterator[MadeOnce]:
        if made := self._inside.get():
            yield made
            return
        self.refresh()
        with self._within(self._now) as made:
            yield made

    @contextmanager
    def _within(self, made: MadeOnce) -> Iterator[MadeOnce]:
        before = self._inside.set(made)
        try:
            yield made
        finally:
            self._inside.reset(before)

    def _revision(self) -> str:
        """Return 16 hexadecimal digits that change whenever tables, plans or figures do."""
        seen = hashlib.sha256()
        for path in sorted(map(str, self._watched())):
            with suppress(OSError):
                status = os.stat(path)
                seen.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        return seen.hexdigest()[:16]

    def _watched(self) -> Iterator[Path]:
        yield from matching(self.store.tables / "runs", "*.parquet")
        yield from matching(self.store.path / "sweeps", "**/plan.json")
        yield from matching(self.store.path / "figures", "**/*.provenance.json")
        yield from matching(self.store.path / "figures", "**/")
