"""FID and Inception score of BigGAN (BigGAN, Table 1)."""

from analysis.figures.shapes.score_table import ScoreTable

FIGURE = ScoreTable("BigGAN", columns=(), families=("fid", "is"))
