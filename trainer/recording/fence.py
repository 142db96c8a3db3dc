"""The fence: a worker whose lease has passed to another token writes nothing more, and removes nothing of the other's.

A worker may be held up anywhere, and go on long after another has taken over: between a look at the lease and what
follows it, too. So every change has a way to come to nothing once the token is superseded:

- A file is written beside its place, the lease is looked at, the file is renamed. Who takes over removes files marked
  with older tokens, so that the renaming fails (`trainer.files.replacing`).
- A row is appended to a file that was opened before the lease was looked at. Who takes over puts a copy in its place.
- Only files with names of one's own token, or an older one, are removed. Who takes over from a holder that may still
  live gives all snapshots and checkpoints names of its own, and relies on no others.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from trainer.files import parsed_json, read_regular

TOKEN_VARIABLE = "ADASWEEP_TOKEN"
"""What tells a worker its token: a job's file may meanwhile have been given to another one."""

CLAIM = re.compile(r"[0-9]{6,9}")
ENDED = ".ended"
"""`leases/000001.ended` says that the holder of token 1 has ended, and that nothing it started goes on."""


class FencedOut(Exception):
    """Another supervisor holds this trial with a higher token."""


@dataclass(frozen=True)
class Fence:
    """Compares this attempt's token with the highest that was ever given for the trial; see `trainer.files.Guard`."""

    lease: Path
    token: int

    def check(self) -> None:
        """Raise FencedOut where a higher token than ours was given. A run by hand has no lease."""
        highest = max(self._beating(), max(self._claims(), default=0))
        if highest > self.token:
            raise FencedOut(f"token {self.token} was superseded by {highest}")

    @classmethod
    def of_worker(cls, lease: Path, token: int) -> "Fence":
        """Return the fence of a worker: its token is its supervisor's, or where it has none that of its job."""
        return cls(lease, int(os.environ.get(TOKEN_VARIABLE, token)))

    @property
    def is_disputed(self) -> bool:
        """Return whether a holder before us may still be at work, held up somewhere."""
        names = self._names()
        return any(f"{name}{ENDED}" not in names for name in names if CLAIM.fullmatch(name) and int(name) < self.token)

    def _claims(self) -> list[int]:
        return [int(name) for name in self._names() if CLAIM.fullmatch(name)]

    def _names(self) -> set[str]:
        try:
            return set(os.listdir(self.lease.parent / "leases"))
        except (FileNotFoundError, NotADirectoryError):
            return set()

    def _beating(self) -> int:
        """Return the token of lease.json, 0 where that is spoilt: claims say the same."""
        try:
            told = parsed_json(read_regular(self.lease))
        except (OSError, ValueError):
            return 0
        token = told.get("token") if isinstance(told, dict) else 0
        return token if isinstance(token, int) else 0
