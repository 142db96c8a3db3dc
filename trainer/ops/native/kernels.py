"""The compiled implementation of the operations."""

from torch import Tensor

from trainer.ops.activations import ACTIVATIONS
from trainer.ops.geometry import Geometry, NeededGradients
from trainer.ops.interface import Kernels
from trainer.ops.layout import HALF
from trainer.ops.native import abi, finish, modulate, winograd
from trainer.ops.native.activate import bias_act
from trainer.ops.native.library import is_served
from trainer.ops.native.resample import resample
from trainer.ops.native.warp import sample, warp
from trainer.ops.reference import ReferenceKernels
from trainer.ops.resampling import Steps

WORTH_A_CALL = 1 << 15  # elements below which a call costs more than fusing several steps saves


class Native(Kernels):
    """Calls the libraries registered by `library.serve`; `name` identifies their build.

    Element-wise operations on fewer than `smallest` elements, and convolutions with few channels or pixels, are left to
    torch, whose calls are cheaper; 0 disables this.
    """

    largest_product = 64

    def __init__(self, name: str, smallest: int = WORTH_A_CALL) -> None:
        self.name, self._smallest, self._plain = name, smallest, ReferenceKernels()
        self.inverted_residuals = is_served("cpu")

    def by_tiles(self, x: Tensor, weight: Tensor, geometry: Geometry) -> bool:
        """Return whether minimal filtering computes a convolution."""
        return winograd.fits(x, weight, geometry) and (not self._smallest or winograd.pays(x, weight, geometry))

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        if not self.by_tiles(x, weight, geometry):
            return self._plain.convolve(x, weight, bias, geometry)
        return winograd.convolve(x, weight, bias, geometry.stride, geometry.transposed)

    def convolve_backward(
        self, dy: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, wanted: NeededGradients
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        if not self.by_tiles(x, weight, geometry):
            return self._plain.convolve_backward(dy, x, weight, geometry, wanted)
        dx = winograd.convolve(dy, weight, None, geometry.stride, not geometry.transposed) if wanted[0] else None
        dw = winograd.weight_gradient(dy, x, geometry.stride, geometry.transposed) if wanted[1] else None
        return dx, dw, dy.sum(dim=(0, 2, 3)) if wanted[2] else None

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
        if x.numel() < self._smallest:
            return self._plain.bias_act(x, bias, dim, activation, alpha, gain, clamp)
        return bias_act(x, bias, dim, activation, alpha, gain, clamp)

    def leaky_relu(self, x: Tensor, clamp: float | None) -> Tensor:
        torch_is_faster = clamp is None and x.dtype not in HALF  # in place, and without bias, gain or clamp
        if torch_is_faster or x.numel() < self._smallest:
            return self._plain.leaky_relu(x, clamp)
        return bias_act(x, None, 1, "lrelu", ACTIVATIONS["lrelu"].alpha, 1.0, clamp)

    def resample(self, x: Tensor, f: Tensor, steps: Steps) -> Tensor:
        return resample(x, f, steps)

    def modulate(self, x: Tensor, scale: Tensor) -> Tensor:
        if x.numel() < self._smallest:
            return self._plain.modulate(x, scale)
        y: Tensor = modulate.scale(x, scale)
        return y

    def finish(
        self, x: Tensor, scale: Tensor | None, noise: Tensor | None, bias: Tensor, clamp: float | None
    ) -> Tensor:
        y: Tensor = finish.forward(x, scale, noise, bias, abi.clamp_value(clamp))
        return y

    def warp(self, images: Tensor, theta: Tensor, height: int, width: int) -> Tensor:
        by = sample if images.device.type == "cpu" else warp
        return by(images, theta, height, width)
