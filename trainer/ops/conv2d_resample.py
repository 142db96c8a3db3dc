"""Convolution with upsampling before or downsampling after it, without aliasing."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from trainer.ops.convolution import convolve
from trainer.ops.layout import fast_layout, has_channels_last
from trainer.ops.upfirdn2d import Filter, Pair, down_padding, sides, up_padding, upfirdn2d


def conv2d_resample(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "o i k k"],
    f: Filter | None = None,
    up: int = 1,
    down: int = 1,
    padding: Pair = 0,
    groups: int = 1,
    flip_weight: bool = True,
    flip_filter: bool = False,
    bias: Float[Tensor, " o"] | None = None,
) -> Float[Tensor, "n o h2 w2"]:
    """Return down(f * (weight * (f * pad(up(x))))) + bias in the type of x.

    `padding` is in pixels of the upsampled image. `flip_weight` True means correlation, as in torch. The steps commute,
    so each case uses the order that processes the fewest pixels.
    """
    around = list(sides(padding))
    around = _sum(around, up_padding(f, up, up)) if up > 1 else around
    around = _sum(around, down_padding(f, down, down)) if down > 1 else around

    if weight.shape[-1] == 1 and up == 1 and down > 1:
        x = upfirdn2d(x, f, down=down, padding=around, flip_filter=flip_filter)
        return conv2d(x, weight, bias, groups=groups)
    if weight.shape[-1] == 1 and down == 1 and up > 1:
        x = conv2d(x, weight, groups=groups)
        return _plus(upfirdn2d(x, f, up=up, padding=around, flip_filter=flip_filter, gain=up**2), bias)
    if up == 1 and down > 1:
        x = upfirdn2d(x, f, padding=around, flip_filter=flip_filter)
        return conv2d(x, weight, bias, stride=down, groups=groups, flip_weight=flip_weight)
    if up > 1:
        x = _enlarge(x, weight, f, up, around, groups, flip_weight, flip_filter)
        return _plus(upfirdn2d(x, f, down=down, flip_filter=flip_filter) if down > 1 else x, bias)
    if min(around) == max(around) >= 0:
        return conv2d(x, weight, bias, padding=around[0], groups=groups, flip_weight=flip_weight)
    return conv2d(upfirdn2d(x, None, padding=around), weight, bias, groups=groups, flip_weight=flip_weight)


def conv2d(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "o i k k"],
    bias: Float[Tensor, " o"] | None = None,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
    flip_weight: bool = True,
) -> Float[Tensor, "n o h2 w2"]:
    """Return the correlation of x with `weight`, or the true convolution if `flip_weight` is False."""
    if not flip_weight and weight.shape[-1] > 1:
        weight = weight.flip([2, 3])
    x = fast_layout(x) if groups == 1 else x
    if weight.shape[-1] == stride == groups == 1 and padding == 0 and has_channels_last(x):
        return F.linear(x.permute(0, 2, 3, 1), weight.flatten(1).to(x.dtype), bias).permute(0, 3, 1, 2)
    return convolve(x, weight, bias, stride, padding, groups)


def _plus(x: Tensor, bias: Tensor | None) -> Tensor:
    return x if bias is None else x + bias[:, None, None]


def _sum(left: list[int], right: list[int]) -> list[int]:
    return [a + b for a, b in zip(left, right, strict=True)]


def _enlarge(
    x: Tensor,
    weight: Tensor,
    f: Filter | None,
    up: int,
    around: list[int],
    groups: int,
    flip_weight: bool,
    flip_filter: bool,
) -> Tensor:
    """Return transposed convolution, then filter; the full convolution is cropped by k-1 before and k-up after."""
    k = weight.shape[-1]
    rest = _sum(around, [1 - k, up - k, 1 - k, up - k])
    inside = max(min(-side for side in rest), 0)
    x = _conv_transpose2d(x, weight, up, inside, groups, flip_weight)
    return upfirdn2d(x, f, padding=[side + inside for side in rest], flip_filter=flip_filter, gain=up**2)


def _conv_transpose2d(x: Tensor, weight: Tensor, up: int, padding: int, groups: int, flip_weight: bool) -> Tensor:
    """Return the true convolution of x after zero insertion; torch expects the weight as [i o k k] for each group."""
    o, i, k, _ = weight.shape
    weight = weight.reshape(groups, o // groups, i, k, k).transpose(1, 2).reshape(groups * i, o // groups, k, k)
    if flip_weight and k > 1:
        weight = weight.flip([2, 3])
    return convolve(x, weight, None, up, padding, groups, transposed=True)
