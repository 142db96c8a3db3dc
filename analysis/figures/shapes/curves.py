"""A quantity over training: panels side by side, one curve per cell, the spread over seeds as a band."""

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.shapes.curve_panels import (
    Panels,
    draw_bands,
    draw_empty,
    draw_recorded,
    lay_out,
    lay_out_by,
    lay_out_ranked,
    log_value_axis,
    panel_axes,
    panels_size,
)
from analysis.figures.shapes.run_filters import RunFilter, everything
from analysis.figures.style import GREY
from analysis.results.bands import WINDOWS, bands, windowed
from analysis.results.load import Curves, Runs
from analysis.results.ranking import ranked

_WINDOWED = f"mean of each run over {WINDOWS} windows of training; median over seeds, band from minimum to maximum"


class Quantity(NamedTuple):
    """A quantity that can be plotted over training; `label` "" stands for the name of the score."""

    aggregation: str
    label: str
    empty: str


QUANTITIES = {
    "value": Quantity(
        "median over seeds, band from minimum to maximum; a diverged run counts as worst in the median and is marked "
        "×; dotted: some runs have not reached this point",
        "",
        "no run of this sweep has been evaluated yet",
    ),
    "p": Quantity(
        f"{_WINDOWED}; only cells with adaptive p; × where a run diverged",
        "augmentation probability p",
        "no run with adaptive augmentation has started yet",
    ),
    "r_t": Quantity(
        f"{_WINDOWED}; dashed: the target of ADA; × where a run diverged",
        "$r_t$  (1: complete overfitting)",
        "no run has reported r_t yet",
    ),
}


class CurveData(NamedTuple):
    """One row of `table` per (cell, kimg); columns as in analysis.results.bands. `targets`: of the cells with ADA.

    `recorded` has the same columns, of runs recorded elsewhere.
    """

    table: pd.DataFrame
    cells: list[str]
    panels: Panels
    label: str
    targets: list[float]
    recorded: pd.DataFrame | None = None


@dataclass(frozen=True)
class CurveFigure:
    """A figure of curves of `value`: the score ("value"), or "p" or "r_t" of the ticks.

    `panel` and `series` are facets or keys of axes; by default analysis.figures.shapes.curve_panels chooses them.
    `keep` selects the cells.
    """

    title: str
    value: str = "value"
    keep: RunFilter = everything
    panel: str | None = None
    series: str | None = None

    @property
    def aggregation(self) -> str:
        return QUANTITIES[self.value].aggregation

    def data(self, runs: Runs, curves: Curves) -> CurveData:
        """Return the quantity over kimg, aggregated over seeds."""
        frame = runs.frame[self.keep(runs.frame)]
        scored = self.value == "value"
        source = curves.scores if scored else windowed(curves.ticks, self.value)
        source = source[source["run"].isin(frame["run"])]
        table = bands(source, frame, self.value, worst=curves.score.worst if scored else None)
        by = self.panel, self.series
        panels = lay_out_by(frame, table, *by) if all(by) else lay_out(frame, table)  # type: ignore[arg-type]
        if search := runs.plan.search:
            panels = lay_out_ranked(ranked(frame, curves.score, search.over_seeds), table)
        targets = sorted(float(target) for target in frame["augment_target"].dropna().unique())
        label = QUANTITIES[self.value].label or curves.score.label
        return CurveData(table, list(dict.fromkeys(frame["cell"])), panels, label, targets)

    def size(self, data: CurveData) -> tuple[float, float]:
        return panels_size(data.panels)

    def draw(self, data: CurveData, ax: Axes) -> None:
        if draw_empty(ax, data.panels, QUANTITIES[self.value].empty):
            return
        axes = panel_axes(ax, data.panels, data.label)
        for panel in axes.values() if self.value == "r_t" else ():
            for target in data.targets:
                panel.axhline(target, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        if data.recorded is not None:
            draw_recorded(axes, data.panels, data.recorded)
        draw_bands(axes, data.panels, data.table)
        self._scale(axes, data.table if data.recorded is None else pd.concat([data.table, data.recorded]))

    def _scale(self, axes: dict[str, Axes], table: pd.DataFrame) -> None:
        first = next(iter(axes.values()))
        if self.value == "p":
            first.set_ylim(0, max(1.0, float(table["max"].max())) * 1.02)
        elif self.value == "r_t":
            first.set_ylim(min(0.0, float(table["min"].min())) - 0.03, 1.03)
        else:
            log_value_axis(axes, table)
