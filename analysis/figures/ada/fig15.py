"""Uncurated images of AFHQ dog: real, ADA with truncation and without, baseline (ADA, Fig. 15)."""

from analysis.figures.shapes.uncurated import UncuratedFigure

FIGURE = UncuratedFigure("Uncurated images of AFHQ dog", dataset="afhq-dog")
