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
    **{
        f"ada_{name}": f"analysis.figures.ada.{name}"
        for name in (
            *("fig1a", "fig1bc", "fig3", "fig4abc", "fig4d", "fig5ab", "fig5c", "fig5d", "fig6a", "fig6b"),
            *("fig7ab", "fig7c", "fig8a", "fig8b", "fig9a", "fig9b", "fig9c", "fig9d", "fig10", "fig11a", "fig11b"),
            *("fig17", "fig20", "fig21", "gamma"),
        )
    },
    **{f"diffaugment_{name}": f"analysis.figures.diffaugment.{name}" for name in ("table", "curves", "ablation")},
}


class FigureData(Protocol):
    """What every figure's numbers have: `table`, which becomes the CSV, and the `cells` the figure is about."""

    @property
    def table(self) -> pd.DataFrame: ...

    @property
    def cells(self) -> list[str]: ...


class Figure(Protocol):
    """What a file of this package has as FIGURE. `aggregation` says in words how runs became the plotted numbers."""

    @property
    def title(self) -> str: ...

    @property
    def aggregation(self) -> str: ...

    def data(self, runs: Runs, curves: Curves) -> FigureData: ...

    def size(self, data: Any) -> tuple[float, float]: ...

    def draw(self, data: Any, ax: Axes) -> None: ...


def figure_named(name: str) -> Figure:
    """Return the figure `name`. Raises FigureError, listing what there is."""
    if name not in FIGURES:
        raise FigureError(f"figure {name}: not known; there are {', '.join(FIGURES)}")
    return cast(Figure, importlib.import_module(FIGURES[name]).FIGURE)
