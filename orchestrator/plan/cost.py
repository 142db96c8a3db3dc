"""The cost of a plan's runs: time, energy and money. Values only."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.plan.evaluation_price import ToMeasure
from orchestrator.plan.price import Power, Price, Rate, evaluations_of, price
from orchestrator.plan.published import reference_seconds
from orchestrator.plan.speed import SpeedEvidence
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import Trial
from trainer.config.job import Resources


@dataclass(frozen=True)
class Tariff:
    """Mean power of a run, and prices of energy and machines; None if not given."""

    watts: float | None = None
    per_kwh: float | None = None
    per_gpu_hour: float | None = None


NO_TARIFF = Tariff()
BEST_AND_LAST = 2
"""Snapshots that a trial keeps if it does not keep all."""


class Totals(NamedTuple):
    """Totals of a plan. Hours are summed over devices; `wall_hours` is at the given parallelism."""

    runs: int
    kimg: float
    cpu_hours: float
    gpu_hours: float
    wall_hours: float
    wall_hours_low: float
    wall_hours_high: float
    kwh: float | None
    kwh_low: float | None
    kwh_high: float | None
    money: float | None


class RunCost(NamedTuple):
    """The cost of one run; `power` is None if unknown."""

    kimg: float
    resources: Resources
    price: Price
    power: Power | None

    @property
    def hours(self) -> float:
        return self.price.seconds / 3600


@dataclass(frozen=True)
class Pricing:
    """Prices the runs of a sweep; seeds of a cell cost the same. `made` (Unix seconds) identifies its estimates."""

    spec: SweepSpec
    evidence: SpeedEvidence
    tariff: Tariff = NO_TARIFF
    made: float = field(default_factory=time.time)
    _known: dict[str, tuple[Rate, Power | None]] = field(default_factory=dict)
    _prices: dict[tuple[str, float, int], Price] = field(default_factory=dict)

    def cost(self, trial: Trial, kimg: float, snapshots: int = 1) -> RunCost:
        """Return the cost of starting a trial and training it for `kimg`, evaluations and probes included.

        If nothing is trained, `snapshots` of them are evaluated and probed.
        """
        place = trial.cell, kimg, snapshots
        if place not in self._prices:
            attempt, later = self.attempt(trial, kimg, snapshots), self._later(trial, kimg)
            self._prices[place] = attempt.then(later) if later else attempt
        return RunCost(kimg, trial.resources, self._prices[place], self._rate_and_power(trial)[1])

    def attempt(self, trial: Trial, kimg: float, snapshots: int = 1) -> Price:
        """Return the price of the next attempt alone: training leaves probes, and deferred evaluations, to another."""
        rate, _ = self._rate_and_power(trial)
        if kimg <= 0:
            return price(rate, 0.0, max(1, snapshots), self.evidence.past, max(1, snapshots))
        evaluations = 0 if self._is_deferred else evaluations_of(kimg, self.spec.watch.evaluate_every_kimg)
        return price(rate, kimg, evaluations, self.evidence.past)

    @property
    def _is_deferred(self) -> bool:
        return self.spec.watch.evaluation == "later"

    def _later(self, trial: Trial, kimg: float) -> Price | None:
        """Return the price of the job that evaluates and probes the snapshots of a training, if there will be one."""
        if kimg <= 0 or not (self.spec.probes or (self._is_deferred and self.spec.metrics)):
            return None
        rate, _ = self._rate_and_power(trial)
        every = evaluations_of(kimg, self.spec.watch.evaluate_every_kimg)
        kept = every if self._is_deferred or self.spec.watch.snapshots_kept == "all" else min(every, BEST_AND_LAST)
        return price(rate, 0.0, every if self._is_deferred else 0, self.evidence.past, kept)

    def reference_seconds(self, trials: Iterable[Trial]) -> float:
        """Return the time to compute features of real images that are not yet cached."""
        wanted = to_measure(self.spec)
        by_set = {trial.data_path: trial for trial in trials}
        return sum(
            reference_seconds(wanted.specs, wanted.detector, trial.resources, trial.config.data.images)
            for path, trial in by_set.items()
            if not self.evidence.has_seen(path, wanted)
        )

    def rate(self, trial: Trial) -> Rate:
        """Return how fast a trial starts, trains and is evaluated."""
        return self._rate_and_power(trial)[0]

    def _rate_and_power(self, trial: Trial) -> tuple[Rate, Power | None]:
        if trial.cell not in self._known:
            rate = self.evidence.rate(trial.config, trial.resources, to_measure(self.spec))
            self._known[trial.cell] = rate, self._power(trial)
        return self._known[trial.cell]

    def _power(self, trial: Trial) -> Power | None:
        if self.tariff.watts is not None:
            return Power(self.tariff.watts, 1.0, "--watts")
        return self.evidence.power_of(trial.config, trial.resources)


def energy(costs: Sequence[RunCost]) -> tuple[float | None, float | None, float | None]:
    """Return the energy of runs in kWh with its lower and upper bound; None if the power of any is unknown."""
    powers = [cost.power for cost in costs if cost.power is not None]
    if len(powers) < len(costs):
        return None, None, None
    pairs = [(cost.price, power) for cost, power in zip(costs, powers, strict=True)]
    joules = sum(price.seconds * power.watts for price, power in pairs)
    low = sum(price.low * power.watts / power.spread for price, power in pairs)
    high = sum(price.high * power.watts * power.spread for price, power in pairs)
    return joules / 3.6e6, low / 3.6e6, high / 3.6e6


def to_measure(spec: SweepSpec) -> ToMeasure:
    """Return the metrics that an evaluation of a sweep computes, and its probes."""
    return ToMeasure(tuple(spec.metrics), spec.detector, spec.evaluation_seeds, tuple(spec.probes))


def money(tariff: Tariff, kwh: float | None, gpu_hours: float) -> float | None:
    """Return the cost of energy and machines; None if the tariff has neither price."""
    parts = [
        cost
        for cost in (
            None if tariff.per_kwh is None or kwh is None else tariff.per_kwh * kwh,
            None if tariff.per_gpu_hour is None else tariff.per_gpu_hour * gpu_hours,
        )
        if cost is not None
    ]
    return sum(parts) if parts else None
