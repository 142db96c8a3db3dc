"""Uncurated images of every data set of a sweep: real, ADA with truncation and without, baseline (ADA, Fig. 12-16)."""

from analysis.figures.shapes.uncurated import UncuratedFigure

FIGURE = UncuratedFigure("Uncurated images")
