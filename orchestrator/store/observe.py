"""Observes the state of trials in the store."""

import math
import re
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from orchestrator.store.attempt_state import FINAL, NoProgress, state_of, stuck
from orchestrator.store.evaluation_attempts import (
    NO_EVALUATIONS,
    Evaluations,
    evaluations,
    known_snapshots,
    requested_names,
)
from orchestrator.store.layout import Store, require_readable, require_readable_folders
from orchestrator.store.lease import Holder, holder
from trainer.config.job import Job, Work, read_job
from trainer.config.stored import rows_in
from trainer.files import matching
from trainer.record import RunDir, RunRecord, State, read_record
from trainer.recording.attempt_history import AttemptSummary, attempt_history, saved_kimg
from trainer.recording.requests import cancels, precedes_retry, retries, stops
from trainer.recording.sweep_state import Standing

MetricRows = Sequence[Mapping[str, Any]]
"""Rows of metrics.jsonl."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """Recorded metrics of a trial, and those requested of the last attempt.

    `metrics` has the kimg of the newest row of each name, `earliest` the lowest kimg, `moments` every one, `by_seed`
    those of each evaluation seed, `broken` the lowest kimg at which it is NaN. `snapshots` has, by kimg, the recorded
    names of each snapshot with their evaluation seeds. `requested` are the metrics and probes of the last attempt, with
    `requested_seeds` seeds. `evaluations` summarises the evaluation attempts after the last training.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    earliest: Mapping[str, float] = field(default_factory=dict)
    moments: Mapping[str, frozenset[float]] = field(default_factory=dict)
    by_seed: Mapping[tuple[str, int], frozenset[float]] = field(default_factory=dict)
    broken: Mapping[tuple[str, int], float] = field(default_factory=dict)
    snapshots: Mapping[float, frozenset[tuple[str, int]]] = field(default_factory=dict)
    requested: frozenset[str] = frozenset()
    requested_seeds: int = 1
    evaluations: Evaluations = NO_EVALUATIONS


@dataclass(frozen=True, slots=True)
class Speed:
    """Training speed (images/s), evaluation time (s) and mean power (W) of a trial, as far as known."""

    images_per_second: float | None = None
    evaluation_seconds: float | None = None
    watts: float | None = None
    energy_method: str = ""


@dataclass(frozen=True, slots=True)
class Observed(Standing):
    """The observed state of a trial.

    `failures` and `stalls` count consecutive attempts without progress: those that failed, and all that were not done.
    `adasweep retry` resets them; `retried`: nothing has run since. `retries` has the last attempt before a retry for
    each sweep; `orchestrator.plan.sweep_view` derives the view of one sweep. `checkpoint_kimg` is the progress in the
    newest checkpoint that is there, 0 without any: a store that was unpacked or pruned may lack them. `has_start`: the
    snapshot of another trial that it starts from is there, as a file of its own. `newest` is the highest number of an
    attempt, refused ones included.
    """

    newest: int = 0
    checkpoint_kimg: float = math.inf
    has_start: bool = False
    failures: int = 0
    stalls: int = 0
    retried: bool = False
    host: str = ""
    beat_age_seconds: float | None = None
    last_work: Work = "train"
    retries: Mapping[str, int] = field(default_factory=dict)
    measured: Measurements = Measurements()
    speed: Speed = Speed()


NEVER = Observed()
LEAST_RATE, MOST_RATE = 1e-9, 1e12
"""Of images per second, and of watts."""
CHECKPOINT = re.compile(r"ckpt-(\d{9,})-t\d{4,}-[0-9a-f]{16}\.safetensors")
"""The name of a checkpoint, with its image counter."""


class _Attempts(NamedTuple):
    """All attempts at a trial, the job of the last, the training attempts, record and state of the last of these."""

    history: tuple[AttemptSummary, ...]
    last: Job | None
    training: list[int]
    record: RunRecord | None
    state: State


def observe(store: Store, trials: Collection[str], jobs: Mapping[str, State], now: float = 0.0) -> dict[str, Observed]:
    """Return the observed state of each trial. `jobs` are the states that backends report for active attempts.

    Raises StoreError if a folder of one of them may not be read.
    """
    existing, now = store.existing(trials), now or time.time()
    return {
        trial: observe_run(store.run(trial), jobs.get(trial), now) if trial in existing else NEVER for trial in trials
    }


def observe_run(run: RunDir, job: State | None, now: float) -> Observed:
    """Return the observed state of one trial. Raises StoreError if it may not be read."""
    require_readable(run)
    held = holder(run.path)  # before the records: a supervisor writes its record, then releases the lease
    numbers = run.attempts()
    history = tuple(attempt for attempt in attempt_history(run, numbers) if not attempt.was_refused)
    if not history:
        return replace(NEVER, newest=max(numbers, default=0))
    seen, retried = _attempts(run, history, held, job, now), retries(run)
    latest = seen.record or _latest_record(run, seen.training[:-1])
    rows = rows_in(run.metrics)
    without_progress = _no_progress(seen, retried)
    observed = Observed(
        newest=numbers[-1],
        state=seen.state,
        attempts=len(history),
        failures=without_progress.failures,
        stalls=without_progress.stalls,
        retried=precedes_retry(history[-1].number, retried),
        last_work=seen.last.work if seen.last else "train",
        checkpoint_kimg=_checkpoint_kimg(run),
        has_start=run.start.exists(),
        stops=stops(run),
        cancels=cancels(run),
        history=history,
        retries=retried,
        measured=_measured(run, seen, rows, retried),
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


def _no_progress(seen: _Attempts, retried: Mapping[str, int]) -> NoProgress:
    if seen.state in (State.DONE, State.RUNNING):
        return NoProgress()
    training = (attempt for attempt in seen.history if attempt.number in seen.training)
    return stuck(attempt for attempt in training if not precedes_retry(attempt.number, retried))


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


def _measured(run: RunDir, seen: _Attempts, rows: MetricRows, retried: Mapping[str, int]) -> Measurements:
    last = seen.training[-1] if seen.training else 0
    after_training = [attempt for attempt in seen.history if attempt.number > last]
    moments: dict[str, set[float]] = defaultdict(set)
    by_seed: dict[tuple[str, int], set[float]] = defaultdict(set)
    for row in rows:
        moments[row["metric"]].add(row["kimg"])
        by_seed[row["metric"], row.get("seed") or 0].add(row["kimg"])
    return Measurements(
        metrics={row["metric"]: row["kimg"] for row in rows},
        earliest={name: min(kimgs) for name, kimgs in moments.items()},
        moments={name: frozenset(kimgs) for name, kimgs in moments.items()},
        by_seed={key: frozenset(kimgs) for key, kimgs in by_seed.items()},
        broken=_broken(rows),
        snapshots=known_snapshots(run, rows),
        requested=requested_names(seen.last) if seen.last and seen.state is State.DONE else frozenset(),
        requested_seeds=seen.last.options.evaluation_seeds if seen.last else 1,
        evaluations=evaluations((attempt, precedes_retry(attempt.number, retried)) for attempt in after_training),
    )


def _broken(rows: MetricRows) -> dict[tuple[str, int], float]:
    """Return the lowest kimg at which a metric, with an evaluation seed, is NaN; the last row of its kind counts."""
    last = {(row["metric"], row["kimg"], row.get("identity")): row for row in rows}
    found: dict[tuple[str, int], float] = {}
    for row in last.values():
        if math.isnan(row["value"]):
            key = row["metric"], row.get("seed") or 0
            found[key] = min(row["kimg"], found.get(key, math.inf))
    return found


def _speed(latest: RunRecord | None, rows: MetricRows) -> Speed:
    seconds = _evaluation_seconds(rows)
    if latest is None:
        return Speed(evaluation_seconds=seconds)
    return Speed(_plausible(latest.images_per_second), seconds, _plausible(_watts(latest)), latest.energy.method)


def _plausible(rate: float | None) -> float | None:
    """Return a speed or power; None for one that no machine can have, as a damaged record may state."""
    return rate if not rate or LEAST_RATE <= rate <= MOST_RATE else None


def _checkpoint_kimg(run: RunDir) -> float:
    require_readable_folders([run.checkpoints])  # the trial would seem to start anew
    found = (CHECKPOINT.fullmatch(path.name) for path in matching(run.checkpoints, "ckpt-*"))
    return max((int(match[1]) / 1000 for match in found if match), default=0.0)


def _watts(record: RunRecord) -> float | None:
    """Return the mean power of an attempt in watts, or None if its energy is unknown."""
    seconds = record.updated - record.started
    return record.energy.joules / seconds if record.energy.joules and seconds > 0 else None


def _evaluation_seconds(rows: MetricRows) -> float | None:
    """Return the seconds of the last evaluation, all metrics together."""
    last = [row.get("seconds") or 0.0 for row in rows if row["kimg"] == rows[-1]["kimg"]]
    return float(sum(last)) if last else None
