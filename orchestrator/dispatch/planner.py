"""Makes the plan of a sweep file against a store. Reads only."""

import gc
import itertools
import math
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from orchestrator.backends.registry import open_backend
from orchestrator.dispatch.poll import open_handles, reported
from orchestrator.errors import PlanError, Problem, SweepError
from orchestrator.plan.benchmark_file import read_benchmarks
from orchestrator.plan.cautions import cautions
from orchestrator.plan.cost import NO_TARIFF, Tariff
from orchestrator.plan.decide import Decider, decide_one
from orchestrator.plan.decide_evaluation import decide_metrics
from orchestrator.plan.gate import measuring_problems, runtime_problems
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.plan.plan_file import stored_plan
from orchestrator.plan.speed import SpeedEvidence, evidence
from orchestrator.store.datasets import lookup
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed, observe
from orchestrator.store.sweep_runs import recent_runs
from orchestrator.store.timing import timings
from orchestrator.sweep.claims import misplaced_claims
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep, examined
from orchestrator.sweep.search_points import kept_points, typical
from orchestrator.sweep.trial import DataLookup, Trial
from trainer.config.metrics.names import detector_name, distance_name, parse_metric
from trainer.config.probes import parse_probe
from trainer.config.train import TrainConfig
from trainer.record import State

MOST_OTHERS = 100


class Numbers(NamedTuple):
    """Which numbers a person wants of kept snapshots; what is None stays as the sweep has it."""

    metrics: tuple[str, ...] | None = None
    probes: tuple[str, ...] | None = None
    detector: str | None = None
    distance: str | None = None
    evaluation_seeds: int | None = None

    @property
    def given(self) -> dict[str, object]:
        """Return what a person gave, by the keys of a sweep that it replaces."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in self._asdict().items()
            if value is not None
        }


class Request(NamedTuple):
    """What a person asked to be planned: a sweep file, its tier, where it would run, and what differs from the file.

    With `numbers`, snapshots are measured and nothing is trained.
    """

    file: Path
    tier: str = ""
    horizon_kimg: float | None = None
    tariff: Tariff = NO_TARIFF
    backend: str = "local"
    cpus: int | None = None
    numbers: Numbers | None = None


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector while hundreds of thousands of long-lived objects are made."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@collector_paused()
def plan_sweep(store: Store, request: Request) -> Plan:
    """Return the plan of a sweep as things stand."""
    backend, sweep = open_backend(request.backend, store, request.cpus), asked(store, request)
    find = lookup(store)
    trials = tuple(expand(sweep, find))
    if request.numbers is not None:
        sweep = as_it_stands(sweep)
    sample = typical(sweep, find) if sweep.spec.search else []
    problems = _claims_that_do_not_fit(sweep, trials)
    if request.numbers is None:
        problems += runtime_problems(sweep, (*trials, *sample), backend.lacks, backend.name)
    else:
        problems += measuring_problems(sweep, trials, backend.lacks, request.numbers.given)
    if problems:
        raise SweepError(problems)
    configs = {trial.id: trial.config for trial in trials}
    observed = observe(store, configs, reported(store, open_handles(store, configs)))
    known = known_speeds(store, configs, observed, backend.name)
    awaited = tuple(sample * to_sample(sweep))
    parallel = int(min(backend.slots(sweep.spec.resources), most_at_a_time(sweep, len(sample))))
    plan = make_plan(
        sweep,
        trials,
        observed,
        known,
        parallel,
        tariff=request.tariff,
        awaited=awaited,
        decider=_decider(request),
        around=recent_runs(store, backend.name),
    )
    to_run = [plan.unique[trial] for trial in plan.costs]
    return replace(plan, cautions=tuple(cautions(sweep.spec, (*trials, *sample), [*to_run, *awaited], store.root)))


def as_it_stands(sweep: Sweep) -> Sweep:
    """Return a sweep that samples and stops nothing: its trials are only measured."""
    return replace(sweep, spec=sweep.spec.model_copy(update={"search": None, "stop": []}))


def _decider(request: Request) -> Decider:
    return decide_one if request.numbers is None else decide_metrics


def known_speeds(
    store: Store, configs: Mapping[str, TrainConfig], observed: Mapping[str, Observed], backend: str
) -> SpeedEvidence:
    """Return what the trials of a sweep, and some of other sweeps, tell about speed and power on a backend."""
    elsewhere = others(store, configs)
    seen = {**{trial: (configs[trial], one) for trial, one in observed.items()}, **elsewhere}
    done = [trial for trial, (_, one) in seen.items() if one.state is State.DONE]
    timed = [(seen[one.trial][0], one) for one in timings(store, done[-MOST_OTHERS:])]
    return evidence(read_benchmarks(store.benchmarks), seen.values(), timed, backend)


def others(store: Store, own: Container[str]) -> dict[str, tuple[TrainConfig, Observed]]:
    """Return up to MOST_OTHERS trials of other sweeps, as evidence of speed and power."""
    found = itertools.islice((trial for trial in store.ids() if trial not in own), MOST_OTHERS)
    configs = {trial: config for trial in found if (config := store.config(trial))}
    seen = observe(store, configs, {})
    return {trial: (configs[trial], one) for trial, one in seen.items()}


def to_sample(sweep: Sweep) -> int:
    """Return how many configurations the sweep's search has yet to sample."""
    return max(0, sweep.spec.search.trials - len(sweep.sampled)) if sweep.spec.search else 0


def most_at_a_time(sweep: Sweep, trials_of_each: int) -> float:
    """Return how many trials the sweep itself lets run at a time, where a sampled configuration has so many."""
    return sweep.spec.search.parallel * trials_of_each if sweep.spec.search else math.inf


def asked(store: Store, request: Request) -> Sweep:
    """Return the sweep that a person asked for, with what its search has sampled so far."""
    sweep = _read(request, lookup(store))
    plan = stored_plan(store, sweep.key) if sweep.spec.search else None
    return replace(sweep, sampled=kept_points(sweep, plan.search if plan else None))


def _read(request: Request, find: DataLookup) -> Sweep:
    sweep, problems = examined(request.file, request.tier)
    if problems or sweep is None:
        raise SweepError([*problems, *(_further(sweep, find, problems) if sweep else ())])
    changes: dict[str, object] = {}
    if request.horizon_kimg is not None:
        if request.horizon_kimg <= 0:
            raise PlanError("--horizon-kimg", f"{request.horizon_kimg:g} is not more than 0")
        changes["horizon_kimg"] = request.horizon_kimg
    if request.numbers is not None:
        changes |= _checked(request.numbers)
    return replace(sweep, spec=sweep.spec.model_copy(update=changes))


def _further(sweep: Sweep, find: DataLookup, told: Sequence[Problem]) -> list[Problem]:
    """Return what is also wrong with the cells of a sweep that is wrong itself, each place told once."""
    places = {(problem.place, problem.key) for problem in told}
    try:
        typical(sweep, find) if sweep.spec.search else expand(sweep, find)
    except SweepError as error:
        return [problem for problem in error.problems if (problem.place, problem.key) not in places]
    return []


def _checked(numbers: Numbers) -> dict[str, object]:
    """Return what was asked for as settings of a sweep. Raises UserError for names that do not exist."""
    for name in numbers.metrics or ():
        parse_metric(name)
    for name in numbers.probes or ():
        parse_probe(name)
    if numbers.detector:
        detector_name(numbers.detector)
    if numbers.distance:
        distance_name(numbers.distance)
    return numbers.given


def _claims_that_do_not_fit(sweep: Sweep, trials: Sequence[Trial]) -> list[Problem]:
    """Return the claims about cells that are not there; those of a search are not known beforehand."""
    if not sweep.states_claims or sweep.spec.search:
        return []
    cells = {trial.cell: trial for trial in trials}
    return [sweep.problem(path, text) for path, text in misplaced_claims(sweep.spec.claims, cells)]
