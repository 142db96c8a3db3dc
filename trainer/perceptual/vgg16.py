"""LPIPS on VGG16 (Zhang et al. 2018), from the TorchScript file used for published PPL and projections.

The user provides the file; nothing is downloaded, and it is loaded only as TorchScript.
"""

import hashlib
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.perceptual.distance import PerceptualError

WAY_OUT: Final = "give the official TorchScript file: --distance vgg16:/path/to/vgg16.pt"


class Vgg16Lpips:
    """Features whose squared difference is LPIPS."""

    def __init__(self, path: Path, device: torch.device | str = "cpu") -> None:
        if not path.is_file():
            raise PerceptualError("the distance vgg16", f"there is no file {str(path)!r}", WAY_OUT)
        try:
            self._network = torch.jit.load(path, map_location=device).eval()
        except RuntimeError as error:
            raise PerceptualError(path, "is not a TorchScript file", WAY_OUT) from error
        self.name = f"lpips-vgg16-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"

    def __call__(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n d"]:
        """Return the features of images in 0..255, without resizing."""
        features: Tensor = self._network(images, resize_images=False, return_lpips=True)
        return features
