"""The score against a number: panels side by side, one line per series, the spread over seeds as bars."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.grid import divide
from analysis.figures.shapes.edges import limits, mark_edge
from analysis.figures.shapes.reference_marks import (
    FLOOR,
    PUBLISHED,
    floors,
    mark_references,
    name_references,
    with_values,
)
from analysis.figures.shapes.run_filters import RunFilter, everything
from analysis.figures.style import Pen, images_ticks, label_empty, legend_outside, log_ticks, pens, value_ticks
from analysis.results.facets import METHOD, SIZE, labels, numbers, ordered
from analysis.results.load import Curves, Runs
from analysis.results.published_cells import published_by_cell
from analysis.results.score import Score
from analysis.results.spread import spread

AGGREGATION = (
    "best snapshot of each run; median over seeds, bars from minimum to maximum; a diverged run counts as worst in the "
    "median; ×, upper edge: median diverged; ○, lower edge: no runs yet"
)
DASHED = "dashed: cells without that axis"
COLUMNS = 3
CROWDED = 6
"""With more ticks than this, their labels are rotated."""


class LineData(NamedTuple):
    """One row of `table` per cell: panel series x, the columns of analysis.results.spread, and published values.

    x is NaN for dashed lines.
    """

    table: pd.DataFrame
    cells: list[str]
    panels: list[str]
    series: list[str]
    score: Score


@dataclass(frozen=True)
class LineFigure:
    """A figure of lines. `x`, `panel` and `series` are facets or keys of axes; `keep` selects the cells."""

    title: str
    x: str = SIZE
    x_label: str = "training images"
    panel: str | None = None
    series: str = METHOD
    log_x: bool = True
    keep: RunFilter = everything

    @property
    def aggregation(self) -> str:
        return AGGREGATION if self.x == SIZE else f"{AGGREGATION}; {DASHED}"

    def data(self, runs: Runs, curves: Curves) -> LineData:
        """Return the spread over seeds of each cell's best values, by panel, series and x."""
        frame = runs.frame[self.keep(runs.frame)]
        table = spread(frame, "best", worst=curves.score.worst)
        first = frame.drop_duplicates("cell")
        table.insert(1, "panel", labels(first, self.panel).to_numpy() if self.panel else "")
        table.insert(2, "series", labels(first, self.series).to_numpy())
        table.insert(3, "x", numbers(first, self.x).to_numpy())
        table = with_values(table, PUBLISHED, published_by_cell(runs, curves.score))
        table = with_values(table, FLOOR, floors(runs)) if curves.score.metric.startswith("fid") else table
        panels = (ordered(frame, self.panel) if self.panel else []) or [""]
        return LineData(table, list(table["cell"]), panels, ordered(frame, self.series), curves.score)

    def size(self, data: LineData) -> tuple[float, float]:
        columns, rows = min(max(len(data.panels), 1), COLUMNS), -(-max(len(data.panels), 1) // COLUMNS)
        return (2.0 + (3.1 if columns > 1 else 5.0) * columns, 0.9 + 3.2 * rows)

    def draw(self, data: LineData, ax: Axes) -> None:
        if not (data.table["runs"] + data.table["diverged_runs"] > 0).any():
            label_empty(ax, "no run of this sweep has been evaluated yet")
            return
        pen_of = dict(zip(data.series, pens(len(data.series)), strict=True))
        axes = _panel_axes(ax, data.panels, f"best {data.score.label}", self.x_label)
        parts = [data.table[data.table["panel"] == panel] for panel in data.panels]
        edges = [_draw_panel(subplot, part, pen_of) for subplot, part in zip(axes, parts, strict=True)]
        self._scale(axes, data.table, edges)
        name_references(axes[0], data.table)
        _name(axes[0], pen_of)

    def _scale(self, axes: list[Axes], table: pd.DataFrame, edges: list[tuple[float, float]]) -> None:
        values = table[[name for name in ("median", "min", "max", PUBLISHED, FLOOR) if name in table]]
        below, above = (max(shares) for shares in zip(*edges, strict=True))
        if np.isfinite(values.to_numpy(dtype=float)).any():
            log = _is_positive(values)
            low, high = limits(values, below, above, log=log)
            for ax in axes:
                ax.set_yscale("log" if log else "linear")
                ax.set_ylim(low, high)
                log_ticks(ax.yaxis, low, high) if log else None
        else:
            axes[0].set_ylim(0, 1)
            axes[0].set_yticks([])
        xs = sorted(table["x"].dropna().unique())
        for ax in axes:
            if self.log_x and xs:
                ax.set_xscale("log")
                (images_ticks if self.x == SIZE else value_ticks)(ax.xaxis, xs)
            if self.log_x and len(xs) > CROWDED:
                ax.tick_params(axis="x", labelrotation=45)


def _is_positive(values: pd.DataFrame) -> bool:
    finite = values.to_numpy(dtype=float)
    return bool((finite[np.isfinite(finite)] > 0).all())


def _panel_axes(ax: Axes, panels: list[str], value: str, x_label: str) -> list[Axes]:
    columns = min(len(panels), COLUMNS)
    figure, grid = divide(ax, -(-len(panels) // COLUMNS), columns)
    axes: list[Axes] = []
    for place, panel in enumerate(panels):
        first = axes[0] if axes else None
        subplot = figure.add_subplot(grid[divmod(place, columns)], sharex=first, sharey=first)
        subplot.set_title(panel)
        subplot.set_xlabel(x_label)
        subplot.set_ylabel(value if place % columns == 0 else "")
        subplot.tick_params(labelleft=place % columns == 0)
        axes.append(subplot)
    return axes


def _draw_panel(ax: Axes, part: pd.DataFrame, pen_of: dict[str, Pen]) -> tuple[float, float]:
    """Draw the cells of one panel; return the shares of the height taken by marks below and above."""
    for series, rows in part.groupby("series", sort=False):
        finite = rows[np.isfinite(rows["median"])].sort_values("x")
        _draw_line(ax, finite[finite["x"].notna()], pen_of[str(series)])
        for level in finite["median"][finite["x"].isna()]:
            ax.axhline(level, color=pen_of[str(series)].color, linewidth=1.2, linestyle=(0, (4, 3)))
    mark_references(ax, part, pen_of)
    placed = part[part["x"].notna()]
    below = mark_edge(ax, placed[placed["median"].isna()], pen_of, top=False)
    return below, mark_edge(ax, placed[np.isinf(placed["median"])], pen_of, top=True)


def _draw_line(ax: Axes, rows: pd.DataFrame, pen: Pen) -> None:
    reach = [(rows["median"] - rows["min"]).clip(lower=0), (rows["max"] - rows["median"]).clip(lower=0)]
    style: dict[str, Any] = {"color": pen.color, "linestyle": pen.dashes, "marker": pen.marker}
    ax.errorbar(rows["x"], rows["median"], reach, capsize=3, **style)


def _name(ax: Axes, pen_of: dict[str, Pen]) -> None:
    for name, pen in pen_of.items():
        ax.plot([], [], color=pen.color, linestyle=pen.dashes, marker=pen.marker, label=name)
    legend_outside(ax)
