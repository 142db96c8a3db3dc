"""Saturation."""

from dataclasses import dataclass

from trainer.augment.draws import Draws
from trainer.augment.matrices import Colour, chroma, homogeneous, luma
from trainer.augment.transforms.base import Colouring, Parameters


@dataclass(frozen=True)
class Saturation(Colouring):
    """Multiply a colour's distance from grey by 2^(std n), n ~ N(0, 1)."""

    std: float = 1.0

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def matrix(self, parameters: Parameters) -> Colour:
        exponent = parameters[:, 0]
        factor = exponent.exp2()[:, None, None]
        return luma(exponent) + factor * chroma(exponent) + homogeneous(exponent)
