"""Batches of homogeneous matrices: 3x3 for the plane, 4x4 for colours.

Constants are made once, since a batch is augmented with hundreds of small operations.
"""

from collections.abc import Callable
from functools import cache
from math import isqrt

import torch
from jaxtyping import Float
from torch import Tensor

Scalars = Float[Tensor, "n"]
Plane = Float[Tensor, "n 3 3"]
Colour = Float[Tensor, "n 4 4"]
Rows = tuple[float, ...]  # a square matrix, row by row


def translate2d(x: Scalars, y: Scalars) -> Plane:
    """Move by (x, y)."""
    return _sums((1, 0, 0, 0, 1, 0, 0, 0, 1), ((0, 0, 1, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 1, 0, 0, 0)), x, y)


def scale2d(x: Scalars, y: Scalars) -> Plane:
    """Stretch by the factors x and y."""
    return _sums((0, 0, 0, 0, 0, 0, 0, 0, 1), ((1, 0, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 1, 0, 0, 0, 0)), x, y)


def rotate2d(angle: Scalars) -> Plane:
    """Turn the x-axis towards the y-axis by `angle` radians; y points down in an image, so this is clockwise."""
    turns = (1, 0, 0, 0, 1, 0, 0, 0, 0), (0, -1, 0, 1, 0, 0, 0, 0, 0)
    return _sums((0, 0, 0, 0, 0, 0, 0, 0, 1), turns, angle.cos(), angle.sin())


def shift_colour(shift: Scalars) -> Colour:
    """Add `shift` to all three channels."""
    column = 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0
    return _sums((1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1), (column,), shift)


def scale_colour(factor: Scalars) -> Colour:
    """Multiply all three channels by `factor`."""
    diagonal = 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0
    return _sums((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), (diagonal,), factor)


def _sums(constant: Rows, factors: tuple[Rows, ...], *scalars: Scalars) -> Float[Tensor, "n size size"]:
    """Return the sums of a matrix and some others, each times its scalar."""
    like = scalars[0]
    flat, others = (_tensor(rows, like.dtype, like.device) for rows in ((constant,), factors))
    size = isqrt(len(constant))
    return torch.addmm(flat, torch.stack(scalars, dim=1), others).view(len(like), size, size)


@cache
def _tensor(rows: tuple[Rows, ...], dtype: torch.dtype, device: torch.device) -> Float[Tensor, "k elements"]:
    with torch.inference_mode(False):  # training may use what an evaluation made
        return torch.tensor(rows, dtype=dtype, device=device)


def _constant(make: Callable[[Tensor], Tensor]) -> Callable[[Scalars], Float[Tensor, "4 4"]]:
    """Make a matrix once for each type and device; it may not be changed."""

    @cache
    def made(dtype: torch.dtype, device: torch.device) -> Tensor:
        with torch.inference_mode(False):
            return make(torch.zeros(4, 4, dtype=dtype, device=device))

    return lambda like: made(like.dtype, like.device)


@_constant
def luma(zeros: Tensor) -> Float[Tensor, "4 4"]:
    """Return v v^T for the luma axis v = (1, 1, 1, 0) / sqrt(3): the projection of a colour onto grey."""
    zeros[:3, :3] = 1 / 3
    return zeros


@_constant
def chroma(zeros: Tensor) -> Float[Tensor, "4 4"]:
    """Return diag(1, 1, 1, 0) - v v^T: the part of a colour that is not grey."""
    matrix = -luma(zeros)
    matrix.diagonal()[:3] += 1
    return matrix


@_constant
def turn_chroma(zeros: Tensor) -> Float[Tensor, "4 4"]:
    """Return the cross product with v: a quarter turn of the chroma about the luma axis."""
    shift = torch.eye(3, dtype=zeros.dtype, device=zeros.device).roll(1, dims=0)
    zeros[:3, :3] = (shift - shift.T) / 3**0.5
    return zeros


@_constant
def homogeneous(zeros: Tensor) -> Float[Tensor, "4 4"]:
    """Return diag(0, 0, 0, 1), which preserves the homogeneous coordinate."""
    zeros[3, 3] = 1
    return zeros
