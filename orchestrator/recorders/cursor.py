"""Tracks how far trials have been recorded, and finds new rows. Does not import MLflow."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.recorders.holdings import Holdings, holdings_of
from orchestrator.recorders.tags import Placed, placed_by_trial
from orchestrator.recorders.target import MlflowTarget
from orchestrator.store.layout import Store
from trainer.config.spec import Settings
from trainer.config.stored import read_document, rows_of
from trainer.files import matching, read_regular, replace_file
from trainer.record import RunDir
from trainer.recording.requests import request_files

ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})
"""MLflow's statuses of ended runs."""

NOT_METRICS = frozenset({"attempt", "kimg", "time", "stats"})


class Cursor(Settings):
    """How far a trial has been recorded.

    `steps` has the steps sent so far per series; `seen` is a signature; `refused` has MLflow's reasons by name;
    `abandoned` are the trainings that had been set aside: after another, nothing that was sent counts any more.

    Offsets count the bytes of complete lines. If rows repeat a step (after a resume), the first one is recorded, so
    that recording is idempotent.
    """

    run_id: str = ""
    ticks_offset: int = 0
    metrics_offset: int = 0
    steps: dict[str, list[int]] = {}
    samples: list[str] = []
    abandoned: list[str] = []
    tags: dict[str, str] = {}
    refused: dict[str, str] = {}
    status: str = ""
    seen: str = ""

    @property
    def points(self) -> int:
        """The least number of points that MLflow must hold: of a series with refused points, it may hold none."""
        return sum(len(steps) for key, steps in self.steps.items() if f"metric {key}" not in self.refused)


class SeriesPoint(NamedTuple):
    """One value of one series. `step` counts images; `milliseconds` since 1970 are from the row."""

    key: str
    value: float
    step: int
    milliseconds: int


def is_behind(store: Store, target: MlflowTarget, trials: Iterable[str]) -> bool:
    """Return whether anything of `trials` is not known to be recorded."""
    return bool(behind(store, target, trials))


def behind(store: Store, target: MlflowTarget, trials: Iterable[str]) -> list[str]:
    """Return the `trials` of which something is not known to be recorded, without importing MLflow."""
    places = placed_by_trial(store)
    found = {trial: read_cursor(target.cursors, trial) for trial in trials}
    known = holdings_of(target)  # after the notes, which are written after what they are about
    return [
        trial
        for trial, cursor in found.items()
        if is_stale(store.run(trial), cursor, places.get(trial, Placed()), known)
    ]


def refusals(target: MlflowTarget, trials: Iterable[str]) -> list[str]:
    """Return a line for each trial of which MLflow refuses something: the number of items, and one of the reasons."""
    refused = {trial: read_cursor(target.cursors, trial).refused for trial in trials}
    return [
        f"trial {trial}: {len(why)} skipped, refused by MLflow: {next(iter(why))}: {why[next(iter(why))]}"
        for trial, why in refused.items()
        if why
    ]


def is_stale(run: RunDir, cursor: Cursor, placed: Placed, known: Holdings | None) -> bool:
    """Return whether a trial may have changed since it was recorded last, or `known` lacks what was recorded."""
    is_lost = known is not None and not known.holds(cursor.run_id, cursor.points)
    return is_lost or cursor.status not in ENDED or cursor.seen != signature(run, placed)


def step_of(kimg: float) -> int:
    """Return the step of an image counter: whole images."""
    return round(kimg * 1000)


def abandoned_trainings(run: RunDir) -> list[str]:
    """Return the names of the trainings of a trial that were set aside, or are being."""
    return [training.path.name.partition(".t")[0] for training in run.abandoned()]


def new_points(run: RunDir, cursor: Cursor) -> tuple[list[SeriesPoint], Cursor]:
    """Return the points not yet recorded, and the cursor after them."""
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


def signature(run: RunDir, placed: Placed) -> str:
    """Return a text that changes whenever there is something to record."""
    attempts = run.attempts()
    record = run.record(attempts[-1]) if attempts else run.trial
    sizes = [path.stat().st_size if os.path.exists(path) else 0 for path in (run.ticks, run.metrics)]
    beat = record.stat().st_mtime_ns if os.path.exists(record) else 0
    wanted = [[want.sweep, want.horizon_kimg, *want.metrics] for want in placed.wanted]
    marks = [path.stat().st_mtime_ns for path in request_files(run) if os.path.exists(path)]
    there = [sizes, beat, len(sample_names(run)), sorted(placed.tags.items()), wanted, marks]
    return json.dumps([*there, *abandoned_trainings(run)])


def sample_names(run: RunDir) -> list[str]:
    """Return the names of the sample grids of a trial, oldest first."""
    return sorted(path.name for path in matching(run.samples, "*.png") if not path.name.startswith("."))


def cursor_path(folder: Path, trial: str) -> Path:
    """Return the file of a trial's cursor."""
    return folder / f"{trial}.json"


def read_cursor(folder: Path, trial: str) -> Cursor:
    """Return the cursor of a trial, or a new one."""
    return read_document(cursor_path(folder, trial), Cursor) or Cursor()


def write_cursor(folder: Path, trial: str, cursor: Cursor) -> None:
    """Write the cursor of a trial so that it survives a crash."""
    replace_file(cursor_path(folder, trial), cursor.model_dump_json())


def _rows_from(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of a .jsonl file from a byte offset on, and the offset after the last complete line."""
    try:
        text = read_regular(path)[offset:]
    except OSError:
        return [], offset
    whole = text[: text.rfind(b"\n") + 1]
    return [row for row in rows_of(whole, path, []) if _has_place(row)], offset + len(whole)


def _has_place(row: Mapping[str, Any]) -> bool:
    """Return whether the row's step and time fit MLflow's 63-bit integers."""
    return all(_is_number(row.get(key)) and 0 <= row[key] * 1000 < 2**63 for key in ("kimg", "time"))


def _of_ticks(rows: list[dict[str, Any]]) -> Iterator[SeriesPoint]:
    for row in rows:
        stats = row.get("stats")
        values = {key: value for key, value in row.items() if key not in NOT_METRICS}
        values |= stats if isinstance(stats, dict) else {}
        yield from (_point(row, key, value) for key, value in values.items() if _is_number(value))


def _of_metrics(rows: list[dict[str, Any]]) -> Iterator[SeriesPoint]:
    for row in rows:
        if isinstance(row.get("metric"), str) and _is_number(row.get("value")):
            yield _point(row, row["metric"], row["value"])


def _point(row: Mapping[str, Any], key: str, value: float) -> SeriesPoint:
    return SeriesPoint(key, float(value), step_of(row["kimg"]), round(row["time"] * 1000))


def _is_number(value: object) -> bool:
    """Return whether this is a number that fits a float; NaN and infinities do, and MLflow shows them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or abs(value) < 2**1023
