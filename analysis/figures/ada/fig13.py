"""Uncurated images of BreCaHAD: real, ADA with truncation and without, baseline (ADA, Fig. 13)."""

from analysis.figures.shapes.uncurated import UncuratedFigure

FIGURE = UncuratedFigure("Uncurated images of BreCaHAD", dataset="brecahad")
