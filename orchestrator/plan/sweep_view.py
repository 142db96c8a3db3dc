"""A trial as one sweep sees it: what other sweeps asked of a trial that they share is no part of the view.

Trials are shared: sweeps that come to the same configuration have one directory. That another sweep has trained it
further, cancelled it, let it fail or asked it for other numbers says nothing about what this one wants.
"""

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.plan.desired import Desired, missing_numbers
from orchestrator.store.attempt_history import AttemptSummary, requested
from orchestrator.store.attempt_state import NoProgress, stuck
from orchestrator.store.evaluation_attempts import evaluations
from orchestrator.store.observe import Observed
from orchestrator.store.requests import ALL, forgiven
from trainer.config.stored import is_within
from trainer.record import State

GOING = frozenset({State.RUNNING, State.PENDING})


def sweep_view(want: Desired, seen: Observed) -> Observed:
    """Return a trial as the sweep that wants this sees it. What was not observed attempt by attempt stays as it is."""
    if not seen.history:
        return seen
    return _with_state(want, _with_counts(want, _within_horizon(want, seen)))


def _within_horizon(want: Desired, seen: Observed) -> Observed:
    """Return a trial without what lies beyond the horizon: there it was done, whatever came of it later."""
    reached = max(attempt.from_kimg if _goes_on(seen, attempt) else attempt.saved_kimg for attempt in seen.history)
    if not is_within(want.horizon_kimg, reached):
        return seen
    done = replace(seen, diverged=seen.diverged and is_within(seen.kimg, want.horizon_kimg))
    if seen.state is State.DONE:
        return replace(done, kimg=max(seen.kimg, reached))
    done = replace(done, state=State.DONE, kimg=reached, saved_kimg=reached, horizon_kimg=reached, message="")
    is_up_to_us = seen.state in GOING or belongs_to(want, seen.history[-1])
    return seen if is_up_to_us and missing_numbers(want, done) else done


def _goes_on(seen: Observed, attempt: AttemptSummary) -> bool:
    return seen.state in GOING and attempt is seen.history[-1]


def _with_counts(want: Desired, seen: Observed) -> Observed:
    """Return a trial with only those failures and that silence that the sweep has itself to do with."""
    if seen.state in GOING:
        return seen
    training = [attempt for attempt in seen.history if attempt.work == "train"]
    last = training[-1].number if training else 0
    after = [attempt for attempt in seen.history if attempt.number > last and belongs_to(want, attempt)]
    told = evaluations((attempt, _is_forgiven(want, seen, attempt)) for attempt in after)
    measured = replace(seen.measured, evaluations=told)
    if not belongs_to(want, seen.history[-1]):
        measured = replace(measured, requested=frozenset())
    counts = NoProgress() if seen.state is State.DONE else stuck(_to_blame(want, seen, training))
    return replace(
        seen,
        failures=counts.failures,
        stalls=counts.stalls,
        retried=_is_forgiven(want, seen, seen.history[-1]),
        measured=measured,
    )


def _to_blame(want: Desired, seen: Observed, training: list[AttemptSummary]) -> Iterator[AttemptSummary]:
    """Yield the attempts at training that count: what others attempted counts only where it got further."""
    for attempt in training:
        if belongs_to(want, attempt) and not _is_forgiven(want, seen, attempt):
            yield attempt
        else:
            yield attempt._replace(began=False, state=State.PREEMPTED if attempt.state else None)


def _with_state(want: Desired, seen: Observed) -> Observed:
    """Return a trial with the state that it has for this sweep."""
    last = next((attempt for attempt in reversed(seen.history) if attempt.work == "train"), seen.history[-1])
    is_mine = want.sweep == ALL or seen.history[-1].sweep in (ALL, want.sweep)
    if want.sweep in seen.cancels and seen.state is not State.DONE and not (seen.state in GOING and is_mine):
        return replace(seen, state=State.CANCELLED)
    by = last.sweep if last.cancelled_by is None else last.cancelled_by
    cancelled = seen.state is State.CANCELLED and by not in (ALL, want.sweep)
    failed = seen.state is State.FAILED and not belongs_to(want, last)
    if want.sweep != ALL and (cancelled or failed):
        return replace(seen, state=State.PREEMPTED, exit_code=None, message="")
    return seen


def belongs_to(want: Desired, attempt: AttemptSummary) -> bool:
    """Return whether an attempt was asked for by this sweep, for nothing that the sweep does not want by now."""
    if want.sweep == ALL or attempt.sweep == ALL:
        return True
    wanted = requested(want.metrics, (want.detector, want.distance), want.probes)
    return attempt.sweep == want.sweep and attempt.requested <= wanted


def _is_forgiven(want: Desired, seen: Observed, attempt: AttemptSummary) -> bool:
    return forgiven(attempt.number, seen.retries, want.sweep)
