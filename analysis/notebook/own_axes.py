"""Draw a figure of a sweep on axes of one's own."""

from typing import Any, cast

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Page
from matplotlib.legend import Legend

from analysis.errors import FigureError
from analysis.figures.catalog import figure_named
from analysis.figures.style import figure_style
from analysis.results.load import Curves, Runs


def draw_on(name: str, runs: Runs, curves: Curves, ax: Axes | None) -> Page:
    """Draw the figure `name` in the place of `ax`, or on a new page; return the page.

    A figure of several panels removes `ax` and divides its place. Raises FigureError for an unknown figure.
    """
    figure = figure_named(name)
    numbers = figure.data(runs, curves)
    with figure_style():
        if ax is None:
            page = plt.figure(figsize=figure.size(numbers), layout="constrained")
            page.suptitle(figure.title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
            figure.draw(numbers, page.add_subplot())
        else:
            page = _page_of(ax)
            _draw_beside_others(figure, numbers, page, ax)
    return page


def _page_of(ax: Axes) -> Page:
    if not isinstance(ax.figure, Page):
        raise FigureError("ax: it is on no figure, or on a part of one; use axes of plt.subplots()")
    return ax.figure


def _draw_beside_others(figure: Any, numbers: Any, page: Page, ax: Axes) -> None:
    """Draw, and put a new legend beside the axes drawn last: the edge of the page may belong to other axes."""
    known, others = list(page.legends), [one for one in page.axes if one is not ax]
    figure.draw(numbers, ax)
    drawn = [one for one in page.axes if one not in others]
    for legend in page.legends[len(known) :]:
        legend.remove()
        _place_beside(drawn[-1], legend)


def _place_beside(ax: Axes, legend: Legend) -> None:
    labels = [text.get_text() for text in legend.get_texts()]
    handles = cast(Any, legend.legend_handles)
    ax.legend(handles, labels, title=legend.get_title().get_text(), loc="upper left", bbox_to_anchor=(1.01, 1))
