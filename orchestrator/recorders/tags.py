"""The tags that the plans in a store give to each trial."""

from orchestrator.plan.plan_file import stored_plan, sweeps
from orchestrator.store.layout import Store
from trainer.config.plan_file import PlanFile, PlannedRun
from trainer.errors import UserError


def tags_by_trial(store: Store) -> dict[str, dict[str, str]]:
    """Return the tags that the plans in a store give to each trial: which sweeps it belongs to, and where in them."""
    tags: dict[str, dict[str, str]] = {}
    for sweep in sweeps(store):
        if plan := _readable(store, sweep):
            for run in plan.cells:
                _tag(tags.setdefault(run.trial, {}), sweep, plan.tier or "full", run)
    return tags


def _readable(store: Store, sweep: str) -> PlanFile | None:
    """Return the plan of a sweep; None for one that cannot be read: recording the trials does not need it."""
    try:
        return stored_plan(store, sweep)
    except UserError:
        return None


def _tag(tags: dict[str, str], sweep: str, tier: str, run: PlannedRun) -> None:
    names = dict.fromkeys([*tags.get("sweep", "").split(","), sweep])
    tags["sweep"] = ",".join(name for name in names if name)
    tags[f"sweep.{sweep}"] = run.cell
    tags.setdefault("cell", run.cell)
    tags.setdefault("seed", str(run.seed))
    tags["tier"] = tier
    tags["horizon_kimg"] = f"{run.horizon_kimg:g}"
