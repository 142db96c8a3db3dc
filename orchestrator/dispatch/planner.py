"""Makes the plan of a sweep file for a store. Read-only."""

import gc
import itertools
import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from orchestrator.backends.base import Backend
from orchestrator.backends.registry import open_backend
from orchestrator.dispatch.gate import ANY_MACHINE, Gated, Machine, gated
from orchestrator.dispatch.plan_cautions import cautions_of_plan, of_lines
from orchestrator.dispatch.poll import open_handles, reported_states
from orchestrator.dispatch.request import COMMAND_LINE, Request, option_problem, request_problems
from orchestrator.errors import BackendError, Problem, SweepError, require_none
from orchestrator.plan.benchmark_file import read_benchmarks
from orchestrator.plan.cautions import cautions
from orchestrator.plan.claim_power import ClaimPower, powers_of, undecidable_problems
from orchestrator.plan.decide import Action, Decider, decide_one
from orchestrator.plan.decide_evaluation import decide_metrics
from orchestrator.plan.devices import device_choice, with_choice
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.plan.plan_file import stored_plan
from orchestrator.plan.sequential import further_trials, reached_seeds, was_decided
from orchestrator.plan.sources import NeededSource, unique_trials
from orchestrator.plan.speed import SpeedEvidence, evidence
from orchestrator.store.datasets import lookup
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed, observe
from orchestrator.store.starting_point import kept_snapshots
from orchestrator.store.sweep_runs import recent_runs
from orchestrator.store.timing import timings
from orchestrator.sweep.expand import examined_cells
from orchestrator.sweep.expansion import Expansion
from orchestrator.sweep.keys import HORIZON
from orchestrator.sweep.reader import Sweep, examined, read_sweep
from orchestrator.sweep.search_points import configurations, stored_points, typical_cells
from orchestrator.sweep.trial import DataLookup, Trial
from orchestrator.sweep.unsampled import unsampled_trials
from trainer.config.train import TrainConfig
from trainer.config.training import TransferFromTrial
from trainer.errors import UserError
from trainer.record import State

MOST_OTHERS = 100


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector while hundreds of thousands of long-lived objects are created."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@collector_paused()
def plan_sweep(store: Store, request: Request) -> Plan:
    """Return the plan of a sweep for the current state of the store. Raises SweepError with all that is wrong."""
    wrong, find, choice = list(request_problems(request)), lookup(store), None
    backend = _opened(store, request, wrong)
    read = examined(request.file, request.tier)
    if read.sweep is None:
        raise SweepError([*wrong, *read.problems])
    sweep = _requested(store, read.sweep, request)
    if request.detach and sweep.spec.search:
        wrong.append(option_problem("detach", "a search must be watched: it samples configurations one by one"))
    if backend and sweep.spec.resources.chosen and not read.problems and (trials := cells_to_size(sweep, find)):
        choice = device_choice(sweep, trials, store.benchmarks, backend.lacks)
        sweep = with_choice(sweep, choice)
    machine = Machine(backend.name, backend.lacks) if backend else ANY_MACHINE
    replaced = None if request.evaluation is None else request.evaluation.given
    found = gated(read, sweep, find, machine, replaced)
    if backend is None or wrong or found.problems:
        raise _refusal(store, request, found, backend, wrong)
    return replace(_planned(store, request, found, backend, find), devices=choice)


def _opened(store: Store, request: Request, wrong: list[Problem]) -> Backend | None:
    """Return the backend of a request; None if there is none, with the reason added to what is `wrong`."""
    try:
        return open_backend(request.backend, store, request.cpus if request.is_cpus_valid else None)
    except SweepError as error:
        wrong += error.problems
    except UserError as error:
        told = "; ".join(filter(None, (error.problem, error.way_out)))
        wrong.append(Problem(COMMAND_LINE, str(error.place), told))
    return None


def sweep_to_size(store: Store, request: Request) -> Sweep:
    """Return the requested sweep as its file has it, the number of devices not chosen. Raises SweepError."""
    require_none(list(request_problems(request)))
    return _requested(store, read_sweep(request.file, request.tier), request)


def cells_to_size(sweep: Sweep, find: DataLookup) -> list[Trial]:
    """Return the valid trials whose number of devices is to be chosen: all, or typical ones of a search."""
    return (typical_cells if sweep.spec.search else examined_cells)(sweep, find).trials


def _refusal(
    store: Store, request: Request, found: Gated, backend: Backend | None, wrong: Sequence[Problem]
) -> SweepError:
    """Return the refusal of a sweep: all that is wrong, claims that can never pass, and warnings.

    If its valid trials alone exceed the budget, this is said as well. Without a backend, nothing is priced.
    """
    problems, outages, every = [*wrong, *found.problems], list[str](), (*found.trials, *found.sample)
    unknown = found.left_out if request.is_horizon_valid else found.left_out | {HORIZON}
    warnings = [*cautions(found.sweep.spec, every, every, store.root, unknown), *of_lines(found)]
    if not (backend and every and found.is_priceable and request.is_horizon_valid):
        return SweepError([*problems, *_undecidable(request, found)], warnings)
    try:
        plan = _planned(store, request.with_valid_prices(), found, backend, lookup(store), outages)
    except (BackendError, UserError) as error:
        unpriced = f"the budget is not checked: {error}"
        return SweepError([*problems, *_undecidable(request, found)], [*warnings, unpriced])
    unchecked = [f"the budget is not checked: {outage}" for outage in outages]
    over = [] if outages else _over_budget(plan, request)
    return SweepError([*problems, *_undecidable(request, found, plan), *over], [*plan.cautions, *unchecked])


def _over_budget(plan: Plan, request: Request) -> list[Problem]:
    """Return what a plan exceeds of its budget; without valid prices, nothing of energy."""
    kwh = plan.sweep.problem(("budget", "kwh"), "").key
    return [one for one in plan.budget_problems if request.are_prices_valid or one.key != kwh]


def _undecidable(request: Request, found: Gated, plan: Plan | None = None) -> list[Problem]:
    """Return the claims that can never pass; what more seeds cost is told if all cells can be priced."""
    if request.evaluation is not None or found.cells is None:
        return []
    is_priced = plan and found.cells.keys() == {trial.cell for trial in found.trials}
    wrong = {(problem.place, problem.key) for problem in found.problems}
    powers = [one for one in powers_of(found.sweep, found.cells) if _place_of(found.sweep, one) not in wrong]
    return undecidable_problems(found.sweep, powers, len(found.cells), plan.seed_cost if plan and is_priced else None)


def _place_of(sweep: Sweep, power: ClaimPower) -> tuple[str, str]:
    place, key, _ = sweep.problem(("claims", power.place), "")
    return place, key


def problems_of_plan(plan: Plan, request: Request) -> list[Problem]:
    """Return why a plan is not to be run: claims that can never pass, where it trains, and costs over the budget."""
    return [*(plan.claim_problems if request.evaluation is None else ()), *plan.budget_problems]


def _planned(
    store: Store,
    request: Request,
    found: Gated,
    backend: Backend,
    find: DataLookup,
    outages: list[str] | None = None,
) -> Plan:
    """Return the plan of the valid trials; `outages` as in `reported_states`."""
    sweep, trials, sample = found.sweep, found.trials, found.sample
    unique = unique_trials(trials)
    configs = {trial.id: trial.config for trial in unique.values()}
    observed = observe(store, configs, reported_states(store, open_handles(store, configs), outages=outages))
    known = speed_evidence(store, configs, observed, backend)
    there = configurations(sweep, find) if sweep.spec.search else 0
    awaited = unsampled_trials(sweep, find, sample, there - len(sweep.sampled)) if sample else ()
    parallel = int(min(_slots(backend, sweep), most_at_a_time(sweep, len(sample))))
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
    warned = cautions_of_plan(store, plan, found, backend, awaited, there)
    return replace(plan, possible=_possible(store, plan, found.expansion), cautions=tuple(warned))


def _possible(store: Store, plan: Plan, expansion: Expansion | None) -> dict[str, NeededSource]:
    """Return the trials that claims may yet add; none if all runs are over, and decided all claims."""
    sweep = plan.sweep
    is_over = all(decision.action is Action.REUSE for decision in plan.decisions.values())
    if sweep.spec.sequential is None or (is_over and was_decided(sweep.spec, stored_plan(store, sweep.key))):
        return {}
    return further_trials(expansion, plan.trials) if expansion else {}


def _starts(trials: Iterable[Trial], observed: Mapping[str, Observed]) -> Iterator[TransferFromTrial]:
    """Yield the snapshots that trials start from which have not begun, where the source has."""
    for trial in trials:
        source = trial.source
        if source and observed[source.trial.id].attempts and not observed[trial.id].attempts:
            yield source.snapshot


def _decider(request: Request) -> Decider:
    return decide_one if request.evaluation is None else decide_metrics


def speed_evidence(
    store: Store, configs: Mapping[str, TrainConfig], observed: Mapping[str, Observed], backend: Backend
) -> SpeedEvidence:
    """Return the evidence about speed and power on a backend, from this sweep and up to MOST_OTHERS other trials."""
    elsewhere = other_trials(store, configs)
    seen = {**{trial: (configs[trial], one) for trial, one in observed.items()}, **elsewhere}
    done = [trial for trial, (_, one) in seen.items() if one.state is State.DONE]
    timed = [(seen[one.trial][0], one) for one in timings(store, done[-MOST_OTHERS:])]
    return evidence(read_benchmarks(store.benchmarks), seen.values(), timed, backend.name, backend.power)


def other_trials(store: Store, own: Container[str]) -> dict[str, tuple[TrainConfig, Observed]]:
    """Return up to MOST_OTHERS trials of other sweeps, without those that may not be read."""
    found = itertools.islice((trial for trial in store.readable_ids() if trial not in own), MOST_OTHERS)
    readable = (trial for trial in found if not store.run(trial).unreadable_folder())
    configs = {trial: config for trial in readable if (config := store.config(trial))}
    seen = observe(store, configs, {})
    return {trial: (configs[trial], one) for trial, one in seen.items()}


def _slots(backend: Backend, sweep: Sweep) -> int:
    """Return how many trials can run at a time: one, where a cluster does not answer, as `Backend.doubts` reports."""
    try:
        return backend.slots(sweep.spec.resources.at())
    except BackendError:
        return 1


def most_at_a_time(sweep: Sweep, trials_of_each: int) -> float:
    """Return the sweep's own limit of parallel trials, given the number of trials per sampled configuration."""
    return sweep.spec.search.parallel * trials_of_each if sweep.spec.search else math.inf


def _requested(store: Store, sweep: Sweep, request: Request) -> Sweep:
    """Return a sweep with what a request changes, and with what its search has sampled or its cells reached so far."""
    changes: dict[str, object] = {}
    if request.horizon_kimg is not None and request.is_horizon_valid:
        sweep = replace(sweep, spec=sweep.spec.at_horizon(request.horizon_kimg))
    if request.evaluation is not None:
        changes |= request.evaluation.settings
    sweep = replace(sweep, spec=sweep.spec.model_copy(update=changes))
    plan = stored_plan(store, sweep.key) if sweep.spec.search or sweep.spec.sequential else None
    return replace(
        sweep,
        sampled=stored_points(sweep, plan.search if plan else None),
        reached=reached_seeds(sweep.spec.sequential, plan),
    )
