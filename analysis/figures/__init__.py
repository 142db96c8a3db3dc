"""The table of figures. Each is one file: `data` gives the numbers, `draw` the ink; neither does the other's work."""

import importlib
from typing import Any, Protocol, cast

import pandas as pd
from matplotlib.axes import Axes

from analysis.errors import FigureError
from analysis.results import Curves, Runs

FIGURES = {
    "fid_curves": "analysis.figures.fid_curves",
    "fid_by_size": "analysis.figures.fid_by_size",
    "ada_p": "analysis.figures.ada_p",
    "ada_rt": "analysis.figures.ada_rt",
    "logit_histograms": "analysis.figures.logit_histograms",
    "samples": "analysis.figures.samples",
}


class FigureData(Protocol):
    """What every figure's numbers have: `table`, which becomes the CSV, and the `cells` the figure is about."""

    @property
    def table(self) -> pd.DataFrame: ...

    @property
    def cells(self) -> list[str]: ...


class FigureModule(Protocol):
    """One file of this package. AGGREGATION says in words how runs became the plotted numbers."""

    TITLE: str
    AGGREGATION: str

    def data(self, runs: Runs, curves: Curves) -> FigureData: ...

    def size(self, data: Any) -> tuple[float, float]: ...

    def draw(self, data: Any, ax: Axes) -> None: ...


def figure_named(name: str) -> FigureModule:
    """Return the figure `name`. Raises FigureError, listing what there is."""
    if name not in FIGURES:
        raise FigureError(f"figure {name}: not known; there are {', '.join(FIGURES)}")
    return cast(FigureModule, importlib.import_module(FIGURES[name]))
