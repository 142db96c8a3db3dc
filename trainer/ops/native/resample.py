"""Resampling, which is linear in the image, with another resampling as its adjoint."""

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from trainer.ops.native import abi
from trainer.ops.native.layout import computed, dense, format_of
from trainer.ops.native.library import call
from trainer.ops.native.registry import register
from trainer.ops.resampling import Steps

IntPair = Sequence[int]

STRIDES = ctypes.c_int64 * 4
RANK_ONE = 1e-6  # largest deviation of a separable filter from column x row, relative to the largest tap


def _size(x: Tensor, f: Tensor, up: IntPair, down: IntPair, rows: IntPair, columns: IntPair) -> list[int]:
    taps = (f.shape[0], f.shape[-1])
    sides = [
        (side * u + sum(pad) - t) // d + 1
        for side, u, d, pad, t in zip(x.shape[2:], up, down, (rows, columns), taps, strict=True)
    ]
    if min(sides) <= 0:
        raise ValueError(f"resampling an image of {x.shape[2]} x {x.shape[3]} pixels with this padding leaves nothing")
    return sides


class TapPointers(NamedTuple):
    """Addresses of the taps, and of the factors of a separable filter. The cache keeps `arrays` alive."""

    taps: int
    column: int | None
    row: int | None
    arrays: tuple[np.ndarray, ...]


@lru_cache(maxsize=256)
def _prepared(content: bytes, shape: tuple[int, ...], dtype: str, flipped: bool) -> TapPointers:
    """Return the filter of these bytes, reversed unless `flipped`, and its factors if it is separable."""
    f = np.frombuffer(content, dtype).reshape(shape)
    f = np.ascontiguousarray(f if flipped else np.flip(f))
    if f.ndim == 1:
        return _taps(f, f, f)
    y, x = divmod(int(np.abs(f).argmax()), shape[1])
    column, row = f[:, x].copy(), f[y] / (f[y, x] or 1)
    separable = np.abs(np.outer(column, row) - f).max() <= RANK_ONE * abs(f[y, x])
    return _taps(f, column, row) if separable else TapPointers(f.ctypes.data, None, None, (f,))


def _taps(f: np.ndarray, column: np.ndarray, row: np.ndarray) -> TapPointers:
    return TapPointers(f.ctypes.data, column.ctypes.data, row.ctypes.data, (f, column, row))


def _addresses(f: Tensor, flipped: bool) -> tuple[int, int | None, int | None]:
    """Return the addresses of the filter, its column and its row."""
    array = f.numpy()
    return _prepared(array.tobytes(), array.shape, array.dtype.str, flipped)[:3]


def _real(x: Tensor, f: Tensor, up: IntPair, down: IntPair, rows: IntPair, columns: IntPair, flipped: bool) -> Tensor:
    sides = _size(x, f, up, down, rows, columns)
    x = dense(x)
    f = f.to(computed(x.dtype))
    if x.device.type == "cpu":
        return _call(x, sides, f, (up, down, rows, columns), *_addresses(f, flipped))
    f = torch.outer(f, f) if f.ndim == 1 else f
    f = f.contiguous() if flipped else f.flip([0, 1])
    return _call(x, sides, f, (up, down, rows, columns), f.data_ptr(), None, None)


def _call(
    x: Tensor,
    sides: list[int],
    f: Tensor,
    steps: tuple[IntPair, IntPair, IntPair, IntPair],
    taps: int,
    column: int | None,
    row: int | None,
) -> Tensor:
    up, down, rows, columns = steps
    y = torch.empty([*x.shape[:2], *sides], dtype=x.dtype, device=x.device, memory_format=format_of(x))
    arguments = abi.ResampleArguments(
        *(abi.TYPES[x.dtype], *x.shape, *sides),
        *(STRIDES(*t.stride()) for t in (x, y)),
        *(*up, *down, rows[0], columns[0], f.shape[0], f.shape[-1], int(column is not None)),
        *(x.data_ptr(), taps, column, row, y.data_ptr()),
    )
    call("adasweep_resample", arguments, x)
    return y


def _fake(x: Tensor, f: Tensor, up: IntPair, down: IntPair, rows: IntPair, columns: IntPair, flipped: bool) -> Tensor:
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


operation.differentiate(_setup, _backward)


def resample(x: Tensor, f: Tensor, steps: Steps) -> Tensor:
    """Return x [n c h w] resampled with the filter [rows taps], or [taps] along both axes. The filter is a constant."""
    y: Tensor = operation(x, f.detach(), *steps)
    return y
