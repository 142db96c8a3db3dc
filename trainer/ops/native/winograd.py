"""3x3 convolutions on CPUs by minimal filtering, F(4x4, 3x3) (Lavin and Gray 2016, arXiv:1509.09308).

Images become 36 matrices [tiles channels], weights 36 matrices [channels channels]; their products, with a quarter of
the multiplications of the convolution, become images again. In float32, relative rounding errors are about three times
those of direct sums (3e-6 instead of 1e-6).
"""

import threading
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.ops.geometry import Geometry
from trainer.ops.native import abi
from trainer.ops.native.library import call

LANES: Final = 16
FEWEST_CHANNELS: Final = 64  # with fewer, tiles cost more than products save
FEWEST_TILES: Final = 32  # with fewer, the transformed weights cost more
PLANES: Final = 36
IN_CACHE: Final = 4 << 20  # bytes of tiles processed at a time; more only if the weights have more
TYPES: Final = (torch.float32, torch.float64)


class Step(IntEnum):
    """The transformations between images and tiles."""

    TILES_OF_PIXELS = 0
    TILES_OF_GRADIENTS = 1
    PIXELS_OF_TILES = 2


def fits(x: Tensor, weight: Tensor, geometry: Geometry) -> bool:
    """Return whether a convolution is supported: on a CPU, 3x3, same size in and out, channels in multiples of 16."""
    same_size = (geometry.stride, geometry.padding, geometry.groups, *geometry.extra) == (1, 1, 1, 0, 0)
    whole = not any(channels % LANES for channels in weight.shape[:2])
    return same_size and whole and weight.shape[2:] == (3, 3) and x.device.type == "cpu" and x.dtype in TYPES


def pays(x: Tensor, weight: Tensor) -> bool:
    """Return whether this algorithm is faster for such a convolution and its gradients."""
    return min(weight.shape[:2]) >= FEWEST_CHANNELS and len(x) * _tiles_of(x) >= FEWEST_TILES


def convolve(x: Float[Tensor, "n c h w"], weight: Float[Tensor, "a b 3 3"], transposed: bool) -> Tensor:
    """Return [n o h w]: the convolution of x with `weight` [o c 3 3], or the transposed one with [c o 3 3]."""
    inputs, outputs = weight.shape[:2] if transposed else weight.shape[1::-1]
    x = x.contiguous(memory_format=torch.channels_last)
    y = torch.empty(len(x), outputs, *x.shape[2:], dtype=x.dtype, memory_format=torch.channels_last)
    taps = _workspace("weights", inputs + 1, outputs, x)[:, :inputs]
    _taps(weight if transposed else weight.transpose(0, 1), taps, turned=transposed)
    for part in _parts(x, inputs + outputs, taps):
        tiles = (part.stop - part.start) * _tiles_of(x)
        pixels, products = _workspace("pixels", tiles + 1, inputs, x), _workspace("products", tiles + 1, outputs, x)
        _tiles(Step.TILES_OF_PIXELS, x[part], pixels)
        torch.bmm(pixels, taps, out=products)
        _tiles(Step.PIXELS_OF_TILES, y[part], products)
    return y


def weight_gradient(dy: Float[Tensor, "n o h w"], x: Float[Tensor, "n c h w"], transposed: bool) -> Tensor:
    """Return the gradient of the weight, [o c 3 3], or [c o 3 3] of a transposed convolution."""
    upper, lower = (x, dy) if transposed else (dy, x)
    upper, lower = (images.contiguous(memory_format=torch.channels_last) for images in (upper, lower))
    rows, lanes = upper.shape[1], lower.shape[1]
    total = _workspace("weights", rows, lanes, x)
    for part in _parts(x, rows + lanes, total):
        tiles = (part.stop - part.start) * _tiles_of(x)
        gradients, pixels = _workspace("products", tiles + 1, rows, x), _workspace("pixels", tiles + 1, lanes, x)
        _tiles(Step.TILES_OF_GRADIENTS, upper[part], gradients)
        _tiles(Step.TILES_OF_PIXELS, lower[part], pixels)
        torch.baddbmm(
            total, gradients[:, :tiles].transpose(1, 2), pixels[:, :tiles], beta=int(part.start > 0), out=total
        )
    dw = x.new_empty(rows, lanes, 3, 3)
    _taps(dw, total, back=True)
    return dw


def _tiles_of(x: Tensor) -> int:
    """Return the number of tiles of one image."""
    return -(-x.shape[2] // 4) * -(-x.shape[3] // 4)


def _parts(x: Tensor, channels: int, weights: Tensor) -> Iterator[slice]:
    """Yield slices of the images whose tiles fit the cache."""
    available = max(IN_CACHE, weights.numel() * x.element_size())
    step = max(1, available // (PLANES * _tiles_of(x) * channels * x.element_size()))
    for start in range(0, len(x), step):
        yield slice(start, min(start + step, len(x)))


class _Workspaces(threading.local):
    """Reused memory: allocating fresh pages would cost more than writing to them."""

    def __init__(self) -> None:
        self.by_name: dict[tuple[str, torch.dtype], Tensor] = {}


_workspaces = _Workspaces()


def _workspace(name: str, rows: int, columns: int, like: Tensor) -> Float[Tensor, "36 rows columns"]:
    """Return memory for matrices, which the next call with the same `name` overwrites.

    Except for sums, callers request one extra row: matrices at a distance of a power of two would compete for the same
    cache lines.
    """
    needed = PLANES * rows * columns
    memory = _workspaces.by_name.get((name, like.dtype))
    if memory is None or memory.numel() < needed:
        with torch.inference_mode(False):  # training may write to memory that an evaluation allocated
            memory = _workspaces.by_name[name, like.dtype] = torch.empty(needed, dtype=like.dtype)
    return memory[:needed].view(PLANES, rows, columns)


def _tiles(step: Step, images: Tensor, tiles: Tensor) -> None:
    n, channels, height, width = images.shape
    ends = (tiles, images) if step is Step.PIXELS_OF_TILES else (images, tiles)
    numbers = abi.TYPES[images.dtype], step, n, channels, height, width, tiles.stride(0)
    call("adasweep_tiles", abi.Tiles(*numbers, *(end.data_ptr() for end in ends)), images)


def _taps(weight: Float[Tensor, "rows lanes 3 3"], matrices: Tensor, turned: bool = False, back: bool = False) -> None:
    """Transform a weight, rotated by 180 degrees if `turned`, to matrices, or matrices to a weight if `back`."""
    rows, lanes, (*strides, down, right) = *weight.shape[:2], weight.stride()
    begin = weight.data_ptr()
    if turned:
        begin, down, right = begin + 2 * (down + right) * weight.element_size(), -down, -right
    numbers = abi.TYPES[weight.dtype], back, rows, lanes, *strides, down, right, matrices.stride(0)
    call("adasweep_taps", abi.TapsArguments(*numbers, begin, matrices.data_ptr()), weight)
