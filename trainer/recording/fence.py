"""Fencing: a worker whose lease has passed to a higher token no longer writes, and removes nothing of the new holder.

A worker may be suspended anywhere, even between checking the lease and the write that follows, and resume long after
another has taken over. So every change fails or has no effect once the token is superseded:

- A file is written to a temporary name, the lease is checked, the file is renamed. A new holder removes temporary files
  with older tokens, so that the rename fails (`trainer.files.replacing`).
- A row is appended to a file that was opened before the lease was checked. A new holder replaces the file by a copy.
- Only files named with one's own or an older token are removed. A holder that takes over from one that may still run
  names all its snapshots and checkpoints with its token, and relies on no others.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from trainer.files import parsed_json, read_regular

TOKEN_VARIABLE = "ADASWEEP_TOKEN"
"""Environment variable with the token of a worker: job.json may meanwhile have been given to another one."""

CLAIM = re.compile(r"[0-9]{6,9}")
ENDED = ".ended"
"""`leases/000001.ended`: the holder of token 1 has ended, and nothing that it started is still running."""


class FencedOut(Exception):
    """Another supervisor holds this trial with a higher token."""


@dataclass(frozen=True)
class Fence:
    """Compares this attempt's token with the highest one issued for the trial; see `trainer.files.Guard`."""

    lease: Path
    token: int

    def check(self) -> None:
        """Raise FencedOut if a higher token was issued. A standalone run has no lease."""
        highest = max(self._lease_token(), max(self._claims(), default=0))
        if highest > self.token:
            raise FencedOut(f"token {self.token} was superseded by {highest}")

    @classmethod
    def of_worker(cls, lease: Path, token: int) -> "Fence":
        """Return the fence of a worker, with the token of its supervisor, or of its job if there is none."""
        return cls(lease, int(os.environ.get(TOKEN_VARIABLE, token)))

    @property
    def is_disputed(self) -> bool:
        """Return whether an earlier holder may still be running or suspended."""
        names = self._names()
        return any(f"{name}{ENDED}" not in names for name in names if CLAIM.fullmatch(name) and int(name) < self.token)

    def _claims(self) -> list[int]:
        return [int(name) for name in self._names() if CLAIM.fullmatch(name)]

    def _names(self) -> set[str]:
        try:
            return set(os.listdir(self.lease.parent / "leases"))
        except (FileNotFoundError, NotADirectoryError):
            return set()

    def _lease_token(self) -> int:
        """Return the token in lease.json, 0 if it is missing or invalid: the claims have the same information."""
        try:
            lease = parsed_json(read_regular(self.lease))
        except (OSError, ValueError):
            return 0
        token = lease.get("token") if isinstance(lease, dict) else 0
        return token if isinstance(token, int) else 0
