"""Convolution of an image that is made larger before or smaller after, without aliasing."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from trainer.ops.upfirdn2d import Filter, Pair, sides, upfirdn2d


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
) -> Float[Tensor, "n o h2 w2"]:
    """Return down(f * (weight * (f * pad(up(x))))); `padding` counts pixels of the enlarged image.

    `flip_weight` True means correlation, as in torch. The steps commute, so each case takes the order that touches
    the fewest pixels.
    """
    k = weight.shape[-1]
    fw = 1 if f is None else f.shape[-1]
    fh = 1 if f is None else f.shape[0]
    x0, x1, y0, y1 = sides(padding)
    if up > 1:
        x0, x1, y0, y1 = x0 + (fw + up - 1) // 2, x1 + (fw - up) // 2, y0 + (fh + up - 1) // 2, y1 + (fh - up) // 2
    if down > 1:
        x0, x1 = x0 + (fw - down + 1) // 2, x1 + (fw - down) // 2
        y0, y1 = y0 + (fh - down + 1) // 2, y1 + (fh - down) // 2
    around = [x0, x1, y0, y1]

    if k == 1 and up == 1 and down > 1:
        x = upfirdn2d(x, f, down=down, padding=around, flip_filter=flip_filter)
        return conv2d(x, weight, groups=groups, flip_weight=flip_weight)
    if k == 1 and down == 1 and up > 1:
        x = conv2d(x, weight, groups=groups, flip_weight=flip_weight)
        return upfirdn2d(x, f, up=up, padding=around, flip_filter=flip_filter, gain=up**2)
    if up == 1 and down > 1:
        x = upfirdn2d(x, f, padding=around, flip_filter=flip_filter)
        return conv2d(x, weight, stride=down, groups=groups, flip_weight=flip_weight)
    if up > 1:
        x = _enlarge(x, weight, f, up, around, groups, flip_weight, flip_filter)
        return upfirdn2d(x, f, down=down, flip_filter=flip_filter) if down > 1 else x
    if x0 == x1 == y0 == y1 >= 0:
        return conv2d(x, weight, padding=x0, groups=groups, flip_weight=flip_weight)
    return conv2d(upfirdn2d(x, None, padding=around), weight, groups=groups, flip_weight=flip_weight)


def conv2d(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "o i k k"],
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
    flip_weight: bool = True,
) -> Float[Tensor, "n o h2 w2"]:
    """Return the correlation of x with `weight`, or the true convolution where `flip_weight` is False."""
    if not flip_weight and weight.shape[-1] > 1:
        weight = weight.flip([2, 3])
    return F.conv2d(x, weight, stride=stride, padding=padding, groups=groups)


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
    """Transposed convolution, then the filter: the full convolution is cut on the left by k-1, on the right by k-up."""
    k = weight.shape[-1]
    x0, x1, y0, y1 = around[0] - (k - 1), around[1] - (k - up), around[2] - (k - 1), around[3] - (k - up)
    inside = max(min(-x0, -x1, -y0, -y1), 0)
    x = _conv_transpose2d(x, weight, up, inside, groups, flip_weight)
    rest = [x0 + inside, x1 + inside, y0 + inside, y1 + inside]
    return upfirdn2d(x, f, padding=rest, flip_filter=flip_filter, gain=up**2)


def _conv_transpose2d(x: Tensor, weight: Tensor, up: int, padding: int, groups: int, flip_weight: bool) -> Tensor:
    """Return the true convolution of x with zeros inserted; torch wants the weight as [i o k k], group after group."""
    o, i, k, _ = weight.shape
    weight = weight.reshape(groups, o // groups, i, k, k).transpose(1, 2).reshape(groups * i, o // groups, k, k)
    if flip_weight and k > 1:
        weight = weight.flip([2, 3])
    return F.conv_transpose2d(x, weight, stride=up, padding=padding, groups=groups)
