"""The lowest FID that a generator can reach by memorising its training images (Karras et al. 2020, App. Fig. 19).

An ideal generator that repeats its training subset has the subset's moments, whose Fréchet distance to the whole set
falls as 1/n. When a run's FID approaches it, FID is no longer informative; KID still is.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float

from trainer.metrics.fid import frechet_distance
from trainer.metrics.moments import Gaussian, gaussian_of

DRAWS: Final = 100
"""As in the paper."""


DrawProgress = Callable[[int], None]


class Floor(NamedTuple):
    """FID of `draws` random subsets of `size` images against the whole set: mean, standard deviation and extremes."""

    size: int
    mean: float
    std: float
    low: float
    high: float
    draws: int


def fid_floor(
    features: Float[np.ndarray, "n d"],
    sizes: Sequence[int],
    draws: int = DRAWS,
    seed: int = 0,
    progress: DrawProgress = lambda _: None,
) -> list[Floor]:
    """Return the floor for every subset size. The subsets of a size depend only on `seed` and that size.

    `progress` is called with the number of each draw.
    """
    whole = gaussian_of(features)
    return [_floor(features, whole, size, draws, seed, progress) for size in sizes]


def _floor(
    features: Float[np.ndarray, "n d"], whole: Gaussian, size: int, draws: int, seed: int, progress: DrawProgress
) -> Floor:
    assert size <= len(features), f"a subset of {size} of {len(features)} images"
    random = np.random.default_rng([seed, size])
    values = []
    for draw in range(draws):
        progress(draw)
        subset = np.sort(random.permutation(len(features))[:size])
        values.append(frechet_distance(whole, gaussian_of(features[subset])))
    return Floor(size, float(np.mean(values)), float(np.std(values)), min(values), max(values), draws)
