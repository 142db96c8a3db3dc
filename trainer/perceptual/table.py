"""The table of perceptual distances, by name: `stlpips`, `vgg16:/path/to/vgg16.pt`."""

from collections.abc import Callable
from pathlib import Path

import torch

from trainer.perceptual.distance import PerceptualError, PerceptualFeatures
from trainer.perceptual.stlpips import ShiftTolerantLpips
from trainer.perceptual.vgg16 import Vgg16Lpips

Device = torch.device | str

TABLE: dict[str, Callable[[str, Device], PerceptualFeatures]] = {
    "stlpips": lambda _, device: ShiftTolerantLpips(device),
    "vgg16": lambda path, device: Vgg16Lpips(Path(path).expanduser(), device),
}


def load_features(name: str, device: Device = "cpu") -> PerceptualFeatures:
    """Return the features of a perceptual distance, loaded on `device`.

    Raises PerceptualError for an unknown name, or a missing or wrong file.
    """
    kind, _, path = name.partition(":")
    if kind not in TABLE:
        raise PerceptualError("distance", f"no distance is called {name!r}", f"choose one of {', '.join(TABLE)}")
    return TABLE[kind](path, device)
