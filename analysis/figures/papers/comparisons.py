"""Figures and tables of the papers on progressive growing, DiffAugment and BigGAN."""

from analysis.figures.figure import Figure
from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.probe_lines import ProbeLines
from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET, NAME, SIZE

PROGAN: dict[str, Figure] = {
    "progan_table1": ScoreTable(
        "Progressive growing", "median", rows=(NAME,), columns=(DATASET,), families=("swd", "msssim", "fid")
    ),
    "progan_cifar10": ScoreTable("CIFAR-10 without labels", "median", rows=(NAME,), families=("is", "fid")),
    # As in their Fig. 4, a curve per step of progressive growing.
    "progan_curves": CurveFigure("Progressive growing during training", panel=DATASET, series=NAME),
}
"""Progressive growing (Karras et al. 2018)."""

DIFFAUGMENT: dict[str, Figure] = {
    "diffaugment_table": ScoreTable(
        "DiffAugment", "median", rows=(DATASET, SIZE), columns=(NAME,), families=("fid", "is")
    ),
    "diffaugment_curves": CurveFigure("DiffAugment during training"),  # as Fig. 1 and 4
    # As in Fig. 4: only reals, or only the step of D, are augmented.
    "diffaugment_ablation": ScoreTable("Ablation: what is augmented", "median", families=("fid", "is")),
}
"""DiffAugment (Zhao et al. 2020)."""

BIGGAN: dict[str, Figure] = {
    "biggan_curves": CurveFigure("BigGAN during training: collapse"),  # as Fig. 16 and 26
    "biggan_table": ScoreTable("BigGAN", columns=(), families=("fid", "is")),  # as Table 1
    # As in Fig. 17: FID against Inception score over the truncation.
    "biggan_truncation": ProbeLines(
        "Truncation: quality versus variety",
        probe="truncation",
        x="is_mean",
        x_label="Inception score",
        y="fid",
        y_label="FID",
    ),
}
"""BigGAN (Brock et al. 2019)."""
