"""Augmentation probability p over the length of training, where p adapts (Karras et al. 2020, Fig. 5c)."""

from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.bands import WINDOWS, bands, windowed
from analysis.panels import Panels, draw_bands, draw_empty, lay_out, panel_axes, panels_size
from analysis.results import Curves, Runs

TITLE = "Adaptive augmentation: probability p"
AGGREGATION = (
    f"of each run the mean over {WINDOWS} windows of training; median over seeds, band from minimum to maximum; only "
    "cells whose p adapts; × where a run diverged"
)


class AdaP(NamedTuple):
    """One row of `table` per (cell, kimg); columns as in analysis.bands, values of p."""

    table: pd.DataFrame
    cells: list[str]
    panels: Panels


def data(runs: Runs, curves: Curves) -> AdaP:
    """Return p over kimg for the cells with adaptive augmentation, aggregated over seeds."""
    adaptive = runs.frame[runs.frame["augment"] == "ada"]
    table = bands(windowed(curves.ticks, "p"), adaptive, "p")
    return AdaP(table, list(dict.fromkeys(adaptive["cell"])), lay_out(adaptive, table))


def size(data: AdaP) -> tuple[float, float]:
    return panels_size(data.panels)


def draw(data: AdaP, ax: Axes) -> None:
    if draw_empty(ax, data.panels, "no run with adaptive augmentation has begun"):
        return
    axes = panel_axes(ax, data.panels, "augmentation probability p")
    draw_bands(axes, data.panels, data.table)
    ax_of_all = next(iter(axes.values()))
    ax_of_all.set_ylim(0, max(1.0, float(data.table["max"].max())) * 1.02)
