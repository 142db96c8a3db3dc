"""Extract from a batch of generated images what the metrics need, on any rank."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.samples import ImageBatch
from trainer.metrics.ms_ssim import ms_ssim
from trainer.metrics.swd import PatchRows, patches_of

OutputKind = Literal["gaussian", "features", "probabilities", "manifold", "patches", "similarities", "steps"]
FROM_NETWORK: frozenset[OutputKind] = frozenset({"gaussian", "features", "probabilities"})


class BatchOutputs(NamedTuple):
    """The outputs of a batch of `images` images: a row per image, but a number per pair in `similarities`."""

    start: int
    images: int
    features: Float32[np.ndarray, "n d"] | None
    probabilities: Float32[np.ndarray, "n k"] | None
    manifold: Float32[np.ndarray, "n d2"] | None
    patches: Mapping[int, PatchRows]
    similarities: tuple[float, ...]


@dataclass(frozen=True)
class BatchExtractor:
    """Extracts each kind of output from the first `until[kind]` images. `seed` determines the positions of patches."""

    feature_networks: FeatureNetworks
    until: Mapping[OutputKind, int]
    seed: int

    @classmethod
    def for_all(
        cls, wanted: Iterable[tuple[OutputKind, int]], feature_networks: FeatureNetworks, seed: int
    ) -> "BatchExtractor":
        """Return an extractor for all `wanted` outputs."""
        until: dict[OutputKind, int] = {}
        for keep, count in wanted:
            until[keep] = max(count, until.get(keep, 0))
        return cls(feature_networks, until, seed)

    @property
    def total(self) -> int:
        """Return how many images are needed."""
        return max((count for keep, count in self.until.items() if keep != "steps"), default=0)

    @property
    def sizes(self) -> tuple[int, int]:
        """Return the numbers of features and classes of the detector; 0 if it is not needed."""
        if not FROM_NETWORK & self.until.keys():
            return 0, 0
        detector = self.feature_networks.detector
        return detector.feature_dim, detector.classes

    @property
    def manifold_dim(self) -> int:
        """Return the number of features of the network of precision and recall; 0 if it is not needed."""
        return self.feature_networks.manifold.feature_dim if "manifold" in self.until else 0

    def outputs(self, batch: ImageBatch) -> BatchOutputs:
        """Return the outputs of a batch, without images beyond `total`."""
        images = batch.images[: self.total - batch.start]
        features, probabilities = self._network_outputs(batch.start, images)
        return BatchOutputs(
            batch.start,
            len(images),
            features,
            probabilities,
            self._manifold(images[: self._left("manifold", batch.start)]),
            self._patches(batch.start, images[: self._left("patches", batch.start)]),
            tuple(similarities(images[: self._left("similarities", batch.start)])),
        )

    def _left(self, keep: OutputKind, start: int) -> int:
        return max(0, self.until.get(keep, 0) - start)

    def _network_outputs(
        self, start: int, images: UInt8[Tensor, "n c h w"]
    ) -> tuple[Float32[np.ndarray, "n d"] | None, Float32[np.ndarray, "n k"] | None]:
        images = images[: max(self._left(keep, start) for keep in FROM_NETWORK)]
        if not len(images):
            return None, None
        if self._left("probabilities", start):
            features, probabilities = self.feature_networks.detector.outputs(images)
            return features.numpy(), probabilities.numpy()
        return self.feature_networks.detector.features(images).numpy(), None

    def _manifold(self, images: UInt8[Tensor, "n c h w"]) -> Float32[np.ndarray, "n d2"] | None:
        return self.feature_networks.manifold.features(images).numpy() if len(images) else None

    def _patches(self, start: int, images: UInt8[Tensor, "n c h w"]) -> dict[int, PatchRows]:
        return patches_of(images, self.seed, start) if len(images) else {}


def similarities(images: UInt8[Tensor, "n c h w"]) -> list[float]:
    """Return the similarity of images 0 and 1, 2 and 3, ..."""
    even = len(images) // 2 * 2
    if not even:
        return []
    with torch.inference_mode():
        found: list[float] = ms_ssim(images[0:even:2], images[1:even:2]).tolist()
    return found
