"""Stopping a sweep on a real Ray cluster. What is killed there is in test_kills.py."""

from pathlib import Path

import pytest

from infra.waiting import wait_until
from tests.cluster.sweeps import Sweeper, assert_whole, last_state
from trainer.record import State, read_lines

HORIZON = 3.0


@pytest.fixture(autouse=True)
def _slow_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a trial take about five seconds."""
    monkeypatch.setenv("ADASWEEP_STEP_SECONDS", "0.15")


def _begun(sweeper: Sweeper) -> Path:
    """Submit a sweep of two trials and return its file once both are past their first checkpoint."""
    file = sweeper.write(range(2), HORIZON)
    sweeper.begin(file)
    sweeper.wait_for_kimg(0.7, seconds=90)
    return file


def _assert_finished(sweeper: Sweeper, file: Path) -> None:
    sweeper.finish(file, seconds=120)
    for run in sweeper.runs():
        assert_whole(run, HORIZON)
        attempts = [row["attempt"] for row in read_lines(run.ticks)]
        assert attempts == sorted(attempts)


def test_stopping_a_sweep_saves_what_runs(ray_sweeper: Sweeper) -> None:
    file = _begun(ray_sweeper)
    ray_sweeper.begin(file).stop()
    wait_until(lambda: all(last_state(run) is State.PREEMPTED for run in ray_sweeper.runs()), 30, "the stop")
    _assert_finished(ray_sweeper, file)
