"""Augmentation probability p over the length of training, where p adapts (Karras et al. 2020, Fig. 5c)."""

from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.run_filters import adaptive

FIGURE = CurveFigure("Adaptive augmentation: probability p", "p", keep=adaptive)
