"""A plan: every cell of a sweep, what its trial needs, why, and at what price. Values only; nothing here acts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from orchestrator.errors import PlanError
from orchestrator.plan.decide import SUBMITTED, Action, Decider, Decision, Rules, Wanted, decide, decide_one
from orchestrator.plan.price import Power, Price, Rate, SpeedEvidence, price
from orchestrator.store.observe import Observed
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import Trial
from trainer.config.job import Resources
from trainer.config.metrics.names import parse_metric
from trainer.config.plan_file import PlannedRun


@dataclass(frozen=True)
class Tariff:
    """What power and machines cost; None where nobody said."""

    watts: float | None = None
    per_kwh: float | None = None
    per_gpu_hour: float | None = None


RULES = Rules()
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
class Plan:
    """What a sweep wants, what is there, and what follows. `awaited` is what a search has yet to sample, typically."""

    sweep: Sweep
    trials: tuple[Trial, ...]
    wanted: Mapping[str, Wanted]
    observed: Mapping[str, Observed]
    decisions: Mapping[str, Decision]
    costs: Mapping[str, RunCost]
    parallel: int
    tariff: Tariff
    decider: Decider = decide_one
    awaited: tuple[RunCost, ...] = ()

    @cached_property
    def unique(self) -> Mapping[str, Trial]:
        """Return each trial once, by id, in order: cells may share one."""
        return {trial.id: trial for trial in reversed(self.trials)}

    @cached_property
    def cells(self) -> tuple[PlannedRun, ...]:
        """Return the trials as plan.json names them: one entry for every cell and seed."""
        return tuple(map(planned_run, self.trials))

    @property
    def prices(self) -> Mapping[str, Price]:
        """Return the price of each trial that would be submitted."""
        return {trial: cost.price for trial, cost in self.costs.items()}

    @cached_property
    def actions(self) -> Mapping[str, int]:
        """Return how many trials need what."""
        counted = Counter(decision.action.value for decision in self.decisions.values())
        return {action.value: counted[action.value] for action in Action if counted[action.value]}

    @cached_property
    def to_pay(self) -> tuple[RunCost, ...]:
        """Return the cost of everything that would be run: of what is submitted, and of what is yet to be sampled."""
        return (*self.costs.values(), *self.awaited)

    @cached_property
    def totals(self) -> Totals:
        """Return the price of everything that would be run."""
        costs = self.to_pay
        gpu_hours = sum(cost.hours * cost.resources.gpus for cost in costs)
        kwh, kwh_low, kwh_high = energy(costs)
        return Totals(
            runs=len(costs),
            kimg=sum(cost.kimg for cost in costs),
            cpu_hours=sum(cost.hours * cost.resources.cpus for cost in costs),
            gpu_hours=gpu_hours,
            wall_hours=self._wall([cost.price.seconds for cost in costs]),
            wall_hours_low=self._wall([cost.price.low for cost in costs]),
            wall_hours_high=self._wall([cost.price.high for cost in costs]),
            kwh=kwh,
            kwh_low=kwh_low,
            kwh_high=kwh_high,
            money=_money(self.tariff, kwh, gpu_hours),
        )

    def _wall(self, seconds: list[float]) -> float:
        return max(sum(seconds) / max(1, self.parallel), max(seconds, default=0.0)) / 3600

    def require_within_budget(self) -> None:
        """Raise PlanError when the plan costs more than the sweep's budget."""
        totals = self.totals
        for name, most in self.sweep.spec.budget.model_dump(exclude_none=True).items():
            asked = getattr(totals, name)
            if asked is None:
                raise PlanError(self.sweep.source.file, f"budget.{name} cannot be checked", "say --watts")
            if asked > most:
                problem = f"costs about {asked:.3g} {name}, over the budget of {most:g}"
                raise PlanError(self.sweep.source.file, problem, "run fewer cells or raise `budget`")


def planned_run(trial: Trial) -> PlannedRun:
    """Return a trial as plan.json names it."""
    return PlannedRun(
        cell=trial.cell,
        name=trial.name,
        axes=trial.axes,
        settings=dict(trial.settings),
        training_images=trial.config.data.training_images,
        seed=trial.seed,
        trial=trial.id,
        horizon_kimg=trial.horizon_kimg,
    )


def wanted_of(sweep: Sweep, trials: tuple[Trial, ...]) -> dict[str, Wanted]:
    """Return what a sweep wants of each trial."""
    spec = sweep.spec
    rest = (spec.distance, spec.evaluation_seeds, tuple(spec.probes))
    metrics = tuple(spec.metrics)
    return {trial.id: Wanted(trial.horizon_kimg, metrics, spec.detector, sweep.key, *rest) for trial in trials}


def make_plan(
    sweep: Sweep,
    trials: tuple[Trial, ...],
    observed: Mapping[str, Observed],
    evidence: SpeedEvidence,
    parallel: int,
    rules: Rules = RULES,
    tariff: Tariff = NO_TARIFF,
    awaited: tuple[Trial, ...] = (),
    decider: Decider = decide_one,
) -> Plan:
    """Return the plan that follows from what is wanted and what is seen."""
    wanted = wanted_of(sweep, trials)
    decisions = decide(wanted, observed, rules, decider)
    cost_of = Pricing(sweep.spec, evidence, tariff).cost
    todo = {trial.id: trial for trial in trials if decisions[trial.id].action in SUBMITTED}
    costs = {trial.id: cost_of(trial, decisions[trial.id].kimg) for trial in todo.values()}
    later = tuple(cost_of(trial, trial.horizon_kimg) for trial in awaited)
    return Plan(sweep, trials, wanted, observed, decisions, costs, parallel, tariff, decider, later)


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


def _money(tariff: Tariff, kwh: float | None, gpu_hours: float) -> float | None:
    parts = [
        cost
        for cost in (
            None if tariff.per_kwh is None or kwh is None else tariff.per_kwh * kwh,
            None if tariff.per_gpu_hour is None else tariff.per_gpu_hour * gpu_hours,
        )
        if cost is not None
    ]
    return sum(parts) if parts else None
