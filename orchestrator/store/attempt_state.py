"""The state of an attempt, from its record, its lease, its backend, and requests. Derived here and nowhere else."""

from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.store.attempt_history import AttemptSummary, with_record
from orchestrator.store.evaluation_attempts import work_of
from orchestrator.store.lease import Holder
from orchestrator.store.requests import is_cancelled
from trainer.record import RunDir, RunRecord, State, read_record

GRACE_SECONDS = 30.0
"""How long an attempt may show nothing after it was written: its backend is still being told."""

SILENCE_SECONDS = 120.0
"""How long a worker that runs without a supervisor may be silent."""

FINAL = frozenset(State) - {State.PENDING, State.RUNNING}

RUN_AGAIN = frozenset({State.PREEMPTED, State.LOST})
"""Endings after which a cluster may run the same job again by itself."""


class NoProgress(NamedTuple):
    """Attempts in a row that got no further: those that failed, and all of them."""

    failures: int = 0
    stalls: int = 0


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


def no_progress(records: Iterable[RunRecord | None]) -> NoProgress:
    """Return how many attempts at the end of `records` (None: left none) ended short of done without lasting gain."""
    return stuck(with_record(AttemptSummary(0), record) if record else AttemptSummary(0) for record in records)


def stuck(attempts: Iterable[AttemptSummary]) -> NoProgress:
    """Return the same of attempts."""
    best, failures, stalls = -1.0, 0, 0
    for attempt in attempts:
        if attempt.state and attempt.saved_kimg > best:
            best, failures, stalls = attempt.saved_kimg, 0, 0
        stalls += attempt.began
        failures += attempt.state is State.FAILED
    return NoProgress(failures, stalls)
