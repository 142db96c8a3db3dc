"""The interface of perceptual distances: features whose squared difference is the distance.

    d(x, y) = || f(x) - f(y) ||^2

LPIPS (Zhang et al. 2018) has this form: f consists of the unit-normalised activations of a network, each channel times
the square root of its learned weight, divided by the root of the number of pixels. So the features of a fixed target
are computed only once.
"""

from typing import Protocol, runtime_checkable

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from trainer.errors import UserError

LARGEST_SIDE = 256


class PerceptualError(UserError):
    """The file of a perceptual network is missing or not the expected one."""


@runtime_checkable
class PerceptualFeatures(Protocol):
    """A fixed, differentiable network from images in 0..255 to features. `name` identifies it in results."""

    @property
    def name(self) -> str: ...

    def __call__(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]: ...


def distance(first: Float[Tensor, "n d"], second: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """Return the distances of images from their features."""
    return (first - second).square().sum(dim=1)


def as_seen(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 s s"]:
    """Return images of [-1, 1] as RGB in 0..255, averaged over blocks of pixels to at most 256 a side.

    Grey is repeated; an alpha channel is dropped.
    """
    colours = images[:, :3] if images.shape[1] >= 3 else images[:, :1].expand(-1, 3, -1, -1)
    pixels = colours * 127.5 + 128
    factor = images.shape[-1] // LARGEST_SIDE
    return F.avg_pool2d(pixels, factor) if factor > 1 else pixels
