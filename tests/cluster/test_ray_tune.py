"""A search by Ray Tune on a real cluster: undisturbed, and after killing every process that drives it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.daemons import session
from infra.ray.cluster import RayCluster
from infra.waiting import wait_until
from orchestrator.store.process_id import ProcessId
from tests.cluster.sweeps import Sweeper, last_state, processes_with, reached
from tests.orchestrator.attempts import workers_of
from trainer.record import RunDir, State

SEARCH = """
sweep: tuned
base: {preset: cifar, data: ./images}
seeds: [25]
horizon_kimg: 3
metrics: [fid2k]
resources: {cpus: 1, memory_gib: 0.3}
stop: {type: asha, first_kimg: 0.5, factor: 2}
watch: {evaluate_every_kimg: 0.5}
search:
  driver: ray_tune
  sampler: random
  seed: 147  # the first two configurations are better than all that can follow, so ASHA has to stop some
  trials: 4
  parallel: 2
  space: {objective.r1_gamma: {log_uniform: [0.001, 1000]}}
"""


def gamma(run: RunDir) -> float:
    return float(json.loads(run.trial.read_text())["config"]["objective"]["r1_gamma"])


def command(sweeper: Sweeper) -> "subprocess.Popen[str]":
    sweeper.write(range(1), 1.0)
    file = sweeper.folder / "tuned.yaml"
    file.write_text(SEARCH)
    words = [sys.executable, "-m", "orchestrator", "run", str(file), "--backend", "ray", "--no-record"]
    words += ["--store", str(sweeper.store.root)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_searched(sweeper: Sweeper, launcher: "subprocess.Popen[str]") -> None:
    """Assert that there are four trials, that the best is done, and that the others report why they are not."""
    _, printed = launcher.communicate(timeout=400)
    assert launcher.returncode == 0, printed
    runs = sorted(sweeper.runs(), key=gamma)
    assert len(runs) == 4
    assert last_state(runs[0]) is State.DONE
    for run in runs:
        stopped = [json.loads(path.read_text())["reason"] for path in (run.path / "stops").glob("*.json")]
        assert last_state(run) is State.DONE or "Ray Tune's ASHA" in stopped[0], (last_state(run), stopped)
    assert any(last_state(run) is not State.DONE for run in runs)


def test_tune_drives_ordinary_trials_and_asha_stops_some(ray_sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADASWEEP_STEP_SECONDS", "0.6")
    assert_searched(ray_sweeper, command(ray_sweeper))


def test_a_killed_driver_is_survived_by_the_same_command(ray_sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADASWEEP_STEP_SECONDS", "0.6")
    launcher = command(ray_sweeper)
    wait_until(lambda: any(reached(run) >= 1.0 for run in ray_sweeper.runs()), 300, "a trial on its way")
    begun = {run.path.name for run in ray_sweeper.runs()}
    launcher.kill()
    kill(*processes_with("orchestrator.search.tune.driver", str(ray_sweeper.store.root)))
    launcher.communicate()
    assert_searched(ray_sweeper, command(ray_sweeper))
    assert {run.path.name for run in ray_sweeper.runs()} > begun


def test_a_lost_node_is_survived_by_the_search_itself(
    ray_sweeper: Sweeper, ray_nodes: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADASWEEP_STEP_SECONDS", "0.6")
    launcher = command(ray_sweeper)
    wait_until(lambda: len(ray_sweeper.runs()) >= 2, 300, "the first two trials")
    best = min(ray_sweeper.runs(), key=gamma)  # the one that no rung of ASHA stops
    wait_until(lambda: reached(best) >= 1.0, 300, "the best trial on its way")
    workers = {ProcessId.of(process.pid) for process in workers_of(best)}
    nodes = ray_nodes.recorded.nodes
    worker, lost = next((worker, name) for worker in workers for name in nodes if worker in session(nodes[name]))
    ray_nodes.kill(lost)
    assert worker.is_gone
    assert_searched(ray_sweeper, launcher)
    assert len(best.attempts()) > 1


def kill(*processes: ProcessId) -> None:
    assert processes
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)


def test_a_search_that_tune_cannot_do_is_refused(ray_sweeper: Sweeper) -> None:
    ray_sweeper.write(range(1), 1.0)
    file = Path(ray_sweeper.folder / "tuned.yaml")
    file.write_text(SEARCH.replace("seeds: [25]", "seeds: 2"))
    words = [sys.executable, "-m", "orchestrator", "run", str(file), "--store", str(ray_sweeper.store.root)]
    refused = subprocess.run([*words, "--backend", "ray"], capture_output=True, text=True, check=False)
    assert (refused.returncode, "supports one seed" in refused.stderr) == (2, True)
    elsewhere = subprocess.run([*words, "--backend", "local"], capture_output=True, text=True, check=False)
    assert (elsewhere.returncode, "needs a Ray cluster" in elsewhere.stderr) == (2, True)
