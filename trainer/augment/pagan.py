"""PA-GAN (Zhang and Khoreva 2019): random bits are inputs of the discriminator, and their parity flips its target."""

import math
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.augment.adaptive import InnerAugmenter
from trainer.augment.augmented_discriminator import AugmentedDiscriminator, Conditions, Images, Logits
from trainer.config.augment import PaGan
from trainer.model.layers import Convolution, FullyConnected
from trainer.model.network import DiscriminatorNetwork
from trainer.registry import implements

BITS = 16
Bits = Float[Tensor, "n 16"]
Probabilities = Float[Tensor, "16"]


def faded_as_text(p: float) -> Probabilities:
    """Return P(b_i = 1): 1/2 for bits 1 ... k-1, min(16 p - k + 1, 1/2) for bit k, 0 for the rest; k = ceil(16 p)."""
    last = math.ceil(BITS * p)
    index = torch.arange(1, BITS + 1)
    newest = torch.full([BITS], min(BITS * p - last + 1, 0.5))
    return torch.where(index < last, 0.5, torch.where(index == last, newest, 0.0))


def faded_as_code(p: float) -> Probabilities:
    """Return P(b_i = 1) = clip(2 (16 p - i - 1) + 1, 0, 1) / 2, i from 0: bit k fades in from 16 p = k - 1/2 to k."""
    return 0.5 * (2 * (BITS * p - torch.arange(BITS) - 1) + 1).clamp(0, 1)


FADES: Mapping[Literal["code", "paper"], Callable[[float], Probabilities]] = {
    "code": faded_as_code,
    "paper": faded_as_text,
}


def parity_sign(bits: Bits) -> Logits:
    """Return the product of 1 - 2 b_i: -1 where an odd number of bits is set."""
    return (1 - 2 * bits).prod(dim=1, keepdim=True)


class BitInput(nn.Module):
    """Adds a linear map of the current bits to the features of FromRGB."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = FullyConnected(BITS, channels, bias=False)
        self.bits = torch.zeros(1, BITS)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        added: Tensor = self.linear(self.bits.to(self.linear.weight.dtype))
        return x + added[:, :, None, None].to(x.dtype)


class DiscriminatorOfBits(AugmentedDiscriminator):
    """D(x, b) times the parity sign of b, with new bits for every image of every call."""

    def __init__(
        self, plain: AugmentedDiscriminator, inputs: list[BitInput], probabilities: Callable[[], Probabilities]
    ) -> None:
        super().__init__(plain.discriminator, plain.shown)
        self._inputs, self._probabilities = inputs, probabilities

    def scores(self, images: Images, c: Conditions, force_fp32: bool = False, parts: int = 1) -> Logits:
        chances = self._probabilities().to(images.device).expand(len(images), -1)
        bits = torch.bernoulli(chances)
        for layer in self._inputs:
            layer.bits = bits
        return super().scores(images, c, force_fp32, parts) * parity_sign(bits)


@implements(PaGan)
class PaGanAugmenter(InnerAugmenter):
    """Leaves images unchanged; uses 16 p bits."""

    def __init__(self, spec: PaGan) -> None:
        super().__init__(spec)
        self._fade = FADES[spec.fade]

    def augmented_discriminator(self, discriminator: DiscriminatorNetwork) -> AugmentedDiscriminator:
        inputs = []
        for name, layer in discriminator.named_modules():
            if name.endswith("fromrgb") and isinstance(layer, Convolution):
                layer.before_bias = added = BitInput(layer.weight.shape[0])
                inputs.append(added)
        return DiscriminatorOfBits(super().augmented_discriminator(discriminator), inputs, lambda: self._fade(self.p))
