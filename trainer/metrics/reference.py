"""The real images of a metric: which of a set, and their features, measured once and kept on disk for every run.

    cache_dir/features/<fingerprint>[-mirror]-<detector>-<n>.npy              features [n d], read through a memory map
    cache_dir/features/<fingerprint>[-mirror]-<detector>-<n>.gaussian.npz     mean [d], root [d d] of their covariance

A file appears whole or not at all, whatever crashes; a lock spares concurrent processes the same work.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor

from trainer.errors import OutputError
from trainer.metrics.detectors import Detector
from trainer.metrics.locks import one_at_a_time
from trainer.metrics.moments import Factored, Gaussian, gaussian_of

CHOICE_SEED: Final = 0
BATCH: Final = 64

Progress = Callable[[str], None]
Indices = Int64[np.ndarray, " n"]


@runtime_checkable
class Reference(Protocol):
    """A set of real images known by content."""

    @property
    def fingerprint(self) -> str: ...

    def __len__(self) -> int: ...

    def images(self, indices: Indices, /) -> UInt8[Tensor, "n c h w"]: ...


@dataclass(frozen=True)
class Mirrored:
    """A set and its mirror images: index i + len/2 is image i flipped left to right."""

    plain: Reference

    @property
    def fingerprint(self) -> str:
        return f"{self.plain.fingerprint}-mirror"

    def __len__(self) -> int:
        return 2 * len(self.plain)

    def images(self, indices: Indices, /) -> UInt8[Tensor, "n c h w"]:
        flipped = torch.from_numpy(indices >= len(self.plain))[:, None, None, None]
        images = self.plain.images(indices % len(self.plain))
        return torch.where(flipped, images.flip(3), images)


def chosen(available: int, count: int) -> Indices:
    """Return which `count` of `available` real images are used: all, or the first of one fixed random order."""
    if count >= available:
        return np.arange(available)
    return np.random.RandomState(CHOICE_SEED).permutation(available)[:count].astype(np.int64)


@dataclass(frozen=True)
class RealFeatures:
    """Features of `count` images of a reference, from the cache if they are there and into it if not."""

    reference: Reference
    detector: Detector
    count: int
    cache_dir: Path
    progress: Progress

    def features(self) -> Float32[np.ndarray, "n d"]:
        """Return the features, as a memory map.

        Raises OutputError where they cannot be kept.
        """
        path = self._file("npy")
        if not path.exists():
            self._require_folder(path.parent)
            with one_at_a_time(path.with_suffix(".lock"), self._wait):
                if not path.exists():
                    self._measure(path)
        rows: Float32[np.ndarray, "n d"] = np.load(path, mmap_mode="r", allow_pickle=False)
        return rows

    def gaussian(self) -> Gaussian:
        """Return mean and covariance, the latter by its root, which takes longer than all the rest of an FID."""
        if self.count <= self.detector.feature_dim:
            return gaussian_of(self.features())
        path = self._file("gaussian.npz")
        if not path.exists():
            gaussian = gaussian_of(self.features())
            with appearing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, mean=gaussian.mean, root=gaussian.root)
        with np.load(path, allow_pickle=False) as stored:
            return Factored(stored["mean"], stored["root"])

    def _file(self, ending: str) -> Path:
        name = f"{self.reference.fingerprint}-{self.detector.name}-{self.detector.identity}-{self.count}"
        return self.cache_dir / "features" / f"{name}.{ending}"

    def _require_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(self.cache_dir, f"features cannot be kept here ({error.strerror})") from error

    def _wait(self) -> None:
        self.progress("another process is measuring the real images")

    def _measure(self, path: Path) -> None:
        indices = chosen(len(self.reference), self.count)
        shape = (len(indices), self.detector.feature_dim)
        with appearing(path) as temporary:
            rows = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=shape)
            for start in range(0, len(indices), BATCH):
                self.progress(f"real images {start} of {len(indices)}")
                images = self.reference.images(indices[start : start + BATCH])
                rows[start : start + BATCH] = self.detector.features(images).numpy()
            rows.flush()


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Give a name to write to, and rename it to `path` if all went well: readers see a whole file or none."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
