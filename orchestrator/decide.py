"""What to do about each trial of a plan: a pure decision over what is wanted, what is observed, and the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from orchestrator.observe import Observed
from trainer.config.metrics import parse_metric, value_names
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
class Wanted:
    """What a plan wants of a trial: how far, and which metrics (as a sweep names them) of which detector.

    `sweep` is whose plan it is: rules may have stopped the trial for one sweep, and not for another.
    """

    horizon_kimg: float
    metrics: tuple[str, ...] = ()
    detector: str = "lite0"
    sweep: str = ""


@dataclass(frozen=True)
class Rules:
    """When to give up on a trial by itself."""

    failures_allowed: int = 2
    stalls_allowed: int = 10


class Decision(NamedTuple):
    """What to do about a trial, why, and from where to where it would train."""

    action: Action
    reason: str
    from_kimg: float = 0.0
    to_kimg: float = 0.0

    @property
    def kimg(self) -> float:
        """Return how much training this takes, in thousands of images."""
        return max(0.0, self.to_kimg - self.from_kimg) if self.action in SUBMITTED else 0.0


def decide(wanted: Mapping[str, Wanted], observed: Mapping[str, Observed], rules: Rules) -> dict[str, Decision]:
    """Return the decision for every wanted trial."""
    return {trial: decide_one(want, observed[trial], rules) for trial, want in wanted.items()}


def decide_one(want: Wanted, seen: Observed, rules: Rules) -> Decision:
    """Return the decision for one trial."""
    if not seen.attempts:
        return Decision(Action.NEW, "never run", 0.0, want.horizon_kimg)
    if seen.state in (State.RUNNING, State.PENDING):
        return _under_way(seen)
    if want.sweep in seen.stops and not _is_there(want, seen):
        return Decision(Action.STOPPED, seen.stops[want.sweep])
    if seen.state is State.DONE:
        return _done(want, seen)
    return _ended_early(want, seen, rules)


def _under_way(seen: Observed) -> Decision:
    if seen.state is State.PENDING:
        return Decision(Action.LEAVE, "queued")
    where = f" on {seen.host}" if seen.host else ""
    return Decision(Action.LEAVE, f"running{where}, at {seen.kimg:g} kimg")


def _is_there(want: Wanted, seen: Observed) -> bool:
    return seen.state is State.DONE and max(seen.kimg, seen.horizon_kimg) >= want.horizon_kimg


def _done(want: Wanted, seen: Observed) -> Decision:
    if seen.diverged:
        return Decision(Action.REUSE, seen.message or f"diverged at {seen.kimg:g} kimg")
    reached = max(seen.kimg, seen.horizon_kimg)
    if not _is_there(want, seen):
        return Decision(Action.EXTEND, f"done to {reached:g} of {want.horizon_kimg:g} kimg", reached, want.horizon_kimg)
    missing = missing_metrics(want, seen.metrics)
    if not missing:
        return Decision(Action.REUSE, f"done at {reached:g} kimg")
    if set(missing) <= seen.asked and not seen.forgiven:
        told = f"attempt {seen.attempts} was asked for {', '.join(missing)} and recorded nothing"
        return Decision(Action.BLOCKED, f"{told}; see: adasweep logs; when put right: adasweep retry")
    return Decision(Action.EVALUATE, f"done, but without {', '.join(missing)}", reached, reached)


def _ended_early(want: Wanted, seen: Observed, rules: Rules) -> Decision:
    if seen.saved_kimg >= want.horizon_kimg and not missing_metrics(want, seen.metrics):
        return Decision(Action.REUSE, f"reached {seen.saved_kimg:g} kimg")
    resume = Decision(Action.RESUME, _ending(seen), seen.saved_kimg, want.horizon_kimg)
    if seen.forgiven:
        return resume
    if seen.state is State.CANCELLED:
        return Decision(Action.BLOCKED, "cancelled; bring it back with: adasweep retry")
    hopeless = seen.state is State.FAILED and seen.exit_code == 2
    if hopeless or seen.failures >= rules.failures_allowed:
        return Decision(Action.BLOCKED, f"{_ending(seen)} (attempt {seen.attempts}); when put right: adasweep retry")
    if seen.stalls >= rules.stalls_allowed:
        return Decision(Action.BLOCKED, f"no progress in {seen.stalls} attempts ({_ending(seen)}); see: adasweep logs")
    return resume


def _ending(seen: Observed) -> str:
    told = {State.LOST: "its worker vanished", State.PREEMPTED: "was interrupted", State.CANCELLED: "was cancelled"}
    text = told.get(seen.state) or f"failed: {seen.message or f'exit code {seen.exit_code}'}"
    return f"{text} at {seen.kimg:g} kimg"


def missing_metrics(want: Wanted, recorded: Mapping[str, float]) -> list[str]:
    """Return the wanted metrics of which a number was never recorded."""
    return [name for name in want.metrics if not set(value_names(parse_metric(name), want.detector)) <= recorded.keys()]
