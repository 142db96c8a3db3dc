"""Histograms of a probe's values for individual images: a panel per cell, a colour per kind of image."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.grid import divide, shown, titles_of
from analysis.figures.style import label_empty, legend_outside, log_ticks, pens
from analysis.results.load import Curves, Runs
from analysis.results.probe_outputs import last_of_cells, probed

AGGREGATION = "for each cell, the last probed snapshot of the lowest seed; share of the images in each bin"
BINS = 30
COLUMNS = 3
MOST_CELLS = 12


class Histograms(NamedTuple):
    """One row of `table` per (cell, kind, bin): cell trial seed kimg kind low high share."""

    table: pd.DataFrame
    cells: list[str]
    titles: dict[str, str]
    not_shown: list[str]


@dataclass(frozen=True)
class ProbeHistograms:
    """A figure of histograms of the arrays `values` of a probe, all panels with the same bins."""

    title: str
    probe: str
    values: tuple[str, ...]
    x_label: str
    log_x: bool = False
    aggregation: str = AGGREGATION

    def data(self, all_runs: Runs, _: Curves) -> Histograms:
        """Return the histograms of every shown cell that has been probed."""
        runs, not_shown = shown(all_runs, MOST_CELLS)
        found = [(one, one.arrays()) for one in last_of_cells(probed(runs, self.probe))]
        table = pd.DataFrame(columns=["cell", "trial", "seed", "kimg", "kind", "low", "high", "share"])
        if found:
            edges = self._edges(np.concatenate([arrays[name] for _, arrays in found for name in self.values]))
            bins = {"low": edges[:-1], "high": edges[1:]}
            parts = [
                pd.DataFrame({**one.key_columns, "kind": name, **bins, "share": _shares(arrays[name], edges)})
                for one, arrays in found
                for name in self.values
            ]
            table = pd.concat(parts, ignore_index=True)
        return Histograms(table, runs.cells, titles_of(runs.frame), not_shown)

    def _edges(self, values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> list[float]:
        low, high = float(values.min()), float(values.max())
        if self.log_x:
            return [float(edge) for edge in np.geomspace(max(low, 1e-9), max(high, 2e-9) * 1.001, BINS + 1)]
        return [float(edge) for edge in np.linspace(low, high + 1e-9, BINS + 1)]

    def size(self, data: Histograms) -> tuple[float, float]:
        count = max(data.table["cell"].nunique(), 1)
        columns, rows = min(count, COLUMNS), -(-count // COLUMNS)
        return (1.6 + (3.1 if columns > 1 else 4.6) * columns, 0.9 + 2.6 * rows)

    def draw(self, data: Histograms, ax: Axes) -> None:
        if not len(data.table):
            label_empty(ax, f"no snapshot has been probed yet ({self.probe})")
            return
        parts = list(data.table.groupby("cell", sort=False))
        figure, grid = divide(ax, -(-len(parts) // COLUMNS), min(len(parts), COLUMNS))
        pen_of = dict(zip(self.values, pens(len(self.values)), strict=True))
        for place, (cell, part) in enumerate(parts):
            subplot = figure.add_subplot(grid[divmod(place, COLUMNS)])
            subplot.set_title(data.titles[str(cell)])
            subplot.set_xlabel(self.x_label)
            subplot.set_ylabel("share of images" if place % COLUMNS == 0 else "")
            if self.log_x:
                subplot.set_xscale("log")
                log_ticks(subplot.xaxis, float(part["low"].min()), float(part["high"].max()))
            for kind, rows in part.groupby("kind", sort=False):
                edges = [*rows["low"], rows["high"].iloc[-1]]
                color, label = pen_of[str(kind)].color, str(kind).replace("_", " ")
                subplot.stairs(rows["share"].tolist(), edges, fill=True, alpha=0.5, color=color, label=label)
            if place == 0:
                legend_outside(subplot)


def _shares(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", edges: list[float]) -> list[float]:
    counts, _ = np.histogram(values, edges)
    return [float(count) for count in counts / max(len(values), 1)]
