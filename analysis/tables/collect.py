"""Update the tables from the files of the trials; only changed trials are read again."""

from collections.abc import Set
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import ResultStoreError
from analysis.tables.schema import (
    SCHEMAS,
    TABLES,
    ShardStamp,
    is_of_source,
    read_shard,
    replace_shard,
    shard_path,
    source_of,
    stamp_of,
    table_of,
)
from analysis.tables.store import OTHER_STORE, ResultStore, signature
from analysis.tables.trial_rows import TrialRows, read_trial
from trainer.files import locked, matching

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


Stamps = tuple[ShardStamp | None, ...]
"""The stamps of the shards of all tables for the same trials."""


@dataclass
class SeenShards:
    """What a process that collects again and again remembers of the shards of `runs`: it reads only changed ones."""

    shards: dict[str, tuple[Stamps, dict[str, _Known]]] = field(default_factory=dict)

    def known(self, store: ResultStore) -> dict[str, _Known]:
        """Return the recorded signature of each trial, without the trials of shards that do not fit together."""
        names = [path.stem for path in matching(store.tables / "runs", "[0-9a-f][0-9a-f].parquet")]
        self.shards = {shard: self._current(store, shard) for shard in names}
        return {trial: known for _, trials in self.shards.values() for trial, known in trials.items()}

    def _current(self, store: ResultStore, shard: str) -> tuple[Stamps, dict[str, _Known]]:
        stamps = tuple(_stamp(shard_path(store.tables, name, shard)) for name in TABLES)
        if shard in self.shards and self.shards[shard][0] == stamps:
            return self.shards[shard]
        return stamps, _recorded(store, shard)


def _stamp(path: Path) -> ShardStamp | None:
    try:
        return stamp_of(path)
    except OSError:
        return None


def _recorded(store: ResultStore, shard: str) -> dict[str, _Known]:
    """Return the recorded signatures of a shard; none if a table is damaged, or of other files or another version."""
    try:
        runs = read_shard(store.tables, "runs", shard)
    except ResultStoreError:
        return {}
    beside = (shard_path(store.tables, name, shard) for name in TABLES if name != "runs")
    source = source_of(runs)
    if not all(is_of_source(path, source) for path in beside):
        return {}
    rows = runs.select(["trial", "signature", "skipped"]).to_pylist()
    return {row["trial"]: _Known(row["signature"], row["skipped"]) for row in rows}


def collect(store: ResultStore, seen: SeenShards | None = None) -> Collected:
    """Update STORE/tables. Safe to interrupt, to repeat, and to run concurrently: the second waits for the first."""
    try:
        store.tables.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError:  # such as in /proc
        raise ResultStoreError(f"{store.path}: can hold no folder; {OTHER_STORE}") from None
    with locked(store.tables / ".lock"):
        return _collect(store, (seen or SeenShards()).known(store))


def _collect(store: ResultStore, known: dict[str, _Known]) -> Collected:
    present, skipped, read = set(), store.unreadable_shards(), 0
    for shard, group in groupby(store.trials(), key=lambda trial: trial[:2]):
        trials = list(group)
        changed = [trial for trial in trials if _changed(store, trial, known)]
        fresh = {trial: read_trial(store.run(trial)) for trial in changed}
        if fresh:
            _update_shard(store, shard, list(fresh.values()), kept=known.keys() & set(trials) - fresh.keys())
        present.update(trials)
        read += len(fresh)
        skipped += [line for trial in trials for line in (fresh.get(trial) or known[trial]).skipped]
    gone = sorted(set(known) - present)
    for shard in sorted({trial[:2] for trial in gone}):
        _update_shard(store, shard, [], kept={trial for trial in present if trial[:2] == shard})
    return Collected(len(present), read, len(gone), skipped)


def _changed(store: ResultStore, trial: str, known: dict[str, _Known]) -> bool:
    return trial not in known or known[trial].signature != signature(store.run(trial))


def _update_shard(store: ResultStore, shard: str, fresh: list[TrialRows], kept: Set[str]) -> None:
    """Write the rows of the trials in `fresh`, and those that the tables have of `kept`; the table `runs` last."""
    rows_of = {
        "metrics": [row for rows in fresh for row in rows.metrics],
        "ticks": [row for rows in fresh for row in rows.ticks],
        "attempts": [row for rows in fresh for row in rows.attempts],
        "runs": [rows.run for rows in fresh if rows.run is not None],
    }
    parts = {name: [_rows_of(store, name, shard, kept), table_of(name, rows_of[name])] for name in TABLES}
    tables = {name: pa.concat_tables(both).sort_by(_order(name)) for name, both in parts.items()}
    source = source_of(tables["runs"])
    for name, table in tables.items():
        replace_shard(store.tables, name, shard, table, source)


def _rows_of(store: ResultStore, name: str, shard: str, trials: Set[str]) -> pa.Table:
    if not trials:
        return SCHEMAS[name].empty_table()
    rows = read_shard(store.tables, name, shard)
    return rows.filter(pc.is_in(rows["trial"], pa.array(sorted(trials), pa.string())))


def _order(name: str) -> list[tuple[str, str]]:
    return [(key, "ascending") for key in KEYS[name]]
