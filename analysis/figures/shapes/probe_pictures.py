"""Pictures made by a probe of a snapshot: a row per cell, a column per kind of picture."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from PIL import Image

from analysis.figures.grid import divide, shown, titles_of
from analysis.figures.style import GREY, label_empty
from analysis.results import sample_sheets as sheets
from analysis.results.load import Curves, Runs
from analysis.results.probe_outputs import last_of_cells, probed

AGGREGATION = "for each cell, the last probed snapshot of the lowest seed"
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
    """A figure of the `pictures` of a probe."""

    title: str
    probe: str
    pictures: tuple[str, ...]
    aggregation: str = AGGREGATION

    def data(self, all_runs: Runs, _: Curves) -> Pictures:
        """Return the pictures of every shown cell that has been probed."""
        runs, not_shown = shown(all_runs, MOST_CELLS)
        rows = [
            {**one.key_columns, "kind": kind, "file": path.relative_to(runs.store.path).as_posix()}
            for one in last_of_cells(probed(runs, self.probe))
            for kind in self.pictures
            if (path := one.picture(kind)) is not None
        ]
        table = pd.DataFrame(rows, columns=["cell", "trial", "seed", "kimg", "kind", "file"])
        paths = {file: runs.store.path / file for file in table["file"]}
        table["sha256"] = [sheets.content_of(paths[file]) for file in table["file"]]
        pixels = {file: np.asarray(Image.open(path)) for file, path in paths.items()}
        return Pictures(table, runs.cells, titles_of(runs.frame), pixels, not_shown)

    def size(self, data: Pictures) -> tuple[float, float]:
        shapes = [pixels.shape[0] / pixels.shape[1] for pixels in data.pixels.values()]
        rows = max(data.table["cell"].nunique(), 1)
        return (INCHES * max(len(self.pictures), 2) + 0.4, (INCHES * max(shapes, default=1.0) + 0.4) * rows + 1.0)

    def draw(self, data: Pictures, ax: Axes) -> None:
        if not len(data.table):
            label_empty(ax, f"no snapshot has been probed yet ({self.probe})")
            return
        cells = list(dict.fromkeys(data.table["cell"]))
        figure, grid = divide(ax, len(cells), len(self.pictures))
        file_of = {(row["cell"], row["kind"]): row for row in data.table.to_dict("records")}
        for down, cell in enumerate(cells):
            for across, kind in enumerate(self.pictures):
                subplot = figure.add_subplot(grid[down, across])
                subplot.set_axis_off()
                row = file_of.get((cell, kind))
                if row is None:
                    subplot.text(0.5, 0.5, f"no picture: {kind}", ha="center", va="center", color=GREY)
                    continue
                subplot.set_title(
                    f"{data.titles[cell]}\n{kind}, {row['kimg']:g} kimg, seed {row['seed']}", fontsize=7.5
                )
                subplot.imshow(data.pixels[row["file"]], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
