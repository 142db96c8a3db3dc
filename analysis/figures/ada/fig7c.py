"""Median FID by training set size (ADA, Fig. 7c)."""

from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET, NAME, SIZE

FIGURE = ScoreTable("FID by training set size", "median", rows=(DATASET, SIZE), columns=(NAME,))
