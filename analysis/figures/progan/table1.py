"""Sliced Wasserstein distance, MS-SSIM and FID for each step of progressive growing (ProGAN, Table 1)."""

from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET, NAME

FIGURE = ScoreTable(
    "Progressive growing", "median", rows=(NAME,), columns=(DATASET,), families=("swd", "msssim", "fid")
)
