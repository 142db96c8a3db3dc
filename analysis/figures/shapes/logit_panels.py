"""How D(x) of training, validation and generated images diverge in training (Karras et al. 2020, Fig. 1b, c; 6b)."""

import os
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from analysis.figures.grid import divide, rows_of_cells, shown, titles_of
from analysis.figures.shapes.run_filters import RunFilter, everything
from analysis.figures.style import GREY, OKABE_ITO, label_empty
from analysis.results.load import Curves, Runs
from analysis.results.logit_histograms import COLUMNS, slices
from trainer.config.stored import LOGIT_KINDS

AGGREGATION = (
    "one run per cell, the lowest seed with histograms; each slice is the density of D(x) over one tick, all slices of "
    "a panel on one scale; logits beyond ±10 are counted in the outermost bins"
)
SLICES = 6
CELLS_IN_ROW = 3
MOST_CELLS = 12
COLORS = {"train": OKABE_ITO[0], "validation": OKABE_ITO[2], "generated": OKABE_ITO[1]}


class LogitHistograms(NamedTuple):
    """One row of `table` per (cell, kimg, kind, bin): cell trial seed, columns of analysis.results.logit_histograms."""

    table: pd.DataFrame
    cells: list[str]
    rows: list[list[str]]
    titles: dict[str, str]
    limits: tuple[float, float]
    not_shown: list[str]


@dataclass(frozen=True)
class LogitFigure:
    """A figure of logits: at most MOST_CELLS panels, evenly spaced over the cells that `keep` selects."""

    title: str
    keep: RunFilter = everything
    aggregation: str = AGGREGATION

    def data(self, runs: Runs, _: Curves) -> LogitHistograms:
        """Return a few slices of one run per shown cell."""
        kept = runs.only(sorted(set(runs.frame["cell"][self.keep(runs.frame)])))
        return _data(*shown(kept, MOST_CELLS))

    def size(self, data: LogitHistograms) -> tuple[float, float]:
        columns = max(map(len, data.rows), default=1)
        return (1.5 + (3.1 if columns > 1 else 4.8) * columns, 0.9 + 2.5 * max(len(data.rows), 1))

    def draw(self, data: LogitHistograms, ax: Axes) -> None:
        draw(data, ax)


def _data(runs: Runs, not_shown: list[str]) -> LogitHistograms:
    parts = [pd.DataFrame(columns=["cell", "trial", "seed", *COLUMNS])]
    for cell, group in runs.frame.sort_values("seed", kind="stable").groupby("cell", sort=False):
        for trial, seed, horizon in zip(group["trial"], group["seed"], group["horizon_kimg"], strict=True):
            path = runs.store.run(trial).path / "logits.jsonl"
            if os.path.exists(path) and len(part := slices(path, horizon, SLICES)):
                parts.append(part.assign(cell=cell, trial=trial, seed=seed)[parts[0].columns])
                break
    table = pd.concat(parts[1:], ignore_index=True) if len(parts) > 1 else parts[0]
    rows = rows_of_cells(runs.frame, CELLS_IN_ROW)
    return LogitHistograms(table, runs.cells, rows, titles_of(runs.frame), _limits(table), not_shown)


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    """Return the range of logits in which every kind has more than a hundredth of the highest density."""
    seen = table["logit"][table["density"] > 1e-2 * table["density"].max()] if len(table) else pd.Series([-1.0, 1.0])
    return float(seen.min()) - 0.5, float(seen.max()) + 0.5


def draw(data: LogitHistograms, ax: Axes) -> None:
    """Draw a panel for every shown cell."""
    if not len(data.table):
        label_empty(ax, "no run of this sweep has logged its logits yet")
        return
    figure, grid = divide(ax, len(data.rows), max(map(len, data.rows)))
    parts = dict(list(data.table.groupby("cell", sort=False)))
    for down, cells in enumerate(data.rows):
        for across, cell in enumerate(cells):
            panel = figure.add_subplot(grid[down, across])
            panel.set_title(data.titles[cell])
            panel.set_ylim(*data.limits)
            panel.set_ylabel("logit D(x)" if across == 0 else "")
            panel.set_xlabel("real images shown (kimg)" if down == len(data.rows) - 1 else "")
            _draw_cell(panel, parts.get(cell))
    present = [kind for kind in LOGIT_KINDS if (data.table["kind"] == kind).any()]
    handles = [Patch(facecolor=COLORS[kind], alpha=0.6, label=kind) for kind in present]
    figure.legend(handles=handles, loc="outside right upper")


def _draw_cell(panel: Axes, part: pd.DataFrame | None) -> None:
    if part is None:
        label_empty(panel, "no logits yet")
        return
    panel.axhline(0, color=GREY, linewidth=0.8)
    for _, outline in part.groupby(["kimg", "kind"], sort=False):
        across, up, color = outline["plotted_kimg"], outline["logit"], COLORS[outline["kind"].iloc[0]]
        panel.fill_betweenx(up, outline["kimg"], across, color=color, alpha=0.45, linewidth=0)
        panel.plot(across, up, color=color, linewidth=0.8)
