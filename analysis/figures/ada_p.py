"""Augmentation probability p over the length of training, where p adapts (Karras et al. 2020, Fig. 5c)."""

from analysis.builders.curves import CurveFigure
from analysis.builders.keep import adaptive

FIGURE = CurveFigure("Adaptive augmentation: probability p", "p", keep=adaptive)
