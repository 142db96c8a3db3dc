"""Sweeps survive what a SLURM cluster does to jobs. Tests that kill are in test_kills.py."""

from pathlib import Path

import pytest

from infra.slurm.cluster import Cluster
from infra.waiting import wait_until
from orchestrator.store.handle import read_handle
from tests.cluster.sweeps import Sweeper, assert_whole, last_state
from trainer.files import read_lines
from trainer.record import RunDir, State, read_record

HORIZON = 3.0


def _begun(sweeper: Sweeper, trials: int = 2) -> Path:
    """Submit a sweep and return its file once every trial waits at its first checkpoint."""
    return sweeper.begin_and_hold(trials, HORIZON)


def _wait_for_the_blow(sweeper: Sweeper) -> None:
    """Return once every trial has left its first attempt."""
    wait_until(lambda: all(map(_was_hit, sweeper.runs())), 120, "every first attempt to end")


def _was_hit(run: RunDir) -> bool:
    record = read_record(run.record(1))
    return len(run.attempts()) > 1 or (record is not None and record.state is not State.RUNNING)


def _finished(sweeper: Sweeper, file: Path) -> list[RunDir]:
    sweeper.let_go()
    sweeper.finish(file)
    for run in sweeper.runs():
        assert_whole(run, HORIZON)
    return sweeper.runs()


def _submissions(run: RunDir) -> int:
    """Return how many jobs were submitted for a trial; further attempts were requeued by SLURM."""
    return sum(read_handle(run.attempt(number)) is not None for number in run.attempts())


def _job(run: RunDir) -> str:
    handle = read_handle(run.attempt(1))
    assert handle
    return handle.key


def test_two_copies_after_a_lost_slurmd_never_both_write(slurm: Cluster, slurm_sweeper: Sweeper) -> None:
    file = _begun(slurm_sweeper)
    slurm.kill_slurmd_only("n1")
    slurm.mark_down("n1")
    wait_until(lambda: all(run.attempts() == [1, 2] for run in slurm_sweeper.runs()), 120, "second copies of the jobs")
    for run in _finished(slurm_sweeper, file):
        attempts = [row["attempt"] for row in read_lines(run.ticks)]
        assert attempts == sorted(attempts)
        assert set(attempts) == {1, 2}


def test_accounting_down_is_not_noticed(slurm: Cluster, slurm_sweeper: Sweeper) -> None:
    slurm.kill("slurmdbd")
    _finished(slurm_sweeper, slurm_sweeper.write(range(2), HORIZON))


def test_preempted_jobs_save_and_come_back_by_themselves(slurm: Cluster, slurm_sweeper: Sweeper) -> None:
    _use(slurm_sweeper, "partition: low")
    file = _begun(slurm_sweeper)
    slurm.run("sbatch", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=sleep 2")
    _wait_for_the_blow(slurm_sweeper)
    for run in _finished(slurm_sweeper, file):
        assert _submissions(run) == 1
        assert run.attempts() == [1, 2]
        assert _repeated(run) == 0


def test_jobs_that_run_out_of_time_continue_in_the_same_job(
    slurm_sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADASWEEP_STEP_SECONDS", "1.2")  # SLURM looks at time limits twice a minute
    _use(slurm_sweeper, "minutes: 1\nsignal_seconds: 55")
    for run in _finished(slurm_sweeper, slurm_sweeper.write(range(1), HORIZON)):
        assert len(run.attempts()) > 1
        assert _submissions(run) == 1
        assert _repeated(run) == 0


def test_jobs_cancelled_by_the_cluster_are_submitted_again(slurm: Cluster, slurm_sweeper: Sweeper) -> None:
    file = _begun(slurm_sweeper)
    slurm.run("scancel", *map(_job, slurm_sweeper.runs()))
    _wait_for_the_blow(slurm_sweeper)
    for run in _finished(slurm_sweeper, file):
        assert _submissions(run) == 2
        assert _repeated(run) == 0


def test_finished_job_that_is_requeued_does_nothing(slurm: Cluster, slurm_sweeper: Sweeper) -> None:
    file = slurm_sweeper.write(range(1), 1.0)
    slurm_sweeper.finish(file)
    [run] = slurm_sweeper.runs()
    slurm.run("scontrol", "requeue", _job(run))
    wait_until(lambda: _restarts(slurm, run) == ("1", "COMPLETED"), 120, "the second run")
    assert_whole(run, 1.0)
    assert run.attempts() == [1]


def test_running_job_that_is_requeued_continues(slurm: Cluster, slurm_sweeper: Sweeper) -> None:
    file = _begun(slurm_sweeper)
    for run in slurm_sweeper.runs():
        slurm.run("scontrol", "requeue", _job(run))
    _wait_for_the_blow(slurm_sweeper)
    for run in _finished(slurm_sweeper, file):
        assert _submissions(run) == 1


def test_stopping_a_sweep_saves_what_runs_and_brings_nothing_back(slurm: Cluster, slurm_sweeper: Sweeper) -> None:
    file = _begun(slurm_sweeper)
    dispatcher = slurm_sweeper.begin(file)
    dispatcher.stop()
    wait_until(lambda: not slurm.run("squeue", "--noheader").stdout.strip(), 60, "an empty queue")
    assert [last_state(run) for run in slurm_sweeper.runs()] == [State.PREEMPTED] * 2
    for run in _finished(slurm_sweeper, file):
        assert _repeated(run) == 0


def _use(sweeper: Sweeper, lines: str) -> None:
    """Change the store's profile."""
    profile = sweeper.store.root / "slurm.yaml"
    names = {line.split(":")[0] for line in lines.splitlines()}
    kept = [line for line in profile.read_text().splitlines() if line.split(":")[0] not in names]
    profile.write_text("\n".join([*kept, lines, ""]))


def _repeated(run: RunDir) -> int:
    """Return how many steps were trained twice: none where every ending was announced."""
    kimgs = [row["kimg"] for row in read_lines(run.ticks)]
    return len(kimgs) - len(set(kimgs))


def _restarts(cluster: Cluster, run: RunDir) -> tuple[str, str]:
    fields = dict(
        part.split("=", 1) for part in cluster.run("scontrol", "show", "job", _job(run)).stdout.split() if "=" in part
    )
    return fields["Restarts"], fields["JobState"]
