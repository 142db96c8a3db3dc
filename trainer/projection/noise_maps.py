"""Regularisation of noise maps, so that they do not carry signal (Karras et al. 2020b, App. D, Fig. 18)."""

from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

SMALLEST = 8


def pyramid(noise: Float[Tensor, "s s"]) -> Iterator[Float[Tensor, "t t"]]:
    """Yield the map, then halved down to 8x8: means of 2x2, times 2 to preserve unit variance."""
    yield noise
    while noise.shape[-1] > SMALLEST:
        noise = 2 * F.avg_pool2d(noise[None, None], 2)[0, 0]
        yield noise


def autocorrelation(noise: Float[Tensor, "s s"]) -> Float[Tensor, ""]:
    """Return the sum of squared correlations with the map shifted cyclically by a pixel; 0 for white noise."""
    return sum(((noise * noise.roll(1, dims=axis)).mean().square() for axis in (0, 1)), noise.new_zeros([]))


def regularization(noises: Iterable[Float[Tensor, "_ _"]]) -> Float[Tensor, ""]:
    """Return sum L_ij over all maps i and their pyramids j."""
    return torch.stack([autocorrelation(level) for noise in noises for level in pyramid(noise)]).sum()


@torch.no_grad()
def normalize_(noise: Float[Tensor, "s s"]) -> None:
    """Normalise a map to zero mean and unit variance, in place."""
    noise -= noise.mean()
    noise *= noise.square().mean().rsqrt()


def picture(noise: Float[Tensor, "s s"], side: int) -> Float[Tensor, "1 side side"]:
    """Return a map as a grey image in [-1, 1], which covers three standard deviations to either side."""
    return F.interpolate(noise[None, None] / 3, (side, side), mode="nearest")[0].clamp(-1, 1)
