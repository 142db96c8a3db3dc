"""Up, FIR filter, down: zero insertion, padding, filtering and decimation, the resampling of all networks.

y = down(f * pad(up(x))). A filter is a tensor: [taps] is separable and applied along x, then y; [rows taps] is not.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from trainer.ops.kernels import kernels
from trainer.ops.resampling import Steps

Pair = int | Sequence[int]
Filter = Float[Tensor, " taps"] | Float[Tensor, "rows taps"]

SEPARABLE_FROM = 8  # filters with fewer taps are faster as one 2-D filter


def pair(value: Pair) -> tuple[int, int]:
    """Return (x, y) of a factor given as one number or as [x, y]."""
    x, y = (value, value) if isinstance(value, int) else value
    return x, y


def sides(padding: Pair) -> tuple[int, int, int, int]:
    """Return (x0, x1, y0, y1) of a padding given as one number, [x, y] or [x0, x1, y0, y1]; negative crops."""
    values = [padding] * 2 if isinstance(padding, int) else list(padding)
    x0, x1, y0, y1 = (values[0], values[0], values[1], values[1]) if len(values) == 2 else values
    return x0, x1, y0, y1


def setup_filter(
    taps: Sequence[float] | Sequence[Sequence[float]] | float | None,
    normalize: bool = True,
    flip_filter: bool = False,
    gain: float = 1.0,
    separable: bool | None = None,
) -> Filter:
    """Return a filter for the operations here: sum 1 if `normalize`, times `gain` over both axes together."""
    f: Tensor = torch.as_tensor(np.array(1.0 if taps is None else taps), dtype=torch.float32)
    f = f.reshape(1) if f.ndim == 0 else f
    if f.ndim == 1 and not (separable if separable is not None else len(f) >= SEPARABLE_FROM):
        f = torch.outer(f, f)
    f = f / f.sum() if normalize else f
    f = f.flip(list(range(f.ndim))) if flip_filter else f
    return f * float(gain ** (f.ndim / 2))


def upfirdn2d(
    x: Float[Tensor, "n c h w"],
    f: Filter | None,
    up: Pair = 1,
    down: Pair = 1,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Float[Tensor, "n c h2 w2"]:
    """Insert zeros by `up`, pad or crop, filter (true convolution unless `flip_filter`), keep every `down`-th pixel."""
    (up_x, up_y), (down_x, down_y), (x0, x1, y0, y1) = pair(up), pair(down), sides(padding)
    if f is None:
        f = x.new_ones(1, 1)
    f = f.to(x.dtype) if gain == 1 else f.to(x.dtype) * gain ** (f.ndim / 2)
    return kernels().resample(x, f, Steps((up_y, up_x), (down_y, down_x), (y0, y1), (x0, x1), flip_filter))


def filter2d(
    x: Float[Tensor, "n c h w"],
    f: Filter | None,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Float[Tensor, "n c h2 w2"]:
    """Filter without changing the size; `padding` is relative to an output of the same size."""
    fw, fh = _size(f)
    x0, x1, y0, y1 = sides(padding)
    around = [x0 + fw // 2, x1 + (fw - 1) // 2, y0 + fh // 2, y1 + (fh - 1) // 2]
    return upfirdn2d(x, f, padding=around, flip_filter=flip_filter, gain=gain)


def upsample2d(
    x: Float[Tensor, "n c h w"],
    f: Filter | None,
    up: Pair = 2,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Float[Tensor, "n c h2 w2"]:
    """Upsample the image by the factor `up`; the gain up_x * up_y preserves its mean."""
    (up_x, up_y), (x0, x1, y0, y1) = pair(up), sides(padding)
    around = up_padding(f, up_x, up_y)
    around = [a + b for a, b in zip(around, (x0, x1, y0, y1), strict=True)]
    return upfirdn2d(x, f, up=up, padding=around, flip_filter=flip_filter, gain=gain * up_x * up_y)


def downsample2d(
    x: Float[Tensor, "n c h w"],
    f: Filter | None,
    down: Pair = 2,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Float[Tensor, "n c h2 w2"]:
    """Downsample the image by the factor `down`."""
    (down_x, down_y), (x0, x1, y0, y1) = pair(down), sides(padding)
    around = [a + b for a, b in zip(down_padding(f, down_x, down_y), (x0, x1, y0, y1), strict=True)]
    return upfirdn2d(x, f, down=down, padding=around, flip_filter=flip_filter, gain=gain)


def up_padding(f: Filter | None, up_x: int, up_y: int) -> list[int]:
    """Return the padding [x0, x1, y0, y1] that makes the filtered image exactly `up` times as large."""
    fw, fh = _size(f)
    return [(fw + up_x - 1) // 2, (fw - up_x) // 2, (fh + up_y - 1) // 2, (fh - up_y) // 2]


def down_padding(f: Filter | None, down_x: int, down_y: int) -> list[int]:
    """Return the padding [x0, x1, y0, y1] that makes the filtered image exactly `down` times as small."""
    fw, fh = _size(f)
    return [(fw - down_x + 1) // 2, (fw - down_x) // 2, (fh - down_y + 1) // 2, (fh - down_y) // 2]


def _size(f: Filter | None) -> tuple[int, int]:
    return (1, 1) if f is None else (f.shape[-1], f.shape[0])
