"""The floating-point type and the number of channels at each resolution."""

import torch

from trainer.config.networks.stylegan2 import Precision

_DTYPES = {"fp32": None, "fp16": torch.float16, "bf16": torch.bfloat16}


def resolutions(highest: int) -> list[int]:
    """Return [4, 8, ..., highest]."""
    return [2**i for i in range(2, highest.bit_length())]


def channels_at(resolution: int, channel_base: int, channel_max: int) -> int:
    """Return the number of feature maps at `resolution`: min(base / r, max), at least 1."""
    return max(min(channel_base // resolution, channel_max), 1)


def reduced_dtype(precision: Precision, resolution: int, highest: int) -> torch.dtype | None:
    """Return the half-precision type of `resolution`, None if it uses the type of its parameters.

    Half precision applies to the `top_resolutions` highest resolutions, never to 4x4.
    """
    lowest_reduced = max(highest * 2 // 2**precision.top_resolutions, 8)
    return _DTYPES[precision.dtype] if resolution >= lowest_reduced else None


def regularize_in_full_precision(precision: Precision) -> bool:
    """Return whether R1 and path length need full precision: their bf16 gradients are off by a third."""
    return precision.dtype == "bf16"
