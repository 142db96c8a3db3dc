"""Sliced Wasserstein distance of image patches (Karras et al. 2018, "Progressive growing of GANs", Sec. 5).

Every image becomes a Laplacian pyramid (Burt and Adelson 1983) down to 16 pixels. From each level 128 patches of 7x7
pixels are drawn; patches of a set are normalised to mean 0 and deviation 1 per channel. The distance of two sets of
patches is the mean of one-dimensional Wasserstein distances along 512 random directions (Rabin et al. 2011). The papers
take 16,384 images and print the values times 1000, as is done here.
"""

from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

PATCHES: Final = 128
PATCH: Final = 7
SMALLEST: Final = 16
DIRECTIONS: Final = 512
AT_ONCE: Final = 128
SCALE: Final = 1000.0
TAPS: Final = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)

Images = Float[Tensor, "n c h w"]
Resized = Float[Tensor, "n c _h _w"]
Patches = Float[Tensor, "p d"]


def blurred(images: Images, gain: float = 1.0) -> Images:
    """Return `images` under the 5x5 binomial filter times `gain`; the border is reflected."""
    channels = images.shape[1]
    taps = torch.tensor(TAPS, dtype=images.dtype)
    kernel = (torch.outer(taps, taps) * gain).expand(channels, 1, 5, 5)
    return F.conv2d(F.pad(images, (2, 2, 2, 2), mode="reflect"), kernel, groups=channels)


def halved(images: Images) -> Resized:
    """Return the next coarser level of the Gaussian pyramid."""
    return blurred(images)[:, :, ::2, ::2]


def doubled(images: Images) -> Resized:
    """Return `images` at twice the size: zeros between the pixels, filtered."""
    n, c, h, w = images.shape
    spread = images.new_zeros(n, c, 2 * h, 2 * w)
    spread[:, :, ::2, ::2] = images
    return blurred(spread, gain=4.0)


def laplacian_pyramid(images: Shaped[Tensor, "n c h w"], smallest: int = SMALLEST) -> list[Resized]:
    """Return what each resolution adds to the next coarser one, finest first; the last level is the coarse image."""
    levels = [images.float()]
    while levels[-1].shape[-1] > smallest:
        coarse = halved(levels[-1])
        levels[-1] = levels[-1] - doubled(coarse)
        levels.append(coarse)
    return levels


def patches(level: Images, draws: torch.Generator, count: int = PATCHES) -> Patches:
    """Return `count` random patches of every image as rows of c * 7 * 7 numbers."""
    n, _, h, w = level.shape
    tops = torch.randint(h - PATCH + 1, (n, count), generator=draws)
    lefts = torch.randint(w - PATCH + 1, (n, count), generator=draws)
    windows = level.unfold(2, PATCH, 1).unfold(3, PATCH, 1)
    return windows[torch.arange(n)[:, None], :, tops, lefts].flatten(0, 1).flatten(1)


def normalised(rows: Patches, channels: int) -> Patches:
    """Return patches with mean 0 and (population) standard deviation 1 in every channel of the whole set."""
    by_channel = rows.reshape(len(rows), channels, -1)
    mean = by_channel.mean((0, 2), keepdim=True)
    deviation = by_channel.std((0, 2), correction=0, keepdim=True)
    return ((by_channel - mean) / deviation).flatten(1)


def sliced_wasserstein(
    first: Patches, second: Patches, draws: torch.Generator, directions: int = DIRECTIONS
) -> Float[Tensor, ""]:
    """Return the mean over random unit directions of |sorted projections of one set - those of the other|."""
    assert len(first) == len(second), "two sets of patches of one size"
    distances = []
    for start in range(0, directions, AT_ONCE):
        axes = torch.randn(first.shape[1], min(AT_ONCE, directions - start), generator=draws)
        axes = axes / axes.square().sum(0, keepdim=True).sqrt()
        ours, theirs = ((rows @ axes).sort(0).values for rows in (first, second))
        distances.append((ours - theirs).abs().mean(0))
    return torch.cat(distances).mean()


def swd(real: Shaped[Tensor, "n c h w"], generated: Shaped[Tensor, "n c h w"], seed: int = 0) -> dict[int, float]:
    """Return the distance times 1000 at every resolution, finest first, of two equally large sets of images."""
    channels = real.shape[1]
    results = {}
    for ours, theirs in zip(laplacian_pyramid(real), laplacian_pyramid(generated), strict=True):
        draws = torch.Generator().manual_seed(seed)
        first, second = (normalised(patches(level, draws), channels) for level in (ours, theirs))
        results[ours.shape[-1]] = SCALE * float(sliced_wasserstein(first, second, draws))
    return results


def average(levels: dict[int, float]) -> float:
    """Return the mean over resolutions, the number that is quoted."""
    return float(np.mean(list(levels.values())))
