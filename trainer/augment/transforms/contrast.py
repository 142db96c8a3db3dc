"""Contrast."""

from dataclasses import dataclass

from trainer.augment.draws import Draws
from trainer.augment.matrices import Colour, scale_colour
from trainer.augment.transforms.base import Colouring, Parameters


@dataclass(frozen=True)
class Contrast(Colouring):
    """Multiply every channel by 2^(std n), n ~ N(0, 1); mid-grey is 0."""

    std: float = 0.5

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def matrix(self, parameters: Parameters) -> Colour:
        return scale_colour(parameters[:, 0].exp2())
