"""FID, path length, precision and recall from StyleGAN to StyleGAN2 (StyleGAN2, Table 1)."""

from analysis.figures.shapes.score_table import ScoreTable

FIGURE = ScoreTable("From StyleGAN to StyleGAN2", "median", columns=(), families=("fid", "ppl", "pr"))
