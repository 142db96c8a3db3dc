"""Batch normalisation with standing statistics (Brock et al. 2019, App. B).

Training normalises by the statistics of a micro-batch, or of those of all ranks together, and stores none. Outside
training, a copy of the network averages the statistics of many batches of its own images: they are a function of its
weights, independent of training history.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.model.network import GeneratorNetwork, LabelSampler
from trainer.runtime.randomness import generator_of
from trainer.runtime.world import World

BATCH = 64
GeneratorT = TypeVar("GeneratorT", bound=GeneratorNetwork)


class StandingNorm(nn.Module):
    """(x - mean) / sqrt(variance + epsilon) of every map, with batch or standing statistics."""

    mean: Tensor
    variance: Tensor
    passes: Tensor

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.epsilon, self.measuring, self.world = epsilon, False, World()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.zeros(channels))
        self.register_buffer("passes", torch.zeros([], dtype=torch.int64))

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        mean, variance = self._statistics(x)
        return (x - mean[:, None, None]) * (variance[:, None, None] + self.epsilon).rsqrt()

    def _statistics(self, x: Float[Tensor, "n c h w"]) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
        if self.training or self.measuring:
            mean, variance = moments(x, self.world)
            if self.measuring:
                self._add(mean, variance)
            return mean, variance
        if not self.passes:
            raise RuntimeError(
                "there are no statistics yet: call `presentable` first, or load the average of a snapshot"
            )
        return self.mean / self.passes, self.variance / self.passes

    def _add(self, mean: Tensor, variance: Tensor) -> None:
        self.mean += mean
        self.variance += variance
        self.passes += 1


def moments(x: Float[Tensor, "n c h w"], world: World) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Return mean and variance of every map over the images of all ranks, of which each has n."""
    if world.size == 1:
        return x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)
    mean = world.total(x.mean(dim=(0, 2, 3))) / world.size
    return mean, world.total((x - mean[:, None, None]).square().mean(dim=(0, 2, 3))) / world.size


def join_statistics(generator: nn.Module, world: World) -> None:
    """Normalise by the statistics of all ranks from now on; each must make the same passes in the same order."""
    for norm in generator.modules():
        if isinstance(norm, StandingNorm):
            norm.world = world


@contextmanager
def _measuring(norms: list[StandingNorm]) -> Iterator[None]:
    for norm in norms:
        norm.measuring = True
        for buffer in norm.buffers():
            buffer.zero_()
    yield
    for norm in norms:
        norm.measuring = False


@torch.no_grad()
def with_standing_statistics(generator: GeneratorT, labels: LabelSampler, passes: int) -> GeneratorT:
    """Return a copy whose statistics are the means over `passes` fixed batches of 64."""
    shown = copy.deepcopy(generator).eval()
    device = next(shown.parameters()).device
    draws = generator_of("standing statistics")
    with _measuring([module for module in shown.modules() if isinstance(module, StandingNorm)]):
        for _ in range(passes):
            z = torch.randn(BATCH, shown.z_dim, generator=draws).to(device)
            shown(z, labels(BATCH, draws).to(device))
    return shown
