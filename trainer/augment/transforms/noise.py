"""Additive noise."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from trainer.augment.draws import Draws
from trainer.augment.transforms.base import Corruption, Parameters


@dataclass(frozen=True)
class Noise(Corruption):
    """Add white noise of N(0, sigma^2), sigma = |n|, n ~ N(0, std^2) drawn once for an image."""

    std: float = 0.1

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.half_normal(like) * self.std

    def apply(self, images: Float[Tensor, "n c h w"], parameters: Parameters, draws: Draws) -> Float[Tensor, "n c h w"]:
        return images + draws.pixels(images) * parameters[:, :, None, None]
