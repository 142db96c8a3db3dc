"""What the store shows of each trial: the one place where a trial's state is derived."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orchestrator.store.evaluation_attempts import (
    NO_EVALUATIONS,
    Evaluations,
    asked_of,
    evaluations,
    known_snapshots,
    work_of,
)
from orchestrator.store.layout import Store, read_job
from orchestrator.store.lease import Holder, holder
from orchestrator.store.requests import is_cancelled, is_forgiven, stops
from trainer.config.job import Work
from trainer.files import read_lines
from trainer.record import RunDir, RunRecord, State, read_record

GRACE_SECONDS = 30.0
"""How long an attempt may show nothing after it was written: its backend is still being told."""

SILENCE_SECONDS = 120.0
"""How long a worker that runs without a supervisor may be silent."""

FINAL = frozenset(State) - {State.PENDING, State.RUNNING}

RUN_AGAIN = frozenset({State.PREEMPTED, State.LOST})
"""Endings after which a cluster may run the same job again by itself."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One trial as the store shows it. `metrics` has the kimg of the newest row of each recorded name.

    `failures` and `stalls` count attempts in a row that failed, or that ended in any way short of done, without
    getting further; `retry` sets them back to nothing. All that is said of training is the last training attempt's;
    `evaluation` tells how the evaluations after it went. `asked` are the metrics and probes of the last attempt, and
    `snapshots` says by kimg what is known of each that is kept: recorded names with their evaluation seeds.
    `stops` are the reasons of the sweeps whose rules have stopped it.
    """

    state: State = State.PENDING
    attempts: int = 0
    kimg: float = 0.0
    saved_kimg: float = 0.0
    horizon_kimg: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    failures: int = 0
    stalls: int = 0
    forgiven: bool = False
    exit_code: int | None = None
    diverged: bool = False
    message: str = ""
    host: str = ""
    beat_age_seconds: float | None = None
    asked: frozenset[str] = frozenset()
    asked_seeds: int = 1
    last_work: Work = "train"
    evaluation: Evaluations = NO_EVALUATIONS
    snapshots: Mapping[float, frozenset[tuple[str, int]]] = field(default_factory=dict)
    stops: Mapping[str, str] = field(default_factory=dict)
    images_per_second: float | None = None
    watts: float | None = None
    energy_method: str = ""
    evaluation_seconds: float | None = None


NEVER = Observed()


def observe(store: Store, trials: Iterable[str], jobs: Mapping[str, State], now: float = 0.0) -> dict[str, Observed]:
    """Return what is known of each trial. `jobs` are the states that backends report of attempts not yet over."""
    existing, now = set(store.ids()), now or time.time()
    return {
        trial: observe_run(store.run(trial), jobs.get(trial), now) if trial in existing else NEVER for trial in trials
    }


def observe_run(run: RunDir, job: State | None, now: float) -> Observed:
    """Return what is known of one trial."""
    attempts = run.attempts()
    if not attempts:
        return NEVER
    held = holder(run.path)  # before the record: a supervisor writes how it ended, then gives the lease back
    record = read_record(run.record(attempts[-1]))
    state = state_of(run, attempts[-1], record, held, job, now)
    last, training = read_job(run.job(attempts[-1])), attempts
    if last and last.work == "evaluate":
        training = [number for number in attempts if work_of(run, number) == "train"]
        if state in FINAL and training:
            record = read_record(run.record(training[-1]))
            state = state_of(run, training[-1], record, held, None, now)
    vain = Vain(0, 0) if state in (State.DONE, State.RUNNING) else _in_vain(run, training)
    latest = record or next((r for n in reversed(training[:-1]) if (r := read_record(run.record(n)))), None)
    rows = [row for row in read_lines(run.metrics) if {"metric", "kimg"} <= row.keys()]
    asked = asked_of(last) if state is State.DONE and last else frozenset()
    return Observed(
        state=state,
        attempts=len(attempts),
        kimg=latest.kimg if latest else 0.0,
        saved_kimg=saved_kimg(latest) if latest else 0.0,
        horizon_kimg=latest.horizon_kimg if latest else 0.0,
        metrics={row["metric"]: row["kimg"] for row in rows},
        failures=vain.failures,
        stalls=vain.stalls,
        forgiven=is_forgiven(run, attempts[-1]),
        exit_code=record.exit_code if record else None,
        diverged=record.diverged if record else False,
        message=record.message if record else "",
        host=record.host if record else "",
        beat_age_seconds=now - record.updated if record else None,
        asked=asked,
        asked_seeds=last.options.evaluation_seeds if last else 1,
        last_work=last.work if last else "train",
        evaluation=evaluations(run, [number for number in attempts if not training or number > training[-1]]),
        snapshots=known_snapshots(run, rows),
        stops=stops(run),
        images_per_second=latest.images_per_second if latest else None,
        watts=_watts(latest) if latest else None,
        energy_method=latest.energy.method if latest else "",
        evaluation_seconds=_evaluation_seconds(rows),
    )


def state_of(
    run: RunDir, attempt: int, record: RunRecord | None, held: Holder | None, job: State | None, now: float
) -> State:
    """Return where a trial stands, from its last record, the lease, the backend and whether it was cancelled."""
    if record and record.state in FINAL:
        again = record.state in RUN_AGAIN and job in (State.PENDING, State.RUNNING)
        ended = State.PENDING if again else record.state
    else:
        alive = held.is_alive(now) if held else None
        ended = derived(record, alive, job, now - _written(run, attempt), now)
    cancelled = ended in (State.PREEMPTED, State.LOST) and is_cancelled(run, attempt)
    return State.CANCELLED if cancelled else ended


def derived(record: RunRecord | None, held: bool | None, job: State | None, age: float, now: float) -> State:
    """Return the state of an attempt whose record is not final.

    `held` tells whether its lease is alive (None: there never was one), `job` what the backend says, `age` how many
    seconds ago the attempt was written.
    """
    if held:
        return State.RUNNING
    if held is None and record and now - record.updated < SILENCE_SECONDS:
        return State.RUNNING
    if job in (State.PENDING, State.RUNNING):
        return State.PENDING
    if job is State.CANCELLED and not record:
        return State.PREEMPTED
    if not record and job is None and age < GRACE_SECONDS:
        return State.PENDING
    return State.LOST


def _written(run: RunDir, attempt: int) -> float:
    try:
        return run.job(attempt).stat().st_mtime
    except OSError:
        return 0.0


def is_finished(run: RunDir, attempt: int) -> bool:
    """Return whether this attempt, or what it was continued as, is done: SLURM may run a finished job once more."""
    work = work_of(run, attempt)
    later = (number for number in run.attempts() if number >= attempt and work_of(run, number) == work)
    records = (read_record(run.record(number)) for number in later)
    return any(record.state is State.DONE for record in records if record)


def _in_vain(run: RunDir, attempts: list[int]) -> "Vain":
    return in_vain(read_record(run.record(number)) for number in attempts if not is_forgiven(run, number))


class Vain(NamedTuple):
    """Attempts in a row that brought nothing: those that failed, and all of them."""

    failures: int
    stalls: int


def in_vain(records: Iterable[RunRecord | None]) -> Vain:
    """Return how many attempts at the end of `records` (None: left none) ended short of done without lasting gain."""
    best, failures, stalls = -1.0, 0, 0
    for record in records:
        if record and saved_kimg(record) > best:
            best, failures, stalls = saved_kimg(record), 0, 0
        if record is None or record.pid:
            stalls += 1
        if record and record.state is State.FAILED:
            failures += 1
    return Vain(failures, stalls)


def saved_kimg(record: RunRecord) -> float:
    """Return how far an attempt is known to have got for good: a worker that was asked to stop has saved."""
    return record.kimg if record.state in (State.PREEMPTED, State.DONE) else record.resumed_from_kimg


def _watts(record: RunRecord) -> float | None:
    """Return the mean power of an attempt, as far as its energy is known."""
    seconds = record.updated - record.started
    return record.energy.joules / seconds if record.energy.joules and seconds > 0 else None


def _evaluation_seconds(rows: list[dict[str, Any]]) -> float | None:
    """Return how long the last evaluation took, all its metrics together."""
    last = [row.get("seconds", 0.0) for row in rows if row["kimg"] == rows[-1]["kimg"]]
    return float(sum(last)) if last else None
