"""What is kept of the generated images of one snapshot: as much as the metrics asked for need, and no more."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, UInt8
from torch import Tensor

from trainer.metrics.detectors import Detector
from trainer.metrics.moments import Gaussian, Moments

Keep = Literal["gaussian", "features", "probabilities"]
Batches = Iterator[UInt8[Tensor, "n c h w"]]


@dataclass(frozen=True)
class GeneratedFeatures:
    """The first `count` generated images of a pass. Only what was asked for of this count or a larger one is there."""

    gathered: "Gathering"
    count: int

    def gaussian(self) -> Gaussian:
        return self.gathered.moments[self.count].gaussian()

    def features(self) -> Float32[np.ndarray, "n d"]:
        return self.gathered.features[: self.count]

    def probabilities(self) -> Float32[np.ndarray, "n k"]:
        return self.gathered.probabilities[: self.count]


class Gathering:
    """One pass over generated images for metrics of several sizes; a smaller one uses the first images."""

    def __init__(self, wanted: list[tuple[Keep, int]], detector: Detector) -> None:
        sizes = {keep: [count for kept, count in wanted if kept == keep] for keep, _ in wanted}
        self.total = max(count for _, count in wanted)
        self.moments = {count: Moments(detector.feature_dim) for count in sizes.get("gaussian", [])}
        self.features = np.empty((max(sizes.get("features", [0])), detector.feature_dim), np.float32)
        self.probabilities = np.empty((max(sizes.get("probabilities", [0])), detector.classes), np.float32)
        self._detector = detector
        self.seen = 0

    def add(self, images: UInt8[Tensor, "n c h w"]) -> None:
        """Take in one batch; what goes beyond `total` is left out."""
        images = images[: self.total - self.seen]
        if self.seen < len(self.probabilities):
            features, probabilities = self._detector.outputs(images)
            _fill(self.probabilities, self.seen, probabilities.numpy())
        else:
            features = self._detector.features(images)
        rows = features.numpy()
        _fill(self.features, self.seen, rows)
        for count, moments in self.moments.items():
            if self.seen < count:
                moments.update(rows[: count - self.seen])
        self.seen += len(images)

    def first(self, count: int) -> GeneratedFeatures:
        """Return the first `count` images' part of what was gathered."""
        return GeneratedFeatures(self, count)


def _fill(store: Float32[np.ndarray, "n d"], start: int, rows: Float32[np.ndarray, "m d"]) -> None:
    room = store[start : start + len(rows)]
    room[:] = rows[: len(room)]
