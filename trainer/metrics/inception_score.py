"""Inception score (Salimans et al. 2016, "Improved techniques for training GANs", Sec. 4).

    IS = exp E_x KL( p(y|x) || p(y) )

computed on consecutive splits of the set, 10 in the papers; their mean and standard deviation are reported. Scores are
comparable with the papers' only with the official Inception's probabilities.
"""

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float

SPLITS: Final = 10


class InceptionScore(NamedTuple):
    """Mean and (population) standard deviation over the splits."""

    mean: float
    std: float


def inception_score(probabilities: Float[np.ndarray, "n k"], splits: int = SPLITS) -> InceptionScore:
    """Return the score of class probabilities of n images; split i has rows i n // splits to (i + 1) n // splits."""
    exact = np.asarray(probabilities, dtype=np.float64)
    bounds = [index * len(exact) // splits for index in range(splits + 1)]
    scores = [_score(exact[start:end]) for start, end in pairwise(bounds) if end > start]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def _score(probabilities: Float[np.ndarray, "n k"]) -> float:
    ratio = probabilities / probabilities.mean(0, keepdims=True).clip(min=np.finfo(np.float64).tiny)
    logs = np.log(ratio, out=np.zeros_like(ratio), where=ratio > 0)
    return float(np.exp((probabilities * logs).sum(1).mean()))
