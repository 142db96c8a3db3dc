"""Scaling of channels m(x, s) = x s, and d(x, y) = sum_pixels x y; their derivatives are composed of the two."""

from typing import Any

import torch
from torch import Tensor

from trainer.ops.native import abi
from trainer.ops.native.layout import computed, dense, order_of
from trainer.ops.native.library import call, pointer
from trainer.ops.native.registry import register


def _run(x: Tensor, y: Tensor | None, s: Tensor | None, scaled: Tensor | None, dots: Tensor | None) -> None:
    before, after = order_of(x)
    arguments = abi.Modulate(
        *(abi.TYPES[x.dtype], len(x), before, x.shape[1], after), *(pointer(t) for t in (x, y, s, scaled, dots))
    )
    call("adasweep_modulate", arguments, x)


def _like(y: Tensor, x: Tensor) -> Tensor:
    """Return y in the layout and type of a dense x."""
    return y.to(x.dtype).contiguous(memory_format=torch.contiguous_format if x.is_contiguous() else torch.channels_last)


def per_channel(s: Tensor, x: Tensor) -> Tensor:
    """Return s [n c] in the type and layout that the kernels need beside x."""
    return s.to(computed(x.dtype)).contiguous()


def _sums(x: Tensor) -> Tensor:
    return x.new_empty(x.shape[:2], dtype=computed(x.dtype))


def _modulate(x: Tensor, s: Tensor) -> Tensor:
    x, s = dense(x), per_channel(s, x)
    scaled = torch.empty_like(x)
    _run(x, None, s, scaled, None)
    return scaled


def _dot(x: Tensor, y: Tensor) -> Tensor:
    x = dense(x)
    y, dots = _like(y, x), _sums(x)
    _run(x, y, None, None, dots)
    return dots


def _both(dy: Tensor, x: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    x, s = dense(x), per_channel(s, x)
    dy, scaled, dots = _like(dy, x), torch.empty_like(x), _sums(x)
    _run(dy, x, s, scaled, dots)
    return scaled, dots


scale = register("modulate(Tensor x, Tensor s) -> Tensor", _modulate, lambda x, s: torch.empty_like(dense(x)))
dot = register("channel_dot(Tensor x, Tensor y) -> Tensor", _dot, lambda x, y: _sums(x))
both = register(
    "modulate_backward(Tensor dy, Tensor x, Tensor s) -> (Tensor, Tensor)",
    _both,
    lambda dy, x, s: (torch.empty_like(dense(x)), _sums(x)),
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward_scale(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    x, s = ctx.saved_tensors
    wants_x, wants_s = ctx.needs_input_grad
    if wants_x and wants_s and not torch.is_grad_enabled():
        dx, ds = both(dy, x, s)
        return dx, ds.to(s.dtype)
    return scale(dy, s) if wants_x else None, dot(dy, x).to(s.dtype) if wants_s else None


def _backward_dot(ctx: Any, v: Tensor) -> tuple[Any, ...]:
    x, y = ctx.saved_tensors
    wants_x, wants_y = ctx.needs_input_grad
    return scale(y, v) if wants_x else None, scale(x, v) if wants_y else None


scale.differentiate(_setup, _backward_scale)
dot.differentiate(_setup, _backward_dot)
