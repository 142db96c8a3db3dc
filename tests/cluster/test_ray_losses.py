"""Sweeps on a real Ray cluster: undisturbed, and through the loss of workers, nodes and the driver."""

from pathlib import Path

import psutil
import pytest

from infra import daemons
from infra.ray.cluster import RayCluster
from infra.waiting import wait_until
from orchestrator.process import ProcessId
from tests.cluster.sweeps import SCRIPTED_WORKER, Sweeper, assert_whole, last_state
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


def _processes(*words: str) -> list[ProcessId]:
    """Return the processes with all of `words` in their command line."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if all(word in line for word in words):
            found.append(ProcessId.of(process.pid))
    return found


def test_lost_node_is_survived_by_running_on_another(ray_nodes: RayCluster, ray_sweeper: Sweeper) -> None:
    file = _begun(ray_sweeper)
    ray_nodes.kill("node2")
    _assert_finished(ray_sweeper, file)


def test_lost_driver_is_survived_by_the_same_command(ray_sweeper: Sweeper) -> None:
    file = _begun(ray_sweeper)
    daemons.kill(_processes("orchestrator.backends.ray_runner", str(ray_sweeper.store.root)))
    _assert_finished(ray_sweeper, file)


def test_killed_supervisors_and_workers_are_run_again(ray_sweeper: Sweeper) -> None:
    file = _begun(ray_sweeper)
    first, second = ray_sweeper.runs()
    daemons.kill(_processes("orchestrator.supervise", str(first.path)))
    daemons.kill(_processes(SCRIPTED_WORKER.name, str(second.path)))
    _assert_finished(ray_sweeper, file)


def test_stopping_a_sweep_saves_what_runs(ray_sweeper: Sweeper) -> None:
    file = _begun(ray_sweeper)
    ray_sweeper.begin(file).stop()
    wait_until(lambda: all(last_state(run) is State.PREEMPTED for run in ray_sweeper.runs()), 30, "the stop")
    _assert_finished(ray_sweeper, file)
