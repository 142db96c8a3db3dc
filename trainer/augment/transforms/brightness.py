"""Brightness."""

from dataclasses import dataclass

from trainer.augment.draws import Draws
from trainer.augment.matrices import Colour, shift_colour
from trainer.augment.transforms.base import Colouring, Parameters


@dataclass(frozen=True)
class Brightness(Colouring):
    """Add b ~ N(0, std^2) to every channel."""

    std: float = 0.2

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def matrix(self, parameters: Parameters) -> Colour:
        return shift_colour(parameters[:, 0])
