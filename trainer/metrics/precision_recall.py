"""Improved precision and recall (Kynkäänniemi et al. 2019, Sec. 2, Eq. 1 and 2).

The manifold of a set is the union of balls around its samples, with radii up to the k-th nearest other sample, k = 3 in
the papers. Precision is the fraction of generated samples in the manifold of the real ones; recall is the converse.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64

NEIGHBOURS: Final = 3
BLOCK: Final = 1024

Features = Float[np.ndarray, "n d"]
OtherFeatures = Float[np.ndarray, "m d"]


class PrecisionRecall(NamedTuple):
    """Precision and recall, each in 0..1."""

    precision: float
    recall: float


def precision_recall(real: Features, generated: OtherFeatures, neighbours: int = NEIGHBOURS) -> PrecisionRecall:
    """Return precision and recall of `generated` against `real`."""
    x, y = np.asarray(real, dtype=np.float64), np.asarray(generated, dtype=np.float64)
    precision = inside(y, x, radii(x, neighbours)).mean()
    recall = inside(x, y, radii(y, neighbours)).mean()
    return PrecisionRecall(float(precision), float(recall))


def radii(samples: Features, neighbours: int) -> Float64[np.ndarray, " n"]:
    """Return the squared distance of every sample to its k-th nearest other one (the furthest, if there are fewer)."""
    k = min(neighbours, len(samples) - 1)
    parts = [np.partition(part, k, axis=1)[:, k] for part in _squared_distances(samples, samples)]
    return np.concatenate(parts)


def inside(
    samples: Features, centres: OtherFeatures, squared_radii: Float64[np.ndarray, " m"]
) -> Bool[np.ndarray, " n"]:
    """Return whether each sample is inside any of the balls."""
    return np.concatenate([(part <= squared_radii).any(axis=1) for part in _squared_distances(samples, centres)])


def _squared_distances(x: Features, y: OtherFeatures) -> Iterator[Float64[np.ndarray, "b m"]]:
    norms = np.einsum("md,md->m", y, y)
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK]
        yield np.einsum("nd,nd->n", block, block)[:, None] + norms - 2 * block @ y.T
