"""Which weights a run starts from, as part of its identity: the content of a snapshot, not its path."""

import functools
import hashlib
import json
from pathlib import Path

from trainer.config.dataset.regular import expanded
from trainer.config.networks.choice import AnyDiscriminator, AnyGenerator, Networks
from trainer.config.training import Transfer
from trainer.errors import SnapshotError

MAX_HEADER_BYTES = 100_000_000
DECISIVE = frozenset(
    f"{which}.{name}"
    for which, names in {
        "generator": "z_dim w_dim mapping_layers widths architecture spectral_norm noise_inputs resample_taps style "
        "normalisation channels hierarchical attention",
        "discriminator": "widths architecture resample_taps minibatch_std_channels normalisation variety channels "
        "attention",
    }.items()
    for name in names.split()
)
DECISIVE_WITH_CLASSES = frozenset(
    {"generator.embedding_dim", "generator.shared", "discriminator.embedding_dim", "discriminator.mapping_layers"}
)
WAY_OUT = "give a .safetensors snapshot (convert an official .pkl with: python -m trainer import)"


def identified(source: str | Path) -> Transfer:
    """Return the identity of the snapshot at `source`.

    Raises SnapshotError if there is no such file.
    """
    return Transfer(sha256=sha256_of(located(source)))


def located(source: str | Path) -> Path:
    """Return the file behind `source`, resolving links such as best.safetensors, whose targets may change.

    Raises SnapshotError if there is no such file.
    """
    path = expanded(source)
    if not path.is_file():
        raise SnapshotError(f"transfer: {source}", "no such file", WAY_OUT)
    return path.resolve()


def networks_of(path: Path) -> Networks:
    """Return the networks described in the header of a snapshot; nothing else is read.

    Raises SnapshotError if the file is not a snapshot of this project.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, MAX_HEADER_BYTES)))
        return Networks.model_validate_json(header["__metadata__"]["networks"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise SnapshotError(path, "is not a snapshot of this project", WAY_OUT) from None


def unfit(snapshot: Networks, run: Networks) -> list[str]:
    """Return how the networks of a snapshot differ from those of a run in what determines their weights."""
    there, here = _decisive(snapshot), _decisive(run)
    shared = [name for name in there if name in here]  # a different family is reported by its type alone
    return [f"{name} {there[name]} there and {here[name]} here" for name in shared if there[name] != here[name]]


def _decisive(networks: Networks) -> dict[str, object]:
    """Return by name the settings that determine names, shapes and filters of the tensors of a pair of networks."""
    images = {"resolution": networks.resolution, "channels": networks.channels, "classes": networks.condition_dim}
    families = {"generator": networks.generator.type, "discriminator": networks.discriminator.type}
    decisive = DECISIVE | (DECISIVE_WITH_CLASSES if networks.condition_dim else frozenset())
    inner = {
        f"{which}.{name}": value
        for which, spec in (("generator", networks.generator), ("discriminator", networks.discriminator))
        for name, value in _shapes(spec, networks.resolution).items()
        if f"{which}.{name}" in decisive
    }
    return {**images, **families, **inner}


def _shapes(spec: AnyGenerator | AnyDiscriminator, resolution: int) -> dict[str, object]:
    """Return the effective settings of a network, with `widths` as the feature maps from 4x4 up."""
    settings = dict(spec)
    if settings.get("normalisation") in ("none", "pixel"):
        settings["normalisation"] = "none or pixel"
    if "channel_base" in settings:
        base, most = (int(settings[name] * settings.get("capacity", 1)) for name in ("channel_base", "channel_max"))
        widths = [max(min(base >> power, most), 1) for power in range(2, resolution.bit_length())]
        settings |= {"widths": widths, "embedding_dim": settings.get("embedding_dim") or widths[0]}
    return settings


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, cached until its size or modification time changes."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
