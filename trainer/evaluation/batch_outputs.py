"""What every batch of generated images is looked at for, on whichever rank: as much as the metrics need, no more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from trainer.evaluation.feature_networks import Judges
from trainer.evaluation.samples import Batch
from trainer.metrics.ms_ssim import ms_ssim
from trainer.metrics.swd import Rows, patches_of

Keep = Literal["gaussian", "features", "probabilities", "patches", "similarities", "steps"]
FROM_NETWORK: frozenset[Keep] = frozenset({"gaussian", "features", "probabilities"})


class Seen(NamedTuple):
    """What one batch of `images` images gave: a row for each image, but a number for each pair in `similarities`."""

    start: int
    images: int
    features: Float32[np.ndarray, "n d"] | None
    probabilities: Float32[np.ndarray, "n k"] | None
    patches: Mapping[int, Rows]
    similarities: tuple[float, ...]


@dataclass(frozen=True)
class Look:
    """Looks at the first `until[keep]` images for each thing that is kept. `seed` decides where patches are cut."""

    judges: Judges
    until: Mapping[Keep, int]
    seed: int

    @classmethod
    def for_all(cls, wanted: Iterable[tuple[Keep, int]], judges: Judges, seed: int) -> "Look":
        """Return what serves everything wanted."""
        until: dict[Keep, int] = {}
        for keep, count in wanted:
            until[keep] = max(count, until.get(keep, 0))
        return cls(judges, until, seed)

    @property
    def total(self) -> int:
        """Return how many images are needed."""
        return max((count for keep, count in self.until.items() if keep != "steps"), default=0)

    def at(self, batch: Batch) -> Seen:
        """Return what a batch gives; what goes beyond `total` is left out."""
        images = batch.images[: self.total - batch.start]
        features, probabilities = self._judged(batch.start, images)
        return Seen(
            batch.start,
            len(images),
            features,
            probabilities,
            self._patches(batch.start, images[: self._left("patches", batch.start)]),
            tuple(similarities(images[: self._left("similarities", batch.start)])),
        )

    def _left(self, keep: Keep, start: int) -> int:
        return max(0, self.until.get(keep, 0) - start)

    def _judged(
        self, start: int, images: UInt8[Tensor, "n c h w"]
    ) -> tuple[Float32[np.ndarray, "n d"] | None, Float32[np.ndarray, "n k"] | None]:
        images = images[: max(self._left(keep, start) for keep in FROM_NETWORK)]
        if not len(images):
            return None, None
        if self._left("probabilities", start):
            features, probabilities = self.judges.detector.outputs(images)
            return features.numpy(), probabilities.numpy()
        return self.judges.detector.features(images).numpy(), None

    def _patches(self, start: int, images: UInt8[Tensor, "n c h w"]) -> dict[int, Rows]:
        return patches_of(images, self.seed, start) if len(images) else {}


def similarities(images: UInt8[Tensor, "n c h w"]) -> list[float]:
    """Return the similarity of images 0 and 1, 2 and 3, ..."""
    even = len(images) // 2 * 2
    if not even:
        return []
    with torch.inference_mode():
        found: list[float] = ms_ssim(images[0:even:2], images[1:even:2]).tolist()
    return found
