"""The filter stage: amplify or attenuate four frequency bands of each image."""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.wavelets import filter_bank
from trainer.config.augment import SMALLEST_FILTERED_SIDE


def equalise(images: Float[Tensor, "n c h w"], gains: Float[Tensor, "n 4"]) -> Float[Tensor, "n c h w"]:
    """Return the images filtered along both axes with sum_b gains_b H_b, after padding by reflection.

    Along an axis this is a matrix product with one side x side matrix per image.
    """
    height, width = images.shape[2:]
    if min(height, width) < SMALLEST_FILTERED_SIDE:
        raise ValueError(f"image filtering needs {SMALLEST_FILTERED_SIDE} pixels a side; images are {height}x{width}")
    rows, columns = (_filters(gains, side)[:, None] for side in (height, width))
    return rows @ (images @ columns.mT)


def _filters(gains: Float[Tensor, "n 4"], side: int) -> Float[Tensor, "n side side"]:
    """Return the matrix of each image's filter along an axis."""
    return torch.einsum("nb,bij->nij", gains, _bands(side, gains.dtype, gains.device))


@lru_cache(maxsize=16)
@torch.inference_mode(False)
def _bands(side: int, dtype: torch.dtype, device: torch.device) -> Float[Tensor, "4 side side"]:
    """Return F_b R: pad an axis by reflection, then filter it with band b."""
    taps = torch.from_numpy(filter_bank())
    reach, end = taps.shape[1] // 2, side - 1
    padded = torch.arange(-reach, side + reach)
    source = end - (end - padded.abs()).abs()
    reflect = torch.eye(side, dtype=torch.float64)[source]
    tap = torch.arange(len(padded)) - torch.arange(side)[:, None]
    inside = (tap >= 0) & (tap < taps.shape[1])
    filters = torch.where(inside, taps[:, tap.clamp(0, taps.shape[1] - 1)], 0)
    return (filters @ reflect).to(device, dtype)
