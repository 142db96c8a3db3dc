"""Whether an augmentation can be undone in distribution (Karras et al. 2020, ADA, App. C).

A transform of a commutative group, drawn from a distribution and applied with probability p, is a convolution of
distributions over the group. Its Fourier coefficients are

    lambda(k) = (1 - p) + p phi(k),    phi the characteristic function of the drawn parameters.

If none is 0, the distribution of images can be recovered from that of augmented ones, and the condition number is
1 / min |lambda|. For a uniform choice of quarter turns, phi is 0 except at k = 0, which gives 1 / (1 - p): invertible
below p = 1. If phi can be negative, as for integer translations, a coefficient vanishes already at
p = 1 / (1 - min phi).
"""

from functools import singledispatch
from math import inf, nan

import numpy as np
import torch

from trainer.augment.pipe import transforms_of
from trainer.augment.transforms.base import Transform
from trainer.augment.transforms.corruption import Cutout
from trainer.augment.transforms.geometric import IntegerTranslation
from trainer.augment.transforms.table import TRANSFORMS
from trainer.config.augment import Pipe


def condition_numbers(pipe: Pipe, resolution: int, p: float) -> dict[str, float]:
    """Return the condition number at `p` of each transform, and of all together as `whole`; NaN if not a group."""
    found = {name: condition_number(TRANSFORMS[name], resolution, p) for name in transforms_of(pipe)}
    return {**found, "whole": float(np.prod([number for number in found.values() if number == number]))}


def condition_number(transform: Transform, resolution: int, p: float) -> float:
    """Return 1 / min |lambda| of one transform of a pipe at probability `p`; inf if a coefficient is 0."""
    share = float(transform.probability(torch.tensor(p, dtype=torch.float64)))
    smallest = float(np.abs(1 - share + share * coefficients(transform, resolution)).min())
    return inf if smallest < 1e-12 else 1 / smallest


def first_zero(transform: Transform, resolution: int) -> float:
    """Return the lowest p of the transform itself at which a Fourier coefficient vanishes."""
    lowest = float(coefficients(transform, resolution).min())
    return 1 / (1 - lowest) if lowest == lowest else nan


@singledispatch
def coefficients(transform: Transform, resolution: int) -> np.ndarray:  # noqa: ARG001
    """Return the extreme values of phi: 1 and 0.

    These are the only values for a uniform choice from a whole group (flips, quarter turns, angles, hues), and the
    bounds for a normal distribution (scales, shifts, gains, noise), whose phi falls from 1 towards 0.
    """
    return np.array([1.0, 0.0])


@coefficients.register
def _(transform: IntegerTranslation, resolution: int) -> np.ndarray:
    """Return the Fourier coefficients of the offsets, products of one factor for each axis."""
    fine = (np.arange(4096 * 4) + 0.5) / (4096 * 4)
    offsets = np.round((fine * 2 - 1) * transform.max * resolution).astype(int)
    weights = np.bincount(offsets % resolution, minlength=resolution) / len(offsets)
    along = np.fft.fft(weights).real
    return np.outer(along, along).ravel()


@coefficients.register
def _(_: Cutout, __: int) -> np.ndarray:
    """Return NaN: cutout is not a group. It leaves the image intact with probability 1 - p (Bora et al. 2018)."""
    return np.array([nan])
