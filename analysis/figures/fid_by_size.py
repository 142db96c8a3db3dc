"""FID against the number of training images, one line per method (Karras et al. 2020, Fig. 7a, b)."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.results import Curves, Runs
from analysis.score import Score
from analysis.spread import spread
from analysis.style import Pen, images_ticks, legend_outside, log_ticks, pens, say_empty

TITLE = "Quality against the number of training images"
AGGREGATION = (
    "best snapshot of each run; median over seeds, bars from minimum to maximum; a diverged run counts as worst in the "
    "median; a cell whose median diverged is marked × at the upper edge, a cell without runs ○ at the lower edge"
)


class FidBySize(NamedTuple):
    """One row of `table` per cell: method training_images median min max runs diverged_runs planned_runs."""

    table: pd.DataFrame
    cells: list[str]
    score: Score


def data(runs: Runs, curves: Curves) -> FidBySize:
    """Return the spread over seeds of each cell's best values, by method and size."""
    table = spread(runs.frame, "best", worst=curves.score.worst)
    return FidBySize(table, runs.cells, curves.score)


def size(_: FidBySize) -> tuple[float, float]:
    return (7.0, 4.2)


def draw(data: FidBySize, ax: Axes) -> None:
    known = data.table[data.table["training_images"].notna()]
    if not (known["runs"] > 0).any():
        say_empty(ax, "no run of this sweep has been evaluated yet")
        return
    methods = list(dict.fromkeys(known["method"]))
    low, high = _limits(known)
    for method, pen in zip(methods, pens(len(methods)), strict=True):
        rows = known[known["method"] == method].sort_values("training_images")
        drawn = rows[np.isfinite(rows["median"])]
        reach = [drawn["median"] - drawn["min"], (drawn["max"] - drawn["median"]).clip(lower=0)]
        style = {"color": pen.color, "linestyle": pen.dashes, "marker": pen.marker}
        ax.errorbar(drawn["training_images"], drawn["median"], reach, capsize=3, label=method, **style)
        _mark(ax, rows["training_images"][np.isinf(rows["median"])], high, "x", pen)
        _mark(ax, rows["training_images"][rows["median"].isna()], low, "o", pen)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    images_ticks(ax.xaxis, sorted(known["training_images"].unique()))
    log_ticks(ax.yaxis, low, high)
    ax.set_xlabel("training images")
    ax.set_ylabel(f"best {data.score.label}")
    legend_outside(ax)


def _mark(ax: Axes, images: pd.Series, edge: float, marker: str, pen: Pen) -> None:
    """Mark cells without a number on the edge of the axes, half outside."""
    if len(images):
        ax.plot(images, [edge] * len(images), marker, mfc="white", mec=pen.color, mew=1.6, ms=7, clip_on=False)


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    values = table[["median", "min", "max"]].to_numpy(dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    return float(values.min()) / 1.15, float(values.max()) * 1.15
