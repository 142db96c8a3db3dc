"""Uncurated images of METFACES: real, ADA with truncation and without, baseline (ADA, Fig. 12)."""

from analysis.figures.shapes.uncurated import UncuratedFigure

FIGURE = UncuratedFigure("Uncurated images of METFACES", dataset="metfaces")
