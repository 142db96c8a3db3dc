"""A plan: every cell of a sweep, what its trial needs, why, and at what price. Values only; nothing here acts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from orchestrator.decide import SUBMITTED, Action, Decider, Decision, Rules, Wanted, decide, decide_one
from orchestrator.errors import PlanError
from orchestrator.observe import Observed
from orchestrator.price import Evidence, Price, price
from orchestrator.spec import SweepSpec
from orchestrator.sweep_file import Sweep
from orchestrator.trial import Trial
from trainer.config.metrics import parse_metric

SCHEMA_VERSION = 1


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
    money: float | None


@dataclass(frozen=True)
class Plan:
    """What a sweep wants, what is there, and what follows."""

    sweep: Sweep
    trials: tuple[Trial, ...]
    wanted: Mapping[str, Wanted]
    observed: Mapping[str, Observed]
    decisions: Mapping[str, Decision]
    prices: Mapping[str, Price]
    parallel: int
    tariff: Tariff
    decider: Decider = decide_one

    @cached_property
    def unique(self) -> Mapping[str, Trial]:
        """Return each trial once, by id, in order: cells may share one."""
        return {trial.id: trial for trial in reversed(self.trials)}

    @cached_property
    def actions(self) -> Mapping[str, int]:
        """Return how many trials need what."""
        counted = Counter(decision.action.value for decision in self.decisions.values())
        return {action.value: counted[action.value] for action in Action if counted[action.value]}

    @cached_property
    def totals(self) -> Totals:
        """Return the price of everything that would be submitted."""
        resources = self.sweep.spec.resources
        to_do = [trial for trial, decision in self.decisions.items() if decision.action in SUBMITTED]
        seconds = sum(self.prices[trial].seconds for trial in to_do)
        gpu_hours, cpu_hours = (seconds / 3600 * count for count in (resources.gpus, resources.cpus))
        kwh = None if self.tariff.watts is None else seconds / 3600 * self.tariff.watts / 1000
        return Totals(
            runs=len(to_do),
            kimg=sum(self.decisions[trial].kimg for trial in to_do),
            cpu_hours=cpu_hours,
            gpu_hours=gpu_hours,
            wall_hours=self._wall([self.prices[trial].seconds for trial in to_do]),
            wall_hours_low=self._wall([self.prices[trial].low for trial in to_do]),
            wall_hours_high=self._wall([self.prices[trial].high for trial in to_do]),
            kwh=kwh,
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


def wanted_of(sweep: Sweep, trials: tuple[Trial, ...]) -> dict[str, Wanted]:
    """Return what a sweep wants of each trial."""
    spec = sweep.spec
    numbers = (tuple(spec.metrics), spec.detector, spec.distance, spec.evaluation_seeds, tuple(spec.probes))
    return {trial.id: Wanted(trial.horizon_kimg, *numbers) for trial in trials}


def make_plan(
    sweep: Sweep,
    trials: tuple[Trial, ...],
    observed: Mapping[str, Observed],
    evidence: Evidence,
    parallel: int,
    rules: Rules = RULES,
    tariff: Tariff = NO_TARIFF,
    decider: Decider = decide_one,
) -> Plan:
    """Return the plan that follows from what is wanted and what is seen."""
    wanted = wanted_of(sweep, trials)
    decisions = decide(wanted, observed, rules, decider)
    spec, images = sweep.spec, evaluated_images(sweep.spec)
    todo = {trial.id: trial for trial in trials if decisions[trial.id].action in SUBMITTED}
    cells = {trial.cell: trial.config for trial in todo.values()}  # seeds of a cell cost the same
    rates = {cell: evidence.rate(config, spec.resources, images) for cell, config in cells.items()}
    every = spec.watch.evaluate_every_kimg
    prices = {trial.id: price(rates[trial.cell], decisions[trial.id].kimg, every) for trial in todo.values()}
    return Plan(sweep, trials, wanted, observed, decisions, prices, parallel, tariff, decider)


def evaluated_images(spec: SweepSpec) -> int:
    """Return how many images are generated for one evaluation: metrics of one detector share them."""
    return max((parse_metric(name).generated for name in spec.metrics), default=0)


def stored(plan: Plan) -> dict[str, Any]:
    """Return what sweeps/NAME/plan.json says: the cells and their trials. The analysis reads it."""
    spec = plan.sweep.spec
    return {
        "schema_version": SCHEMA_VERSION,
        "sweep": plan.sweep.key,
        "name": spec.sweep,
        "tier": plan.sweep.tier,
        "file": str(plan.sweep.source.file),
        "question": spec.question,
        "horizon_kimg": spec.horizon_kimg,
        "metrics": spec.metrics,
        "detector": spec.detector,
        "distance": spec.distance,
        "evaluation_seeds": spec.evaluation_seeds,
        "probes": spec.probes,
        "score": spec.score_name,
        "figures": spec.figures,
        "claims": spec.claims,
        "cells": [
            {
                "cell": trial.cell,
                "settings": dict(trial.settings),
                "seed": trial.seed,
                "trial": trial.id,
                "horizon_kimg": trial.horizon_kimg,
            }
            for trial in plan.trials
        ],
    }


def told(plan: Plan) -> dict[str, Any]:
    """Return what `adasweep plan --json` prints: the stored plan with actions, reasons and prices."""
    document = stored(plan)
    for cell in document["cells"]:
        decision, cost = plan.decisions[cell["trial"]], plan.prices.get(cell["trial"])
        cell |= {"action": decision.action.value, "reason": decision.reason, "from_kimg": decision.from_kimg}
        cell |= {"price": cost._asdict() if cost else None}
    return document | {"actions": dict(plan.actions), "totals": plan.totals._asdict(), "parallel": plan.parallel}


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
