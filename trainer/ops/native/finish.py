"""The end of a modulated convolution in one pass: y = clamp(lrelu(x scale + noise + bias)), and its gradients in one.

If the gradients are differentiated again, they are composed of differentiable operations.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from trainer.ops.activations import ACTIVATIONS
from trainer.ops.native import abi
from trainer.ops.native.activate import slope
from trainer.ops.native.layout import computed, dense, order_of
from trainer.ops.native.library import call, pointer
from trainer.ops.native.modulate import dot, per_channel, scale
from trainer.ops.native.registry import register

LRELU = abi.ACTS.index("lrelu")
ALPHA = ACTIVATIONS["lrelu"].alpha
TENSORS = "Tensor x, Tensor? scale, Tensor? noise, Tensor? bias, float clamp"


def _arguments(x: Tensor, noise_per_sample: bool, clamp: float, *tensors: Tensor | None) -> abi.Finish:
    before, after = order_of(x)
    numbers = (abi.TYPES[x.dtype], len(x), before, x.shape[1], after, int(noise_per_sample), ALPHA, clamp)
    return abi.Finish(*numbers, *(pointer(t) for t in tensors))


def _per_sample(noise: Tensor | None) -> bool:
    return noise is not None and noise.ndim == 4 and len(noise) > 1


def _as_computed(t: Tensor | None, x: Tensor) -> Tensor | None:
    return None if t is None else per_channel(t, x)


def _forward(x: Tensor, scale: Tensor | None, noise: Tensor | None, bias: Tensor | None, clamp: float) -> Tensor:
    x = dense(x)
    scale, noise, bias = (_as_computed(t, x) for t in (scale, noise, bias))
    y = torch.empty_like(x)
    nothing = [None] * 5
    call("adasweep_finish", _arguments(x, _per_sample(noise), clamp, x, scale, noise, bias, y, *nothing), x)
    return y


def _backward(
    dy: Tensor, x: Tensor, y: Tensor, scale: Tensor | None, per_pixel: bool, clamp: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x = dense(x)
    same = torch.contiguous_format if x.is_contiguous() else torch.channels_last
    dy, y = dy.contiguous(memory_format=same), y.contiguous(memory_format=same)
    dx, dscale, dnoise, dbias = _gradients(x, per_pixel)
    tensors = (x, _as_computed(scale, x), None, None, y, dy, dx, dscale, dnoise if per_pixel else None, dbias)
    call("adasweep_finish_backward", _arguments(x, True, clamp, *tensors), x)
    return dx, dscale, dnoise, dbias


def _gradients(x: Tensor, per_pixel: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return empty tensors for dx, dscale [n c], dnoise [n 1 h w] (or none), dbias [n c]."""
    n, c, h, w = x.shape
    empty = partial(torch.empty, dtype=computed(x.dtype), device=x.device)
    dnoise: Tensor = empty([n, 1, h, w] if per_pixel else [0])
    return torch.empty_like(dense(x)), empty([n, c]), dnoise, empty([n, c])


forward = register(f"finish({TENSORS}) -> Tensor", _forward, lambda x, *_: torch.empty_like(dense(x)))
backward = register(
    "finish_backward(Tensor dy, Tensor x, Tensor y, Tensor? scale, bool per_pixel, float clamp)"
    " -> (Tensor, Tensor, Tensor, Tensor)",
    _backward,
    lambda dy, x, y, scale, per_pixel, clamp: _gradients(x, per_pixel),
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, scale, noise, bias, ctx.clamp = inputs
    ctx.save_for_backward(x, scale, output)
    ctx.noise = None if noise is None else (noise.shape, noise.dtype)
    ctx.bias_dtype = None if bias is None else bias.dtype


def _backward_finish(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    x, s, y = ctx.saved_tensors
    wants_x, wants_scale, wants_noise, wants_bias, _ = ctx.needs_input_grad
    if torch.is_grad_enabled():
        g = slope(dy, y, None, 1, LRELU, ALPHA, 1.0, ctx.clamp)
        dx = g if s is None else scale(g, s)
        dscale = dot(g, x) if wants_scale else None
        dnoise = g.sum(1, keepdim=True, dtype=computed(x.dtype)) if wants_noise else None
        dbias = g.sum((0, 2, 3), dtype=ctx.bias_dtype) if wants_bias else None
    else:
        dx, dscale, dnoise, by_sample = backward(dy, x, y, s, wants_noise, ctx.clamp)
        dbias = by_sample.sum(0).to(ctx.bias_dtype) if wants_bias else None
    dscale = dscale.to(s.dtype) if wants_scale and dscale is not None else None
    dnoise = _to_noise(dnoise, *ctx.noise) if wants_noise and dnoise is not None else None
    return dx if wants_x else None, dscale, dnoise, dbias, None


def _to_noise(dnoise: Tensor, shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """Return the gradient [n 1 h w] summed to the shape of the noise."""
    return (
        dnoise.sum_to_size(1, *shape[-3:]).reshape(shape).to(dtype)
        if shape[0] != len(dnoise) or len(shape) == 2
        else dnoise.to(dtype)
    )


forward.differentiate(_setup, _backward_finish)
