"""Uncurated images of AFHQ wild: real, ADA with truncation and without, baseline (ADA, Fig. 16)."""

from analysis.builders.uncurated import UncuratedFigure

FIGURE = UncuratedFigure("Uncurated images of AFHQ wild", dataset="afhq-wild")
