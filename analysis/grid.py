"""Cells laid out on a page as rows and columns: a row per training set size, a column per method."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecFromSubplotSpec

from analysis.cells import images_label


def rows_of_cells(runs: pd.DataFrame, columns: int) -> list[list[str]]:
    """Return the cells by size, ascending; a size with more than `columns` cells goes on in the next row."""
    cells = runs.drop_duplicates("cell").sort_values("training_images", kind="stable")
    rows = []
    for _, part in cells.groupby("training_images", sort=False, dropna=False):
        names = list(part["cell"])
        rows += [names[start : start + columns] for start in range(0, len(names), columns)]
    return rows


def titles_of(runs: pd.DataFrame) -> dict[str, str]:
    """Return for each cell its method and size in words."""
    cells = runs.drop_duplicates("cell")
    rows = zip(cells["cell"], cells["method"], cells["training_images"], strict=True)
    return {cell: method if pd.isna(n) else f"{method}, {images_label(n)} images" for cell, method, n in rows}


def divide(ax: Axes, rows: int, columns: int) -> tuple[Figure, GridSpecFromSubplotSpec]:
    """Return the figure of `ax` and a grid of rows x columns in its place."""
    spec, figure = ax.get_subplotspec(), ax.figure
    assert spec is not None
    assert isinstance(figure, Figure)
    ax.remove()
    return figure, spec.subgridspec(rows, columns)
