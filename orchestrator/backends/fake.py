"""A backend without processes, for tests and for trying out plans: a script decides how attempts end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestrator.backends.base import Submission
from orchestrator.store.handle import Handle
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources
from trainer.config.node_power import NodePower
from trainer.record import State

Script = Callable[[Task], State]
"""Runs one attempt to its end and returns its final state."""


@dataclass
class FakeWorld:
    """The state of a fake cluster, which outlives a FakeBackend."""

    script: Script
    slots: int = 1
    waiting: dict[str, Task] = field(default_factory=dict)
    running: dict[str, Task] = field(default_factory=dict)
    ended: dict[str, State] = field(default_factory=dict)

    def turn(self) -> None:
        """Advance by one step: running attempts end, queued ones start."""
        for key in list(self.running):
            self.ended[key] = self.script(self.running.pop(key))
        for key in list(self.waiting)[: self.slots]:
            self.running[key] = self.waiting.pop(key)

    def state(self, key: str) -> State:
        if key in self.waiting:
            return State.PENDING
        return State.RUNNING if key in self.running else self.ended.get(key, State.LOST)


@dataclass
class FakeBackend:
    """Attempts advance from pending to running to their end, one step per call of `maintain`."""

    world: FakeWorld
    name: str = "fake"
    power: NodePower | None = None

    def slots(self, _resources: Resources) -> int:
        return self.world.slots

    def lacks(self, _resources: Resources) -> str:
        """Return "": it runs everything."""
        return ""

    def doubts(self, _resources: Resources) -> str:
        """Return "": `lacks` says all that is known."""
        return ""

    def limit(self, _resources: Resources) -> None:
        """Return None: nothing has a limit."""

    def render(self, tasks: Sequence[Task]) -> Submission:
        return Submission(tuple(tasks), "".join(f"fake {task.trial} {task.attempt}\n" for task in tasks))

    def require_usable(self) -> None:
        """Do nothing: it needs nothing."""

    def submit(self, submission: Submission) -> list[Handle]:
        for task in submission.tasks:
            self.world.waiting[_key(task)] = task
        return [
            Handle(backend=self.name, key=_key(task), trial=task.trial, attempt=task.attempt)
            for task in submission.tasks
        ]

    def states(self, handles: Sequence[Handle]) -> dict[Handle, State]:
        return {handle: self.world.state(handle.key) for handle in handles}

    def maintain(self) -> None:
        self.world.turn()

    def cancel(self, handles: Sequence[Handle]) -> None:
        for handle in handles:
            if self.world.waiting.pop(handle.key, None) or self.world.running.pop(handle.key, None):
                self.world.ended[handle.key] = State.CANCELLED


def _key(task: Task) -> str:
    return f"{task.trial}-{task.attempt}"
