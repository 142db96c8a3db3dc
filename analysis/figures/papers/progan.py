"""Figures and tables of progressive growing (Karras et al. 2018)."""

from analysis.figures.figure import Figure
from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET, NAME

FIGURES: dict[str, Figure] = {
    "progan_table1": ScoreTable(
        "Progressive growing", "median", rows=(NAME,), columns=(DATASET,), families=("swd", "msssim", "fid")
    ),
    # As their Fig. 4, a curve per step of progressive growing.
    "progan_curves": CurveFigure("Progressive growing during training", panel=DATASET, series=NAME),
}
