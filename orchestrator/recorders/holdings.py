"""What MLflow holds, to be compared with the notes of what was recorded: notes outlive a database. No MLflow here."""

import sqlite3
from collections.abc import Collection, Mapping
from typing import NamedTuple

from orchestrator.recorders.mlflow_database import active_runs, points_by_run
from orchestrator.recorders.target import MlflowTarget


class Holdings(NamedTuple):
    """The ids of the runs that are not deleted, and the number of points of each run; None if they were not counted."""

    runs: Collection[str] = ()
    points: Mapping[str, int] | None = None

    def holds(self, run_id: str, points: int = 0) -> bool:
        """Return whether a run is there with at least this many points."""
        return run_id in self.runs and not self.lacks(run_id, points)

    def lacks(self, run_id: str, points: int) -> bool:
        """Return whether a run, deleted or not, has fewer points, as after the return of an older database."""
        return self.points is not None and self.points.get(run_id, 0) < points


def holdings_of(target: MlflowTarget) -> Holdings | None:
    """Return what an SQLite file holds, nothing if it cannot be read; None for other databases and servers."""
    if target.file is None:
        return None
    try:
        return Holdings(active_runs(target.file), points_by_run(target.file))
    except sqlite3.Error:
        return Holdings()
