"""Uncurated images, a row per data set: real, best ADA run with and without truncation, best baseline."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.grid import divide
from analysis.figures.style import GREY, label_empty
from analysis.results import sample_sheets as sheets
from analysis.results.load import Curves, Runs
from analysis.results.probe_outputs import Probed, nearest_probed
from analysis.results.score import Score, best_first

PROBE = "uncurated"
AGGREGATION = (
    "for each data set, the runs with the best score with ADA and without augmentation, each at the probed snapshot "
    "nearest to its best; all images from one random seed, uncurated"
)
COLUMNS = ("cell", "panel", "dataset", "trial", "seed", "kimg", "best_kimg", "value", "file", "sha256")
MOST_ROWS = 6
INCHES = 2.5


class Panel(NamedTuple):
    """One column: its name, the augmentation of the runs it shows, and the probe's picture."""

    name: str
    augment: str
    picture: str


PANELS = (
    Panel("real", "ada", "real"),
    Panel("ADA, ψ = 0.7", "ada", "truncated"),
    Panel("ADA", "ada", "generated"),
    Panel("no augmentation", "none", "generated"),
)


class Uncurated(NamedTuple):
    """One row of `table` per picture (COLUMNS). `pixels` by file, `names` by cell; `datasets` are the page's rows."""

    table: pd.DataFrame
    cells: list[str]
    datasets: list[str]
    pixels: dict[str, sheets.Pixels]
    names: dict[str, str]
    score: Score
    not_shown: list[str]


@dataclass(frozen=True)
class UncuratedFigure:
    """A figure of the data sets whose names start with `dataset`."""

    title: str
    dataset: str = ""
    aggregation: str = AGGREGATION

    def data(self, runs: Runs, curves: Curves) -> Uncurated:
        """Return the pictures of the best runs."""
        frame = runs.frame[runs.frame["dataset"].str.startswith(self.dataset)]
        frame = frame[frame["augment"].isin([panel.augment for panel in PANELS])]
        every = list(dict.fromkeys(frame["dataset"]))
        shown, rest = every[:MOST_ROWS], frame[frame["dataset"].isin(every[MOST_ROWS:])]
        rows = [row for dataset in shown for row in _rows(runs, frame[frame["dataset"] == dataset], curves.score)]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        pixels = {file: sheets.pixels_of(runs.store.path / file) for file in table["file"]}
        cells, left_out = (list(dict.fromkeys(part["cell"])) for part in (frame, rest))
        names = dict(zip(frame["cell"], frame["name"], strict=True))
        return Uncurated(table, cells, shown, pixels, names, curves.score, left_out)

    def size(self, data: Uncurated) -> tuple[float, float]:
        return (INCHES * len(PANELS) + 0.2, (INCHES * _height(data) + 0.5) * max(len(data.datasets), 1) + 0.9)

    def draw(self, data: Uncurated, ax: Axes) -> None:
        if not len(data.table):
            label_empty(ax, f"no snapshot has been probed yet ({PROBE})")
            return
        figure, grid = divide(ax, len(data.datasets), len(PANELS))
        row_of = {(row["dataset"], row["panel"]): row for row in data.table.to_dict("records")}
        for down, dataset in enumerate(data.datasets):
            for across, panel in enumerate(PANELS):
                subplot = figure.add_subplot(grid[down, across])
                _show(subplot, dataset, panel, row_of.get((dataset, panel.name)), data)


def _rows(runs: Runs, frame: pd.DataFrame, score: Score) -> Iterator[dict[str, object]]:
    """Yield the pictures of one data set; the real ones come from the first run that has any."""
    best = {augment: _best(runs, part, score) for augment, part in frame.groupby("augment", sort=False)}
    real = next((one for one in best.values() if one), None)
    for panel in PANELS:
        one = real if panel.picture == "real" else best.get(panel.augment)
        path = one and one.probed.picture(panel.picture)
        if one and path:
            file = {"file": path.relative_to(runs.store.path).as_posix(), "sha256": sheets.content_of(path)}
            yield {**one.about, "panel": panel.name, **one.probed.key_columns, **file}


class _Best(NamedTuple):
    probed: Probed
    about: dict[str, object]


def _best(runs: Runs, frame: pd.DataFrame, score: Score) -> _Best | None:
    """Return the best run that has been probed, None if none has."""
    for run in best_first(frame, score).to_dict("records"):
        if one := nearest_probed(runs, run, PROBE, float(run["best_kimg"])):
            return _Best(one, {"dataset": run["dataset"], "best_kimg": run["best_kimg"], "value": run["best"]})
    return None


def _height(data: Uncurated) -> float:
    return max((pixels.shape[0] / pixels.shape[1] for pixels in data.pixels.values()), default=1.0)


def _show(ax: Axes, dataset: str, panel: Panel, row: dict[object, object] | None, data: Uncurated) -> None:
    ax.set_axis_off()
    ax.set_anchor("NW")
    ax.set_title(_title(dataset, panel, row, data), fontsize=7.5)
    if row is None:
        ax.set_box_aspect(_height(data))
        ax.text(0.5, 0.5, "no picture yet", transform=ax.transAxes, ha="center", va="center", color=GREY)
    else:
        ax.imshow(data.pixels[str(row["file"])], cmap="gray", vmin=0, vmax=255, interpolation="antialiased")


def _title(dataset: str, panel: Panel, row: dict[object, object] | None, data: Uncurated) -> str:
    if row is None or panel.picture == "real":
        return f"{panel.name}\n{dataset}"
    value = "" if row["value"] != row["value"] else f"best {data.score.family} {row['value']:.1f}, "
    return f"{panel.name}: {data.names[str(row['cell'])]}\n{value}{row['kimg']:g} kimg, seed {row['seed']}"
