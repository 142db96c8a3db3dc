"""Minibatch standard deviation (Karras et al. 2018, Sec. 3), which shows the discriminator the variety of a batch."""

import torch
from jaxtyping import Float
from torch import Tensor


def minibatch_std(
    x: Float[Tensor, "n c h w"], group: int | None, features: int = 1, parts: int = 1
) -> Float[Tensor, "n c_and_features h w"]:
    """Append `features` maps of the standard deviation over groups of `group` samples, averaged over c/features h w.

    The groups are strided: sample k belongs to group k mod (n / group). None makes one group of all samples. `parts`
    stacked batches of equal size are independent.
    """
    n, c, h, w = x.shape
    group = n // parts if group is None else min(group, n // parts)
    y = x.reshape(parts, group, -1, features, c // features, h, w)
    variance = (y - y.mean(dim=1, keepdim=True)).square().mean(dim=1, keepdim=True)
    std = (variance + 1e-8).sqrt().mean(dim=(4, 5, 6))
    maps = std.expand(-1, group, -1, -1).reshape(n, features, 1, 1).expand(-1, -1, h, w)
    return torch.cat([x, maps], dim=1)
