"""Hue."""

from dataclasses import dataclass
from math import pi

from trainer.augment.draws import Draws
from trainer.augment.matrices import Colour, rotate_about_luma
from trainer.augment.transforms.base import Colouring, Parameters


@dataclass(frozen=True)
class Hue(Colouring):
    """Turn colours about the luma axis by an angle ~ U(-pi max, pi max)."""

    max: float = 1.0

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return (draws.uniform(like) * 2 - 1) * (pi * self.max)

    def matrix(self, parameters: Parameters) -> Colour:
        return rotate_about_luma(parameters[:, 0])
