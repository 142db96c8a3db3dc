"""Render a figure to files: PDF and PNG with embedded provenance, CSV of the plotted numbers, provenance file."""

import gc
import io
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

from matplotlib.figure import Figure as Page
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from analysis.errors import FigureError, explained
from analysis.figures.catalog import figure_named
from analysis.figures.figure import Figure, FigureData
from analysis.figures.provenance import Provenance, numbers_csv, provenance_of, record_provenance
from analysis.figures.recorded_curves import RecordedCurves
from analysis.figures.shapes.curves import CurveData, CurveFigure
from analysis.figures.style import GREY, figure_style
from analysis.results.load import Curves, Runs
from analysis.tables.plan_file import NO_SWEEP
from trainer.files import replace_file

SPREAD = re.compile(r"median over seeds, (?:band|bars) from minimum to maximum")
FORMULA = re.compile(r"\$r_t\$|\\mathdefault")
"""The formulas of figures: r_t, and the powers of ten of logarithmic axes."""
CAPTION_POINTS = 7.0
MARGIN_INCHES = 0.06
NAMED_IN_CAPTION = 3


class Rendered(NamedTuple):
    """A rendered figure: its name, the path of its PNG, and its provenance."""

    name: str
    png: Path
    provenance: Provenance


def render(name: str, runs: Runs, curves: Curves, recorded: RecordedCurves | None = None) -> Rendered:
    """Render the figure `name` and write its files to STORE/figures/<sweep>/.

    Curves of the score are drawn over those in `recorded`.
    """
    with gc_paused():
        return _render(figure_named(name), name, runs, curves, recorded)


class Drawn(NamedTuple):
    """Rendered figures, and the errors of those that failed."""

    figures: list[Rendered]
    problems: list[str]
    bugs: list[Exception]


def render_all(names: Iterable[str], runs: Runs, curves: Curves, recorded: RecordedCurves | None = None) -> Drawn:
    """Render all figures; one that is misspelt, lacks its data or has a bug does not stop the others."""
    drawn = Drawn([], [], [])
    for name in names:
        try:
            drawn.figures.append(render(name, runs, curves, recorded))
        except Exception as error:  # reported with the other problems; a bug is raised again once all others are drawn
            told = explained(error)
            bug = " ".join(f"{name}: internal error: {type(error).__name__}: {error}".split())
            drawn.problems.append(told or bug)
            drawn.bugs.extend([] if told else [error])
    return drawn


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the garbage collector, which would scan the records of all runs while many small objects are created."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _render(figure: Figure, name: str, runs: Runs, curves: Curves, recorded: RecordedCurves | None) -> Rendered:
    numbers, behind = figure.data(runs, curves), ""
    if recorded and isinstance(numbers, CurveData) and isinstance(figure, CurveFigure) and figure.value == "value":
        if not set(recorded.table["cell"]) & set(numbers.cells):
            raise FigureError(f"{name}: none of its cells is among {recorded.origin}; give the CSV of the same cells")
        numbers, behind = numbers._replace(recorded=recorded.table), f"; pale and dashed: {recorded.origin}"
    csv = numbers_csv(numbers.table)
    shown, not_shown = runs.only(numbers.cells), getattr(numbers, "not_shown", ())
    aggregation = f"{_aggregation_of_runs(figure.aggregation, shown)}{behind}"
    origin = provenance_of(name, aggregation, csv, shown, curves, not_shown)
    directory = runs.store.figures(runs.plan.sweep)
    replace_file(directory / f"{name}.csv", csv)
    with figure_style():
        page = compose(figure, numbers, origin)
        for kind in ("pdf", "png"):
            replace_file(directory / f"{name}.{kind}", _encoded(page, kind, origin))
    record_provenance(directory, origin)
    return Rendered(name, directory / f"{name}.png", origin)


def _aggregation_of_runs(aggregation: str, runs: Runs) -> str:
    """Return the aggregation, without "median" and "spread" if every cell has a single seed."""
    is_spread = runs.frame["cell"].duplicated().any()
    return aggregation if is_spread else SPREAD.sub("one seed of each cell", aggregation)


def compose(figure: Figure, numbers: FigureData, origin: Provenance) -> Page:
    """Return the page with title and caption, after layout."""
    page = Page(figsize=figure.size(numbers), layout=ConstrainedLayoutEngine(h_pad=MARGIN_INCHES))
    page.suptitle(figure.title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    caption = _caption(origin, page.get_figwidth())
    page.supxlabel(caption, x=0.01, ha="left", fontsize=CAPTION_POINTS, color=GREY)
    figure.draw(numbers, page.add_subplot())
    _show_dollars(page, numbers)
    page.draw_without_rendering()
    page.set_layout_engine("none")
    return page


def _show_dollars(page: Page, numbers: FigureData) -> None:
    """Show dollars in labels of cells as they are: matplotlib takes what is between two of them for a formula."""
    if "$" not in str(numbers.cells):
        return
    for axes in page.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_ticklabels()  # makes those that only drawing would make
    for text in page.findobj(Text):
        if isinstance(text, Text) and not FORMULA.search(text.get_text()):
            text.set_parse_math(False)


def _caption(origin: Provenance, width_inches: float) -> str:
    """Return sweep, tier, metric identity, aggregation and what is missing, wrapped to the width of the figure."""
    sweep = f"Sweep {origin.sweep} · tier {origin.tier or 'default'} · {origin.metric}"
    lines = [
        *([] if origin.sweep == NO_SWEEP else [sweep]),
        f"{origin.aggregation[0].upper()}{origin.aggregation[1:]}.",
        *(f"{kind}: {_some(names)}." for kind, names in origin.exceptions().items() if names),
        f"Provenance {origin.id}",
    ]
    characters = int(width_inches * 72 / (CAPTION_POINTS * 0.6))
    return "\n".join(part for line in lines for part in wrap(line, characters))


def _some(names: list[str]) -> str:
    shown = "; ".join(names[:NAMED_IN_CAPTION])
    more = len(names) - NAMED_IN_CAPTION
    return f"{shown}; and {more} more (see provenance.json)" if more > 0 else shown


def _encoded(page: Page, kind: str, origin: Provenance) -> bytes:
    """Return the file's content, without dates so that equal numbers give equal bytes."""
    about = json.dumps({"id": origin.id, "sweep": origin.sweep, "figure": origin.figure, "trials": origin.trials()})
    metadata: dict[str, str | None] = {"Title": f"{origin.sweep}: {origin.figure}", "Keywords": f"adasweep {about}"}
    if kind == "pdf":
        metadata |= {"CreationDate": None}
    buffer = io.BytesIO()
    page.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()
