"""Mirror image."""

from dataclasses import dataclass

import torch

from trainer.augment.draws import Draws
from trainer.augment.matrices import Plane, scale2d
from trainer.augment.transforms.base import Geometric, Parameters


@dataclass(frozen=True)
class XFlip(Geometric):
    """Flip left and right with i ~ U{0, 1}: x -> (1 - 2i) x."""

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.integers(2, like)

    def inverse(self, parameters: Parameters, height: int, width: int) -> Plane:  # noqa: ARG002
        flipped = parameters[:, 0]
        return scale2d(1 - 2 * flipped, torch.ones_like(flipped))
