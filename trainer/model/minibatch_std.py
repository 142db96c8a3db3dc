"""Minibatch standard deviation (Karras et al. 2018, Sec. 3): lets the discriminator see variety."""

import torch
from jaxtyping import Float
from torch import Tensor


def minibatch_std(
    x: Float[Tensor, "n c h w"], group: int | None, features: int = 1
) -> Float[Tensor, "n c_and_features h w"]:
    """Append `features` maps with the standard deviation over groups of `group` samples, averaged over c/features h w.

    The groups are strided: sample k belongs to group k mod (n / group). None makes one group of all samples.
    """
    n, c, h, w = x.shape
    group = n if group is None else min(group, n)
    y = x.reshape(group, n // group, features, c // features, h, w)
    variance = (y - y.mean(dim=0)).square().mean(dim=0)
    std = (variance + 1e-8).sqrt().mean(dim=(2, 3, 4))
    maps = std.reshape(-1, features, 1, 1).repeat(group, 1, h, w)
    return torch.cat([x, maps], dim=1)
