"""What every backend must do, on real clusters."""

import pytest

from infra.ray.cluster import RayCluster
from infra.slurm.cluster import Cluster
from orchestrator.backends.ray.backend import RayBackend
from orchestrator.backends.ray.jobs import RayJobs
from orchestrator.backends.slurm.backend import SlurmBackend
from orchestrator.backends.slurm.profile import Profile
from orchestrator.store.layout import Store
from tests.backends.rig import Rig
from tests.backends.test_conformance import *  # noqa: F403  every test of the suite

# A task of the suite asks for 4 GiB, and a node has 8000 MiB: two slots.
PROFILE = Profile(throttle=2, poll_seconds=0.2, settle_seconds=5)


@pytest.fixture(params=["ray", "slurm"], scope="package")
def kind(request: pytest.FixtureRequest) -> str:
    """Which cluster; a wider scope than the tests', so that the tests of one cluster run together."""
    return str(request.param)


@pytest.fixture
def rig(kind: str, request: pytest.FixtureRequest, store: Store) -> Rig:
    """The suite's rig, on a cluster with two slots."""
    if kind == "ray":
        cluster: RayCluster = request.getfixturevalue("ray_nodes")
        assert cluster.recorded.shape.cpus * cluster.recorded.shape.nodes == 2
        return Rig(store, lambda: RayBackend(store, RayJobs.of_environment()), {})
    slurm: Cluster = request.getfixturevalue("slurm")
    assert slurm.shape.nodes == 2
    return Rig(store, lambda: SlurmBackend(store, PROFILE), {})
