"""A backend under test, and how to wait for its tasks."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.backends.base import Backend
from orchestrator.store.handle import Handle
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import Task
from tests.orchestrator.attempts import new_attempt, new_trial
from trainer.record import State

ENDS = {13: State.FAILED, 15: State.LOST}
"""How the scripted worker ends for some seeds; DONE for all others."""


@dataclass
class Rig:
    """A backend under test. `connect` returns a new object for the same queue, as a later process would have."""

    store: Store
    connect: Callable[[], Backend]
    seeds: dict[str, int]

    def task(self, seed: int = 0, horizon_kimg: float = 1.0) -> Task:
        run = new_trial(self.store, seed)
        self.seeds[run.path.name] = seed
        return new_attempt(run, horizon_kimg)


def wait(backend: Backend, handles: list[Handle], until: Callable[[set[State]], bool]) -> dict[Handle, State]:
    deadline = time.monotonic() + 120
    while not until(set((states := backend.states(handles)).values())):
        assert time.monotonic() < deadline, f"waited in vain: {states}"
        backend.maintain()
        time.sleep(0.05)
    return states


def over(states: set[State]) -> bool:
    return not states & {State.PENDING, State.RUNNING}
