"""What has changed in a sweep since a page was made: the runs that differ, with their curves of the score."""

from pydantic import BaseModel

from analysis.dashboard.curve_view import CurveView, curve_view
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.sweep_view import RunColumns, SweepView, sweep_view


class SweepChanges(BaseModel):
    """The runs at `places` as they are in `revision`. With `is_all`, more than runs has changed: ask for everything.

    `runs` and `curves` have an entry for each of `places`, in their order.
    """

    revision: str
    is_all: bool
    places: list[int] = []
    runs: RunColumns | None = None
    curves: CurveView | None = None


def sweep_changes(live: LiveStore, sweep: str, since: str) -> SweepChanges:
    """Return what of a sweep is not as it was in the revision `since`. Raises AnalysisError."""
    with live.one_revision() as revision:
        return _changes(live, sweep, since, revision)


def _changes(live: LiveStore, sweep: str, since: str, revision: str) -> SweepChanges:
    view, curves = sweep_view(live, sweep), curve_view(live, sweep)
    view_before, curves_before = live.past(since, ("view", sweep)), live.past(since, ("curves", sweep, ""))
    if since == revision:
        view_before, curves_before = view, curves
    if not isinstance(view_before, SweepView) or not isinstance(curves_before, CurveView):
        return SweepChanges(revision=revision, is_all=True)
    if _frame(view) != _frame(view_before) or curves.score != curves_before.score:
        return SweepChanges(revision=revision, is_all=True)
    places = sorted({*_differing_runs(view, view_before), *_differing_curves(curves, curves_before)})
    return SweepChanges(
        revision=revision,
        is_all=False,
        places=places,
        runs=RunColumns(**{name: [column[place] for place in places] for name, column in view.runs}),
        curves=_of_runs(curves, places),
    )


def _frame(view: SweepView) -> SweepView:
    """Return a view without what may change from run to run."""
    same = {"trial": view.runs.trial, "cell": view.runs.cell, "seed": view.runs.seed}
    return view.model_copy(update={"runs": same})


def _differing_runs(now: SweepView, before: SweepView) -> set[int]:
    return {
        place
        for name, column in now.runs
        for place, (one, other) in enumerate(zip(column, getattr(before.runs, name), strict=True))
        if one != other
    }


def _differing_curves(now: CurveView, before: CurveView) -> set[int]:
    return {
        place
        for place, (one, other) in enumerate(zip(now.value, before.value, strict=True))
        if one != other or now.grids[now.grid[place]] != before.grids[before.grid[place]]
    }


def _of_runs(curves: CurveView, places: list[int]) -> CurveView:
    grids = [curves.grids[curves.grid[place]] for place in places]
    values = [curves.value[place] for place in places]
    return curves.model_copy(update={"grids": grids, "grid": list(range(len(places))), "value": values})
