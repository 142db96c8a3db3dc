"""Figures that suit any sweep: what is drawn where a sweep names none. ADA: Karras et al. 2020."""

from analysis.figures.figure import Figure
from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.lines import LineFigure
from analysis.figures.shapes.logit_panels import LogitFigure
from analysis.figures.shapes.run_filters import adaptive
from analysis.figures.shapes.sample_grid import SampleFigure
from analysis.results.facets import DATASET

FIGURES: dict[str, Figure] = {
    "fid_curves": CurveFigure("Quality during training"),  # as ADA, Fig. 1a and 6a
    "fid_by_size": LineFigure("Quality against the number of training images", panel=DATASET),  # as ADA, Fig. 7a and 7b
    "ada_p": CurveFigure("Adaptive augmentation: probability p", "p", keep=adaptive),  # as ADA, Fig. 5c
    "ada_rt": CurveFigure("Overfitting heuristic $r_t$", "r_t"),  # as ADA, Fig. 5d; r_t = E[sign D(x)], Eq. 1
    "logit_histograms": LogitFigure("Logits of the discriminator"),  # as ADA, Fig. 1b, 1c and 6b
    "samples": SampleFigure("Samples near the best snapshot"),  # as ADA, Fig. 10
}
