"""Distance left after projecting generated and real images (StyleGAN2, Fig. 10)."""

from analysis.figures.shapes.probe_histograms import ProbeHistograms

FIGURE = ProbeHistograms(
    "Distance left after projection",
    probe="projection",
    values=("generated", "real"),
    x_label="perceptual distance",
)
