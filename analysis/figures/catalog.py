"""All figures by name: general ones that suit any sweep, and those of each paper in `papers`."""

import difflib

from analysis.errors import FigureError
from analysis.figures.figure import Figure
from analysis.figures.papers import ada, comparisons, stylegan2
from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.lines import LineFigure
from analysis.figures.shapes.logit_panels import LogitFigure
from analysis.figures.shapes.run_filters import adaptive
from analysis.figures.shapes.sample_grid import SampleFigure
from analysis.results.facets import DATASET

GENERAL: dict[str, Figure] = {
    "fid_curves": CurveFigure("Quality during training"),  # as ADA, Fig. 1a and 6a
    "fid_by_size": LineFigure("Quality against the number of training images", panel=DATASET),  # as ADA, Fig. 7a and 7b
    "ada_p": CurveFigure("Adaptive augmentation: probability p", "p", keep=adaptive),  # as ADA, Fig. 5c
    "ada_rt": CurveFigure("Overfitting heuristic $r_t$", "r_t"),  # as ADA, Fig. 5d; r_t = E[sign D(x)], Eq. 1
    "logit_histograms": LogitFigure("Logits of the discriminator"),  # as ADA, Fig. 1b, 1c and 6b
    "samples": SampleFigure("Samples near the best snapshot"),  # as ADA, Fig. 10
}
"""The figures drawn for a sweep that names none. ADA: Karras et al. 2020."""

WITHOUT_RUNS = ada.WITHOUT_RUNS
"""Figures that need no run."""

FIGURES: dict[str, Figure] = {
    **GENERAL,
    **ada.FIGURES,
    **stylegan2.FIGURES,
    **comparisons.PROGAN,
    **comparisons.DIFFAUGMENT,
    **comparisons.BIGGAN,
}


def figure_named(name: str) -> Figure:
    """Return the figure `name`. Raises FigureError, naming the nearest or all figures."""
    known = FIGURES | WITHOUT_RUNS
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        way_out = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise FigureError(f"figure {name}: no such figure; {way_out}")
    return known[name]
