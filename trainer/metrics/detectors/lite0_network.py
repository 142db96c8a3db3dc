"""The network of EfficientNet-Lite0 in torch, batch normalisation folded into its convolutions."""

from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.metrics.detectors.lite0_weights import Weights
from trainer.ops.native.inverted_residual import KernelAndBias

EPSILON: Final = 1e-3


class BackboneStage(NamedTuple):
    """Blocks of one resolution; only the first has `stride` and changes the number of channels to `out`."""

    repeats: int
    stride: int
    out: int


STAGES: Final = (
    BackboneStage(1, 1, 16),
    BackboneStage(2, 2, 24),
    BackboneStage(2, 2, 40),
    BackboneStage(3, 2, 80),
    BackboneStage(3, 1, 112),
    BackboneStage(4, 2, 192),
    BackboneStage(1, 1, 320),
)


def fold(kernel: Tensor, weights: Weights, norm: str) -> KernelAndBias:
    """Return kernel and bias of a convolution followed by the batch normalisation called `norm`.

    With s = gamma / sqrt(variance + epsilon): kernel * s and beta - mean * s, in float64.
    """
    gamma, beta, mean, variance = (
        weights[f"{norm}.{part}"].double() for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / torch.sqrt(variance + EPSILON)
    return KernelAndBias((kernel.double() * scale[:, None, None, None]).float(), (beta - mean * scale).float())


def even_padding(kernel: Tensor, stride: int) -> tuple[Tensor, int]:
    """Return a kernel and a symmetric padding that are equivalent to TensorFlow's "same".

    "Same" pads k - stride in total, an odd one at the end. A zero row and column before the kernel have the same effect
    without copying the activations into a padded tensor. Sizes must be multiples of the stride.
    """
    total = kernel.shape[-1] - stride
    before, after = total // 2, total - total // 2
    asymmetry = after - before
    return F.pad(kernel, (asymmetry, 0, asymmetry, 0)), after


class NormalisedConvolution(nn.Module):
    """A convolution with batch normalisation folded in, and optional ReLU6.

    On CPUs, oneDNN applies ReLU6 as it writes the results, which saves a pass over the images; values are equal up to
    rounding.
    """

    kernel: Tensor
    bias: Tensor

    def __init__(self, weights: Weights, conv: str, norm: str, stride: int = 1, activate: bool = True) -> None:
        super().__init__()
        self.folded = fold(weights[f"{conv}.weight"], weights, norm)
        kernel, self.padding = even_padding(self.folded.kernel, stride)
        self.register_buffer("kernel", kernel)
        self.register_buffer("bias", self.folded.bias)
        self.stride = stride
        self.groups = kernel.shape[0] if "depthwise" in conv else 1
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        if self.activate and x.device.type == "cpu" and torch.backends.mkldnn.is_available():
            return self._activated_by_onednn(x)
        y = F.conv2d(x, self.kernel, self.bias, self.stride, self.padding, groups=self.groups)
        return y.clamp_(0, 6) if self.activate else y

    def _activated_by_onednn(self, x: Tensor) -> Tensor:
        padding, stride, dilation = [self.padding] * 2, [self.stride] * 2, [1, 1]
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self.kernel, self.bias, padding, stride, dilation, self.groups, "hardtanh", [0.0, 6.0], ""
        )
        return y


class InvertedResidual(nn.Module):
    """Inverted residual block (Sandler et al. 2018): expand, depthwise convolution, project, optional residual."""

    def __init__(self, weights: Weights, name: str, stride: int, residual: bool) -> None:
        super().__init__()
        layers = [
            NormalisedConvolution(weights, f"{name}._depthwise_conv", f"{name}._bn1", stride),
            NormalisedConvolution(weights, f"{name}._project_conv", f"{name}._bn2", activate=False),
        ]
        if f"{name}._expand_conv.weight" in weights:
            layers.insert(0, NormalisedConvolution(weights, f"{name}._expand_conv", f"{name}._bn0"))
        self.layers, self.stride = nn.Sequential(*layers), stride
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y.add_(x) if self.residual else y


def backbone(weights: Weights) -> nn.Sequential:
    """Return the convolutional part: [n 3 128 128] -> [n 1280 4 4]."""
    firsts = [(stage, position == 0) for stage in STAGES for position in range(stage.repeats)]
    blocks = [
        InvertedResidual(weights, f"_blocks.{index}", stage.stride if first else 1, residual=not first)
        for index, (stage, first) in enumerate(firsts)
    ]
    stem = NormalisedConvolution(weights, "_conv_stem", "_bn0", stride=2)
    head = NormalisedConvolution(weights, "_conv_head", "_bn1")
    return nn.Sequential(stem, *blocks, head).eval().requires_grad_(False)
