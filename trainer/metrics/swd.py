"""Sliced Wasserstein distance of image patches (Karras et al. 2018, "Progressive growing of GANs", Sec. 5).

Every image becomes a Laplacian pyramid (Burt and Adelson 1983) down to 16 pixels. From each level 128 patches of 7x7
pixels are drawn; patches of a set are normalised to mean 0 and deviation 1 per channel. The distance of two sets of
patches is the mean of one-dimensional Wasserstein distances along 512 random directions (Rabin et al. 2011). The papers
take 16,384 images and print the values times 1000, as is done here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int, Shaped
from torch import Tensor

from trainer.config.metrics.sizes import SMALLEST

PATCHES: Final = 128
PATCH: Final = 7
DIRECTIONS: Final = 512
AT_ONCE: Final = 32
BLOCK: Final = 65_536
GROUP: Final = 64
SCALE: Final = 1000.0
TAPS: Final = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)

Images = Float[Tensor, "n c h w"]
PatchRows = Float32[np.ndarray, "p d"]
PatchPositions = Int[np.ndarray, "n k 2"]
Resized = Float[Tensor, "n c _h _w"]


def blurred(images: Images, gain: float = 1.0) -> Images:
    """Return `images` filtered by the 5x5 binomial filter times `gain`, padded by reflection."""
    channels = images.shape[1]
    taps = torch.tensor(TAPS, dtype=images.dtype)
    kernel = (torch.outer(taps, taps) * gain).expand(channels, 1, 5, 5)
    return F.conv2d(F.pad(images, (2, 2, 2, 2), mode="reflect"), kernel, groups=channels)


def halved(images: Images) -> Resized:
    """Return the next coarser level of the Gaussian pyramid."""
    return blurred(images)[:, :, ::2, ::2]


def doubled(images: Images) -> Resized:
    """Return `images` at twice the size, by zero insertion and filtering."""
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


def patch_positions(side: int, start: int, count: int, seed: int, patches: int = PATCHES) -> PatchPositions:
    """Return rows and columns of the patches of images start, start + 1, ... at one level, drawn for each image."""
    first, last = start // GROUP, (start + count - 1) // GROUP
    drawn = [
        np.random.RandomState([seed, side, group]).randint(side - PATCH + 1, size=(GROUP, patches, 2))
        for group in range(first, last + 1)
    ]
    return np.concatenate(drawn)[start - first * GROUP :][:count]


def cut(level: Images, positions: PatchPositions) -> PatchRows:
    """Return the patches of every image at its positions, as rows of c * 7 * 7 numbers, in order of images."""
    windows = level.unfold(2, PATCH, 1).unfold(3, PATCH, 1)
    tops, lefts = torch.from_numpy(positions).unbind(2)
    rows: PatchRows = windows[torch.arange(len(level))[:, None], :, tops, lefts].flatten(0, 1).flatten(1).numpy()
    return rows


@dataclass(frozen=True)
class PatchSet:
    """Patches, possibly memory-mapped, normalised on use: (row - shift) / scale."""

    rows: PatchRows
    shift: Float32[np.ndarray, " d"]
    scale: Float32[np.ndarray, " d"]

    def along(self, axes: Float32[Tensor, "d k"]) -> Float32[Tensor, "p k"]:
        """Return the sorted projections on each of the directions."""
        weights = axes / torch.from_numpy(self.scale)[:, None]
        offset = torch.from_numpy(self.shift) @ weights
        blocks = (self.rows[start : start + BLOCK] for start in range(0, len(self.rows), BLOCK))
        return torch.cat([torch.from_numpy(np.array(block)) @ weights - offset for block in blocks]).sort(0).values


def plain(rows: PatchRows) -> PatchSet:
    """Return patches without normalisation."""
    dim = rows.shape[1]
    return PatchSet(rows, np.zeros(dim, np.float32), np.ones(dim, np.float32))


def normalised(rows: PatchRows) -> PatchSet:
    """Return patches with mean 0 and (population) standard deviation 1 in every channel of the whole set."""
    channels = rows.shape[1] // PATCH**2
    total, squares = np.zeros(channels), np.zeros(channels)
    for start in range(0, len(rows), BLOCK):
        block = np.asarray(rows[start : start + BLOCK], dtype=np.float64).reshape(-1, channels, PATCH**2)
        total += block.sum((0, 2))
        squares += np.square(block).sum((0, 2))
    count = len(rows) * PATCH**2
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, np.finfo(np.float64).tiny))
    shift, scale = (np.repeat(values, PATCH**2).astype(np.float32) for values in (mean, deviation))
    return PatchSet(rows, shift, scale)


def sliced_wasserstein(first: PatchSet, second: PatchSet, seed: int, directions: int = DIRECTIONS) -> float:
    """Return the mean absolute difference between sorted projections of both sets on random unit directions."""
    assert len(first.rows) == len(second.rows), "both sets must have as many patches"
    axes = torch.randn(first.rows.shape[1], directions, generator=torch.Generator().manual_seed(seed))
    axes = axes / axes.square().sum(0, keepdim=True).sqrt()
    parts = axes.split(AT_ONCE, dim=1)
    distances = [(first.along(part) - second.along(part)).abs().mean(0, dtype=torch.float64) for part in parts]
    return float(torch.cat(distances).mean())


def swd(real: Mapping[int, PatchRows], generated: Mapping[int, PatchRows], seed: int = 0) -> dict[int, float]:
    """Return the distance times 1000 at every resolution, of two sets of equally many, unnormalised patches."""
    return {
        side: SCALE * sliced_wasserstein(normalised(rows), normalised(generated[side]), seed)
        for side, rows in real.items()
    }


def patches_of(images: Shaped[Tensor, "n c h w"], seed: int = 0, start: int = 0) -> dict[int, PatchRows]:
    """Return the patches of images start, start + 1, ... at every resolution, finest first."""
    found = {}
    for level in laplacian_pyramid(images):
        side = level.shape[-1]
        found[side] = cut(level, patch_positions(side, start, len(level), seed))
    return found


def average(levels: Mapping[int, float]) -> float:
    """Return the mean over resolutions, as reported in papers."""
    return float(np.mean(list(levels.values())))
