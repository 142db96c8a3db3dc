"""Sources of rows: the collected tables, or the files of the trials."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from analysis.tables.schema import Row, read_table, table_of
from analysis.tables.store import ResultStore
from analysis.tables.trial_rows import TrialRows, read_trial


class RowSource(Protocol):
    """A source of table rows."""

    def rows(self, table: str, columns: Sequence[str], trials: Sequence[str]) -> pa.Table: ...


@dataclass(frozen=True)
class CollectedTables:
    """The Parquet tables of a store: fast, but only as current as the last collection."""

    store: ResultStore

    def rows(self, table: str, columns: Sequence[str], trials: Sequence[str]) -> pa.Table:
        return read_table(self.store.tables, table, columns, trials)


@dataclass(frozen=True)
class TrialFiles:
    """The files of the trials: slow, but always current."""

    store: ResultStore
    read: dict[str, TrialRows] = field(default_factory=dict)

    def _trial(self, trial: str) -> TrialRows:
        if trial not in self.read:
            self.read[trial] = read_trial(self.store.run(trial))
        return self.read[trial]

    def rows(self, table: str, columns: Sequence[str], trials: Sequence[str]) -> pa.Table:
        rows: list[Row] = []
        for found in map(self._trial, trials):
            parts = {"runs": [found.run] if found.run else [], "metrics": found.metrics, "ticks": found.ticks}
            parts["attempts"] = found.attempts
            rows += parts[table]
        return table_of(table, rows).select(list(columns))
