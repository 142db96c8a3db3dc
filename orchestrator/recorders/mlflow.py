"""Records a store in MLflow: one flat run per trial, updated from the trial's files.

One ingester per store runs at a time (see ingest.py). It can be killed and MLflow's database deleted: everything can be
rebuilt from the files. Steps count images; times are those of the rows, so that sending a row again changes nothing.
"""

import os

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("PGCONNECT_TIMEOUT", "5")  # MLflow tries ten times, within two and a half minutes

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from PIL import Image, UnidentifiedImageError
from PIL.Image import DecompressionBombError

from orchestrator.dispatch.poll import open_handles, reported_states
from orchestrator.errors import LeaseSuperseded
from orchestrator.recorders.batches import send_metrics, send_params, send_tags
from orchestrator.recorders.cursor import (
    Cursor,
    SeriesPoint,
    abandoned_trainings,
    cursor_path,
    is_stale,
    new_points,
    read_cursor,
    sample_names,
    signature,
    step_of,
    write_cursor,
)
from orchestrator.recorders.experiments import all_runs, experiment, find_runs, is_usable, store_id
from orchestrator.recorders.figures import EXPERIMENT as FIGURES
from orchestrator.recorders.figures import FigureIngester
from orchestrator.recorders.flat import flattened
from orchestrator.recorders.holdings import Holdings, holdings_of
from orchestrator.recorders.new_database import make_database
from orchestrator.recorders.report import error_line
from orchestrator.recorders.tags import Placed, own_states, placed_by_trial
from orchestrator.recorders.target import OWNER, MlflowTarget, require_listener
from orchestrator.recorders.timed_client import timed_client
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed, observe_run
from trainer.config.trial_file import raw_config
from trainer.record import RunDir, RunRecord, State, read_record

EXPERIMENT = "adasweep"
NAME_LENGTH = 250

STATUS: Mapping[State, str] = {
    State.PENDING: "SCHEDULED",
    State.RUNNING: "RUNNING",
    State.DONE: "FINISHED",
    State.FAILED: "FAILED",
    State.CANCELLED: "KILLED",
    State.PREEMPTED: "KILLED",
    State.LOST: "KILLED",
}
"""MLflow's status for each state."""

_SAMPLE = re.compile(r"^(?P<key>[A-Za-z]+)-(?P<kimg>\d+(?:\.\d+)?)\.png$")
_PICTURE = re.compile(r"^(?P<key>[A-Za-z]+)[%+]step[%+](?P<step>\d+)[%+](?!.*compressed).*\.png$")


class Ingester:
    """Records a store in one MLflow database or server."""

    def __init__(self, store: Store, target: MlflowTarget) -> None:
        self.store = store
        self.target = target
        require_listener(target.uri)
        if target.file:
            make_database(target.file)
        self.client = MlflowClient(tracking_uri=target.uri) if target.file else timed_client(target.uri)
        place = experiment(self.client, EXPERIMENT, target)
        self.experiment = place.id
        self.owner: dict[str, str] = {} if target.database else {OWNER: store_id(store)}
        self.figures = FigureIngester(store, self.client, target, self.owner)
        self.is_new = place.is_new
        self.has_asked = False

    def ingest(self, now: float, beat: Callable[[], None], *, from_scratch: bool = False) -> dict[str, str]:
        """Record what is new, calling `beat` between trials; return errors by trial or figures.

        An error of one trial does not affect the others. With `from_scratch`, each is deleted from MLflow and recorded
        again. Raises MLflow's exception if MLflow does not work at all.
        """
        places, trials = placed_by_trial(self.store), list(self.store.readable_ids())
        outages: list[str] = []
        jobs, known = reported_states(self.store, open_handles(self.store, trials), outages=outages), self._known()
        failed = {f"states of jobs, {number}": line for number, line in enumerate(outages, start=1)}
        for trial in trials:
            with self._isolated(f"trial {trial}", failed):
                if from_scratch:
                    self._forget(trial)
                self._ingest_trial(trial, places.get(trial, Placed()), jobs.get(trial), now, known)
            beat()
        self.is_new = False
        for sweep in self.figures.sweeps:
            with self._isolated(f"figures of {sweep}", failed):
                self.figures.ingest(sweep, known, from_scratch=from_scratch)
            beat()
        return failed

    @contextmanager
    def _isolated(self, name: str, failed: dict[str, str]) -> Iterator[None]:
        """Catch an error and note it in `failed`, unless MLflow fails for every request."""
        try:
            yield
        except LeaseSuperseded:
            raise
        except Exception as error:  # whatever MLflow, a database or a damaged file raises
            self.client.search_experiments(max_results=1)
            failed[name] = error_line(error)

    def _known(self) -> Holdings | None:
        """Return what MLflow holds. A server, or a database that is no file, is asked once; then None."""
        known = Holdings() if self.is_new else holdings_of(self.target)
        if known is None and not self.has_asked:
            known = Holdings(all_runs(self.client, (EXPERIMENT, FIGURES), self.owner))
        self.has_asked = True
        return known

    def _ingest_trial(self, trial: str, placed: Placed, job: State | None, now: float, known: Holdings | None) -> None:
        run, cursor = self.store.run(trial), read_cursor(self.target.cursors, trial)
        now_seen = signature(run, placed)
        if not is_stale(run, cursor, placed, known):
            return
        seen = observe_run(run, job, now)
        if not seen.attempts:
            return
        abandoned = abandoned_trainings(run)  # before the rows: a worker sets them aside, then records its own
        if abandoned != cursor.abandoned:
            self._forget(trial)
            cursor = Cursor()
        usable = bool(cursor.run_id) and is_usable(self.client, cursor.run_id) and not _has_lost(known, cursor)
        cursor = cursor if usable else self._opened_cursor(run, trial, placed.tags)
        points, cursor = new_points(run, cursor)
        cursor = _with_refused(cursor, self._send(cursor.run_id, points))
        cursor = self._with_tags(cursor, run, trial, placed, seen)
        cursor = self._with_samples(cursor, run)
        cursor = self._with_status(cursor, run, seen)
        write_cursor(self.target.cursors, trial, cursor.model_copy(update={"seen": now_seen, "abandoned": abandoned}))

    def _forget(self, trial: str) -> None:
        """Delete the records of a trial from this store: its cursor, and its runs, found by their tags."""
        runs = self.runs_of(trial)
        cursor_path(self.target.cursors, trial).unlink(missing_ok=True)
        for run_id in runs:
            self.client.delete_run(run_id)

    def runs_of(self, trial: str) -> list[str]:
        """Return the ids of the runs of a trial of this store.

        Runs of earlier versions have no tag of their store: they are found by the cursor.
        """
        found = find_runs(self.client, self.experiment, {"trial": trial} | self.owner)
        known = read_cursor(self.target.cursors, trial).run_id
        untagged = known and known in find_runs(self.client, self.experiment, {"trial": trial})
        return list(dict.fromkeys([*found, known] if untagged else found))

    def _opened_cursor(self, run: RunDir, trial: str, placed: Mapping[str, str]) -> Cursor:
        """Return a cursor for the run of a trial, an existing one or a new one.

        Parameters are sent in both cases: the process that created the run may have died before that.
        """
        config = raw_config(run.trial)
        found = self.runs_of(trial)
        run_id = found[0] if found else self._create_run(run, trial, placed)
        params = [Param(key, text) for key, text in flattened(config)]
        return Cursor(run_id=run_id, refused=_prefixed("parameter", send_params(self.client, run_id, params)))

    def _create_run(self, run: RunDir, trial: str, placed: Mapping[str, str]) -> str:
        name = f"{placed['cell']} #{placed['seed']}"[:NAME_LENGTH] if placed else trial
        first = read_record(run.record(1))
        started = round(first.started * 1000) if first else None
        tags = {"trial": trial} | self.owner
        return str(self.client.create_run(self.experiment, start_time=started, tags=tags, run_name=name).info.run_id)

    def _send(self, run_id: str, points: Sequence[SeriesPoint]) -> dict[str, str]:
        metrics = [Metric(point.key, point.value, point.milliseconds, point.step) for point in points]
        return _prefixed("metric", send_metrics(self.client, run_id, metrics))

    def _with_tags(self, cursor: Cursor, run: RunDir, trial: str, placed: Placed, seen: Observed) -> Cursor:
        record = read_record(run.record(run.attempts()[-1]))
        status = {"trial": trial, "state": seen.state.value, "attempts": str(seen.attempts)}
        status |= own_states(seen, placed.wanted)
        tags = {**placed.tags, **_record_tags(record), **status, **self.owner}
        changed = [RunTag(key, _text(value)) for key, value in tags.items() if cursor.tags.get(key) != value]
        refused = _prefixed("tag", send_tags(self.client, cursor.run_id, changed))
        self._delete_stale_tags(cursor, tags)
        return _with_refused(cursor.model_copy(update={"tags": tags}), refused)

    def _delete_stale_tags(self, cursor: Cursor, tags: Mapping[str, str]) -> None:
        """Delete tags that no longer hold, such as the message of an earlier attempt."""
        for key in cursor.tags.keys() - tags.keys():
            if f"tag {key}" not in cursor.refused:
                self.client.delete_tag(cursor.run_id, key)

    def _with_samples(self, cursor: Cursor, run: RunDir) -> Cursor:
        """Record new sample grids: as images if their name has a step, otherwise as files."""
        fresh = [name for name in sample_names(run) if name not in cursor.samples]
        sent = self._pictures(cursor.run_id) if fresh else set()
        refused: dict[str, str] = {}
        for name in fresh:
            try:
                self._send_sample(cursor.run_id, run.samples / name, sent)
            except (UnidentifiedImageError, DecompressionBombError, SyntaxError, ValueError) as error:
                refused[f"picture {name}"] = error_line(error)
        return _with_refused(cursor.model_copy(update={"samples": [*cursor.samples, *fresh]}), refused)

    def _send_sample(self, run_id: str, path: Path, sent: Container[tuple[str, int]]) -> None:
        match = _SAMPLE.match(path.name)
        if match is None:
            self.client.log_artifact(run_id, str(path), "samples")
        elif (place := (match["key"], step_of(float(match["kimg"])))) not in sent:
            self._send_picture(run_id, path, *place)

    def _pictures(self, run_id: str) -> set[tuple[str, int]]:
        """Return key and step of every image of a run. MLflow gives images random names, so they are not replaced."""
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


def _has_lost(known: Holdings | None, cursor: Cursor) -> bool:
    return known is not None and known.lacks(cursor.run_id, cursor.points)


def _record_tags(record: RunRecord | None) -> dict[str, str]:
    if record is None:
        return {}
    tags = {"host": record.host, "ops": record.ops, "code": record.code, "message": record.message}
    return {key: value for key, value in tags.items() if value}


def _prefixed(kind: str, refused: Mapping[str, str]) -> dict[str, str]:
    return {f"{kind} {name}": why for name, why in refused.items()}


def _with_refused(cursor: Cursor, refused: Mapping[str, str]) -> Cursor:
    return cursor.model_copy(update={"refused": {**cursor.refused, **refused}}) if refused else cursor


def _text(value: str) -> str:
    """Return a text that every database accepts: surrogates and NUL are escaped."""
    return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
