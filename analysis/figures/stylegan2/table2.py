"""FID and path length by the architectures of G and D (StyleGAN2, Table 2)."""

from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET

ROWS = (DATASET, "generator.architecture")
COLUMNS = ("discriminator.architecture",)
FIGURE = ScoreTable("Architectures: G in rows, D in columns", "median", ROWS, COLUMNS, ("fid", "ppl"))
