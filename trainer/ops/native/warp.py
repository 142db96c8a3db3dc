"""Bilinear sampling through an affine map, linear in the images; its adjoint is a gather, so it is deterministic.

On CPUs torch samples faster, three times for the gradient, and is deterministic too; `points` tells it where.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from trainer.ops.native import abi
from trainer.ops.native.library import call, pointer
from trainer.ops.native.registry import register


def _run(adjoint: bool, given: Tensor, theta: Tensor, source: Sequence[int], result: Sequence[int]) -> Tensor:
    n, channels = given.shape[:2]
    given, theta = given.contiguous(), theta.double().contiguous()
    out = given.new_empty([n, channels, *(source if adjoint else result)])
    arguments = abi.Warp(
        *(abi.TYPES[given.dtype], int(adjoint), n, channels, *source, *result), *map(pointer, (given, theta, out))
    )
    call("adasweep_warp", arguments, given)
    return out


def _real(x: Tensor, theta: Tensor, height: int, width: int) -> Tensor:
    return _run(False, x, theta, [*x.shape[2:]], [height, width])


def _real_adjoint(y: Tensor, theta: Tensor, height: int, width: int) -> Tensor:
    return _run(True, y, theta, [height, width], [*y.shape[2:]])


def _fake(x: Tensor, theta: Tensor, height: int, width: int) -> Tensor:
    return x.new_empty([*x.shape[:2], height, width])


SIGNATURE = "(Tensor x, Tensor theta, int height, int width) -> Tensor"
forward = register(f"warp{SIGNATURE}", _real, _fake)
adjoint = register(f"warp_adjoint{SIGNATURE}", _real_adjoint, _fake)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, theta, _, _ = inputs
    ctx.save_for_backward(theta)
    ctx.size = x.shape[2:]


def _backward(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    return adjoint(dy, ctx.saved_tensors[0], *ctx.size), None, None, None


def _backward_adjoint(ctx: Any, v: Tensor) -> tuple[Any, ...]:
    return forward(v, ctx.saved_tensors[0], *ctx.size), None, None, None


forward.differentiate(_setup, _backward)
adjoint.differentiate(_setup, _backward_adjoint)


def points(theta: Float[Tensor, "n 2 3"], height: int, width: int) -> Float[Tensor, "n height width 2"]:
    """Return theta (x, y, 1) for all pixels (x, y) in the square [-1, 1]^2, as torch's affine_grid, but by sums.

    affine_grid multiplies a matrix [pixels 3] with one [3 2], which takes as long as sampling.
    """
    x, y = ((2 * torch.arange(side, dtype=theta.dtype, device=theta.device) + 1) / side - 1 for side in (width, height))
    across, down = theta[:, :, 0, None] * x, theta[:, :, 1, None] * y + theta[:, :, 2, None]
    return (across[:, :, None] + down[:, :, :, None]).permute(0, 2, 3, 1)


def sample(images: Float[Tensor, "n c h w"], theta: Tensor, height: int, width: int) -> Tensor:
    """Return images sampled through theta [n 2 3] by torch."""
    return F.grid_sample(images, points(theta, height, width), align_corners=False)


def warp(images: Tensor, theta: Tensor, height: int, width: int) -> Tensor:
    """Return images [n c h w] sampled through theta [n 2 3], which is a constant."""
    if theta.requires_grad and torch.is_grad_enabled():
        raise NotImplementedError("native warp is not differentiable in its map")
    y: Tensor = forward(images, theta, height, width)
    return y
