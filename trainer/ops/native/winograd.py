"""3x3 convolutions on CPUs by minimal filtering, F(4x4, 3x3) (Lavin and Gray 2016, arXiv:1509.09308).

Images become 36 matrices [tiles channels], weights 36 matrices [channels channels]; their products, with a quarter of
the multiplications of the convolution, become images again. In float32, relative rounding errors are about three times
those of direct sums (3e-6 instead of 1e-6).
"""

import threading
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.ops.geometry import Geometry
from trainer.ops.native import abi
from trainer.ops.native.library import call

LANES: Final = 16
FEWEST_TILES: Final = 16  # with fewer, the transformed weights cost more
PLANES: Final = 36
TILES: Final = 64  # of each thread, processed at a time
TYPES: Final = (torch.float32, torch.float64)


def fits(x: Tensor, weight: Tensor, geometry: Geometry) -> bool:
    """Return whether a convolution is supported: on a CPU, 3x3, same size in and out, channels in multiples of 16."""
    same_size = (geometry.stride, geometry.padding, geometry.groups, *geometry.extra) == (1, 1, 1, 0, 0)
    whole = not any(channels % LANES for channels in weight.shape[:2])
    return same_size and whole and weight.shape[2:] == (3, 3) and x.device.type == "cpu" and x.dtype in TYPES


def pays(x: Tensor, weight: Tensor) -> bool:
    """Return whether this algorithm is faster for such a convolution and its gradients."""
    return len(x) * _tiles_of(x) >= FEWEST_TILES


def convolve(x: Float[Tensor, "n c h w"], weight: Float[Tensor, "a b 3 3"], transposed: bool) -> Tensor:
    """Return [n o h w]: the convolution of x with `weight` [o c 3 3], or the transposed one with [c o 3 3]."""
    inputs, outputs = weight.shape[:2] if transposed else weight.shape[1::-1]
    x = x.contiguous(memory_format=torch.channels_last)
    y = torch.empty(len(x), outputs, *x.shape[2:], dtype=x.dtype, memory_format=torch.channels_last)
    matrices = _matrices(inputs, outputs, x)
    _taps(weight if transposed else weight.transpose(0, 1), matrices, turned=transposed)
    _call("adasweep_convolve3", x, y, matrices)
    return y


def weight_gradient(dy: Float[Tensor, "n o h w"], x: Float[Tensor, "n c h w"], transposed: bool) -> Tensor:
    """Return the gradient of the weight, [o c 3 3], or [c o 3 3] of a transposed convolution."""
    upper, lower = (x, dy) if transposed else (dy, x)
    upper, lower = (images.contiguous(memory_format=torch.channels_last) for images in (upper, lower))
    matrices = _matrices(upper.shape[1], lower.shape[1], x)
    _call("adasweep_correlate3", upper, lower, matrices)
    dw = x.new_empty(upper.shape[1], lower.shape[1], 3, 3)
    _taps(dw, matrices, back=True)
    return dw


def _tiles_of(x: Tensor) -> int:
    """Return the number of tiles of one image."""
    return -(-x.shape[2] // 4) * -(-x.shape[3] // 4)


def _call(function: str, x: Tensor, y: Tensor, matrices: Tensor) -> None:
    """Call a function with memory for as many tiles of each thread as are processed at a time."""
    n, inputs, height, width = x.shape
    outputs = y.shape[1]
    tiles = min(TILES, n * _tiles_of(x))
    of_thread = PLANES * (tiles * (inputs + outputs) + 2 * LANES)
    workspace = _workspace("tiles", torch.get_num_threads() * of_thread, x)
    numbers = abi.TYPES[x.dtype], n, inputs, outputs, height, width, tiles, of_thread
    call(function, abi.Convolve3(*numbers, *(end.data_ptr() for end in (x, y, matrices, workspace))), x)


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


def _matrices(rows: int, lanes: int, like: Tensor) -> Tensor:
    """Return memory for the transformed weights, [36, lanes / 16, rows, 16] with 16 more after each plane."""
    return _workspace("weights", PLANES * (rows * lanes + LANES), like)


def _taps(weight: Float[Tensor, "rows lanes 3 3"], matrices: Tensor, turned: bool = False, back: bool = False) -> None:
    """Transform a weight, rotated by 180 degrees if `turned`, to matrices, or matrices to a weight if `back`."""
    rows, lanes, (*strides, down, right) = *weight.shape[:2], weight.stride()
    begin = weight.data_ptr()
    if turned:
        begin, down, right = begin + 2 * (down + right) * weight.element_size(), -down, -right
    numbers = abi.TYPES[weight.dtype], back, rows, lanes, *strides, down, right
    call("adasweep_taps", abi.TapsArguments(*numbers, begin, matrices.data_ptr()), weight)
