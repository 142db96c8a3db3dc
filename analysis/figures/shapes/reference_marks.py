"""What our numbers are seen against: published values as open marks, and the lowest FID that is possible as a line."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.style import GREY, Pen
from analysis.results.load import Runs
from analysis.results.probe_outputs import last_of_cells, probed

PUBLISHED, FLOOR = "published", "floor"
"""Columns of a figure's table with published values and lowest FIDs; tables without any lack them."""

FLOOR_PROBE = "fid-floor"
MARK: dict[str, Any] = {"marker": "D", "markerfacecolor": "none", "markersize": 7.0, "linestyle": "none", "zorder": 3}
LINE: dict[str, Any] = {"color": GREY, "linewidth": 1.2, "linestyle": (0, (1, 2))}


def with_values(table: pd.DataFrame, column: str, by_cell: dict[str, float]) -> pd.DataFrame:
    """Return a table of cells with a value of some of them, if there are any."""
    values = table["cell"].map(by_cell).astype(float)
    return table.assign(**{column: values}) if values.notna().any() else table


def floors(runs: Runs) -> dict[str, float]:
    """Return the lowest FID that a generator can have with the training images of each probed cell."""
    return {one.cell: float(one.arrays()["mean"][0]) for one in last_of_cells(probed(runs, FLOOR_PROBE))}


def mark_references(ax: Axes, rows: pd.DataFrame, pen_of: dict[str, Pen]) -> None:
    """Draw the published values of cells [series x], and a line through the lowest FIDs by x."""
    placed = rows[rows["x"].notna()]
    if FLOOR in rows:
        lowest = placed.dropna(subset=[FLOOR]).groupby("x")[FLOOR].max()
        ax.plot(lowest.index, lowest, **LINE)
    if PUBLISHED in rows:
        for row in placed.dropna(subset=[PUBLISHED]).to_dict("records"):
            ax.plot(row["x"], row[PUBLISHED], markeredgecolor=pen_of[str(row["series"])].color, **MARK)


def name_references(ax: Axes, table: pd.DataFrame) -> None:
    """Add both to the legend, if there are any."""
    if PUBLISHED in table:
        ax.plot([], [], markeredgecolor=GREY, label=PUBLISHED, **MARK)
    if FLOOR in table:
        ax.plot([], [], label="lowest possible", **LINE)
