"""Decides what each trial of a plan needs: a pure function of desired state, observed state and rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from orchestrator.plan.desired import missing_numbers, never_recorded
from orchestrator.plan.sweep_view import sweep_view
from orchestrator.store.observe import Observed
from trainer.config.job import Work
from trainer.config.stored import is_within
from trainer.errors import ExitCode
from trainer.record import State
from trainer.recording.sweep_state import Desired, has_reached_horizon, is_stopped


class Action(StrEnum):
    """What a trial needs."""

    NEW = "new"
    EXTEND = "extend"
    RESUME = "resume"
    EVALUATE = "evaluate"
    REUSE = "reuse"
    LEAVE = "leave"
    WAIT = "wait"
    BLOCKED = "blocked"
    STOPPED = "stopped"


SUBMITTED = frozenset({Action.NEW, Action.EXTEND, Action.RESUME, Action.EVALUATE})
"""The actions that submit a job."""

SETTLED = frozenset({Action.REUSE, Action.BLOCKED, Action.STOPPED})
"""The actions after which nothing more will be done about a trial."""

TO_RUN = SUBMITTED | {Action.WAIT}
"""The actions that need a job now, or once a source is there."""


@dataclass(frozen=True)
class Rules:
    """When to stop retrying a trial automatically."""

    failures_allowed: int = 2
    stalls_allowed: int = 10


RULES = Rules()


class Decision(NamedTuple):
    """The action for a trial, its reason, the training range, and the kind of attempt.

    `is_incomplete`: metrics are missing and cannot be computed now.
    """

    action: Action
    reason: str
    from_kimg: float = 0.0
    to_kimg: float = 0.0
    work: Work = "train"
    is_incomplete: bool = False

    @property
    def kimg(self) -> float:
        """Return how much training this takes, in thousands of images."""
        return max(0.0, self.to_kimg - self.from_kimg) if self.action in TO_RUN else 0.0


Decider = Callable[["Desired", Observed, Rules], Decision]
"""Decides about one trial: `decide_one` or `decide_metrics`."""


def decide(
    wanted: Mapping[str, Desired], observed: Mapping[str, Observed], rules: Rules, decider: "Decider | None" = None
) -> dict[str, Decision]:
    """Return the decision for every wanted trial, by `decide_one` unless another `decider` is given."""
    decider = decider or decide_one
    return {trial: decider(want, observed[trial], rules) for trial, want in wanted.items()}


def decide_one(want: Desired, seen: Observed, rules: Rules) -> Decision:
    """Return the decision for one trial, from the point of view of the sweep that wants it."""
    if not seen.attempts:
        return Decision(Action.NEW, "never run", 0.0, want.horizon_kimg)
    seen = sweep_view(want, seen)
    if seen.state in (State.RUNNING, State.PENDING):
        return _in_progress(seen)
    if is_stopped(want, seen):
        return Decision(Action.STOPPED, seen.stops[want.sweep])
    if seen.state is State.DONE:
        return _done(want, seen, rules)
    return _ended_early(want, seen, rules)


def _in_progress(seen: Observed) -> Decision:
    if seen.state is State.PENDING:
        return Decision(Action.LEAVE, silence(seen) if is_silent(seen) else "queued")
    where = f" on {seen.host}" if seen.host else ""
    return Decision(Action.LEAVE, f"running{where}, at {seen.kimg:g} kimg")


def is_silent(seen: Observed) -> bool:
    """Return whether a trial began, sends no heartbeats any more, and its backend has not ended its job."""
    began = bool(seen.history) and seen.history[-1].state is State.RUNNING
    return seen.state is State.PENDING and began and seen.beat_age_seconds is not None


def silence(seen: Observed) -> str:
    """Return since when a silent trial is silent, and what it may be."""
    where = f" on {seen.host}" if seen.host else ""
    return f"queued again, or suspended{where}: no heartbeat for {seen.beat_age_seconds:.0f} s, its job has not ended"


def _done(want: Desired, seen: Observed, rules: Rules) -> Decision:
    missing = missing_numbers(want, seen)
    if seen.diverged and not (missing and seen.measured.snapshots):
        return Decision(Action.REUSE, seen.message or f"diverged at {seen.kimg:g} kimg")
    reached = max(seen.kimg, seen.horizon_kimg)
    if not has_reached_horizon(want, seen) and not seen.diverged:
        done = f"done to {reached:g} of {want.horizon_kimg:g} kimg"
        return _continued(Decision(Action.EXTEND, done, reached, want.horizon_kimg), seen)
    if not missing:
        return Decision(Action.REUSE, f"done at {reached:g} kimg")
    return evaluation(missing, want, seen, rules)


def _ended_early(want: Desired, seen: Observed, rules: Rules) -> Decision:
    if seen.saved_kimg >= want.horizon_kimg and not missing_numbers(want, seen):
        return Decision(Action.REUSE, f"reached {seen.saved_kimg:g} kimg")
    resume = _continued(Decision(Action.RESUME, _ending(seen), seen.saved_kimg, want.horizon_kimg), seen)
    if seen.retried:
        return resume
    if seen.state is State.CANCELLED:
        return Decision(Action.BLOCKED, "cancelled; to resume it, run: adasweep retry")
    retryable = seen.state is not State.FAILED or seen.exit_code != ExitCode.USER_ERROR
    if not retryable or seen.failures >= rules.failures_allowed:
        return Decision(
            Action.BLOCKED, f"{_ending(seen)} (attempt {seen.attempts}); after fixing it, run: adasweep retry"
        )
    if seen.stalls >= rules.stalls_allowed:
        return Decision(Action.BLOCKED, f"no progress in {seen.stalls} attempts ({_ending(seen)}); see: adasweep logs")
    return resume


def _continued(decision: Decision, seen: Observed) -> Decision:
    """Return a decision to train on, from the newest checkpoint that is there; without one, the trial starts anew."""
    start = min(decision.from_kimg, seen.checkpoint_kimg)
    if start > 0 or decision.from_kimg <= 0:
        return decision._replace(from_kimg=start)
    return decision._replace(reason=f"{decision.reason}; starts anew: its checkpoints are not here", from_kimg=0.0)


def _ending(seen: Observed) -> str:
    endings = {State.LOST: "its worker vanished", State.PREEMPTED: "was interrupted", State.CANCELLED: "was cancelled"}
    text = endings.get(seen.state) or f"failed: {seen.message or f'exit code {seen.exit_code}'}"
    return f"{text} at {seen.kimg:g} kimg"


def evaluation(missing: list[str], want: Desired, seen: Observed, rules: Rules) -> Decision:
    """Return what to do about missing metrics and probes: compute them, or block after too many failures.

    If a snapshot exists, this is an evaluation; otherwise training is resumed at its end and evaluates there.
    Metrics at an earlier point of a trial that was trained further cannot be computed without a snapshot.
    """
    reached = max(seen.kimg, seen.horizon_kimg)
    within = [kimg for kimg in seen.measured.snapshots if is_within(kimg, want.horizon_kimg)]
    if not within and not is_within(reached, want.horizon_kimg):
        seeds = f" with {want.evaluation_seeds} evaluation seeds" if want.evaluation_seeds > 1 else ""
        lost = f"there is no snapshot up to {want.horizon_kimg:g} kimg to measure {', '.join(missing)}{seeds}"
        return Decision(Action.REUSE, f"done at {reached:g} kimg, but {lost}", is_incomplete=True)
    obstacle = "" if seen.retried else _obstacle(missing, want, seen, rules)
    if obstacle:
        return Decision(Action.BLOCKED, f"{obstacle}; see: adasweep logs; after fixing it, run: adasweep retry")
    work: Work = "evaluate" if within else "train"
    decision = Decision(Action.EVALUATE, f"done, but without {', '.join(missing)}", reached, reached, work)
    return decision if work == "evaluate" else _continued(decision, seen)


def _obstacle(missing: list[str], want: Desired, seen: Observed, rules: Rules) -> str:
    """Return why missing metrics are not retried automatically, or ""."""
    ended = seen.measured.evaluations
    if ended.last is State.CANCELLED:
        return "its evaluation was cancelled"
    if not ended.retryable or ended.failures >= rules.failures_allowed:
        return f"its evaluation failed: {ended.message} (attempt {seen.attempts})"
    if ended.stalls >= rules.stalls_allowed:
        return f"no evaluation ended in {ended.stalls} attempts"
    stuck = [name for name in missing if name in want.metrics and never_recorded(name, want, seen)]
    if ended.last is State.DONE:
        stuck = missing
    tried = stuck and set(stuck) <= seen.measured.requested and seen.measured.requested_seeds >= want.evaluation_seeds
    if tried and ended.last in (None, State.DONE):
        return f"attempt {seen.attempts} should have measured {', '.join(stuck)} but recorded nothing"
    return ""
