"""The real images of a metric: their choice from a set, and their features, cached on disk for all runs.

    cache_dir/features/<fingerprint>[-mirror]-<detector>-<n>.npy              features [n d], read through a memory map
    cache_dir/features/<fingerprint>[-mirror]-<detector>-<n>.gaussian.npz     mean [d], root [d d] of their covariance
    cache_dir/features/<fingerprint>[-mirror]-patches<side>-<n>.npy           patches of one resolution [n * 128 c * 49]

Files are written atomically, and measured again if they are not as they were written (trainer.data.seal); a lock keeps
concurrent processes from duplicate work.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor

from trainer.config.metrics.families import FeatureSource
from trainer.config.metrics.sizes import pyramid
from trainer.data.seal import is_file_sealed, seal_file, tell_remade
from trainer.errors import OutputError
from trainer.evaluation.feature_cache import mapped, of_shape, once, stored_arrays, written
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.shared_work import Progress
from trainer.files import replacing
from trainer.metrics.detectors import Detector
from trainer.metrics.moments import Factored, Gaussian, gaussian_of
from trainer.metrics.swd import PATCH, PATCHES, PatchRows, patches_of

CHOICE_SEED: Final = 0
BATCH: Final = 64

ImageNumbers = Int64[np.ndarray, " n"]


@runtime_checkable
class ReferenceSet(Protocol):
    """A set of real images identified by content."""

    @property
    def fingerprint(self) -> str: ...

    def __len__(self) -> int: ...

    def images(self, indices: ImageNumbers, /) -> UInt8[Tensor, "n c h w"]: ...


@dataclass(frozen=True)
class Mirrored:
    """A set and its mirror images: index i + len/2 is image i flipped left to right."""

    plain: ReferenceSet

    @property
    def fingerprint(self) -> str:
        return f"{self.plain.fingerprint}-mirror"

    def __len__(self) -> int:
        return 2 * len(self.plain)

    def images(self, indices: ImageNumbers, /) -> UInt8[Tensor, "n c h w"]:
        flipped = torch.from_numpy(indices >= len(self.plain))[:, None, None, None]
        images = self.plain.images(indices % len(self.plain))
        return torch.where(flipped, images.flip(3), images)


def chosen(available: int, count: int) -> ImageNumbers:
    """Return which `count` of `available` real images are used: all, or the first of one fixed random order."""
    if count >= available:
        return np.arange(available)
    return np.random.RandomState(CHOICE_SEED).permutation(available)[:count].astype(np.int64)


@dataclass(frozen=True)
class RealFeatures:
    """Features of `count` images of a reference, read from the cache or written to it."""

    reference: ReferenceSet
    feature_networks: FeatureNetworks
    count: int
    cache_dir: Path
    progress: Progress
    source: FeatureSource = "detector"

    @property
    def detector(self) -> Detector:
        return self.feature_networks.of(self.source)

    def features(self) -> Float32[np.ndarray, "n d"]:
        """Return the features, as a memory map.

        Raises OutputError if they cannot be stored.
        """
        path = self._file("npy")
        is_whole = of_shape((self.count, self.detector.feature_dim))
        once([path], is_whole, lambda: self._measure(path), self._wait)
        return mapped(path)

    def gaussian(self) -> Gaussian:
        """Return mean and covariance, with the root of the latter, which takes longer than the rest of FID."""
        if self.count <= self.detector.feature_dim:
            return gaussian_of(self.features())
        path = self._file("gaussian.npz")
        width = self.detector.feature_dim
        shapes = {"mean": (width,), "root": (width, width)}
        stored = stored_arrays(path, shapes) if is_file_sealed(path) else None
        return Factored(**stored) if stored else self._new_gaussian(path)

    def _new_gaussian(self, path: Path) -> Factored:
        """Compute the Gaussian and store it. Raises OutputError."""
        gaussian = gaussian_of(self.features())
        tell_remade(path)
        try:
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, mean=gaussian.mean, root=gaussian.root)
            seal_file(path)
        except OSError as error:
            raise OutputError(path, f"features cannot be stored here ({error.strerror})") from error
        return Factored(gaussian.mean, gaussian.root)

    def patches(self) -> dict[int, PatchRows]:
        """Return the patches of every resolution, finest first, as memory maps.

        Raises OutputError if they cannot be stored.
        """
        _, channels, _, side = self.reference.images(np.arange(1)).shape
        beginning = f"{self.reference.fingerprint}-patches"
        paths = {level: self._folder / f"{beginning}{level}-{self.count}.npy" for level in pyramid(side)}
        is_whole = of_shape((self.count * PATCHES, channels * PATCH**2))
        once(list(paths.values()), is_whole, lambda: self._cut(paths), self._wait)
        return {level: mapped(path) for level, path in paths.items()}

    @property
    def _folder(self) -> Path:
        return self.cache_dir / "features"

    def _file(self, ending: str) -> Path:
        name = f"{self.reference.fingerprint}-{self.detector.name}-{self.detector.identity}-{self.count}"
        return self._folder / f"{name}.{ending}"

    def _wait(self) -> None:
        self.progress("another process is measuring the real images")

    def _batches(self) -> Iterator[tuple[int, UInt8[Tensor, "n c h w"]]]:
        indices = chosen(len(self.reference), self.count)
        for start in range(0, len(indices), BATCH):
            self.progress(f"real images {start} of {len(indices)}")
            yield start, self.reference.images(indices[start : start + BATCH])

    def _measure(self, path: Path) -> None:
        with replacing(path) as temporary:
            rows = written(temporary, (self.count, self.detector.feature_dim))
            for start, images in self._batches():
                rows[start : start + len(images)] = self.detector.features(images).numpy()
            rows.flush()

    def _cut(self, paths: dict[int, Path]) -> None:
        with ExitStack() as stack:
            rows: dict[int, np.memmap] = {}
            for start, images in self._batches():
                for side, patches in patches_of(images, CHOICE_SEED, start).items():
                    if side not in rows:
                        temporary = stack.enter_context(replacing(paths[side]))
                        rows[side] = written(temporary, (self.count * PATCHES, images.shape[1] * PATCH**2))
                    rows[side][start * PATCHES :][: len(patches)] = patches
            for each in rows.values():
                each.flush()
