"""FID against Inception score along the truncation (BigGAN, Fig. 17)."""

from analysis.figures.shapes.probe_lines import ProbeLines

FIGURE = ProbeLines(
    "Truncation: quality against variety",
    probe="truncation",
    x="is_mean",
    x_label="Inception score",
    y="fid",
    y_label="FID",
)
