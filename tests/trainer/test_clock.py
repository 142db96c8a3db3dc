"""A clock that is set during a run changes neither how long an attempt took nor when its heart beats."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from trainer.record import RunDir, RunRecord, State, read_record
from trainer.recording.clock import ClockSteps
from trainer.recording.fence import Fence
from trainer.recording.reporter import HEARTBEAT_SECONDS, Reporter

HOUR = 3600.0


@dataclass
class FakeClock:
    """A machine whose clock can be set: `wall` in Unix seconds, `passed` in seconds."""

    wall: float = 1.7e9
    passed: float = 0.0

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.passed += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def reporter(clock: FakeClock, tmp_path: Path) -> Reporter:
    run = RunDir(tmp_path)
    record = RunRecord(
        attempt=1,
        state=State.RUNNING,
        kimg=0.0,
        horizon_kimg=1.0,
        began=clock.wall - 2,
        started=clock.wall,
        updated=clock.wall,
        host="here",
        pid=1,
    )
    return Reporter(run, record, Fence(run.lease, 1), ClockSteps(lambda: clock.wall, lambda: clock.passed))


@pytest.mark.parametrize("hours", [-5.0, 5.0])
def test_moments_of_a_record_move_with_the_clock(reporter: Reporter, clock: FakeClock, hours: float) -> None:
    began = clock.wall
    clock.wait(10)
    reporter.update(ready=clock.wall)
    clock.wall += hours * HOUR
    clock.wait(20)
    reporter.update()
    found = read_record(reporter.run.record(1))
    assert found is not None
    assert (found.began, found.started, found.ready) == (
        began - 2 + hours * HOUR,
        began + hours * HOUR,
        began + 10 + hours * HOUR,
    )


def test_drift_and_time_that_passes_are_no_step(clock: FakeClock) -> None:
    steps = ClockSteps(lambda: clock.wall, lambda: clock.passed)
    clock.wait(5 * HOUR)
    clock.wall += 1
    assert steps.since_last() == 0
    clock.wall -= 100
    assert (steps.since_last(), steps.since_last()) == (-99, 0)


def test_the_heart_beats_on_although_the_clock_was_set_back(reporter: Reporter, clock: FakeClock) -> None:
    reporter.update()
    clock.wall -= 5 * HOUR
    clock.wait(HEARTBEAT_SECONDS)
    reporter.pulse(kimg=0.5)
    found = read_record(reporter.run.record(1))
    assert found is not None
    assert found.kimg == 0.5
    clock.wait(HEARTBEAT_SECONDS / 2)
    reporter.pulse(kimg=0.75)
    assert reporter.record.kimg == 0.5
