"""Score over the length of training, baseline beside DiffAugment (Zhao et al. 2020, Fig. 1 and 4)."""

from analysis.figures.shapes.curves import CurveFigure

FIGURE = CurveFigure("DiffAugment over the length of training")
