"""Shift-tolerant LPIPS on AlexNet (Ghildyal and Liu 2022), the distance that works offline.

The weights (BSD-2) come from the PyPI package stlpips-pytorch, of which nothing else is loaded. The network is written
from the papers: AlexNet with strides replaced by blurred subsampling (Zhang 2019), where the first convolution's stride
of 4 is split between both, then the weighted distance of Zhang et al. 2018. Values are not comparable with those of
LPIPS on VGG16, which published PPL and projections use.
"""

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from trainer.perceptual.distance import PerceptualError

PACKAGE: Final = "stlpips-pytorch"
FILE: Final = "alex_shift_tolerant.pth"
SHA256: Final = "b356b382f96010f77d085ee8343ecd9fd322d0a56e8de2b2d0549fafcad8b9ee"
CONVOLUTIONS: Final = ("slice1.0", "slice2.5", "slice3.9", "slice4.11", "slice5.13")
PADDING: Final = (2, 2, 1, 1, 1)
POOLED: Final = (1, 2)
SMALLEST_SIDE: Final = 64
EPSILON: Final = 1e-10

Weights = dict[str, Tensor]


class ShiftTolerantLpips:
    """Features of AlexNet's five stages."""

    name: Final = "stlpips-alex"

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._weights = {name: value.to(device) for name, value in load_weights().items()}

    def __call__(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]:
        """Return the features of images in 0..255; those smaller than 64 a side are enlarged first."""
        x = self._scaled(images)
        parts = []
        for stage, name in enumerate(CONVOLUTIONS):
            if stage in POOLED:
                x = blurred(F.max_pool2d(x, 3, stride=1), self._weights[f"net.{_POOLS[stage]}.filt"])
            x = self._convolved(x, stage, name).relu()
            parts.append(weighted(x, self._weights[f"lin{stage}.model.1.weight"]))
        return torch.cat(parts, dim=1)

    def _scaled(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 s t"]:
        if images.shape[-1] < SMALLEST_SIDE:
            images = F.interpolate(images, (SMALLEST_SIDE, SMALLEST_SIDE), mode="bilinear", align_corners=False)
        shift, scale = (self._weights[f"scaling_layer.{part}"] for part in ("shift", "scale"))
        return (images / 127.5 - 1 - shift) / scale

    def _convolved(self, x: Float[Tensor, "n i h w"], stage: int, name: str) -> Float[Tensor, "n o s t"]:
        kernel, bias = (self._weights[f"net.{name}.{part}"] for part in ("weight", "bias"))
        if stage:
            return F.conv2d(x, kernel, bias, padding=PADDING[stage])
        return blurred(F.conv2d(x, kernel, bias, stride=2, padding=PADDING[0]), self._weights["net.slice1.1.filt"])


_POOLS: Final = {1: "slice2.4", 2: "slice3.8"}


def blurred(x: Float[Tensor, "n c h w"], kernel: Float[Tensor, "c 1 3 3"]) -> Float[Tensor, "n c s t"]:
    """Return every second pixel after a blur with reflection padding (Zhang 2019)."""
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=len(kernel))


def weighted(x: Float[Tensor, "n c h w"], weight: Float[Tensor, "1 c 1 1"]) -> Float[Tensor, "n d"]:
    """Return activations normalised to unit length in every pixel, times sqrt(weight / pixels)."""
    unit = x / (x.square().sum(dim=1, keepdim=True) + EPSILON).sqrt()
    return (unit * (weight.clamp(min=0) / (x.shape[2] * x.shape[3])).sqrt()).flatten(1)


def load_weights() -> Weights:
    """Return the weights after verifying their file; nothing in it is executed.

    Raises PerceptualError if the package or the file is missing, or the checksum differs.
    """
    path = _find()
    if path is None or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        place = path or "the distance stlpips-alex"
        raise PerceptualError(place, f"the expected weights of {PACKAGE} are missing", f"pip install {PACKAGE}==0.0.2")
    weights: Weights = torch.load(path, map_location="cpu", weights_only=True)
    return weights


def _find() -> Path | None:
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in files if file.name == FILE)
    return next((path for path in paths if path.is_file()), None)
