"""Shares measured by a probe, stacked over training: a panel per cell."""

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.grid import divide, shown, titles_of
from analysis.figures.style import OKABE_ITO, label_empty, legend_outside
from analysis.results.load import Curves, Runs
from analysis.results.probe_outputs import probed

AGGREGATION = "one run per cell, the lowest seed that was probed; shares of one snapshot add up to 1"
COLUMNS = 3
MOST_CELLS = 12


class Areas(NamedTuple):
    """One row of `table` per (cell, kimg, label): cell trial seed kimg label share."""

    table: pd.DataFrame
    cells: list[str]
    titles: dict[str, str]
    not_shown: list[str]


@dataclass(frozen=True)
class ProbeAreas:
    """A figure of array `share` of a probe by its array `label`, over kimg."""

    title: str
    probe: str
    label: str
    share: str
    y_label: str
    aggregation: str = AGGREGATION

    def data(self, all_runs: Runs, _: Curves) -> Areas:
        """Return the shares of every probed snapshot of one run per cell."""
        runs, not_shown = shown(all_runs, MOST_CELLS)
        found, parts = probed(runs, self.probe), []
        lowest: dict[str, int] = {}
        for one in found:
            if lowest.setdefault(one.cell, one.seed) == one.seed:
                arrays = one.arrays()
                parts.append(
                    pd.DataFrame({**one.key_columns, "label": arrays[self.label], "share": arrays[self.share]})
                )
        columns = ["cell", "trial", "seed", "kimg", "label", "share"]
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
        return Areas(table, runs.cells, titles_of(runs.frame), not_shown)

    def size(self, data: Areas) -> tuple[float, float]:
        count = max(data.table["cell"].nunique(), 1)
        columns, rows = min(count, COLUMNS), -(-count // COLUMNS)
        return (1.6 + (3.1 if columns > 1 else 4.6) * columns, 0.9 + 2.6 * rows)

    def draw(self, data: Areas, ax: Axes) -> None:
        if not len(data.table):
            label_empty(ax, f"no snapshot has been probed yet ({self.probe})")
            return
        parts = list(data.table.groupby("cell", sort=False))
        figure, grid = divide(ax, -(-len(parts) // COLUMNS), min(len(parts), COLUMNS))
        for place, (cell, part) in enumerate(parts):
            subplot = figure.add_subplot(grid[divmod(place, COLUMNS)])
            subplot.set_title(data.titles[str(cell)])
            subplot.set_xlabel("real images shown (kimg)")
            subplot.set_ylabel(self.y_label if place % COLUMNS == 0 else "")
            subplot.set_ylim(0, 1)
            grid_of = part.pivot(index="kimg", columns="label", values="share").fillna(0.0)
            if len(grid_of) == 1:  # a single snapshot is drawn as a constant
                grid_of = pd.concat([grid_of.rename(lambda _: 0.0), grid_of])
            names = [f"{name}" for name in grid_of.columns]
            colors = [OKABE_ITO[column % len(OKABE_ITO)] for column in range(len(names))]
            subplot.stackplot(grid_of.index, grid_of.T.to_numpy(), labels=names, colors=colors, alpha=0.85)
            if place == 0:
                legend_outside(subplot, self.label)
