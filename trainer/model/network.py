"""What training, sample sheets and commands ask of networks, whatever their family.

A generator is a mapping z, c -> ws [n layers wdim], which gives every layer a vector of its own, and a synthesis that
makes images of them. Where there is no mapping network, ws is what the layers are told instead: z, or parts of it.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.config.networks.stylegan2 import DiscriminatorSpec, GeneratorSpec

LabelSampler = Callable[[int, torch.Generator], Float[Tensor, "n cdim"]]
"""Draws n conditions as frequent as in the data set, from a generator of random numbers."""


class LatentMapping(nn.Module):
    """z, c, truncation psi and cutoff -> ws."""

    def move_average(self, mean_w: Float[Tensor, " wdim"]) -> None:
        """Move what is averaged over the w of all batches; here nothing is."""


class PowerIterated(nn.Module):
    """A layer with an iteration of its own, which moves on once per iteration of training."""

    def advance(self) -> None:
        """Take the iteration one step further."""
        raise NotImplementedError


class Network(nn.Module):
    """A network for images of `channels` and `resolution`, conditioned on `condition_dim` classes."""

    resolution: int
    channels: int
    condition_dim: int

    def advance(self) -> None:
        """Move on what moves once per iteration of training, whatever the number of passes and micro-batches."""
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
        """Return how many vectors of ws, from the first on, have an effect at present."""
        return self.num_ws

    def presentable(self, labels: LabelSampler) -> "GeneratorNetwork":  # noqa: ARG002
        """Return the network that makes images outside training: itself, or a copy with what only that one needs."""
        return self


class DiscriminatorNetwork(Network):
    """image, c -> logits [n 1]. `features` are what its score is computed from, `features_dim` of them."""

    spec: DiscriminatorSpec

    @property
    def features_dim(self) -> int:
        """Return the number of features of an image."""
        raise NotImplementedError

    def features(
        self, images: Float[Tensor, "n channels h w"], force_fp32: bool = False, parts: int = 1
    ) -> Float[Tensor, "n features"]:
        """Return the features of the last hidden layer; `parts` stacked batches do not see each other."""
        raise NotImplementedError
