"""Differences between a plan and the last plan of the same sweep."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from orchestrator.plan.plan_file import exact_path
from orchestrator.sweep.problem_collector import listed
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.trial import Trial
from trainer.config.plan_file import PlanFile, PlannedRun


class PlanChange(NamedTuple):
    """One difference: `kind` is added, removed, extended, shortened or changed."""

    kind: str
    cell: str
    seed: int
    detail: str


def diff(old: PlanFile | None, new: PlanFile) -> list[PlanChange]:
    """Return the differences between the cells of two plans, in the order of `new`, removed ones last."""
    before, after = _by_place(old) if old else {}, _by_place(new)
    changes = [change for place in after if (change := _change(place, before.get(place), after[place]))]
    gone = [PlanChange("removed", *place, f"trial {before[place].trial}") for place in before if place not in after]
    return changes + gone


def left_out(old: PlanFile, last: Path, sweep: Sweep, trials: Iterable[Trial]) -> Iterator[str]:
    """Yield a line if the last plan of a sweep was of another file, `last`, and had cells that these trials lack.

    Searches and sequential seeds add cells while they run: of these, nothing is known.
    """
    if sweep.spec.search or sweep.spec.sequential or not old.file or exact_path(last) == exact_path(sweep.source.file):
        return
    present = {trial.id for trial in trials}
    if gone := [*dict.fromkeys(run.cell for run in old.cells if run.trial not in present)]:
        lacks = f"sweep {sweep.key} was last run from {last}, and lacks {listed(gone)} of that file"
        yield f"{lacks}: tables and figures will be without them; to keep both, rename one of the sweeps"


def _change(place: tuple[str, int], old: PlannedRun | None, new: PlannedRun) -> PlanChange | None:
    if old is None:
        return PlanChange("added", *place, f"trial {new.trial}")
    if old.trial != new.trial:
        return PlanChange("changed", *place, f"trial {old.trial} becomes {new.trial}")
    if old.horizon_kimg == new.horizon_kimg:
        return None
    kind = "extended" if new.horizon_kimg > old.horizon_kimg else "shortened"
    return PlanChange(kind, *place, f"{old.horizon_kimg:g} to {new.horizon_kimg:g} kimg")


def _by_place(plan: PlanFile) -> dict[tuple[str, int], PlannedRun]:
    return {(run.cell, run.seed): run for run in plan.cells}
