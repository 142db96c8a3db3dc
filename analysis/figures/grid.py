"""Layout of cells on a page: a row per training set size, a column per method."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecFromSubplotSpec, SubplotSpec
from matplotlib.transforms import Bbox

from analysis.results.cells import images_label
from analysis.results.load import Runs


def shown(runs: Runs, most: int) -> tuple[Runs, list[str]]:
    """Return the runs of at most `most` evenly spaced cells, and the names of the cells left out."""
    cells = runs.cells
    places = np.linspace(0, len(cells) - 1, min(most, len(cells))).round().astype(int)
    chosen = [cells[place] for place in places]
    return runs.only(chosen), [cell for cell in cells if cell not in chosen]


def rows_of_cells(runs: pd.DataFrame, columns: int) -> list[list[str]]:
    """Return the cells by size, ascending; a size with more than `columns` cells continues in the next row."""
    cells = runs.drop_duplicates("cell").sort_values("training_images", kind="stable")
    rows = []
    for _, part in cells.groupby("training_images", sort=False, dropna=False):
        names = list(part["cell"])
        rows += [names[start : start + columns] for start in range(0, len(names), columns)]
    return rows


def titles_of(runs: pd.DataFrame) -> dict[str, str]:
    """Return a title for each cell: its method, its data set if there are several, and its size."""
    cells = runs.drop_duplicates("cell")
    several = cells["dataset"].nunique() > 1
    sizes = cells["training_images"].map(lambda n: "" if pd.isna(n) else f"{images_label(n)} images")
    rows = zip(cells["cell"], cells["method"], cells["dataset"], sizes, strict=True)
    return {cell: ", ".join(filter(None, (method, several * data, size))) for cell, method, data, size in rows}


def divide(ax: Axes, rows: int, columns: int) -> tuple[Figure, GridSpecFromSubplotSpec]:
    """Return the figure of `ax` and a grid of rows x columns in its place."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    spec = ax.get_subplotspec() or _spec_at(figure, ax.get_position())
    ax.remove()
    return figure, spec.subgridspec(rows, columns)


def _spec_at(figure: Figure, box: Bbox) -> SubplotSpec:
    """Return a place of its own for axes that are in no grid."""
    return figure.add_gridspec(1, 1, left=box.x0, right=box.x1, bottom=box.y0, top=box.y1)[0]
