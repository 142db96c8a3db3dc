"""Records a store in MLflow: one flat run per trial, brought up to date from the trial's files.

One ingester per store works at a time (see ingest.py). It can be killed, and MLflow's database thrown away: all is
rebuilt from the files. Steps are images shown; times are the rows' own, so that sending a row again changes nothing.
"""

import os

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from PIL import Image

from orchestrator.dispatch.poll import open_handles, reported
from orchestrator.recorders.cursor import (
    ENDED,
    Cursor,
    MlflowTarget,
    Point,
    fresh_points,
    read_cursor,
    sample_names,
    signature,
    step_of,
    write_cursor,
)
from orchestrator.recorders.experiments import experiment, find_runs, store_id
from orchestrator.recorders.figures import Gallery
from orchestrator.recorders.flat import flattened
from orchestrator.recorders.tags import tags_by_trial
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed, observe_run
from trainer.record import RunDir, RunRecord, State, read_record

EXPERIMENT = "adasweep"
BATCH = 900
PARAMS_BATCH = 90

STATUS: Mapping[State, str] = {
    State.PENDING: "SCHEDULED",
    State.RUNNING: "RUNNING",
    State.DONE: "FINISHED",
    State.FAILED: "FAILED",
    State.CANCELLED: "KILLED",
    State.PREEMPTED: "KILLED",
    State.LOST: "KILLED",
}
"""MLflow's word for each state. What was interrupted or lost is not running, and says so."""

_SAMPLE = re.compile(r"^(?P<key>[A-Za-z]+)-(?P<kimg>\d+(?:\.\d+)?)\.png$")
_PICTURE = re.compile(r"^(?P<key>[A-Za-z]+)[%+]step[%+](?P<step>\d+)[%+](?!.*compressed).*\.png$")
_T = TypeVar("_T")


class Ingester:
    """Brings one MLflow store up to date with one store of trials."""

    def __init__(self, store: Store, target: MlflowTarget) -> None:
        self.store = store
        self.target = target
        self.client = MlflowClient(tracking_uri=target.uri)
        self.experiment = experiment(self.client, EXPERIMENT, target)
        self.owner = {} if target.is_own else {"store": store_id(store)}
        self.gallery = Gallery(store, self.client, target, self.owner)

    def ingest(self, now: float, beat: Callable[[], None]) -> int:
        """Record whatever is new, calling `beat` between trials, and return how many trials had news."""
        tags, trials, news = tags_by_trial(self.store), list(self.store.ids()), 0
        jobs = reported(self.store, open_handles(self.store, trials))
        for trial in trials:
            news += self._ingest_trial(trial, tags.get(trial, {}), jobs.get(trial), now)
            beat()
        self.gallery.ingest()
        return news

    def _ingest_trial(self, trial: str, placed: Mapping[str, str], job: State | None, now: float) -> bool:
        run, cursor = self.store.run(trial), read_cursor(self.target.cursors, trial)
        now_seen = signature(run, placed)
        if cursor.seen == now_seen and cursor.status in ENDED:
            return False
        seen = observe_run(run, job, now)
        if not seen.attempts:
            return False
        cursor = cursor if cursor.run_id else self._opened(run, trial, placed)
        points, cursor = fresh_points(run, cursor)
        self._send(cursor.run_id, points)
        cursor = self._tagged(cursor, run, trial, placed, seen)
        cursor = self._illustrated(cursor, run)
        cursor = self._with_status(cursor, run, seen)
        write_cursor(self.target.cursors, trial, cursor.model_copy(update={"seen": now_seen}))
        return True

    def runs_of(self, trial: str) -> list[str]:
        """Return the ids of the runs that stand for a trial of this store."""
        return find_runs(self.client, self.experiment, {"trial": trial} | self.owner)

    def _opened(self, run: RunDir, trial: str, placed: Mapping[str, str]) -> Cursor:
        """Return a cursor for the run that stands for a trial: the one there is, or a new one.

        Its parameters are sent in either case: whoever began the run may have died before that.
        """
        found = self.runs_of(trial)
        run_id = found[0] if found else self._created(run, trial, placed)
        config = json.loads(run.trial.read_text(encoding="utf-8"))["config"]
        for part in _batches([Param(key, text) for key, text in flattened(config)], PARAMS_BATCH):
            self.client.log_batch(run_id, params=part)
        return Cursor(run_id=run_id)

    def _created(self, run: RunDir, trial: str, placed: Mapping[str, str]) -> str:
        name = f"{placed.get('cell', trial)} #{placed.get('seed', '')}" if placed else trial
        first = read_record(run.record(1))
        started = round(first.started * 1000) if first else None
        tags = {"trial": trial} | self.owner
        return str(self.client.create_run(self.experiment, start_time=started, tags=tags, run_name=name).info.run_id)

    def _send(self, run_id: str, points: Sequence[Point]) -> None:
        metrics = [Metric(point.key, point.value, point.milliseconds, point.step) for point in points]
        for part in _batches(metrics, BATCH):
            self.client.log_batch(run_id, metrics=part)

    def _tagged(self, cursor: Cursor, run: RunDir, trial: str, placed: Mapping[str, str], seen: Observed) -> Cursor:
        record = read_record(run.record(run.attempts()[-1]))
        tags = {**placed, **_told(record), "trial": trial, "state": seen.state.value, "attempts": str(seen.attempts)}
        changed = [RunTag(key, value) for key, value in tags.items() if cursor.tags.get(key) != value]
        if changed:
            self.client.log_batch(cursor.run_id, tags=changed)
        return cursor.model_copy(update={"tags": tags})

    def _illustrated(self, cursor: Cursor, run: RunDir) -> Cursor:
        """Record the sample grids that are new: those with a step as images of it, others as files."""
        fresh = [name for name in sample_names(run) if name not in cursor.samples]
        sent = self._pictures(cursor.run_id) if fresh else set()
        for name in fresh:
            match = _SAMPLE.match(name)
            if match is None:
                self.client.log_artifact(cursor.run_id, str(run.samples / name), "samples")
            elif (match["key"], step_of(float(match["kimg"]))) not in sent:
                self._send_picture(cursor.run_id, run.samples / name, match["key"], step_of(float(match["kimg"])))
        return cursor.model_copy(update={"samples": [*cursor.samples, *fresh]})

    def _pictures(self, run_id: str) -> set[tuple[str, int]]:
        """Return key and step of every picture that a run has: each gets a random name, so none is replaced."""
        matches = (_PICTURE.match(Path(item.path).name) for item in self.client.list_artifacts(run_id, "images"))
        return {(match["key"], int(match["step"])) for match in matches if match}

    def _send_picture(self, run_id: str, path: Path, key: str, step: int) -> None:
        with Image.open(path) as image:
            milliseconds = round(path.stat().st_mtime * 1000)
            self.client.log_image(run_id, image, key=key, step=step, timestamp=milliseconds, synchronous=True)

    def _with_status(self, cursor: Cursor, run: RunDir, seen: Observed) -> Cursor:
        status = STATUS[seen.state]
        if status == cursor.status:
            return cursor
        if status in ("RUNNING", "SCHEDULED"):
            self.client.update_run(cursor.run_id, status=status)
        else:
            record = read_record(run.record(run.attempts()[-1]))
            ended = round(record.updated * 1000) if record else None
            self.client.set_terminated(cursor.run_id, status=status, end_time=ended)
        return cursor.model_copy(update={"status": status})


def _told(record: RunRecord | None) -> dict[str, str]:
    if record is None:
        return {}
    told = {"host": record.host, "ops": record.ops, "code": record.code, "message": record.message}
    return {key: value for key, value in told.items() if value}


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
