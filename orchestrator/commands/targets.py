"""What a user names on the command line: a sweep by its file or name, or a trial by its first digits."""

from pathlib import Path

from orchestrator.errors import PlanError, StoreError
from orchestrator.plan.plan_file import read_plan, sweeps
from orchestrator.store.layout import Store
from orchestrator.sweep.bundled import bundled_named, nearest_bundled
from trainer.command_line.sweeps import is_file, names, stored_name
from trainer.errors import UserError


def sweep_file(store: Store, sweep: str, tier: str) -> tuple[Path, str]:
    """Return file and tier of a sweep given by its file, its name in the store (its last plan's), or a bundled name.

    Raises UserError where there is no such sweep, or its file is gone.
    """
    if is_file(sweep):
        return Path(sweep), tier
    if sweep not in names(store.root) and (file := bundled_named(sweep)):
        return file, tier
    try:
        plan = read_plan(store, stored_name(store.root, sweep))
    except UserError as error:
        way_out = nearest_bundled(sweep) or f"{error.way_out}; or give its file"
        raise StoreError(error.place, error.problem, way_out) from None
    file = Path(plan.file)
    if not file.is_file():
        raise StoreError(f"sweep {sweep!r}", f"its file {file} is not there", "give the file")
    return file, tier or plan.tier or ""


def trials_of(store: Store, target: str) -> list[str]:
    """Return the trials of a sweep, or the one trial whose id begins so. Raises UserError."""
    if is_file(target) or target in sweeps(store):
        return read_plan(store, stored_name(store.root, target)).trials
    try:
        return [store.find(target)]
    except PlanError as error:
        known = ", ".join(sweeps(store)) or "none"
        raise PlanError(
            target, f"is neither a sweep run here nor one trial ({error.problem})", f"sweeps: {known}"
        ) from None
