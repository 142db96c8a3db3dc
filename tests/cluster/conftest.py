"""Real clusters for tests, started once per session and stopped by their process ids."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import infra.ray.cluster
from infra.ray.cluster import RayCluster, RayShape
from infra.slurm.cluster import Cluster, stop_orphans
from infra.slurm.packages import CannotRunSlurm, require
from infra.slurm.shape import SlurmShape
from orchestrator.store.layout import Store
from orchestrator.store.process_id import ProcessId
from tests.cluster.sweeps import SCRIPTED_WORKER, Sweeper
from tests.cluster.trained import Command, Prepare, Trained, result
from tests.support.tiny_sweep import scripted as scripted
from tests.support.tiny_sweep import store as store

pytestmark = pytest.mark.cluster

PROFILE = "poll_seconds: 0.5\nsettle_seconds: 8\nsignal_seconds: 30\nminutes: 30\n"


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(900))
            item.add_marker(pytest.mark.xdist_group(group(item)))


def group(item: pytest.Item) -> str:
    """Return the xdist group of a test: that of its cluster, else its file.

    The tests mostly wait. Those of SLURM form two groups, each with its own cluster, to balance the durations.
    """
    needs = {*getattr(item, "fixturenames", ()), *getattr(getattr(item, "callspec", None), "params", {}).values()}
    if needs & {"ray", "ray_cluster", "ray_nodes", "ray_sweeper"}:
        return "ray"
    if needs & {"slurm", "slurm_cluster", "slurm_sweeper"}:
        return "slurm losses" if item.path.stem == "test_slurm_losses" else "slurm"
    return item.path.stem


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The result of the trial of `trained.SWEEP` without disturbance."""
    command = Command.prepare(tmp_path_factory.mktemp("calm"), "local")
    command.finish()
    assert command.run.attempts() == [1]
    return result(command.run)


@pytest.fixture(scope="session")
def slurm_cluster() -> Iterator[Cluster]:
    """A SLURM cluster of two nodes. This process has its environment while it runs."""
    try:
        require()
    except CannotRunSlurm as reason:
        pytest.skip(str(reason))
    stop_orphans()
    cluster = Cluster.create(SlurmShape(), owner=ProcessId.of(os.getpid()))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture
def slurm(slurm_cluster: Cluster) -> Iterator[Cluster]:
    """The SLURM cluster, repaired and emptied after each test."""
    yield slurm_cluster
    slurm_cluster.repair()


@pytest.fixture(scope="package")
def ray_cluster() -> Iterator[RayCluster]:
    """A Ray cluster of a head and two nodes with a CPU and a GPU each."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    infra.ray.cluster.stop_orphans()
    cluster = RayCluster.create(RayShape(cpus=1, gpus=1), owner=ProcessId.of(os.getpid()))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture
def ray_nodes(ray_cluster: RayCluster) -> Iterator[RayCluster]:
    """The Ray cluster, repaired and emptied after each test: what a failed test leaves would fill it for all others."""
    yield ray_cluster
    ray_cluster.repair()
    ray_cluster.empty()


@pytest.fixture
def ray_sweeper(ray_nodes: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweeper:
    """A store whose sweeps run on the Ray cluster."""
    assert ray_nodes.recorded.nodes
    return _sweeper("ray", tmp_path, monkeypatch)


@pytest.fixture
def slurm_sweeper(slurm: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweeper:
    """A store whose sweeps run on the SLURM cluster."""
    assert slurm.recorded.daemons
    return _sweeper("slurm", tmp_path, monkeypatch)


def _sweeper(backend: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Sweeper:
    monkeypatch.setenv("ADASWEEP_WORKER", f"{sys.executable} {SCRIPTED_WORKER}")
    monkeypatch.setenv("ADASWEEP_BEAT_SECONDS", "1.5")
    root = folder / "store"
    root.mkdir()
    (root / "slurm.yaml").write_text(PROFILE)
    return Sweeper(Store(root), folder, backend)


@pytest.fixture
def prepare(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prepare]:
    """A function that makes a store and the command to run a sweep there on one of the backends."""
    monkeypatch.setenv("ADASWEEP_BEAT_SECONDS", "1.5")
    commands: list[Command] = []

    def made(backend: str) -> Command:
        if backend != "local":
            request.getfixturevalue({"slurm": "slurm", "ray": "ray_nodes"}[backend])
        commands.append(Command.prepare(tmp_path, backend))
        (commands[-1].store.root / "slurm.yaml").write_text(PROFILE)
        return commands[-1]

    yield made
    for command in commands:
        command.stop()
