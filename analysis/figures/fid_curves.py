"""FID over the length of training, one curve per cell (Karras et al. 2020, Fig. 1a; with ADA Fig. 6a)."""

from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.bands import bands
from analysis.panels import Panels, draw_bands, draw_empty, lay_out, log_value_axis, panel_axes, panels_size
from analysis.results import Curves, Runs
from analysis.score import Score

TITLE = "Quality over the length of training"
AGGREGATION = (
    "median over seeds, band from minimum to maximum; a diverged run counts as worst in the median and is marked ×; "
    "dotted where not every planned run has got so far"
)


class FidCurves(NamedTuple):
    """One row of `table` per (cell, kimg); columns as in analysis.bands, values of `score`."""

    table: pd.DataFrame
    cells: list[str]
    panels: Panels
    score: Score


def data(runs: Runs, curves: Curves) -> FidCurves:
    """Return the score over kimg, aggregated over seeds."""
    table = bands(curves.scores, runs.frame, "value", worst=curves.score.worst)
    return FidCurves(table, runs.cells, lay_out(runs.frame, table), curves.score)


def size(data: FidCurves) -> tuple[float, float]:
    return panels_size(data.panels)


def draw(data: FidCurves, ax: Axes) -> None:
    if draw_empty(ax, data.panels, "no run of this sweep has been evaluated yet"):
        return
    axes = panel_axes(ax, data.panels, data.score.label)
    draw_bands(axes, data.panels, data.table)
    log_value_axis(axes, data.table)
