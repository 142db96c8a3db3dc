"""How elements lie in memory, as the kernels see it."""

from typing import NamedTuple

import torch
from torch import Tensor

FEWEST_INNERMOST = 8  # channels below which planes are faster


def dense(x: Tensor) -> Tensor:
    """Return x [n c h w] with channels innermost if it is so and they are many, otherwise as planes."""
    return x if x.is_contiguous() else x.contiguous(memory_format=format_of(x))


def format_of(x: Tensor) -> torch.memory_format:
    """Return the layout in which the kernels read x, and write what they make of it."""
    many = x.ndim == 4 and x.shape[1] >= FEWEST_INNERMOST
    if many and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
        return torch.channels_last
    return torch.contiguous_format


class Order(NamedTuple):
    """Pixels before and after the channels: one of them is 1."""

    before: int
    after: int


def order_of(x: Tensor) -> Order:
    """Return where the channels of a dense x [n c h w] are."""
    pixels = x.shape[2] * x.shape[3]
    return Order(1, pixels) if x.is_contiguous() else Order(pixels, 1)


def computed(dtype: torch.dtype) -> torch.dtype:
    """Return the type that elements are computed in."""
    return torch.float64 if dtype == torch.float64 else torch.float32
