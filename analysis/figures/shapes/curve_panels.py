"""Curves during training: a panel per method, a colour per training set size (ADA Fig. 1a beside 6a).

If the sweep has one size, all methods share one panel, a colour each. So do the configurations of a search: the best
have a colour and their rank, the others are grey.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.grid import divide
from analysis.figures.style import GREY, Pen, label_empty, legend_outside, log_ticks, pens
from analysis.results.cells import images_label
from analysis.results.facets import labels, ordered

COLUMNS = 3
BEST_SHOWN = 5
"""Number of configurations of a search that have a colour."""

OTHERS = Pen("#B5B5B5", "-", "")


class Cell(NamedTuple):
    """One cell on the page, drawn or missing."""

    cell: str
    panel: str
    series: str


class Panels(NamedTuple):
    """The panels and series of a figure, and the cells in them.

    `missing` cells have no data yet; cells of the series `others` are grey and without bands.
    """

    panels: list[str]
    series: list[str]
    cells: list[Cell]
    missing: list[str]
    others: str = ""


def lay_out_by(runs: pd.DataFrame, table: pd.DataFrame, panel: str, series: str) -> Panels:
    """Return the panels for the cells of `runs`, distinguished by the facets `panel` and `series`."""
    cells = runs.drop_duplicates("cell")
    found = [Cell(*names) for names in zip(cells["cell"], labels(cells, panel), labels(cells, series), strict=True)]
    missing = [cell.cell for cell in found if cell.cell not in set(table["cell"])]
    return Panels(ordered(runs, panel), ordered(runs, series), found, missing)


def lay_out(runs: pd.DataFrame, table: pd.DataFrame) -> Panels:
    """Return the panels for the cells of `runs`; `table` holds their curves."""
    cells = runs.drop_duplicates("cell")
    sizes = sorted(cells["training_images"].dropna().unique())
    rows = cells[["cell", "method", "training_images"]].to_dict("records")
    if len(sizes) > 1:
        found = [Cell(row["cell"], row["method"], _size(row["training_images"])) for row in rows]
        series = [_size(size) for size in (*sizes, *cells["training_images"][cells["training_images"].isna()])]
    else:
        found = [Cell(row["cell"], "", row["method"]) for row in rows]
        series = [cell.series for cell in found]
    drawn = set(table["cell"])
    panels = list(dict.fromkeys(cell.panel for cell in found))
    return Panels(panels, list(dict.fromkeys(series)), found, [cell.cell for cell in found if cell.cell not in drawn])


def lay_out_ranked(order: Sequence[str], table: pd.DataFrame) -> Panels:
    """Return one panel for the configurations of a search; `order` has their cells, the best first."""
    others = "all others" if len(order) > BEST_SHOWN else ""
    found = [Cell(cell, "", f"rank {place}" if place <= BEST_SHOWN else others) for place, cell in enumerate(order, 1)]
    missing = [cell for cell in order if cell not in set(table["cell"])]
    return Panels([""], list(dict.fromkeys(cell.series for cell in found)), found, missing, others)


def _size(images: float) -> str:
    return "size unknown" if pd.isna(images) else f"{images_label(images)} images"


def panels_size(panels: Panels) -> tuple[float, float]:
    """Return the width and height of the figure in inches."""
    count = max(len(panels.panels), 1)
    columns, rows = min(count, COLUMNS), -(-count // COLUMNS)
    return (1.6 + (3.3 if columns > 1 else 4.6) * columns, 0.9 + 2.9 * rows)


def panel_axes(ax: Axes, panels: Panels, value: str) -> dict[str, Axes]:
    """Replace `ax` by one titled axes per panel, with shared scales; `value` names the quantity."""
    count = len(panels.panels)
    columns, rows = min(count, COLUMNS), -(-count // COLUMNS)
    figure, grid = divide(ax, rows, columns)
    axes: dict[str, Axes] = {}
    for place, panel in enumerate(panels.panels):
        first = next(iter(axes.values()), None)
        subplot = figure.add_subplot(grid[divmod(place, columns)], sharex=first, sharey=first)
        subplot.set_title(panel)
        leftmost, lowest = place % columns == 0, place + columns >= count
        subplot.tick_params(labelleft=leftmost, labelbottom=lowest)
        subplot.set_ylabel(value if leftmost else "")
        subplot.set_xlabel("real images shown (kimg)" if lowest else "")
        axes[panel] = subplot
    return axes


def draw_bands(axes: dict[str, Axes], panels: Panels, table: pd.DataFrame) -> None:
    """Draw the median and band of every cell, mark where runs diverged, and name missing cells."""
    pen_of = dict(zip(panels.series, pens(len(panels.series)), strict=True))
    if panels.others:
        pen_of[panels.others] = OTHERS
    parts = dict(list(table.groupby("cell", sort=False)))
    for cell in sorted(panels.cells, key=lambda cell: cell.series != panels.others):
        if cell.cell in parts:
            _draw_band(axes[cell.panel], parts[cell.cell], pen_of[cell.series])
    for panel, ax in axes.items():
        planned = [cell for cell in panels.cells if cell.panel == panel]
        absent = [cell.series for cell in planned if cell.cell in panels.missing]
        if len(absent) == len(planned):
            ax.text(0.5, 0.5, "no data yet", transform=ax.transAxes, ha="center", va="center", color=GREY)
        elif absent:
            which = absent[0] if len(absent) == 1 else f"{len(absent)} of {len(planned)}"
            ax.set_title(f"missing: {which}", loc="right", fontsize=7.5, color=GREY)
    _name_series(next(iter(axes.values())), pen_of)


def draw_recorded(axes: dict[str, Axes], panels: Panels, recorded: pd.DataFrame) -> None:
    """Draw median and band of runs recorded elsewhere, thin and pale, behind the cells of the same name."""
    pen_of = dict(zip(panels.series, pens(len(panels.series)), strict=True))
    parts = dict(list(recorded.groupby("cell", sort=False)))
    shown = [cell for cell in panels.cells if cell.cell in parts]
    for cell in shown:
        ax, part, color = axes[cell.panel], parts[cell.cell], pen_of[cell.series].color
        ax.fill_between(part["kimg"], part["min"], part["max"], color=color, alpha=0.1, linewidth=0)
        ax.plot(part["kimg"], part["median"], color=color, alpha=0.6, linewidth=0.9, linestyle=(0, (5, 2)))
    if shown:
        first = next(iter(axes.values()))
        first.plot([], [], color=GREY, linewidth=0.9, linestyle=(0, (5, 2)), label="recorded runs")


def _draw_band(ax: Axes, part: pd.DataFrame, pen: Pen) -> None:
    """Draw one cell: solid as far as all planned runs have come, dotted beyond; a cross where a run diverged."""
    if (part["runs"] > 1).any() and pen is not OTHERS:
        ax.fill_between(part["kimg"], part["min"], part["max"], color=pen.color, alpha=0.18, linewidth=0)
    visible = part[np.isfinite(part["median"])]
    whole = visible["runs"] + visible["diverged_runs"] >= visible["planned_runs"]
    last_whole = visible["kimg"][whole].max() if whole.any() else -np.inf
    for rows, dashes in (
        (visible[visible["kimg"] <= last_whole], pen.dashes),
        (visible[visible["kimg"] >= last_whole], (0, (1, 1.5))),
    ):
        marker = pen.marker if len(visible) == 1 else ""
        ax.plot(rows["kimg"], rows["median"], linestyle=dashes, marker=marker, color=pen.color)
    later = visible["diverged_runs"].shift(-1, fill_value=part["diverged_in_the_end"].iloc[0])
    ends = visible[later > visible["diverged_runs"]]
    ax.plot(ends["kimg"], ends["median"], linestyle="", marker="x", markersize=7, markeredgewidth=1.8, color=pen.color)


def _name_series(ax: Axes, pen_of: dict[str, Pen]) -> None:
    for name, pen in pen_of.items():
        ax.plot([], [], color=pen.color, linestyle=pen.dashes, label=name)
    legend_outside(ax)


def log_value_axis(axes: dict[str, Axes], table: pd.DataFrame) -> None:
    """Make the value axis logarithmic, with limits just beyond the data."""
    values = table[["median", "min", "max"]].to_numpy(dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        return
    low, high = values.min() / 1.08, values.max() * 1.08
    for ax in axes.values():
        ax.set_yscale("log")
        ax.set_ylim(low, high)
        log_ticks(ax.yaxis, low, high)


def draw_empty(ax: Axes, panels: Panels, message: str) -> bool:
    """Write `message` if no cell has data; return whether it was written."""
    if len(panels.missing) == len(panels.cells):
        label_empty(ax, message)
        return True
    return False
