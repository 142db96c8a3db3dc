"""The plan of a sweep: its cells, and the trial for each of their seeds."""

from analysis.errors import ResultStoreError
from analysis.tables.store import ResultStore
from trainer.config.plan_file import PlanFile, read_plan_file
from trainer.errors import UserError

NO_SWEEP = "_no_sweep"
"""The folder for figures that need no run; no sweep can have this name."""


def read_plan(store: ResultStore, sweep: str) -> PlanFile:
    """Return the last plan of `sweep`; an empty one for NO_SWEEP.

    Raises ResultStoreError, listing the sweeps of the store, if it has none.
    """
    if sweep == NO_SWEEP:
        return PlanFile(sweep=sweep, tier="none", cells=())
    path = store.plan(sweep)
    try:
        plan = read_plan_file(path)
    except UserError as error:
        raise ResultStoreError(str(error)) from error
    if plan is None:
        known = ", ".join(store.sweeps()) or "none yet"
        raise ResultStoreError(f"{path}: no such plan; sweeps in this store: {known}")
    return plan


def readable_plans(store: ResultStore, skipped: list[str]) -> dict[str, PlanFile]:
    """Return the plans of all sweeps of a store that can be read; the others are added to `skipped`, each with why."""
    found = {}
    for sweep in store.sweeps():
        try:
            found[sweep] = read_plan(store, sweep)
        except ResultStoreError as error:
            skipped.append(str(error))
    return found
