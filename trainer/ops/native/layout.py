"""The memory layouts of the kernels."""

from typing import NamedTuple

import torch
from torch import Tensor

FEWEST_INNERMOST = 8  # fewest channels for which channels-last is faster


def dense(x: Tensor) -> Tensor:
    """Return x [n c h w] contiguous: channels-last if it is already and has enough channels, otherwise as planes."""
    return x if x.is_contiguous() else x.contiguous(memory_format=format_of(x))


def format_of(x: Tensor) -> torch.memory_format:
    """Return the layout in which the kernels read x and write their results."""
    many = x.ndim == 4 and x.shape[1] >= FEWEST_INNERMOST
    if many and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
        return torch.channels_last
    return torch.contiguous_format


class Order(NamedTuple):
    """The numbers of pixels before and after the channels, one of which is 1."""

    before: int
    after: int


def order_of(x: Tensor) -> Order:
    """Return the order of pixels and channels of a dense x [n c h w]."""
    pixels = x.shape[2] * x.shape[3]
    return Order(1, pixels) if x.is_contiguous() else Order(pixels, 1)


def computed(dtype: torch.dtype) -> torch.dtype:
    """Return the type of computations on elements of `dtype`."""
    return torch.float64 if dtype == torch.float64 else torch.float32
