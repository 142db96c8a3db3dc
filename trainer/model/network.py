"""The interface of networks of all families, for training, sample sheets and commands.

A generator is a mapping z, c -> ws [n layers wdim], one vector for each layer, and a synthesis of images from ws. If
there is no mapping network, ws is what the layers get instead: z, or parts of it.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.config.networks.stylegan2 import DiscriminatorSpec, GeneratorSpec

LabelSampler = Callable[[int, torch.Generator], Float[Tensor, "n cdim"]]
"""Draws n conditions with the frequencies of the data set, from a random generator."""


class LatentMapping(nn.Module):
    """z, c, truncation psi and cutoff -> ws."""

    def move_average(self, mean_w: Float[Tensor, " wdim"]) -> None:
        """Update the moving average of w; the base class has none."""


class PowerIterated(nn.Module):
    """A layer with a power iteration, which advances once per training iteration."""

    def advance(self) -> None:
        """Advance the power iteration by one step."""
        raise NotImplementedError


class Network(nn.Module):
    """A network for images of `channels` and `resolution`, conditioned on `condition_dim` classes."""

    resolution: int
    channels: int
    condition_dim: int

    def advance(self) -> None:
        """Advance power iterations, once per training iteration, independent of passes and micro-batches."""
        for layer in self.modules():
            if isinstance(layer, PowerIterated):
                layer.advance()


class GeneratorNetwork(Network):
    """z, c -> image."""

    spec: GeneratorSpec
    z_dim: int
    num_ws: int
    mapping: LatentMapping
    synthesis: nn.Module

    @property
    def active_ws(self) -> int:
        """Return how many vectors of ws, starting with the first, currently have an effect."""
        return self.num_ws

    def presentable(self, labels: LabelSampler) -> "GeneratorNetwork":  # noqa: ARG002
        """Return the network to use outside training: itself, or a copy with standing statistics."""
        return self


class DiscriminatorNetwork(Network):
    """image, c -> logits [n 1]. The score is computed from `features`, of which there are `features_dim`."""

    spec: DiscriminatorSpec

    @property
    def features_dim(self) -> int:
        """Return the number of features of an image."""
        raise NotImplementedError

    def features(
        self, images: Float[Tensor, "n channels h w"], force_fp32: bool = False, parts: int = 1
    ) -> Float[Tensor, "n features"]:
        """Return the features of the last hidden layer; `parts` stacked batches are independent."""
        raise NotImplementedError
