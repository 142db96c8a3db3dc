"""Levels: how much of its resolution a growing network uses (Karras et al. 2018, Sec. 2 and Fig. 2).

A level is the binary logarithm of a resolution; 3.25 shows 16x16, of which a quarter has faded in. Images keep their
full size: what lies above the level is made of repeated pixels.
"""

import math
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from trainer.config.progressive_growing import top_of


class GrowthStage(NamedTuple):
    """The highest resolution in use, and how far it has faded in: 1 when it has."""

    top: int
    alpha: float


def stage_of(level: float) -> GrowthStage:
    """Return the highest resolution of a level and its share."""
    return GrowthStage(top_of(level), level - math.ceil(level) + 1)


def shrink(images: Float[Tensor, "n c h w"], factor: int) -> Float[Tensor, "n c h2 w2"]:
    """Return the means of squares of `factor` pixels a side."""
    return images if factor == 1 else avg_pool2d(images, factor)


def enlarge(images: Float[Tensor, "n c h w"], factor: int) -> Float[Tensor, "n c h2 w2"]:
    """Return images with every pixel repeated to a square of `factor` pixels a side."""
    return images if factor == 1 else interpolate(images, scale_factor=factor, mode="nearest")


def faded(images: Float[Tensor, "n c h w"], level: float) -> Float[Tensor, "n c h w"]:
    """Return images with the detail of a level alone, in their own size: lerp(up(down(x)), x, alpha) at the top."""
    top, alpha = stage_of(level)
    factor = images.shape[2] // top
    x = shrink(images, factor)
    if alpha < 1:
        x = enlarge(shrink(x, 2), 2).lerp(x, alpha)
    return enlarge(x, factor)


@runtime_checkable
class Growable(Protocol):
    """A network of images of `resolution` that can be set to a level."""

    resolution: int

    def set_level(self, level: float) -> None:
        """Use resolutions up to a level from now on."""


class Leveled(nn.Module):
    """A module with a level, which is part of its state; at first it is the highest."""

    level: Tensor

    def keep_level(self, resolution: int) -> None:
        """Begin with the full resolution."""
        self.register_buffer("level", torch.tensor(math.log2(resolution), dtype=torch.float64))

    def set_level(self, level: float) -> None:
        """Use resolutions up to a level from now on."""
        self.level.fill_(level)

    @property
    def stage(self) -> GrowthStage:
        """Return the present stage."""
        return stage_of(self.level.item())
