"""Stopping a sweep on a real Ray cluster. Tests that kill are in test_kills.py."""

from pathlib import Path

from infra.waiting import wait_until
from tests.cluster.sweeps import Sweeper, assert_whole, last_state
from trainer.files import read_lines
from trainer.record import State

HORIZON = 3.0


def _assert_finished(sweeper: Sweeper, file: Path) -> None:
    sweeper.let_go()
    sweeper.finish(file)
    for run in sweeper.runs():
        assert_whole(run, HORIZON)
        attempts = [row["attempt"] for row in read_lines(run.ticks)]
        assert attempts == sorted(attempts)


def test_stopping_a_sweep_saves_what_runs(ray_sweeper: Sweeper) -> None:
    file = ray_sweeper.begin_and_hold(2, HORIZON)
    ray_sweeper.begin(file).stop()
    wait_until(lambda: all(last_state(run) is State.PREEMPTED for run in ray_sweeper.runs()), 120, "the stop")
    _assert_finished(ray_sweeper, file)
