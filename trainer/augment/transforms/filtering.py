"""Image-space filtering: amplify or attenuate one octave."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.draws import Draws
from trainer.augment.transforms.base import Filtering, Parameters

EXPECTED_POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)


@dataclass(frozen=True)
class FilterBand(Filtering):
    """Multiply band `band` by t = 2^(std n), n ~ N(0, 1), and all bands by 1 / sqrt(sum_j lambda_j t_j^2).

    lambda is the expected power in each band of an image with a 1/f spectrum, so the expected energy is preserved.
    """

    band: int
    std: float = 1.0

    def draw(self, draws: Draws, like: Parameters) -> Parameters:
        return draws.normal(like) * self.std

    def gains(self, parameters: Parameters) -> Float[Tensor, "n 4"]:
        power = parameters.new_tensor(EXPECTED_POWER)
        here = torch.arange(4, device=parameters.device) == self.band
        gains = torch.where(here, parameters.exp2(), 1.0)
        return gains / (gains.square() @ power).sqrt()[:, None]
