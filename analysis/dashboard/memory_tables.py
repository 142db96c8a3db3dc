"""The tables of a store held in memory: of each, only the shards that have changed are read again."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.dashboard.tables_at_once import Shards, read_whole, write_whole
from analysis.results.load import METRIC_COLUMNS
from analysis.tables.schema import REPEATED, SCHEMAS, is_current, read_table, stamp_of, told_if_damaged
from analysis.tables.store import ResultStore
from trainer.files import matching

KEPT: dict[str, tuple[str, ...]] = {
    "runs": tuple(SCHEMAS["runs"].names),
    "metrics": METRIC_COLUMNS,
    "ticks": ("trial", "attempt", "kimg", "p", "r_t", "seconds_per_kimg", "energy_joules"),
    "attempts": tuple(SCHEMAS["attempts"].names),
}
"""The columns that are held; others are read from the files whenever they are asked for."""
READERS = 4
MANY_SHARDS = 16
"""When more had to be read, the whole is written for the next start."""


@dataclass
class _Held:
    """A table as it was when its shards had these stamps."""

    shards: Shards
    whole: pa.Table | None = None


@dataclass
class MemoryTables:
    """A source of rows for `analysis.results`."""

    store: ResultStore
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _tables: dict[str, _Held] = field(default_factory=dict)

    def rows(self, table: str, columns: Sequence[str], trials: Sequence[str]) -> pa.Table:
        """Return `columns` of the rows of `trials`. Raises ResultStoreError as `read_table` does."""
        if not set(columns) <= set(KEPT[table]):
            return read_table(self.store.tables, table, columns, trials)
        with self._lock:
            whole = self._current(table)
        if whole is None:
            return read_table(self.store.tables, table, columns, trials)
        return whole.select(list(columns)).filter(pc.is_in(whole["trial"], pa.array(trials, pa.string())))

    def _current(self, table: str) -> pa.Table | None:
        """Return the whole table as it is now; None where there is none, or one of another version."""
        held = self._tables.get(table) or _Held(read_whole(self.store.tables, table, KEPT[table]))
        self._tables[table] = held
        stamps = {path: stamp_of(path) for path in matching(self.store.tables / table, "[0-9a-f][0-9a-f].parquet")}
        if held.whole is None or stamps != {path: stamp for path, (stamp, _) in held.shards.items()}:
            held.whole = None
            known = {path: shard for path, shard in held.shards.items() if stamps.get(path) == shard[0]}
            new = [path for path in stamps if path not in known]
            with ThreadPoolExecutor(READERS) as pool:
                read = dict(zip(new, pool.map(lambda path: _read(path, table), new), strict=True))
            held.shards = {path: known.get(path) or (stamp, read[path]) for path, stamp in stamps.items()}
            parts = [part for _, part in held.shards.values()]
            if parts and all(is_current(part.schema) for part in parts):
                held.whole = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
                if len(new) > MANY_SHARDS:
                    write_whole(self.store.tables, table, held.shards, held.whole)
        return held.whole


def _read(path: Path, table: str) -> pa.Table:
    with told_if_damaged(path):
        file = pq.ParquetFile(path, read_dictionary=[column for column in KEPT[table] if column in REPEATED])
        if not is_current(file.schema_arrow):
            return file.schema_arrow.empty_table()
        return file.read(list(KEPT[table]))
