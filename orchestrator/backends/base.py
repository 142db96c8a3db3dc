"""The interface of a backend: render attempts into a submission, submit it, and report the state of each attempt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from orchestrator.errors import BackendError
from orchestrator.store.handle import Handle
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources
from trainer.config.node_power import NodePower
from trainer.errors import UserError
from trainer.record import State


@dataclass(frozen=True)
class Submission:
    """Tasks to submit; `text` is what `--dry-run` prints and golden tests compare."""

    tasks: tuple[Task, ...]
    text: str


class NotAllSubmitted(BackendError):
    """A backend accepted some attempts (`handles`) and, because of `cause`, no more. `unsure`: possibly accepted."""

    def __init__(self, cause: BackendError | UserError, handles: Iterable[Handle], unsure: Iterable[Task] = ()) -> None:
        self.cause = cause
        self.handles = tuple(handles)
        self.unsure = frozenset(unsure)
        super().__init__(str(cause), retryable=isinstance(cause, BackendError) and cause.retryable)


class JobLimit(NamedTuple):
    """When a job is ended: after `seconds`, of which it has the last `saving_seconds` to save. `key` sets it."""

    seconds: float
    saving_seconds: float
    key: str


class Backend(Protocol):
    """Runs attempts. Methods raise BackendError if something outside adasweep fails."""

    name: str

    @property
    def power(self) -> NodePower | None:
        """Return the power of a node; None: not known."""

    def slots(self, resources: Resources) -> int:
        """Return how many attempts that need `resources` can run at a time, as far as known."""
        ...

    def lacks(self, resources: Resources) -> str:
        """Return why an attempt that needs `resources` can never run, as far as known; "" if it can."""
        ...

    def doubts(self, resources: Resources) -> str:
        """Return why an attempt that needs `resources` may have to wait for ever, or that this cannot be checked."""
        ...

    def limit(self, resources: Resources) -> JobLimit | None:
        """Return when a job with `resources` is ended, to be queued again and to continue; None: never."""
        ...

    def render(self, tasks: Sequence[Task]) -> Submission:
        """Return what `submit` would submit, without submitting."""
        ...

    def require_usable(self) -> None:
        """Raise SetupError if nothing can be submitted from this machine. Does not contact a cluster."""
        ...

    def submit(self, submission: Submission) -> list[Handle]:
        """Submit all tasks and return their handles in order. Raises NotAllSubmitted if some are not accepted."""
        ...

    def states(self, handles: Sequence[Handle]) -> dict[Handle, State]:
        """Return the state of each attempt, with one poll for all. LOST: unknown to the backend."""
        ...

    def maintain(self) -> None:
        """Keep submitted attempts running; called periodically by the process that watches them."""
        ...

    def cancel(self, handles: Sequence[Handle]) -> None:
        """Stop attempts: queued ones never start, running ones save and stop. Does not wait for them."""
        ...
