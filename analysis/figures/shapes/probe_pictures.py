"""Pictures made by a probe of snapshots: a row per cell, a column per moment of training and kind of picture."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.grid import divide, shown, titles_of
from analysis.figures.style import GREY, label_empty
from analysis.results import sample_sheets as sheets
from analysis.results.load import Curves, Runs
from analysis.results.probe_outputs import moments_of_cells, probed

AGGREGATION = "for each cell, the last probed snapshot of the lowest seed"
OVER_TIME = "for each cell, probed snapshots of the lowest seed, evenly spread over the training"
MOST_CELLS = 8
INCHES = 2.6


class Pictures(NamedTuple):
    """One row of `table` per picture: cell trial seed kimg kind file sha256. `pixels` by file."""

    table: pd.DataFrame
    cells: list[str]
    titles: dict[str, str]
    pixels: dict[str, sheets.Pixels]
    not_shown: list[str]


@dataclass(frozen=True)
class ProbePictures:
    """A figure of the `pictures` of a probe: of the last snapshot, or of up to `moments` of them, evenly spread."""

    title: str
    probe: str
    pictures: tuple[str, ...]
    aggregation: str = AGGREGATION
    moments: int = 1

    def data(self, all_runs: Runs, _: Curves) -> Pictures:
        """Return the pictures of every shown cell that has been probed."""
        runs, not_shown = shown(all_runs, MOST_CELLS)
        rows = [
            {**one.key_columns, "kind": kind, "file": path.relative_to(runs.store.path).as_posix()}
            for one in moments_of_cells(probed(runs, self.probe), self.moments)
            for kind in self.pictures
            if (path := one.picture(kind)) is not None
        ]
        table = pd.DataFrame(rows, columns=["cell", "trial", "seed", "kimg", "kind", "file"])
        paths = {file: runs.store.path / file for file in table["file"]}
        table["sha256"] = [sheets.content_of(paths[file]) for file in table["file"]]
        pixels = {file: sheets.pixels_of(path) for file, path in paths.items()}
        return Pictures(table, runs.cells, titles_of(runs.frame), pixels, not_shown)

    def size(self, data: Pictures) -> tuple[float, float]:
        shapes = [pixels.shape[0] / pixels.shape[1] for pixels in data.pixels.values()]
        rows = max(data.table["cell"].nunique(), 1)
        columns = len(self.pictures) * max(_moments(data.table), 1)
        return (INCHES * max(columns, 2) + 0.4, (INCHES * max(shapes, default=1.0) + 0.4) * rows + 1.0)

    def draw(self, data: Pictures, ax: Axes) -> None:
        if not len(data.table):
            label_empty(ax, f"no snapshot has been probed yet ({self.probe})")
            return
        cells = list(dict.fromkeys(data.table["cell"]))
        columns = [(moment, kind) for moment in range(_moments(data.table)) for kind in self.pictures]
        figure, grid = divide(ax, len(cells), len(columns))
        for down, cell in enumerate(cells):
            rows = data.table[data.table["cell"] == cell].to_dict("records")
            times = sorted({row["kimg"] for row in rows})
            row_of = {(times.index(row["kimg"]), row["kind"]): row for row in rows}
            for across, place in enumerate(columns):
                subplot = figure.add_subplot(grid[down, across])
                subplot.set_axis_off()
                if place in row_of:
                    _show(subplot, row_of[place], data)
                elif place[0] < len(times):
                    subplot.text(0.5, 0.5, f"no picture: {place[1]}", ha="center", va="center", color=GREY)


def _moments(table: pd.DataFrame) -> int:
    """Return the largest number of moments of a cell."""
    return int(table.groupby("cell")["kimg"].nunique().max()) if len(table) else 0


def _show(ax: Axes, row: dict[Hashable, Any], data: Pictures) -> None:
    title = f"{data.titles[row['cell']]}\n{row['kind']}, {row['kimg']:g} kimg, seed {row['seed']}"
    ax.set_title(title, fontsize=7.5)
    ax.imshow(data.pixels[row["file"]], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
