"""Stretching that keeps the area."""

from dataclasses import dataclass

from trainer.augment.draws import Draws
from trainer.augment.matrices import Plane, scale2d
from trainer.augment.transforms.base import Geometric, Parameters


@dataclass(frozen=True)
class AnisotropicScale(Geometric):
    """Stretch x by s and y by 1/s, s = 2^(std n), n ~ N(0, 1)."""

    std: float = 0.2

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:  # noqa: ARG002
        return scale2d((-parameters[:, 0]).exp2(), parameters[:, 0].exp2())
