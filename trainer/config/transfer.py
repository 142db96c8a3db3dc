"""Which weights a run starts from, as part of its identity: the content of a snapshot, never its place on a disk."""

import functools
import hashlib
from pathlib import Path

from trainer.config.training import Transfer
from trainer.errors import SnapshotError

WAY_OUT = "name a .safetensors snapshot (an official .pkl becomes one with: python -m trainer import)"


def identified(source: str | Path) -> Transfer:
    """Return the snapshot at `source` by its content.

    Raises SnapshotError where there is no such file.
    """
    return Transfer(sha256=sha256_of(located(source)))


def located(source: str | Path) -> Path:
    """Return the file itself behind `source`, links such as best.safetensors followed: they may move on.

    Raises SnapshotError where there is no such file.
    """
    path = Path(source).expanduser()
    if not path.is_file():
        raise SnapshotError(f"transfer: {source}", "no such file", WAY_OUT)
    return path.resolve()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, computed once for every content of it."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
