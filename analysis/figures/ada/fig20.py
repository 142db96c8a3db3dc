"""FID with consistency regularisation and with augmentation of the data set (ADA, Fig. 20)."""

from analysis.figures.shapes.score_table import ScoreTable

FIGURE = ScoreTable("bCR and augmentation of the data set")
