"""A trial from the point of view of one sweep (trainer.recording.sweep_state), with its own failures counted."""

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.plan.desired import missing_numbers
from orchestrator.store.attempt_state import NoProgress, stuck
from orchestrator.store.evaluation_attempts import evaluations
from orchestrator.store.observe import Observed
from trainer.record import State
from trainer.recording.attempt_history import AttemptSummary
from trainer.recording.requests import precedes_retry
from trainer.recording.sweep_state import ACTIVE, Desired, belongs_to, with_own_state, within_horizon


def sweep_view(want: Desired, seen: Observed) -> Observed:
    """Return a trial from the point of view of the sweep that wants it; unchanged if it has no history of attempts."""
    if not seen.history:
        return seen
    cut = within_horizon(want, seen, lambda done: bool(missing_numbers(want, done)))
    return with_own_state(want, _with_counts(want, cut))


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


def _precedes_retry(want: Desired, seen: Observed, attempt: AttemptSummary) -> bool:
    return precedes_retry(attempt.number, seen.retries, want.sweep)
