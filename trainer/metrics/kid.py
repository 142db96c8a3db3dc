"""Kernel inception distance (Bińkowski et al. 2018, "Demystifying MMD GANs", Sec. 3).

    k(x, y) = (x·y / d + 1)^3
    MMD^2 = mean_{i≠j} k(x_i, x_j) + mean_{i≠j} k(y_i, y_j) - 2 mean_{ij} k(x_i, y_j)

averaged over random subsets: 100 of 1000 images in the papers. It is unbiased, so it may be negative, and unlike FID it
does not depend on the number of images. Computed in float64: in float32, cancellation of the three means leaves four
digits.
"""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

SUBSETS: Final = 100
SUBSET_SIZE: Final = 1000
BLOCK: Final = 1024

Features = Float[np.ndarray, "n d"]
OtherFeatures = Float[np.ndarray, "m d"]
Members = Float64[np.ndarray, "n s"]
OtherMembers = Float64[np.ndarray, "m s"]


class Subsets(NamedTuple):
    """s random subsets of k indices each, of the generated and of the real set."""

    generated: Int[np.ndarray, "s k"]
    real: Int[np.ndarray, "s k"]


def draw_subsets(num_real: int, num_generated: int, subsets: int, subset_size: int, seed: int) -> Subsets:
    """Return the subsets of a seed, in the official order of draws: for each subset, first generated, then real."""
    size = min(num_real, num_generated, subset_size)
    random = np.random.RandomState(seed)
    pairs = [
        (random.choice(num_generated, size, replace=False), random.choice(num_real, size, replace=False))
        for _ in range(subsets)
    ]
    return Subsets(np.stack([pair[0] for pair in pairs]), np.stack([pair[1] for pair in pairs]))


def kid(
    real: Features, generated: OtherFeatures, subsets: int = SUBSETS, subset_size: int = SUBSET_SIZE, seed: int = 0
) -> float:
    """Return the mean over subsets of the unbiased MMD^2 of two sets of features."""
    drawn = draw_subsets(len(real), len(generated), subsets, subset_size, seed)
    assert drawn.real.shape[1] > 1, "an unbiased estimate needs two images per side"
    return float(np.mean(subset_distances(real, generated, drawn)))


def subset_distances(real: Features, generated: OtherFeatures, drawn: Subsets) -> Float64[np.ndarray, " s"]:
    """Return the unbiased MMD^2 of every subset, by the cheaper of two equivalent methods.

    If subsets overlap much, each kernel value is computed once and added to all subsets that contain it.
    """
    count, size = drawn.real.shape
    if len(real) * len(generated) <= count * size * size:
        return _shared(real, generated, drawn)
    pairs = zip(drawn.real, drawn.generated, strict=True)
    return np.array([mmd2(real[r], generated[g]) for r, g in pairs])


def mmd2(first: Features, second: OtherFeatures) -> float:
    """Return the unbiased MMD^2 of two whole sets, which may differ in size."""
    everything = Subsets(np.arange(len(second))[None], np.arange(len(first))[None])
    return float(_shared(first, second, everything)[0])


def _shared(real: Features, generated: OtherFeatures, drawn: Subsets) -> Float64[np.ndarray, " s"]:
    x, y = np.asarray(generated, dtype=np.float64), np.asarray(real, dtype=np.float64)
    in_x, in_y = _members(drawn.generated, len(x)), _members(drawn.real, len(y))
    m, n = drawn.generated.shape[1], drawn.real.shape[1]
    same_x = _kernel_sums(x, in_x, x, in_x) - _diagonal_sums(x, in_x)
    same_y = _kernel_sums(y, in_y, y, in_y) - _diagonal_sums(y, in_y)
    across = _kernel_sums(x, in_x, y, in_y)
    distances: Float64[np.ndarray, " s"] = same_x / (m * (m - 1)) + same_y / (n * (n - 1)) - 2 * across / (m * n)
    return distances


def _members(subsets: Int[np.ndarray, "s k"], count: int) -> Members:
    inside: Bool[np.ndarray, "n s"] = np.zeros((count, len(subsets)), dtype=bool)
    inside[subsets.T, np.arange(len(subsets))] = True
    return inside.astype(np.float64)


def _kernel_sums(x: Features, in_x: Members, y: OtherFeatures, in_y: OtherMembers) -> Float64[np.ndarray, " s"]:
    sums = np.zeros(in_x.shape[1])
    for start in range(0, len(x), BLOCK):
        block = slice(start, start + BLOCK)
        kernel = (x[block] @ y.T / x.shape[1] + 1) ** 3
        sums += np.einsum("ns,ns->s", in_x[block], kernel @ in_y)
    return sums


def _diagonal_sums(x: Features, in_x: Members) -> Float64[np.ndarray, " s"]:
    diagonal = (np.einsum("nd,nd->n", x, x) / x.shape[1] + 1) ** 3
    sums: Float64[np.ndarray, " s"] = diagonal @ in_x
    return sums
