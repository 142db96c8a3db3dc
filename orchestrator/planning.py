"""From a sweep file and a store to a plan: reads, changes nothing."""

import itertools
import math
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from orchestrator.backends.registry import open_backend
from orchestrator.claims import misplaced_claims
from orchestrator.datasets import lookup
from orchestrator.errors import PlanError, SweepError
from orchestrator.expand import expand
from orchestrator.observe import Observed, observe
from orchestrator.plan import NO_TARIFF, Plan, Tariff, make_plan
from orchestrator.price import evidence
from orchestrator.reported import open_handles, reported
from orchestrator.search.points import kept_points, typical
from orchestrator.status import stored_plan
from orchestrator.store import Store
from orchestrator.sweep_file import Sweep, read_sweep
from orchestrator.trial import Trial
from trainer.config.train import TrainConfig

MOST_OTHERS = 100


class Request(NamedTuple):
    """What a person asked to be planned: a sweep file, its tier, where it would run,
    and what is to differ from the file."""

    file: Path
    tier: str = ""
    horizon_kimg: float | None = None
    tariff: Tariff = NO_TARIFF
    backend: str = "local"
    cpus: int | None = None


def plan_sweep(store: Store, request: Request) -> Plan:
    """Return the plan of a sweep as things stand."""
    backend, sweep = open_backend(request.backend, store, request.cpus), asked(store, request)
    find = lookup(store)
    trials = tuple(expand(sweep, find))
    _require_claims_fit(sweep, trials)
    configs = {trial.id: trial.config for trial in trials}
    observed = observe(store, configs, reported(store, open_handles(store, configs)))
    own = [(configs[trial], seen) for trial, seen in observed.items()]
    known = evidence(store.probes, [*own, *others(store, configs)])
    sample = typical(sweep, find) if sweep.spec.search else []
    awaited = tuple(sample * to_sample(sweep))
    parallel = int(min(backend.slots(sweep.spec.resources), most_at_a_time(sweep, len(sample))))
    return make_plan(sweep, trials, observed, known, parallel, tariff=request.tariff, awaited=awaited)


def others(store: Store, own: Container[str]) -> list[tuple[TrainConfig, Observed]]:
    """Return trials of other sweeps for what they tell about speed and power: so many that looking takes no time."""
    found = itertools.islice((trial for trial in store.ids() if trial not in own), MOST_OTHERS)
    configs = {trial: config for trial in found if (config := store.config(trial))}
    seen = observe(store, configs, {})
    return [(configs[trial], one) for trial, one in seen.items()]


def to_sample(sweep: Sweep) -> int:
    """Return how many configurations the sweep's search has yet to sample."""
    return max(0, sweep.spec.search.trials - len(sweep.sampled)) if sweep.spec.search else 0


def most_at_a_time(sweep: Sweep, trials_of_each: int) -> float:
    """Return how many trials the sweep itself lets run at a time, where a sampled configuration has so many."""
    return sweep.spec.search.parallel * trials_of_each if sweep.spec.search else math.inf


def asked(store: Store, request: Request) -> Sweep:
    """Return the sweep that a person asked for, with what its search has sampled so far."""
    sweep = _read(request)
    return replace(sweep, sampled=kept_points(sweep, stored_plan(store, sweep.key) if sweep.spec.search else None))


def _read(request: Request) -> Sweep:
    sweep = read_sweep(request.file, request.tier)
    if request.horizon_kimg is None:
        return sweep
    if request.horizon_kimg <= 0:
        raise PlanError("--horizon-kimg", f"{request.horizon_kimg:g} is not more than 0")
    return replace(sweep, spec=sweep.spec.model_copy(update={"horizon_kimg": request.horizon_kimg}))


def _require_claims_fit(sweep: Sweep, trials: Sequence[Trial]) -> None:
    """Raise SweepError for claims about cells that are not there; those of a search are not known beforehand."""
    if not sweep.states_claims or sweep.spec.search:
        return
    cells = {trial.cell: trial.settings for trial in trials}
    problems = [sweep.problem(path, text) for path, text in misplaced_claims(sweep.spec.claims, cells)]
    if problems:
        raise SweepError(problems)
