"""The memory layout in which convolutions are fast."""

import torch
from jaxtyping import Float
from torch import Tensor

HALF = (torch.float16, torch.bfloat16)


def fast_layout(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Return x with channels innermost where that is faster: on CPUs, and in half precision. Values do not change."""
    if x.device.type == "cpu" or x.dtype in HALF:
        return x.contiguous(memory_format=torch.channels_last)
    return x


def cast_weight(weight: Float[Tensor, "o i k k"], like: Tensor) -> Float[Tensor, "o i k k"]:
    """Return the weight of a convolution in the type of its image: where that is another, at once in its layout too."""
    if weight.dtype == like.dtype:
        return weight
    return weight.to(like.dtype, memory_format=torch.channels_last)


def has_channels_last(x: Float[Tensor, "n c h w"]) -> bool:
    """Return whether the channels of a pixel lie side by side, so that pixels are the rows of a matrix."""
    return x.is_contiguous(memory_format=torch.channels_last)
