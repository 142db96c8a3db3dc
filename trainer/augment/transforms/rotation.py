"""Rotation by any angle."""

from dataclasses import dataclass
from math import pi

from jaxtyping import Float
from torch import Tensor

from trainer.augment.draws import Draws
from trainer.augment.matrices import Plane, rotate2d
from trainer.augment.transforms.base import Geometric, Parameters


@dataclass(frozen=True)
class Rotation(Geometric):
    """Turn by an angle ~ U(-pi max, pi max). It stands twice in the pipe: before and after the anisotropic scale.

    Each of the two is applied with 1 - sqrt(1 - p), so that at least one is with probability p.
    """

    max: float = 1.0

    def probability(self, p: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return 1 - (1 - p.clamp(0, 1)).sqrt()

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return (draws.uniform(like) * 2 - 1) * (pi * self.max)

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:  # noqa: ARG002
        return rotate2d(parameters[:, 0])
