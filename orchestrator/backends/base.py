"""The interface of a backend: render attempts into a submission, submit it, and report the state of each attempt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.errors import BackendError
from orchestrator.store.handle import Handle
from orchestrator.supervisor.command import Task
from trainer.config.job import Resources
from trainer.errors import UserError
from trainer.record import State


@dataclass(frozen=True)
class Submission:
    """What would be submitted: `text` is for people, for `--dry-run` and for golden tests."""

    tasks: tuple[Task, ...]
    text: str


class NotAllSubmitted(BackendError):
    """A backend took some attempts (`handles`) and, because of `cause`, no more. Of `unsure` ones nobody knows."""

    def __init__(self, cause: BackendError | UserError, handles: Iterable[Handle], unsure: Iterable[Task] = ()) -> None:
        self.cause = cause
        self.handles = tuple(handles)
        self.unsure = frozenset(unsure)
        super().__init__(str(cause), retryable=isinstance(cause, BackendError) and cause.retryable)


class Backend(Protocol):
    """A place where attempts run. Raises BackendError when something outside of adasweep fails."""

    name: str

    def slots(self, resources: Resources) -> int:
        """Return how many attempts that need `resources` run at a time, as far as is known."""
        ...

    def lacks(self, resources: Resources) -> str:
        """Return why no attempt that needs `resources` could ever run, as far as is known; "" where it could."""
        ...

    def render(self, tasks: Sequence[Task]) -> Submission:
        """Return what `submit` would submit; nothing happens."""
        ...

    def require_usable(self) -> None:
        """Raise SetupError where nothing could be submitted from this machine. Nothing is asked of a cluster."""
        ...

    def submit(self, submission: Submission) -> list[Handle]:
        """Submit, and return a handle for every task, in order. Raises NotAllSubmitted where some are not taken."""
        ...

    def states(self, handles: Sequence[Handle]) -> dict[Handle, State]:
        """Return the state of each attempt as this backend knows it: one poll for all. LOST for one it never had."""
        ...

    def maintain(self) -> None:
        """Keep submitted attempts going; called periodically by whoever watches them."""
        ...

    def cancel(self, handles: Sequence[Handle]) -> None:
        """Ask attempts to stop: those that wait never start, those that run save what they have. Returns at once."""
        ...
