"""Which weights a run starts from, as part of its identity: the content of a snapshot, never its place on a disk."""

import functools
import hashlib
import json
from pathlib import Path

from trainer.config.networks.choice import Networks
from trainer.config.training import Transfer
from trainer.errors import SnapshotError

MAX_HEADER_BYTES = 100_000_000
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


def networks_of(path: Path) -> Networks:
    """Return the networks that the header of a snapshot describes; nothing else of it is read.

    Raises SnapshotError where the file is not a snapshot of this project.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, MAX_HEADER_BYTES)))
        return Networks.model_validate_json(header["__metadata__"]["networks"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise SnapshotError(path, "is not a snapshot of this project", WAY_OUT) from None


def unfit(snapshot: Networks, run: Networks) -> list[str]:
    """Return in words how the networks of a snapshot differ in shape from those of a run, as far as settings say it."""
    plain = {
        "resolution": (snapshot.resolution, run.resolution),
        "channels": (snapshot.channels, run.channels),
        "classes": (snapshot.condition_dim, run.condition_dim),
        "generator": (snapshot.generator.type, run.generator.type),
        "discriminator": (snapshot.discriminator.type, run.discriminator.type),
    }
    inner = {
        f"generator.{name}": (getattr(snapshot.generator, name, None), getattr(run.generator, name, None))
        for name in ("z_dim", "w_dim", "mapping_layers")
    }
    return [
        f"{name} {there} there and {here} here" for name, (there, here) in {**plain, **inner}.items() if there != here
    ]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, computed once for every content of it."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
