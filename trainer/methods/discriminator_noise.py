"""Multiplicative noise in the discriminator that grows with its confidence (Karras et al. 2018, App. B).

    d <- decay d + (1 - decay) mean D(x),     s = strength max(0, d - 0.5)^2,     x <- x N(1, s^2)

before every 3x3 convolution. It keeps the least-squares loss from diverging.
"""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.config.methods import DiscriminatorNoise
from trainer.model.growing.progan_layers import Layer
from trainer.model.network import DiscriminatorNetwork, GeneratorNetwork
from trainer.objectives.method import DiscriminatorPenaltyInputs, Method
from trainer.objectives.phases import MicroBatchMean, SumOverRanks
from trainer.registry import implements


def strength_of(mean: float, strength: float) -> float:
    """Return s = strength max(0, d - 0.5)^2 for a moving mean d of D(x)."""
    return strength * max(0.0, mean - 0.5) ** 2


class NoiseLayer(nn.Module):
    """Returns x N(1, s^2), with independent noise for every element; x itself if s is 0."""

    def __init__(self, strength: Callable[[], float]) -> None:
        super().__init__()
        self._strength = strength

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        strength = self._strength()
        return x * (1 + strength * torch.randn_like(x)) if strength else x


@implements(DiscriminatorNoise)
class Noisy(Method):
    """Maintains the moving mean d, updated once per Dmain."""

    def __init__(self, spec: DiscriminatorNoise) -> None:
        self.spec = spec
        self.mean = 0.0
        self._means = MicroBatchMean()

    def prepare(self, generator: GeneratorNetwork, discriminator: DiscriminatorNetwork) -> None:  # noqa: ARG002
        for layer in discriminator.modules():
            if isinstance(layer, Layer) and layer.conv.weight.shape[-1] == 3:
                layer.ahead = NoiseLayer(lambda: strength_of(self.mean, self.spec.strength))

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> None:
        self._means.add(inputs.real_logits.mean())

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        new = self._means.take(sum_over_ranks).item()
        self.mean = self.spec.decay * self.mean + (1 - self.spec.decay) * new

    def state_dict(self) -> dict[str, Tensor]:
        return {"mean": torch.tensor(self.mean, dtype=torch.float64)}

    def load_state_dict(self, tensors: Mapping[str, Tensor], /) -> None:
        self.mean = tensors["mean"].item()
