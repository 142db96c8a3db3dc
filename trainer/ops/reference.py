"""The reference implementation of the operations in plain torch, used if nothing is compiled."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.ops.activations import ACTIVATIONS
from trainer.ops.geometry import Geometry, NeededGradients
from trainer.ops.interface import Kernels
from trainer.ops.resampling import Steps, resample


class ReferenceKernels(Kernels):
    """Plain torch, differentiable to any order."""

    name = "reference"
    largest_product = 256

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        y: Tensor = torch.ops.aten.convolution(x, weight, bias, *geometry.arguments())
        return y

    def convolve_backward(
        self, dy: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, wanted: NeededGradients
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        dx, dw, db = torch.ops.aten.convolution_backward(
            dy, x, weight, [dy.shape[1]], *geometry.arguments(), list(wanted)
        )
        return dx, dw, db

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
        if bias is not None:
            x = x + bias.reshape([-1 if axis == dim else 1 for axis in range(x.ndim)])
        x = ACTIVATIONS[activation].function(x, alpha)
        x = x * gain if gain != 1 else x
        return x if clamp is None else x.clamp(-clamp, clamp)

    def leaky_relu(self, x: Tensor, clamp: float | None) -> Tensor:
        x = F.leaky_relu(x, ACTIVATIONS["lrelu"].alpha, inplace=not x._is_view())
        return x if clamp is None else x.clamp(-clamp, clamp)

    def resample(self, x: Tensor, f: Tensor, steps: Steps) -> Tensor:
        if f.ndim == 2:
            return resample(x, f, steps)
        along_x, along_y = steps.by_axis()
        return resample(resample(x, f[None, :], along_x), f[:, None], along_y)

    def modulate(self, x: Tensor, scale: Tensor) -> Tensor:
        return x * _per_channel(scale, x)

    def finish(
        self, x: Tensor, scale: Tensor | None, noise: Tensor | None, bias: Tensor, clamp: float | None
    ) -> Tensor:
        if scale is not None:
            x = x * _per_channel(scale, x)
        x = plus(x, noise)
        x = plus(x, bias[:, None, None])
        return self.leaky_relu(x, clamp)

    def warp(self, images: Tensor, theta: Tensor, height: int, width: int) -> Tensor:
        grid = F.affine_grid(theta, [*images.shape[:2], height, width], align_corners=False)
        return F.grid_sample(images, grid, align_corners=False)


def plus(x: Tensor, addend: Tensor | None) -> Tensor:
    """Return x + addend in the type of x, in place unless x is a view."""
    if addend is None:
        return x
    return x + addend.to(x.dtype) if x._is_view() else x.add_(addend.to(x.dtype))


def _per_channel(scale: Tensor, like: Tensor) -> Tensor:
    return scale.to(like.dtype)[:, :, None, None]
