"""What the page of one trial shows: who it is, its attempts, its curves, its sheets of samples, its log."""

import os
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from analysis.dashboard.columns import Numbers, number, numbers, plain
from analysis.dashboard.figure_list import FigureCard, figure_cards
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.mlflow_run import MlflowRun, mlflow_run
from analysis.dashboard.plans import readable_plans
from analysis.dashboard.sweep_view import configurations
from analysis.errors import ResultStoreError
from analysis.results import sample_sheets
from analysis.tables.attempts import JOULES_PER_KWH, SECONDS_PER_HOUR
from analysis.tables.schema import read_table
from trainer.config.identity import TRIAL_ID
from trainer.config.plan_file import PlannedRun
from trainer.config.stored import rows_in
from trainer.errors import printable
from trainer.files import read_regular
from trainer.record import ABANDONED, RunDir, RunRecord, read_record
from trainer.recording.sweep_state import DIVERGED, NEW

LOG_BYTES, LOG_LINES = 64 * 1024, 80
MOST_POINTS = 500
MOST_SIBLINGS = 60


class TrialPlace(BaseModel):
    """Where a trial stands in one sweep, and how to run that sweep again."""

    sweep: str
    cell: str
    seed: int
    horizon_kimg: float
    command: str


class AttemptEntry(BaseModel):
    """One attempt: where it ran and when (Unix seconds), from where to where it got, and why it ended."""

    number: int
    work: str
    state: str
    host: str
    started: float
    hours: float
    from_kimg: float
    kimg: float
    exit_code: int | None
    message: str
    kwh: float | None
    method: str
    code: str


class SetAside(BaseModel):
    """What `attempt` set aside when it began: all of an earlier training, or what was `beyond` its checkpoint."""

    attempt: int
    beyond: bool
    kimg: float
    folder: str


class Series(BaseModel):
    """Values of one quantity along training; those of one `group` are drawn in one chart."""

    group: str
    name: str
    kimg: Numbers
    value: Numbers


class Sheet(BaseModel):
    """A sheet of generated images, and its file's name."""

    kimg: float
    name: str


class Sibling(BaseModel):
    """Another trial of the same sweeps that has sheets: to be shown beside this one."""

    trial: str
    label: str
    sheets: list[Sheet]


class TrialView(BaseModel):
    """A trial. `log` is the end of what the last attempt printed; `set_aside` is what no longer counts."""

    trial: str
    state: str
    kimg: float
    hours: float | None
    kwh: float | None
    why: str
    places: list[TrialPlace]
    siblings: list[Sibling]
    attempts: list[AttemptEntry]
    set_aside: list[SetAside]
    series: list[Series]
    sheets: list[Sheet]
    has_reals: bool
    log: list[str]
    config: dict[str, str]
    figures: list[FigureCard]
    mlflow: MlflowRun | None


def trial_view(live: LiveStore, trial: str) -> TrialView:
    """Return the view of a trial. Raises ResultStoreError where there is none of this id."""
    if not TRIAL_ID.fullmatch(trial) or not os.path.isdir(live.store.run(trial).path):
        raise ResultStoreError(f"trial {trial[:40]!r}: not in this store")
    return live.once(("trial", trial), lambda: _view(live, trial))


def _view(live: LiveStore, trial: str) -> TrialView:
    run = live.store.run(trial)
    rows = live.tables.rows("runs", _RUN, [trial]).to_pylist()
    row = rows[0] if rows else dict.fromkeys(_RUN)
    joules = number(row["energy_joules"])
    diverged = row["diverged_kimg"] is not None
    planned = places_of(live, trial)
    return TrialView(
        trial=trial,
        state=DIVERGED if diverged else row["recorded_state"] or NEW,
        kimg=row["kimg"] or 0.0,
        hours=number(row["hours"]),
        kwh=None if joules is None else joules / JOULES_PER_KWH,
        why=printable((row["diverged_because"] if diverged else row["message"]) or ""),
        places=[place for place, _ in planned],
        siblings=_siblings(live, trial, [run for _, runs in planned for run in runs]),
        attempts=[_attempt(record) for number in run.attempts() if (record := read_record(run.record(number)))],
        set_aside=[_set_aside(training) for training in run.abandoned()],
        series=[*_metrics(live, trial), *_ticks(live, trial)],
        sheets=_sheets(run),
        has_reals=sample_sheets.reals(run) is not None,
        log=_log(run),
        config={key: plain(value) for key, value in configurations(live, [trial]).get(trial, {}).items()},
        figures=[card for card in figure_cards(live) if trial in card.trials],
        mlflow=mlflow_run(live, trial),
    )


_RUN = (
    *("trial", "recorded_state", "kimg", "hours", "energy_joules"),
    *("diverged_kimg", "diverged_because", "message"),
)


def places_of(live: LiveStore, trial: str) -> list[tuple[TrialPlace, tuple[PlannedRun, ...]]]:
    """Return where a trial stands in each sweep that wants it, with all runs of that sweep."""
    found = []
    for plan in readable_plans(live):
        command = f"adasweep run {plan.file or plan.sweep}" + (f" --tier {plan.tier}" if plan.tier else "")
        for run in plan.cells:
            if run.trial == trial:
                place = TrialPlace(
                    sweep=plan.sweep, cell=run.cell, seed=run.seed, horizon_kimg=run.horizon_kimg, command=command
                )
                found.append((place, plan.cells))
                break
    return found


def _siblings(live: LiveStore, trial: str, runs: list[PlannedRun]) -> list[Sibling]:
    labels = {run.trial: f"{run.cell} · seed {run.seed}" for run in runs if run.trial != trial}
    found = (
        Sibling(trial=other, label=label, sheets=sheets)
        for other, label in labels.items()
        if (sheets := _sheets(live.store.run(other)))
    )
    return list(islice(found, MOST_SIBLINGS))


def _sheets(run: RunDir) -> list[Sheet]:
    return [Sheet(kimg=kimg, name=path.name) for kimg, path in sample_sheets.fakes(run).items()]


def _attempt(record: RunRecord) -> AttemptEntry:
    joules = record.energy.joules
    return AttemptEntry(
        number=record.attempt,
        work=record.work,
        state=record.state.value,
        host=printable(record.host),
        started=record.started,
        hours=max(record.updated - record.started, 0.0) / SECONDS_PER_HOUR,
        from_kimg=record.resumed_from_kimg,
        kimg=record.kimg,
        exit_code=record.exit_code,
        message=printable(record.message),
        kwh=None if joules is None else joules / JOULES_PER_KWH,
        method=record.energy.method,
        code=record.code,
    )


def _set_aside(training: RunDir) -> SetAside:
    match = ABANDONED.fullmatch(training.path.name)
    assert match
    return SetAside(
        attempt=int(match["attempt"]),
        beyond=match["beyond"] is not None,
        kimg=max((row["kimg"] for row in rows_in(training.ticks)), default=0.0),
        folder=f"{training.path.parent.name}/{training.path.name}",
    )


def _metrics(live: LiveStore, trial: str) -> list[Series]:
    rows = read_table(live.store.tables, "metrics", ("trial", "kimg", "metric", "value"), [trial]).to_pandas()
    rows["metric"] = rows["metric"].astype(str)
    return [
        Series(group=str(metric), name=str(metric), kimg=numbers(part["kimg"]), value=numbers(part["value"]))
        for metric, part in rows.groupby(["metric", "kimg"], as_index=False)["value"].mean().groupby("metric")
    ]


def _ticks(live: LiveStore, trial: str) -> list[Series]:
    columns = ("trial", "kimg", "p", "r_t", "r_v", "images_per_second", "memory_gib", "lr", "stats")
    table = read_table(live.store.tables, "ticks", columns, [trial]).sort_by("kimg")
    rows: list[dict[str, Any]] = table.to_pylist()
    rows = rows[:: max(len(rows) // MOST_POINTS, 1)]
    kimg = [row["kimg"] for row in rows]
    values: dict[tuple[str, str], list[float | None]] = {}
    for place, row in enumerate(rows):
        named = [(_GROUPS[name], name, row[name]) for name in _GROUPS] + [_stat(*pair) for pair in row["stats"] or ()]
        for group, name, value in named:
            if value is not None:
                values.setdefault((group, name), [None] * len(rows))[place] = value
    return [
        Series(group=group, name=name, kimg=kimg, value=[number(value) for value in found])
        for (group, name), found in values.items()
    ]


BROKEN = "Gradients/broken"
_GROUPS = {
    "p": "Augmentation p",
    "r_t": "Overfitting heuristics",
    "r_v": "Overfitting heuristics",
    "images_per_second": "Images per second",
    "memory_gib": "Memory (GiB)",
}


def _stat(name: str, value: float | None) -> tuple[str, str, float | None]:
    if name == BROKEN:
        return "Share of steps with a broken gradient", name, value
    group, _, rest = name.partition("/")
    first, _, _ = rest.partition("/")
    words = {"Gradients": "Norms of gradients", "Loss": "Losses"}.get(group, group)
    return (f"Logits: {first}" if group == "Loss" and first in ("scores", "signs") else words), name, value


def _log(run: RunDir) -> list[str]:
    """Return the last lines of the last attempt's output, of its supervisor's where that is empty."""
    number = max(run.attempts(), default=0)
    return tail(run.log(number)) or tail(run.attempt(number) / "supervisor.log")


def tail(path: Path) -> list[str]:
    """Return the last lines of a text file, none where it cannot be read; control characters are written out."""
    try:
        text = read_regular(path, LOG_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    return [printable(line, "\t") for line in text.splitlines()[-LOG_LINES:]]
