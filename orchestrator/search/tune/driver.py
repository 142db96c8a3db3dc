"""Drives a search with Ray Tune: OptunaSearch samples, ASHA stops, and every Tune trial drives an ordinary trial.

    python -m orchestrator.search.tune.driver STORE SWEEP CODE KIMG TIER

The driver runs as a Ray job. Tune's own experiment state is never restored: each driver starts a new experiment, whose
first configurations are those of the plan, and whose trials first report the scores recorded in their directories. The
directories are the source of truth; finished trials are only reported again.
"""

import os
import shutil
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.dispatch.submit import run_options
from orchestrator.errors import LeaseHeld, SweepError
from orchestrator.plan.decide import RULES, SUBMITTED, Action, decide_one
from orchestrator.plan.plan import Plan
from orchestrator.plan.plan_document import write_plan
from orchestrator.plan.wanted import wanted_of
from orchestrator.search.optuna import sampler_of
from orchestrator.search.tune.completion import finish
from orchestrator.search.tune.trial import SCORE, TrialSpec, drive
from orchestrator.store.datasets import lookup
from orchestrator.store.layout import Store
from orchestrator.store.lease import BEAT_SECONDS, Lease, acquire
from orchestrator.store.observe import observe_run
from orchestrator.store.requests import stop
from orchestrator.sweep.expand import applies
from orchestrator.sweep.search_points import trials_of
from orchestrator.sweep.search_space import Applies, Point, Search, Suggests, sampled
from orchestrator.sweep.stop_rules import Asha
from orchestrator.sweep.trial import DataLookup, Trial

NODE_LOSSES = 20
"""How often Tune restarts a trial whose node was lost; it then continues from its directory."""


@dataclass
class SearchState:
    """The growing plan of a search: each configuration that Tune samples becomes a trial in the store."""

    store: Store
    plan: Plan
    find: DataLookup
    code: Path
    tried: list[Point] = field(default_factory=list)

    @property
    def search(self) -> Search:
        assert self.plan.sweep.spec.search
        return self.plan.sweep.spec.search

    def known(self) -> list[dict[str, Any]]:
        """Return the configurations already in the plan, in Optuna's form."""
        space = self.search.space
        return [{key: space[key].token(value) for key, value in point.items()} for point in self.plan.sweep.sampled]

    def add(self, point: Point) -> dict[str, Any]:
        """Add a configuration to the plan; return it in the form that `drive` expects."""
        if point in self.tried:
            sys.stderr.write(f"sampled before, not run again: {dict(point)}\n")
            return {"trial": ""}
        self.tried.append(point)
        try:
            (trial,) = trials_of(self.plan.sweep, point, self.find)
        except SweepError as error:
            sys.stderr.write(f"invalid configuration: {error}\n")
            return {"trial": ""}
        self.store.create_trial(trial)
        if point not in self.plan.sweep.sampled:
            self._grow(point, trial)
        return {"trial": self._spec(trial).model_dump_json()}

    def _grow(self, point: Point, trial: Trial) -> None:
        sweep, trials = replace(self.plan.sweep, sampled=(*self.plan.sweep.sampled, point)), (*self.plan.trials, trial)
        self.plan = replace(self.plan, sweep=sweep, trials=trials, wanted=wanted_of(sweep, trials))
        write_plan(self.store, self.plan)

    def _spec(self, trial: Trial) -> TrialSpec:
        sweep = self.plan.sweep
        return TrialSpec(
            store=self.store.root.resolve(),
            trial=trial.id,
            options=run_options(sweep.spec, self.store, trial, trial.horizon_kimg),
            resources=trial.resources,
            sweep=sweep.key,
            metrics=tuple(sweep.spec.metrics),
            detector=sweep.spec.detector,
            score=sweep.spec.score_name,
            code=self.code,
            batch=max(trial.config.batch_schedule.batches),
            estimate=self.plan.estimate_of(trial, trial.horizon_kimg),
        )


@dataclass
class Space:
    """The space of a search as a function for Optuna: it samples a configuration and adds it to the plan."""

    state: SearchState
    fits: Applies

    def __call__(self, trial: Suggests) -> dict[str, Any]:
        return self.state.add(sampled(self.state.search.space, trial, self.fits))

    def __reduce__(self) -> tuple[type[str], tuple[()]]:
        """Pickle as an empty string: Tune saves copies of its searcher, but they are never restored."""
        return str, ()


class Watcher(tune.Callback):  # type: ignore[misc]  # skipped: see pyproject.toml
    """Marks trials that Tune's scheduler has stopped, and renews the lease of the search."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.renewed = time.monotonic()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        if time.monotonic() - self.renewed > BEAT_SECONDS:
            self.lease.beat()
            self.renewed = time.monotonic()

    def on_trial_complete(self, *_: Any, **details: Any) -> None:
        trial = details["trial"]
        spec = TrialSpec.of(trial.config["trial"])
        if spec is None:
            return
        seen = observe_run(spec.run, None, time.time())
        decision = decide_one(spec.wanted, seen, RULES)
        if decision.action in SUBMITTED | {Action.LEAVE}:
            at = trial.last_result.get("kimg", seen.kimg)
            stop(spec.run, spec.sweep, f"stopped at {at:g} kimg: Ray Tune's ASHA kept better ones")


def carry_out(state: SearchState, lease: Lease) -> None:
    """Run the whole search, starting with the configurations in the plan."""
    search, resources = state.search, state.plan.sweep.spec.resources.at()
    folder = state.store.root.resolve() / "tune" / state.plan.sweep.key
    shutil.rmtree(folder, ignore_errors=True)
    searcher = OptunaSearch(
        space=Space(state, applies(state.plan.sweep, state.find)),
        metric=SCORE,
        mode="min",
        points_to_evaluate=state.known(),
        sampler=sampler_of(search, len(state.known())),
    )
    needs = {"cpu": resources.cpus, "gpu": resources.gpus, "memory": resources.memory_gib * 2**30}
    tuner = tune.Tuner(
        tune.with_resources(drive, needs),
        tune_config=tune.TuneConfig(
            num_samples=search.trials,
            max_concurrent_trials=search.parallel,
            search_alg=searcher,
            scheduler=scheduler_of(state.plan),
        ),
        run_config=tune.RunConfig(
            name=f"at-{int(time.time())}",
            storage_path=str(folder),
            failure_config=tune.FailureConfig(max_failures=NODE_LOSSES),
            checkpoint_config=tune.CheckpointConfig(),
            callbacks=[Watcher(lease)],
            verbose=0,
        ),
    )
    tuner.fit()


def scheduler_of(plan: Plan) -> TrialScheduler:
    """Return Tune's ASHA with the rungs of the sweep's rule, or a scheduler that stops nothing."""
    rules = [rule for rule in plan.sweep.spec.stop if isinstance(rule, Asha)]
    if not rules:
        return FIFOScheduler()
    horizon, rule = plan.sweep.spec.horizon_kimg, rules[0]
    return ASHAScheduler(
        time_attr="kimg",
        metric=SCORE,
        mode="min",
        max_t=max(horizon, rule.first_kimg) * rule.factor,  # so that no trial is stopped for reaching the horizon
        grace_period=rule.first_kimg,
        reduction_factor=rule.factor,
    )


def main(arguments: list[str]) -> int:
    """Drive a search, unless another process does."""
    root, file, code, kimg, tier = arguments
    store = Store(Path(root))
    plan = plan_sweep(store, Request(Path(file), tier, float(kimg), backend="ray"))
    try:
        lease = acquire(store.plan(plan.sweep.key).parent)
    except LeaseHeld as held:
        sys.stderr.write(f"{held}; nothing to do here\n")
        return 0
    try:
        ray.init(log_to_driver=False)
        carry_out(SearchState(store, plan, lookup(store), Path(code)), lease)
        finish(store, plan.sweep)
    finally:
        lease.release()
    return 0


if __name__ == "__main__":
    os.environ["TUNE_DISABLE_STRICT_METRIC_CHECKING"] = "1"  # only reports after an evaluation have a score
    sys.exit(main(sys.argv[1:]))
