"""Resampling as a linear map whose adjoint is another resampling."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from trainer.ops.geometry import Axes
from trainer.ops.layout import HALF


class Steps(NamedTuple):
    """How to resample, rows before columns: factors up and down, padding at both ends of an axis.

    `flipped` False is the true convolution with the filter, True the correlation.
    """

    up: Axes
    down: Axes
    rows: Axes
    columns: Axes
    flipped: bool

    def by_axis(self) -> "tuple[Steps, Steps]":
        """Return the steps along x, and those along y."""
        along_x = Steps((1, self.up[1]), (1, self.down[1]), (0, 0), self.columns, self.flipped)
        return along_x, Steps((self.up[0], 1), (self.down[0], 1), self.rows, (0, 0), self.flipped)

    def adjoint(self, size: torch.Size, resampled: torch.Size, taps: torch.Size) -> "Steps":
        """Return the steps back from `resampled` to `size`."""
        ends = [
            (t - 1 - before, n * up - m * down + before - up + 1)
            for n, m, t, up, down, (before, _) in zip(
                size, resampled, taps, self.up, self.down, (self.rows, self.columns), strict=True
            )
        ]
        return Steps(self.down, self.up, ends[0], ends[1], not self.flipped)


def resample(x: Float[Tensor, "n c h w"], f: Float[Tensor, "rows taps"], steps: Steps) -> Float[Tensor, "n c h2 w2"]:
    """Return x after zero insertion, padding, filtering and decimation of every channel. The filter is a constant."""
    y: Tensor = _Resample.apply(x, f, steps)  # type: ignore[no-untyped-call]
    return y


class _Resample(torch.autograd.Function):
    """Linear in x, with another resampling as its adjoint, so derivatives of any order are as fast as the value."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, f: Tensor, steps: Steps) -> Tensor:
        y = _convolve_channels(x, f, steps)
        ctx.save_for_backward(f)
        ctx.adjoint = steps.adjoint(x.shape[2:], y.shape[2:], f.shape)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, None, None]:
        (f,) = ctx.saved_tensors
        return resample(dy, f, ctx.adjoint), None, None


def _convolve_channels(x: Tensor, f: Tensor, steps: Steps) -> Tensor:
    """Convolve every channel with the 2-D filter f; insert and pad zeros explicitly only where torch cannot."""
    up, down, (y0, y1), (x0, x1), flipped = steps
    c, taps_y, taps_x = x.shape[1], *f.shape
    if c == 1 and x.dtype in HALF and x.device.type == "cpu":  # oneDNN was seen to read out of bounds there
        return _convolve_channels(x.float(), f.float(), steps).to(x.dtype)
    cut_y, cut_x = taps_y - 1 - y0, taps_x - 1 - x0  # excess of a transposed convolution at either end
    if down == (1, 1) != up and cut_x == taps_x - up[1] - x1 >= 0 and cut_y == taps_y - up[0] - y1 >= 0:
        weight = (f.flip([0, 1]) if flipped else f).expand(c, 1, taps_y, taps_x)  # transposed, torch convolves
        return F.conv_transpose2d(x, weight, stride=up, padding=(cut_y, cut_x), groups=c)
    weight = (f if flipped else f.flip([0, 1])).expand(c, 1, taps_y, taps_x)  # otherwise it correlates
    x = _insert_zeros(x, up)
    if x0 == x1 >= 0 and y0 == y1 >= 0:
        return F.conv2d(x, weight, stride=down, padding=(y0, x0), groups=c)
    return F.conv2d(_padded(x, [x0, x1, y0, y1]), weight, stride=down, groups=c)


def _padded(x: Tensor, around: list[int]) -> Tensor:
    """Pad, then crop, since cropping may remove padding of the other side."""
    if min(around) < 0 < max(around):
        x = F.pad(x, [max(side, 0) for side in around])
        around = [min(side, 0) for side in around]
    return F.pad(x, around)


def _insert_zeros(x: Tensor, up: Axes) -> Tensor:
    if up == (1, 1):
        return x
    n, c, h, w = x.shape
    x = F.pad(x.reshape(n, c, h, 1, w, 1), [0, up[1] - 1, 0, 0, 0, up[0] - 1])
    return x.reshape(n, c, h * up[0], w * up[1])
