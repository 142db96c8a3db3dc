"""The same runs and scores in an MLflow database, and how long MLflow's client takes to read them.

The database is filled by bulk SQL (log_batch would take minutes, and is not measured). Only a sample of the histories
is read, each by `get_metric_history`; the time is scaled to all runs, and reported as scaled.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from analysis.tables.jsonl_rows import lines
from analysis.tables.plan_file import read_plan
from analysis.tables.store import ResultStore

MILLISECONDS = 1_700_000_000_000


class Read(NamedTuple):
    """Seconds of search_runs over all runs, and of get_metric_history over `sample` runs of them."""

    runs: int
    search: float
    sample: int
    histories: float
    points: int

    @property
    def scaled(self) -> float:
        """Return the seconds of both for all runs, extrapolated from the sample."""
        return self.search + self.histories / self.sample * self.runs


def fill(store: ResultStore, path: Path, metric: str) -> str:
    """Write the runs of sweep `bench` and their scores; return the tracking URI."""
    uri = f"sqlite:///{path}"
    database = SqlAlchemyStore(uri, f"file://{path.parent}/artifacts")
    with database.ManagedSessionMaker() as session:
        for number, planned in enumerate(read_plan(store, "bench").cells):
            rows = [row for row in lines(store.run(planned.trial).metrics, []) if row["metric"] == metric]
            session.bulk_insert_mappings(SqlRun, [_run(planned.trial, number)])
            params = [_param(planned.trial, key, value) for key, value in planned.settings.items()]
            session.bulk_insert_mappings(SqlParam, params)
            points = list(_points(planned.trial, metric, rows))
            session.bulk_insert_mappings(SqlMetric, points)
            session.bulk_insert_mappings(SqlLatestMetric, points[-1:])
    return uri


def read(uri: str, metric: str, sample: int) -> Read:
    """Read runs and histories through MLflow's client."""
    mlflow.set_tracking_uri(uri)
    started = time.perf_counter()
    frame = mlflow.search_runs(experiment_ids=["0"], max_results=100_000)
    searched = time.perf_counter()
    client = mlflow.MlflowClient()
    chosen = list(frame["run_id"])[:: max(len(frame) // sample, 1)][:sample]
    points = sum(len(client.get_metric_history(run, metric)) for run in chosen)
    return Read(len(frame), searched - started, len(chosen), time.perf_counter() - searched, points)


def _run(trial: str, number: int) -> dict[str, Any]:
    times = {"start_time": MILLISECONDS + number, "end_time": MILLISECONDS + number + 1, "status": "FINISHED"}
    about = {"run_uuid": trial, "name": trial, "experiment_id": 0, "lifecycle_stage": "active", "user_id": "bench"}
    return {**times, **about, "artifact_uri": f"/tmp/{trial}", "source_type": "LOCAL"}


def _param(trial: str, key: str, value: Any) -> dict[str, Any]:
    return {"run_uuid": trial, "key": key, "value": str(value)}


def _points(trial: str, metric: str, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        moment = {"timestamp": int(row["time"] * 1000), "step": int(row["kimg"] * 1000)}
        yield {"run_uuid": trial, "key": metric, "value": row["value"], "is_nan": False, **moment}
