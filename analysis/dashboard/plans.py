"""The plans of a store's sweeps, each read once per change."""

from analysis.dashboard.live_store import LiveStore
from analysis.tables import plan_file
from trainer.config.plan_file import PlanFile


def readable_plans(live: LiveStore) -> list[PlanFile]:
    """Return the plans of all sweeps that can be read; the first page says why others cannot."""
    return live.once(("plans",), lambda: list(plan_file.readable_plans(live.store, []).values()))
