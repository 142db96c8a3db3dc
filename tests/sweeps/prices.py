"""python -m tests.sweeps.prices > sweeps/prices.json: what every tier of the bundled sweeps costs at published speeds.

Prices are made ahead, because a listing would have to expand thousands of trials of data sets that are not there.
"""

import json
import sys
from collections.abc import Iterator

from orchestrator.plan.cost import Pricing
from orchestrator.plan.speed import SpeedEvidence
from orchestrator.sweep.bundled_prices import BundledPrice
from orchestrator.sweep.search_points import typical_cells
from orchestrator.sweep.trial import Trial
from orchestrator.sweep.unsampled import unsampled_trials
from tests.sweeps.planned import NAMES, find, planned, read

WHOLE = ("paper", "laptop")
"""Tiers that are the file as it is."""


def priced(name: str, tier: str) -> BundledPrice:
    """Return the price of a tier: every trial trained from its start, whatever sweeps share."""
    pricing = Pricing(read(name, tier).spec, SpeedEvidence({}, {}))
    costs = [pricing.cost(trial, trial.horizon_kimg) for trial in _trials(name, tier)]
    cpu_hours = sum(cost.hours * cost.resources.cpus for cost in costs if not cost.resources.gpus)
    gpu_hours = sum(cost.hours * cost.resources.gpus for cost in costs)
    return BundledPrice(len(costs), _rounded(cpu_hours), _rounded(gpu_hours))


def tiers_of(name: str) -> Iterator[str]:
    """Yield the tiers of a sweep, and "" where the file as it is has no name among them."""
    tiers = list(read(name).spec.tiers)
    yield from tiers if set(WHOLE) & set(tiers) else ["", *tiers]


def _trials(name: str, tier: str) -> list[Trial]:
    sweep = read(name, tier)
    if sweep.spec.search is None:
        return list({trial.id: trial for trial in planned(name, tier)}.values())
    return list(unsampled_trials(sweep, find, typical_cells(sweep, find).trials, sweep.spec.search.trials))


def _rounded(hours: float) -> float:
    return float(f"{hours:.2g}")


if __name__ == "__main__":
    found = {name: {tier: priced(name, tier)._asdict() for tier in tiers_of(name)} for name in NAMES}
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
