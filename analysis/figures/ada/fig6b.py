"""Logits of real, validation and generated images with ADA (ADA, Fig. 6b)."""

from analysis.figures.shapes.logit_panels import LogitFigure
from analysis.figures.shapes.run_filters import extreme_sizes

FIGURE = LogitFigure("Logits with ADA, most and fewest images", keep=extreme_sizes)
