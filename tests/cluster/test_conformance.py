"""What every backend must do, on real clusters."""

from collections.abc import Iterator

import pytest

from infra.slurm.cluster import Cluster
from orchestrator.backends.slurm import SlurmBackend
from orchestrator.backends.slurm_profile import Profile
from orchestrator.store import Store
from tests.backends.test_conformance import *  # noqa: F403  every test of the suite
from tests.backends.test_conformance import Rig

# A task of the suite asks for 4 GiB, and a node has 8000 MiB: two slots.
PROFILE = Profile(throttle=2, poll_seconds=0.2, settle_seconds=5)


@pytest.fixture
def rig(slurm: Cluster, store: Store) -> Iterator[Rig]:
    """The suite's rig, on SLURM."""
    assert slurm.shape.nodes == 2
    return Rig(store, lambda: SlurmBackend(store, PROFILE), {})
