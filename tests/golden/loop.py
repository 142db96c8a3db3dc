"""Replay of stored runs of the official training loop with the stepper, optimizers, sampler and moving average."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tests.golden.cases import DEVICE
from trainer.attempt.assemble import make_parts
from trainer.augment.augmenter import Augmenter
from trainer.config.dataset.config import DataConfig
from trainer.config.dataset.describe import describe
from trainer.config.train import TrainConfig
from trainer.data.dataset import TrainSet
from trainer.data.writer import ZipWriter
from trainer.model.modulated import NoiseMode
from trainer.objectives.method import Method
from trainer.objectives.phases import Stats
from trainer.objectives.regularised import RegularisedObjective
from trainer.runtime.world import World
from trainer.training.batches import Batches, Latents
from trainer.training.step import Stepper


class Draws(NamedTuple):
    """What a stored run drew: z [iterations phases batch zdim], conditions [... cdim] of generated images, y of every
    path length that was measured [n channels h w], before the division by sqrt(h w), and real images [iterations
    batch] unless the sampler gives them.
    """

    phases: list[str]
    z: Tensor
    conditions: Tensor
    path_noise: Tensor | None
    real: np.ndarray | None


class StoredBatches(Batches):
    """The latents of a stored run, and its real images or those of the sampler, which are recorded in `shown`."""

    def __init__(self, config: TrainConfig, train_set: TrainSet, draws: Draws, dtype: torch.dtype) -> None:
        super().__init__(config, train_set, 0, DEVICE, dtype)
        self._micro_batch, self._draws = config.micro_batch, draws
        self._given: Iterator[np.ndarray] | None = None if draws.real is None else iter(draws.real)
        self.shown: list[np.ndarray] = []

    def indices(self, count: int) -> np.ndarray:
        indices = super().indices(count)
        indices = indices if self._given is None else next(self._given).reshape(indices.shape)
        self.shown.append(indices.flatten())
        return indices

    def latents(self, phase: str, iteration: int, part: int) -> Latents:
        phases = self._draws.phases
        row = phases.index(phase if phase in phases else phase.replace("main", "both"))
        mine = slice(part * self._micro_batch, (part + 1) * self._micro_batch)
        return Latents(self._draws.z[iteration, row, mine], self._draws.conditions[iteration, row, mine])


class PathNoise:
    """Returns stored noise in order, for as many images as requested."""

    def __init__(self, stored: Tensor) -> None:
        self._left = stored

    def __call__(self, images: Tensor) -> Tensor:
        taken, self._left = self._left[: len(images)], self._left[len(images) :]
        return taken.to(images.dtype) / math.sqrt(images[0, 0].numel())


class Recorder(Method):
    """Keeps the statistics of an iteration; the first value if several phases report one."""

    def __init__(self) -> None:
        self.stats: Stats = {}

    def observe(self, stats: Stats) -> None:
        self.stats = {**stats, **self.stats}


class Repeated(NamedTuple):
    """A stepper that repeats a stored run, with what can be observed of it."""

    stepper: Stepper
    batches: StoredBatches
    recorder: Recorder
    objective: RegularisedObjective


class ImagesAt(NamedTuple):
    """A data set on disk and its settings."""

    config: DataConfig
    path: Path
    cache: Path


def written(folder: Path, images: np.ndarray, classes: list[int] | None, cdim: int) -> ImagesAt:
    """Write `images` uint8 [n c h w] as a data set for networks of `cdim` classes."""
    path = folder / "images.zip"
    with ZipWriter(path, {}) as writer:
        for number, image in enumerate(images):
            writer.add(image.transpose(1, 2, 0), classes[number] if classes and cdim else None)
    found = describe(path, folder)
    tree = found.model_dump(exclude={"name", "classes"})
    config = DataConfig(**tree, classes=cdim, labels=cdim > 0, subset=len(images), subset_seed=0)
    return ImagesAt(config, path, folder / "cache")


def repeated(
    config: TrainConfig,
    images: ImagesAt,
    draws: Draws,
    dtype: torch.dtype,
    noise_mode: NoiseMode,
    augmenter: Augmenter | None = None,
) -> Repeated:
    """Return the stepper of `config` in arithmetic `dtype`. `augmenter` only observes."""
    parts = make_parts(config, DEVICE)
    state, objective, recorder = parts.state, parts.state.parts["objective"], Recorder()
    assert isinstance(objective, RegularisedObjective)
    for network in (state.generator, state.discriminator, state.average):
        network.to(dtype)
    objective.path_length.generation.noise_mode = noise_mode
    if draws.path_noise is not None:
        objective.path_length.noise = PathNoise(draws.path_noise)
    batches = StoredBatches(config, TrainSet(config.data, images.path, images.cache), draws, dtype)
    watching = parts._replace(augmenter=augmenter or parts.augmenter, methods=[recorder])
    return Repeated(Stepper(config, *watching, batches, World(device=DEVICE)), batches, recorder, objective)


def one_hot(indices: Any, dim: int, dtype: torch.dtype) -> Tensor:
    """Return conditions [... cdim] of class numbers."""
    index = torch.as_tensor(indices, device=DEVICE)
    if dim == 0:
        return torch.zeros(*index.shape, 0, dtype=dtype, device=DEVICE)
    return torch.eye(dim, dtype=dtype, device=DEVICE)[index]
