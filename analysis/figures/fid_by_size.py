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

MARK_SHARE = 0.04


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
    pen_of = dict(zip(methods, pens(len(methods)), strict=True))
    for method, pen in pen_of.items():
        rows = known[known["method"] == method].sort_values("training_images")
        drawn = rows[np.isfinite(rows["median"])]
        reach = [drawn["median"] - drawn["min"], (drawn["max"] - drawn["median"]).clip(lower=0)]
        style = {"color": pen.color, "linestyle": pen.dashes, "marker": pen.marker}
        ax.errorbar(drawn["training_images"], drawn["median"], reach, capsize=3, label=method, **style)
    above = _mark(ax, known[np.isinf(known["median"])], pen_of, "x", from_top=True)
    below = _mark(ax, known[known["median"].isna()], pen_of, "o", from_top=False)
    low, high = _limits(known, below, above)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    images_ticks(ax.xaxis, sorted(known["training_images"].unique()))
    log_ticks(ax.yaxis, low, high)
    ax.set_xlabel("training images")
    ax.set_ylabel(f"best {data.score.label}")
    legend_outside(ax)


def _mark(ax: Axes, cells: pd.DataFrame, pen_of: dict[str, Pen], marker: str, *, from_top: bool) -> float:
    """Mark cells without a number, stacked at an edge; return the share of the height that the stacks take."""
    stack = cells.groupby("training_images").cumcount()
    for method, images, place in zip(cells["method"], cells["training_images"], stack, strict=True):
        height = MARK_SHARE * (place + 0.7)
        ax.plot(
            images,
            1 - height if from_top else height,
            marker,
            transform=ax.get_xaxis_transform(),
            markerfacecolor="white",
            markeredgecolor=pen_of[method].color,
            markeredgewidth=1.4,
        )
    return MARK_SHARE * (float(stack.max()) + 1.4) if len(cells) else 0.0


def _limits(table: pd.DataFrame, below: float, above: float) -> tuple[float, float]:
    """Return limits that leave the shares `below` and `above` of the logarithmic height free of curves."""
    values = table[["median", "min", "max"]].to_numpy(dtype=float)
    values = np.log(values[np.isfinite(values) & (values > 0)])
    low, high = float(values.min()) - 0.1, float(values.max()) + 0.1
    height = (high - low) / (1 - below - above)
    return float(np.exp(low - below * height)), float(np.exp(high + above * height))
