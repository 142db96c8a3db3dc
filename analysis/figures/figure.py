"""The interface of a figure: `data` computes its numbers, `draw` draws them and computes nothing."""

from typing import Any, Protocol

import pandas as pd
from matplotlib.axes import Axes

from analysis.results.load import Curves, Runs


class FigureData(Protocol):
    """What every figure's numbers have: `table`, which becomes the CSV, and the `cells` the figure is about."""

    @property
    def table(self) -> pd.DataFrame: ...

    @property
    def cells(self) -> list[str]: ...


class Figure(Protocol):
    """An entry of a table of figures. `aggregation` describes how runs became the plotted numbers."""

    @property
    def title(self) -> str: ...

    @property
    def aggregation(self) -> str: ...

    def data(self, runs: Runs, curves: Curves) -> FigureData:
        """Return the plotted numbers."""
        ...

    def size(self, data: Any) -> tuple[float, float]:
        """Return width and height of the page in inches."""
        ...

    def draw(self, data: Any, ax: Axes) -> None:
        """Draw the numbers in place of `ax`."""
        ...
