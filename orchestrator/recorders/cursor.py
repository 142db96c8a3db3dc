"""How far a trial has been recorded, and what is new in its files since. Values only, no MLflow."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from orchestrator.recorders.tags import tags_by_trial
from orchestrator.store.layout import Store
from trainer.config.spec import Settings
from trainer.files import replace_file
from trainer.record import RunDir

ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})
"""MLflow's words for a run that does not go on by itself."""

NOT_METRICS = frozenset({"attempt", "kimg", "time", "stats"})


class Cursor(Settings):
    """How far a trial has been recorded. `steps` holds the steps sent so far for every series; `seen` is a signature.

    Offsets count the bytes of whole lines. Of rows that repeat a step (a resumed run goes over some ground again) the
    first is recorded: what is recorded never changes, and recording twice gives the same.
    """

    run_id: str = ""
    ticks_offset: int = 0
    metrics_offset: int = 0
    steps: dict[str, list[int]] = {}
    samples: list[str] = []
    tags: dict[str, str] = {}
    status: str = ""
    seen: str = ""


class Point(NamedTuple):
    """One value of one series. `step` counts images, `milliseconds` since 1970 come from the row itself."""

    key: str
    value: float
    step: int
    milliseconds: int


@dataclass(frozen=True)
class MlflowTarget:
    """Where to record: MLflow's database or server, where artifacts go, and where the cursors for it are kept."""

    uri: str
    artifacts: str
    cursors: Path

    @property
    def is_own(self) -> bool:
        """Return whether no other store records there: the store's own SQLite file."""
        return self.uri.startswith("sqlite:")


def default_target(store: Store) -> MlflowTarget:
    """Return the store's own SQLite file, or the server that MLFLOW_TRACKING_URI names."""
    root = store.root.resolve()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"
    return MlflowTarget(
        uri, (root / "mlartifacts").as_uri(), root / "mlflow" / hashlib.sha256(uri.encode()).hexdigest()[:8]
    )


def is_behind(store: Store, target: MlflowTarget, trials: Iterable[str]) -> bool:
    """Return whether anything of `trials` is not recorded yet, or not known to be."""
    tags = tags_by_trial(store)
    return any(_is_stale(store.run(trial), read_cursor(target.cursors, trial), tags.get(trial, {})) for trial in trials)


def _is_stale(run: RunDir, cursor: Cursor, tags: Mapping[str, str]) -> bool:
    return cursor.status not in ENDED or cursor.seen != signature(run, tags)


def step_of(kimg: float) -> int:
    """Return the step of an image counter: whole images."""
    return round(kimg * 1000)


def fresh_points(run: RunDir, cursor: Cursor) -> tuple[list[Point], Cursor]:
    """Return the points not recorded yet, and the cursor after them."""
    sent = {key: set(steps) for key, steps in cursor.steps.items()}
    ticks, ticks_offset = _rows_from(run.ticks, cursor.ticks_offset)
    rows, metrics_offset = _rows_from(run.metrics, cursor.metrics_offset)
    points = []
    for point in (*_of_ticks(ticks), *_of_metrics(rows)):
        if point.step not in sent.setdefault(point.key, set()):
            sent[point.key].add(point.step)
            points.append(point)
    steps = {key: sorted(steps) for key, steps in sent.items()}
    offsets = {"ticks_offset": ticks_offset, "metrics_offset": metrics_offset}
    return points, cursor.model_copy(update={"steps": steps, **offsets})


def signature(run: RunDir, tags: Mapping[str, str]) -> str:
    """Return a text that changes when something of a trial is to be recorded."""
    attempts = run.attempts()
    record = run.record(attempts[-1]) if attempts else run.trial
    sizes = [path.stat().st_size if path.exists() else 0 for path in (run.ticks, run.metrics)]
    beat = record.stat().st_mtime_ns if record.exists() else 0
    return json.dumps([sizes, beat, len(sample_names(run)), sorted(tags.items())])


def sample_names(run: RunDir) -> list[str]:
    """Return the names of the sample grids of a trial, oldest first."""
    return sorted(path.name for path in run.samples.glob("*.png") if not path.name.startswith("."))


def cursor_path(folder: Path, trial: str) -> Path:
    """Return the file that holds the cursor of a trial."""
    return folder / f"{trial}.json"


def read_cursor(folder: Path, trial: str) -> Cursor:
    """Return the cursor of a trial, a new one where there is none."""
    try:
        return Cursor.model_validate_json(cursor_path(folder, trial).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return Cursor()


def write_cursor(folder: Path, trial: str, cursor: Cursor) -> None:
    """Write the cursor of a trial so that it survives a crash."""
    replace_file(cursor_path(folder, trial), cursor.model_dump_json())


def _rows_from(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of a .jsonl file from a byte offset on, and the offset behind the last whole line."""
    if not path.exists():
        return [], offset
    with path.open("rb") as file:
        file.seek(offset)
        text = file.read()
    whole = text[: text.rfind(b"\n") + 1]
    return [row for line in whole.splitlines() if (row := _parsed(line)) is not None], offset + len(whole)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and {"kimg", "time"} <= row.keys() else None


def _of_ticks(rows: list[dict[str, Any]]) -> Iterator[Point]:
    for row in rows:
        values = {key: value for key, value in row.items() if key not in NOT_METRICS} | row.get("stats", {})
        yield from (_point(row, key, value) for key, value in values.items() if _is_number(value))


def _of_metrics(rows: list[dict[str, Any]]) -> Iterator[Point]:
    for row in rows:
        if "metric" in row and _is_number(row.get("value")):
            yield _point(row, row["metric"], row["value"])


def _point(row: Mapping[str, Any], key: str, value: float) -> Point:
    return Point(key, float(value), step_of(row["kimg"]), round(row["time"] * 1000))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
