"""Logits of real, validation and generated images with ADA (ADA, Fig. 6b)."""

from analysis.builders.keep import extreme_sizes
from analysis.builders.logit_panels import LogitFigure

FIGURE = LogitFigure("Logits with ADA, most and fewest images", keep=extreme_sizes)
