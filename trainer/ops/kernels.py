"""Which implementation of the operations this process uses: one choice, made before anything is computed.

Both compute the same up to rounding. The operations are documented where they are called from: bias_act.py,
upfirdn2d.py, modulated_conv2d.py and augment/warp.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from torch import Tensor

from trainer.ops.reference import Reference
from trainer.ops.resampling import Steps


class Kernels(Protocol):
    """The operations that exist as plain torch and as compiled kernels. All are differentiable twice."""

    @property
    def name(self) -> str:
        """Return what a record calls this implementation."""

    def bias_act(
        self,
        x: Tensor,
        bias: Tensor | None,
        dim: int,
        activation: str,
        alpha: float,
        gain: float,
        clamp: float | None,
    ) -> Tensor:
        """Return clamp(gain * act(x + bias))."""

    def leaky_relu(self, x: Tensor, clamp: float | None) -> Tensor:
        """Return clamp(lrelu(x)); x may be overwritten."""

    def resample(self, x: Tensor, f: Tensor, steps: Steps) -> Tensor:
        """Return x [n c h w] resampled with the filter [rows taps], or [taps] along both axes."""

    def modulate(self, x: Tensor, scale: Tensor) -> Tensor:
        """Return x [n c h w] times scale [n c]."""

    def finish(
        self, x: Tensor, scale: Tensor | None, noise: Tensor | None, bias: Tensor, clamp: float | None
    ) -> Tensor:
        """Return clamp(lrelu(x * scale [n c] + noise [h w] or [n 1 h w] + bias [c])); x may be overwritten."""

    def warp(self, images: Tensor, theta: Tensor, height: int, width: int) -> Tensor:
        """Return images [n c h w] looked up through theta [n 2 3] on a grid of height x width."""


class _Process:
    """The choice of this process."""

    kernels: Kernels = Reference()


def kernels() -> Kernels:
    """Return the implementation in use."""
    return _Process.kernels


def use(chosen: Kernels) -> None:
    """Use `chosen` from now on."""
    _Process.kernels = chosen


@contextmanager
def using(chosen: Kernels) -> Iterator[Kernels]:
    """Use `chosen` inside."""
    before = kernels()
    use(chosen)
    try:
        yield chosen
    finally:
        use(before)
