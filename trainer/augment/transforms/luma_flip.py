"""Luma flip: dark becomes light, hue and saturation stay."""

from dataclasses import dataclass

from trainer.augment.draws import Draws
from trainer.augment.matrices import Colour, chroma, homogeneous, luma
from trainer.augment.transforms.base import Colouring, Parameters


@dataclass(frozen=True)
class LumaFlip(Colouring):
    """Mirror colours in the plane across the luma axis v: I - 2i v v^T, i ~ U{0, 1} (Householder)."""

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.integers(2, like)

    def matrix(self, parameters: Parameters) -> Colour:
        flipped = parameters[:, 0]
        sign = (1 - 2 * flipped)[:, None, None]
        return sign * luma(flipped) + chroma(flipped) + homogeneous(flipped)
