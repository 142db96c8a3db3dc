"""Logits of real, validation and generated images, largest and smallest training set (ADA, Fig. 1b and 1c)."""

from analysis.figures.shapes.logit_panels import LogitFigure
from analysis.figures.shapes.run_filters import extreme_sizes

FIGURE = LogitFigure("Logits, most and fewest images", keep=extreme_sizes)
