"""Translation by whole pixels."""

from dataclasses import dataclass
from typing import ClassVar

from trainer.augment.draws import Draws
from trainer.augment.matrices import Plane, translate2d
from trainer.augment.transforms.base import Geometric, Parameters


@dataclass(frozen=True)
class IntegerTranslation(Geometric):
    """Move by (round(tx w), round(ty h)) pixels, tx, ty ~ U(-max, max) of the side."""

    parameters: ClassVar[int] = 2
    max: float = 0.125

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return (draws.uniform(like) * 2 - 1) * self.max

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:
        return translate2d((parameters[:, 0] * width).round().neg(), (parameters[:, 1] * height).round().neg())
