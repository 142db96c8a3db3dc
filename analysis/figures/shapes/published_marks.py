"""Published values as open marks, beside filled marks of ours."""

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.style import GREY, Pen

PUBLISHED = "published"
"""The column of a figure's table with published values; tables without any lack it."""

MARK = {"marker": "D", "markerfacecolor": "none", "markersize": 7.0, "linestyle": "none", "zorder": 3}


def with_published(table: pd.DataFrame, by_cell: dict[str, float]) -> pd.DataFrame:
    """Return a table of cells with their published values, if there are any."""
    values = table["cell"].map(by_cell).astype(float)
    return table.assign(**{PUBLISHED: values}) if values.notna().any() else table


def mark_published(ax: Axes, rows: pd.DataFrame, pen_of: dict[str, Pen]) -> None:
    """Draw the published values of cells [series x]."""
    if PUBLISHED not in rows:
        return
    for row in rows[rows[PUBLISHED].notna() & rows["x"].notna()].to_dict("records"):
        ax.plot(row["x"], row[PUBLISHED], markeredgecolor=pen_of[str(row["series"])].color, **MARK)


def name_published(ax: Axes, table: pd.DataFrame) -> None:
    """Add the marks to the legend, if there are any."""
    if PUBLISHED in table:
        ax.plot([], [], markeredgecolor=GREY, label=PUBLISHED, **MARK)
