"""Curves of a sweep in columns: a metric, or what was reported while training, and the time and energy it had taken."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import BaseModel

from analysis.dashboard.columns import Numbers, numbers
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.sweep_view import ScoreView, score_of
from analysis.results.bands import windowed
from analysis.results.load import Curves
from analysis.tables.attempts import JOULES_PER_KWH, SECONDS_PER_HOUR

TICKED = ("p", "r_t")
CLOCK_POINTS = 32
CLOCK_COLUMNS = ("trial", "attempt", "kimg", "seconds_per_kimg", "energy_joules")


class CurveView(BaseModel):
    """The curves of one quantity. Run i has `value[i]` at the lengths of training `grids[grid[i]]`."""

    quantity: str
    score: ScoreView | None
    grids: list[Numbers]
    grid: list[int]
    value: list[Numbers]


class ClockView(BaseModel):
    """How many hours of training and kWh each run had taken at a few lengths of training; one list per run."""

    kimg: list[Numbers]
    hours: list[Numbers]
    kwh: list[Numbers]


def curve_view(live: LiveStore, sweep: str, quantity: str = "") -> CurveView:
    """Return the curves of a metric ("": the score), of `p` or of `r_t`, for every run. Raises AnalysisError."""
    return live.once(("curves", sweep, quantity), lambda: _curves(live, sweep, quantity))


def _curves(live: LiveStore, sweep: str, quantity: str) -> CurveView:
    if quantity in TICKED:
        runs, curves = live.sweep(sweep)
        return _in_columns(quantity, None, windowed(curves.ticks, quantity), quantity, len(runs.frame))
    runs, curves = live.sweep(sweep, quantity or None)
    return _in_columns(curves.score.metric, curves, curves.scores, "value", len(runs.frame))


def _in_columns(name: str, curves: Curves | None, rows: pd.DataFrame, column: str, runs: int) -> CurveView:
    ordered = rows.sort_values(["run", "kimg"], kind="stable")
    ends = np.searchsorted(ordered["run"].to_numpy(), np.arange(runs + 1)).tolist()
    kimg, value = ordered["kimg"].tolist(), numbers(ordered[column])
    grids: dict[tuple[float, ...], int] = {}
    spans = [slice(*span) for span in pairwise(ends)]
    places = [grids.setdefault(tuple(kimg[span]), len(grids)) for span in spans]
    score = score_of(curves) if curves else None
    kept = [list(grid) for grid in grids]
    return CurveView(quantity=name, score=score, grids=kept, grid=places, value=[value[span] for span in spans])


def clock_view(live: LiveStore, sweep: str) -> ClockView:
    """Return the clocks of all runs of a sweep."""
    return live.once(("clock", sweep), lambda: _clocks(live, sweep))


def _clocks(live: LiveStore, sweep: str) -> ClockView:
    runs, _ = live.sweep(sweep)
    trials = list(runs.frame["trial"])
    of_trial = {str(trial): _clock(rows) for trial, rows in _ticks(live, trials).groupby("trial", sort=False)}
    clocks = [of_trial.get(trial, _NOTHING) for trial in trials]
    kimg, hours, kwh = zip(*clocks, strict=True) if clocks else ((), (), ())
    return ClockView(kimg=list(kimg), hours=list(hours), kwh=list(kwh))


_NOTHING: tuple[Numbers, Numbers, Numbers] = ([0.0], [0.0], [0.0])


def _ticks(live: LiveStore, trials: list[str]) -> pd.DataFrame:
    table: pa.Table = live.tables.rows("ticks", CLOCK_COLUMNS, sorted(set(trials)))
    frame: pd.DataFrame = table.to_pandas()
    return frame.sort_values(["trial", "kimg"], kind="stable")


def _clock(rows: pd.DataFrame) -> tuple[Numbers, Numbers, Numbers]:
    """Return kimg, hours and kWh of a run at up to CLOCK_POINTS of its ticks, from nothing at 0."""
    kimg = rows["kimg"].to_numpy(float)
    hours = np.cumsum(np.diff(kimg, prepend=0.0) * _known(rows["seconds_per_kimg"])) / SECONDS_PER_HOUR
    joules, attempt = _known(rows["energy_joules"]), rows["attempt"].to_numpy()
    same = np.concatenate([[False], attempt[1:] == attempt[:-1]])
    taken = joules - np.where(same, np.concatenate([[0.0], joules[:-1]]), 0.0)
    kwh = np.cumsum(np.clip(taken, 0.0, None)) / JOULES_PER_KWH
    chosen = np.unique(np.linspace(0, len(kimg) - 1, min(CLOCK_POINTS, len(kimg))).round().astype(int))
    picked = [np.concatenate([[0.0], column[chosen]]) for column in (kimg, hours, kwh)]
    return numbers(picked[0]), numbers(picked[1], 4), numbers(picked[2], 4)


def _known(column: "pd.Series[Any]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    known: np.ndarray[Any, np.dtype[np.float64]] = np.nan_to_num(column.to_numpy(float), posinf=0.0, neginf=0.0)
    return known
