"""What was found in a data set's file, kept in the user's cache: a file that has not changed is not read again.

The cache is the folder that ADASWEEP_CACHE names, or ~/.cache/adasweep. Nothing is written beside the data:
a command that is refused leaves the store as it was.
"""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter

from trainer.config.dataset.config import DataDescription
from trainer.files import read_regular, replace_file

RULES = 4
"""To be raised when a file is described by other rules than before."""


class DataExamination(NamedTuple):
    """The description of a data set, and remarks for its users, one line each."""

    description: DataDescription
    remarks: list[str]


class _Memo(NamedTuple):
    rules: int
    file: str
    state: list[int]
    found: DataExamination


def state_of(path: Path) -> tuple[int, ...]:
    """Return what changes whenever a file is written or replaced: inode, bytes, times of content and inode (ns)."""
    status = path.stat()
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def recall(path: Path, state: tuple[int, ...]) -> DataExamination | None:
    """Return what `remember` kept of the file in this state; None when there is nothing, or nothing readable."""
    try:
        memo = TypeAdapter(_Memo).validate_json(read_regular(_memo_file(path)))
    except (OSError, RuntimeError, ValueError):
        return None
    return memo.found if memo[:3] == (RULES, str(path), [*state]) else None


def remember(path: Path, state: tuple[int, ...], found: DataExamination) -> None:
    """Keep what was found; where there is no cache that can be written, the file is read again next time."""
    memo = {"rules": RULES, "file": str(path), "state": state, "found": [found.description.model_dump(), found.remarks]}
    try:
        replace_file(_memo_file(path), json.dumps(memo))
    except (OSError, RuntimeError):
        return


def _memo_file(path: Path) -> Path:
    """Return where the memo of `path` is; RuntimeError where the user has no home."""
    cache = os.environ.get("ADASWEEP_CACHE") or Path.home() / ".cache" / "adasweep"
    return Path(cache) / "descriptions" / f"{sha256(os.fsencode(path)).hexdigest()[:16]}.json"
