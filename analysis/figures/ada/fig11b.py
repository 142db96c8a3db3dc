"""FID and Inception score on CIFAR-10, with and without labels (ADA, Fig. 11b)."""

from analysis.figures.shapes.score_table import ScoreTable

FIGURE = ScoreTable("CIFAR-10", columns=("data.labels",), families=("fid", "is"))
