"""FID of comparison methods by training set size (ADA, Fig. 8a)."""

from analysis.figures.shapes.score_table import ScoreTable

FIGURE = ScoreTable("Comparison methods")
