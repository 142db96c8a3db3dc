"""Resampling: linear in the image, and its adjoint is another resampling."""

from typing import Any

import torch
from torch import Tensor

from trainer.ops.native import abi
from trainer.ops.native.layout import computed, dense, format_of
from trainer.ops.native.library import call, pointer
from trainer.ops.native.registry import differentiate, register
from trainer.ops.resampling import Steps

RANK_ONE = 1e-6  # largest deviation from column x row, relative to the largest tap, of a filter taken as their product


def _size(x: Tensor, f: Tensor, up: list[int], down: list[int], rows: list[int], columns: list[int]) -> list[int]:
    taps = (f.shape[0], f.shape[-1])
    sides = [
        (side * u + sum(pad) - t) // d + 1
        for side, u, d, pad, t in zip(x.shape[2:], up, down, (rows, columns), taps, strict=True)
    ]
    if min(sides) <= 0:
        raise ValueError(f"an image of {x.shape[2]} x {x.shape[3]} pixels has nothing left after this padding")
    return sides


def _factors(f: Tensor) -> tuple[Tensor, Tensor] | None:
    """Return (column, row) of a separable filter, None of another one."""
    if f.ndim == 1:
        return f, f
    y, x = divmod(int(f.abs().argmax()), f.shape[1])
    column, row = f[:, x].contiguous(), f[y] / f[y, x]
    close = (torch.outer(column, row) - f).abs().max() <= RANK_ONE * f[y, x].abs()
    return (column, row) if close else None


def _real(
    x: Tensor, f: Tensor, up: list[int], down: list[int], rows: list[int], columns: list[int], flipped: bool
) -> Tensor:
    sides = _size(x, f, up, down, rows, columns)
    x = dense(x)
    f = f.to(computed(x.dtype))
    f = f.contiguous() if flipped else f.flip([*range(f.ndim)])
    factors = _factors(f) if x.device.type == "cpu" else None
    if factors is None and f.ndim == 1:
        f = torch.outer(f, f)
    column, row = factors or (None, None)
    y = x.new_empty([*x.shape[:2], *sides]).contiguous(memory_format=format_of(x))
    arguments = abi.Resample(
        *(abi.TYPES[x.dtype], *x.shape, *sides),
        *((abi.ctypes.c_int64 * 4)(*t.stride()) for t in (x, y)),
        *(*up, *down, rows[0], columns[0], f.shape[0], f.shape[-1], int(factors is not None)),
        *(pointer(t) for t in (x, f, column, row, y)),
    )
    call("adasweep_resample", arguments, x)
    return y


def _fake(
    x: Tensor, f: Tensor, up: list[int], down: list[int], rows: list[int], columns: list[int], flipped: bool
) -> Tensor:
    sides = _size(x, f, up, down, rows, columns)
    return x.new_empty([*x.shape[:2], *sides]).contiguous(memory_format=format_of(x))


operation = register(
    "resample(Tensor x, Tensor f, int[] up, int[] down, int[] rows, int[] columns, bool flipped) -> Tensor",
    _real,
    _fake,
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, f, up, down, rows, columns, flipped = inputs
    steps = Steps(tuple(up), tuple(down), tuple(rows), tuple(columns), flipped)
    ctx.save_for_backward(f)
    ctx.adjoint = steps.adjoint(x.shape[2:], output.shape[2:], torch.Size([f.shape[0], f.shape[-1]]))


def _backward(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    return operation(dy, ctx.saved_tensors[0], *ctx.adjoint), *[None] * 6


differentiate("resample", _setup, _backward)


def resample(x: Tensor, f: Tensor, steps: Steps) -> Tensor:
    """Return x [n c h w] resampled with the filter [rows taps], or [taps] along both axes. The filter is a constant."""
    y: Tensor = operation(x, f.detach(), *steps)
    return y
