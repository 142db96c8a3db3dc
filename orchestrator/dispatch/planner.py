"""Makes the plan of a sweep file for a store. Read-only."""

import gc
import itertools
import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from orchestrator.backends.base import Backend
from orchestrator.backends.registry import open_backend
from orchestrator.dispatch.poll import open_handles, reported_states
from orchestrator.errors import PlanError, Problem, SweepError
from orchestrator.plan.benchmark_file import read_benchmarks
from orchestrator.plan.cautions import cautions
from orchestrator.plan.cost import NO_TARIFF, Tariff
from orchestrator.plan.decide import Decider, decide_one
from orchestrator.plan.decide_evaluation import decide_metrics
from orchestrator.plan.devices import device_choice, with_choice
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.plan.plan_file import stored_plan
from orchestrator.plan.preflight import measuring_problems, runtime_problems
from orchestrator.plan.sources import NeededSource, other_sources, unique_trials
from orchestrator.plan.speed import SpeedEvidence, evidence
from orchestrator.store.datasets import lookup
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed, observe
from orchestrator.store.starting_point import kept_snapshots
from orchestrator.store.sweep_runs import recent_runs
from orchestrator.store.timing import timings
from orchestrator.sweep.claims import misplaced_claims
from orchestrator.sweep.expand import expand
from orchestrator.sweep.published_values import misplaced_values
from orchestrator.sweep.reader import Sweep, examined
from orchestrator.sweep.search_points import stored_points, typical_trials
from orchestrator.sweep.spec import MAX_HORIZON_KIMG
from orchestrator.sweep.trial import DataLookup, Trial
from trainer.config.metrics.names import detector_name, distance_name, parse_metric
from trainer.config.probes import parse_probe
from trainer.config.train import TrainConfig
from trainer.config.training import TransferFromTrial
from trainer.record import State

MOST_OTHERS = 100


class RequestedEvaluation(NamedTuple):
    """Metrics and probes requested on the command line; None: as in the sweep."""

    metrics: tuple[str, ...] | None = None
    probes: tuple[str, ...] | None = None
    detector: str | None = None
    distance: str | None = None
    evaluation_seeds: int | None = None

    @property
    def given(self) -> dict[str, object]:
        """Return the given values by the keys of the sweep that they replace."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in self._asdict().items()
            if value is not None
        }


class Request(NamedTuple):
    """A request to plan: a sweep file, its tier, the backend, and overrides.

    With `evaluation`, snapshots are evaluated and nothing is trained.
    """

    file: Path
    tier: str = ""
    horizon_kimg: float | None = None
    tariff: Tariff = NO_TARIFF
    backend: str = "local"
    cpus: int | None = None
    evaluation: RequestedEvaluation | None = None


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector while hundreds of thousands of long-lived objects are created."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@collector_paused()
def plan_sweep(store: Store, request: Request) -> Plan:
    """Return the plan of a sweep for the current state of the store."""
    backend, find = open_backend(request.backend, store, request.cpus), lookup(store)
    sweep = requested_sweep(store, request)
    choice = None
    if sweep.spec.resources.chosen:
        choice = device_choice(sweep, cells_to_size(sweep, find), store.benchmarks, backend.lacks)
        sweep = with_choice(sweep, choice)
    trials = tuple(expand(sweep, find))
    if request.evaluation is not None:
        sweep, trials = without_search(sweep), tuple(replace(trial, source=None) for trial in trials)
    sample = typical_trials(sweep, find) if sweep.spec.search else []
    problems = _misplaced_claims(sweep, trials)
    if request.evaluation is None:
        problems += runtime_problems(sweep, (*trials, *sample), backend.lacks, backend.name)
        problems += _problems_of_sources((*trials, *sample), backend)
    else:
        problems += measuring_problems(sweep, trials, backend.lacks, request.evaluation.given)
    if problems:
        raise SweepError(problems)
    unique = unique_trials(trials)
    configs = {trial.id: trial.config for trial in unique.values()}
    observed = observe(store, configs, reported_states(store, open_handles(store, configs)))
    known = speed_evidence(store, configs, observed, backend.name)
    awaited = tuple(sample * to_sample(sweep))
    parallel = int(min(backend.slots(sweep.spec.resources.at()), most_at_a_time(sweep, len(sample))))
    plan = make_plan(
        sweep,
        trials,
        observed,
        known,
        parallel,
        tariff=request.tariff,
        awaited=awaited,
        decider=_decider(request),
        past_runs=recent_runs(store, backend.name),
        kept=kept_snapshots(store, _starts(unique.values(), observed)),
    )
    to_run = [plan.unique[trial] for trial in plan.costs]
    warnings = tuple(cautions(sweep.spec, (*trials, *sample), [*to_run, *awaited], store.root))
    return replace(plan, cautions=warnings, devices=choice)


def cells_to_size(sweep: Sweep, find: DataLookup) -> list[Trial]:
    """Return the trials whose number of devices is to be chosen: all, or typical ones of a search."""
    return typical_trials(sweep, find) if sweep.spec.search else expand(sweep, find)


def _problems_of_sources(trials: Sequence[Trial], backend: Backend) -> list[Problem]:
    """Return what would fail of the trials of other sweeps that these start from, at the lines of those sweeps."""
    by_sweep: dict[str, list[NeededSource]] = {}
    for source in other_sources(trials).values():
        by_sweep.setdefault(source.sweep.key, []).append(source)
    found = (
        runtime_problems(group[0].sweep, [one.trial for one in group], backend.lacks, backend.name)
        for group in by_sweep.values()
    )
    unknown = [
        group[0].sweep.problem(("resources",), "auto is not possible in the sweep of a source; name a number")
        for group in by_sweep.values()
        if group[0].sweep.spec.resources.chosen
    ]
    return [*unknown, *(problem for problems in found for problem in problems)]


def _starts(trials: Iterable[Trial], observed: Mapping[str, Observed]) -> Iterator[TransferFromTrial]:
    """Yield the snapshots that trials start from which have not begun, where the source has."""
    for trial in trials:
        source = trial.source
        if source and observed[source.trial.id].attempts and not observed[trial.id].attempts:
            yield source.snapshot


def without_search(sweep: Sweep) -> Sweep:
    """Return a sweep without search and stop rules, to evaluate its existing trials."""
    return replace(sweep, spec=sweep.spec.model_copy(update={"search": None, "stop": []}))


def _decider(request: Request) -> Decider:
    return decide_one if request.evaluation is None else decide_metrics


def speed_evidence(
    store: Store, configs: Mapping[str, TrainConfig], observed: Mapping[str, Observed], backend: str
) -> SpeedEvidence:
    """Return the evidence about speed and power on a backend, from this sweep and up to MOST_OTHERS other trials."""
    elsewhere = other_trials(store, configs)
    seen = {**{trial: (configs[trial], one) for trial, one in observed.items()}, **elsewhere}
    done = [trial for trial, (_, one) in seen.items() if one.state is State.DONE]
    timed = [(seen[one.trial][0], one) for one in timings(store, done[-MOST_OTHERS:])]
    return evidence(read_benchmarks(store.benchmarks), seen.values(), timed, backend)


def other_trials(store: Store, own: Container[str]) -> dict[str, tuple[TrainConfig, Observed]]:
    """Return up to MOST_OTHERS trials of other sweeps."""
    found = itertools.islice((trial for trial in store.ids() if trial not in own), MOST_OTHERS)
    configs = {trial: config for trial in found if (config := store.config(trial))}
    seen = observe(store, configs, {})
    return {trial: (configs[trial], one) for trial, one in seen.items()}


def to_sample(sweep: Sweep) -> int:
    """Return the number of configurations that the sweep's search has yet to sample."""
    return max(0, sweep.spec.search.trials - len(sweep.sampled)) if sweep.spec.search else 0


def most_at_a_time(sweep: Sweep, trials_of_each: int) -> float:
    """Return the sweep's own limit of parallel trials, given the number of trials per sampled configuration."""
    return sweep.spec.search.parallel * trials_of_each if sweep.spec.search else math.inf


def requested_sweep(store: Store, request: Request) -> Sweep:
    """Return the requested sweep with the configurations that its search has sampled so far."""
    sweep = _read(request, lookup(store))
    plan = stored_plan(store, sweep.key) if sweep.spec.search else None
    return replace(sweep, sampled=stored_points(sweep, plan.search if plan else None))


def _read(request: Request, find: DataLookup) -> Sweep:
    sweep, problems = examined(request.file, request.tier)
    if problems or sweep is None:
        raise SweepError([*problems, *(_further(sweep, find, problems) if sweep else ())])
    changes: dict[str, object] = {}
    if request.horizon_kimg is not None:
        if not 0 < request.horizon_kimg <= MAX_HORIZON_KIMG:
            limit = f"at most {MAX_HORIZON_KIMG:g}" if request.horizon_kimg > 0 else "more than 0"
            raise PlanError("--horizon-kimg", f"{request.horizon_kimg:g} is not {limit}")
        sweep = replace(sweep, spec=sweep.spec.at_horizon(request.horizon_kimg))
    if request.evaluation is not None:
        changes |= _checked(request.evaluation)
    return replace(sweep, spec=sweep.spec.model_copy(update=changes))


def _further(sweep: Sweep, find: DataLookup, known: Sequence[Problem]) -> list[Problem]:
    """Return the problems of a sweep's cells, except at places with known problems."""
    places = {(problem.place, problem.key) for problem in known}
    try:
        typical_trials(sweep, find) if sweep.spec.search else expand(sweep, find)
    except SweepError as error:
        return [problem for problem in error.problems if (problem.place, problem.key) not in places]
    return []


def _checked(evaluation: RequestedEvaluation) -> dict[str, object]:
    """Return the request as settings of a sweep. Raises UserError for unknown names."""
    for name in evaluation.metrics or ():
        parse_metric(name)
    for name in evaluation.probes or ():
        parse_probe(name)
    if evaluation.detector:
        detector_name(evaluation.detector)
    if evaluation.distance:
        distance_name(evaluation.distance)
    return evaluation.given


def _misplaced_claims(sweep: Sweep, trials: Sequence[Trial]) -> list[Problem]:
    """Return claims and published values of missing cells; the cells of a search are not known in advance."""
    if sweep.spec.search:
        return []
    cells = {trial.cell: trial for trial in trials}
    claims = misplaced_claims(sweep.spec.claims, cells) if sweep.states_claims else ()
    values = misplaced_values(sweep.spec.published, cells) if sweep.states_published else ()
    return [sweep.problem(path, text) for path, text in (*claims, *values)]
