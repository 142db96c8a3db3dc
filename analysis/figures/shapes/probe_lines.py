"""Curves measured by a probe on a snapshot, one per cell."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.grid import titles_of
from analysis.figures.style import label_empty, legend_outside, pens
from analysis.results.load import Curves, Runs
from analysis.results.probe_outputs import last_of_cells, probed

AGGREGATION = "for each cell, the last probed snapshot of the lowest seed; median over the curves of its samples"


class ProbeData(NamedTuple):
    """One row of `table` per point: cell trial seed kimg x y."""

    table: pd.DataFrame
    cells: list[str]
    titles: dict[str, str]


@dataclass(frozen=True)
class ProbeLines:
    """A figure of array `y` over array `x` of a probe; if `x` is "", over the rank from 1."""

    title: str
    probe: str
    x: str
    x_label: str
    y: str
    y_label: str
    log_y: bool = False
    aggregation: str = AGGREGATION

    def data(self, runs: Runs, _: Curves) -> ProbeData:
        """Return the points of every cell that has been probed."""
        parts = [pd.DataFrame(columns=["cell", "trial", "seed", "kimg", "x", "y"])]
        for one in last_of_cells(probed(runs, self.probe)):
            arrays = one.arrays()
            y = np.median(np.atleast_2d(arrays[self.y]), axis=0)
            x = arrays[self.x] if self.x else np.arange(1, len(y) + 1)
            parts.append(pd.DataFrame({**one.key_columns, "x": x, "y": y}))
        table = pd.concat(parts[1:], ignore_index=True) if parts[1:] else parts[0]
        return ProbeData(table, runs.cells, titles_of(runs.frame))

    def size(self, _: ProbeData) -> tuple[float, float]:
        return (8.0, 4.4)

    def draw(self, data: ProbeData, ax: Axes) -> None:
        if not len(data.table):
            label_empty(ax, f"no snapshot has been probed yet ({self.probe})")
            return
        for pen, (cell, rows) in zip(pens(len(data.cells)), data.table.groupby("cell", sort=False), strict=False):
            marker = pen.marker if len(rows) < 30 else ""
            label = data.titles[str(cell)]
            ax.plot(rows["x"], rows["y"], color=pen.color, linestyle=pen.dashes, marker=marker, label=label)
        ax.set_xlabel(self.x_label)
        ax.set_ylabel(self.y_label)
        if self.log_y:
            ax.set_yscale("log")
        legend_outside(ax)
