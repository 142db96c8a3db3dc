"""The interface of feature networks."""

import hashlib
import json
from typing import NamedTuple, Protocol, runtime_checkable

from jaxtyping import Float32, Shaped, UInt8
from torch import Tensor

from trainer.errors import UserError


class DetectorError(UserError):
    """The file of a feature network is missing or not the expected one."""


class Outputs(NamedTuple):
    """The outputs of one pass of a detector over n images."""

    features: Float32[Tensor, "n d"]
    probabilities: Float32[Tensor, "n k"]


@runtime_checkable
class Detector(Protocol):
    """A fixed network that maps images to features, including their resizing.

    `identity` is equal if and only if features are comparable: same weights, resize and precision.
    """

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str: ...

    @property
    def feature_dim(self) -> int: ...

    @property
    def classes(self) -> int: ...

    def features(self, images: UInt8[Tensor, "n c h w"]) -> Float32[Tensor, "n d"]:
        """Return the features of grey (c = 1) or RGB (c = 3) images, on the CPU."""

    def outputs(self, images: UInt8[Tensor, "n c h w"]) -> Outputs:
        """Return features and class probabilities."""


def identity_of(name: str, weights_sha256: str, resize: str, precision: str = "fp32") -> str:
    """Return 16 hexadecimal digits that identify a feature network by everything that determines its output."""
    facts = {"name": name, "weights": weights_sha256, "resize": resize, "precision": precision}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def as_rgb(images: Shaped[Tensor, "n c h w"]) -> Shaped[Tensor, "n 3 h w"]:
    """Return `images` with three channels; grey is repeated."""
    channels = images.shape[1]
    if channels not in (1, 3):
        raise DetectorError("images", f"{channels} channels are not supported", "detectors take grey or RGB images")
    return images.expand(-1, 3, -1, -1)
