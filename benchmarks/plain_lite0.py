"""A straightforward EfficientNet-Lite0: separate batch normalisation, padded copies, channels first."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.metrics.detectors.lite0 import resized
from trainer.metrics.detectors.lite0_network import EPSILON, STAGES
from trainer.metrics.detectors.lite0_weights import Weights, load_weights


def same(images: Tensor, kernel: int, stride: int) -> Tensor:
    """Return `images` padded as TensorFlow's "same" does."""
    total = kernel - stride
    return F.pad(images, (total // 2, total - total // 2) * 2)


class PlainLite0:
    """A plain eager loop over the same weights: the baseline for the detector's speed."""

    def __init__(self) -> None:
        self._weights: Weights = load_weights()

    @torch.inference_mode()
    def features(self, images: Tensor) -> Tensor:
        """Return the features [n 1280] of grey or RGB images 0..255."""
        x = (resized(images).expand(-1, 3, -1, -1) - 127) / 128
        x = F.relu6(self._convolved(x, "_conv_stem", "_bn0", 2))
        index = 0
        for stage in STAGES:
            for position in range(stage.repeats):
                y = self._block(x, f"_blocks.{index}", stage.stride if position == 0 else 1)
                x = x + y if position else y
                index += 1
        return F.relu6(self._convolved(x, "_conv_head", "_bn1")).mean((2, 3))

    def _block(self, x: Tensor, name: str, stride: int) -> Tensor:
        if f"{name}._expand_conv.weight" in self._weights:
            x = F.relu6(self._convolved(x, f"{name}._expand_conv", f"{name}._bn0"))
        x = F.relu6(self._convolved(x, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        return self._convolved(x, f"{name}._project_conv", f"{name}._bn2")

    def _convolved(self, x: Tensor, conv: str, norm: str, stride: int = 1) -> Tensor:
        kernel = self._weights[f"{conv}.weight"]
        groups = kernel.shape[0] if "depthwise" in conv else 1
        y = F.conv2d(same(x, kernel.shape[-1], stride), kernel, None, stride, groups=groups)
        mean, variance, gamma, beta = (
            self._weights[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(y, mean, variance, gamma, beta, eps=EPSILON)
