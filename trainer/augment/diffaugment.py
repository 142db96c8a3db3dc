"""DiffAugment (Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training"), as pure functions.

Every image is always changed, with independent random numbers; the same policy applies to real and generated images.
Differentiable in the images to any order. Values are not clipped afterwards.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from trainer.augment.draws import Draws, RandomDraws
from trainer.config.augment import Policy

Images = Float[Tensor, "n c h w"]
Scalars = Float[Tensor, "n"]
TRANSLATION, CUTOUT = 1 / 8, 1 / 2  # of the side
CHANCE = RandomDraws()


def diff_augment(images: Images, policy: Sequence[Policy], draws: Draws = CHANCE) -> Images:
    """Return the images changed by each entry of the policy in turn."""
    for name in policy:
        images = POLICIES[name](images, draws)
    return images


def color(images: Images, draws: Draws) -> Images:
    """Brightness by U(-0.5, 0.5), saturation by U(0, 2), contrast by U(0.5, 1.5), in this order."""
    like = images.new_empty(len(images), 1, 1, 1)
    images = images + (draws.uniform(like) - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = grey + (images - grey) * (2 * draws.uniform(like))
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (images - mean) * (0.5 + draws.uniform(like))


def translation(images: Images, draws: Draws) -> Images:
    """Move up and left by whole pixels, uniform in -s … s with s = side / 8; fill with zeros."""
    reach = [_rounded(side * TRANSLATION) for side in images.shape[2:]]
    up, left = (draws.integers(2 * s + 1, images.new_empty(len(images))) - s for s in reach)
    return _moved(_moved(images, up).mT, left).mT


def cutout(images: Images, draws: Draws) -> Images:
    """Set to zero a rectangle of half the sides around a uniform pixel, clipped to the image."""
    height, width = images.shape[2:]
    rows, columns = (_hidden(images.new_empty(len(images)), side, draws) for side in (height, width))
    return images * ~(rows[:, None, :, None] & columns[:, None, None, :])


POLICIES: Mapping[Policy, Callable[[Images, Draws], Images]] = {
    "color": color,
    "translation": translation,
    "cutout": cutout,
}


def _rounded(length: float) -> int:
    return int(length + 0.5)


def _moved(images: Images, up: Scalars) -> Images:
    """Return the images moved up by `up` pixels each, filled with zeros."""
    height = images.shape[2]
    source = torch.arange(height, device=images.device) + up[:, None].long()
    inside = (source >= 0) & (source < height)
    rows = source.clamp(0, height - 1)[:, None, :, None].expand_as(images)
    return images.gather(2, rows) * inside[:, None, :, None]


def _hidden(like: Scalars, side: int, draws: Draws) -> Bool[Tensor, "n side"]:
    """Return which rows (or columns) the rectangle covers. Its centre may lie one past the end if its size is even."""
    size = _rounded(side * CUTOUT)
    centre = draws.integers(side + 1 - size % 2, like)
    offset = torch.arange(side, device=like.device) - (centre[:, None] - size // 2)
    return (offset >= 0) & (offset < size)
