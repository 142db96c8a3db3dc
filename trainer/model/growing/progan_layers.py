"""The layers of ProGAN (Karras et al. 2018, Sec. 3 and 4), and their predecessors.

[1] Karras et al. 2018, "Progressive growing of GANs for improved quality, stability, and variation"
[2] Gulrajani et al. 2017, "Improved training of Wasserstein GANs" (batch and layer normalisation)
[3] Salimans et al. 2016, "Improved techniques for training GANs", Sec. 3.2 (minibatch discrimination)
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import layer_norm, leaky_relu

from trainer.model.standing_statistics import StandingNorm
from trainer.ops.convolution import convolve

LEAK = 0.2
HE = math.sqrt(2)
KERNELS, KERNEL_DIM = 100, 5

Norm = Literal["pixel", "batch", "layer", "none"]


class Weighted(nn.Module):
    """Convolution (dense layer if kernel is None) with bias, scaled by gain / sqrt(fan_in) [1, Sec. 4.1].

    `equalised`: weights are N(0, 1) and scaled at runtime; otherwise they are initialised with that scale.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int | None, equalised: bool, gain: float = HE) -> None:
        super().__init__()
        shape = (outputs, inputs) if kernel is None else (outputs, inputs, kernel, kernel)
        scale = gain / math.sqrt(math.prod(shape[1:]))
        self.scale = scale if equalised else 1.0
        self.weight = nn.Parameter(torch.randn(shape) * (1.0 if equalised else scale))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Float[Tensor, "n i *hw"]) -> Float[Tensor, "n o *hw"]:
        weight = self.weight * self.scale
        if weight.ndim == 2:
            return torch.addmm(self.bias, x, weight.T)
        return convolve(x, weight, self.bias, padding=weight.shape[-1] // 2)


def pixel_norm(x: Float[Tensor, "n c *hw"]) -> Float[Tensor, "n c *hw"]:
    """Return x / sqrt(mean over maps of x^2 + 1e-8) for every pixel [1, Sec. 4.2]."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class Affine(nn.Module):
    """Per-channel gain and shift after a batch or layer normalisation [2]."""

    def __init__(self, channels: int, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm
        self.gain, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        y: Tensor = self.norm(x)
        return y * self.gain[:, None, None] + self.shift[:, None, None]


class LayerNorm(nn.Module):
    """Normalises every sample to mean 0 and variance 1 over its maps and pixels [2]."""

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return layer_norm(x, x.shape[1:])


class Layer(nn.Module):
    """3x3 convolution and leaky ReLU, with batch or layer normalisation before it [2] or pixel normalisation after [1].

    A method may set `ahead`, a module applied to the input. With a `leak` of 0 the activation is ReLU.
    """

    def __init__(
        self, inputs: int, outputs: int, norm: Norm, equalised: bool, kernel: int = 3, leak: float = LEAK
    ) -> None:
        super().__init__()
        self.conv = Weighted(inputs, outputs, kernel, equalised)
        self.leak = leak
        self.ahead: nn.Module | None = None
        self.behind = pixel_norm if norm == "pixel" else None
        self.before: nn.Module | None = None
        if norm in ("batch", "layer"):
            self.before = Affine(outputs, StandingNorm(outputs) if norm == "batch" else LayerNorm())

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h w"]:
        x = self.conv(x if self.ahead is None else self.ahead(x))
        x = leaky_relu(x if self.before is None else self.before(x), self.leak)
        return x if self.behind is None else self.behind(x)


class MinibatchDiscrimination(nn.Module):
    """f -> [f o], o_ib = sum over the other samples j of exp(-|M_ib - M_jb|_1), M = f T, sizes as in [3]."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.tensor = nn.Parameter(torch.randn(inputs, KERNELS * KERNEL_DIM) / math.sqrt(inputs))

    def forward(self, x: Float[Tensor, "n f"], parts: int) -> Float[Tensor, "n f_and_kernels"]:
        matrices = (x @ self.tensor).view(parts, len(x) // parts, KERNELS, KERNEL_DIM)
        distances = (matrices[:, :, None] - matrices[:, None]).abs().sum(dim=4)
        alike = distances.neg().exp().sum(dim=2) - 1
        return torch.cat([x, alike.reshape(len(x), KERNELS)], dim=1)
