"""Scores where only reals, or only D's step, are augmented (Zhao et al. 2020, Fig. 4)."""

from analysis.figures.shapes.score_table import ScoreTable

FIGURE = ScoreTable("What is augmented", "median", families=("fid", "is"))
