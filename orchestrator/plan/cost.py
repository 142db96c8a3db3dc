"""What the runs of a plan cost: time, energy and money. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.plan.price import Power, Price, Rate, SpeedEvidence, price
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import Trial
from trainer.config.job import Resources
from trainer.config.metrics.names import parse_metric


@dataclass(frozen=True)
class Tariff:
    """What power and machines cost; None where nobody said."""

    watts: float | None = None
    per_kwh: float | None = None
    per_gpu_hour: float | None = None


NO_TARIFF = Tariff()


class Totals(NamedTuple):
    """The whole of a plan. Hours are of all devices together; `wall_hours` at the given parallelism."""

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
    """What one run costs; `power` is None where nothing is known of it."""

    kimg: float
    resources: Resources
    price: Price
    power: Power | None

    @property
    def hours(self) -> float:
        return self.price.seconds / 3600


@dataclass(frozen=True)
class Pricing:
    """Prices the runs of a sweep; seeds of a cell cost the same."""

    spec: SweepSpec
    evidence: SpeedEvidence
    tariff: Tariff
    _known: dict[str, tuple[Rate, Power | None]] = field(default_factory=dict)

    def cost(self, trial: Trial, kimg: float) -> RunCost:
        """Return what it costs to train a trial for `kimg`, evaluations with it."""
        if trial.cell not in self._known:
            rate = self.evidence.rate(trial.config, trial.resources, evaluated_images(self.spec))
            self._known[trial.cell] = rate, self._power(trial)
        rate, power = self._known[trial.cell]
        return RunCost(kimg, trial.resources, price(rate, kimg, self.spec.watch.evaluate_every_kimg), power)

    def _power(self, trial: Trial) -> Power | None:
        if self.tariff.watts is not None:
            return Power(self.tariff.watts, 1.0, "--watts")
        return self.evidence.power_of(trial.config, trial.resources)


def energy(costs: Sequence[RunCost]) -> tuple[float | None, float | None, float | None]:
    """Return the energy of runs in kWh, and its least and most; None where the power of any is unknown."""
    powers = [cost.power for cost in costs if cost.power is not None]
    if len(powers) < len(costs):
        return None, None, None
    pairs = [(cost.price, power) for cost, power in zip(costs, powers, strict=True)]
    joules = sum(price.seconds * power.watts for price, power in pairs)
    low = sum(price.low * power.watts / power.spread for price, power in pairs)
    high = sum(price.high * power.watts * power.spread for price, power in pairs)
    return joules / 3.6e6, low / 3.6e6, high / 3.6e6


def evaluated_images(spec: SweepSpec) -> int:
    """Return how many images are generated for one evaluation: metrics of one detector share them."""
    return max((parse_metric(name).generated for name in spec.metrics), default=0)


def money(tariff: Tariff, kwh: float | None, gpu_hours: float) -> float | None:
    """Return what energy and machines cost together; None where the tariff says nothing of either."""
    parts = [
        cost
        for cost in (
            None if tariff.per_kwh is None or kwh is None else tariff.per_kwh * kwh,
            None if tariff.per_gpu_hour is None else tariff.per_gpu_hour * gpu_hours,
        )
        if cost is not None
    ]
    return sum(parts) if parts else None
