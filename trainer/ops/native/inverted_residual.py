"""Inverted residual blocks (Sandler et al. 2018) on CPUs, whose expanded channels stay in the caches.

Images are InBlocks, [n channels/16 h w 16]; channels that are no multiple of 16 are followed by zeros. Results do not
depend on the number of threads, nor on how images are divided into batches. Without gradients.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from trainer.ops.native import abi
from trainer.ops.native.library import call

LANES = 16
CACHED = 100_000  # elements of expanded channels at a time, so that they stay in a core's cache
PIXELS = 4  # computed at a time
InBlocks = Float[Tensor, "n blocks h w 16"]


class KernelAndBias(NamedTuple):
    """Kernel [outputs inputs k k] and bias [outputs]."""

    kernel: Tensor
    bias: Tensor


class CompiledBlock:
    """A block whose three convolutions have "same" padding, an odd line of it at the end; the first two end with ReLU6.

    `expand` is 1x1, or of a stem 3x3 with stride 2 and 3 input channels. `depthwise` is 3x3 or 5x5, `stride` 1 or 2.
    """

    def __init__(
        self, expand: KernelAndBias, depthwise: KernelAndBias, project: KernelAndBias, stride: int, residual: bool
    ) -> None:
        self.is_stem = expand.kernel.shape[-1] == 3
        self._stride, self._residual, self._taps = stride, residual, depthwise.kernel.shape[-1]
        taps_of_stem = expand.kernel.permute(0, 2, 3, 1).flatten(1)  # [outputs 27]
        self._expand = _matrix(taps_of_stem if self.is_stem else _padded(expand.kernel[:, :, 0, 0], 1))
        self._project = _matrix(_padded(project.kernel[:, :, 0, 0], 1))
        matrices = self._expand, _matrix(depthwise.kernel.flatten(1)), self._project
        biases = (_padded(one.bias, 0) for one in (expand, depthwise, project))
        self._weights = [tensor for pair in zip(matrices, biases, strict=True) for tensor in pair]

    def __call__(self, x: Tensor) -> InBlocks:
        """Return the results of InBlocks images, or of a stem's [n 3 2h 2w]; their width is a multiple of 4.

        Raises ValueError for other images.
        """
        height, width = (x.shape[2] // 2, x.shape[3] // 2) if self.is_stem else x.shape[2:4]
        down, across = height // self._stride, width // self._stride
        if x.dtype != self._expand.dtype or across % PIXELS or height % self._stride:
            raise ValueError(f"images {tuple(x.shape)} of {x.dtype} do not fit an inverted residual block")
        x = F.pad(x, (0, 1, 0, 1)).permute(0, 2, 3, 1).contiguous() if self.is_stem else x.contiguous()
        y = x.new_empty(len(x), len(self._project), down, across, LANES)
        more = self._taps - self._stride
        of_block = LANES * ((height + more) * (width + more) + down * across)
        self._fill(y, x, height, width, of_block)
        return y

    def _fill(self, y: Tensor, x: Tensor, height: int, width: int, of_block: int) -> None:
        """Compute y with memory for as many blocks of expanded channels as are processed at a time."""
        together = max(2, min(len(self._expand), CACHED // of_block))
        workspace = x.new_empty(torch.get_num_threads() * together * of_block)
        channels = self._expand.shape[1], LANES * len(self._expand), LANES * len(self._project)
        rest = self._taps, self._stride, self.is_stem, self._residual, together, together * of_block
        addresses = (t.data_ptr() for t in (x, *self._weights, y, workspace))
        numbers = abi.TYPES[x.dtype], len(x), height, width, *channels, *rest
        call("adasweep_inverted_residual", abi.BlockArguments(*numbers, *addresses), x)


def blocked(images: Float[Tensor, "n c h w"]) -> InBlocks:
    """Return images with channels 16 after 16."""
    n, _, *sizes = images.shape
    return _padded(images, 1).reshape(n, -1, LANES, *sizes).movedim(2, -1).contiguous()


def pixels(images: InBlocks) -> Float[Tensor, "n h w c"]:
    """Return InBlocks images channels-last, with the zeros that follow the last channel."""
    return images.permute(0, 2, 3, 1, 4).flatten(3)


def _padded(x: Tensor, dim: int) -> Tensor:
    """Return x with zeros up to a multiple of 16 along `dim`."""
    after = -x.shape[dim] % LANES
    return F.pad(x, (*(0, 0) * (x.ndim - 1 - dim), 0, after))


def _matrix(weight: Float[Tensor, "outputs inputs"]) -> Float[Tensor, "blocks inputs 16"]:
    return _padded(weight, 0).reshape(-1, LANES, weight.shape[1]).transpose(1, 2).contiguous()
