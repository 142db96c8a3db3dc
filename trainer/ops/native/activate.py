"""bias_act as three operations: y = clamp(gain act(x + b)), its derivative times dy, its second derivative times dy v.

Piecewise linear activations are differentiated from y, so x need not be saved; all others from x and b.
"""

from math import prod
from typing import Any

import torch
from torch import Tensor

from trainer.ops.native import abi
from trainer.ops.native.layout import dense
from trainer.ops.native.library import call, pointer
from trainer.ops.native.registry import end_of_derivatives, register

SHAPE = "int dim, int act, float alpha, float gain, float clamp"
ActivationArguments = tuple[int, int, float, float, float]


def in_pieces(act: int) -> bool:
    """Return whether the activation is piecewise linear."""
    return act < len(abi.PIECES)


def _axes(x: Tensor, bias: Tensor | None, dim: int) -> tuple[int, int, int]:
    """Return the elements outside the channels, the channels, and the elements inside them."""
    if bias is None:
        return 1, 1, x.numel()
    if x.is_contiguous():
        return prod(x.shape[:dim]), x.shape[dim], prod(x.shape[dim + 1 :])
    return x.numel() // x.shape[1], x.shape[1], 1


def _laid_out(x: Tensor, dim: int) -> Tensor:
    return dense(x) if dim == 1 else x.contiguous()


def _run(
    order: int, ref: Tensor, bias: Tensor | None, dy: Tensor | None, v: Tensor | None, shape: ActivationArguments
) -> Tensor:
    dim, act, alpha, gain, clamp = shape
    ref = _laid_out(ref, dim)
    same = torch.contiguous_format if ref.is_contiguous() else torch.channels_last
    dy, v = (None if t is None else t.contiguous(memory_format=same) for t in (dy, v))
    bias = None if bias is None else bias.to(ref.dtype).contiguous()
    out = torch.empty_like(ref)
    slope = {0: 1.0, 1: 0.0}.get(act, alpha)
    arguments = abi.Activate(
        *(abi.TYPES[ref.dtype], act, order, *_axes(ref, bias, dim), slope, gain, clamp),
        *(pointer(t) for t in (ref, bias, dy, v, out)),
    )
    call("adasweep_activate", arguments, ref)
    return out


def _value(x: Tensor, bias: Tensor | None, *shape: Any) -> Tensor:
    return _run(0, x, bias, None, None, shape)


def _slope(dy: Tensor, ref: Tensor, bias: Tensor | None, *shape: Any) -> Tensor:
    return _run(1, ref, bias, dy, None, shape)


def _bend(dy: Tensor, v: Tensor, ref: Tensor, bias: Tensor | None, *shape: Any) -> Tensor:
    return _run(2, ref, bias, dy, v, shape)


def _fake(ref: Tensor, dim: int) -> Tensor:
    return torch.empty_like(_laid_out(ref, dim))


value = register(f"bias_act(Tensor x, Tensor? bias, {SHAPE}) -> Tensor", _value, lambda x, _, dim, *__: _fake(x, dim))
slope = register(
    f"bias_act_slope(Tensor dy, Tensor ref, Tensor? bias, {SHAPE}) -> Tensor",
    _slope,
    lambda _, ref, __, dim, *___: _fake(ref, dim),
)
bend = register(
    f"bias_act_bend(Tensor dy, Tensor v, Tensor ref, Tensor? bias, {SHAPE}) -> Tensor",
    _bend,
    lambda _, __, ref, ___, dim, *____: _fake(ref, dim),
)


def _sum_to_bias(g: Tensor, bias: Tensor, dim: int) -> Tensor:
    others = [axis for axis in range(g.ndim) if axis != dim]
    return g.sum(others, dtype=bias.dtype) if others else g.to(bias.dtype)


def _setup_value(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, bias, *ctx.shape = inputs
    ctx.pieces = in_pieces(ctx.shape[1])
    ctx.save_for_backward(output if ctx.pieces else x, bias)


def _backward_value(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    ref, bias = ctx.saved_tensors
    dx = slope(dy, ref, None if ctx.pieces else bias, *ctx.shape)
    dbias = _sum_to_bias(dx, bias, ctx.shape[0]) if ctx.needs_input_grad[1] else None
    return dx, dbias, *[None] * 5


def _setup_slope(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    dy, ref, bias, *ctx.shape = inputs
    ctx.save_for_backward(dy, ref, bias)


def _backward_slope(ctx: Any, v: Tensor) -> tuple[Any, ...]:
    dy, ref, bias = ctx.saved_tensors
    ddy = slope(v, ref, bias, *ctx.shape) if ctx.needs_input_grad[0] else None
    if in_pieces(ctx.shape[1]) or not (ctx.needs_input_grad[1] or ctx.needs_input_grad[2]):
        return ddy, *[None] * 7
    dref = bend(dy, v, ref, bias, *ctx.shape)
    dbias = _sum_to_bias(dref, bias, ctx.shape[0]) if ctx.needs_input_grad[2] else None
    return ddy, dref, dbias, *[None] * 5


def _setup_end(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    """Save nothing."""


value.differentiate(_setup_value, _backward_value)
slope.differentiate(_setup_slope, _backward_slope)
bend.differentiate(_setup_end, end_of_derivatives)


def bias_act(
    x: Tensor, bias: Tensor | None, dim: int, activation: str, alpha: float, gain: float, clamp: float | None
) -> Tensor:
    """Return clamp(gain * act(x + bias)). A negative gain only flips the sign, as the clamp is symmetric."""
    act = abi.ACTS.index(activation)
    y: Tensor = value(x, bias, dim % x.ndim, act, alpha, abs(gain), abi.clamp_value(clamp))
    return -y if gain < 0 else y
