"""Adaptive dropout: multiplicative noise in the discriminator, stronger as it overfits (ADA paper, App. D).

The paper's text speaks of Gaussian noise; its code, followed here, multiplies by exp(p n), n ~ N(0, 1), whose mean is
exp(p^2 / 2) and not 1.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.augment.adaptive import InnerAugmenter
from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.config.augment import AdaptiveDropout
from trainer.model.layers import Convolution
from trainer.model.network import DiscriminatorNetwork
from trainer.registry import implements


def log_normal(x: Float[Tensor, "n c *hw"], p: float) -> Float[Tensor, "n c *hw"]:
    """Return x exp(p n), n ~ N(0, 1) for each sample and channel; at p = 0, x itself without drawing."""
    if p == 0:
        return x
    noise = torch.randn(*x.shape[:2], *[1] * (x.ndim - 2), device=x.device)
    return x * (p * noise).exp().to(x.dtype)


class Dropout(nn.Module):
    """Multiplies features by noise of the current p."""

    def __init__(self, p: Callable[[], float]) -> None:
        super().__init__()
        self._p = p

    def forward(self, x: Float[Tensor, "n c *hw"]) -> Float[Tensor, "n c *hw"]:
        return log_normal(x, self._p())


@implements(AdaptiveDropout)
class AdaptiveDropoutAugmenter(InnerAugmenter):
    """Adds the noise after every convolution and the 4x4 dense layer, before bias and activation."""

    def augmented_discriminator(self, discriminator: DiscriminatorNetwork) -> AugmentedDiscriminator:
        for layer in discriminator.modules():
            if isinstance(layer, Convolution):
                layer.before_bias = Dropout(lambda: self.p)
        dense = discriminator.get_submodule("b4.fc")
        dense.before_bias = Dropout(lambda: self.p)
        return super().augmented_discriminator(discriminator)
