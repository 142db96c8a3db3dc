"""Median FID by training set size (ADA, Fig. 7c)."""

from analysis.builders.score_table import ScoreTable
from analysis.facets import DATASET, NAME, SIZE

FIGURE = ScoreTable("FID by training set size", "median", rows=(DATASET, SIZE), columns=(NAME,))
