"""The batches of an iteration: real images in the sampler's order, latents, and the conditions of both."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from trainer.config.train import TrainConfig
from trainer.data.dataset import ImageSet, TrainSet
from trainer.data.sampler import InfiniteSampler


class RealBatch(NamedTuple):
    """Real images in [-1, 1] and their conditions."""

    pixels: Float[Tensor, "m c h w"]
    conditions: Float[Tensor, "m cdim"]


class Latents(NamedTuple):
    """The inputs of the generator."""

    z: Float[Tensor, "m zdim"]
    conditions: Float[Tensor, "m cdim"]


class Batches:
    """The batches of a run that has seen `images` images, in micro-batches of `config.micro_batch`.

    The order of real images depends on the seed. Latents are drawn from torch's global generators, which the caller
    seeds. A subclass may override `indices` or `latents` to replay recorded batches.
    """

    def __init__(
        self,
        config: TrainConfig,
        train_set: TrainSet,
        images: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._config, self._set, self._device, self._dtype = config, train_set, device, dtype
        self._sampler = InfiniteSampler(len(train_set), config.seed, start=images)

    def indices(self, count: int) -> Int[np.ndarray, "parts m"]:
        """Return the indices of the next `count` images of the training set, one row per micro-batch."""
        return np.array(self._sampler.take(count)).reshape(-1, self._config.micro_batch)

    def reals(self, indices: Int[np.ndarray, " m"]) -> RealBatch:
        """Return images of the training set."""
        return self._loaded(self._set, indices)

    def latents(self, phase: str, iteration: int, part: int) -> Latents:  # noqa: ARG002
        """Return z and conditions for micro-batch `part` of a phase, with class frequencies of the training set."""
        count = self._config.micro_batch
        z = torch.randn(count, self._config.generator.z_dim, device=self._device, dtype=self._dtype)
        picks = torch.randint(len(self._set), [count]).numpy()
        return Latents(z, self._set.labels(picks).to(self._device, self._dtype))

    @property
    def has_validation(self) -> bool:
        """Return whether there are validation images."""
        return len(self._set.validation) > 0

    def validation(self) -> RealBatch:
        """Return a micro-batch of validation images, drawn with torch's global generators."""
        images = self._set.validation
        return self._loaded(images, torch.randint(len(images), [self._config.micro_batch]).numpy())

    def _loaded(self, images: ImageSet, indices: Int[np.ndarray, " m"]) -> RealBatch:
        pixels = images.images(indices).to(self._device, self._dtype) / 127.5 - 1
        return RealBatch(pixels, images.labels(indices).to(self._device, self._dtype))
