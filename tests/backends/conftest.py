"""Fixtures for tests of the backends."""

from collections.abc import Iterator

import pytest

from orchestrator.backends.fake import FakeBackend, FakeWorld
from orchestrator.backends.local.backend import LocalBackend
from orchestrator.store.handle import read_handle
from orchestrator.store.layout import Store
from tests.backends.rig import ENDS, Rig, wait
from tests.support.tiny_sweep import scripted as scripted
from tests.support.tiny_sweep import store as store
from tests.support.tiny_sweep import sweep_file as sweep_file
from trainer.record import State


@pytest.fixture(params=["fake", "local"])
def rig(request: pytest.FixtureRequest, store: Store) -> Iterator[Rig]:
    """A fake and the local backend, with two slots each."""
    seeds: dict[str, int] = {}
    if request.param == "fake":
        world = FakeWorld(lambda task: ENDS.get(seeds[task.trial], State.DONE), slots=2)
        yield Rig(store, lambda: FakeBackend(world), seeds)
        return
    yield Rig(store, lambda: LocalBackend(store, cpus=2), seeds)
    leftovers = [handle for trial in store.ids() if (handle := read_handle(store.run(trial).attempt(1)))]
    LocalBackend(store, cpus=2).cancel(leftovers)
    wait(LocalBackend(store), leftovers, lambda states: State.RUNNING not in states)
