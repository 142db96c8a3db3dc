"""A trial from the point of view of one sweep, without the effects of other sweeps that share it.

Sweeps that contain the same configuration share one trial directory. Another sweep may have trained it further,
cancelled it, had it fail, or requested other metrics: none of that concerns this sweep.
"""

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.plan.desired import Desired, missing_numbers
from orchestrator.store.attempt_history import AttemptSummary, requested
from orchestrator.store.attempt_state import NoProgress, stuck
from orchestrator.store.evaluation_attempts import evaluations
from orchestrator.store.observe import Observed
from orchestrator.store.requests import ALL, precedes_retry
from trainer.config.stored import is_within
from trainer.record import State

ACTIVE = frozenset({State.RUNNING, State.PENDING})


def sweep_view(want: Desired, seen: Observed) -> Observed:
    """Return a trial from the point of view of the sweep that wants it; unchanged if it has no history of attempts."""
    if not seen.history:
        return seen
    return _with_state(want, _with_counts(want, _within_horizon(want, seen)))


def _within_horizon(want: Desired, seen: Observed) -> Observed:
    """Return a trial cut off at the horizon: it was done there, whatever happened later."""
    reached = max(attempt.from_kimg if _is_current(seen, attempt) else attempt.saved_kimg for attempt in seen.history)
    if not is_within(want.horizon_kimg, reached) or _is_own_evaluation(want, seen):
        return seen
    done = replace(seen, diverged=seen.diverged and is_within(seen.kimg, want.horizon_kimg))
    if seen.state is State.DONE:
        return replace(done, kimg=max(seen.kimg, reached))
    done = replace(done, state=State.DONE, kimg=reached, saved_kimg=reached, horizon_kimg=reached, message="")
    concerns_us = seen.state in ACTIVE or belongs_to(want, seen.history[-1])
    return seen if concerns_us and missing_numbers(want, done) else done


def _is_own_evaluation(want: Desired, seen: Observed) -> bool:
    """Return whether this sweep's own evaluation goes on: it ends a moment after its last number is recorded."""
    last = seen.history[-1]
    return seen.state in ACTIVE and last.work == "evaluate" and belongs_to(want, last)


def _is_current(seen: Observed, attempt: AttemptSummary) -> bool:
    return seen.state in ACTIVE and attempt is seen.history[-1]


def _with_counts(want: Desired, seen: Observed) -> Observed:
    """Return a trial in which only this sweep's own attempts count as failures or as lack of progress."""
    if seen.state in ACTIVE:
        return seen
    training = [attempt for attempt in seen.history if attempt.work == "train"]
    last = training[-1].number if training else 0
    after = [attempt for attempt in seen.history if attempt.number > last and belongs_to(want, attempt)]
    own_evaluations = evaluations((attempt, _precedes_retry(want, seen, attempt)) for attempt in after)
    measured = replace(seen.measured, evaluations=own_evaluations)
    if not belongs_to(want, seen.history[-1]):
        measured = replace(measured, requested=frozenset())
    counts = NoProgress() if seen.state is State.DONE else stuck(_counted(want, seen, training))
    return replace(
        seen,
        failures=counts.failures,
        stalls=counts.stalls,
        retried=_precedes_retry(want, seen, seen.history[-1]),
        measured=measured,
    )


def _counted(want: Desired, seen: Observed, training: list[AttemptSummary]) -> Iterator[AttemptSummary]:
    """Yield training attempts as they count for this sweep: those of others only if they made progress."""
    for attempt in training:
        if belongs_to(want, attempt) and not _precedes_retry(want, seen, attempt):
            yield attempt
        else:
            yield attempt._replace(began=False, state=State.PREEMPTED if attempt.state else None)


def _with_state(want: Desired, seen: Observed) -> Observed:
    """Return a trial with its state for this sweep."""
    last = next((attempt for attempt in reversed(seen.history) if attempt.work == "train"), seen.history[-1])
    is_mine = want.sweep == ALL or seen.history[-1].sweep in (ALL, want.sweep)
    if want.sweep in seen.cancels and not (_is_over(want, seen) or (seen.state in ACTIVE and is_mine)):
        return replace(seen, state=State.CANCELLED)
    by = last.sweep if last.cancelled_by is None else last.cancelled_by
    cancelled = seen.state is State.CANCELLED and by not in (ALL, want.sweep)
    failed = seen.state is State.FAILED and not belongs_to(want, last)
    if want.sweep != ALL and (cancelled or failed):
        return replace(seen, state=State.PREEMPTED, exit_code=None, message="")
    return seen


def _is_over(want: Desired, seen: Observed) -> bool:
    """Return whether a trial has all the training that this sweep wants, or diverged before."""
    reached = max(seen.kimg, seen.horizon_kimg)
    return seen.state is State.DONE and (seen.diverged or is_within(want.horizon_kimg, reached))


def belongs_to(want: Desired, attempt: AttemptSummary) -> bool:
    """Return whether an attempt was submitted by this sweep, and for nothing that it no longer wants."""
    if want.sweep == ALL or attempt.sweep == ALL:
        return True
    wanted = requested(want.metrics, (want.detector, want.distance), want.probes)
    return attempt.sweep == want.sweep and attempt.requested <= wanted


def _precedes_retry(want: Desired, seen: Observed, attempt: AttemptSummary) -> bool:
    return precedes_retry(attempt.number, seen.retries, want.sweep)
