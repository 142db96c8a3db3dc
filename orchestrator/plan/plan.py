"""A plan: every cell of a sweep, the action for its trial, the reason and the price. Values only."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from orchestrator.errors import Problem
from orchestrator.plan.chain import longest_chain
from orchestrator.plan.claim_power import ClaimPower, SeedCost, powers_of, undecidable_problems
from orchestrator.plan.cost import NO_TARIFF, Pricing, RunCost, Tariff, Totals, energy, money
from orchestrator.plan.decide import RULES, TO_RUN, Action, Decider, Decision, Rules, decide, decide_one
from orchestrator.plan.overhead import NO_OVERHEAD, Overhead, overhead_of
from orchestrator.plan.planned_run import planned_run, planned_source
from orchestrator.plan.price import Price
from orchestrator.plan.right_size import DeviceChoice
from orchestrator.plan.sources import Dependent, NeededSource, dependents_of, held_back, other_sources, unique_trials
from orchestrator.plan.speed import SpeedEvidence
from orchestrator.plan.wanted import wanted_of
from orchestrator.store.observe import Observed
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.trial import Trial
from trainer.config.job import Estimate
from trainer.config.plan_file import PlannedRun
from trainer.config.stored import EvaluationMoments
from trainer.config.sweep_run import SweepRun
from trainer.config.training import TransferFromTrial
from trainer.recording.sweep_state import Desired


@dataclass(frozen=True)
class Plan:
    """What a sweep wants, what is there, and what follows. `awaited` is what a search has yet to sample, typically.

    `trials` are the cells of the sweep; the trials that they start from, where those are no cells, are `sources`.
    """

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
    source_pricing: Mapping[str, Pricing] = field(default_factory=dict)
    overhead: Overhead = NO_OVERHEAD
    devices: DeviceChoice | None = None
    possible: Mapping[str, NeededSource] = field(default_factory=dict)
    decided: bool = False

    @cached_property
    def unique(self) -> Mapping[str, Trial]:
        """Return each trial once, by id, sources first: cells may share one."""
        return unique_trials(self.trials)

    @cached_property
    def sources(self) -> Mapping[str, NeededSource]:
        """Return by id the trials that cells start from and that are no cells themselves, in the order of training."""
        return other_sources(self.trials)

    @cached_property
    def dependents(self) -> tuple[Dependent, ...]:
        """Return the trials that start from others, each after those that it starts from itself."""
        return dependents_of(self.unique.values())

    @cached_property
    def cells(self) -> tuple[PlannedRun, ...]:
        """Return the entries of plan.json: one per cell and seed."""
        return tuple(planned_run(trial, self._expected_seconds(trial)) for trial in self.trials)

    @cached_property
    def runs(self) -> tuple[PlannedRun, ...]:
        """Return everything that is run as plan.json names it: sources, and cells."""
        sources = (
            planned_source(self.wanted[trial], source, self._expected_seconds(source.trial))
            for trial, source in self.sources.items()
        )
        return (*sources, *self.cells)

    def _expected_seconds(self, trial: Trial) -> float | None:
        """Return the expected time of a trial from its start to its horizon."""
        pricing = self.pricing_of(trial)
        return pricing.cost(trial, trial.horizon_kimg).price.seconds if pricing else None

    def sweep_of(self, trial: str) -> Sweep:
        """Return the sweep that says how a trial is trained and measured."""
        return self.sources[trial].sweep if trial in self.sources else self.sweep

    def moments(self, trial: str) -> EvaluationMoments:
        """Return when a trial is evaluated for this sweep."""
        want = self.wanted[trial]
        most = max(self.unique[trial].config.batch_schedule.batches)
        return EvaluationMoments(want.horizon_kimg, want.evaluate_every_kimg, most)

    @cached_property
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
    def further(self) -> tuple[RunCost, ...]:
        """Return the costs of all runs that undecided claims may yet add: seeds, and sources of their own."""
        if self.pricing is None or self.decider is not decide_one:
            return ()
        sweeps = {one.sweep.key: one.sweep for one in self.possible.values()}
        pricing = {key: replace(self.pricing, spec=sweep.spec, _known={}, _prices={}) for key, sweep in sweeps.items()}
        return tuple(pricing[one.sweep.key].cost(one.trial, one.trial.horizon_kimg) for one in self.possible.values())

    @cached_property
    def totals(self) -> Totals:
        """Return the totals of all runs to come, without seeds that claims may add."""
        return self._totals(self.to_pay)

    @cached_property
    def most(self) -> Totals:
        """Return the totals of all runs to come if claims need every seed that they may add."""
        return self._totals((*self.to_pay, *self.further)) if self.further else self.totals

    def _totals(self, costs: Sequence[RunCost]) -> Totals:
        gpu_hours = sum(cost.hours * cost.resources.gpus for cost in costs)
        kwh, kwh_low, kwh_high = energy(costs)
        chain = longest_chain(self.dependents, self.prices)
        return Totals(
            runs=len(costs),
            kimg=sum(cost.kimg for cost in costs),
            cpu_hours=sum(cost.hours * cost.resources.cpus for cost in costs),
            gpu_hours=gpu_hours,
            wall_hours=self._wall([cost.price.seconds for cost in costs], chain.seconds, self.overhead.seconds),
            wall_hours_low=self._wall([cost.price.low for cost in costs], chain.low, self.overhead.low),
            wall_hours_high=self._wall([cost.price.high for cost in costs], chain.high, self.overhead.high),
            kwh=kwh,
            kwh_low=kwh_low,
            kwh_high=kwh_high,
            money=money(self.tariff, kwh, gpu_hours),
        )

    def _wall(self, seconds: list[float], in_a_row: float, overhead: float) -> float:
        if not seconds:
            return 0.0
        return (overhead + max(sum(seconds) / max(1, self.parallel), max(seconds), in_a_row)) / 3600

    def pricing_of(self, trial: Trial) -> Pricing | None:
        """Return what prices a trial: the sweep of a source, or this one."""
        return self.source_pricing.get(trial.id, self.pricing)

    def estimate_of(self, trial: Trial, kimg: float) -> Estimate | None:
        """Return the expected time of an attempt that trains a trial for `kimg`."""
        pricing, seen = self.pricing_of(trial), self.observed.get(trial.id)
        if pricing is None:
            return None
        attempt = pricing.attempt(trial, kimg, len(seen.measured.snapshots) if seen else 0)
        return attempt.estimate(pricing.made)

    @property
    def whole_estimate(self) -> Estimate:
        """Return the expected time of the whole plan, from planning to the end of recording."""
        totals, made = self.totals, self.pricing.made if self.pricing else 0.0
        low, seconds, high = (
            3600 * hours for hours in (totals.wall_hours_low, totals.wall_hours, totals.wall_hours_high)
        )
        return Estimate(seconds=seconds, low=low, high=high, plain=seconds, kind="sweep", made=made)

    @cached_property
    def claims(self) -> tuple[ClaimPower, ...]:
        """Return what the seeds of the sweep can show at most of each claim that is tested."""
        return tuple(powers_of(self.sweep, {trial.cell: trial for trial in self.trials}))

    @property
    def claim_problems(self) -> list[Problem]:
        """Return what is wrong with claims of this tier that can never pass, unless `underpowered` says why."""
        return undecidable_problems(self.sweep, self.claims, len(self._firsts), self.seed_cost)

    @property
    def seed_cost(self) -> SeedCost | None:
        """Return what one more seed of every cell costs."""
        if self.pricing is None:
            return None
        costs = [self.pricing.cost(trial, trial.horizon_kimg) for trial in self._firsts]
        gpu_hours = sum(cost.hours * cost.resources.gpus for cost in costs)
        cpu_hours = sum(cost.hours * cost.resources.cpus for cost in costs)
        return SeedCost(gpu_hours, cpu_hours, energy(costs)[0])

    @property
    def _firsts(self) -> list[Trial]:
        """Return the first trial of every cell."""
        return list({trial.cell: trial for trial in reversed(self.trials)}.values())

    @property
    def budget_problems(self) -> list[Problem]:
        """Return what the plan exceeds of the sweep's budget, or what of it cannot be checked."""
        return [self.sweep.problem(("budget", name), text) for name, text in self._over_budget()]

    def _over_budget(self) -> Iterator[tuple[str, str]]:
        totals = self.most
        for name, most in self.sweep.spec.budget.model_dump(exclude_none=True).items():
            needed = getattr(totals, name)
            if needed is None:
                yield name, "cannot be checked; add --watts"
            elif needed > most:
                over = f"costs about {needed:.3g} {name}, over the budget of {most:g}"
                yield name, f"{over}; run fewer cells or raise `budget`"


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
    kept: Container[TransferFromTrial] = frozenset(),
) -> Plan:
    """Return the plan for these trials in their observed states.

    `past_runs` are earlier runs of sweeps, `kept` the snapshots of sources that are there.
    """
    wanted, unique = wanted_of(sweep, trials), unique_trials(trials)
    decided = decide(wanted, observed, rules, decider)
    decisions = held_back(decided, other_sources(trials), dependents_of(unique.values()), observed, kept)
    plan = Plan(sweep, trials, wanted, observed, decisions, {}, parallel, tariff, decider)
    own = Pricing(sweep.spec, evidence, tariff)
    theirs = {trial: Pricing(source.sweep.spec, evidence, tariff, own.made) for trial, source in plan.sources.items()}
    todo = {trial: unique[trial] for trial in wanted if decisions[trial].action in TO_RUN}
    costs = {
        trial: theirs.get(trial, own).cost(one, decisions[trial].kimg, len(observed[trial].measured.snapshots))
        for trial, one in todo.items()
    }
    later = tuple(own.cost(trial, trial.horizon_kimg) for trial in awaited)
    reference = own.reference_seconds([*(one for trial, one in todo.items() if trial not in theirs), *awaited])
    reference += sum(pricing.reference_seconds([todo[trial]]) for trial, pricing in theirs.items() if trial in todo)
    beside = overhead_of(past_runs, reference)
    return replace(
        plan,
        costs=costs,
        awaited=later,
        pricing=own,
        source_pricing=theirs,
        overhead=beside,
    )
