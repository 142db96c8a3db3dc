"""Sequential seeds in a plan: how many each cell has reached, how many it may get, and which claims ask for them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from orchestrator.plan.sources import NeededSource, other_sources, unique_trials
from orchestrator.sweep.claims import tested_claims
from orchestrator.sweep.expand import with_more_seeds
from orchestrator.sweep.expansion import Expansion
from orchestrator.sweep.spec import SequentialSeeds, SweepSpec
from orchestrator.sweep.trial import Trial
from trainer.config.claims.cells import pair_of
from trainer.config.claims.grammar import Claim
from trainer.config.claims.power import seeds_for
from trainer.config.plan_file import PlanFile, SequentialRange


def reached_seeds(seeds: SequentialSeeds | None, plan: PlanFile | None) -> dict[str, int]:
    """Return the number of seeds of each cell in the stored plan of a sweep with sequential seeds, `to` at most."""
    if seeds is None or plan is None:
        return {}
    counted = Counter(cell for cell, _ in {(run.cell, run.seed) for run in plan.cells if run.seed < seeds.to})
    return dict(counted)


def stage_line(plan: PlanFile) -> str:
    """Return how far the sequential seeds of a stored plan are; "" for other plans."""
    seeds = plan.sequential
    if seeds is None:
        return ""
    counted = Counter(Counter(cell for cell, _ in {(run.cell, run.seed) for run in plan.cells}).values())
    looks = seeds.most - seeds.least + 1
    stages = (
        f"look {there - seeds.least + 1} of {looks} at {cells} {'cell' if cells == 1 else 'cells'} ({there} seeds each)"
        for there, cells in sorted(counted.items(), reverse=True)
    )
    return f"{seeds.least} to {seeds.most} seeds: {', '.join(stages)}; verdicts: adasweep claims {plan.sweep}"


def range_to_store(spec: SweepSpec, *, decided: bool = False) -> SequentialRange | None:
    """Return the range of sequential seeds to store in a plan; None for other sweeps."""
    seeds = spec.sequential
    return SequentialRange(least=seeds.from_, most=seeds.to, decided=decided) if seeds else None


def was_decided(spec: SweepSpec, plan: PlanFile | None) -> bool:
    """Return whether all claims of a sweep were decided by the runs of its stored plan."""
    return bool(plan and plan.sequential and plan.sequential.decided and plan.claims == tuple(spec.claims))


def claimed_pairs(spec: SweepSpec, trials: Sequence[Trial]) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield both cells of each claim that sequential seeds decide, and the most seeds that it may ask for."""
    seeds = spec.sequential
    if seeds is None:
        return
    cells = {trial.cell: trial for trial in trials}
    for _, claim in tested_claims(spec.claims, spec.metrics, cells, spec.longest_horizon_kimg):
        yield pair_of(claim, cells), most_seeds(claim, seeds)


def most_seeds(claim: Claim, seeds: SequentialSeeds) -> int:
    """Return the most seeds that a claim may ask for: a control the fewest that could show a difference."""
    once = max(seeds.from_, claim.seeds, seeds_for(claim.alpha, 2))
    return min(once, seeds.to) if claim.is_control else seeds.to


def most_by_cell(spec: SweepSpec, trials: Sequence[Trial]) -> dict[str, int]:
    """Return the most seeds that claims may give each of their cells."""
    most: dict[str, int] = {}
    for pair, seeds in claimed_pairs(spec, trials):
        most |= {cell: max(seeds, most.get(cell, 0)) for cell in pair}
    return most


def further_trials(expansion: Expansion, trials: Sequence[Trial]) -> dict[str, NeededSource]:
    """Return by id the trials that claims may yet add, each with its sweep: further seeds, and their own sources.

    `trials` are those of the expanded sweep, from which the further ones are made. Raises SweepError.
    """
    sweep = expansion.sweep
    most = most_by_cell(sweep.spec, trials)
    if not most:
        return {}
    reached = {cell: max(seeds, sweep.reached.get(cell, 0)) for cell, seeds in most.items()}
    every = with_more_seeds(expansion, reached)
    there, sources = unique_trials(trials), other_sources(every)
    added = {trial: one for trial, one in unique_trials(every).items() if trial not in there}
    return {trial: sources.get(trial, NeededSource(one, sweep)) for trial, one in added.items()}
