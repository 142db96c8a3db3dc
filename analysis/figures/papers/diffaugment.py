"""Figures and tables of DiffAugment (Zhao et al. 2020)."""

from analysis.figures.figure import Figure
from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET, NAME, SIZE

FIGURES: dict[str, Figure] = {
    "diffaugment_table": ScoreTable(
        "DiffAugment", "median", rows=(DATASET, SIZE), columns=(NAME,), families=("fid", "is")
    ),
    "diffaugment_curves": CurveFigure("DiffAugment during training"),  # as Fig. 1 and 4
    # As Fig. 4: only reals, or only the step of D, are augmented.
    "diffaugment_ablation": ScoreTable("Ablation: what is augmented", "median", families=("fid", "is")),
}
