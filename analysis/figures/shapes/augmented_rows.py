"""Labelled rows of one augmented photograph. Needs no run."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.grid import divide
from analysis.figures.shapes.augmented_photograph import RESOLUTION, augmented_sheet
from analysis.results.load import Curves, Runs
from analysis.results.sample_sheets import Pixels

ROW_INCHES = 0.8


class AugmentedRows(NamedTuple):
    """One row of `table` per row of the sheet: row sha256 of its pixels. `sheet` [h w c]."""

    table: pd.DataFrame
    cells: list[str]
    sheet: Pixels


@dataclass(frozen=True)
class AugmentedFigure:
    """A figure of the sheet made by `python -m trainer augment` with `options`; `rows` and `columns` are labels."""

    title: str
    aggregation: str
    options: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def data(self, _runs: Runs, _curves: Curves) -> AugmentedRows:
        """Return the sheet and a hash of the pixels of each row."""
        sheet = augmented_sheet(*self.options)
        starts = range(0, sheet.shape[0], RESOLUTION)
        hashes = [hashlib.sha256(sheet[start : start + RESOLUTION].tobytes()).hexdigest()[:16] for start in starts]
        return AugmentedRows(pd.DataFrame({"row": self.rows, "sha256": hashes}), [], sheet)

    def size(self, data: AugmentedRows) -> tuple[float, float]:
        rows, columns = (length / RESOLUTION for length in data.sheet.shape[:2])
        return (ROW_INCHES * columns + 1.6, ROW_INCHES * rows + 1.1)

    def draw(self, data: AugmentedRows, ax: Axes) -> None:
        figure, grid = divide(ax, 1, 1)
        subplot = figure.add_subplot(grid[0, 0])
        subplot.imshow(data.sheet, interpolation="nearest")
        subplot.grid(visible=False)
        subplot.tick_params(length=0)
        subplot.set_yticks([RESOLUTION * (row + 0.5) for row in range(len(self.rows))], self.rows)
        subplot.set_xticks([RESOLUTION * (column + 0.5) for column in range(len(self.columns))], self.columns)
        for spine in subplot.spines.values():
            spine.set_visible(False)
