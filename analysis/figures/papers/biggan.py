"""Figures and tables of BigGAN (Brock et al. 2019)."""

from analysis.figures.figure import Figure
from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.probe_lines import ProbeLines
from analysis.figures.shapes.score_table import ScoreTable

FIGURES: dict[str, Figure] = {
    "biggan_curves": CurveFigure("BigGAN during training: collapse"),  # as Fig. 16 and 26
    "biggan_table": ScoreTable("BigGAN", columns=(), families=("fid", "is")),  # as Table 1
    # As Fig. 17: FID against Inception score along the truncation.
    "biggan_truncation": ProbeLines(
        "Truncation: quality versus variety",
        probe="truncation",
        x="is_mean",
        x_label="Inception score",
        y="fid",
        y_label="FID",
    ),
}
