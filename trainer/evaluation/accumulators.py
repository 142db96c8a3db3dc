"""Accumulate what metrics need of a snapshot's generated images, batch by batch in order."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from trainer.config.metrics.names import MetricSpec
from trainer.evaluation.batch_outputs import BatchExtractor, BatchOutputs, OutputKind
from trainer.evaluation.feature_cache import scratch
from trainer.metrics.moments import Gaussian, Moments
from trainer.metrics.swd import PATCHES, PatchRows


class Accumulators:
    """One pass for metrics of several sizes; smaller ones use the first images. Patches are on disk in `folder`."""

    def __init__(self, wanted: Iterable[tuple[OutputKind, int]], extractor: BatchExtractor, folder: Path) -> None:
        dim, classes = extractor.sizes
        self.moments = {count: Moments(dim) for keep, count in wanted if keep == "gaussian"}
        self.features = np.empty((extractor.until.get("features", 0), dim), np.float32)
        self.probabilities = np.empty((extractor.until.get("probabilities", 0), classes), np.float32)
        self.manifold = np.empty((extractor.until.get("manifold", 0), extractor.manifold_dim), np.float32)
        self.patches: dict[int, PatchRows] = {}
        self.similarities: list[float] = []
        self.steps: dict[str, Float64[np.ndarray, " n"]] = {}
        self.images = 0
        self._images_cut, self._folder = extractor.until.get("patches", 0), folder

    def take(self, outputs: BatchOutputs) -> None:
        """Add the outputs of the next batch."""
        assert outputs.start == self.images, "batches are taken in order"
        if outputs.features is not None:
            _fill(self.features, outputs.start, outputs.features)
            for count, moments in self.moments.items():
                if outputs.start < count:
                    moments.update(outputs.features[: count - outputs.start])
        if outputs.probabilities is not None:
            _fill(self.probabilities, outputs.start, outputs.probabilities)
        if outputs.manifold is not None:
            _fill(self.manifold, outputs.start, outputs.manifold)
        for side, rows in outputs.patches.items():
            if side not in self.patches:
                self.patches[side] = scratch((self._images_cut * PATCHES, rows.shape[1]), self._folder)
            _fill(self.patches[side], outputs.start * PATCHES, rows)
        self.similarities += outputs.similarities
        self.images += outputs.images

    def first(self, spec: MetricSpec) -> "GeneratedFeatures":
        """Return the part that a metric uses."""
        return GeneratedFeatures(self, spec)


@dataclass(frozen=True)
class GeneratedFeatures:
    """A metric's view of a pass: the outputs of the first images. Only requested outputs are available."""

    accumulators: Accumulators
    spec: MetricSpec

    def gaussian(self) -> Gaussian:
        return self.accumulators.moments[self.spec.generated].gaussian()

    def features(self) -> Float32[np.ndarray, "n d"]:
        return self.accumulators.features[: self.spec.generated]

    def manifold(self) -> Float32[np.ndarray, "n d"]:
        """Return the features for precision and recall, by default those of the detector."""
        own = self.accumulators.manifold[: self.spec.generated]
        return own if len(own) else self.features()

    def probabilities(self) -> Float32[np.ndarray, "n k"]:
        return self.accumulators.probabilities[: self.spec.generated]

    def patches(self, images: int) -> dict[int, PatchRows]:
        """Return the patches of the first `images` images by resolution."""
        return {side: rows[: images * PATCHES] for side, rows in self.accumulators.patches.items()}

    def similarities(self) -> list[float]:
        return self.accumulators.similarities[: self.spec.generated // 2]

    def steps(self) -> Float64[np.ndarray, " n"]:
        """Return the perceptual distances of the steps on the metric's kind of path."""
        return self.accumulators.steps[self.spec.path][: self.spec.generated]


def _fill(store: Float32[np.ndarray, "n d"], start: int, rows: Float32[np.ndarray, "m d"]) -> None:
    target = store[start : start + len(rows)]
    target[:] = rows[: len(target)]
