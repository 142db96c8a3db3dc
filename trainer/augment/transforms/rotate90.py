"""Quarter turns."""

from dataclasses import dataclass
from math import pi

from trainer.augment.draws import Draws
from trainer.augment.matrices import Plane, rotate2d
from trainer.augment.transforms.base import Geometric, Parameters


@dataclass(frozen=True)
class Rotate90(Geometric):
    """Turn by i quarters of a circle, i ~ U{0, 1, 2, 3}, anticlockwise on the screen."""

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.integers(4, like)

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:  # noqa: ARG002
        return rotate2d(parameters[:, 0] * (pi / 2))
