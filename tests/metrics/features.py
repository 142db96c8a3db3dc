"""Synthetic features, real images, and tiny feature networks for fast tests."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from trainer.evaluation.samples import WHOLE, ImageBatch, PathSteps, Share
from trainer.metrics.detectors import Outputs
from trainer.metrics.ppl import EPSILON

EMBEDDED = Path(__file__).resolve().parents[2] / "trainer" / "data" / "embedded"


def gaussian_rows(count: int, dim: int, seed: int = 0, shift: float = 0.0, mixing_seed: int = 99) -> np.ndarray:
    """Return correlated Gaussian rows [count dim]; sets with one `mixing_seed` have one covariance."""
    mixing = np.random.default_rng(mixing_seed).normal(size=(dim, dim)) / np.sqrt(dim)
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    shifted: np.ndarray = rows @ mixing + shift
    return shifted


def small_sets(rows: int = 12, dim: int = 4) -> st.SearchStrategy[np.ndarray]:
    """Sets of at least six rows of features in a realistic range."""
    seeds = st.integers(0, 2**32 - 1)
    return st.builds(
        lambda seed, count, scale: np.random.default_rng(seed).normal(size=(count, dim)) * scale,
        seeds,
        st.integers(6, rows),
        st.sampled_from([0.1, 1.0, 10.0]),
    )


def fashion_images() -> np.ndarray:
    """Return the embedded 10,000 Fashion-MNIST photographs, padded to 32x32: uint8 [n 1 32 32]."""
    raw = gzip.decompress((EMBEDDED / "t10k-images-idx3-ubyte.gz").read_bytes())
    pixels = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 1, 28, 28)
    return np.pad(pixels, ((0, 0), (0, 0), (2, 2), (2, 2)))


def fashion_classes() -> np.ndarray:
    """Return the class 0..9 of every photograph."""
    raw = gzip.decompress((EMBEDDED / "t10k-labels-idx1-ubyte.gz").read_bytes())
    return np.frombuffer(raw, np.uint8, offset=8)


class QuarterMeans:
    """A detector in ten lines: the means of the four quarters of an image."""

    name = "lite0"
    identity = "quarter-means"
    feature_dim = 4
    classes = 3

    def features(self, images: Tensor) -> Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(images.float().mean(1, keepdim=True) / 64, 2).flatten(1)

    def outputs(self, images: Tensor) -> Outputs:
        features = self.features(images)
        return Outputs(features, features[:, :3].softmax(1))


class Subject:
    """Returns noise in batches of `batch`, counts the images, and takes steps ten times as long at the end."""

    def __init__(self, batch: int = 6, seed: int = 7) -> None:
        self.given = 0
        self._batch, self._seed = batch, seed

    def images(self, count: int, share: Share = WHOLE) -> Iterator[ImageBatch]:
        draws = torch.Generator().manual_seed(self._seed)
        for number, start in enumerate(range(0, count, self._batch)):
            size = min(self._batch, count - start)
            batch = torch.randint(0, 200, (size, 1, 32, 32), generator=draws, dtype=torch.uint8)
            if number % share.of == share.first:
                self.given += size
                yield ImageBatch(start, batch)

    def paths(self, count: int, path: str, share: Share = WHOLE) -> Iterator[PathSteps]:
        length = EPSILON * (10 if "full" in path else 1)
        for number, start in enumerate(range(0, count, self._batch)):
            before = torch.zeros(min(self._batch, count - start), 1, 32, 32)
            if number % share.of == share.first:
                yield PathSteps(start, before, before + length)


class Brightness:
    """A perceptual distance in three lines: the squared difference of the mean brightness, in units of 127.5."""

    name = "brightness"

    def __call__(self, images: Tensor) -> Tensor:
        return images.mean((1, 2, 3), dtype=torch.float64)[:, None] / 127.5


class NoiseImages:
    """A reference of random images that counts how often it is read."""

    def __init__(self, count: int = 60, seed: int = 0, fingerprint: str = "0123456789abcdef") -> None:
        draws = torch.Generator().manual_seed(seed)
        self._images = torch.randint(0, 256, (count, 1, 32, 32), generator=draws, dtype=torch.uint8)
        self.fingerprint = fingerprint
        self.asked = 0

    def __len__(self) -> int:
        return len(self._images)

    def images(self, indices: np.ndarray) -> Tensor:
        self.asked += len(indices)
        return self._images[torch.from_numpy(indices)]
