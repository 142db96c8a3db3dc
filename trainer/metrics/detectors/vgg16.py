"""VGG16 features for precision and recall (Kynkäänniemi et al. 2019), from the papers' TorchScript file.

The user provides the file, which also has the perceptual distance; nothing is downloaded. It takes pixels of 0..255,
resizes them itself, and returns the features of its last hidden layer.
"""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from trainer.metrics.detectors.detector import DetectorError, Outputs, as_rgb, identity_of

WAY_OUT: Final = "give the official TorchScript file: --distance vgg16:/path/to/vgg16.pt"
BATCH: Final = 32
PROBE_SIDE: Final = 32


class Vgg16:
    """The network of the published precision and recall."""

    name: Final = "vgg16"
    classes: Final = 0

    def __init__(self, path: Path, device: torch.device | str = "cpu") -> None:
        if not path.is_file():
            raise DetectorError("the distance vgg16", f"there is no file {str(path)!r}", WAY_OUT)
        self._path, self._device = path, torch.device(device)
        try:
            self._network = torch.jit.load(path, map_location=self._device).eval()
        except RuntimeError as error:
            raise DetectorError(path, "is not a TorchScript file", WAY_OUT) from error

    @cached_property
    def identity(self) -> str:
        return identity_of("vgg16", hashlib.sha256(self._path.read_bytes()).hexdigest(), "by the file")

    @cached_property
    def feature_dim(self) -> int:
        return self.features(torch.zeros(1, 1, PROBE_SIDE, PROBE_SIDE, dtype=torch.uint8)).shape[1]

    @torch.inference_mode()
    def features(self, images: UInt8[Tensor, "n c h w"]) -> Float32[Tensor, "n d"]:
        """Return the features of grey or RGB images."""
        batches = (as_rgb(part.to(self._device)).contiguous() for part in torch.split(images, BATCH))
        return torch.cat([self._network(part.float(), return_features=True) for part in batches]).float().cpu()

    def outputs(self, images: UInt8[Tensor, "n c h w"]) -> Outputs:
        """Raise DetectorError: the file has no class probabilities."""
        raise DetectorError("vgg16", f"has no classes for {len(images)} images", "the inception score needs a detector")
