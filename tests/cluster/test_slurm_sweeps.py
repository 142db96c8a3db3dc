"""Sweeps on a real SLURM cluster: undisturbed, and through every kind of loss."""

from tests.cluster.sweeps import Sweeper, assert_whole


def test_every_trial_of_a_sweep_is_done(slurm_sweeper: Sweeper) -> None:
    file = slurm_sweeper.write(range(4), 2.0)
    slurm_sweeper.finish(file)
    assert len(slurm_sweeper.runs()) == 4
    for run in slurm_sweeper.runs():
        assert_whole(run, 2.0)
        assert run.attempts() == [1]
