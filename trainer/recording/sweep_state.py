"""The state of a trial from the point of view of one sweep, without the effects of other sweeps that share it.

Sweeps that contain the same configuration share one trial directory. Another sweep may have trained it further,
cancelled it, had it fail, or requested other metrics: none of that concerns this sweep. Plan, status and tables
derive its state here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.plan_file import PlanFile
from trainer.config.stored import is_within
from trainer.record import RunDir, State
from trainer.recording.attempt_history import AttemptSummary, requested
from trainer.recording.requests import ALL, is_cancelled

ACTIVE = frozenset({State.RUNNING, State.PENDING})
INTERRUPTED = frozenset({State.PREEMPTED, State.LOST})

NEW, STOPPED, DIVERGED, SHORT, WITHHELD = "new", "stopped", "diverged", "short", "unreadable"
"""States of a trial in a sweep besides those of attempts: before the first attempt, ended by a stop rule, ended by
divergence, done to a shorter horizon than that of the sweep, in a folder that may not be read."""


@dataclass(frozen=True)
class Desired:
    """The desired state of a trial: its horizon, and its metrics (as named in the sweep) with their networks.

    `sweep` owns the plan: rules may have stopped the trial for one sweep and not for another.
    """

    horizon_kimg: float
    metrics: tuple[str, ...] = ()
    detector: str = DETECTOR
    sweep: str = ALL
    distance: str = DISTANCE
    evaluation_seeds: int = 1
    probes: tuple[str, ...] = ()
    evaluate_every_kimg: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a trial stands. Fields about training refer to the last training attempt.

    `stops` has the reasons why rules of sweeps stopped the trial, `cancels` those of sweeps that cancelled it.
    `history` has all `attempts` except those that the backend refused.
    """

    state: State = State.PENDING
    attempts: int = 0
    kimg: float = 0.0
    saved_kimg: float = 0.0
    horizon_kimg: float = 0.0
    exit_code: int | None = None
    diverged: bool = False
    message: str = ""
    stops: Mapping[str, str] = field(default_factory=dict)
    cancels: Mapping[str, str] = field(default_factory=dict)
    history: tuple[AttemptSummary, ...] = ()


Seen = TypeVar("Seen", bound=Standing)


def wanted_of_plan(plan: PlanFile) -> dict[str, Desired]:
    """Return what a stored plan wants of each trial: sources first, each to the furthest moment that is asked for."""
    found: dict[str, Desired] = {}
    moments: dict[str, float] = {}
    for start in (run.start for run in plan.runs if run.start):
        moments[start.trial] = max(start.kimg, moments.get(start.trial, 0.0))
    for source in plan.sources:
        asked = source.metrics, source.detector, plan.sweep, source.distance, source.evaluation_seeds, source.probes
        found[source.trial] = Desired(source.horizon_kimg, *asked, source.evaluate_every_kimg)
    rest = plan.distance or DISTANCE, plan.evaluation_seeds, plan.probes, plan.evaluate_every_kimg
    for run in plan.cells:
        kimg = max(run.horizon_kimg, moments.get(run.trial, 0.0))
        found[run.trial] = Desired(kimg, plan.metrics, plan.detector or DETECTOR, plan.sweep, *rest)
    return found


def unless_cancelled(run: RunDir, attempt: int, state: State) -> State:
    """Return the state of an attempt: CANCELLED if it was interrupted and must not be resumed."""
    return State.CANCELLED if state in INTERRUPTED and is_cancelled(run, attempt) else state


def within_horizon(want: Desired, seen: Seen, is_incomplete: Callable[[Seen], bool]) -> Seen:
    """Return a trial cut off at the horizon: it was done there, whatever happened later.

    `is_incomplete` tells whether a trial that is done lacks a number that the sweep wants.
    """
    reached = max(attempt.from_kimg if _is_current(seen, attempt) else attempt.saved_kimg for attempt in seen.history)
    if not is_within(want.horizon_kimg, reached) or _is_own_evaluation(want, seen):
        return seen
    done = replace(seen, diverged=seen.diverged and is_within(seen.kimg, want.horizon_kimg))
    if seen.state is State.DONE:
        return replace(done, kimg=max(seen.kimg, reached))
    done = replace(done, state=State.DONE, kimg=reached, saved_kimg=reached, horizon_kimg=reached, message="")
    concerns_us = seen.state in ACTIVE or belongs_to(want, seen.history[-1])
    return seen if concerns_us and is_incomplete(done) else done


def _is_own_evaluation(want: Desired, seen: Standing) -> bool:
    """Return whether this sweep's own evaluation goes on: it ends a moment after its last number is recorded."""
    last = seen.history[-1]
    return seen.state in ACTIVE and last.work == "evaluate" and belongs_to(want, last)


def _is_current(seen: Standing, attempt: AttemptSummary) -> bool:
    return seen.state in ACTIVE and attempt is seen.history[-1]


def with_own_state(want: Desired, seen: Seen) -> Seen:
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


def _is_over(want: Desired, seen: Standing) -> bool:
    """Return whether a trial has all the training that this sweep wants, or diverged before."""
    return has_reached_horizon(want, seen) or (seen.state is State.DONE and seen.diverged)


def belongs_to(want: Desired, attempt: AttemptSummary) -> bool:
    """Return whether an attempt was submitted by this sweep, and for nothing that it no longer wants."""
    if want.sweep == ALL or attempt.sweep == ALL:
        return True
    wanted = requested(want.metrics, (want.detector, want.distance), want.probes)
    return attempt.sweep == want.sweep and attempt.requested <= wanted


def has_reached_horizon(want: Desired, seen: Standing) -> bool:
    """Return whether a trial is done up to the horizon of the sweep."""
    return seen.state is State.DONE and is_within(want.horizon_kimg, max(seen.kimg, seen.horizon_kimg))


def is_stopped(want: Desired, seen: Standing) -> bool:
    """Return whether a rule of the sweep has stopped a trial before its horizon."""
    return seen.state not in ACTIVE and want.sweep in seen.stops and not has_reached_horizon(want, seen)


def state_label(want: Desired, seen: Standing) -> str:
    """Return where a trial stands in a sweep: NEW, STOPPED, DIVERGED, SHORT, or the state of its attempts.

    `seen` is the trial from the point of view of the sweep.
    """
    if not seen.attempts:
        return NEW
    if is_stopped(want, seen):
        return STOPPED
    if seen.state in (State.DONE, State.RUNNING) and seen.diverged:  # it is about to end
        return DIVERGED
    is_short = seen.state is State.DONE and not has_reached_horizon(want, seen)
    return SHORT if is_short else seen.state.value
