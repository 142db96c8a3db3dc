"""Logits of real, validation and generated images, largest and smallest training set (ADA, Fig. 1b and 1c)."""

from analysis.builders.keep import extreme_sizes
from analysis.builders.logit_panels import LogitFigure

FIGURE = LogitFigure("Logits, most and fewest images", keep=extreme_sizes)
