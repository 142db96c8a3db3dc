"""What can go wrong in the orchestrator.

    UserError            (trainer.errors) the user can fix it: one line, exit code 2, no traceback
    ├── SweepError       a sweep file says something that cannot be: one line for each problem
    ├── StoreError       the store is missing, unwritable or holds something unexpected
    ├── PlanError        a plan may not be carried out: over budget, nothing to cancel, an unknown trial
    └── SetupError       the machine or the installation is not fit
    BackendError         something outside failed: a command, its output, and whether a retry may help
    LeaseHeld            another process is working on this trial
    LeaseSuperseded      another process has taken this trial over

A bug is an AssertionError or whatever Python raises: exit code 70, with its traceback.
"""

from collections.abc import Sequence
from typing import NamedTuple

from trainer.errors import UserError


class Problem(NamedTuple):
    """One thing that is wrong in a sweep: where (`file:line`), under which key, and what."""

    place: str
    key: str
    text: str

    def __str__(self) -> str:
        return " ".join(f"{self.place}: {self.key}: {self.text}".split())


class SweepError(UserError):
    """A sweep file says something that cannot be. All problems are reported at once, one per line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        first = self.problems[0]
        super().__init__(first.place, f"{first.key}: {first.text}")

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class StoreError(UserError):
    """The store is missing, unwritable or holds something unexpected."""


class PlanError(UserError):
    """A plan may not be carried out."""


class SetupError(UserError):
    """The machine or the installation is not fit."""


class BackendError(Exception):
    """A failure outside of adasweep, beyond a backend. `retryable` says whether the same request may succeed later."""

    def __init__(self, what: str, *, retryable: bool) -> None:
        self.retryable = retryable
        super().__init__(what)


class LeaseHeld(Exception):
    """Another process is working on this trial."""


class LeaseSuperseded(Exception):
    """Another process has taken this trial over; write nothing more."""
