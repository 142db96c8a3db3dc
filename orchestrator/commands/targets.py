"""What a user names on the command line: a sweep by its file or name, or a trial by its first digits."""

import math
from pathlib import Path
from typing import NamedTuple

from orchestrator.errors import PlanError, StoreError
from orchestrator.plan.desired import Desired
from orchestrator.plan.plan_file import read_plan, sweeps, wanted_of_plan
from orchestrator.store.layout import Store
from orchestrator.store.requests import ALL
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


class NamedTrials(NamedTuple):
    """What a user named: the trials of a sweep, with what it wants of each, or one trial, whoever wants it."""

    wanted: dict[str, Desired]
    sweep: str = ALL


def target_of(store: Store, target: str) -> NamedTrials:
    """Return the trials of a sweep, or the one trial whose id begins so. Raises UserError."""
    if is_file(target) or target in sweeps(store):
        plan = read_plan(store, stored_name(store.root, target))
        return NamedTrials(wanted_of_plan(plan), plan.sweep)
    try:
        return NamedTrials({store.find(target): Desired(math.inf)})
    except PlanError as error:
        known = ", ".join(sweeps(store)) or "none"
        raise PlanError(
            target, f"is neither a sweep run here nor one trial ({error.problem})", f"sweeps: {known}"
        ) from None
