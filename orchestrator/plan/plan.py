"""A plan: every cell of a sweep, the action for its trial, the reason and the price. Values only."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from orchestrator.errors import PlanError
from orchestrator.plan.cost import NO_TARIFF, Pricing, RunCost, Tariff, Totals, energy, money
from orchestrator.plan.decide import SUBMITTED, Action, Decider, Decision, Rules, decide, decide_one
from orchestrator.plan.desired import Desired
from orchestrator.plan.overhead import NO_OVERHEAD, Overhead, overhead_of
from orchestrator.plan.price import Price
from orchestrator.plan.speed import SpeedEvidence
from orchestrator.store.observe import Observed
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.trial import Trial
from trainer.config.job import Estimate
from trainer.config.plan_file import PlannedRun
from trainer.config.sweep_run import SweepRun

RULES = Rules()


@dataclass(frozen=True)
class Plan:
    """Desired state, observed state and decisions. `awaited`: costs of runs that a search has yet to sample."""

    sweep: Sweep
    trials: tuple[Trial, ...]
    wanted: Mapping[str, Desired]
    observed: Mapping[str, Observed]
    decisions: Mapping[str, Decision]
    costs: Mapping[str, RunCost]
    parallel: int
    tariff: Tariff
    decider: Decider = decide_one
    awaited: tuple[RunCost, ...] = ()
    cautions: tuple[str, ...] = ()
    pricing: Pricing | None = None
    overhead: Overhead = NO_OVERHEAD

    @cached_property
    def unique(self) -> Mapping[str, Trial]:
        """Return each trial once, by id: cells may share one."""
        return {trial.id: trial for trial in reversed(self.trials)}

    @cached_property
    def cells(self) -> tuple[PlannedRun, ...]:
        """Return the entries of plan.json: one per cell and seed."""
        return tuple(map(planned_run, self.trials))

    @property
    def prices(self) -> Mapping[str, Price]:
        """Return the price of each trial that would be submitted."""
        return {trial: cost.price for trial, cost in self.costs.items()}

    @cached_property
    def actions(self) -> Mapping[str, int]:
        """Return the number of trials per action."""
        counted = Counter(decision.action.value for decision in self.decisions.values())
        return {action.value: counted[action.value] for action in Action if counted[action.value]}

    @cached_property
    def to_pay(self) -> tuple[RunCost, ...]:
        """Return the costs of all runs to come: those to submit, and those yet to be sampled."""
        return (*self.costs.values(), *self.awaited)

    @cached_property
    def totals(self) -> Totals:
        """Return the totals of all runs to come."""
        costs = self.to_pay
        gpu_hours = sum(cost.hours * cost.resources.gpus for cost in costs)
        kwh, kwh_low, kwh_high = energy(costs)
        return Totals(
            runs=len(costs),
            kimg=sum(cost.kimg for cost in costs),
            cpu_hours=sum(cost.hours * cost.resources.cpus for cost in costs),
            gpu_hours=gpu_hours,
            wall_hours=self._wall([cost.price.seconds for cost in costs], self.overhead.seconds),
            wall_hours_low=self._wall([cost.price.low for cost in costs], self.overhead.low),
            wall_hours_high=self._wall([cost.price.high for cost in costs], self.overhead.high),
            kwh=kwh,
            kwh_low=kwh_low,
            kwh_high=kwh_high,
            money=money(self.tariff, kwh, gpu_hours),
        )

    def _wall(self, seconds: list[float], overhead: float) -> float:
        if not seconds:
            return 0.0
        return (overhead + max(sum(seconds) / max(1, self.parallel), max(seconds))) / 3600

    def estimate_of(self, trial: Trial, kimg: float) -> Estimate | None:
        """Return the expected time of an attempt that trains a trial for `kimg`."""
        if self.pricing is None:
            return None
        seen = self.observed.get(trial.id)
        cost = self.pricing.cost(trial, kimg, len(seen.measured.snapshots) if seen else 0)
        return cost.price.estimate(self.pricing.made)

    @property
    def whole_estimate(self) -> Estimate:
        """Return the expected time of the whole plan, from planning to the end of recording."""
        totals, made = self.totals, self.pricing.made if self.pricing else 0.0
        low, seconds, high = (
            3600 * hours for hours in (totals.wall_hours_low, totals.wall_hours, totals.wall_hours_high)
        )
        return Estimate(seconds=seconds, low=low, high=high, plain=seconds, kind="sweep", made=made)

    def require_within_budget(self) -> None:
        """Raise PlanError if the plan costs more than the sweep's budget."""
        totals = self.totals
        for name, most in self.sweep.spec.budget.model_dump(exclude_none=True).items():
            needed = getattr(totals, name)
            if needed is None:
                raise PlanError(self.sweep.source.file, f"budget.{name} cannot be checked", "add --watts")
            if needed > most:
                problem = f"costs about {needed:.3g} {name}, over the budget of {most:g}"
                raise PlanError(self.sweep.source.file, problem, "run fewer cells or raise `budget`")


def planned_run(trial: Trial) -> PlannedRun:
    """Return the entry of a trial in plan.json."""
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


def wanted_of(sweep: Sweep, trials: tuple[Trial, ...]) -> dict[str, Desired]:
    """Return the desired state of each trial of a sweep."""
    spec = sweep.spec
    rest = (spec.distance, spec.evaluation_seeds, tuple(spec.probes))
    metrics = tuple(spec.metrics)
    return {trial.id: Desired(trial.horizon_kimg, metrics, spec.detector, sweep.key, *rest) for trial in trials}


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
    past_runs: Sequence[SweepRun] = (),
) -> Plan:
    """Return the plan for these trials in their observed states; `past_runs` are earlier runs of sweeps."""
    wanted = wanted_of(sweep, trials)
    decisions = decide(wanted, observed, rules, decider)
    pricing = Pricing(sweep.spec, evidence, tariff)
    cost_of = pricing.cost
    todo = {trial.id: trial for trial in trials if decisions[trial.id].action in SUBMITTED}
    costs = {
        trial.id: cost_of(trial, decisions[trial.id].kimg, len(observed[trial.id].measured.snapshots))
        for trial in todo.values()
    }
    later = tuple(cost_of(trial, trial.horizon_kimg) for trial in awaited)
    overhead = overhead_of(past_runs, pricing.reference_seconds([*todo.values(), *awaited]))
    plan = Plan(sweep, trials, wanted, observed, decisions, costs, parallel, tariff, decider, later)
    return replace(plan, pricing=pricing, overhead=overhead)
