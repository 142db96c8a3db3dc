"""FID, path length, precision and recall under spectral normalisation (StyleGAN2, Table 4)."""

from analysis.figures.shapes.score_table import ScoreTable

FIGURE = ScoreTable("Spectral normalisation", "median", columns=(), families=("fid", "ppl", "pr"))
