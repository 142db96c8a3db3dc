"""The decision table: from what is planned and observed to an action."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.plan.decide import Action, Decision, Rules, decide_one
from orchestrator.plan.decide_evaluation import decide_metrics
from orchestrator.store.evaluation_attempts import NO_EVALUATIONS, Evaluations
from orchestrator.store.observe import NEVER, Measurements, Observed
from trainer.record import State
from trainer.recording.attempt_history import AttemptSummary
from trainer.recording.sweep_state import Desired

WANT = Desired(8.0, ("fid2k", "pr2k"), "lite0")
FID = {"fid2k-lite0": 8.0}
ALL = FID | {"pr2k_precision-lite0": 8.0, "pr2k_recall-lite0": 8.0}
NUMBERS = frozenset((name, 0) for name in ALL)
KEPT = {8.0: NUMBERS}
REQUESTED = frozenset(WANT.metrics)
ENDED, CUT_SHORT = Evaluations(State.DONE), Evaluations(State.PREEMPTED, 0, 1)
BROKEN = Evaluations(State.FAILED, 1, 1, False, "no file")
TIRED, CANCELLED = Evaluations(State.LOST, 0, 5), Evaluations(State.CANCELLED, 0, 1)
RULES = Rules(failures_allowed=2, stalls_allowed=5)


def seen(state: State, kimg: float = 8.0, **more: Any) -> Observed:
    """Return a trial after one attempt; fields of `Measurements` may be given like those of the trial."""
    numbers = {name: more.pop(name) for name in ("metrics", "snapshots", "requested") if name in more}
    evaluations = more.pop("evaluated", NO_EVALUATIONS)
    of_training = {"saved_kimg": kimg, "horizon_kimg": 8.0, **more}
    return Observed(
        state=state, attempts=1, kimg=kimg, measured=Measurements(evaluations=evaluations, **numbers), **of_training
    )


CASES = [
    (NEVER, Action.NEW, "never run"),
    (seen(State.PENDING), Action.LEAVE, "queued"),
    (
        seen(State.PENDING, history=(AttemptSummary(1, state=State.PREEMPTED),), beat_age_seconds=9),
        Action.LEAVE,
        "queued",
    ),
    (
        seen(State.PENDING, history=(AttemptSummary(1, state=State.RUNNING),), beat_age_seconds=90, host="n1"),
        Action.LEAVE,
        "queued again, or suspended on n1: no heartbeat for 90 s, its job has not ended",
    ),
    (seen(State.RUNNING, 3.0, host="n1"), Action.LEAVE, "running on n1, at 3 kimg"),
    (seen(State.DONE, metrics=ALL), Action.REUSE, "done at 8 kimg"),
    (seen(State.DONE, 12.0, metrics=ALL, horizon_kimg=12.0), Action.REUSE, "done at 12 kimg"),
    (seen(State.DONE, 7.99, metrics=ALL), Action.REUSE, "done at 8 kimg"),
    (seen(State.DONE, 4.0, metrics=ALL, horizon_kimg=4.0), Action.EXTEND, "done to 4 of 8 kimg"),
    (seen(State.DONE, metrics=FID), Action.EVALUATE, "done, but without pr2k"),
    (
        seen(State.DONE, metrics={"fid2k-inception": 8.0} | ALL, requested=frozenset(WANT.metrics)),
        Action.REUSE,
        "done at",
    ),
    (
        seen(State.DONE, metrics=FID, requested=frozenset(WANT.metrics)),
        Action.BLOCKED,
        "should have measured pr2k but recorded",
    ),
    (seen(State.DONE, metrics=ALL, snapshots=KEPT), Action.REUSE, "done at 8 kimg"),
    (seen(State.DONE, metrics=ALL, snapshots=KEPT | {4.0: frozenset()}), Action.EVALUATE, "without fid2k, pr2k"),
    (seen(State.DONE, 12.0, metrics=ALL, snapshots=KEPT | {12.0: frozenset()}), Action.REUSE, "done at"),
    (
        seen(State.DONE, metrics=FID, requested=REQUESTED, snapshots=KEPT, evaluated=ENDED),
        Action.BLOCKED,
        "recorded nothing",
    ),
    (
        seen(State.DONE, metrics=FID, requested=REQUESTED, snapshots=KEPT, evaluated=CUT_SHORT),
        Action.EVALUATE,
        "without pr2k",
    ),
    (
        seen(State.DONE, metrics=FID, snapshots=KEPT, evaluated=BROKEN),
        Action.BLOCKED,
        "evaluation failed: no file",
    ),
    (
        seen(State.DONE, metrics=FID, snapshots=KEPT, evaluated=BROKEN, retried=True),
        Action.EVALUATE,
        "without",
    ),
    (seen(State.DONE, metrics=FID, snapshots=KEPT, evaluated=TIRED), Action.BLOCKED, "no evaluation ended in 5"),
    (seen(State.DONE, metrics=FID, snapshots=KEPT, evaluated=CANCELLED), Action.BLOCKED, "evaluation was cancelled"),
    (seen(State.DONE, 3.0, diverged=True, snapshots={2.0: frozenset()}), Action.EVALUATE, "without fid2k, pr2k"),
    (seen(State.DONE, 3.0, diverged=True, message="diverged at 3 kimg: nan"), Action.REUSE, "diverged at 3 kimg: nan"),
    (seen(State.PREEMPTED, 3.0), Action.RESUME, "was interrupted at 3 kimg"),
    (seen(State.PREEMPTED, 9.0, metrics=ALL), Action.REUSE, "reached 9 kimg"),
    (seen(State.PREEMPTED, 9.0, metrics=FID), Action.RESUME, "was interrupted at 9 kimg"),
    (seen(State.LOST, 3.0), Action.RESUME, "its worker vanished at 3 kimg"),
    (seen(State.LOST, 3.0, stalls=5), Action.BLOCKED, "no progress in 5 attempts"),
    (seen(State.FAILED, 3.0, failures=1, message="nan", exit_code=1), Action.RESUME, "failed: nan at 3 kimg"),
    (
        seen(State.FAILED, 3.0, failures=2, message="nan", exit_code=1),
        Action.BLOCKED,
        "after fixing it, run: adasweep retry",
    ),
    (seen(State.FAILED, 0.0, failures=1, message="no data", exit_code=2), Action.BLOCKED, "failed: no data"),
    (seen(State.FAILED, 3.0, exit_code=2, retried=True), Action.RESUME, "failed: exit code 2"),
    (seen(State.CANCELLED, 3.0), Action.BLOCKED, "cancelled; to resume it, run: adasweep retry"),
    (seen(State.CANCELLED, 3.0, retried=True), Action.RESUME, "was cancelled at 3 kimg"),
]


@pytest.mark.parametrize(("observed", "action", "reason"), CASES, ids=[f"{c[1].value}: {c[2]}" for c in CASES])
def test_decision(observed: Observed, action: Action, reason: str) -> None:
    decision = decide_one(WANT, observed, RULES)
    assert decision.action is action
    assert reason in decision.reason


@pytest.mark.parametrize(
    ("observed", "kimg"),
    [
        (NEVER, 8.0),
        (seen(State.DONE, 4.0, metrics=ALL, horizon_kimg=4.0), 4.0),
        (seen(State.LOST, 5.0, saved_kimg=2.0), 6.0),
        (seen(State.DONE, metrics=FID), 0.0),
        (seen(State.DONE, metrics=ALL), 0.0),
    ],
)
def test_a_decision_knows_how_much_training_it_takes(observed: Observed, kimg: float) -> None:
    assert decide_one(WANT, observed, RULES).kimg == kimg


def test_an_evaluation_needs_snapshots_else_training_is_taken_up_at_its_end() -> None:
    assert decide_one(WANT, seen(State.DONE, metrics=FID, snapshots=KEPT), RULES).work == "evaluate"
    assert decide_one(WANT, seen(State.DONE, metrics=FID), RULES).work == "train"


def test_more_evaluation_seeds_are_missing_numbers() -> None:
    wanted = replace(WANT, evaluation_seeds=2)
    decision = decide_one(
        wanted, seen(State.DONE, metrics=ALL, snapshots=KEPT, requested=REQUESTED, evaluated=ENDED), RULES
    )
    assert decision.action is Action.EVALUATE


@pytest.mark.parametrize(
    ("observed", "action", "reason"),
    [
        (NEVER, Action.REUSE, "never run"),
        (seen(State.DONE, metrics=ALL), Action.REUSE, "has no snapshots"),
        (seen(State.RUNNING, 3.0), Action.REUSE, "in training, at 3 kimg"),
        (seen(State.RUNNING, 3.0, last_work="evaluate", host="n1"), Action.LEAVE, "evaluation running on n1"),
        (seen(State.DONE, metrics=ALL, snapshots=KEPT), Action.REUSE, "measured: 1 snapshot"),
        (seen(State.DONE, 12.0, metrics=ALL, snapshots=KEPT | {12.0: frozenset()}), Action.EVALUATE, "of 2 snapshots"),
        (seen(State.PREEMPTED, 3.0, snapshots={2.0: frozenset()}), Action.EVALUATE, "fid2k, pr2k of 1"),
        (seen(State.DONE, snapshots={2.0: frozenset()}, evaluated=BROKEN), Action.BLOCKED, "no file"),
    ],
)
def test_when_only_numbers_are_wanted(observed: Observed, action: Action, reason: str) -> None:
    decision = decide_metrics(WANT, observed, RULES)
    assert decision.action is action
    assert reason in decision.reason


def test_every_state_is_decided() -> None:
    for state in State:
        assert isinstance(decide_one(WANT, seen(state), RULES), Decision)
