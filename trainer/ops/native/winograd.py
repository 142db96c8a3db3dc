"""3x3 convolutions on CPUs by minimal filtering (Lavin and Gray 2016, arXiv:1509.09308).

Images become matrices [tiles channels], weights matrices [channels channels], and their products images again: 36 for
4x4 pixels instead of 144, or 81 with stride 2. In float32, the relative error is 1e-6 (16 channels) to 5e-6 (512), half
of that with stride 2; that of direct sums is 2e-7.
"""

import threading
from enum import IntEnum
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.ops.geometry import Geometry
from trainer.ops.native import abi
from trainer.ops.native.library import call, pointer

LANES: Final = 16
FEWEST_TILES: Final = 16  # with fewer, the transformed weights cost more
FEWEST_OF_WEIGHTS: Final = 1 / 4096  # tiles of stride 2: its transformed weights are nine times the weights
TILES: Final = 64  # of each thread, processed at a time
TYPES: Final = (torch.float32, torch.float64)


class Direction(IntEnum):
    """From images to ones of the same size, from 2 h + 1 lines to h, or from h to 2 h + 1."""

    SAME = 0
    DOWN = 1
    UP = 2


PLANES: Final = {Direction.SAME: (36, 36), Direction.DOWN: (81, 25), Direction.UP: (25, 81)}  # of both sides


def fits(x: Tensor, weight: Tensor, geometry: Geometry) -> bool:
    """Return whether a convolution is supported: of images on a CPU, 3x3, a Direction, channels in multiples of 16."""
    same_size = (geometry.stride, geometry.padding) == (1, 1)
    halves = (geometry.stride, geometry.padding) == (2, 0) and (geometry.transposed or _are_odd(x))
    plain = (geometry.groups, *geometry.extra) == (1, 0, 0) and weight.shape[2:] == (3, 3)
    whole = not any(channels % LANES for channels in weight.shape[:2])
    here = x.device.type == "cpu" and x.dtype in TYPES and x.numel() > 0
    return (same_size or halves) and plain and whole and here


def _are_odd(x: Tensor) -> bool:
    return all(size % 2 and size > 1 for size in x.shape[2:])


def pays(x: Tensor, weight: Tensor, geometry: Geometry) -> bool:
    """Return whether this algorithm is faster for such a convolution and its gradients."""
    fewest = FEWEST_OF_WEIGHTS * weight[..., 0, 0].numel() if geometry.stride == 2 else 0
    return _tiles(x, geometry) >= max(FEWEST_TILES, fewest)


def _tiles(x: Tensor, geometry: Geometry) -> int:
    """Return the number of tiles: 4x4 pixels of the smaller images."""
    halved = geometry.stride == 2 and not geometry.transposed
    height, width = (size // 2 if halved else size for size in x.shape[2:])
    return len(x) * -(-height // 4) * -(-width // 4)


def products(x: Tensor, weight: Tensor, geometry: Geometry) -> int:
    """Return the multiplications of such a convolution, or of one of its gradients, in matrix products."""
    return (
        max(PLANES[_direction(geometry.stride, geometry.transposed)]) * _tiles(x, geometry) * weight[..., 0, 0].numel()
    )


def convolve(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "a b 3 3"],
    bias: Float[Tensor, " o"] | None,
    stride: int,
    transposed: bool,
) -> Float[Tensor, "n o h2 w2"]:
    """Return the convolution of x with `weight` [o c 3 3], or the transposed one with [c o 3 3], plus the bias."""
    direction = _direction(stride, transposed)
    inputs, outputs = weight.shape[:2] if transposed else weight.shape[1::-1]
    x = x.contiguous(memory_format=torch.channels_last)
    y = torch.empty(len(x), outputs, *_sizes(x, direction), dtype=x.dtype, memory_format=torch.channels_last)
    matrices = _matrices(direction, inputs, outputs, x)
    weight, turned = (weight, direction is Direction.SAME) if transposed else (weight.transpose(0, 1), False)
    _taps(weight, matrices, direction, turned=turned)
    _call("adasweep_convolve3", direction, x, None if bias is None else bias.to(x.dtype).contiguous(), y, matrices)
    return y


def weight_gradient(
    dy: Float[Tensor, "n o h2 w2"], x: Float[Tensor, "n c h w"], stride: int, transposed: bool
) -> Tensor:
    """Return the gradient of the weight, [o c 3 3], or [c o 3 3] of a transposed convolution."""
    upper, lower = (x, dy) if transposed else (dy, x)
    upper, lower = (images.contiguous(memory_format=torch.channels_last) for images in (upper, lower))
    direction = _direction(stride, transposed=True)  # from the gradient of a result to what was convolved
    matrices = _matrices(direction, upper.shape[1], lower.shape[1], x)
    _call("adasweep_correlate3", direction, upper, None, lower, matrices)
    dw = x.new_empty(upper.shape[1], lower.shape[1], 3, 3)
    _taps(dw, matrices, direction, back=True)
    return dw


def _direction(stride: int, transposed: bool) -> Direction:
    if stride == 1:
        return Direction.SAME
    return Direction.UP if transposed else Direction.DOWN


def _sizes(x: Tensor, direction: Direction) -> tuple[int, ...]:
    """Return height and width of the result."""
    resize = {Direction.SAME: lambda n: n, Direction.DOWN: lambda n: n // 2, Direction.UP: lambda n: 2 * n + 1}
    return tuple(resize[direction](size) for size in x.shape[2:])


def _call(function: str, direction: Direction, x: Tensor, bias: Tensor | None, y: Tensor, matrices: Tensor) -> None:
    """Call a function with memory for as many tiles of each thread as are processed at a time."""
    inputs, outputs = x.shape[1], y.shape[1]
    of_x, of_y = PLANES[direction]
    of_thread = of_x * (TILES * inputs + LANES) + of_y * (TILES * outputs + LANES)
    workspace = _workspace("tiles", torch.get_num_threads() * of_thread, x)
    numbers = direction, len(x), inputs, outputs, *x.shape[2:], *y.shape[2:], TILES, of_thread
    addresses = (pointer(end) for end in (x, bias, y, matrices, workspace))
    call(function, abi.Convolve3(abi.TYPES[x.dtype], *numbers, *addresses), x)


class _Workspaces(threading.local):
    """Reused memory: allocating fresh pages would cost more than writing to them."""

    def __init__(self) -> None:
        self.by_name: dict[tuple[str, torch.dtype], Tensor] = {}


_workspaces = _Workspaces()


def _workspace(name: str, needed: int, like: Tensor) -> Float[Tensor, " needed"]:
    """Return memory, which the next call with the same `name` overwrites."""
    memory = _workspaces.by_name.get((name, like.dtype))
    if memory is None or memory.numel() < needed:
        with torch.inference_mode(False):  # training may write to memory that an evaluation allocated
            memory = _workspaces.by_name[name, like.dtype] = torch.empty(needed, dtype=like.dtype)
    return memory


def _matrices(direction: Direction, rows: int, lanes: int, like: Tensor) -> Tensor:
    """Return memory for the transformed weights, [planes, lanes / 16, rows, 16] with 16 more after each plane."""
    return _workspace("weights", max(PLANES[direction]) * (rows * lanes + LANES), like)


def _taps(
    weight: Float[Tensor, "rows lanes 3 3"],
    matrices: Tensor,
    direction: Direction,
    turned: bool = False,
    back: bool = False,
) -> None:
    """Transform a weight, rotated by 180 degrees if `turned`, to matrices, or matrices to a weight if `back`."""
    rows, lanes, (*strides, down, right) = *weight.shape[:2], weight.stride()
    begin = weight.data_ptr()
    if turned:
        begin, down, right = begin + 2 * (down + right) * weight.element_size(), -down, -right
    numbers = abi.TYPES[weight.dtype], direction is not Direction.SAME, back, rows, lanes, *strides, down, right
    call("adasweep_taps", abi.TapsArguments(*numbers, begin, matrices.data_ptr()), weight)
