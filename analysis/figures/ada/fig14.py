"""Uncurated images of AFHQ cat: real, ADA with truncation and without, baseline (ADA, Fig. 14)."""

from analysis.figures.shapes.uncurated import UncuratedFigure

FIGURE = UncuratedFigure("Uncurated images of AFHQ cat", dataset="afhq-cat")
