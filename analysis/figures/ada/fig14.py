"""Uncurated images of AFHQ cat: real, ADA with truncation and without, baseline (ADA, Fig. 14)."""

from analysis.builders.uncurated import UncuratedFigure

FIGURE = UncuratedFigure("Uncurated images of AFHQ cat", dataset="afhq-cat")
