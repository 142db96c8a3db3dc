"""Assignment of (simulated) GPUs to attempts by clusters."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.cluster.sweeps import Sweeper
from trainer.files import read_lines

WORKER = Path(__file__).with_name("gpu_worker.py")


@pytest.fixture(autouse=True)
def _noting_gpus(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ray_sweeper", "slurm_sweeper"):
        if name in request.fixturenames:
            request.getfixturevalue(name)
    monkeypatch.setenv("ADASWEEP_WORKER", f"{sys.executable} {WORKER}")
    monkeypatch.setenv("ADASWEEP_STEP_SECONDS", "0.05")


def _visible(sweeper: Sweeper) -> list[str]:
    return [row["visible"] for run in sweeper.runs() for row in read_lines(run.path / "gpus.jsonl")]


def test_half_gpus_are_shared_and_cpu_trials_see_none_on_ray(ray_sweeper: Sweeper) -> None:
    ray_sweeper.finish(ray_sweeper.write(range(2), 0.3, gpus=0.5), seconds=120)
    assert _visible(ray_sweeper) == ["0", "0"]
    ray_sweeper.finish(ray_sweeper.write(range(5, 6), 0.3), seconds=120)
    assert Counter(_visible(ray_sweeper)) == {"0": 2, "": 1}


def test_whole_gpus_are_not_shared_on_slurm(slurm_sweeper: Sweeper) -> None:
    slurm_sweeper.finish(slurm_sweeper.write(range(2), 0.5, gpus=2))
    assert sorted(_visible(slurm_sweeper)) in (["0,1", "2,3"], ["0,1", "0,1"])
