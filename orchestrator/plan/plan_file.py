"""Reads plan.json, the stored plan of a sweep."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from orchestrator.errors import StoreError
from orchestrator.plan.sources import Dependent
from orchestrator.store.layout import Store
from orchestrator.sweep.keys import NAME_PATTERN
from trainer.config.plan_file import WAY_OUT, PlanFile, PlannedRun, read_plan_file
from trainer.config.sweep_run import RUNS_FILE
from trainer.errors import UserError
from trainer.files import is_unreadable, matching


def stored_plan(store: Store, sweep: str) -> PlanFile | None:
    """Return the last plan of a sweep, or None. Raises UserError if it cannot be read."""
    return read_plan_file(store.plan(sweep))


def read_plan(store: Store, sweep: str) -> PlanFile:
    """Return the last plan of a sweep. Raises StoreError, listing the existing sweeps, if there is none."""
    plan = stored_plan(store, sweep)
    if plan is None:
        known = ", ".join(sweeps(store)) or "none yet"
        raise StoreError(store.root, f"sweep {sweep!r} was not run here", f"sweeps: {known}")
    return plan


def file_from_store(store: Store, file: Path) -> str:
    """Return the path from the store of a sweep file whose path is relative; "" for an absolute one."""
    return "" if file.is_absolute() else os.path.relpath(exact_path(file), store.root.resolve())


def last_file(store: Store, plan: PlanFile) -> Path:
    """Return the file of a stored plan: never one of the same relative path in another working directory."""
    file = Path(plan.file)
    if not plan.file_from_store:
        return file
    there = Path(os.path.normpath(store.root.resolve() / plan.file_from_store))
    return file if exact_path(file) == there else there


def exact_path(file: Path) -> Path:
    """Return the absolute path of a file; if it is a link, that of the link."""
    return file.absolute().parent.resolve() / file.name


def sweeps(store: Store) -> list[str]:
    """Return the names of the sweeps in a store, including those whose plan is a link that leads nowhere.

    A folder that may not be read is one of them: it may have a plan.
    """
    folders = matching(store.root / "sweeps", "*")
    return sorted(one.name for one in folders if os.path.lexists(one / "plan.json") or is_unreadable(one))


def readable_plans(store: Store, unreadable: list[str] | None = None) -> list[PlanFile]:
    """Return all plans that can be read; add a line to `unreadable` for each of the others, and for missing ones."""
    found: list[PlanFile] = []
    for name in sweeps(store):
        try:
            found.append(read_plan(store, name))
        except UserError as error:
            if unreadable is not None:
                unreadable.append(str(error))
    if unreadable is not None:
        unreadable.extend(_lost(store))
    return found


def _lost(store: Store) -> list[str]:
    """Return a line for each sweep that was run, but has no plan, or no folder."""
    folders = [one for one in matching(store.root / "sweeps", "*") if re.fullmatch(NAME_PATTERN, one.name)]
    plans = [one / "plan.json" for one in matching(store.root / "sweeps", "*") if os.path.lexists(one / RUNS_FILE)]
    missing = [f"{plan}: missing; run the sweep again" for plan in plans if not os.path.lexists(plan)]
    return [f"{one}: is not a folder; {WAY_OUT}" for one in folders if not os.path.isdir(one)] + missing


def dependents_of_plan(plan: PlanFile) -> tuple[Dependent, ...]:
    """Return the trials of a stored plan that start from others, each after those that it starts from itself."""
    runs = {run.trial: run for run in reversed(plan.runs)}
    starting = {run.trial: run for run in runs.values() if run.start and run.start.trial in runs}
    depths: dict[str, int] = {}
    for trial in starting:
        _measure_depth(trial, starting, depths)
    ordered = sorted(starting.values(), key=lambda run: depths[run.trial])
    return tuple(Dependent(run.trial, run.start, runs[run.start.trial].cell) for run in ordered if run.start)


def _measure_depth(trial: str, starting: Mapping[str, PlannedRun], depths: dict[str, int]) -> None:
    """Put into `depths` how many trials have to be done before this one, and before those."""
    chain: list[str] = []
    while trial in starting and trial not in depths and trial not in chain:
        chain.append(trial)
        start = starting[trial].start
        trial = start.trial if start else ""
    for one in reversed(chain):
        depths[one] = depths.get(trial, 0) + 1
        trial = one
