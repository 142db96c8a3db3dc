"""Fréchet inception distance (Heusel et al. 2017, "GANs trained by a two time-scale update rule", Eq. 6).

    FID = |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))

The trace of the root is the sum of the square roots of the eigenvalues of S1 S2. With S1 = R R^T these are the
eigenvalues of the symmetric R^T S2 R, which are real and, up to rounding, not negative: no complex root, and nothing
added to the diagonal. If a set has no more samples than features, R has only as many columns (the Gram trick).
"""

import numpy as np
from jaxtyping import Float

from trainer.metrics.moments import Gaussian, gaussian_of


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """Return the squared Fréchet distance of two Gaussians; symmetric, and 0 up to rounding if they are equal."""
    shift = first.mean - second.mean
    return float(shift @ shift) + first.trace + second.trace - 2 * trace_of_root(first, second)


def trace_of_root(first: Gaussian, second: Gaussian) -> float:
    """Return tr (S1 S2)^(1/2), using the root of the one of lower rank, or of `first`, which caches it."""
    if second.rank < first.rank:
        first, second = second, first
    product = first.root.T @ second.times(first.root)
    eigenvalues = np.linalg.eigvalsh((product + product.T) / 2)
    return float(np.sqrt(np.clip(eigenvalues, 0, None)).sum())


def fid(real: Float[np.ndarray, "n d"], generated: Float[np.ndarray, "m d"]) -> float:
    """Return the Fréchet distance of two sets of features."""
    return frechet_distance(gaussian_of(real), gaussian_of(generated))
