"""Derives the state of an attempt from its record, its lease, its backend and requests; the only place that does."""

from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.store.evaluation_attempts import work_of
from orchestrator.store.lease import Holder
from trainer.record import RunDir, RunRecord, State, read_record
from trainer.recording.attempt_history import AttemptSummary
from trainer.recording.sweep_state import INTERRUPTED, unless_cancelled

GRACE_SECONDS = 30.0
"""How long a new attempt may be unknown to its backend: it may still be being submitted."""

SILENCE_SECONDS = 120.0
"""How old the heartbeat of a worker without a supervisor may be."""

FINAL = frozenset(State) - {State.PENDING, State.RUNNING}

RUN_AGAIN = INTERRUPTED
"""Final states after which a cluster may requeue the job."""


class NoProgress(NamedTuple):
    """The number of consecutive attempts without progress: failures, and all of them."""

    failures: int = 0
    stalls: int = 0


def state_of(
    run: RunDir, attempt: int, record: RunRecord | None, held: Holder | None, job: State | None, now: float
) -> State:
    """Return the state of a trial from its last record, the lease, the backend and cancellations."""
    if record and record.state in FINAL:
        again = record.state in RUN_AGAIN and job in (State.PENDING, State.RUNNING)
        ended = State.PENDING if again else record.state
    else:
        alive = held.is_alive(now) if held else None
        ended = derived(record, alive, job, now - _written(run, attempt), now)
    return unless_cancelled(run, attempt, ended)


def derived(record: RunRecord | None, held: bool | None, job: State | None, age: float, now: float) -> State:
    """Return the state of an attempt whose record is not final.

    `held`: whether its lease is alive (None: there never was one). `job`: its state in the backend. `age`: seconds
    since the attempt was created. What lies far ahead of `now` was written before the clock was set back: it is old.
    """
    if held:
        return State.RUNNING
    if held is None and record and abs(now - record.updated) < SILENCE_SECONDS:
        return State.RUNNING
    if job in (State.PENDING, State.RUNNING):
        return State.PENDING
    if job is State.CANCELLED and not record:
        return State.PREEMPTED
    if not record and job is None and abs(age) < GRACE_SECONDS:
        return State.PENDING
    return State.LOST


def _written(run: RunDir, attempt: int) -> float:
    try:
        return run.job(attempt).stat().st_mtime
    except OSError:
        return 0.0


def is_finished(run: RunDir, attempt: int) -> bool:
    """Return whether this attempt, or its continuation, is done: SLURM may rerun a finished job."""
    work = work_of(run, attempt)
    later = (number for number in run.attempts() if number >= attempt and work_of(run, number) == work)
    records = (read_record(run.record(number)) for number in later)
    return any(record.state is State.DONE for record in records if record)


def stuck(attempts: Iterable[AttemptSummary]) -> NoProgress:
    """Return the number of attempts at the end of `attempts` without progress.

    A trial that starts over makes progress once it has saved something again, not by starting over.
    """
    best, failures, stalls, training = -1.0, 0, 0, 0
    for attempt in attempts:
        if attempt.training != training:
            best, training = 0.0, attempt.training
        if attempt.state and (saved := attempt.saved_kimg or attempt.abandoned_kimg) > best:
            best, failures, stalls = saved, 0, 0
        stalls += attempt.began
        failures += attempt.state is State.FAILED
    return NoProgress(failures, stalls)
