"""Convolution whose second derivatives are as fast as its first.

y = C(x, w) is linear in both arguments, so all derivatives are among three operations: C itself, its adjoint in x (the
transposed convolution, again a C), and its adjoint in w. torch's double backward computes the last one as a convolution
with as many taps as the image has pixels, which takes most of the time of R1 and path length.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.ops.geometry import Geometry
from trainer.ops.kernels import kernels
from trainer.ops.layout import Cast, fast_layout, has_channels_last

LARGE = 1 << 18  # elements of a weight that is converted to the fast layout once, not by torch in every use


def convolve(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "a b k k"],
    bias: Float[Tensor, " o"] | None = None,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
    transposed: bool = False,
) -> Float[Tensor, "n o h2 w2"]:
    """Return torch's convolution of x with a weight [o i k k], [i o k k] if `transposed`.

    The weight is cast to the type of x.
    """
    x = fast_layout(x) if groups == 1 else x
    laid_out_once = groups == 1 and stride > 1 and weight.numel() >= LARGE and has_channels_last(x)
    if laid_out_once or weight.dtype != x.dtype:
        weight = Cast.apply(weight, x.dtype)  # type: ignore[no-untyped-call]
    y: Tensor = _Convolve.apply(x, weight, bias, Geometry(stride, padding, groups, transposed))  # type: ignore[no-untyped-call]
    return y


class _Switch:
    """Whether gradients of weights are needed; torch only tells a Function which inputs might need one."""

    weights = True


@contextmanager
def input_gradients_only() -> Iterator[None]:
    """Skip gradients of weights in differentiations inside, for penalties on the gradient of an input."""
    _Switch.weights = False
    try:
        yield
    finally:
        _Switch.weights = True


class _Convolve(torch.autograd.Function):
    """y = C(x, w) + b; dx = C^T(dy, w), dw as below, db = sum dy."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.geometry = geometry
        return kernels().convolve(x, weight, bias, geometry)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        (x, weight), geometry = ctx.saved_tensors, ctx.geometry
        wants_x, wants_w, wants_b, _ = ctx.needs_input_grad
        wants_w, wants_b = wants_w and _Switch.weights, wants_b and _Switch.weights
        if not torch.is_grad_enabled():
            return *kernels().convolve_backward(dy, x, weight, geometry, (wants_x, wants_w, wants_b)), None
        dx = _Convolve.apply(dy, weight, None, geometry.adjoint(x, dy, weight)) if wants_x else None  # type: ignore[no-untyped-call]
        dw = _WeightGradient.apply(dy, x, weight, geometry) if wants_w else None  # type: ignore[no-untyped-call]
        return dx, dw, dy.sum(dim=(0, 2, 3)) if wants_b else None, None


class _WeightGradient(torch.autograd.Function):
    """dw = W(dy, x), linear in both: with v the gradient of dw, that of dy is C(x, v) and that of x is C^T(dy, v)."""

    @staticmethod
    def forward(ctx: Any, dy: Tensor, x: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
        ctx.save_for_backward(dy, x)
        ctx.geometry = geometry
        _, dw, _ = kernels().convolve_backward(dy, x, weight, geometry, (False, True, False))
        assert dw is not None
        return dw

    @staticmethod
    def backward(ctx: Any, v: Tensor) -> tuple[Tensor | None, ...]:
        (dy, x), geometry = ctx.saved_tensors, ctx.geometry
        wants_dy, wants_x, _, _ = ctx.needs_input_grad
        ddy = _Convolve.apply(x, v, None, geometry) if wants_dy else None  # type: ignore[no-untyped-call]
        dx = _Convolve.apply(dy, v, None, geometry.adjoint(x, dy, v)) if wants_x else None  # type: ignore[no-untyped-call]
        return ddy, dx, None, None
