"""FID and path length of StyleGAN and StyleGAN2 on LSUN (StyleGAN2, Table 3)."""

from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET, NAME

FIGURE = ScoreTable("LSUN", "median", rows=(DATASET,), columns=(NAME,), families=("fid", "ppl"))
