"""Overfitting heuristic r_t = E[sign D(x)] over the length of training (Karras et al. 2020, Fig. 5d, Eq. 1)."""

from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.bands import WINDOWS, bands, windowed
from analysis.panels import Panels, draw_bands, draw_empty, lay_out, panel_axes, panels_size
from analysis.results import Curves, Runs
from analysis.style import GREY

TITLE = "Overfitting heuristic $r_t$"
AGGREGATION = (
    f"of each run the mean over {WINDOWS} windows of training; median over seeds, band from minimum to maximum; "
    "dashed: the target of ADA; × where a run diverged"
)


class AdaRt(NamedTuple):
    """One row of `table` per (cell, kimg); columns as in analysis.bands, values of r_t. `targets`: of the ADA cells."""

    table: pd.DataFrame
    cells: list[str]
    panels: Panels
    targets: list[float]


def data(runs: Runs, curves: Curves) -> AdaRt:
    """Return r_t over kimg for every cell that reports it, aggregated over seeds."""
    table = bands(windowed(curves.ticks, "r_t"), runs.frame, "r_t")
    targets = sorted(float(target) for target in runs.frame["augment_target"].dropna().unique())
    return AdaRt(table, runs.cells, lay_out(runs.frame, table), targets)


def size(data: AdaRt) -> tuple[float, float]:
    return panels_size(data.panels)


def draw(data: AdaRt, ax: Axes) -> None:
    if draw_empty(ax, data.panels, "no run has reported r_t yet"):
        return
    axes = panel_axes(ax, data.panels, "$r_t$  (1: complete overfitting)")
    for panel in axes.values():
        for target in data.targets:
            panel.axhline(target, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    draw_bands(axes, data.panels, data.table)
    next(iter(axes.values())).set_ylim(min(0.0, float(data.table["min"].min())) - 0.03, 1.03)
