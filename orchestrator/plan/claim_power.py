"""Whether the claims of a sweep can be decided with its seeds, before anything runs. Values only."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.plan.sequential import most_seeds
from orchestrator.sweep.claims import tested_claims
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.spec import SequentialSeeds
from orchestrator.sweep.trial import Trial
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


class Seeds(NamedTuple):
    """A number of seeds per cell, and what those beyond the sweep's own cost: runs, hours of devices, kWh if known."""

    seeds: int
    runs: int
    gpu_hours: float
    cpu_hours: float
    kwh: float | None


def powers_of(sweep: Sweep, trials: Sequence[Trial]) -> Iterator[ClaimPower]:
    """Yield the power of each claim that this tier tests; the cells of a search are not known in advance.

    Of sequential seeds, all that the claim may ask for count: the last look alone could reach the smallest p.
    """
    cells: Cells = {trial.cell: trial for trial in trials}
    spec = sweep.spec
    tested = [] if spec.search else tested_claims(spec.claims, spec.metrics, cells)
    tests = sum(not claim.is_control for _, claim in tested)
    for place, claim in tested:
        seeds = most_seeds(claim, spec.sequential) if spec.sequential else len(spec.seed_values)
        power = StatisticalPower.of(claim, seeds, tests)
        is_decidable = seeds >= power.seeds_needed
        yield ClaimPower(claim.text, place, seeds, power.smallest, claim.alpha, power.seeds_needed, is_decidable)


def refusal(undecidable: Sequence[ClaimPower], further: Seeds, sequential: SequentialSeeds | None) -> str:
    """Return why claims are refused, and what to do."""
    seeds = f"{{from: {sequential.from_}, to: {further.seeds}, until: claims}}" if sequential else further.seeds
    first = undecidable[0]
    rest = f" (and {len(undecidable) - 1} more)" if undecidable[1:] else ""
    hours = f"{further.gpu_hours:.3g} GPU-hours" if further.gpu_hours else f"{further.cpu_hours:.3g} CPU-hours"
    kwh = "" if further.kwh is None else f", {further.kwh:.3g} kWh"
    return (
        f'"{first.claim}"{rest} can never pass: {first.seeds} seeds give p = {first.smallest_p:.2g} after correction '
        f"at best, at least {first.seeds_needed} seeds are needed; use `seeds: {seeds}` "
        f"({further.runs:,} more runs, about {hours}{kwh}), or state with `underpowered: WHY` "
        "that the sweep has no more"
    )
