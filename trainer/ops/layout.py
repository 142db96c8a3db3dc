"""The memory layout in which convolutions are fast."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

HALF = (torch.float16, torch.bfloat16)


def fast_layout(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Return x, channels-last where that is faster: on CPUs, and in half precision."""
    if x.device.type == "cpu" or x.dtype in HALF:
        return x.contiguous(memory_format=torch.channels_last)
    return x


class Cast(torch.autograd.Function):
    """A weight cast once to another type and the layout of images, with its gradient in the layout of weights.

    The gradient of `to` would have the layout of images, which makes accumulation slow. torch converts type and layout
    faster in two steps, with the layout in the narrower type.
    """

    @staticmethod
    def forward(ctx: Any, weight: Float[Tensor, "a b k k"], dtype: torch.dtype) -> Float[Tensor, "a b k k"]:
        ctx.dtype = weight.dtype
        return weight.to(dtype).contiguous(memory_format=torch.channels_last)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, None]:
        return dy.contiguous().to(ctx.dtype), None


def has_channels_last(x: Float[Tensor, "n c h w"]) -> bool:
    """Return whether x is channels-last, so that its pixels are the rows of a matrix."""
    return x.is_contiguous(memory_format=torch.channels_last)
