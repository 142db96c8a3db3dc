"""Exceptions of the orchestrator.

    UserError            (trainer.errors) the user can fix it: one line, exit code 2, no traceback
    ├── SweepError       a sweep file is invalid: one line per problem
    ├── StoreError       the store is missing, read-only or has unexpected content
    ├── PlanError        a command cannot be carried out: over budget, nothing to cancel, an unknown trial
    └── SetupError       this machine or installation lacks something
    BackendError         something outside adasweep failed: a command, its output, and whether a retry may help
    LeaseHeld            another process is working on this trial
    LeaseSuperseded      another process has taken over this trial

Any other exception is a bug: exit code 70, with its traceback.
"""

from collections.abc import Sequence
from typing import NamedTuple

from trainer.errors import UserError


class Problem(NamedTuple):
    """A problem in a sweep file: its place (`file:line`), its key, and what is wrong."""

    place: str
    key: str
    text: str

    def __str__(self) -> str:
        return " ".join(f"{self.place}: {self.key}: {self.text}".split())


class SweepError(UserError):
    """A sweep file is invalid, or asks for too much. All problems are reported at once, one per line.

    `cautions` are warnings about the rest of it.
    """

    def __init__(self, problems: Sequence[Problem], cautions: Sequence[str] = ()) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        self.cautions = tuple(cautions)
        first = self.problems[0]
        super().__init__(first.place, f"{first.key}: {first.text}")

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def require_none(problems: Sequence[Problem]) -> None:
    """Raise SweepError with all of `problems`, if there are any."""
    if problems:
        raise SweepError(problems)


class StoreError(UserError):
    """The store is missing, read-only or has unexpected content."""


class PlanError(UserError):
    """A command cannot be carried out."""


class SetupError(UserError):
    """This machine or installation lacks something."""


class BackendError(Exception):
    """A failure outside adasweep. `retryable`: whether the same request may succeed later."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        self.retryable = retryable
        super().__init__(message)


class LeaseHeld(Exception):
    """Another process is working on this trial."""


class LeaseSuperseded(Exception):
    """Another process has taken over this trial: nothing more may be written."""
