"""What seeds can show at most: the smallest p-value of the exact rank-sum test, corrected for all claims."""

import math
from typing import NamedTuple

from trainer.config.claims.grammar import Claim


def smallest_p(low: int, high: int) -> float:
    """Return the smallest p-value that groups of these sizes can reach: all of one group below all of the other."""
    return 1 / math.comb(low + high, low)


def seeds_for(alpha: float, tests: int) -> int:
    """Return the minimum seeds per group with which one of `tests` claims can pass at `alpha` after correction."""
    return next(n for n in range(1, 1000) if tests * smallest_p(n, n) < alpha)


class StatisticalPower(NamedTuple):
    """The smallest p of a claim with the seeds there are, and the number of seeds with which it can be decided.

    `smallest` is after Holm's correction: with equal groups and every claim at its smallest p, that p times the number
    of claims. A control is not corrected, and two-sided: it is decided if a difference could be found.
    """

    smallest: float
    seeds_needed: int

    @classmethod
    def of(cls, claim: Claim, seeds: int, tests: int) -> "StatisticalPower":
        """Return the power of `claim`, one of `tests`, with `seeds` runs of each cell."""
        factor = 2 if claim.is_control else tests
        needed = max(claim.seeds, seeds_for(claim.alpha, factor))
        return cls(min(1.0, factor * smallest_p(seeds, seeds)), needed)
