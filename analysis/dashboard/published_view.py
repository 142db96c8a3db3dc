"""Published values of a sweep, to be drawn beside its curves."""

import math

from pydantic import BaseModel, RootModel

from analysis.claims.evidence import cells_of
from analysis.claims.published import PublishedComparison, compare_published, outcome_words
from analysis.dashboard.live_store import LiveStore
from analysis.results.load import Curves, Runs
from trainer.config.claims.cells import cell_of
from trainer.config.claims.grammar import ClaimProblem


class PublishedRow(BaseModel):
    """A published value of one cell with ours, of so many `runs`.

    `metrics` are the recorded metrics that it belongs to; `cell` is an index into the sweep's cells. Both are empty
    where the sweep has none.
    """

    of: str
    metric: str
    metrics: list[str]
    cell: int | None
    value: float
    spread: float | None
    unit: str
    source: str
    ours: float | None
    runs: int
    outcome: str


class PublishedRows(RootModel[list[PublishedRow]]):
    """The published values that a sweep states."""


def published_rows(live: LiveStore, sweep: str) -> list[PublishedRow]:
    """Return the published values that the sweep's file states. Raises AnalysisError."""
    return live.once(("published", sweep), lambda: _rows(live, sweep))


def _rows(live: LiveStore, sweep: str) -> list[PublishedRow]:
    runs, curves = live.sweep(sweep)
    if not len(curves.scores):
        return []
    found = compare_published(lambda metric: live.sweep(sweep, metric) if metric else (runs, curves))
    return [_row(one, runs, curves) for one in found]


def _row(one: PublishedComparison, runs: Runs, curves: Curves) -> PublishedRow:
    value = one.published
    return PublishedRow(
        of=value.of,
        metric=value.metric,
        metrics=[name for name in curves.recorded if name == value.metric or name.startswith(f"{value.metric}-")],
        cell=_cell(one, runs),
        value=value.value,
        spread=value.spread,
        unit=value.unit,
        source=value.source,
        ours=None if math.isnan(one.ours) else one.ours,
        runs=one.runs,
        outcome=outcome_words(one),
    )


def _cell(one: PublishedComparison, runs: Runs) -> int | None:
    try:
        return runs.cells.index(cell_of(one.published.side, cells_of(runs)))
    except ClaimProblem:
        return None
