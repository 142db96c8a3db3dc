"""Exact tests for few seeds: the permutation distribution of the rank sum, Holm's correction, bootstrap intervals.

The rank-sum test is exact for any distribution, even with ties; diverged runs tie at the worst rank. Runs with the
same seed share their training subset across methods, which makes treating the groups as independent conservative.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Values = Sequence[float]


def rank_sum_p(low: Values, high: Values) -> float:
    """Return the one-sided exact p-value of "values of `low` are smaller" (Wilcoxon 1945; Mann and Whitney 1947).

    p = P(W <= w): w is the sum of the midranks of `low`, W the same sum for a random choice of len(low) of all values.
    """
    doubled = doubled_midranks([*low, *high])
    observed = sum(doubled[: len(low)])
    counts = sums_of_subsets(doubled, len(low))
    at_most = sum(count for total, count in enumerate(counts[: observed + 1]))
    return at_most / math.comb(len(doubled), len(low))


def two_sided_p(low: Values, high: Values) -> float:
    """Return the exact p-value of "both groups have the same values": twice the smaller one-sided one, at most 1."""
    return min(1.0, 2 * min(rank_sum_p(low, high), rank_sum_p(high, low)))


def doubled_midranks(values: Values) -> list[int]:
    """Return twice the rank (from 1) of each value: an integer even for ties, which share the mean of their ranks."""
    ordered = sorted(values)
    first = {value: place for place, value in reversed(list(enumerate(ordered)))}
    last = {value: place for place, value in enumerate(ordered)}
    return [first[value] + last[value] + 2 for value in values]


def sums_of_subsets(numbers: Sequence[int], size: int) -> list[int]:
    """Return, at index s, how many subsets of `size` of the numbers have sum s."""
    counts = np.zeros((size + 1, sum(numbers) + 1), dtype=object)
    counts[0, 0] = 1
    for number in numbers:
        counts[1:, number:] = counts[1:, number:] + counts[:-1, : counts.shape[1] - number]
    return list(counts[size])


def holm(p_values: Values) -> list[float]:
    """Return p-values corrected for multiple tests (Holm 1979): the chance of any false pass stays below alpha."""
    order = np.argsort(p_values, kind="stable")
    scaled = [(len(p_values) - place) * p_values[which] for place, which in enumerate(order)]
    raised = np.minimum(np.maximum.accumulate(scaled), 1.0)
    corrected = np.empty(len(p_values))
    corrected[order] = raised
    return [float(value) for value in corrected]


def bootstrap_interval(
    left: Values,
    right: Values,
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda draws: np.median(draws, axis=1),
    confidence: float = 0.95,
    resamples: int = 10_000,
) -> tuple[float, float]:
    """Return the percentile interval of statistic(left) - statistic(right) (Efron 1979), from fixed random draws.

    With fewer than about ten seeds it is too narrow: it is descriptive, and the rank test decides.
    scipy.stats.bootstrap needs two values on each side, and interpolates between the infinite values of diverged runs.
    """
    random = np.random.default_rng(0)
    draws = [random.choice(np.asarray(group, dtype=float), (resamples, len(group))) for group in (left, right)]
    with np.errstate(invalid="ignore"):
        differences = statistic(draws[0]) - statistic(draws[1])
    known = differences[~np.isnan(differences)]
    if not known.size:
        return math.nan, math.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)
