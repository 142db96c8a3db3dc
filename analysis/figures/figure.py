"""The interface of a figure: `data` computes its numbers, `draw` only draws them."""

from typing import Any, Protocol

import pandas as pd
from matplotlib.axes import Axes

from analysis.results.load import Curves, Runs


class FigureData(Protocol):
    """The numbers of a figure: `table`, which becomes the CSV, and the `cells` that the figure shows."""

    @property
    def table(self) -> pd.DataFrame: ...

    @property
    def cells(self) -> list[str]: ...


class Figure(Protocol):
    """A figure. `aggregation` describes how the plotted numbers were computed from runs."""

    @property
    def title(self) -> str: ...

    @property
    def aggregation(self) -> str: ...

    def data(self, runs: Runs, curves: Curves) -> FigureData:
        """Return the plotted numbers."""
        ...

    def size(self, data: Any) -> tuple[float, float]:
        """Return the width and height of the page in inches."""
        ...

    def draw(self, data: Any, ax: Axes) -> None:
        """Draw the numbers in the place of `ax`."""
        ...
