"""Scores by data set and number of images, baseline beside DiffAugment (Zhao et al. 2020, their tables)."""

from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET, NAME, SIZE

FIGURE = ScoreTable("DiffAugment", "median", rows=(DATASET, SIZE), columns=(NAME,), families=("fid", "is"))
