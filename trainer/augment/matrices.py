"""Batches of homogeneous matrices: 3x3 for the plane, 4x4 for colours."""

import torch
from jaxtyping import Float
from torch import Tensor

Scalars = Float[Tensor, "n"]
Plane = Float[Tensor, "n 3 3"]
Colour = Float[Tensor, "n 4 4"]


def _identities(like: Scalars, size: int) -> Float[Tensor, "n size size"]:
    return torch.eye(size, dtype=like.dtype, device=like.device).repeat(len(like), 1, 1)


def translate2d(x: Scalars, y: Scalars) -> Plane:
    """Move by (x, y)."""
    matrix = _identities(x, 3)
    matrix[:, 0, 2], matrix[:, 1, 2] = x, y
    return matrix


def scale2d(x: Scalars, y: Scalars) -> Plane:
    """Stretch by the factors x and y."""
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], dim=1))


def rotate2d(angle: Scalars) -> Plane:
    """Turn the x-axis towards the y-axis by `angle` radians; y points down in an image, so this is clockwise."""
    matrix = _identities(angle, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
    matrix[:, 1, 0] = angle.sin()
    matrix[:, 0, 1] = -matrix[:, 1, 0]
    return matrix


def shift_colour(shift: Scalars) -> Colour:
    """Add `shift` to all three channels."""
    matrix = _identities(shift, 4)
    matrix[:, :3, 3] = shift[:, None]
    return matrix


def scale_colour(factor: Scalars) -> Colour:
    """Multiply all three channels by `factor`."""
    return torch.diag_embed(torch.stack([factor, factor, factor, torch.ones_like(factor)], dim=1))


def luma(like: Scalars) -> Float[Tensor, "4 4"]:
    """Return v v^T for the luma axis v = (1, 1, 1, 0) / sqrt(3): the projection of a colour onto grey."""
    matrix = like.new_zeros(4, 4)
    matrix[:3, :3] = 1 / 3
    return matrix


def chroma(like: Scalars) -> Float[Tensor, "4 4"]:
    """Return diag(1, 1, 1, 0) - v v^T: the part of a colour that is not grey."""
    matrix = -luma(like)
    matrix.diagonal()[:3] += 1
    return matrix


def turn_chroma(like: Scalars) -> Float[Tensor, "4 4"]:
    """Return the cross product with v: a quarter turn of the chroma about the luma axis."""
    shift = torch.eye(3, dtype=like.dtype, device=like.device).roll(1, dims=0)
    matrix = like.new_zeros(4, 4)
    matrix[:3, :3] = (shift - shift.T) / 3**0.5
    return matrix


def homogeneous(like: Scalars) -> Float[Tensor, "4 4"]:
    """Return diag(0, 0, 0, 1), which preserves the homogeneous coordinate."""
    matrix = like.new_zeros(4, 4)
    matrix[3, 3] = 1
    return matrix
