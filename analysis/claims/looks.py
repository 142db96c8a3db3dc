"""The smallest of several looks' p-values: its exact meaning, however early one stops (Westfall and Young 1993).

Sequential seeds compare the first n seeds of two cells at every look n = least, ..., most. p_n is the exact rank-sum
p-value of look n. Under the null hypothesis all orders of the values are equally likely, in the order in which the
seeds come, too. So the distribution of min(p_least, ..., p_most) depends on nothing but `least` and `most`: it is that
of random orders. `over_looks` returns the share of them with a smallest p_n of at most the one that was found. It is
a p-value at any moment, because min over the looks so far >= min over all looks. Every look has the same nominal
level, as in Pocock (1977); looks that cannot reach it cost nothing.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.claims.stats import sums_of_subsets

ORDERS = 199_999
"""Random orders: the standard error of a p-value of 0.05 is 0.0005. With the order found, 200,000: no p is 0."""

AT_A_TIME = 10_000


class Looks(NamedTuple):
    """The looks at a claim: with `least` seeds on each side, and with each number up to `most`."""

    least: int
    most: int

    @property
    def number(self) -> int:
        return max(0, self.most - self.least + 1)


def against(less: Sequence[float], more: Sequence[float]) -> int:
    """Return how many pairs speak against "values of `less` are smaller" (Mann and Whitney's U); ties do."""
    return sum(low >= high for low in less for high in more)


def p_of(pairs_against: int, seeds: int) -> float:
    """Return the exact p-value of U = `pairs_against` with `seeds` values on each side, none of them equal.

    With ties counted as `against` does, the true p-value is at most this one.
    """
    return float(_p_values(seeds)[pairs_against])


def p_values_at(less: Sequence[float], more: Sequence[float], looks: Looks) -> list[float]:
    """Return p_n of every look that the values allow: `less` and `more` are in the order of the seeds."""
    most = min(len(less), len(more), looks.most)
    return [p_of(against(less[:seeds], more[:seeds]), seeds) for seeds in range(looks.least, most + 1)]


def over_looks(smallest: float, looks: Looks) -> float:
    """Return the chance, under the null hypothesis, that any look has a p-value of at most `smallest`.

    By Monte Carlo with fixed random orders, which is exact as a test (Phipson and Smyth 2010), within what the chances
    of single looks allow: at least the largest of them, at most their sum. So it is exact where only one look counts.
    """
    if smallest >= 1.0:
        return 1.0
    single = [_chance_of_one(smallest, seeds) for seeds in range(looks.least, looks.most + 1)]
    if looks.number == 1:
        return single[0]
    together = (np.searchsorted(_smallest_by_chance(looks), smallest, side="right") + 1) / (ORDERS + 1)
    return float(min(max(*single, together), sum(single)))


def _chance_of_one(smallest: float, seeds: int) -> float:
    """Return the chance that the look with `seeds` values on each side has a p-value of at most `smallest`."""
    lower = int(np.searchsorted(_p_values(seeds), smallest, side="right"))
    return float(_p_values(seeds)[lower - 1]) if lower else 0.0


@cache
def _p_values(seeds: int) -> NDArray[np.float64]:
    """Return P(U <= u) for u = 0, ..., seeds², of two groups of `seeds` values."""
    if seeds == 0:
        return np.ones(1)
    smallest_sum = seeds * (seeds + 1) // 2
    counts = np.array(sums_of_subsets(range(1, 2 * seeds + 1), seeds)[smallest_sum:][: seeds**2 + 1], dtype=float)
    chances: NDArray[np.float64] = np.minimum(np.cumsum(counts) / counts.sum(), 1.0)
    return chances


@cache
def _smallest_by_chance(looks: Looks) -> NDArray[np.float64]:
    """Return the smallest p-value of all looks in each of ORDERS random orders, sorted."""
    random = np.random.default_rng(0)
    sizes = [min(AT_A_TIME, ORDERS - done) for done in range(0, ORDERS, AT_A_TIME)]
    return np.sort(np.concatenate([_smallest(random.random((2, looks.most, size)), looks) for size in sizes]))


def _smallest(values: NDArray[np.float64], looks: Looks) -> NDArray[np.float64]:
    """Return the smallest p-value of all looks in each order: values (side, seed, order)."""
    less, more = values
    smallest, pairs = np.ones(less.shape[1]), np.zeros(less.shape[1], dtype=int)
    for new in range(looks.most):
        pairs += (less[new] >= more[: new + 1]).sum(axis=0) + (less[:new] >= more[new]).sum(axis=0)
        if new + 1 >= looks.least:
            smallest = np.minimum(smallest, _p_values(new + 1)[pairs])
    return smallest
