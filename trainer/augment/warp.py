"""The geometric stage: all transforms of the plane as one matrix, and one resampling of the image.

Karras et al. 2020, App. B: pad by reflection, upsample 2x with sym6, interpolate bilinearly, downsample with the
mirrored sym6.
"""

from math import ceil

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.matrices import Plane
from trainer.augment.resample import BORDER, REACH, Margins, downsample, upsample
from trainer.ops.kernels import kernels


def warp(images: Float[Tensor, "n c h w"], inverse: Plane) -> Float[Tensor, "n c h w"]:
    """Return each image transformed by G: the result at x is the image at G^-1 x, in pixels about the centre.

    Resampling with the identity returns an image to within 1e-6, so images with an identity transform skip it.
    """
    still = torch.eye(3, dtype=inverse.dtype, device=inverse.device)
    moving = (inverse != still).any(dim=(1, 2)).nonzero()[:, 0]
    if not len(moving):
        return images
    margins = margins_of(inverse, *images.shape[2:])
    return images.index_copy(0, moving, _resampled(images[moving], inverse[moving], margins))


def _resampled(images: Float[Tensor, "n c h w"], inverse: Plane, margins: Margins) -> Float[Tensor, "n c h w"]:
    """Return the images upsampled, interpolated at G^-1 x, and downsampled."""
    height, width = images.shape[2:]
    theta = _to_source(inverse, height, width, margins) @ inverse @ _from_result(inverse, height, width)
    fine = upsample(images, margins)
    return downsample(kernels().warp(fine, theta[:, :2], 2 * height + 4 * BORDER, 2 * width + 4 * BORDER))


def margins_of(inverse: Plane, height: int, width: int) -> Margins:
    """Return the padding that covers all points a batch samples, but less than the side of an image."""
    x, y = (width - 1) / 2, (height - 1) / 2
    corners = inverse.new_tensor([[-x, x, x, -x], [-y, -y, y, y], [1, 1, 1, 1]])
    reached = (inverse @ corners)[:, :2]
    left, top = (-reached).amax(dim=(0, 2)).tolist()
    right, bottom = reached.amax(dim=(0, 2)).tolist()
    return Margins(
        _margin(left - x, width), _margin(right - x, width), _margin(top - y, height), _margin(bottom - y, height)
    )


def _margin(beyond: float, side: int) -> int:
    return ceil(min(max(beyond + REACH, 0), side - 1))


def _from_result(like: Plane, height: int, width: int) -> Float[Tensor, "3 3"]:
    """Return the map from the result before downsampling, as the square [-1, 1]^2, to pixels about the centre."""
    x, y = width / 2 + BORDER, height / 2 + BORDER
    return like.new_tensor([[x, 0, 0.25], [0, y, 0.25], [0, 0, 1]])


def _to_source(like: Plane, height: int, width: int, margins: Margins) -> Float[Tensor, "3 3"]:
    """Return the map from pixels about the centre to the padded, upsampled image, as the square [-1, 1]^2."""
    left, right, top, bottom = margins
    x, y = left + width + right, top + height + bottom
    return like.new_tensor([[2 / x, 0, (left - right - 0.5) / x], [0, 2 / y, (top - bottom - 0.5) / y], [0, 0, 1]])
