"""Transforms of the plane: flips, rotations, translations, scales."""

from dataclasses import dataclass
from math import pi
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.draws import Draws
from trainer.augment.matrices import Plane, rotate2d, scale2d, translate2d
from trainer.augment.transforms.base import Geometric, Parameters


@dataclass(frozen=True)
class XFlip(Geometric):
    """Flip left and right with i ~ U{0, 1}: x -> (1 - 2i) x."""

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.integers(2, like)

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:  # noqa: ARG002
        flipped = parameters[:, 0]
        return scale2d(1 - 2 * flipped, torch.ones_like(flipped))


@dataclass(frozen=True)
class Rotate90(Geometric):
    """Turn by i quarters of a circle, i ~ U{0, 1, 2, 3}, anticlockwise on the screen."""

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.integers(4, like)

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:  # noqa: ARG002
        return rotate2d(parameters[:, 0] * (pi / 2))


@dataclass(frozen=True)
class IntegerTranslation(Geometric):
    """Move by (round(tx w), round(ty h)) pixels, tx, ty ~ U(-max, max) of the side."""

    parameters: ClassVar[int] = 2
    max: float = 0.125

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return (draws.uniform(like) * 2 - 1) * self.max

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:
        return translate2d((parameters[:, 0] * width).round().neg(), (parameters[:, 1] * height).round().neg())


@dataclass(frozen=True)
class IsotropicScale(Geometric):
    """Magnify by s = 2^(std n), n ~ N(0, 1)."""

    std: float = 0.2

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:  # noqa: ARG002
        shrink = (-parameters[:, 0]).exp2()
        return scale2d(shrink, shrink)


@dataclass(frozen=True)
class Rotation(Geometric):
    """Turn by an angle ~ U(-pi max, pi max). The pipe applies it twice: before and after the anisotropic scale.

    Each is applied with probability 1 - sqrt(1 - p), so that at least one is with probability p.
    """

    max: float = 1.0

    def probability(self, p: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return 1 - (1 - p.clamp(0, 1)).sqrt()

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return (draws.uniform(like) * 2 - 1) * (pi * self.max)

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:  # noqa: ARG002
        return rotate2d(parameters[:, 0])


@dataclass(frozen=True)
class AnisotropicScale(Geometric):
    """Stretch x by s and y by 1/s, s = 2^(std n), n ~ N(0, 1)."""

    std: float = 0.2

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:  # noqa: ARG002
        return scale2d((-parameters[:, 0]).exp2(), parameters[:, 0].exp2())


@dataclass(frozen=True)
class FractionalTranslation(Geometric):
    """Move by (tx w, ty h) pixels, tx, ty ~ N(0, std^2) of the side."""

    parameters: ClassVar[int] = 2
    std: float = 0.125

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:
        return translate2d(-parameters[:, 0] * width, -parameters[:, 1] * height)
