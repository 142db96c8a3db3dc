"""The table of figures. Each is one file: `data` gives the numbers, `draw` the ink; neither does the other's work."""

import importlib
from typing import Any, Protocol, cast

import pandas as pd
from matplotlib.axes import Axes

from analysis.errors import FigureError
from analysis.results.load import Curves, Runs


def _of(paper: str, *names: str) -> dict[str, str]:
    return {f"{paper}_{name}": f"analysis.figures.{paper}.{name}" for name in names}


GENERAL = {
    "fid_curves": "analysis.figures.fid_curves",
    "fid_by_size": "analysis.figures.fid_by_size",
    "ada_p": "analysis.figures.ada_p",
    "ada_rt": "analysis.figures.ada_rt",
    "logit_histograms": "analysis.figures.logit_histograms",
    "samples": "analysis.figures.samples",
}
"""Figures that suit any sweep: what is drawn where a sweep names none."""

FIGURES = {
    **GENERAL,
    **_of(
        "ada",
        *("fig1a", "fig1bc", "fig3", "fig4abc", "fig4d", "fig5ab", "fig5c", "fig5d", "fig6a", "fig6b", "fig6c"),
        *("fig7ab", "fig7c", "fig7d", "fig8a", "fig8b", "fig9a", "fig9b", "fig9c", "fig9d", "fig10", "fig11a"),
        *(
            "fig11b",
            "uncurated",
            "fig12",
            "fig13",
            "fig14",
            "fig15",
            "fig16",
            "fig17",
            "fig18",
            "fig19",
            "fig20",
            "fig20_means",
            "fig21",
            "fig25",
            "gamma",
        ),
    ),
    **_of(
        "stylegan2",
        *(
            "table1",
            "table2",
            "table3",
            "table4",
            "table5",
            "curves",
            "fig4",
            "fig5",
            "fig8",
            "fig10",
            "fig17",
            "fig18",
        ),
    ),
    **_of("progan", "table1", "curves"),
    **_of("diffaugment", "table", "curves", "ablation"),
    **_of("biggan", "curves", "table", "truncation"),
}

FREE = {
    **_of("ada", "fig2c", "fig22_23", "fig24", "appendix_c"),
}
"""Figures that need no run."""


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
    known = FIGURES | FREE
    if name not in known:
        raise FigureError(f"figure {name}: not known; there are {', '.join(known)}")
    return cast(Figure, importlib.import_module(known[name]).FIGURE)
