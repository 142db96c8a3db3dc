"""Translation by any distance."""

from dataclasses import dataclass
from typing import ClassVar

from trainer.augment.draws import Draws
from trainer.augment.matrices import Plane, translate2d
from trainer.augment.transforms.base import Geometric, Parameters


@dataclass(frozen=True)
class FractionalTranslation(Geometric):
    """Move by (tx w, ty h) pixels, tx, ty ~ N(0, std^2) of the side."""

    parameters: ClassVar[int] = 2
    std: float = 0.125

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:
        return translate2d(-parameters[:, 0] * width, -parameters[:, 1] * height)
