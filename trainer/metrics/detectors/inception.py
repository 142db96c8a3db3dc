"""The papers' feature network: Inception-v3 of 2015, in the TorchScript file that the official metrics use.

The user provides the file; nothing is downloaded. It is identified by its checksum, and loaded only as TorchScript. It
takes bytes, includes TensorFlow's bilinear resize to 299x299, and returns 2048 features or, for the inception score,
probabilities without the bias of the last layer.
"""

import hashlib
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from trainer.config.metrics.network_file import INCEPTION_FILE, INCEPTION_SHA256
from trainer.metrics.detectors.detector import DetectorError, Outputs, as_rgb, identity_of

RESIZE: Final = "tensorflow-bilinear-299"
FEATURES: Final = 2048
CLASSES: Final = 1008
BATCH: Final = 64
WAY_OUT: Final = f"download {INCEPTION_FILE} and set: detector: inception:/path/to/{INCEPTION_FILE}"


def checked_file(path: Path, sha256: str = INCEPTION_SHA256) -> Path:
    """Return `path` if it is the official file.

    Raises DetectorError if there is no such file, or its checksum differs.
    """
    if not path.is_file():
        raise DetectorError("detector inception", f"there is no file {str(path)!r}", WAY_OUT)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise DetectorError(path, f"is not the official file: its sha256 is {found[:12]}…, not {sha256[:12]}…", WAY_OUT)
    return path


class Inception:
    """The detector of the published `fid50k_full`."""

    name: Final = "inception"
    feature_dim: Final = FEATURES
    classes: Final = CLASSES

    def __init__(self, path: Path, device: torch.device | str = "cpu", sha256: str = INCEPTION_SHA256) -> None:
        self.identity = identity_of("inception", sha256, RESIZE)
        self._device = torch.device(device)
        self._network = torch.jit.load(checked_file(path, sha256), map_location=self._device).eval()

    @torch.inference_mode()
    def features(self, images: UInt8[Tensor, "n c h w"]) -> Float32[Tensor, "n d"]:
        """Return the pooled features of grey or RGB images."""
        parts = [self._network(part, return_features=True) for part in self._batches(images)]
        return torch.cat(parts).float().cpu()

    @torch.inference_mode()
    def outputs(self, images: UInt8[Tensor, "n c h w"]) -> Outputs:
        """Return features and probabilities, in two passes, since the file computes only one of them at a time."""
        parts = [self._network(part, no_output_bias=True) for part in self._batches(images)]
        return Outputs(self.features(images), torch.cat(parts).float().cpu())

    def _batches(self, images: Tensor) -> list[Tensor]:
        return [as_rgb(part.to(self._device)).contiguous() for part in torch.split(images, BATCH)]
