"""What a user names on the command line: a sweep by its file or name, or a trial by its first digits."""

from pathlib import Path

from orchestrator.errors import PlanError, StoreError
from orchestrator.plan.plan_file import read_plan, sweeps
from orchestrator.store.layout import Store
from trainer.command_line.sweeps import is_file, stored_name
from trainer.errors import UserError


def sweep_file(store: Store, sweep: str, tier: str) -> tuple[Path, str]:
    """Return the file and the tier of a sweep; those of its last plan where only its name is given.

    Raises UserError where the store does not know the name, or its file is gone.
    """
    if is_file(sweep):
        return Path(sweep), tier
    try:
        plan = read_plan(store, stored_name(store.root, sweep))
    except UserError as error:
        raise StoreError(error.place, error.problem, f"{error.way_out}; or give its file") from None
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
