"""Levels: how much of its resolution a growing network uses (Karras et al. 2018, Sec. 2 and Fig. 2).

A level is the binary logarithm of a resolution; 3.25 is 16x16 faded in by a quarter. Images keep their full size:
resolutions above the level are filled by repeating pixels.
"""

import math
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from trainer.config.progressive_growing import top_of


class GrowthStage(NamedTuple):
    """The highest resolution in use, and how far it has faded in: 1 if completely."""

    top: int
    alpha: float


def stage_of(level: float) -> GrowthStage:
    """Return the highest resolution of a level, and how far it has faded in."""
    return GrowthStage(top_of(level), level - math.ceil(level) + 1)


def shrink(images: Float[Tensor, "n c h w"], factor: int) -> Float[Tensor, "n c h2 w2"]:
    """Return images averaged over squares of `factor` pixels a side."""
    return images if factor == 1 else avg_pool2d(images, factor)


def enlarge(images: Float[Tensor, "n c h w"], factor: int) -> Float[Tensor, "n c h2 w2"]:
    """Return images with every pixel repeated in a square of `factor` pixels a side."""
    return images if factor == 1 else interpolate(images, scale_factor=factor, mode="nearest")


def faded(images: Float[Tensor, "n c h w"], level: float) -> Float[Tensor, "n c h w"]:
    """Return images of unchanged size with only the detail of a level: lerp(up(down(x)), x, alpha) at the top."""
    top, alpha = stage_of(level)
    factor = images.shape[2] // top
    x = shrink(images, factor)
    if alpha < 1:
        x = enlarge(shrink(x, 2), 2).lerp(x, alpha)
    return enlarge(x, factor)


@runtime_checkable
class Growable(Protocol):
    """A network for images of `resolution` with an adjustable level."""

    resolution: int

    def set_level(self, level: float) -> None:
        """Use resolutions up to a level."""


class Leveled(nn.Module):
    """A module with a level, initially the highest, which is part of its state."""

    level: Tensor

    def keep_level(self, resolution: int) -> None:
        """Register the level, set to the full resolution."""
        self.register_buffer("level", torch.tensor(math.log2(resolution), dtype=torch.float64))

    def set_level(self, level: float) -> None:
        """Use resolutions up to a level."""
        self.level.fill_(level)

    @property
    def stage(self) -> GrowthStage:
        """Return the current stage."""
        return stage_of(self.level.item())
