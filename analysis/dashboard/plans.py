"""The plans of a store's sweeps, each read once per change."""

from analysis.dashboard.live_store import LiveStore
from analysis.errors import AnalysisError
from analysis.tables.plan_file import read_plan
from trainer.config.plan_file import PlanFile


def readable_plans(live: LiveStore) -> list[PlanFile]:
    """Return the plans of all sweeps that can be read; the first page says why others cannot."""
    return live.once(("plans",), lambda: _plans(live))


def _plans(live: LiveStore) -> list[PlanFile]:
    found = []
    for sweep in live.store.sweeps():
        try:
            found.append(read_plan(live.store, sweep))
        except AnalysisError:
            continue
    return found
