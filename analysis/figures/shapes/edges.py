"""Marks at the edges of axes for cells without a number: diverged cells at the top, cells without runs below."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures.style import Pen

MARK_SHARE = 0.04
"""Share of the height taken by one mark."""


def mark_edge(ax: Axes, cells: pd.DataFrame, pen_of: dict[str, Pen], *, top: bool) -> float:
    """Mark the cells [series x] without a number, stacked at an edge; return the share of the height taken."""
    stack = cells.groupby("x").cumcount()
    for series, x, place in zip(cells["series"], cells["x"], stack, strict=True):
        height = MARK_SHARE * (place + 0.7)
        ax.plot(
            x,
            1 - height if top else height,
            "x" if top else "o",
            transform=ax.get_xaxis_transform(),
            markerfacecolor="white",
            markeredgecolor=pen_of[series].color,
            markeredgewidth=1.4,
        )
    return MARK_SHARE * (float(stack.max()) + 1.4) if len(cells) else 0.0


def limits(values: pd.DataFrame, below: float, above: float, *, log: bool) -> tuple[float, float]:
    """Return axis limits that keep the shares `below` and `above` of the height free of `values`."""
    numbers = values.to_numpy(dtype=float)
    numbers = numbers[np.isfinite(numbers) & ((numbers > 0) | (not log))]
    numbers = np.log(numbers) if log else numbers
    margin = 0.1 if log else 0.05 * max(float(np.ptp(numbers)), 1e-3)
    low, high = float(numbers.min()) - margin, float(numbers.max()) + margin
    height = (high - low) / (1 - below - above)
    low, high = low - below * height, high + above * height
    return (float(np.exp(low)), float(np.exp(high))) if log else (low, high)
