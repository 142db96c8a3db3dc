"""Generated images of each cell near its best snapshot, beside real ones (Karras et al. 2020, Fig. 10)."""

import os
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.grid import divide, rows_of_cells, shown, titles_of
from analysis.figures.shapes.run_filters import RunFilter, everything
from analysis.figures.style import GREY
from analysis.results import sample_sheets as sheets
from analysis.results.load import Curves, Runs
from analysis.results.score import Score, best_first
from trainer.config.stored import is_within

AGGREGATION = (
    "for each cell, the run with the best score: upper left corner of its sample sheet nearest to the best snapshot; "
    "real: training images of this run"
)
CELLS_IN_ROW = 4
MOST_CELLS = 20
TILES = 8
INCHES = 2.3
LETTERS = 40
"""How many letters of a title fit over a sheet."""

TITLE_INCHES = 0.15


class SampleGrid(NamedTuple):
    """One row of `table` per sheet: cell kind trial seed kimg best_kimg value file sha256. `pictures` by file."""

    table: pd.DataFrame
    cells: list[str]
    rows: list[list[str]]
    titles: dict[str, str]
    pictures: dict[str, sheets.Pixels]
    score: Score
    not_shown: list[str]


@dataclass(frozen=True)
class SampleFigure:
    """A figure of sample sheets: at most MOST_CELLS, evenly spaced over the cells that `keep` selects."""

    title: str
    keep: RunFilter = everything
    aggregation: str = AGGREGATION

    def data(self, runs: Runs, curves: Curves) -> SampleGrid:
        """Return the sheets of every shown cell and their pixels."""
        kept = runs.only(sorted(set(runs.frame["cell"][self.keep(runs.frame)])))
        return _data(*shown(kept.by_rank(curves.score), MOST_CELLS), curves)

    def size(self, data: SampleGrid) -> tuple[float, float]:
        columns = 1 + max(map(len, data.rows), default=1)
        rows = max(len(data.rows), 1)
        return (INCHES * columns + 0.2, (INCHES * _height(data) + _title_height(data)) * rows + 1.0)

    def draw(self, data: SampleGrid, ax: Axes) -> None:
        draw(data, ax)


def _data(runs: Runs, not_shown: list[str], curves: Curves) -> SampleGrid:
    chosen = _best_runs(runs, curves.score)
    rows = rows_of_cells(runs.frame, CELLS_IN_ROW)
    table = pd.DataFrame(
        [entry for run in chosen.to_dict("records") for entry in _entries(runs, run)],
        columns=["cell", "kind", "trial", "seed", "kimg", "best_kimg", "value", "file", "sha256"],
    )
    resolution = dict(zip(chosen["trial"], chosen["resolution_pixels"], strict=True))
    pictures = {
        file: sheets.corner(runs.store.path / file, int(resolution[trial]), TILES)
        for file, trial in zip(table["file"], table["trial"], strict=True)
    }
    return SampleGrid(table, runs.cells, rows, titles_of(runs.frame), pictures, curves.score, not_shown)


def _best_runs(runs: Runs, score: Score) -> pd.DataFrame:
    """Return the best run of every cell that has sheets."""
    ordered = best_first(runs.frame[runs.frame["resolution_pixels"].notna()], score)
    by_cell = ordered.groupby("cell", sort=False)["trial"]
    with_sheets = (
        (row for row, trial in trials.items() if os.path.isdir(runs.store.run(trial).samples)) for _, trials in by_cell
    )
    first = [next(rows, None) for rows in with_sheets]
    return ordered.loc[[row for row in first if row is not None]]


def _entries(runs: Runs, run: dict[object, object]) -> list[dict[str, object]]:
    directory = runs.store.run(str(run["trial"]))
    about = {key: run[key] for key in ("cell", "trial", "seed")}
    found: list[dict[str, object]] = []
    if real := sheets.reals(directory):
        found.append({**about, "kind": "real", **_file(runs, real)})
    horizon = float(str(run["horizon_kimg"]))
    if made := {kimg: path for kimg, path in sheets.fakes(directory).items() if is_within(kimg, horizon)}:
        best = float(str(run["best_kimg"]))
        kimg = sheets.nearest(made, best) if best == best else max(made)
        scored = {"kimg": kimg, "best_kimg": best, "value": run["best"]}
        found.append({**about, "kind": "generated", **scored, **_file(runs, made[kimg])})
    return found


def _file(runs: Runs, path: Path) -> dict[str, str]:
    return {"file": path.relative_to(runs.store.path).as_posix(), "sha256": sheets.content_of(path)}


def _height(data: SampleGrid) -> float:
    """Return the height of the sheets over their width."""
    return max((picture.shape[0] / picture.shape[1] for picture in data.pictures.values()), default=1.0)


def _title_height(data: SampleGrid) -> float:
    """Return the height of the longest title, in inches."""
    titles = [_title(data.titles[str(row["cell"])], row, data.score) for row in data.table.to_dict("records")]
    return 0.1 + TITLE_INCHES * max((title.count("\n") + 1 for title in titles), default=2)


def draw(data: SampleGrid, ax: Axes) -> None:
    """Draw a row per size: real images, then the cells."""
    columns = 1 + max(map(len, data.rows), default=1)
    figure, grid = divide(ax, max(len(data.rows), 1), columns)
    sheet_of = {(row["cell"], row["kind"]): row for row in data.table.to_dict("records")}
    for down, cells in enumerate(data.rows):
        real = next((sheet_of[cell, "real"] for cell in cells if (cell, "real") in sheet_of), None)
        _show(figure.add_subplot(grid[down, 0]), "real", real, data)
        for across, cell in enumerate(cells, start=1):
            _show(figure.add_subplot(grid[down, across]), data.titles[cell], sheet_of.get((cell, "generated")), data)


def _show(ax: Axes, title: str, sheet: dict[object, object] | None, data: SampleGrid) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_anchor("NW")
    ax.set_title(_title(title, sheet, data.score), fontsize=7.5)
    if sheet is None:
        ax.set_box_aspect(_height(data))
        ax.text(0.5, 0.5, "no samples yet", transform=ax.transAxes, ha="center", va="center", color=GREY)
    else:
        ax.imshow(data.pictures[str(sheet["file"])], cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def _title(title: str, sheet: dict[object, object] | None, score: Score) -> str:
    """Return what is written over a sheet, in lines that fit over it."""
    legend = _legend(sheet, score) if sheet else ""
    return "\n".join(textwrap.fill(line, LETTERS) for line in (title, legend))


def _legend(sheet: dict[object, object], score: Score) -> str:
    if sheet["kind"] == "real":
        return f"training images of seed {sheet['seed']}"
    seed = f"seed {sheet['seed']}"
    if sheet["value"] != sheet["value"]:
        return f"{sheet['kimg']:g} kimg, {seed}"
    value = f"{score.family} {sheet['value']:.1f}"
    if sheet["kimg"] != sheet["best_kimg"]:
        return f"{value} at {sheet['best_kimg']:g} kimg (here {sheet['kimg']:g}), {seed}"
    return f"best {value}, {sheet['kimg']:g} kimg, {seed}"
