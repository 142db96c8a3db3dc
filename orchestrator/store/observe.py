"""Observes trials: what the store shows of each."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from orchestrator.store.attempt_history import AttemptSummary, attempt_history, saved_kimg
from orchestrator.store.attempt_state import FINAL, NoProgress, state_of, stuck
from orchestrator.store.evaluation_attempts import (
    NO_EVALUATIONS,
    Evaluations,
    evaluations,
    known_snapshots,
    requested_names,
)
from orchestrator.store.layout import Store, read_job
from orchestrator.store.lease import Holder, holder
from orchestrator.store.requests import cancels, forgiven, retries, stops
from trainer.config.job import Job, Work
from trainer.config.stored import rows_in
from trainer.record import RunDir, RunRecord, State, read_record

MetricRows = Sequence[Mapping[str, Any]]
"""Rows of metrics.jsonl."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """What is measured of a trial, and what the last attempt was to measure.

    `metrics` has the kimg of the newest row of each recorded name, `earliest` that of the first in training;
    `snapshots` says by kimg what is known of each that is kept: recorded names with their evaluation seeds. `asked` are
    the metrics and probes of the last attempt, by `asked_seeds` seeds; `evaluations` tells how the evaluations after
    the last training went.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    earliest: Mapping[str, float] = field(default_factory=dict)
    snapshots: Mapping[float, frozenset[tuple[str, int]]] = field(default_factory=dict)
    requested: frozenset[str] = frozenset()
    requested_seeds: int = 1
    evaluations: Evaluations = NO_EVALUATIONS


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a trial trained (images/s) and evaluated (s), and the mean power it drew (W), as far as is known."""

    images_per_second: float | None = None
    evaluation_seconds: float | None = None
    watts: float | None = None
    energy_method: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """One trial as the store shows it. All that is said of training is the last training attempt's.

    `failures` and `stalls` count attempts in a row that failed, or that ended in any way short of done, without
    getting further; `adasweep retry` sets them back to nothing, and `retried` tells that nothing has run since.
    `stops` are the reasons of the sweeps whose rules have stopped it, `cancels` those of sweeps that have cancelled it.
    `trail` has every attempt, and `retries` up to which attempt each sweep was retried: what concerns one sweep alone
    `orchestrator.plan.sweep_view` makes of these. An attempt that its backend refused is none.
    """

    state: State = State.PENDING
    attempts: int = 0
    kimg: float = 0.0
    saved_kimg: float = 0.0
    horizon_kimg: float = 0.0
    failures: int = 0
    stalls: int = 0
    retried: bool = False
    exit_code: int | None = None
    diverged: bool = False
    message: str = ""
    host: str = ""
    beat_age_seconds: float | None = None
    last_work: Work = "train"
    stops: Mapping[str, str] = field(default_factory=dict)
    cancels: Mapping[str, str] = field(default_factory=dict)
    history: tuple[AttemptSummary, ...] = ()
    retries: Mapping[str, int] = field(default_factory=dict)
    measured: Measurements = Measurements()
    speed: Speed = Speed()


NEVER = Observed()


class _Attempts(NamedTuple):
    """The attempts at a trial: all of them, the job of the last, those that train, where the last of these stands."""

    history: tuple[AttemptSummary, ...]
    last: Job | None
    training: list[int]
    record: RunRecord | None
    state: State


def observe(store: Store, trials: Iterable[str], jobs: Mapping[str, State], now: float = 0.0) -> dict[str, Observed]:
    """Return what is known of each trial. `jobs` are the states that backends report of attempts not yet over."""
    existing, now = set(store.ids()), now or time.time()
    return {
        trial: observe_run(store.run(trial), jobs.get(trial), now) if trial in existing else NEVER for trial in trials
    }


def observe_run(run: RunDir, job: State | None, now: float) -> Observed:
    """Return what is known of one trial."""
    held = holder(run.path)  # before the records: a supervisor writes how it ended, then gives the lease back
    history = tuple(attempt for attempt in attempt_history(run, run.attempts()) if not attempt.was_refused)
    if not history:
        return NEVER
    seen, told = _attempts(run, history, held, job, now), retries(run)
    latest = seen.record or _latest_record(run, seen.training[:-1])
    rows = rows_in(run.metrics)
    stuck_at = _no_progress(seen, told)
    observed = Observed(
        state=seen.state,
        attempts=len(history),
        failures=stuck_at.failures,
        stalls=stuck_at.stalls,
        retried=forgiven(history[-1].number, told),
        last_work=seen.last.work if seen.last else "train",
        stops=stops(run),
        cancels=cancels(run),
        history=history,
        retries=told,
        measured=_measured(run, seen, rows, told),
        speed=_speed(latest, rows),
    )
    return _with_record(_with_reach(observed, latest), seen.record, now)


def _attempts(
    run: RunDir, history: tuple[AttemptSummary, ...], held: Holder | None, job: State | None, now: float
) -> _Attempts:
    number = history[-1].number
    last, record = read_job(run.job(number)), read_record(run.record(number))
    state = state_of(run, number, record, held, job, now)
    if not last or last.work != "evaluate":
        return _Attempts(history, last, [attempt.number for attempt in history], record, state)
    training = [attempt.number for attempt in history if attempt.work == "train"]
    if state in FINAL and training:
        record = read_record(run.record(training[-1]))
        state = state_of(run, training[-1], record, held, None, now)
    return _Attempts(history, last, training, record, state)


def _latest_record(run: RunDir, numbers: list[int]) -> RunRecord | None:
    records = (read_record(run.record(number)) for number in reversed(numbers))
    return next((record for record in records if record), None)


def _no_progress(seen: _Attempts, told: Mapping[str, int]) -> NoProgress:
    if seen.state in (State.DONE, State.RUNNING):
        return NoProgress()
    training = (attempt for attempt in seen.history if attempt.number in seen.training)
    return stuck(attempt for attempt in training if not forgiven(attempt.number, told))


def _with_reach(observed: Observed, latest: RunRecord | None) -> Observed:
    if latest is None:
        return observed
    reach = saved_kimg(latest)
    return replace(observed, kimg=latest.kimg, saved_kimg=reach, horizon_kimg=latest.horizon_kimg)


def _with_record(observed: Observed, record: RunRecord | None, now: float) -> Observed:
    if record is None:
        return observed
    return replace(
        observed,
        exit_code=record.exit_code,
        diverged=record.diverged,
        message=record.message,
        host=record.host,
        beat_age_seconds=now - record.updated,
    )


def _measured(run: RunDir, seen: _Attempts, rows: MetricRows, told: Mapping[str, int]) -> Measurements:
    last = seen.training[-1] if seen.training else 0
    after_training = [attempt for attempt in seen.history if attempt.number > last]
    earliest: dict[str, float] = {}
    for row in rows:
        earliest[row["metric"]] = min(row["kimg"], earliest.get(row["metric"], row["kimg"]))
    return Measurements(
        metrics={row["metric"]: row["kimg"] for row in rows},
        earliest=earliest,
        snapshots=known_snapshots(run, rows),
        requested=requested_names(seen.last) if seen.last and seen.state is State.DONE else frozenset(),
        requested_seeds=seen.last.options.evaluation_seeds if seen.last else 1,
        evaluations=evaluations((attempt, forgiven(attempt.number, told)) for attempt in after_training),
    )


def _speed(latest: RunRecord | None, rows: MetricRows) -> Speed:
    seconds = _evaluation_seconds(rows)
    if latest is None:
        return Speed(evaluation_seconds=seconds)
    return Speed(latest.images_per_second, seconds, _watts(latest), latest.energy.method)


def _watts(record: RunRecord) -> float | None:
    """Return the mean power of an attempt, as far as its energy is known."""
    seconds = record.updated - record.started
    return record.energy.joules / seconds if record.energy.joules and seconds > 0 else None


def _evaluation_seconds(rows: MetricRows) -> float | None:
    """Return how long the last evaluation took, all its metrics together."""
    last = [row.get("seconds") or 0.0 for row in rows if row["kimg"] == rows[-1]["kimg"]]
    return float(sum(last)) if last else None
