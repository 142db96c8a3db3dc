"""What is to be known before a plan is run: warnings of its sweep, backend, benchmarks, shared trials and last plan."""

from collections.abc import Iterator, Sequence

from orchestrator.backends.base import Backend
from orchestrator.dispatch.gate import TIMED, Gated
from orchestrator.dispatch.time_limits import limit_cautions
from orchestrator.plan.benchmark_file import damaged_benchmarks
from orchestrator.plan.cautions import cautions
from orchestrator.plan.diff import left_out
from orchestrator.plan.lost_base import lost_base, stale_reads
from orchestrator.plan.lost_moments import lost_moments
from orchestrator.plan.moments import inherited_rungs
from orchestrator.plan.plan import Plan
from orchestrator.plan.plan_file import last_file, stored_plan
from orchestrator.store.layout import Store
from orchestrator.sweep.claims import ambiguous_claims
from orchestrator.sweep.deviations import deviations
from orchestrator.sweep.published_settings import published_about
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_points import surplus_points
from orchestrator.sweep.trial import Trial
from trainer.config.plan_file import PlanFile
from trainer.errors import UserError

PAPER = "paper"
"""The tier with a paper's own settings."""


def cautions_of_plan(
    store: Store, plan: Plan, found: Gated, backend: Backend, awaited: Sequence[Trial], configurations: int
) -> Iterator[str]:
    """Yield what is to be known before a plan is run.

    `awaited` are trials that a search, whose space has so many configurations, has yet to sample.
    """
    sweep, sample, to_run = found.sweep, found.sample, [plan.unique[trial] for trial in plan.costs]
    shown = (*found.trials, *sample, *{trial.id: trial for trial in awaited}.values())
    yield from _of_small_space(sweep, configurations)
    yield from cautions(sweep.spec, shown, [*to_run, *awaited], store.root)
    yield from of_lines(found)
    resources = dict.fromkeys(trial.resources for trial in (*to_run, *sample))
    yield from filter(None, dict.fromkeys(backend.doubts(each) for each in resources))
    yield from damaged_benchmarks(store.benchmarks, (trial.config for trial in (*to_run, *awaited)))
    yield from limit_cautions(plan, (*to_run, *awaited), backend)
    yield from lost_moments(plan, store)
    yield from _left_out(store, found)
    yield from _deviations(sweep, (*found.trials, *sample))


def of_lines(found: Gated) -> Iterator[str]:
    """Yield which claims are about several configurations of a search, which rules lack scores, what has no effect."""
    if found.sweep.states_claims:
        yield from ambiguous_claims(found.sweep.spec.claims, found.examples)
    if TIMED.isdisjoint(found.left_out):
        yield from map(str, inherited_rungs(found.sweep))
    yield from map(str, (*lost_base(found.sweep), *stale_reads(found.sweep)))


def _left_out(store: Store, found: Gated) -> Iterator[str]:
    """Yield what the last plan of a sweep had and this one lacks, or that it cannot be read."""
    try:
        if old := stored_plan(store, found.sweep.key):
            yield from left_out(old, last_file(store, old), found.sweep, found.trials)
            yield from _surplus(found.sweep, old)
    except UserError as error:
        yield str(error)


def _surplus(sweep: Sweep, old: PlanFile) -> Iterator[str]:
    """Yield that a search requests fewer configurations than it has sampled."""
    if surplus := surplus_points(sweep, old.search):
        sampled = f"{surplus + len(sweep.sampled)} configurations were sampled, and {len(sweep.sampled)} are requested"
        yield f"{sampled}: tables and figures will be without the last {surplus}, whose trials stay in the store"


def _of_small_space(sweep: Sweep, there: int) -> Iterator[str]:
    """Yield that a search asks for more configurations than are `there`."""
    search = sweep.spec.search
    if search and there < search.trials:
        yield f"the space has only {there} configurations; {search.trials} are requested"


def _deviations(sweep: Sweep, trials: Sequence[Trial]) -> Iterator[str]:
    """Yield what a paper's tier changes of the settings that the paper states; those from memory prove nothing."""
    if sweep.tier != PAPER:
        return
    found = (
        one for file in published_about(sweep.spec.sweep) for one in deviations(file, sweep, trials) if one.is_proven
    )
    yield from (f"differs from the paper: {one}" for one in found)
