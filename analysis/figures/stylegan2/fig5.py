"""Histogram of the path length of single images (StyleGAN2, Fig. 5)."""

from analysis.figures.shapes.probe_histograms import ProbeHistograms

FIGURE = ProbeHistograms(
    "Path length of single images", probe="image-ppl", values=("path_length",), x_label="path length", log_x=True
)
