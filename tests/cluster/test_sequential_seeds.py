"""Sequential seeds on every cluster: submitted as undecided claims ask for them, also by a command that is repeated."""

import json

import pytest

from orchestrator.plan.plan_file import stored_plan
from tests.cluster.sweeps import Sweeper, last_state
from tests.orchestrator.test_run import adasweep
from tests.orchestrator.test_sequential_seeds import HIGH, LOW
from trainer.errors import ExitCode
from trainer.record import State

SWEEP = """\
sweep: probe
base: {preset: tiny32, data: ./images, batch: 20, micro_batch: 20}
cells: {baseline: {augment: none}, ada: {augment: ada}}
seeds: {from: 3, to: 6, until: claims}
horizon_kimg: 1
metrics: [fid2k]
resources: {cpus: 1, memory_gib: 0.3}
claims: [ada < baseline]
"""


@pytest.fixture(params=["slurm_sweeper", "ray_sweeper"])
def sweeper(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Sweeper:
    """A store whose sweeps run on a cluster."""
    monkeypatch.setenv("ADASWEEP_SCORES", json.dumps({"none": HIGH, "ada": LOW}))
    found: Sweeper = request.getfixturevalue(request.param)
    return found


def test_undecided_claims_get_seeds_on_a_cluster(sweeper: Sweeper) -> None:
    file = sweeper.write(range(1), 1.0)
    file.write_text(SWEEP)
    command = ("run", file, "--no-record", "--backend", sweeper.backend_name)
    first = adasweep(sweeper.store, *command, "--detach")
    assert first.returncode == ExitCode.RUN_AGAIN, first.stderr
    assert "more seeds may follow" in first.stderr
    assert len(sweeper.runs()) == 6

    done = adasweep(sweeper.store, *command)
    assert done.returncode == 0, done.stderr
    assert "PASS with 4 seeds: ada < baseline" in done.stderr
    plan = stored_plan(sweeper.store, "probe")
    assert plan is not None
    assert len(plan.cells) == len(sweeper.runs()) == 8
    assert [(last_state(run), run.attempts()) for run in sweeper.runs()] == [(State.DONE, [1])] * 8

    again = adasweep(sweeper.store, *command, "--detach")
    assert again.returncode == 0, again.stderr
    assert len(sweeper.runs()) == 8
