"""Spectral normalisation of the discriminator (Miyato et al. 2018): W / sigma(W), sigma by power iteration.

It stands behind the equalised learning rate and covers the 3x3 convolutions; FromRGB, 1x1 skips and dense layers stay
as they are. The vector u moves on by one iteration per Dmain. Every pass through the layer starts from the same u,
so that the result does not depend on how a batch is cut into shards.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

from trainer.config.methods import SpectralNormalisation
from trainer.families import implements
from trainer.methods.method import Method
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.model.layers import Convolution
from trainer.objectives.phases import SumOverRanks


class SpectralNorm(nn.Module):
    """W -> W / (u^T W v), with u and v after one power iteration and constant in the gradient."""

    u: Tensor

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.register_buffer("u", torch.randn(outputs))

    def forward(self, weight: Float[Tensor, "o i k k"]) -> Float[Tensor, "o i k k"]:
        matrix = weight.flatten(1)
        u, v = self._iterated(matrix)
        return weight / (u @ matrix @ v)

    @torch.no_grad()
    def _iterated(self, matrix: Float[Tensor, "o j"]) -> tuple[Float[Tensor, " o"], Float[Tensor, " j"]]:
        v = normalize(matrix.T @ self.u, dim=0)
        return normalize(matrix @ v, dim=0), v

    @torch.no_grad()
    def advance(self, weight: Float[Tensor, "o i k k"]) -> None:
        """Take u one power iteration further."""
        self.u.copy_(self._iterated(weight.flatten(1))[0])


@implements(SpectralNormalisation)
class SpectrallyNormal(Method):
    """Normalises conv0 and conv1 of every block and the 4x4 convolution."""

    def __init__(self, spec: SpectralNormalisation) -> None:
        self.spec = spec
        self.layers: list[tuple[Convolution, SpectralNorm]] = []

    def prepare(self, generator: Generator, discriminator: Discriminator) -> None:  # noqa: ARG002
        convolutions = [layer for block in discriminator.blocks() for layer in (block.conv0, block.conv1)]
        for layer in (*convolutions, discriminator.b4.conv):
            layer.weight_norm = norm = SpectralNorm(layer.weight.shape[0])
            self.layers.append((layer, norm))

    def finish(self, sum_over_ranks: SumOverRanks) -> None:  # noqa: ARG002
        for layer, norm in self.layers:
            norm.advance(layer.weight.detach())
