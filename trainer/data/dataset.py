"""The images a run learns from, by index: a subset of a data set, its mirror images, and a validation split."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int, UInt8
from torch import Tensor

from trainer.config.dataset.archive import open_archive
from trainer.config.dataset.config import DataConfig
from trainer.config.dataset.entries import fingerprint
from trainer.data.cache import Decoded, DecodeProgress, decoded
from trainer.errors import DataError

Indices = Sequence[int] | Int[np.ndarray, " n"]


class Split(NamedTuple):
    """Indices of training and validation images in the whole set; sorted and disjoint."""

    train: Int[np.ndarray, " subset"]
    validation: Int[np.ndarray, " validation"]


def split(images: int, subset: int, validation: int, seed: int) -> Split:
    """Return the first `subset` and the last `validation` of a random order of `images`, each sorted.

    With the same seed, a smaller subset is part of a larger one, and both have the same validation images.
    """
    assert subset + validation <= images, "TrainConfig has checked that there are enough images"
    order = np.arange(images)
    np.random.RandomState(seed % 2**32).shuffle(order)
    return Split(np.sort(order[:subset]), np.sort(order[images - validation :]))


class ImageSet:
    """Images by index 0..len-1. With `mirror`, index i + len/2 is image i flipped left to right."""

    def __init__(self, data: Decoded, chosen: Int[np.ndarray, " m"], classes: int = 0, mirror: bool = False) -> None:
        self._data = data
        self._chosen = chosen
        self._classes = classes
        self._mirror = mirror

    def __len__(self) -> int:
        return len(self._chosen) * (2 if self._mirror else 1)

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the whole set that these images are part of."""
        return self._data.fingerprint

    def unlabelled(self) -> "ImageSet":
        """Return the same images for an unconditional network."""
        return ImageSet(self._data, self._chosen, 0, self._mirror)

    @property
    def resolution(self) -> int:
        return int(self._data.images.shape[-1])

    @property
    def channels(self) -> int:
        return int(self._data.images.shape[1])

    def images(self, indices: Indices) -> UInt8[Tensor, "n c h w"]:
        """Return a copy of the images at `indices`, 0..255."""
        raw, flipped = self.sources(indices)
        pixels = self._data.images[raw]
        pixels[flipped] = pixels[flipped, :, :, ::-1]
        return torch.from_numpy(pixels)

    def labels(self, indices: Indices) -> Float32[Tensor, "n cdim"]:
        """Return the classes at `indices` as one-hot rows; cdim is 0 for an unconditional run."""
        rows = np.zeros((len(indices), self._classes), dtype=np.float32)
        if self._classes:
            rows[np.arange(len(indices)), self.class_ids(indices)] = 1
        return torch.from_numpy(rows)

    def class_ids(self, indices: Indices) -> Int[np.ndarray, " n"]:
        """Return the classes at `indices` as numbers, -1 for images without a label."""
        raw, _ = self.sources(indices)
        ids: Int[np.ndarray, " n"] = self._data.labels[raw]
        return ids

    def sources(self, indices: Indices) -> tuple[Int[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
        """Return which images of the whole set are at `indices`, and whether they are mirrored."""
        flipped, place = np.divmod(np.asarray(indices, dtype=np.int64), len(self._chosen))
        return self._chosen[place], flipped.astype(bool)


class TrainSet(ImageSet):
    """The training images of `config`. `validation` images are held out; `whole` is the full set."""

    def __init__(self, config: DataConfig, path: Path, cache_dir: Path, progress: DecodeProgress | None = None) -> None:
        data = decoded(path, config.fingerprint, cache_dir, progress)
        _require_same_set(config, data, path)
        parts = split(config.images, config.subset, config.validation, config.subset_seed)
        super().__init__(data, parts.train, config.condition_dim, config.mirror)
        self.validation = ImageSet(data, parts.validation, config.condition_dim)
        self.whole = ImageSet(data, np.arange(config.images), config.classes)


def full_set(path: Path, cache_dir: Path, progress: DecodeProgress | None = None) -> ImageSet:
    """Return all images of the set at `path`, in order, as the reference of FID. Labels, if any, are one-hot."""
    data = decoded(path, fingerprint(open_archive(path, cache_dir).entries()), cache_dir, progress)
    return ImageSet(data, np.arange(len(data.images)), classes=int(data.labels.max()) + 1)


def _require_same_set(config: DataConfig, data: Decoded, path: Path) -> None:
    expected = (config.images, config.channels, config.resolution, config.resolution)
    if data.images.shape != expected:
        raise DataError(path, f"has images [n c h w] {list(data.images.shape)}, but the trial expects {list(expected)}")
    if config.labels and int(data.labels.max()) >= config.classes:
        raise DataError(path, f"has class {int(data.labels.max())}, but the trial has {config.classes} classes")
