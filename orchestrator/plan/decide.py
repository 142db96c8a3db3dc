"""Decides what each trial of a plan needs: a pure function of what is wanted, what is observed, and the rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from orchestrator.plan.desired import Desired, missing_numbers, never_recorded
from orchestrator.plan.sweep_view import sweep_view
from orchestrator.store.observe import Observed
from trainer.config.job import Work
from trainer.config.stored import is_within
from trainer.errors import ExitCode
from trainer.record import State


class Action(StrEnum):
    """What a trial needs."""

    NEW = "new"
    EXTEND = "extend"
    RESUME = "resume"
    EVALUATE = "evaluate"
    REUSE = "reuse"
    LEAVE = "leave"
    BLOCKED = "blocked"
    STOPPED = "stopped"


SUBMITTED = frozenset({Action.NEW, Action.EXTEND, Action.RESUME, Action.EVALUATE})
"""The actions that need a job."""


@dataclass(frozen=True)
class Rules:
    """When to give up on a trial by itself."""

    failures_allowed: int = 2
    stalls_allowed: int = 10


class Decision(NamedTuple):
    """What to do about a trial, why, from where to where it would train, and what kind of attempt that takes.

    `is_incomplete` tells that nothing can be done about numbers that are missing.
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
        return max(0.0, self.to_kimg - self.from_kimg) if self.action in SUBMITTED else 0.0


Decider = Callable[["Desired", Observed, Rules], Decision]
"""What is done about one trial: `decide_one`, or another such function."""


def decide(
    wanted: Mapping[str, Desired], observed: Mapping[str, Observed], rules: Rules, decider: "Decider | None" = None
) -> dict[str, Decision]:
    """Return the decision for every wanted trial, by `decide_one` unless told otherwise."""
    decider = decider or decide_one
    return {trial: decider(want, observed[trial], rules) for trial, want in wanted.items()}


def decide_one(want: Desired, seen: Observed, rules: Rules) -> Decision:
    """Return the decision for one trial, as the sweep that wants it sees it."""
    if not seen.attempts:
        return Decision(Action.NEW, "never run", 0.0, want.horizon_kimg)
    seen = sweep_view(want, seen)
    if seen.state in (State.RUNNING, State.PENDING):
        return _under_way(seen)
    if want.sweep in seen.stops and not _is_there(want, seen):
        return Decision(Action.STOPPED, seen.stops[want.sweep])
    if seen.state is State.DONE:
        return _done(want, seen, rules)
    return _ended_early(want, seen, rules)


def _under_way(seen: Observed) -> Decision:
    if seen.state is State.PENDING:
        return Decision(Action.LEAVE, "queued")
    where = f" on {seen.host}" if seen.host else ""
    return Decision(Action.LEAVE, f"running{where}, at {seen.kimg:g} kimg")


def _is_there(want: Desired, seen: Observed) -> bool:
    return seen.state is State.DONE and max(seen.kimg, seen.horizon_kimg) >= want.horizon_kimg


def _done(want: Desired, seen: Observed, rules: Rules) -> Decision:
    missing = missing_numbers(want, seen)
    if seen.diverged and not (missing and seen.measured.snapshots):
        return Decision(Action.REUSE, seen.message or f"diverged at {seen.kimg:g} kimg")
    reached = max(seen.kimg, seen.horizon_kimg)
    if not _is_there(want, seen) and not seen.diverged:
        return Decision(Action.EXTEND, f"done to {reached:g} of {want.horizon_kimg:g} kimg", reached, want.horizon_kimg)
    if not missing:
        return Decision(Action.REUSE, f"done at {reached:g} kimg")
    return evaluation(missing, want, seen, rules)


def _ended_early(want: Desired, seen: Observed, rules: Rules) -> Decision:
    if seen.saved_kimg >= want.horizon_kimg and not missing_numbers(want, seen):
        return Decision(Action.REUSE, f"reached {seen.saved_kimg:g} kimg")
    resume = Decision(Action.RESUME, _ending(seen), seen.saved_kimg, want.horizon_kimg)
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


def _ending(seen: Observed) -> str:
    told = {State.LOST: "its worker vanished", State.PREEMPTED: "was interrupted", State.CANCELLED: "was cancelled"}
    text = told.get(seen.state) or f"failed: {seen.message or f'exit code {seen.exit_code}'}"
    return f"{text} at {seen.kimg:g} kimg"


def evaluation(missing: list[str], want: Desired, seen: Observed, rules: Rules) -> Decision:
    """Return what to do about missing numbers: measure them, or leave it after too many failures.

    Where a snapshot is kept, that is an evaluation; else the training is taken up at its end, and evaluates there.
    What lies before the end of a trial that was trained further, and was not kept, cannot be measured any more.
    """
    reached = max(seen.kimg, seen.horizon_kimg)
    within = [kimg for kimg in seen.measured.snapshots if is_within(kimg, want.horizon_kimg)]
    if not within and not is_within(reached, want.horizon_kimg):
        lost = f"no snapshot up to {want.horizon_kimg:g} kimg is kept to measure {', '.join(missing)}"
        return Decision(Action.REUSE, f"done at {reached:g} kimg, but {lost}", is_incomplete=True)
    why_not = "" if seen.retried else _given_up(missing, want, seen, rules)
    if why_not:
        return Decision(Action.BLOCKED, f"{why_not}; see: adasweep logs; after fixing it, run: adasweep retry")
    work: Work = "evaluate" if within else "train"
    return Decision(Action.EVALUATE, f"done, but without {', '.join(missing)}", reached, reached, work)


def _given_up(missing: list[str], want: Desired, seen: Observed, rules: Rules) -> str:
    """Return why nothing more is tried by itself, or nothing."""
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
    told = stuck and set(stuck) <= seen.measured.requested and seen.measured.requested_seeds >= want.evaluation_seeds
    if told and ended.last in (None, State.DONE):
        return f"attempt {seen.attempts} was asked for {', '.join(stuck)} and recorded nothing"
    return ""
