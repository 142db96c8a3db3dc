"""The operations with two implementations, plain torch and compiled kernels, which agree up to rounding.

Their callers document them: bias_act.py, upfirdn2d.py, modulated_conv2d.py and augment/warp.py.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from trainer.ops.geometry import Geometry, NeededGradients
from trainer.ops.resampling import Steps


class Kernels(ABC):
    """An implementation of the operations.

    All are twice differentiable, except the two for convolutions, which convolution.py makes differentiable.
    """

    name: str
    """The name of this implementation in records."""

    largest_product: int
    """Side in pixels up to which resampling by 12 taps costs less as products with dense matrices (on one CPU core)."""

    inverted_residuals: bool = False
    """Whether inverted residual blocks are compiled for CPUs (native/inverted_residual.py)."""

    @abstractmethod
    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        """Return C(x, w) + b."""

    @abstractmethod
    def convolve_backward(
        self, dy: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, wanted: NeededGradients
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Return the gradients of x, weight and bias, None for those not wanted."""

    @abstractmethod
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

    @abstractmethod
    def leaky_relu(self, x: Tensor, clamp: float | None) -> Tensor:
        """Return clamp(lrelu(x)); x may be overwritten."""

    @abstractmethod
    def resample(self, x: Tensor, f: Tensor, steps: Steps) -> Tensor:
        """Return x [n c h w] resampled with the filter [rows taps], or [taps] along both axes."""

    @abstractmethod
    def modulate(self, x: Tensor, scale: Tensor) -> Tensor:
        """Return x [n c h w] times scale [n c]."""

    @abstractmethod
    def finish(
        self, x: Tensor, scale: Tensor | None, noise: Tensor | None, bias: Tensor, clamp: float | None
    ) -> Tensor:
        """Return clamp(lrelu(x * scale [n c] + noise [h w] or [n 1 h w] + bias [c])); x may be overwritten."""

    @abstractmethod
    def warp(self, images: Tensor, theta: Tensor, height: int, width: int) -> Tensor:
        """Return images [n c h w] sampled bilinearly through theta [n 2 3] on a grid of height x width."""
