"""The price of one attempt: start-up, training and evaluations, with a range derived from past errors."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.plan.calibration import Error, expected
from trainer.config.job import Estimate


class Rate(NamedTuple):
    """Costs in seconds of start-up, training and evaluation, and of all probes of one snapshot.

    Training is accurate to a factor of `spread`, an evaluation to `evaluation_spread`, probing to `probing_spread`.
    `startup` is the time from the start of a job to its first iteration. `kind` is benchmark, history or published;
    only past errors of the same kind are used to correct it.
    """

    seconds_per_kimg: float
    spread: float
    source: str
    kind: str
    seconds_per_evaluation: float = 0.0
    startup: float = 0.0
    evaluation_spread: float = 1.0
    seconds_per_probing: float = 0.0
    probing_spread: float = 1.0


class Power(NamedTuple):
    """Mean power of one run in watts, accurate to a factor of `spread`."""

    watts: float
    spread: float
    source: str


class Price(NamedTuple):
    """Seconds of one attempt on its resources, with a 90 % interval from `low` to `high`.

    `plain` is the estimate before the correction by past errors.
    """

    seconds: float
    low: float
    high: float
    source: str
    plain: float
    kind: str

    def then(self, later: "Price") -> "Price":
        """Return the price of this attempt and a later one; `plain` remains that of this one."""
        seconds, low, high = self.seconds + later.seconds, self.low + later.low, self.high + later.high
        return self._replace(seconds=seconds, low=low, high=high)

    def estimate(self, made: float) -> Estimate:
        """Return the estimate to store with the attempt, for comparison with its actual time."""
        return Estimate(seconds=self.seconds, low=self.low, high=self.high, plain=self.plain, kind=self.kind, made=made)


class PastError(NamedTuple):
    """The error of an earlier estimate of `plain` seconds from this kind of source."""

    error: Error
    kind: str
    plain: float


STARTUP_SPREAD = 2.0

COMPARABLE_FACTOR = 10.0
"""Only errors of estimates within this factor are used."""


def evaluations_of(kimg: float, evaluate_every_kimg: float) -> int:
    """Return the number of evaluations in `kimg` of training: at least one, at the end."""
    return max(1, math.ceil(kimg / evaluate_every_kimg))


def price(rate: Rate, kimg: float, evaluations: int, past: Sequence[PastError] = (), probings: int = 0) -> Price:
    """Return the price of `kimg` of training with this number of evaluations, and of snapshots that are probed."""
    training, evaluating = rate.seconds_per_kimg * kimg, rate.seconds_per_evaluation * evaluations
    probing = rate.seconds_per_probing * probings
    plain = rate.startup + training + evaluating + probing
    most = rate.startup * STARTUP_SPREAD + training * rate.spread
    most += evaluating * rate.evaluation_spread + probing * rate.probing_spread
    errors = [one.error for one in past if one.kind == rate.kind and _is_comparable(one.plain, plain)]
    middle, low, high = expected(errors, most / plain if plain > 0 else rate.spread)
    source = f"{rate.source}, corrected by past estimates" if errors else rate.source
    return Price(plain * middle, plain * low, plain * high, source, plain, rate.kind)


def _is_comparable(one: float, other: float) -> bool:
    return 0 < one <= other * COMPARABLE_FACTOR and other <= one * COMPARABLE_FACTOR
