"""Batches of homogeneous matrices: 3x3 for the plane, 4x4 for colours."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

Scalar = Float[Tensor, "n"] | float
Plane = Float[Tensor, "n 3 3"]
Colour = Float[Tensor, "n 4 4"]


def _matrix(rows: Sequence[Sequence[Scalar]], like: Float[Tensor, "n"]) -> Float[Tensor, "n r c"]:
    """Return the matrices [n r c] whose entries are numbers or one value per image."""
    return torch.stack([_row(row, like) for row in rows], dim=1)


def _row(entries: Sequence[Scalar], like: Float[Tensor, "n"]) -> Float[Tensor, "n c"]:
    return torch.stack([e if isinstance(e, Tensor) else torch.full_like(like, e) for e in entries], dim=1)


def translate2d(x: Float[Tensor, "n"], y: Float[Tensor, "n"]) -> Plane:
    """Move by (x, y)."""
    return _matrix([[1, 0, x], [0, 1, y], [0, 0, 1]], x)


def scale2d(x: Float[Tensor, "n"], y: Float[Tensor, "n"]) -> Plane:
    """Stretch by the factors x and y."""
    return _matrix([[x, 0, 0], [0, y, 0], [0, 0, 1]], x)


def rotate2d(angle: Float[Tensor, "n"]) -> Plane:
    """Turn the x-axis towards the y-axis by `angle` radians; y points down in an image, so this is clockwise."""
    cos, sin = angle.cos(), angle.sin()
    return _matrix([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], angle)


def translate3d(shift: Float[Tensor, "n"]) -> Colour:
    """Add `shift` to all three colour channels."""
    return _matrix([[1, 0, 0, shift], [0, 1, 0, shift], [0, 0, 1, shift], [0, 0, 0, 1]], shift)


def scale3d(factor: Float[Tensor, "n"]) -> Colour:
    """Multiply all three colour channels by `factor`."""
    return _matrix([[factor, 0, 0, 0], [0, factor, 0, 0], [0, 0, factor, 0], [0, 0, 0, 1]], factor)


def along_luma(like: Float[Tensor, "n"]) -> Colour:
    """Return v v^T for the luma axis v = (1, 1, 1, 0) / sqrt(3): the projection of a colour on grey."""
    grey = [1 / 3, 1 / 3, 1 / 3, 0.0]
    return _matrix([grey, grey, grey, [0.0] * 4], like)


def across_luma(like: Float[Tensor, "n"]) -> Colour:
    """Return diag(1, 1, 1, 0) - v v^T: the part of a colour that is not grey."""
    return _matrix([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0] * 4], like) - along_luma(like)


def homogeneous(like: Float[Tensor, "n"]) -> Colour:
    """Return diag(0, 0, 0, 1), which keeps the homogeneous coordinate."""
    return _matrix([[0] * 4, [0] * 4, [0] * 4, [0, 0, 0, 1]], like)


def rotate_about_luma(angle: Float[Tensor, "n"]) -> Colour:
    """Turn the hue by `angle` radians about the luma axis (Rodrigues' formula)."""
    across = angle.sin() / 3**0.5
    cross = _matrix([[0, -across, across, 0], [across, 0, -across, 0], [-across, across, 0, 0], [0] * 4], angle)
    cos = angle.cos()[:, None, None]
    return along_luma(angle) + cos * across_luma(angle) + cross + homogeneous(angle)
