"""Trials that start from others, on every backend: submitted when the source is done, whatever is killed meanwhile."""

from pathlib import Path

import pytest

from infra import daemons
from infra.waiting import wait_until
from tests.cluster.sweeps import Sweeper, last_state, reached
from tests.cluster.trained import supervisor_of, worker_of
from tests.orchestrator.scripted_worker import HOLD_STEPS, HOLDING_SEEDS, STEP_KIMG
from trainer.config.job import read_job
from trainer.record import RunDir, State

WATCH = "horizon_kimg: 1\nmetrics: []\nwatch: {evaluation: later}\nresources: {cpus: 1, memory_gib: 0.25}\n"
BASE = "base: {preset: tiny32, data: ./images, batch: 20, micro_batch: 20}\n"  # so that a horizon of 1 kimg is one
SOURCE = f"sweep: source\n{BASE}{WATCH}cells: {{a: {{}}}}\nseeds: [{HOLDING_SEEDS}]\n"
CELLS = "cells:\n  b: {transfer: {sweep: source.yaml, cell: a}}\n  c: {augment: none, transfer: {cell: b}}\n"
SWEEP = f"sweep: probe\n{BASE}{WATCH}{CELLS}seeds: [0]\n"
SECONDS = 240.0


@pytest.fixture(params=["slurm_sweeper", "ray_sweeper"])
def sweeper(request: pytest.FixtureRequest) -> Sweeper:
    """A store whose sweeps run on a cluster."""
    found: Sweeper = request.getfixturevalue(request.param)
    return found


def write(sweeper: Sweeper) -> Path:
    file = sweeper.write(range(1), 1.0)
    file.with_name("source.yaml").write_text(SOURCE)
    file.write_text(SWEEP)
    return file


def begin(sweeper: Sweeper) -> tuple[Path, RunDir]:
    """Give the command, let it die, and return once the source waits at its first checkpoint."""
    file = write(sweeper)
    sweeper.begin(file)
    (run,) = sweeper.runs()
    wait_until(lambda: reached(run) >= HOLD_STEPS * STEP_KIMG, SECONDS, "the source to be held")
    return file, run


def assert_done_in_order(sweeper: Sweeper, source: RunDir) -> None:
    runs = sweeper.runs()
    assert len(runs) == 3
    assert {last_state(run) for run in runs} == {State.DONE}
    rest = [run for run in runs if run.path != source.path]
    assert all(run.attempts() == [1] and run.start.is_file() for run in rest)
    jobs = [job for run in rest if (job := read_job(run.job(1)))]
    assert [job.options.transfer_path for job in jobs] == [run.start.resolve() for run in rest]


def test_what_starts_from_a_trial_is_submitted_when_that_is_done(sweeper: Sweeper) -> None:
    file, source = begin(sweeper)
    assert len(sweeper.runs()) == 1
    sweeper.let_go()
    sweeper.finish(file)
    assert source.attempts() == [1]
    assert_done_in_order(sweeper, source)


@pytest.mark.parametrize("victim", [worker_of, supervisor_of])
def test_a_killed_source_is_run_again_before_what_starts_from_it(sweeper: Sweeper, victim: object) -> None:
    file, source = begin(sweeper)
    daemons.kill([victim(source)])  # type: ignore[operator]
    sweeper.let_go()
    sweeper.finish(file)
    assert len(source.attempts()) > 1
    assert_done_in_order(sweeper, source)
