"""kill -9 on every process of a sweep: the same command finishes it, with the weights of an undisturbed run.

Trainer and command are the real ones; every trial is killed between two evaluations.
"""

import time

import pytest

from infra import daemons
from infra.ray.cluster import RayCluster
from infra.slurm.cluster import Cluster
from infra.waiting import wait_until
from orchestrator.store.handle import read_handle
from orchestrator.store.process_id import ProcessId
from tests.cluster.sweeps import processes_with
from tests.cluster.trained import Prepare, Trained, assert_calm, held, is_mid_way, supervisor_of, worker_of
from tests.orchestrator.attempts import workers_of
from trainer.errors import ExitCode
from trainer.record import RunDir

BACKENDS = ("local", "slurm", "ray")


def jobs_of(run: RunDir) -> int:
    """Return how many jobs were submitted for a trial; further attempts were requeued by the cluster."""
    return sum(read_handle(run.attempt(number)) is not None for number in run.attempts())


def put_to_death(process: ProcessId, run: RunDir) -> None:
    """Kill a process while its trial is midway."""
    assert is_mid_way(run), "came too late to disturb anything"
    daemons.kill([process])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_launcher_leaves_its_trial_alone(prepare: Prepare, calm: Trained, backend: str) -> None:
    command = prepare(backend)
    launcher = command.begin()
    assert is_mid_way(command.run)
    launcher.kill()
    launcher.wait()
    command.finish()
    assert command.run.attempts() == [1]
    assert_calm(command, calm)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_trainer_is_run_again(prepare: Prepare, calm: Trained, backend: str) -> None:
    command = prepare(backend)
    launcher = command.begin()
    put_to_death(worker_of(command.run), command.run)
    assert launcher.wait(300) == 0, command.printed
    assert (jobs_of(command.run), command.run.attempts()) == (2, [1, 2])
    assert_calm(command, calm)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_supervisor_takes_its_trainer_along_and_is_run_again(
    prepare: Prepare, calm: Trained, backend: str
) -> None:
    command = prepare(backend)
    launcher = command.begin()
    worker = worker_of(command.run)
    put_to_death(supervisor_of(command.run), command.run)
    wait_until(lambda: worker.is_gone, 20, "the trainer to die with its supervisor")
    assert launcher.wait(300) == 0, command.printed
    assert command.run.attempts() == [1, 2]
    assert_calm(command, calm)


def test_power_loss_of_a_slurm_node_is_survived_without_resubmission(
    prepare: Prepare, calm: Trained, slurm: Cluster
) -> None:
    command = prepare("slurm")
    launcher = command.begin()
    worker = worker_of(command.run)
    node = next(name for name in slurm.shape.names if worker in slurm.running(name, str(command.run.path)))
    assert is_mid_way(command.run)
    slurm.kill(node)
    slurm.mark_down(node)
    assert launcher.wait(300) == 0, command.printed
    assert (jobs_of(command.run), command.run.attempts()) == (1, [1, 2])
    assert_calm(command, calm)


def test_a_slurm_controller_down_for_twenty_seconds_loses_nothing(
    prepare: Prepare, calm: Trained, slurm: Cluster
) -> None:
    command = prepare("slurm")
    launcher = command.begin()
    with held(worker_of(command.run)):
        time.sleep(3)  # the controller saves its state now and then; what it has not saved it would run again
        slurm.kill("slurmctld")
        down_since = time.monotonic()
        wait_until(lambda: "Unable to contact slurm controller" in command.printed, 60, "the command to say so")
        assert is_mid_way(command.run)
        assert command.start().wait(120) == ExitCode.RUN_AGAIN
    time.sleep(max(0.0, 20 - (time.monotonic() - down_since)))
    assert launcher.poll() is None, command.printed
    slurm.start_controller()
    assert launcher.wait(300) == 0, command.printed
    assert_calm(command, calm)


def test_a_lost_ray_node_is_survived_on_another(prepare: Prepare, calm: Trained, ray_nodes: RayCluster) -> None:
    command = prepare("ray")
    launcher = command.begin()
    worker = worker_of(command.run)
    assert is_mid_way(command.run)
    nodes = ray_nodes.recorded.nodes
    ray_nodes.kill(next(name for name in nodes if worker in daemons.session(nodes[name])))
    assert worker.is_gone
    assert launcher.wait(300) == 0, command.printed
    assert command.run.attempts() == [1, 2]
    assert_calm(command, calm)


@pytest.mark.usefixtures("ray_nodes")
def test_a_lost_ray_driver_is_survived_by_the_same_command(prepare: Prepare, calm: Trained) -> None:
    command = prepare("ray")
    launcher = command.begin()
    drivers = processes_with("orchestrator.backends.ray.driver", str(command.store.root))
    assert drivers
    assert is_mid_way(command.run)
    launcher.kill()
    launcher.wait()
    daemons.kill(drivers)
    command.finish()
    wait_until(lambda: not workers_of(command.run), 20, "every trainer to end")
    assert_calm(command, calm)
