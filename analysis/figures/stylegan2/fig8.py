"""Share of every resolution in the image over the length of training (StyleGAN2, Fig. 8)."""

from analysis.figures.shapes.probe_areas import ProbeAreas

FIGURE = ProbeAreas(
    "What each resolution contributes", probe="trgb", label="resolution", share="share", y_label="share of deviation"
)
