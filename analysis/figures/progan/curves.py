"""Score over the length of training, a curve per step of progressive growing (ProGAN, Fig. 4)."""

from analysis.figures.shapes.curves import CurveFigure
from analysis.results.facets import DATASET, NAME

FIGURE = CurveFigure("Progressive growing over the length of training", panel=DATASET, series=NAME)
