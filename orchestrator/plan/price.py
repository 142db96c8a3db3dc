"""The price of one attempt: start-up, training and evaluations, with a range that comes from past errors."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.plan.calibration import Error, expected
from trainer.config.job import Estimate


class Rate(NamedTuple):
    """What starting, training and evaluating cost in seconds, training within a factor of `spread`.

    An evaluation is known within `evaluation_spread`. An attempt holds its slot for `startup` before it trains. `kind`
    is benchmark, history or published; of rates of other kinds, past errors say nothing.
    """

    seconds_per_kimg: float
    spread: float
    source: str
    kind: str
    seconds_per_evaluation: float = 0.0
    startup: float = 0.0
    evaluation_spread: float = 1.0


class Power(NamedTuple):
    """Mean power of one run in watts; the true value is expected within a factor of `spread`."""

    watts: float
    spread: float
    source: str


class Price(NamedTuple):
    """Seconds of one attempt on its resources; nine in ten times between `low` and `high`.

    `plain` is what they were before past errors corrected them.
    """

    seconds: float
    low: float
    high: float
    source: str
    plain: float
    kind: str

    def estimate(self, made: float) -> Estimate:
        """Return what is kept with the attempt, to be held against what it takes."""
        return Estimate(seconds=self.seconds, low=self.low, high=self.high, plain=self.plain, kind=self.kind, made=made)


class PastError(NamedTuple):
    """How far an earlier estimate was off, and what it was of: `plain` seconds from a source of this kind."""

    error: Error
    kind: str
    plain: float


STARTUP_SPREAD = 2.0

COMPARABLE_FACTOR = 10.0
"""Errors are taken from attempts that were to take at most so many times as long, or as short."""


def evaluations_of(kimg: float, evaluate_every_kimg: float) -> int:
    """Return how often an attempt at `kimg` of training evaluates: one time at least, as it does at its end."""
    return max(1, math.ceil(kimg / evaluate_every_kimg))


def price(rate: Rate, kimg: float, evaluations: int, past: Sequence[PastError] = ()) -> Price:
    """Return the price of `kimg` of training with so many evaluations."""
    training, evaluating = rate.seconds_per_kimg * kimg, rate.seconds_per_evaluation * evaluations
    plain = rate.startup + training + evaluating
    most = rate.startup * STARTUP_SPREAD + training * rate.spread + evaluating * rate.evaluation_spread
    errors = [one.error for one in past if one.kind == rate.kind and _alike(one.plain, plain)]
    middle, low, high = expected(errors, most / plain if plain > 0 else rate.spread)
    learned = f"{rate.source}, by the errors of past estimates" if errors else rate.source
    return Price(plain * middle, plain * low, plain * high, learned, plain, rate.kind)


def _alike(one: float, other: float) -> bool:
    return 0 < one <= other * COMPARABLE_FACTOR and other <= one * COMPARABLE_FACTOR
