"""Uncurated images of AFHQ wild: real, ADA with truncation and without, baseline (ADA, Fig. 16)."""

from analysis.figures.shapes.uncurated import UncuratedFigure

FIGURE = UncuratedFigure("Uncurated images of AFHQ wild", dataset="afhq-wild")
