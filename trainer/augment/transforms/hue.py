"""Hue."""

from dataclasses import dataclass
from math import pi

from trainer.augment.draws import Draws
from trainer.augment.matrices import Colour, chroma, homogeneous, luma, turn_chroma
from trainer.augment.transforms.base import Colouring, Parameters


@dataclass(frozen=True)
class Hue(Colouring):
    """Turn colours about the luma axis by an angle ~ U(-pi max, pi max) (Rodrigues' formula)."""

    max: float = 1.0

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return (draws.uniform(like) * 2 - 1) * (pi * self.max)

    def matrix(self, parameters: Parameters) -> Colour:
        angle = parameters[:, 0]
        cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
        return luma(angle) + cos * chroma(angle) + sin * turn_chroma(angle) + homogeneous(angle)
