"""The fence: a worker whose lease has passed to another token writes nothing more."""

import json
from dataclasses import dataclass
from pathlib import Path


class FencedOut(Exception):
    """Another supervisor holds this trial with a higher token."""


@dataclass(frozen=True)
class Fence:
    """Compares this attempt's token with the one in the trial's lease before every write."""

    lease: Path
    token: int

    def check(self) -> None:
        """Raise FencedOut where the lease names a higher token than ours. A run by hand has no lease."""
        try:
            holder = json.loads(self.lease.read_text(encoding="utf-8"))["token"]
        except FileNotFoundError:
            return
        if holder > self.token:
            raise FencedOut(f"token {self.token} was superseded by {holder}")
