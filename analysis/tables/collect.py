"""Update the tables from the files of the trials; only changed trials are read again."""

from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import ResultStoreError
from analysis.tables.schema import TABLES, ShardStamp, read_shard, replace_shard, stamp_of, table_of
from analysis.tables.store import OTHER_STORE, ResultStore, signature
from analysis.tables.trial_rows import TrialRows, read_trial
from trainer.files import locked

KEYS = {
    "runs": ["trial"],
    "ticks": ["trial", "kimg"],
    "metrics": ["trial", "metric", "identity", "kimg"],
    "attempts": ["trial", "number"],
}
"""The sort keys of each table."""


class Collected(NamedTuple):
    """The outcome of a collection: trials in the store, trials read again, trials removed, and what was skipped."""

    trials: int
    read: int
    removed: int
    skipped: list[str]


class _Known(NamedTuple):
    signature: str
    skipped: list[str]


@dataclass
class SeenShards:
    """What a process that collects again and again remembers of the shards of `runs`: it reads only changed ones."""

    shards: dict[Path, tuple[ShardStamp, dict[str, _Known]]] = field(default_factory=dict)

    def known(self, store: ResultStore) -> dict[str, _Known]:
        """Return the recorded signature of each trial; shards of another schema version are ignored."""
        paths = sorted(path for path in (store.tables / "runs").glob("[0-9a-f][0-9a-f].parquet") if path.exists())
        self.shards = {path: self._current(store, path) for path in paths}
        return {trial: known for _, trials in self.shards.values() for trial, known in trials.items()}

    def _current(self, store: ResultStore, path: Path) -> tuple[ShardStamp, dict[str, _Known]]:
        stamp = stamp_of(path)
        if path in self.shards and self.shards[path][0] == stamp:
            return self.shards[path]
        table = read_shard(store.tables, "runs", path.stem).select(["trial", "signature", "skipped"])
        return stamp, {row["trial"]: _Known(row["signature"], row["skipped"]) for row in table.to_pylist()}


def collect(store: ResultStore, seen: SeenShards | None = None) -> Collected:
    """Update STORE/tables. Safe to interrupt, to repeat, and to run concurrently: the second waits for the first."""
    try:
        store.tables.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError:  # such as in /proc
        raise ResultStoreError(f"{store.path}: can hold no folder; {OTHER_STORE}") from None
    with locked(store.tables / ".lock"):
        return _collect(store, (seen or SeenShards()).known(store))


def _collect(store: ResultStore, known: dict[str, _Known]) -> Collected:
    present, skipped, read = set(), [], 0
    for shard, group in groupby(store.trials(), key=lambda trial: trial[:2]):
        trials = list(group)
        changed = [trial for trial in trials if _changed(store, trial, known)]
        fresh = {trial: read_trial(store.run(trial)) for trial in changed}
        if fresh:
            _update_shard(store, shard, list(fresh.values()), gone=[])
        present.update(trials)
        read += len(fresh)
        skipped += [line for trial in trials for line in (fresh.get(trial) or known[trial]).skipped]
    gone = sorted(set(known) - present)
    for shard, removed in groupby(gone, key=lambda trial: trial[:2]):
        _update_shard(store, shard, [], gone=list(removed))
    return Collected(len(present), read, len(gone), skipped)


def _changed(store: ResultStore, trial: str, known: dict[str, _Known]) -> bool:
    return trial not in known or known[trial].signature != signature(store.run(trial))


def _update_shard(store: ResultStore, shard: str, fresh: list[TrialRows], gone: list[str]) -> None:
    """Replace the rows of the trials in `fresh` and drop those of `gone`; the table `runs` is written last."""
    out = pa.array([rows.trial for rows in fresh] + gone, pa.string())
    rows_of = {
        "metrics": [row for rows in fresh for row in rows.metrics],
        "ticks": [row for rows in fresh for row in rows.ticks],
        "attempts": [row for rows in fresh for row in rows.attempts],
        "runs": [rows.run for rows in fresh if rows.run is not None],
    }
    for name in TABLES:
        old = read_shard(store.tables, name, shard)
        kept = old.filter(pc.invert(pc.is_in(old["trial"], out)))
        table = pa.concat_tables([kept, table_of(name, rows_of[name])])
        replace_shard(store.tables, name, shard, table.sort_by(_order(name)))


def _order(name: str) -> list[tuple[str, str]]:
    return [(key, "ascending") for key in KEYS[name]]
