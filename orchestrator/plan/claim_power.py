"""Whether the claims of a sweep can be decided with its seeds, before anything runs. Values only."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.errors import Problem
from orchestrator.plan.sequential import most_seeds
from orchestrator.sweep.claims import tested_claims
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.spec import SequentialSeeds
from trainer.config.claims.cells import Cells
from trainer.config.claims.power import StatisticalPower


class ClaimPower(NamedTuple):
    """A tested claim, its place in `claims`, and the smallest p-value that `seeds` runs of each cell allow."""

    claim: str
    place: int
    seeds: int
    smallest_p: float
    alpha: float
    seeds_needed: int
    is_decidable: bool

    def __str__(self) -> str:
        can = "can be decided" if self.is_decidable else f"cannot be decided: needs {self.seeds_needed} seeds"
        found = f"smallest p with {self.seeds}+{self.seeds} seeds, corrected: {self.smallest_p:.2g} (p<{self.alpha:g})"
        return f"claim: {self.claim} - {found}; {can}"


class SeedCost(NamedTuple):
    """What one more seed of every cell costs: hours of devices, and kWh if known."""

    gpu_hours: float
    cpu_hours: float
    kwh: float | None


def powers_of(sweep: Sweep, cells: Cells) -> Iterator[ClaimPower]:
    """Yield the power of each claim that this tier tests; the cells of a search are not known in advance.

    Of sequential seeds, all that the claim may ask for count: the last look alone could reach the smallest p.
    """
    spec = sweep.spec
    tested = [] if spec.search else tested_claims(spec.claims, spec.metrics, cells, spec.longest_horizon_kimg)
    tests = sum(not claim.is_control for _, claim in tested)
    for place, claim in tested:
        seeds = most_seeds(claim, spec.sequential) if spec.sequential else len(spec.seed_values)
        power = StatisticalPower.of(claim, seeds, tests)
        is_decidable = seeds >= power.seeds_needed
        yield ClaimPower(claim.text, place, seeds, power.smallest, claim.alpha, power.seeds_needed, is_decidable)


def undecidable_problems(
    sweep: Sweep, powers: Sequence[ClaimPower], cells: int, one_more: SeedCost | None
) -> list[Problem]:
    """Return what is wrong with claims of this tier that can never pass, unless `underpowered` says why."""
    undecidable = [one for one in powers if not one.is_decidable]
    if not undecidable or not sweep.states_claims or sweep.spec.underpowered:
        return []
    text = _refusal(undecidable, cells, one_more, sweep.spec.sequential)
    return [sweep.problem(("claims", undecidable[0].place), text)]


def _refusal(
    undecidable: Sequence[ClaimPower], cells: int, one_more: SeedCost | None, sequential: SequentialSeeds | None
) -> str:
    """Return why claims are refused, and what to do."""
    first, needed = undecidable[0], max(one.seeds_needed for one in undecidable)
    seeds = f"{{from: {sequential.from_}, to: {needed}, until: claims}}" if sequential else needed
    rest = f" (and {len(undecidable) - 1} more)" if undecidable[1:] else ""
    more = needed - first.seeds
    cost = f", about {_told(one_more, more)}" if one_more else ""
    return (
        f'"{first.claim}"{rest} can never pass: {first.seeds} seeds give p = {first.smallest_p:.2g} after correction '
        f"at best, at least {first.seeds_needed} seeds are needed; use `seeds: {seeds}` "
        f"({more * cells:,} more runs{cost}), or state with `underpowered: WHY` "
        "that the sweep has no more"
    )


def _told(one_more: SeedCost, seeds: int) -> str:
    gpu_hours, cpu_hours, kwh = one_more
    hours = f"{seeds * gpu_hours:.3g} GPU-hours" if gpu_hours else f"{seeds * cpu_hours:.3g} CPU-hours"
    return hours if kwh is None else f"{hours}, {seeds * kwh:.3g} kWh"
