"""Cluster jobs run the code they were submitted with, even if the working copy changes in the meantime."""

import shutil
from pathlib import Path

import pytest

from infra import daemons
from orchestrator.store.frozen_code import LIVE
from tests.cluster.trained import Prepare, Trained, assert_calm, worker_of
from trainer.config.job import read_job


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working copy of this code that a test may modify."""
    for package in ("orchestrator", "trainer", "analysis"):
        shutil.copytree(LIVE / package, tmp_path / "work" / package)
    return tmp_path / "work"


@pytest.mark.parametrize("backend", ["slurm", "ray"])
def test_an_attempt_begun_after_an_edit_runs_the_frozen_code(
    prepare: Prepare, calm: Trained, work: Path, backend: str
) -> None:
    command = prepare(backend)
    command.code = work
    launcher = command.begin()
    (work / "trainer" / "training" / "loop.py").write_text("raise RuntimeError('edited')\n")
    daemons.kill([worker_of(command.run)])
    assert launcher.wait(300) == 0, command.printed
    assert command.run.attempts() == [1, 2]
    jobs = [read_job(command.run.job(number)) for number in command.run.attempts()]
    copies = {job.code for job in jobs if job}
    assert len(copies) == 1
    assert (
        command.store.code / copies.pop() / "trainer" / "training" / "loop.py"
    ).read_text() != "raise RuntimeError('edited')\n"
    assert_calm(command, calm)
