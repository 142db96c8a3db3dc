"""Decides what each trial needs when only metrics are wanted: evaluate its snapshots, without training."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import inf

from orchestrator.plan.decide import Action, Decision, Rules, evaluation
from orchestrator.plan.desired import missing_numbers
from orchestrator.plan.sweep_view import sweep_view
from orchestrator.store.observe import Observed
from trainer.errors import counted
from trainer.record import State
from trainer.recording.sweep_state import Desired


def decide_metrics(want: Desired, seen: Observed, rules: Rules) -> Decision:
    """Return the decision for one trial: EVALUATE if a snapshot lacks a metric, LEAVE while that runs."""
    anywhere = replace(want, horizon_kimg=inf)
    seen = sweep_view(anywhere, seen)
    if seen.state in (State.RUNNING, State.PENDING) and seen.attempts:
        return _in_progress(seen)
    if not seen.measured.snapshots:
        return _left("never run" if not seen.attempts else "has no snapshots")
    missing = missing_numbers(anywhere, seen)
    count = len(seen.measured.snapshots)
    if not missing:
        return Decision(Action.REUSE, f"measured: {counted(count, 'snapshot')}")
    decision = evaluation(missing, anywhere, seen, rules)
    if decision.action is Action.BLOCKED:
        return decision
    return decision._replace(reason=f"{', '.join(missing)} of {counted(count, 'snapshot')}")


def not_measured(decisions: Iterable[Decision]) -> list[str]:
    """Return how many trials will not be measured, by the reason, although they are not measured yet."""
    left = Counter(one.reason for one in decisions if one.action is Action.REUSE and one.is_incomplete)
    return [
        f"{count} {'trial is' if count == 1 else 'trials are'} not measured: {reason}" for reason, count in left.items()
    ]


def _in_progress(seen: Observed) -> Decision:
    if seen.last_work == "train":
        return _left(f"in training, at {seen.kimg:g} kimg; run again when it is done")
    waiting = seen.state is State.PENDING
    return Decision(Action.LEAVE, "evaluation queued" if waiting else f"evaluation running on {seen.host}")


def _left(reason: str) -> Decision:
    """Return that a trial is left as it is, without the metrics."""
    return Decision(Action.REUSE, reason, is_incomplete=True)
