"""Checkpoints: safetensors files named by image counter, fencing token and checksum.

The name verifies the content: `ckpt-000012800-t0002-<first 16 digits of the file's SHA-256>.safetensors`. A file whose
content does not match its name is skipped, and the previous one is used.
"""

import errno
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
from torch import Tensor

from trainer.files import Guard, discard, matching, read_regular, remove_abandoned, replace_file

NAME = re.compile(r"^ckpt-(\d{9,})-t(\d{4,})-([0-9a-f]{16})\.safetensors$")

NO_FILE = frozenset({errno.ENOENT, errno.ELOOP, errno.EINVAL})
"""Why there is no regular file: nothing, a link to itself, a folder or pipe."""


@dataclass(frozen=True, order=True)
class Checkpoint:
    """A checkpoint file, ordered by training progress."""

    images: int
    token: int
    digest: str
    path: Path

    def load(self, trial: str = "") -> dict[str, Tensor] | None:
        """Return the tensors by name; None if there is no file, its checksum does not match, or it is not of `trial`.

        Checkpoints of version 0.1.0 name no trial.
        """
        try:
            content = read_regular(self.path)
        except OSError as error:
            if error.errno not in NO_FILE:
                raise
            return None
        if _digest(content) != self.digest or (trial and _trial_of(content) not in ("", trial)):
            return None
        return safetensors.torch.load(content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _trial_of(content: bytes) -> str:
    """Return the trial that an intact checkpoint names, "" if it names none."""
    end = 8 + int.from_bytes(content[:8], "little")
    found: str = json.loads(content[8:end]).get("__metadata__", {}).get("trial", "")
    return found


def save(directory: Path, images: int, guard: Guard, tensors: Mapping[str, Tensor], trial: str = "") -> Path:
    """Write a checkpoint of a trial after `images` images, and return its path."""
    metadata = {"trial": trial} if trial else None
    content = safetensors.torch.save({name: tensor.contiguous() for name, tensor in tensors.items()}, metadata)
    path = directory / f"ckpt-{images:09d}-t{guard.token:04d}-{_digest(content)}.safetensors"
    replace_file(path, content, guard)
    return path


def found(directory: Path) -> list[Checkpoint]:
    """Return the checkpoints in `directory`, newest first, without reading them."""
    matches = ((NAME.match(path.name), path) for path in matching(directory, "ckpt-*"))
    return sorted((Checkpoint(int(m[1]), int(m[2]), m[3], path) for m, path in matches if m), reverse=True)


def prune(directory: Path, keep: int, images: int, guard: Guard) -> None:
    """Remove all but the `keep` newest checkpoints up to `images`, and leftovers of crashes; nothing of a higher token.

    Those beyond could not be loaded: they would take the places of intact ones.
    """
    for checkpoint in [one for one in found(directory) if one.images <= images][keep:]:
        guard.check()
        if checkpoint.token <= guard.token:
            discard(checkpoint.path)
    remove_abandoned(directory)
    for leftover in matching(directory, ".ckpt-*.safetensors.tmp"):  # of version 0.1.0, which named no writer
        leftover.unlink(missing_ok=True)
