"""FID and KID on small data sets, the best of the runs (ADA, Fig. 11a)."""

from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET, NAME

FIGURE = ScoreTable("Small data sets", "best", rows=(DATASET, NAME), columns=(), families=("fid", "kid"))
