"""`adasweep watch` follows a sweep over the gaps in which nothing is queued or running."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.commands import status
from orchestrator.commands.status import QUIET_SECONDS, Snapshot
from orchestrator.plan.status import TrialStatus
from orchestrator.store.layout import Store
from tests.orchestrator.test_progress import STATUS
from trainer.config.plan_file import PlanFile, SampledPoints, SequentialRange

RUNNING = replace(STATUS, state="running")
WAITING = replace(STATUS, state="waiting")
DONE = replace(STATUS, state="done", left_seconds=0.0)
PLAN = PlanFile(sweep="s", cells=())
SEARCH = PLAN.model_copy(update={"search": SampledPoints(space="", points=())})
UNDECIDED = PLAN.model_copy(update={"sequential": SequentialRange(least=2, most=3)})
DECIDED = PLAN.model_copy(update={"sequential": SequentialRange(least=2, most=3, decided=True)})


class Clock:
    """A clock that only `sleep` moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("plan", "shown", "seconds"),
    [
        (PLAN, [RUNNING, WAITING, WAITING, RUNNING, DONE], 8.0),
        (PLAN, [RUNNING, DONE], 2.0),
        (PLAN, [WAITING], 0.0),
        (PLAN, [DONE], 0.0),
        (PLAN, [RUNNING, WAITING], QUIET_SECONDS + 2.0),
        (SEARCH, [RUNNING, DONE, DONE, RUNNING, DONE], 6.0 + QUIET_SECONDS + 2.0),
        (UNDECIDED, [RUNNING, DONE, RUNNING, DONE], 4.0 + QUIET_SECONDS + 2.0),
        (DECIDED, [RUNNING, DONE, RUNNING], 2.0),
        (SEARCH, [DONE], 0.0),
    ],
)
def test_watching_ends_when_all_is_over_or_nothing_has_run_for_a_minute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plan: PlanFile, shown: list[TrialStatus], seconds: float
) -> None:
    clock, snapshots = Clock(), lasting(plan, shown)
    monkeypatch.setattr(status, "time", clock)
    monkeypatch.setattr(status, "_snapshot", lambda *_: next(snapshots))
    assert len(list(status._polled(Store(tmp_path), "s"))) == seconds / status.WATCH_SECONDS + 1
    assert clock.now == 1000.0 + seconds


def lasting(plan: PlanFile, shown: Sequence[TrialStatus]) -> Iterator[Snapshot]:
    """Yield what is seen of a sweep of one trial, the last for ever."""
    for one in itertools.chain(shown, itertools.repeat(shown[-1])):
        yield Snapshot({"s": [one]}, {"s": plan}, [])
