"""The common style of all figures: colour-blind-safe colours, ticks as plain numbers, legends outside.

Colours: Okabe and Ito (2008), "Color Universal Design".
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any, NamedTuple, cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from analysis.results.cells import images_label

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A900")
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
GREY = "#666666"
TICK_SHARE = 0.07
"""Share of an axis taken by the label of one tick."""

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "pdf.fonttype": 42,
    "savefig.dpi": 160,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Use matplotlib's defaults and STYLE, ignoring the user's matplotlibrc."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(cast(Any, STYLE))
        yield


class Pen(NamedTuple):
    """How one series is drawn."""

    color: str
    dashes: Any
    marker: str


def pens(count: int) -> list[Pen]:
    """Return `count` different pens: eight colours, then the same colours with other dashes and markers."""
    return [
        Pen(OKABE_ITO[i % 8], DASHES[(i // 8) % len(DASHES)], next(islice(cycle(MARKERS), i % 8 + i // 8, None)))
        for i in range(count)
    ]


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Label a logarithmic axis from `low` to `high` with plain numbers, enough of them even for a short range."""
    axis.set_major_locator(FixedLocator(_log_values(low, high)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    axis.set_minor_locator(NullLocator())


def _log_values(low: float, high: float) -> list[float]:
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        values = [float(f"{step * decade:.6g}") for decade in decades for step in steps]
        inside = [value for value in values if low <= value <= high]
        if 4 <= len(inside) <= 9:
            return inside
    linear = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(value) for value in linear if low <= value <= high]


def _apart(values: Sequence[float]) -> list[float]:
    """Return the values whose labels do not overlap on a logarithmic axis: first, last, and those that fit between."""
    *inner, last = values
    spacing = TICK_SHARE * np.log(last / values[0]) if inner else 0.0
    kept: list[float] = []
    for value in inner:
        if not kept or (np.log(value / kept[-1]) >= spacing and np.log(last / value) >= spacing):
            kept.append(value)
    return [*kept, last]


def images_ticks(axis: Axis, images: Sequence[float]) -> None:
    """Tick a logarithmic axis exactly at the training set sizes, labelled 500, 2k, 140k."""
    axis.set_major_locator(FixedLocator(_apart(images)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: images_label(value)))
    axis.set_minor_locator(NullLocator())


def value_ticks(axis: Axis, values: Sequence[float]) -> None:
    """Tick an axis exactly at `values`, labelled as plain numbers."""
    axis.set_major_locator(FixedLocator(list(values)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def legend_outside(ax: Axes, title: str = "") -> None:
    """Put the legend of `ax` to the right of all axes; no legend if there are no labels."""
    handles, labels = ax.get_legend_handles_labels()
    figure = ax.figure
    assert isinstance(figure, Figure)
    if handles:
        columns = 1 + (len(handles) - 1) // 16
        figure.legend(handles, labels, loc="outside right upper", title=title, ncols=columns, alignment="left")


def label_empty(ax: Axes, message: str) -> None:
    """Write in the centre of empty axes why they are empty."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.text(0.5, 0.5, message, transform=ax.transAxes, ha="center", va="center", color=GREY)
