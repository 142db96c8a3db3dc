"""Resolves command-line arguments: a sweep by file or name, or a trial by its first digits."""

import math
from pathlib import Path
from typing import NamedTuple

from orchestrator.errors import PlanError, StoreError
from orchestrator.plan.plan_file import last_file, read_plan, sweeps
from orchestrator.store.layout import Store
from orchestrator.sweep.bundled import bundled_named, nearest_bundled
from trainer.command_line.sweeps import is_file, names, stored_name
from trainer.errors import UserError
from trainer.recording.requests import ALL
from trainer.recording.sweep_state import Desired, wanted_of_plan


def sweep_file(store: Store, sweep: str, tier: str) -> tuple[Path, str]:
    """Return file and tier of a sweep given by its file, its name in the store, or a bundled name.

    Raises UserError if there is no such sweep, or its file no longer exists.
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
    file = last_file(store, plan)
    if not file.is_file():
        raise StoreError(f"sweep {sweep!r}", f"its file {file} does not exist", "give the file")
    return file, tier or plan.tier or ""


class NamedTrials(NamedTuple):
    """The trials of a sweep with their desired states, or one trial regardless of sweeps."""

    wanted: dict[str, Desired]
    sweep: str = ALL


def target_of(store: Store, target: str) -> NamedTrials:
    """Return the trials of a sweep, or the one trial whose id starts with `target`. Raises UserError."""
    if is_file(target) or target in sweeps(store):
        plan = read_plan(store, stored_name(store.root, target))
        return NamedTrials(wanted_of_plan(plan), plan.sweep)
    try:
        return NamedTrials({store.find(target): Desired(math.inf)})
    except PlanError as error:
        known = ", ".join(sweeps(store)) or "none"
        raise PlanError(
            target, f"is neither a sweep in the store nor a trial ({error.problem})", f"sweeps: {known}"
        ) from None
