"""Transforms of colour: affine maps of (r, g, b)."""

from dataclasses import dataclass
from math import pi

from trainer.augment.draws import Draws
from trainer.augment.matrices import Colour, chroma, homogeneous, luma, scale_colour, shift_colour, turn_chroma
from trainer.augment.transforms.base import Colouring, Parameters


@dataclass(frozen=True)
class Brightness(Colouring):
    """Add b ~ N(0, std^2) to every channel."""

    std: float = 0.2

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def matrix(self, parameters: Parameters) -> Colour:
        return shift_colour(parameters[:, 0])


@dataclass(frozen=True)
class Contrast(Colouring):
    """Multiply every channel by 2^(std n), n ~ N(0, 1); mid-grey is 0."""

    std: float = 0.5

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def matrix(self, parameters: Parameters) -> Colour:
        return scale_colour(parameters[:, 0].exp2())


@dataclass(frozen=True)
class LumaFlip(Colouring):
    """Mirror colours in the plane across the luma axis v: I - 2i v v^T, i ~ U{0, 1} (Householder)."""

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.integers(2, like)

    def matrix(self, parameters: Parameters) -> Colour:
        flipped = parameters[:, 0]
        sign = (1 - 2 * flipped)[:, None, None]
        return sign * luma(flipped) + chroma(flipped) + homogeneous(flipped)


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
