"""Uncurated images of BreCaHAD: real, ADA with truncation and without, baseline (ADA, Fig. 13)."""

from analysis.builders.uncurated import UncuratedFigure

FIGURE = UncuratedFigure("Uncurated images of BreCaHAD", dataset="brecahad")
