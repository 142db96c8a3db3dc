"""Corruptions of pixel values: additive noise, cutout."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from trainer.augment.draws import Draws
from trainer.augment.transforms.base import Corruption, Parameters


@dataclass(frozen=True)
class Noise(Corruption):
    """Add white noise of N(0, sigma^2), sigma = |n|, n ~ N(0, std^2) drawn once per image."""

    std: float = 0.1

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.half_normal(like) * self.std

    def apply(self, images: Float[Tensor, "n c h w"], parameters: Parameters, draws: Draws) -> Float[Tensor, "n c h w"]:
        return images + draws.pixels(images) * parameters[:, :, None, None]


@dataclass(frozen=True)
class Cutout(Corruption):
    """Set to 0 a rectangle of `size` times the sides, centred on a uniform point of the image (DeVries, Taylor 2017).

    Parameters [n 3]: size, centre x, centre y, as fractions of the sides.
    """

    parameters: ClassVar[int] = 3
    size: float = 0.5

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        centre = draws.uniform(like[:, 1:])
        return torch.cat([torch.full_like(like[:, :1], self.size), centre], dim=1)

    def apply(
        self,
        images: Float[Tensor, "n c h w"],
        parameters: Parameters,
        draws: Draws,  # noqa: ARG002
    ) -> Float[Tensor, "n c h w"]:
        size, x, y = parameters.T[:, :, None]
        hidden = _near(y, size, images.shape[2])[:, :, None] & _near(x, size, images.shape[3])[:, None, :]
        return images * ~hidden[:, None]


def _near(centre: Float[Tensor, "n 1"], size: Float[Tensor, "n 1"], side: int) -> Bool[Tensor, "n side"]:
    """Return which pixels lie less than size/2 from the centre along one axis."""
    position = (torch.arange(side, device=centre.device) + 0.5) / side
    return (position - centre).abs() < size / 2
