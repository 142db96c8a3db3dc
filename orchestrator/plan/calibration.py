"""Calibrates estimates by the errors of earlier ones. Values only.

The logarithm of actual over estimated time is modelled as normal with unknown mean (the bias) and variance; the
conjugate prior expresses how reliable the kind of source is. The posterior predictive is Student's t (Gelman et al.,
Bayesian Data Analysis, 3rd ed., section 3.3). Errors within one plan are correlated (same machine, same time): together
they count as one observation, and their spread adds to the variance.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

COVERAGE = 0.9
"""The share of actual times that the range should contain."""

PRIOR_OBSERVATIONS = 1.0
PRIOR_FREEDOM = 3.0
"""Weight of the prior: number of observations of the mean, degrees of freedom of the variance."""


class Error(NamedTuple):
    """A past estimate: a number that identifies its plan, and the ratio of actual to estimated time."""

    plan: float
    ratio: float


MOST_FACTOR = 1e6
"""Larger errors come from clocks that were set and from damaged files, not from estimates."""


def error_of(plan: float, actual: float, estimated: float) -> Error | None:
    """Return the error of an estimate; None without an estimate or a time, and beyond MOST_FACTOR either way."""
    if estimated <= 0 or not 1 / MOST_FACTOR <= actual / estimated <= MOST_FACTOR:
        return None
    return Error(plan, actual / estimated)


class Expected(NamedTuple):
    """The expected actual time as factors of the estimate: the middle, and a range with probability COVERAGE."""

    middle: float
    low: float
    high: float


def expected(errors: Sequence[Error], prior_spread: float) -> Expected:
    """Return the correction by past errors; without any, the range is a factor of `prior_spread` either way."""
    by_plan: dict[float, list[float]] = defaultdict(list)
    for error in errors:
        by_plan[error.plan].append(math.log(error.ratio))
    weighted = [(1 / len(logs), value) for logs in by_plan.values() for value in logs]
    plans, variance = len(by_plan), _prior_variance(prior_spread)
    mean = sum(weight * value for weight, value in weighted) / plans if plans else 0.0
    squares = sum(weight * (value - mean) ** 2 for weight, value in weighted)
    observations, freedom = PRIOR_OBSERVATIONS + plans, PRIOR_FREEDOM + plans
    shrunk = plans * mean / observations
    squares += PRIOR_FREEDOM * variance + PRIOR_OBSERVATIONS * plans * mean**2 / observations
    scale = math.sqrt(squares / freedom * (observations + 1) / observations)
    reach = student_quantile((1 + COVERAGE) / 2, freedom) * scale
    return Expected(*(math.exp(shrunk + part * reach) for part in (0, -1, 1)))


def student_quantile(probability: float, freedom: float) -> float:
    """Return a quantile of Student's t, to 0.3 % from 3 degrees of freedom (Abramowitz and Stegun, 26.7.5)."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))


def _prior_variance(spread: float) -> float:
    """Return the variance for which the prior alone gives a range of a factor of `spread` either way."""
    quantile = student_quantile((1 + COVERAGE) / 2, PRIOR_FREEDOM)
    return (math.log(spread) / quantile) ** 2 * PRIOR_OBSERVATIONS / (PRIOR_OBSERVATIONS + 1)
